"""Carry what was decided about beads over to a document of which some sentences have been changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from stages.corrections.edit import SOURCE
from stages.corrections.edits import Change
from stages.corrections.place import Held
from stages.corrections.review import BAD, GOOD
from stages.corrections.span import BeadSpan, make_bead_span


def carry_decisions(
    good: Iterable[BeadSpan], bad: Iterable[BeadSpan], side: str, change: Change
) -> tuple[list[BeadSpan], list[BeadSpan]]:
    """Return the good and the bad beads as they stand after a change of one side.

    Good beads of which sentences were joined are one. What has lost a side, or can't stand beside the others, is left
    out: nothing is known to be right about it.
    """
    held = Held()
    for mark, beads in ((GOOD, _joined(_carried(good, side, change))), (BAD, _carried(bad, side, change))):
        for bead in beads:
            held.add(mark, bead)
    return sorted(held.good), sorted(held.bad)


def carry_span(start: int, stop: int, change: Change) -> tuple[int, int]:
    """Return where a span of positions lies after a change; it is empty where all its sentences are dropped."""
    if stop <= change.start:
        return start, stop
    more = change.n_texts - (change.stop - change.start)
    if start >= change.stop:
        return start + more, stop + more
    return min(start, change.start), stop + more if stop >= change.stop else change.start + change.n_texts


def _carried(beads: Iterable[BeadSpan], side: str, change: Change) -> list[BeadSpan]:
    made = []
    for bead in beads:
        source, target = bead[:2], bead[2:]
        if side == SOURCE and bead.source:
            source = carry_span(*source, change)
        elif side != SOURCE and bead.target:
            target = carry_span(*target, change)
        if (source[0] < source[1], target[0] < target[1]) == (bool(bead.source), bool(bead.target)):
            made.append(make_bead_span(*source, *target))
    return made


def _joined(beads: Sequence[BeadSpan]) -> list[BeadSpan]:
    """Return beads of which those that share a sentence are one."""
    whole = sorted(bead for bead in beads if not bead.is_null)
    made = whole[:1]
    for before, bead in pairwise(whole):
        if before.source_stop > bead.source_start or before.target_stop > bead.target_start:
            last = made[-1]
            made[-1] = make_bead_span(last.source_start, bead.source_stop, last.target_start, bead.target_stop)
        else:
            made.append(bead)
    return [*made, *(bead for bead in beads if bead.is_null)]
