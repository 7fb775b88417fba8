"""Read beads as people and programs write them: `[0, 1]:[0]`, one a line, perhaps with a score behind."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from stages.data import Beads

Positions = tuple[int, ...]

LINE = re.compile(r"\[([^][]*)\]\s*:\s*\[([^][]*)\]\s*(?::\s*(.*))?", re.ASCII)
NUMBER = re.compile(r"-?\d{1,9}", re.ASCII)

SHOWN_PROBLEMS = 20
"""A file with more is not a file of beads; the rest is only counted."""


class BeadPositions(NamedTuple):
    """A bead by its positions, which in gold need not be consecutive; where they are, `BeadSpan` has their bounds."""

    source: Positions
    target: Positions


def parse_beads(lines: Iterable[str]) -> list[BeadPositions]:
    """Read beads, one a line: `[0, 1]:[0]` or `[0, 1]:[0]:0.73`; blank lines count, but hold none.

    Raises ValueError that names every bad line: not of that form, a negative position, one position twice in a bead.
    (The same position in two beads is let pass: published gold has it.)
    """
    return [bead for _, bead in _parse_numbered(lines)]


def parse_gold(lines: Iterable[str], n_source: int, n_target: int) -> list[BeadPositions]:
    """Read the gold of documents of so many sentences.

    Raises ValueError as `parse_beads` does, and where gold points outside the documents.
    """
    numbered = _parse_numbered(lines)
    _raise_problems(
        [
            f"line {line}: {side} {position} is outside the document, whose {count} sentences count from 0"
            for line, bead in numbered
            for side, positions, count in (("source", bead.source, n_source), ("target", bead.target, n_target))
            for position in positions
            if not 0 <= position < count
        ]
    )
    return [bead for _, bead in numbered]


def list_beads(beads: Beads) -> Iterator[tuple[int, Positions, Positions]]:
    """Give each bead's index and its positions; a null bead of several sentences is given one sentence at a time."""
    spans = zip(
        beads.source_start.tolist(),
        beads.source_stop.tolist(),
        beads.target_start.tolist(),
        beads.target_stop.tolist(),
        strict=True,
    )
    for bead, (source_start, source_stop, target_start, target_stop) in enumerate(spans):
        source = tuple(range(source_start, source_stop))
        target = tuple(range(target_start, target_stop))
        if source and target:
            yield bead, source, target
        else:
            yield from ((bead, (position,), ()) for position in source)
            yield from ((bead, (), (position,)) for position in target)


def positions_of(beads: Beads) -> list[BeadPositions]:
    """Return the beads of an alignment, as the `beads` format writes them: null beads one sentence each."""
    return [BeadPositions(source, target) for _, source, target in list_beads(beads)]


def _parse_numbered(lines: Iterable[str]) -> list[tuple[int, BeadPositions]]:
    """Return each bead with the number of its line, from 1."""
    beads: list[tuple[int, BeadPositions]] = []
    problems: list[str] = []
    for line, text in enumerate(lines, start=1):
        try:
            beads.extend((line, bead) for bead in _parse_line(text.lstrip("\ufeff").strip()))
        except ValueError as error:
            problems.append(f"line {line}: {error}")
    _raise_problems(problems)
    return beads


def _parse_line(text: str) -> Iterator[BeadPositions]:
    if not text:
        return
    match = LINE.fullmatch(text)
    if match is None or not _is_number(match[3]):
        raise ValueError(f"{_shorten(text)} is not a bead; one looks like [0, 1]:[0] or [0, 1]:[0]:0.7312")
    yield BeadPositions(_parse_positions(match[1]), _parse_positions(match[2]))


def _parse_positions(text: str) -> Positions:
    if not text.strip():
        return ()
    numbers = [number.strip() for number in text.split(",")]
    for number in numbers:
        if not NUMBER.fullmatch(number):
            raise ValueError(f"{_shorten(number)} is not a position; positions are whole numbers, separated by commas")
        if number.startswith("-"):
            raise ValueError(f"{number} is not a position; they count from 0")
    positions = tuple(int(number) for number in numbers)
    if len(set(positions)) < len(positions):
        twice = next(position for position in positions if positions.count(position) > 1)
        raise ValueError(f"position {twice} stands twice in {_shorten(f'[{text}]')}")
    return positions


def _is_number(text: str | None) -> bool:
    if text is None:
        return True
    try:
        float(text)
    except ValueError:
        return False
    return True


def _shorten(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "...")


def _raise_problems(problems: Sequence[str]) -> None:
    if problems:
        more = len(problems) - SHOWN_PROBLEMS
        raise ValueError("\n".join([*problems[:SHOWN_PROBLEMS], *([f"and {more} more"] if more > 0 else [])]))
