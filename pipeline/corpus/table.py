"""Read a manifest: a table of pairs whose first row names its columns, as TSV, CSV or XLSX."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from pipeline.corpus.formats.tables import numbered_rows, opened_xlsx, sheet_rows
from pipeline.errors import BitextError, ConfigError, DocumentError
from pipeline.store.files import endless_kind

REQUIRED = frozenset({"source_path", "target_path"})
IS_PAIR = "is_pair"
"""The column that says whether the two documents of a row belong together; without it they do."""

ANSWERS = {
    **dict.fromkeys(("", "yes", "y", "x", "true", "1"), True),
    **dict.fromkeys(("no", "n", "false", "0"), False),
}
NAMED = {".csv": "by commas or semicolons", ".xlsx": "a cell each"}
"""How the columns of a table are named in its first row; tabs are all others'."""

Row = dict[str, str]


def table_rows(path: Path) -> Iterator[tuple[int, Row]]:
    """Give the rows of a manifest with the numbers of their lines; what a row lacks at its end is empty.

    Raises ConfigError where it is no such table.
    """
    try:
        rows = _rows(path)
        _, header = next(rows, (1, []))
        columns = ["_".join(cell.lower().split()) for cell in header]
        _check_columns(path, columns)
        for line, cells in rows:
            if any(cells[len(columns) :]):
                raise ConfigError(
                    f"{path} line {line}: {len(cells)} cells, but {len(columns)} columns; leave out the rest"
                )
            if any(cells):
                yield line, dict.fromkeys(columns, "") | dict(zip(columns, cells, strict=False))
    except DocumentError as error:
        raise ConfigError(f"[corpus] manifest {path} {error}") from None


def is_pair(row: Row) -> bool:
    """Say whether a row is a pair: the table that a run leaves lists what is none as well. Raises ConfigError."""
    answer = row.get(IS_PAIR, "").lower()
    if answer not in ANSWERS:
        raise ConfigError(f"{IS_PAIR} is {answer!r}; write yes or no")
    return ANSWERS[answer]


def _check_columns(path: Path, columns: list[str]) -> None:
    missing = REQUIRED - set(columns)
    if missing:
        how = NAMED.get(path.suffix.lower(), "separated by tabs")
        raise ConfigError(
            f"[corpus] manifest {path}: the first line must name the columns, {how}; "
            f"missing: {', '.join(sorted(missing))}"
        )
    twice = sorted({column for column in columns if column and columns.count(column) > 1})
    if twice:
        raise ConfigError(f"[corpus] manifest {path}: more than one column is named {', '.join(twice)}; leave out one")


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    data = _read(path)
    if path.suffix.lower() == ".xlsx":
        yield from enumerate(_rows_of_xlsx(data), start=1)
        return
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"[corpus] manifest {path} is not UTF-8 at byte {error.start:,}; save it as UTF-8") from None
    text = re.sub(r"\r\n?", "\n", text)
    if path.suffix.lower() == ".csv":
        yield from ((line, [cell.strip() for cell in cells]) for line, cells in numbered_rows(text, None))
    else:
        yield from numbered_rows(text, "\t")


def _rows_of_xlsx(data: bytes) -> list[list[str]]:
    try:
        with opened_xlsx(data) as sheets:
            return [[cell.strip() for cell in row] for row in sheet_rows(sheets[0])]
    except (BitextError, MemoryError):
        raise
    except Exception as error:  # what the library does with a broken file
        raise DocumentError(f"can't be read as XLSX: {type(error).__name__}: {error}") from error


def _read(path: Path) -> bytes:
    try:
        if kind := endless_kind(path):
            raise ConfigError(f"[corpus] manifest {path} is {kind}, no file; name a file")
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(f"[corpus] manifest {path} can't be read: {error.strerror}") from None
