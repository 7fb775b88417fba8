"""`bitext init` writes a config that runs for what is there, and asks nothing."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from small_corpus import bitext

from pipeline.config.run_config import RunConfig, load_config
from pipeline.corpus.by_name import name_pair
from pipeline.corpus.sources import find_pairs

TEXTS = Path(__file__).parents[1] / "configs" / "demo"
WORDS = {
    "en": "The lighthouse stood far from the sea, and nobody in the village remembered who had built it.",
    "de": "Der Leuchtturm stand weit vom Meer entfernt, und niemand im Dorf wusste noch, wer ihn gebaut hatte.",
}


def write_texts(folder: Path, names: dict[str, str]) -> None:
    """Write texts by their paths; what they say is named by their language."""
    for name, language in names.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(WORDS[language])


def made(folder: Path, *arguments: str) -> RunConfig:
    """Return the config that is written by default."""
    result = bitext("init", *arguments)
    assert result.exit_code == 0, result.stderr
    (path,) = folder.glob("*.toml")
    assert result.stdout.splitlines()[-1] == f"Next: bitext run {path.name}"
    return load_config(path)


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_two_files_become_a_config_that_runs(tmp_path: Path) -> None:
    for language in ("en", "de"):
        shutil.copy(TEXTS / language / "lighthouse.txt", tmp_path / f"story.{language}.txt")
    config = made(tmp_path, "story.en.txt", "story.de.txt")
    assert (config.name, config.encode.encoder) == ("story.en-de", "auto")
    assert (config.corpus.source_language, config.corpus.target_language) == ("en", "de")
    result = bitext("run", "story.en-de.toml", "--store", "store")
    assert result.exit_code == 0, result.stderr
    assert "story.en-de: 1 of 1 pair aligned" in result.stdout


@pytest.mark.parametrize(
    ("names", "arguments", "pair_ids"),
    [
        ({"a/en/x.txt": "en", "a/de/x.txt": "de"}, ["a"], ["x.en-de"]),
        (dict.fromkeys(["a/x.en.txt", "a/y.en.txt"], "en") | dict.fromkeys(["a/x.de.txt", "a/y.de.txt"], "de"), ["a"],
         ["x.en-de", "y.en-de"]),
        ({"a/x_de.md": "de", "a/x_en.md": "en", "a/readme.txt": "en"}, ["a"], ["x.en-de"]),
        ({"e/1 Pride.txt": "en", "d/1 Stolz.txt": "de"}, ["e", "d"], ["1 Pride"]),
        ({"de/x.txt": "de", "en/x.txt": "en", "en/y.txt": "en"}, ["de", "en"], ["x"]),
    ],
)  # fmt: skip
def test_a_folder_tells_its_languages(
    names: dict[str, str], arguments: list[str], pair_ids: list[str], tmp_path: Path
) -> None:
    write_texts(tmp_path, names)
    config = made(tmp_path, *arguments)
    assert [pair.pair_id for pair in find_pairs(config).pairs] == pair_ids
    assert config.corpus.allow_unmatched == ("en/y.txt" in names)


def test_names_that_tell_nothing_are_paired_by_what_they_say(tmp_path: Path) -> None:
    write_texts(tmp_path, {"en/alpha.txt": "en", "en/omega.txt": "en", "de/eins.txt": "de", "de/zwei.txt": "de"})
    assert made(tmp_path, "en", "de").corpus.pairing == "content"


def test_a_config_may_lie_elsewhere_and_is_never_written_over(tmp_path: Path) -> None:
    write_texts(tmp_path, {"a/en/x.txt": "en", "a/de/x.txt": "de"})
    assert bitext("init", "a", "-o", "configs/a.toml").exit_code == 0
    assert len(find_pairs(load_config(tmp_path / "configs" / "a.toml")).pairs) == 1
    before = (tmp_path / "configs" / "a.toml").read_text()
    refused = bitext("init", "a", "-o", "configs/a.toml")
    assert refused.exit_code == 2
    assert "configs/a.toml is there already, and stays as it is" in refused.stderr
    assert (tmp_path / "configs" / "a.toml").read_text() == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["gone"], "gone: there is no such file or folder"),
        (["a.txt"], "a.txt is a file; name its translation, too"),
        (["a.txt", "a.txt"], "are the same"),
        (["a.txt", "folder"], "name two folders, or two files"),
        (["folder"], "put each language into a folder of its own"),
        (["a.txt", "b.txt"], "its language can't be told"),
        (["folder/x.txt", "folder/x.txt", "a.txt"], "Name two files"),
    ],
)
def test_what_tells_too_little_is_said(arguments: list[str], said: str, tmp_path: Path) -> None:
    write_texts(tmp_path, {"a.txt": "en", "folder/x.txt": "en"})
    (tmp_path / "b.txt").write_text("1234")
    result = bitext("init", *arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert not list(tmp_path.glob("*.toml"))


def test_a_pair_is_named_after_its_documents() -> None:
    assert name_pair("lighthouse", "lighthouse") == "lighthouse"
    assert name_pair("book.en", "book.de") == "book.en-de"
    assert name_pair("alice", "anna.v2") == "alice-anna.v2"
