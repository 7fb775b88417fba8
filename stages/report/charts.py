"""The charts of a report as numbers that a template draws as inline SVG: no library, and they print."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from stages.report.config import LOW_CONFIDENCE

WIDTH, HEIGHT = 360.0, 150.0
"""Of the area that is drawn on, in SVG units; labels stand outside."""

GAP = 2.0
"""Between two bars."""

MAX_TYPES = 10
"""Types of beads that a chart shows; the others are one bar."""


class Bar(NamedTuple):
    """One bar of a histogram: its place, and what it says."""

    x: float
    y: float
    width: float
    height: float
    label: str
    number: int
    is_low: bool


class Chart(NamedTuple):
    """Bars, with lines at powers of ten: (y, number)."""

    bars: list[Bar]
    lines: list[tuple[float, int]]


def histogram(counts: Sequence[int], low: float = LOW_CONFIDENCE) -> Chart:
    """Lay out a histogram of shares from 0 to 1, in logarithms: the few doubtful ones matter beside the many good."""
    top = math.log10(1 + max([*counts, 9]))
    width = WIDTH / max(1, len(counts))
    bars = []
    for index, number in enumerate(counts):
        height = HEIGHT * math.log10(1 + number) / top
        start, stop = index / len(counts), (index + 1) / len(counts)
        label = f"{start:.0%} to {stop:.0%}"
        x, y = index * width + GAP / 2, HEIGHT - height
        bars.append(Bar(round(x, 2), round(y, 2), round(width - GAP, 2), round(height, 2), label, number, stop <= low))
    powers = [10**power for power in range(1, 12) if math.log10(1 + 10**power) <= top]
    return Chart(bars, [(round(HEIGHT - HEIGHT * math.log10(1 + power) / top, 2), power) for power in powers])


def type_shares(types: Mapping[str, int]) -> list[tuple[str, int, float]]:
    """Return the types of beads, their numbers and shares, the most frequent first and the rare ones together."""
    total = max(1, sum(types.values()))
    shown = list(types.items())[:MAX_TYPES]
    n_others = sum(types.values()) - sum(number for _, number in shown)
    shown += [("others", n_others)] if n_others else []
    return [(name, number, number / total) for name, number in shown]


def reliability_points(rows: Sequence[Mapping[str, Any]]) -> list[tuple[float, float, float]]:
    """Lay out a reliability plot: for each bin x and y of its point, and its radius.

    rows : {confidence: mean of the bin, correct: share of its beads that are right, beads: how many} for each bin.
    """
    largest = max((row["beads"] for row in rows), default=1)
    return [
        (
            round(WIDTH * row["confidence"], 2),
            round(HEIGHT * (1 - row["correct"]), 2),
            round(2.5 + 5.5 * math.sqrt(row["beads"] / max(1, largest)), 2),
        )
        for row in rows
        if row["beads"]
    ]
