"""The demo corpus is what its README says: a story in three languages, and gold that fits how it is split."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from small_corpus import bitext

from pipeline.config.run_config import load_config
from pipeline.evaluate.evaluation import read_gold
from stages.bead_lines import BeadPositions
from stages.split import split_document

CONFIGS = Path(__file__).parents[1] / "configs"
DEMO = CONFIGS / "demo"
LANGUAGES = ("en", "de", "zh")
PAIRS = (("en", "de"), ("en", "zh"))
HEADINGS = {
    "en": ("The Lighthouse", "Chapter One", "Chapter Two", "Chapter Three"),
    "de": ("Der Leuchtturm", "Erstes Kapitel", "Zweites Kapitel", "Drittes Kapitel"),
    "zh": ("霍林的灯塔", "第一章", "第二章", "第三章"),
}


def sentences_of(language: str) -> list[str]:
    config = load_config(CONFIGS / "demo.toml")
    text = (DEMO / language / "lighthouse.txt").read_text(encoding="utf-8")
    return [sentence.text for sentence in split_document(text, language, config.split).sentences]


def gold_of(source: str, target: str) -> list[BeadPositions]:
    path = DEMO / "gold" / f"lighthouse.{source}-{target}.gold.txt"
    return read_gold(path, len(sentences_of(source)), len(sentences_of(target)))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_demo_document_has_60_to_100_sentences(language: str) -> None:
    assert 60 <= len(sentences_of(language)) <= 100


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_demo_gold_holds_every_position_of_both_sides_once_and_in_order(source: str, target: str) -> None:
    gold = gold_of(source, target)
    assert [i for link in gold for i in link.source] == list(range(len(sentences_of(source))))
    assert [j for link in gold for j in link.target] == list(range(len(sentences_of(target))))


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_the_demo_has_merged_split_left_out_and_added_sentences(source: str, target: str) -> None:
    types = Counter((len(link.source), len(link.target)) for link in gold_of(source, target))
    assert {(1, 1), (2, 1), (1, 2), (1, 0), (0, 1)} <= set(types)
    assert types[1, 1] > types.total() / 2


def test_the_two_translations_of_the_demo_differ_in_what_they_merge_and_split() -> None:
    merged_or_split = [
        {link.source for link in gold_of(source, target) if len(link.source) + len(link.target) > 2}
        for source, target in PAIRS
    ]
    assert merged_or_split[0] - merged_or_split[1]
    assert merged_or_split[1] - merged_or_split[0]


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_demo_gold_pairs_each_heading_with_its_translation(source: str, target: str) -> None:
    """Positions that a change of the text has shifted would show here."""
    sides = sentences_of(source), sentences_of(target)
    texts = [(sides[0][link.source[0]], sides[1][link.target[0]]) for link in gold_of(source, target) if all(link[:2])]
    for heading, translation in zip(HEADINGS[source], HEADINGS[target], strict=True):
        found = [text for text in texts if text[0].startswith(heading) and len(text[0]) < 45]
        assert [text[1].startswith(translation) for text in found] == [True]


def test_the_demo_config_has_gold_for_each_of_its_pairs() -> None:
    corpus = load_config(CONFIGS / "demo.toml").corpus
    assert corpus.gold == "demo/gold"
    names = {path.name for path in (CONFIGS / corpus.gold).iterdir()}
    assert names == {f"lighthouse.{pair}.gold.txt" for pair in corpus.pairs}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a run of the demo keeps: every stage, through the command line, with nothing but this folder."""
    folder = tmp_path_factory.mktemp("demo")
    bitext("run", "--config", CONFIGS / "demo.toml", "--store", folder / "store", "--out", folder / "out")
    assert all((folder / "out" / f"bitext.{pair}.tsv").stat().st_size > 5_000 for pair in ("en-de", "en-zh"))
    return folder / "store"


@pytest.mark.parametrize("pair", ["en-de", "en-zh"])
def test_the_demo_is_aligned_as_people_did(store: Path, pair: str) -> None:
    """Every stage on real text and its gold, which every user has: strict F1 was .966 and .918."""
    told = json.loads(bitext("eval", "--config", CONFIGS / "demo.toml", "--store", store, "--json").output)
    found = told["documents"][f"lighthouse.{pair}"]
    assert found["strict"]["f1"] > 0.9
    assert found["lax"]["f1"] > 0.98
    assert found["counts"]["gold"] == 72
