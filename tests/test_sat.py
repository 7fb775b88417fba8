"""SaT, the neural splitter: wtpsplit's own loading code on a model that has learnt to end sentences at a semicolon."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from tiny_sat import save_tiny_sat

from pipeline.cloud.weights import resolve_encoder
from pipeline.config.run_config import make_config, sentences_address
from pipeline.errors import ConfigError
from stages.split import split_document
from stages.split.config import SplitConfig
from stages.split.sat import _load

TEXT = "the dog sat; a bird\nflew. it sang; no end\n\nnext; done"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_sat(tmp_path_factory.mktemp("sat") / "tiny")


@pytest.fixture(autouse=True)
def fresh() -> None:
    _load.cache_clear()


def test_sentences_end_where_the_model_says(model: Path) -> None:
    result = split_document(TEXT, "und", SplitConfig(paragraphs="blank-line", splitter="sat", sat_model=str(model)))
    assert [sentence.text for sentence in result.sentences] == [
        "the dog sat;", "a bird\nflew. it sang;", "no end", "next;", "done",
    ]  # fmt: skip
    assert all(TEXT[sentence.start : sentence.stop] == sentence.text for sentence in result.sentences)
    assert result.facts["splitter"] == "sat"


def test_the_same_text_is_split_the_same_way_again(model: Path) -> None:
    config = SplitConfig(splitter="sat", sat_model=str(model))
    text = "; ".join(["the dog sat", "a bird flew"] * 400)  # more than a block of the model
    first = split_document(text, "und", config)
    _load.cache_clear()
    assert split_document(text, "und", config) == first
    assert len(first.sentences) == 800


def test_a_model_that_is_nowhere_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(RuntimeError, match="the SaT model nowhere can't be loaded"):
        split_document("a b", "en", SplitConfig(splitter="sat", sat_model="nowhere"))


def test_a_missing_package_is_named_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "wtpsplit", None)
    with pytest.raises(RuntimeError, match=r"needs wtpsplit .*pip install '\.\[sat\]'"):
        split_document("a b", "en", SplitConfig(splitter="sat"))


def test_sentences_of_another_model_lie_elsewhere(model: Path, tmp_path: Path) -> None:
    def address(**split: str) -> str:
        corpus = {"documents": "{language}.txt", "pairs": ["en-de"]}
        return sentences_address(make_config({"name": "x", "corpus": corpus, "split": split}, "x", model.parent))

    assert address() == address(sat_model="unused")
    assert len({address(), address(splitter="sat"), address(splitter="sat", sat_model="tiny")}) == 3
    assert address(splitter="sat", sat_model="tiny") == address(splitter="sat", sat_model=str(model))


def test_rented_machines_refuse_it_before_anything_is_paid_for() -> None:
    corpus = {"documents": "{language}.txt", "pairs": ["en-de"]}
    config = make_config({"name": "x", "corpus": corpus, "split": {"splitter": "sat"}}, "x", Path())
    with pytest.raises(ConfigError, match="works on your own machine only"):
        resolve_encoder(config)
