"""Files that hold a document in each row: JSONL, Parquet, Arrow, and folders of Hugging Face datasets."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.corpus.formats.names import is_dataset
from pipeline.errors import ConfigError

Rows = Iterator[tuple[int, dict[str, Any] | str]]
"""Rows with their numbers, from 1; one that can't be read is a text that says why."""


def read_rows(path: Path, name: str, columns: list[str]) -> Rows:
    """Give the rows of a file or dataset; raises ConfigError where it can't be read as a whole."""
    try:
        if is_dataset(path):
            yield from _numbered(_dataset_batches(path, name), name, columns)
        elif path.suffix.lower() == ".jsonl":
            yield from _jsonl_rows(path)
        elif path.suffix.lower() == ".arrow":
            yield from _numbered(_arrow_batches(path), name, columns)
        else:
            yield from _parquet_rows(path, name, columns)
    except pa.ArrowException as error:
        kind = "a Parquet" if path.suffix.lower() == ".parquet" else "an Arrow"
        raise ConfigError(f"{name} is not {kind} file, or a damaged one: {error}") from None
    except OSError as error:
        raise ConfigError(f"{name} can't be read: {error.strerror or error}") from None


def _jsonl_rows(path: Path) -> Rows:
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


def _parquet_rows(path: Path, name: str, columns: list[str]) -> Rows:
    with pq.ParquetFile(path) as file:
        _check_columns(file.schema_arrow, name, columns)
        yield from _numbered(file.iter_batches(columns=columns), name, columns)


def _numbered(batches: Iterable[pa.RecordBatch], name: str, columns: list[str]) -> Rows:
    number = 1
    for batch in batches:
        _check_columns(batch.schema, name, columns)
        yield from enumerate(batch.select(columns).to_pylist(), start=number)
        number += batch.num_rows


def _check_columns(schema: pa.Schema, name: str, columns: list[str]) -> None:
    if twice := [column for column in columns if schema.names.count(column) > 1]:
        raise ConfigError(f"{name} has more than one column {', '.join(twice)}; give each a name of its own")
    missing = set(columns) - set(schema.names)
    if missing:
        raise ConfigError(
            f"{name} has no column {', '.join(sorted(missing))}; it has {', '.join(schema.names)}. "
            "Name the right ones in [corpus] id_column and text_column"
        )


def _dataset_batches(folder: Path, name: str) -> Iterator[pa.RecordBatch]:
    """Give the batches of a dataset, as `Dataset.save_to_disk` wrote it: `state.json` lists its files in order."""
    if (folder / "dataset_dict.json").is_file():
        splits = ", ".join(sorted(path.parent.name for path in folder.glob("*/dataset_info.json")))
        raise ConfigError(f"{name} holds several datasets ({splits or 'none'}); name the folder of one of them")
    try:
        state = json.loads((folder / "state.json").read_bytes())
        names = [str(entry["filename"]) for entry in state["_data_files"]]
    except FileNotFoundError:
        names = sorted(path.name for path in folder.glob("*.arrow"))
    except (ValueError, KeyError, TypeError):
        raise ConfigError(f"{name}/state.json is damaged: it doesn't list the files of the dataset") from None
    for file_name in names:
        if Path(file_name).name != file_name:
            raise ConfigError(f"{name}/state.json names {file_name!r}, which is not in its folder; it is refused")
        yield from _arrow_batches(folder / file_name)


def _arrow_batches(path: Path) -> Iterator[pa.RecordBatch]:
    """Give the batches of an Arrow file, in either of its two formats; `datasets` writes streams."""
    with pa.memory_map(str(path)) as source:
        if source.read(6) == b"ARROW1":
            with pa.ipc.open_file(source) as file:
                yield from (file.get_batch(index) for index in range(file.num_record_batches))
            return
        source.seek(0)
        with pa.ipc.open_stream(source) as stream:
            yield from stream
