"""Corrections as gold: what the aligner finds is compared with what people have judged, and with nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from stages.corrections.decided import Corrections
from stages.corrections.span import Span
from stages.evaluate.links import Link


def judged_links(corrections: Corrections, predicted: Iterable[Link]) -> tuple[list[Link], list[Link]]:
    """Return the predicted beads that people have judged, and the gold beads to compare them with.

    A predicted bead counts if it shares a sentence with a good bead, or is a bad one: nobody has said a word about the
    others. Null beads are taken one sentence each, as predicted ones are.
    """
    gold = [link for bead in corrections.good for link in _links(bead)]
    bad = {(link.source, link.target) for bead in corrections.bad for link in _links(bead)}
    links = list(predicted)
    touching = set(links_touching(links, gold))
    return [link for link in links if link in touching or (link.source, link.target) in bad], gold


def links_touching(links: Iterable[Link], gold: Iterable[Link]) -> list[Link]:
    """Return the links that share a sentence with a gold bead."""
    known = [(set(link.source), set(link.target)) for link in gold]
    sources = set[int]().union(*(source for source, _ in known))
    targets = set[int]().union(*(target for _, target in known))
    return [link for link in links if not (sources.isdisjoint(link.source) and targets.isdisjoint(link.target))]


def reviewed_runs(corrections: Corrections, n_beads: int) -> list[Link]:
    """Return the good beads in runs of at least so many with text on both sides, with null beads between them.

    In a run no sentence is left that nothing was decided about. Good beads that stand alone are mostly those that a
    reviewer was led to because they were doubtful: to learn from them would be to learn from exceptions.
    """
    good = [bead for bead in corrections.good if not bead.is_null]
    alone = [bead for bead in corrections.good if bead.is_null]
    nulls = {i for bead in alone for i in bead.source}, {j for bead in alone for j in bead.target}
    runs: list[list[Span]] = []
    for bead in good:
        if not runs or not _follow_each_other(runs[-1][-1], bead, nulls):
            runs.append([])
        runs[-1].append(bead)
    long = [run for run in runs if len(run) >= n_beads]
    between = [bead for bead in alone if any(_is_inside(bead, run) for run in long)]
    return [link for bead in (*(bead for run in long for bead in run), *between) for link in _links(bead)]


def _follow_each_other(before: Span, after: Span, nulls: tuple[set[int], set[int]]) -> bool:
    between = range(before.source_stop, after.source_start), range(before.target_stop, after.target_start)
    return nulls[0].issuperset(between[0]) and nulls[1].issuperset(between[1])


def _is_inside(null: Span, run: Sequence[Span]) -> bool:
    first, last = run[0], run[-1]
    if null.source:
        return first.source_stop <= null.source_start < last.source_start
    return first.target_stop <= null.target_start < last.target_start


def _links(bead: Span) -> list[Link]:
    if not bead.is_null:
        return [Link(tuple(bead.source), tuple(bead.target))]
    return [*(Link((i,), ()) for i in bead.source), *(Link((), (j,)) for j in bead.target)]
