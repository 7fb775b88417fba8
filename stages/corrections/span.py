"""A bead by its spans, and the check that beads share no sentence and don't cross."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple


class BeadSpan(NamedTuple):
    """A bead by its half-open spans of positions, so without gaps (see `BeadPositions`); an empty side is 0, 0."""

    source_start: int
    source_stop: int
    target_start: int
    target_stop: int

    @property
    def is_null(self) -> bool:
        """Say whether it has sentences on one side only."""
        return self.source_start == self.source_stop or self.target_start == self.target_stop

    @property
    def source(self) -> range:
        """Return its source positions."""
        return range(self.source_start, self.source_stop)

    @property
    def target(self) -> range:
        """Return its target positions."""
        return range(self.target_start, self.target_stop)

    @property
    def mirrored(self) -> BeadSpan:
        """The same bead with its sides exchanged."""
        return BeadSpan(self.target_start, self.target_stop, self.source_start, self.source_stop)

    def __str__(self) -> str:
        """Write it as in a file of beads."""
        return f"{list(self.source)}:{list(self.target)}"


def make_bead_span(source_start: int, source_stop: int, target_start: int, target_stop: int) -> BeadSpan:
    """Return a bead; raises ValueError where it is none."""
    if not (0 <= source_start <= source_stop and 0 <= target_start <= target_stop):
        raise ValueError(
            f"{source_start, source_stop, target_start, target_stop} is not a bead: spans go forward from 0"
        )
    if source_start == source_stop and target_start == target_stop:
        raise ValueError("a bead needs a sentence on one side at least")
    source = (source_start, source_stop) if source_start < source_stop else (0, 0)
    target = (target_start, target_stop) if target_start < target_stop else (0, 0)
    return BeadSpan(*source, *target)


def order(bead: BeadSpan) -> tuple[int, ...]:
    """Order beads by their source, and those of the target only by where they stand there."""
    return (bead.source_start, bead.source_stop, bead.target_start, bead.target_stop)


def check_beads(good: Sequence[BeadSpan], bad: Iterable[BeadSpan], n_source: int, n_target: int) -> None:
    """Raise ValueError that names every bead outside the documents, or that can't stand beside the others."""
    problems = [
        f"{bead} is outside the documents, which have {n_source} and {n_target} sentences; they count from 0"
        for bead in (*good, *bad)
        if bead.source_stop > n_source or bead.target_stop > n_target
    ]
    problems += _conflicts(good)
    known = set(good)
    problems += [f"{bead} is good and bad: keep one of the two lines" for bead in bad if bead in known]
    if problems:
        raise ValueError("\n".join(problems))


def _conflicts(good: Sequence[BeadSpan]) -> Iterator[str]:
    """Name the good beads that share a sentence, or cross."""
    for name, start, stop in (("source", 0, 1), ("target", 2, 3)):
        ordered = sorted((bead for bead in good if bead[start] < bead[stop]), key=lambda bead: bead[start])
        for before, after in pairwise(ordered):
            if before[stop] > after[start]:
                yield f"{before} and {after} share a {name} sentence: keep one of the two"
    ordered = sorted(bead for bead in good if not bead.is_null)
    for before, after in pairwise(ordered):
        if before.target_start > after.target_start:
            yield f"{before} and {after} cross: the one that comes first must do so on both sides; keep one of the two"
