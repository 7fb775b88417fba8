"""Read a manifest: a table of pairs with a header, its cells separated by tabs."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path

from pipeline.errors import ConfigError
from pipeline.store.files import endless_kind

REQUIRED = frozenset({"pair_id", "source_path", "target_path"})


def table_rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Give the rows of a manifest with their line numbers; raises ConfigError where it is no such table."""
    reader = csv.DictReader(_table_lines(path), delimiter="\t", quoting=csv.QUOTE_NONE, restval="")
    try:
        columns = list(reader.fieldnames or ())
        missing = REQUIRED - set(columns)
        if missing:
            raise ConfigError(
                f"[corpus] manifest {path}: the first line must name the columns, separated by tabs; "
                f"missing: {', '.join(sorted(missing))}"
            )
        for row in reader:
            if None in row:
                n_cells = len(columns) + len(row[None])
                raise ConfigError(
                    f"{path} line {reader.line_num}: {n_cells} cells, but {len(columns)} columns; leave out the rest"
                )
            yield reader.line_num, row
    except csv.Error as error:
        raise ConfigError(f"{path} line {reader.line_num + 1} is no row of a table: {error}") from None


def _table_lines(path: Path) -> list[str]:
    try:
        if kind := endless_kind(path):
            raise ConfigError(f"[corpus] manifest {path} is {kind}, no file; name a file")
        return re.split(r"\r\n|\r|\n", path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise ConfigError(f"[corpus] manifest {path} can't be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"[corpus] manifest {path} is not UTF-8 at byte {error.start:,}; save it as UTF-8") from None
