"""Use corrections as gold: compare what the aligner finds with what people have judged, and with nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from stages.bead_lines import BeadPositions
from stages.corrections.decided import Corrections
from stages.corrections.span import BeadSpan


def judged_beads(
    corrections: Corrections, predicted: Iterable[BeadPositions]
) -> tuple[list[BeadPositions], list[BeadPositions]]:
    """Return the predicted beads that people have judged, and the gold beads to compare them with.

    A predicted bead counts if it shares a sentence with a good bead, or is a bad one: nobody has said a word about the
    others. Null beads are taken one sentence each, as predicted ones are.
    """
    gold = [one for bead in corrections.good for one in _positions(bead)]
    bad = {one for bead in corrections.bad for one in _positions(bead)}
    beads = list(predicted)
    judged = bad.union(beads_touching(beads, gold))
    return [bead for bead in beads if bead in judged], gold


def beads_touching(beads: Iterable[BeadPositions], gold: Iterable[BeadPositions]) -> list[BeadPositions]:
    """Return the beads that share a sentence with a gold bead."""
    gold = list(gold)
    sources = set[int]().union(*(bead.source for bead in gold))
    targets = set[int]().union(*(bead.target for bead in gold))
    return [bead for bead in beads if not (sources.isdisjoint(bead.source) and targets.isdisjoint(bead.target))]


def reviewed_runs(corrections: Corrections, n_beads: int) -> list[BeadPositions]:
    """Return the good beads in runs of at least so many with text on both sides, with null beads between them.

    In a run no sentence is left that nothing was decided about. Good beads that stand alone are mostly those that a
    reviewer was led to because they were doubtful: to learn from them would be to learn from exceptions.
    """
    good = [bead for bead in corrections.good if not bead.is_null]
    alone = [bead for bead in corrections.good if bead.is_null]
    nulls = {i for bead in alone for i in bead.source}, {j for bead in alone for j in bead.target}
    runs: list[list[BeadSpan]] = []
    for bead in good:
        if not runs or not _follow_each_other(runs[-1][-1], bead, nulls):
            runs.append([])
        runs[-1].append(bead)
    long = [run for run in runs if len(run) >= n_beads]
    between = [bead for bead in alone if any(_is_inside(bead, run) for run in long)]
    return [one for bead in (*(bead for run in long for bead in run), *between) for one in _positions(bead)]


def _follow_each_other(before: BeadSpan, after: BeadSpan, nulls: tuple[set[int], set[int]]) -> bool:
    between = range(before.source_stop, after.source_start), range(before.target_stop, after.target_start)
    return nulls[0].issuperset(between[0]) and nulls[1].issuperset(between[1])


def _is_inside(null: BeadSpan, run: Sequence[BeadSpan]) -> bool:
    first, last = run[0], run[-1]
    if null.source:
        return first.source_stop <= null.source_start < last.source_start
    return first.target_stop <= null.target_start < last.target_start


def _positions(bead: BeadSpan) -> list[BeadPositions]:
    if not bead.is_null:
        return [BeadPositions(tuple(bead.source), tuple(bead.target))]
    return [*(BeadPositions((i,), ()) for i in bead.source), *(BeadPositions((), (j,)) for j in bead.target)]
