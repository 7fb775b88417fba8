"""Beads as people and programs write them: `[0, 1]:[0]`, one a line, perhaps with a score behind."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from stages.data import Beads
from stages.export.beads import Positions, list_beads

LINE = re.compile(r"\[([^][]*)\]\s*:\s*\[([^][]*)\]\s*(?::\s*(.*))?", re.ASCII)
NUMBER = re.compile(r"-?\d{1,9}", re.ASCII)

SHOWN_PROBLEMS = 20
"""A file with more is not a file of beads; the rest is only counted."""


class Link(NamedTuple):
    """One bead, by the positions it links; a gold bead need not be consecutive.

    line : where it was read, from 1; 0 if it was not read from lines.
    """

    source: Positions
    target: Positions
    line: int = 0


def parse_beads(lines: Iterable[str]) -> list[Link]:
    """Read beads, one a line: `[0, 1]:[0]` or `[0, 1]:[0]:0.73`; blank lines count, but hold none.

    Raises ValueError that names every bad line: not of that form, a negative position, one position twice in a bead.
    (The same position in two beads is let pass: published gold has it.)
    """
    links: list[Link] = []
    problems: list[str] = []
    for line, text in enumerate(lines, start=1):
        try:
            links.extend(_parse_line(line, text.lstrip("\ufeff").strip()))
        except ValueError as error:
            problems.append(f"line {line}: {error}")
    _raise_problems(problems)
    return links


def parse_gold(lines: Iterable[str], n_source: int, n_target: int) -> list[Link]:
    """Read the gold of documents of so many sentences; raises ValueError as `parse_beads` and `check_gold` do."""
    gold = parse_beads(lines)
    check_gold(gold, n_source, n_target)
    return gold


def check_gold(gold: Iterable[Link], n_source: int, n_target: int) -> None:
    """Raise ValueError, naming every line, if gold points outside documents of so many sentences."""
    problems = [
        f"line {link.line}: {side} {position} is outside the document, whose {count} sentences count from 0"
        for link in gold
        for side, positions, count in (("source", link.source, n_source), ("target", link.target, n_target))
        for position in positions
        if not 0 <= position < count
    ]
    _raise_problems(problems)


def links_of(beads: Beads) -> list[Link]:
    """Return an alignment as links, as the `beads` format writes it: null beads one sentence each."""
    return [Link(source, target) for _, source, target in list_beads(beads)]


def _parse_line(line: int, text: str) -> Iterator[Link]:
    if not text:
        return
    match = LINE.fullmatch(text)
    if match is None or not _is_number(match[3]):
        raise ValueError(f"{_shorten(text)} is not a bead; one looks like [0, 1]:[0] or [0, 1]:[0]:0.7312")
    yield Link(_parse_positions(match[1]), _parse_positions(match[2]), line)


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
