"""One document in many files: a book in chapters against a whole book."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from in_memory import read_all
from small_corpus import run_inline

from pipeline.config.run_config import RunConfig, make_config
from pipeline.corpus import readers
from pipeline.corpus.build import _origin_of
from pipeline.corpus.formats.document import DocumentText
from pipeline.corpus.found import PairSource
from pipeline.corpus.readers import split_parts
from pipeline.corpus.sources import find_pairs, input_files
from pipeline.errors import ConfigError
from pipeline.manifest import Manifest, unpack_parts
from pipeline.progress import Progress
from stages.data import DocumentPart, Sentence
from stages.export.units import _file_of
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


def test_exports_tell_the_file_of_each_bead_and_nothing_is_read_twice(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "en" / "chapter 1.txt").write_text("The lamp is lit.\n")
    (folder / "en" / "chapter 2.txt").write_text("He left.\n")
    (folder / "book.de.txt").write_text("Die Lampe brennt.\nEr ging.\n")
    (folder / "en" / "chapter 10.txt").write_text("Nobody saw the ship.\n")
    for path in folder.rglob("*.txt"):
        os.utime(path, (1_700_000_000, 1_700_000_000))  # just written, it wouldn't be trusted to stay as it is
    (folder / "x.toml").write_text(
        '[corpus]\nsource = "en/{part}.txt"\ntarget = "book.de.txt"\nsource_language = "en"\ntarget_language = "de"\n'
        '[encode]\nencoder = "use-multilingual"\n[export]\nformats = ["tsv", "jsonl", "parquet", "sqlite"]\n'
        "keep_nulls = true\n"
    )
    options = (folder / "x.toml", folder / "store", folder / "out", Progress())
    run_inline(*options)
    rows = list(map(json.loads, (folder / "out" / "bitext.jsonl").read_text().splitlines()))
    found = {(row["source"], row["source_file"], row["target_file"]) for row in rows if row["source"]}
    assert found == {
        *((f"chapter {number}.txt", f"chapter {number}.txt", "") for number in (1, 2, 10)),
        ("The lamp is lit.", "chapter 1.txt", ""),
        ("He left.", "chapter 2.txt", ""),
        ("Nobody saw the ship.", "chapter 10.txt", ""),
    }
    header, first, *_ = (line.split("\t") for line in (folder / "out" / "bitext.tsv").read_text().splitlines())
    assert dict(zip(header, first, strict=True))["source_file"] == "chapter 1.txt"
    assert pq.read_table(folder / "out" / "bitext.parquet")["source_file"].to_pylist() == [
        row["source_file"] for row in rows
    ]
    (folder / "book.de.txt").rename(folder / "book.de2.txt")
    (folder / "x.toml").write_text((folder / "x.toml").read_text().replace("book.de.txt", "book.de2.txt"))
    read: list[str] = []
    monkeypatch.setattr(
        readers, "_read_file", lambda source, corpus: read.append(source.path.name) or DocumentText("x")
    )
    monkeypatch.setattr(readers, "_is_harmless", lambda source, corpus: True)
    run_inline(*options)
    assert read == ["book.de2.txt"]


def test_a_bead_over_two_files_names_both() -> None:
    parts = [DocumentPart(0, "1.txt"), DocumentPart(10, "2.txt"), DocumentPart(20, "3.txt")]
    sentences = [Sentence(0, start, start + 4, "One.") for start in (1, 8, 10, 25)]
    assert _file_of(sentences[:2], parts) == "1.txt"
    assert _file_of(sentences[1:3], parts) == "1.txt … 2.txt"
    assert _file_of(sentences[3:], parts) == "3.txt"
    assert _file_of([], parts) == _file_of(sentences, []) == ""


def test_files_of_a_document_in_several_folders_are_told_apart(folder: Path) -> None:
    for language in ("en", "de"):
        for number in (1, 2, 10):
            (folder / language / str(number)).mkdir()
            (folder / language / f"chapter {number}.txt").rename(folder / language / str(number) / "text.txt")
    kept = read_all(config_of(folder, source="en/{part}/text.txt", target="de/{part}/text.txt"))[1]
    parts = unpack_parts(kept.pairs[0].source.parts)
    assert [part.name for part in parts] == ["1/text.txt", "2/text.txt", "10/text.txt"]
    text = kept.texts[kept.pairs[0].source.id]
    assert [text[part.start + 1 :].split("\n")[0] for part in parts] == ["text.txt"] * 3


def test_a_change_of_any_file_changes_the_state_of_the_document(folder: Path) -> None:
    (pair,) = pairs_of(folder, source="en/{part}.txt", target="book.de.txt")
    for path in folder.rglob("*.txt"):
        os.utime(path, (1_700_000_000, 1_700_000_000))
    before = _origin_of(*pair.source_side)
    assert before == _origin_of(*pair.source_side)
    assert before.size == sum(path.stat().st_size for path in (folder / "en").iterdir())
    os.utime(folder / "en" / "chapter 2.txt", (1_700_000_001, 1_700_000_001))
    assert _origin_of(*pair.source_side) != before
    os.utime(folder / "en" / "chapter 2.txt")
    assert _origin_of(*pair.source_side).size == -1
