"""One document in many files: a book in chapters against a whole book."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from in_memory import read_all

from pipeline.config.run_config import RunConfig, make_config
from pipeline.corpus.readers import split_parts
from pipeline.corpus.sources import PairSource, find_pairs, input_files
from pipeline.errors import ConfigError
from pipeline.manifest import Manifest
from stages.text import HEADING_MARKS

SIDES = {"source_language": "en", "target_language": "de"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for language in ("en", "de"):
        (tmp_path / language).mkdir()
        for number in (1, 2, 10):
            (tmp_path / language / f"chapter {number}.txt").write_text(f"Text {number}, {language}.\n")
    (tmp_path / "book.de.txt").write_text("Text 1. Text 2. Text 10.\n")
    return tmp_path


def config_of(folder: Path, **corpus: str) -> RunConfig:
    values = {"name": "x", "corpus": {**corpus, **SIDES}, "encode": {"encoder": "use-multilingual"}}
    return make_config(values, "x.toml", folder)


def pairs_of(folder: Path, **corpus: str) -> list[PairSource]:
    return list(find_pairs(config_of(folder, **corpus)).pairs)


def manifest_of(folder: Path, **corpus: Any) -> tuple[Manifest, list[str]]:
    """Return what a corpus is read as, and its texts."""
    values = {"name": "x", "corpus": corpus, "encode": {"encoder": "use-multilingual"}}
    manifest, kept = read_all(make_config(values, "x.toml", folder))
    return manifest, list(kept.texts.values())


def marked(language: str) -> str:
    return "".join(f"{HEADING_MARKS[0]}chapter {number}.txt\n\nText {number}, {language}.\n\n" for number in (1, 2, 10))


def test_chapters_are_joined_in_natural_order_and_marked_by_their_names(folder: Path) -> None:
    manifest, texts = manifest_of(folder, source="en/chapter {part}.txt", target="book.de.txt", **SIDES)
    assert texts == [marked("en"), "Text 1. Text 2. Text 10.\n"]
    (pair,) = pairs_of(folder, source="en/chapter {part}.txt", target="book.de.txt")
    assert (pair.pair_id, pair.source.name) == ("en-book.de", "en/chapter 1.txt … chapter 10.txt")
    assert manifest.notes == (
        "en/chapter 1.txt … chapter 10.txt: it is joined from 3 files, each marked by its name as a heading: "
        "chapter 1.txt, chapter 2.txt, chapter 10.txt",
    )


def test_a_pattern_with_languages_and_a_manifest_join_files_too(folder: Path) -> None:
    _, texts = manifest_of(folder, documents="{language}/{part}.txt", pairs=["en-de"])
    assert texts == [marked("en"), marked("de")]
    (folder / "pairs.tsv").write_text("pair_id\tsource_path\ttarget_path\nx\ten/{part}.txt\tde/chapter {part}.txt\n")
    _, texts = manifest_of(folder, manifest="pairs.tsv", **SIDES)
    assert texts == [marked("en"), marked("de")]


def test_the_other_stars_keep_documents_apart(folder: Path) -> None:
    (folder / "en" / "scene 1.txt").write_text("A scene.\n")
    (folder / "de" / "scene 1.txt").write_text("Eine Szene.\n")
    pairs = pairs_of(folder, source="en/* {part}.txt", target="de/* {part}.txt")
    assert [pair.pair_id for pair in pairs] == ["chapter", "scene"]
    assert [len(split_parts(pair.source)) for pair in pairs] == [3, 1]
    assert len(list(input_files(config_of(folder, source="en/* {part}.txt", target="de/* {part}.txt")))) == 8


def test_lines_that_are_sentences_stay_lines(folder: Path) -> None:
    _, texts = manifest_of(folder, source="en/{part}.txt", target="de/{part}.txt", is_split=True, **SIDES)
    assert texts[0] == "Text 1, en.\nText 2, en.\nText 10, en.\n"


def test_a_part_that_can_not_be_read_fails_the_document_by_name(folder: Path) -> None:
    (folder / "en" / "chapter 2.txt").write_bytes(b"\x00\x01")
    manifest, _ = manifest_of(folder, source="en/{part}.txt", target="book.de.txt", **SIDES)
    assert "can't be read: its part chapter 2.txt is not text: character 0 is NUL" in manifest.failures[0].reason


def test_rows_are_not_joined_and_a_pattern_without_files_says_so(folder: Path) -> None:
    (folder / "en" / "1.jsonl").write_text('{"id": 1, "text": "x"}\n')
    with pytest.raises(ConfigError, match=r"en/1.jsonl holds a document in each row; \{part\} joins files that are"):
        manifest_of(folder, source="en/{part}.jsonl", target="book.de.txt", **SIDES)
    with pytest.raises(ConfigError, match=r"no file matches en/\{part\}.md"):
        manifest_of(folder, source="en/{part}.md", target="book.de.txt", **SIDES)
