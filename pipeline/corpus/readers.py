"""Read documents: text files, and rows of JSONL and Parquet files."""

from __future__ import annotations

import json
import re
import reprlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.config import CorpusConfig
from pipeline.corpus.text import decode
from pipeline.errors import ConfigError, DocumentError

ROW_SUFFIXES = frozenset({".jsonl", ".parquet"})
"""Files that hold a document in each row."""

SURROGATE = re.compile("[\ud800-\udfff]")
"""What JSON can smuggle into a text: half a character, which no file name and no report can hold."""

MAX_DOCUMENT_BYTES = 1 << 30
"""A larger file is refused: nobody's document is a gigabyte of text, and positions are 32 bits wide."""


class Source(NamedTuple):
    """Where a document lies: a file, or a row of one."""

    path: Path
    row: str | None
    name: str
    """As the config would write it: for people."""


def has_rows(path: Path) -> bool:
    """Say whether a file holds a document in each row."""
    return path.suffix.lower() in ROW_SUFFIXES


SourceText = tuple[Source, str | DocumentError]
"""A source with its text, or with the reason why it can't be had."""


class BadRow(NamedTuple):
    """A row that can't be read: where it stands, and why."""

    name: str
    reason: str


def read_documents(sources: Sequence[Source], corpus: CorpusConfig) -> Iterator[SourceText]:
    """Read each source once and give its text, or why it can't be had; files of many rows are read in one pass."""
    rows: dict[Path, dict[str, Source]] = defaultdict(dict)
    for source in sources:
        if source.row is None:
            yield source, _read_file(source, corpus.encoding)
        else:
            rows[source.path][source.row] = source
    for path, wanted in rows.items():
        yield from _read_rows(path, wanted, corpus)


def row_ids(path: Path, name: str, corpus: CorpusConfig) -> Iterator[str | BadRow]:
    """Give the name of the document in each row of a file; raises ConfigError where it isn't such a file at all."""
    for line, row in _rows(path, name, [corpus.id_column]):
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


def _read_file(source: Source, encoding: str | None) -> str | DocumentError:
    try:
        n_bytes = source.path.stat().st_size
        if n_bytes > MAX_DOCUMENT_BYTES:
            return DocumentError(f"{source.name} has {n_bytes:,} bytes, more than {MAX_DOCUMENT_BYTES:,}: split it")
        return decode(source.path.read_bytes(), encoding)
    except FileNotFoundError:
        return DocumentError(f"{source.name} can't be read: there is no file {source.path}")
    except (OSError, ValueError) as error:  # ValueError: a name with a NUL in it
        return DocumentError(f"{source.name} can't be read: {getattr(error, 'strerror', error)}")
    except DocumentError as error:
        return DocumentError(f"{source.name} {error}")


def _read_rows(path: Path, wanted: dict[str, Source], corpus: CorpusConfig) -> Iterator[SourceText]:
    name = next(iter(wanted.values())).name.partition("#")[0]
    found: set[str] = set()
    unreadable: list[str] = []
    try:
        for line, row in _rows(path, name, [corpus.id_column, corpus.text_column]):
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


def _text_of_row(source: Source, row: dict[str, Any], corpus: CorpusConfig, is_second: bool) -> str | DocumentError:
    if is_second:
        return DocumentError(f"{source.name}: more than one row has this {corpus.id_column}; give each its own")
    text = row.get(corpus.text_column)
    if isinstance(text, str):
        return text
    return DocumentError(f"{source.name}: {_bad_cell(row, 'text_column', corpus.text_column, 'text')}")


def _rows(path: Path, name: str, columns: list[str]) -> Iterator[tuple[int, dict[str, Any] | str]]:
    """Give the rows of a file with their numbers, from 1; a row that can't be read is a text that says why.

    Raises ConfigError where the file as a whole can't be read.
    """
    try:
        if path.suffix.lower() == ".jsonl":
            yield from _jsonl_rows(path)
        else:
            yield from _parquet_rows(path, name, columns)
    except pa.ArrowException as error:
        raise ConfigError(f"{name} is not a Parquet file, or a damaged one: {error}") from None
    except OSError as error:
        raise ConfigError(f"{name} can't be read: {error.strerror or error}") from None


def _jsonl_rows(path: Path) -> Iterator[tuple[int, dict[str, Any] | str]]:
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line.decode("utf-8-sig"))
            except (ValueError, RecursionError) as error:
                yield number, f"not JSON in UTF-8: {error}"
            else:
                yield number, row if isinstance(row, dict) else f"{line[:40].decode()!r} is not a JSON object"


def _parquet_rows(path: Path, name: str, columns: list[str]) -> Iterator[tuple[int, dict[str, Any] | str]]:
    with pq.ParquetFile(path) as file:
        missing = set(columns) - set(file.schema_arrow.names)
        if missing:
            raise ConfigError(
                f"{name} has no column {', '.join(sorted(missing))}; it has {', '.join(file.schema_arrow.names)}. "
                "Name the right ones in [corpus] id_column and text_column"
            )
        number = 1
        for batch in file.iter_batches(columns=columns):
            yield from enumerate(batch.to_pylist(), start=number)
            number += batch.num_rows
