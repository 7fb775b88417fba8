"""A document that is plainly in another language than it is said to be is told of, by the run and its report."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from small_corpus import CONFIG, bitext, make_texts


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """English and German documents of which the config says that they are English and Japanese; one is English."""
    folder = tmp_path_factory.mktemp("languages")
    for number, is_translated in enumerate((True, False)):
        english, german = make_texts(9, seed=number)
        for language, text in (("en", english), ("ja", german if is_translated else english)):
            (folder / language).mkdir(exist_ok=True)
            (folder / language / f"{number}.txt").write_text(text, encoding="utf-8")
    (folder / "run.toml").write_text(CONFIG.replace("en-de", "en-ja"), encoding="utf-8")
    return folder


def test_a_run_and_its_report_say_which_documents_are_in_another_language(folder: Path, tmp_path: Path) -> None:
    run = ("run", folder / "run.toml", "--store", tmp_path / "store", "--out", tmp_path / "out")
    notes = [
        "pair 0.en-ja: the target is in 'de', not in 'ja' as it is said to be",
        "pair 1.en-ja: the target is in 'en', not in 'ja' as it is said to be",
    ]
    told = bitext(*run).stderr
    assert [line for line in told.splitlines() if "said to be" in line] == notes
    assert all(note in (tmp_path / "out" / "report.md").read_text(encoding="utf-8") for note in notes)
    counts = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    assert json.dumps(counts).count("target_seems_in") >= 2


def test_a_run_says_nothing_of_documents_in_their_languages(folder: Path, tmp_path: Path) -> None:
    config = CONFIG.replace('"{language}/*.txt"', f'"{folder}/{{language}}/0.txt"')
    for language, text in zip(("en", "de"), make_texts(9, seed=0), strict=True):
        (folder / language).mkdir(exist_ok=True)
        (folder / language / "0.txt").write_text(text, encoding="utf-8")
    (tmp_path / "run.toml").write_text(config, encoding="utf-8")
    told = bitext("run", tmp_path / "run.toml", "--store", tmp_path / "store", "--out", tmp_path / "out").stderr
    assert "said to be" not in told
