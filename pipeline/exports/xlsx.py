"""XLSX for translators: a row for each bead, with the texts beside each other, to be read, filtered and marked.

A text stays a text, also one that begins with "=". A cell holds 32,767 characters as UTF-16 counts them, and a sheet
1,048,576 rows: longer texts are cut and counted, more rows go on a further sheet. There is no date but a fixed one.
Lines at which a file was wrapped are joined: a cell has lines of its own.

Each row says how high it has to be for its texts: Excel would find that by itself, LibreOffice shows their first lines,
or one over the other, until somebody asks it to.
"""

from __future__ import annotations

import tempfile
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from math import ceil
from pathlib import Path
from typing import Any, Self

from pipeline.corpus.languages import language_name
from pipeline.store.files import TEMPORARY
from stages.data import AlignedPair
from stages.export.characters import XML_FORBIDDEN, replace_surrogates
from stages.export.units import Unit
from stages.text import on_one_line, primary_language

COLUMNS = {"source": 60, "target": 60, "type": 7, "similarity": 10, "confidence": 12, "pair_id": 20}
"""Their names, and their widths in characters."""

MAX_ROWS = 1_048_576
MAX_UNITS = 32_767
CUT = " […]"
"""Stands at the end of a text that was cut."""

LINE_POINTS = 15
"""How high a line is in the font that Excel writes with; so is a row without a height of its own."""

MAX_POINTS = 409
"""No row can be higher."""

WIDE = 2.1
"""How many digits of that font a Chinese character is wide. Letters are narrower than digits, Cyrillic ones as wide."""

FIRST_WIDE = "\u1100"
"""The first letter of Hangul; no character before it is as wide."""

MADE = datetime(2000, 1, 1, tzinfo=UTC).replace(tzinfo=None)

RIGHT_TO_LEFT = frozenset({"ar", "arc", "ckb", "dv", "fa", "he", "ks", "nqo", "ps", "sd", "syr", "ug", "ur", "yi"})
RIGHT_TO_LEFT_SCRIPTS = frozenset({"adlm", "arab", "hebr", "nkoo", "syrc", "thaa"})


class XlsxSink:
    """One workbook with the pairs of a run, written in constant memory."""

    def __init__(self, path: Path, columns: Mapping[str, int] = COLUMNS) -> None:
        import xlsxwriter

        self.counts: Counter[str] = Counter()
        self._columns = columns
        self._opened = ExitStack()
        temporary = self._opened.enter_context(tempfile.TemporaryDirectory(prefix=TEMPORARY, dir=path.parent))
        self._book: Any = xlsxwriter.Workbook(str(path), {"constant_memory": True, "tmpdir": temporary})
        self._book.set_properties({"created": MADE})
        wrapped = {"text_wrap": True, "valign": "top"}
        self._head = self._book.add_format({"bold": True, "bottom": 1})
        self._text = self._book.add_format(wrapped)
        self._text_from_right = self._book.add_format({**wrapped, "reading_order": 2, "align": "right"})
        self._plain = self._book.add_format({"valign": "top", "align": "left", "indent": 1})
        self._number = self._book.add_format({"valign": "top", "num_format": "0.00"})
        self._sheets: list[Any] = []
        self._points: dict[int, int] = {}
        self._add_sheet()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        from xlsxwriter.exceptions import FileCreateError

        with self._opened:
            if kind is not None:
                self._give_up()
                return
            self._finish_sheet()
            try:
                self._book.close()
            except FileCreateError as error:
                self._give_up()
                raise error.args[0] from error

    def _give_up(self) -> None:
        """Close the files of the rows, which are lost."""
        self._book.fileclosed = True
        for sheet in self._sheets:
            with suppress(OSError):  # the disk is full, perhaps
                sheet._opt_close()

    def write(self, pair: AlignedPair, units: Sequence[Unit]) -> None:
        """Add a row for each unit of a pair."""
        languages = (pair.source_language, pair.target_language)
        formats = [self._format_of(language) for language in languages]
        pair_id = self._cell(pair.pair_id)
        for unit in units:
            self._begin_row()
            sheet, row = self._sheets[-1], self._row
            texts = self._texts(unit, languages)
            self._points[row] = min(LINE_POINTS * max(map(count_lines, texts)), MAX_POINTS)
            for column, (text, style) in enumerate(zip(texts, formats, strict=True)):
                sheet.write_string(row, column, text, style)
            sheet.write_string(row, 2, _type_of(unit), self._plain)
            sheet.write_number(row, 3, unit.similarity, self._number)
            if unit.confidence is not None:
                sheet.write_number(row, 4, unit.confidence, self._number)
            sheet.write_string(row, 5, pair_id, self._plain)
            self._row += 1

    def _begin_row(self) -> None:
        if self._row == MAX_ROWS:
            self._finish_sheet()
            self._add_sheet()

    def _texts(self, unit: Unit, languages: tuple[str, str]) -> list[str]:
        """Return the two texts of a unit as cells can hold them."""
        sides = zip((unit.source, unit.target), languages, strict=True)
        return [self._cell(on_one_line(text, language)) for text, language in sides]

    def _add_sheet(self) -> None:
        number = len(self._sheets) + 1
        sheet = self._book.add_worksheet("bitext" if number == 1 else f"bitext {number}")
        for column, (name, width) in enumerate(self._columns.items()):
            sheet.set_column(column, column, width)
            sheet.write_string(0, column, name, self._head)
        self._points = {}
        self._sheets.append(sheet)
        self._row = 1
        self._set_up(sheet)

    def _set_up(self, sheet: Any) -> None:
        """Make a sheet one to be read, filtered and printed."""
        sheet.freeze_panes(1, 0)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)  # source and target on one page, and as many pages as it takes
        sheet.repeat_rows(0)
        _write_heights(sheet, self._points)

    def _finish_sheet(self) -> None:
        self._sheets[-1].autofilter(0, 0, max(self._row - 1, 1), len(self._columns) - 1)

    def _format_of(self, language: str) -> Any:
        return self._text_from_right if is_right_to_left(language) else self._text

    def _cell(self, text: str) -> str:
        """Return a text as a cell can hold it, and count what it can't."""
        text = replace_surrogates(text)[0].replace("\r\n", "\n").replace("\r", "\n")
        text, n_removed = XML_FORBIDDEN.subn("", text)
        self.counts["xlsx_characters_removed"] += n_removed
        if 2 * len(text) <= MAX_UNITS or len(text.encode("utf-16-le")) <= 2 * MAX_UNITS:
            return text
        self.counts["xlsx_texts_cut"] += 1
        kept = text.encode("utf-16-le")[: 2 * (MAX_UNITS - len(CUT))]
        return kept.decode("utf-16-le", errors="ignore") + CUT


class SketchEngineSink(XlsxSink):
    """One workbook as Sketch Engine takes it: the names of two languages in the first row, and texts below, no more."""

    def __init__(self, path: Path, languages: tuple[str, str]) -> None:
        names = [language_name(language) for language in languages]
        if names[0] == names[1]:
            names = list(languages) if languages[0] != languages[1] else [names[0], f"{names[0]} 2"]
        super().__init__(path, dict.fromkeys(names, COLUMNS["source"]))

    def write(self, pair: AlignedPair, units: Sequence[Unit]) -> None:
        """Add a row for each unit of a pair."""
        for unit in units:
            self._begin_row()
            for column, text in enumerate(self._texts(unit, (pair.source_language, pair.target_language))):
                self._sheets[-1].write_string(self._row, column, text)
            self._row += 1

    def _set_up(self, sheet: Any) -> None:
        """Leave a sheet as it is."""

    def _finish_sheet(self) -> None:
        """Add nothing."""


def count_lines(text: str) -> int:
    """Return how many lines a text takes in its cell, rather one too many than one too few."""
    return sum(max(1, ceil(_width(line) / COLUMNS["source"])) for line in text.split("\n"))


def _width(line: str) -> float:
    """Return how wide a line of text is, in digits."""
    if not line or max(line) < FIRST_WIDE:
        return len(line)
    n_wide = sum(unicodedata.east_asian_width(char) in "WF" for char in line)
    return len(line) + n_wide * (WIDE - 1)


def _write_heights(sheet: Any, points: dict[int, int]) -> None:
    """Have a sheet write the heights of its rows, each when the row is, and forget them.

    `set_row` would keep them all in memory, and mark each as chosen by a person: it would no longer grow with its text.
    """
    start_tag = sheet._xml_start_tag_unencoded

    def start(tag: str, attributes: Sequence[tuple[str, Any]] = ()) -> None:
        if tag == "row" and (height := points.pop(int(attributes[0][1]) - 1, None)):
            attributes = [*attributes, ("ht", height)]
        start_tag(tag, attributes)

    sheet._xml_start_tag_unencoded = start


def is_right_to_left(language: str) -> bool:
    """Say whether a language is written from right to left, by its tag; a script in it decides."""
    scripts = [part.lower() for part in language.split("-")[1:] if len(part) == 4 and part.isalpha()]
    if scripts:
        return scripts[0] in RIGHT_TO_LEFT_SCRIPTS
    return primary_language(language) in RIGHT_TO_LEFT


def _type_of(unit: Unit) -> str:
    return f"{unit.source_stop - unit.source_start}-{unit.target_stop - unit.target_start}"
