"""Bilingual tables (CSV, TSV, XLSX): each column that is named after a language is a document, a cell a paragraph."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from typing import Any, Literal

from pipeline.corpus.formats.archives import Archive
from pipeline.corpus.formats.document import Note, Options, UnitTexts, load
from pipeline.corpus.languages import NAMES, is_near, parse_language
from pipeline.errors import ConfigError, DocumentError

DELIMITERS = ",;\t|"
MAX_CELL_CHARS = 1 << 26
_QUOTED = re.compile(r'"[^"]*"')
_BEGUN = re.compile(r'(?:^|(?<=\t))"[^\t\n\r]*', re.MULTILINE)
_WHOLE = re.compile(r'"(?:[^"]|"")*"')
_WORDS = re.compile(r"[\w-]+")

Rows = Iterator[list[str]]


def read_delimited(delimiter: str | None) -> Callable[[str, Options], Iterator[UnitTexts | Note]]:
    """Return the reader of CSV (no delimiter: the one that its first line has most of) or of TSV."""

    def read(text: str, options: Options) -> Iterator[UnitTexts | Note]:
        yield from _cells((row for _, row in numbered_rows(text, delimiter)), options)

    return read


def numbered_rows(text: str, delimiter: str | None) -> Iterator[tuple[int, list[str]]]:
    """Give the rows of CSV (no delimiter: the one that its first line has most of) or TSV, with their last lines.

    Raises DocumentError where it is no table.
    """
    csv.field_size_limit(MAX_CELL_CHARS)
    first_line = _QUOTED.sub("", text.lstrip().partition("\n")[0])
    used = delimiter or max(DELIMITERS, key=first_line.count)
    is_quoted = used != "\t" or _has_quoted_cells(text)
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if is_quoted else csv.QUOTE_NONE
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=used, quoting=quoting)
    try:
        yield from ((reader.line_num, row) for row in reader)
    except csv.Error as error:
        raise DocumentError(f"is no table that can be read: {error} in line {reader.line_num + 1:,}") from None


def _has_quoted_cells(text: str) -> bool:
    """Say whether a TSV file puts quotes around cells, as spreadsheets do; in others a quote is a quote."""
    begun = _BEGUN.findall(text)
    return bool(begun) and all(map(_WHOLE.fullmatch, begun))


def read_xlsx(data: bytes, options: Options) -> Iterator[UnitTexts | Note]:
    """Give the cells of one column of the first sheet of an Excel file."""
    with opened_xlsx(data) as sheets:
        yield from _cells(sheet_rows(sheets[0]), options)
        if others := [sheet.title for sheet in sheets[1:]]:
            yield Note(f"only its first sheet, {sheets[0].title!r}, is read, not {', '.join(map(repr, others))}")


@contextmanager
def opened_xlsx(data: bytes) -> Iterator[list[Any]]:
    """Give the sheets of an Excel file, at least one; raises DocumentError, ConfigError where openpyxl isn't there."""
    openpyxl = load("openpyxl", "XLSX")
    with Archive(data):
        pass  # its names and sizes are harmless
    book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    try:
        if not book.worksheets:
            raise DocumentError("has no sheet with cells")
        yield book.worksheets
    finally:
        book.close()


def sheet_rows(sheet: Any) -> Rows:
    """Give the rows of a sheet of an Excel file; an empty cell is an empty text."""
    return (["" if cell is None else str(cell) for cell in row] for row in sheet.iter_rows(values_only=True))


def _cells(rows: Iterable[list[str]], options: Options) -> Iterator[UnitTexts]:
    """Give the cells of the column that the config names, or of that which is named after the language."""
    reader = iter(rows)
    header = next((row for row in reader if any(cell.strip() for cell in row)), None)
    if header is None:
        return
    named = [cell.strip() for cell in header]
    column, has_header = _column(named, options)
    for row in reader if has_header else chain([header], reader):
        if any(cell.strip() for cell in row):
            yield UnitTexts([row[column].strip() if column < len(row) else ""])


def _column(header: list[str], options: Options) -> tuple[int, bool]:
    """Return which column to read, and whether the first row names the columns."""
    if options.column:
        if options.column in header:
            return header.index(options.column), True
        if options.column.isdecimal() and 1 <= int(options.column) <= len(header):
            return int(options.column) - 1, False
        raise DocumentError(f"has no column {options.column!r}; it has {_listed(header)}. {_ADVICE}")
    for tags in ([tags_of(cell, parts=False) for cell in header], [tags_of(cell) for cell in header]):
        for is_meant in (options.language.__eq__, lambda tag: is_near(tag, options.language)):
            columns = [index for index, of_cell in enumerate(tags) if any(map(is_meant, of_cell))]
            if len(columns) == 1:
                return columns[0], True
            if columns:
                both = _listed([header[index] for index in columns])
                raise DocumentError(f"has several columns in {options.language!r}: {both}. {_ADVICE}")
    raise DocumentError(f"has no column that is named {options.language!r}; it has {_listed(header)}. {_ADVICE}")


_ADVICE = (
    "Name the columns: [corpus] source_column and target_column; a number counts from 1, in a table whose first row is "
    "text already"
)


def _listed(header: list[str]) -> str:
    return ", ".join(repr(cell[:40]) for cell in header if cell) or "no names in its first row"


def tags_of(name: str, parts: bool = True) -> set[str]:
    """Return the languages that a column may be named after: `de`, `de-DE`, `German`; by its parts, `text_de` too."""
    tags = set()
    for part in filter(None, [name, *(_WORDS.findall(name) + re.split(r"[\W_]+", name) if parts else [])]):
        if known := NAMES.get(part.casefold()):
            tags.add(known)
        elif re.fullmatch(r"[A-Za-z]{2,3}([_-][A-Za-z0-9]{2,8})*", part):
            try:
                tags.add(parse_language(part))
            except ConfigError:
                continue
    return tags
