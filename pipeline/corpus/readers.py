"""Read documents: files of any format, and rows of files of rows."""

from __future__ import annotations

import re
import reprlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pipeline.config.run_config import CorpusConfig
from pipeline.corpus.formats.archives import MAX_DOCUMENT_BYTES
from pipeline.corpus.formats.document import DocumentText, Options
from pipeline.corpus.formats.files import read_file
from pipeline.corpus.formats.names import format_of, has_rows
from pipeline.corpus.formats.rows import read_rows
from pipeline.corpus.text import normalise
from pipeline.errors import ConfigError, DocumentError

SURROGATE = re.compile("[\ud800-\udfff]")
"""What JSON can smuggle into a text: half a character, which no file name and no report can hold."""


class Source(NamedTuple):
    """Where a document lies: a file, or a row of one."""

    path: Path
    row: str | None
    """The id of the row; of a TMX file, the language."""
    name: str
    """As the config would write it: for people."""
    encoding: str | None = None
    """What it is written in, where it isn't UTF-8 and the config or the manifest says so."""


Read = DocumentText | DocumentError
"""A text, or the reason why it can't be had."""

SourceText = tuple[Source, Read]


class BadRow(NamedTuple):
    """A row that can't be read: where it stands, and why."""

    name: str
    reason: str


def read_documents(sources: Sequence[Source], corpus: CorpusConfig) -> Iterator[SourceText]:
    """Read each source once and give its text, or why it can't be had; files of many rows are read in one pass."""
    rows: dict[Path, dict[str, Source]] = defaultdict(dict)
    for source in sources:
        if source.row is not None and has_rows(source.path, corpus.format):
            rows[source.path][source.row] = source
        else:
            yield source, _read_file(source, corpus)
    for path, wanted in rows.items():
        yield from _read_rows(path, wanted, corpus)


def row_ids(path: Path, name: str, corpus: CorpusConfig) -> Iterator[str | BadRow]:
    """Give the name of the document in each row of a file; raises ConfigError where it isn't such a file at all."""
    for line, row in read_rows(path, name, [corpus.id_column]):
        found = row.get(corpus.id_column) if isinstance(row, dict) else None
        if (
            isinstance(found, str | int)
            and not isinstance(found, bool)
            and str(found)
            and not SURROGATE.search(str(found))
        ):
            yield str(found)
        else:
            reason = row if isinstance(row, str) else _bad_cell(row, "id_column", corpus.id_column, "text or a number")
            yield BadRow(f"{name} line {line}", f"{name} line {line}: {reason}")


def _bad_cell(row: dict[str, Any], key: str, column: str, expected: str) -> str:
    if column not in row:
        has = ", ".join(map(str, row)) or "none"
        return f"there is no column {column!r}; it has {has}. Name the right one in [corpus] {key}"
    return f"column {column!r} is {reprlib.repr(row[column])}; it must be {expected}"


def _read_file(source: Source, corpus: CorpusConfig) -> Read:
    format_name = format_of(source.path, corpus.format)
    options = Options(source.encoding or corpus.encoding, corpus.min_encoding_confidence, source.row or "")
    try:
        n_bytes = source.path.stat().st_size
        if n_bytes > MAX_DOCUMENT_BYTES:
            return DocumentError(f"{source.name} has {n_bytes:,} bytes, more than {MAX_DOCUMENT_BYTES:,}: split it")
        return read_file(source.path.read_bytes(), source.path.name, format_name, options, corpus.is_split)
    except FileNotFoundError:
        return DocumentError(f"{source.name} can't be read: there is no file {source.path}")
    except (OSError, ValueError) as error:  # ValueError: a name with a NUL in it
        return DocumentError(f"{source.name} can't be read: {getattr(error, 'strerror', error)}")
    except DocumentError as error:
        failure = DocumentError(f"{source.name} {error}")
        failure.__cause__ = error.__cause__
        return failure


def _read_rows(path: Path, wanted: dict[str, Source], corpus: CorpusConfig) -> Iterator[SourceText]:
    name = next(iter(wanted.values())).name.partition("#")[0]
    found: set[str] = set()
    unreadable: list[str] = []
    try:
        for line, row in read_rows(path, name, [corpus.id_column, corpus.text_column]):
            if isinstance(row, str):
                unreadable.append(f"line {line}: {row}")
                continue
            row_id = str(row.get(corpus.id_column))
            if row_id in wanted:
                yield wanted[row_id], _text_of_row(wanted[row_id], row, corpus, is_second=row_id in found)
                found.add(row_id)
    except ConfigError as error:
        yield from ((source, DocumentError(str(error))) for row_id, source in wanted.items() if row_id not in found)
        return
    for row_id in [row_id for row_id in wanted if row_id not in found]:
        why = f" (what can't be read: {'; '.join(unreadable[:3])})" if unreadable else ""
        yield wanted[row_id], DocumentError(f"{wanted[row_id].name}: no row has this {corpus.id_column}{why}")


def _text_of_row(source: Source, row: dict[str, Any], corpus: CorpusConfig, is_second: bool) -> Read:
    if is_second:
        return DocumentError(f"{source.name}: more than one row has this {corpus.id_column}; give each its own")
    text = row.get(corpus.text_column)
    if isinstance(text, str):
        return DocumentText(normalise(text))
    return DocumentError(f"{source.name}: {_bad_cell(row, 'text_column', corpus.text_column, 'text')}")
