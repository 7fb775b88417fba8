"""Read documents: text files, and rows of JSONL and Parquet files."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.config import CorpusConfig
from pipeline.errors import ConfigError, DocumentError
from pipeline.text import decode

ROW_SUFFIXES = frozenset({".jsonl", ".parquet"})
"""Files that hold a document in each row."""

MAX_DOCUMENT_BYTES = 1 << 30
"""A larger file is refused: nobody's document is a gigabyte of text, and positions are 32 bits wide."""


class Source(NamedTuple):
    """Where a document lies: a file, or a row of one."""

    path: Path
    row: str | None
    name: str
    """As the config would write it: for people."""


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
        if isinstance(found, str | int) and not isinstance(found, bool) and str(found):
            yield str(found)
        else:
            reason = (
                row
                if isinstance(row, str)
                else f"column {corpus.id_column!r} is {found!r}; it must be text or a number"
            )
            yield BadRow(f"{name} line {line}", f"{name} line {line}: {reason}")


def _read_file(source: Source, encoding: str | None) -> str | DocumentError:
    try:
        n_bytes = source.path.stat().st_size
        if n_bytes > MAX_DOCUMENT_BYTES:
            return DocumentError(f"{source.name} has {n_bytes:,} bytes, more than {MAX_DOCUMENT_BYTES:,}: split it")
        return decode(source.path.read_bytes(), encoding)
    except OSError as error:
        return DocumentError(f"{source.name} can't be read: {error.strerror}")
    except DocumentError as error:
        return DocumentError(f"{source.name} {error}")


def _read_rows(path: Path, wanted: dict[str, Source], corpus: CorpusConfig) -> Iterator[SourceText]:
    rest = dict(wanted)
    any_source = next(iter(wanted.values()))
    name = any_source.name.partition("#")[0]
    try:
        for _, row in _rows(path, name, [corpus.id_column, corpus.text_column]):
            source = rest.pop(str(row.get(corpus.id_column)), None) if isinstance(row, dict) else None
            if source is not None and isinstance(row, dict):
                text = row.get(corpus.text_column)
                problem = f"{source.name}: column {corpus.text_column!r} holds no text"
                yield source, text if isinstance(text, str) else DocumentError(problem)
    except (ConfigError, OSError) as error:
        for source in rest.values():
            yield source, DocumentError(str(error))
        return
    for row_id, source in rest.items():
        yield source, DocumentError(f"{name}: no row has {corpus.id_column} = {row_id!r}")


def _rows(path: Path, name: str, columns: list[str]) -> Iterator[tuple[int, dict[str, Any] | str]]:
    """Give the rows of a file with their numbers, from 1; a row that can't be read is a text that says why."""
    if path.suffix == ".jsonl":
        yield from _jsonl_rows(path)
    else:
        yield from _parquet_rows(path, name, columns)


def _jsonl_rows(path: Path) -> Iterator[tuple[int, dict[str, Any] | str]]:
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line.decode("utf-8-sig"))
            except ValueError as error:
                yield number, f"not JSON in UTF-8: {error}"
            else:
                yield number, row if isinstance(row, dict) else f"{line[:40]!r} is not a JSON object"


def _parquet_rows(path: Path, name: str, columns: list[str]) -> Iterator[tuple[int, dict[str, Any] | str]]:
    try:
        with pq.ParquetFile(path) as file:
            missing = set(columns) - set(file.schema_arrow.names)
            if missing:
                raise ConfigError(
                    f"{name} has no column {', '.join(sorted(missing))}; it has {', '.join(file.schema_arrow.names)}. "
                    "Set [corpus] id_column and text_column"
                )
            number = 1
            for batch in file.iter_batches(columns=columns):
                yield from enumerate(batch.to_pylist(), start=number)
                number += batch.num_rows
    except pa.ArrowException as error:
        raise ConfigError(f"{name} is not a Parquet file: {error}") from None
