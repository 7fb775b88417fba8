"""What the tests of formats share: read one file as a run reads it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipeline.config.corpus_config import CorpusConfig
from pipeline.corpus.formats.document import DocumentText
from pipeline.corpus.readers import Read, Source, read_documents, read_here
from stages.text import HEADING_MARKS, UNIT_MARK

SIDES = {"source": "a", "target": "b", "source_language": "en", "target_language": "de"}


def read(path: Path, row: str | None = None, **corpus: Any) -> Read:
    """Return what a file holds, or why it can't be had."""
    config = CorpusConfig(**SIDES, **corpus)
    source = Source(path, row, path.name)
    if row is None:
        return read_here(source, config)  # without a process for each
    ((_, found),) = read_documents([source], config)
    return found


def paragraphs(path: Path, row: str | None = None, **corpus: Any) -> list[str]:
    """Return the paragraphs of a file that can be read."""
    found = read(path, row, **corpus)
    assert isinstance(found, DocumentText), found
    return [line.lstrip(HEADING_MARKS + UNIT_MARK) for line in found.text.removesuffix("\n\n").split("\n\n")]


def headings(path: Path) -> list[tuple[int, str]]:
    """Return the headings of a file with their levels."""
    found = read(path)
    assert isinstance(found, DocumentText), found
    lines = [line for line in found.text.split("\n") if line and line[0] in HEADING_MARKS]
    return [(HEADING_MARKS.index(line[0]) + 1, line[1:]) for line in lines]


def problem(path: Path, row: str | None = None, **corpus: Any) -> str:
    """Return why a file can't be read."""
    found = read(path, row, **corpus)
    assert isinstance(found, Exception), found
    return str(found)
