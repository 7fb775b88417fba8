r"""JSON Lines: one object per bead, with the columns of TSV; spans are half-open.

Text stays readable (no `\u` escapes for letters); the controls and separators that some readers take for the end of a
line (U+0085, U+2028, ...) are escaped, so that every reader finds one object a line.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence

from stages.data import AlignedPair
from stages.export.characters import escape_json_line
from stages.export.units import Unit, row_of


class JsonlRenderer:
    """Renders pairs as JSON objects, one a line."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def header(self) -> str:
        """Return nothing: the first line is the first unit."""
        return ""

    def pair(self, pair: AlignedPair, units: Sequence[Unit]) -> Iterator[str]:
        """Give a line for each unit."""
        for unit in units:
            row = row_of(pair, unit)
            yield escape_json_line(json.dumps(row, ensure_ascii=False, allow_nan=False)) + "\n"

    def footer(self) -> str:
        """Return nothing: the last line is the last unit."""
        return ""
