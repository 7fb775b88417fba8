"""Measure how well an alignment agrees with gold: strict and lax precision, recall and F1.

The definition is Vecalign's (Thompson & Koehn 2019, section 4). Every document's beads are a set: a bead that stands
twice counts once, and one that is empty on both sides doesn't count. A bead agrees with a set of beads

- strictly, if the very same bead is in the set;
- laxly, if it agrees strictly, or if it shares a source position and a target position with one bead of the set.

Precision is the share of predicted beads that agree with gold, null beads included; so a null bead is right only if
gold has the very same one, and a null bead of several sentences in gold agrees with none of ours, which hold one
sentence each. Recall is the share of gold beads with both sides that agree with the predicted beads with both sides.
Over several documents the counts are summed before they are divided. What is 0 / 0 is 0.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass
from typing import Any, NamedTuple

from stages.bead_lines import BeadPositions
from stages.evaluate.reliability import Judged, measure_reliability


class Scores(NamedTuple):
    """Shares between 0 and 1."""

    precision: float
    recall: float
    f1: float


@dataclass(frozen=True)
class Evaluation:
    """Counts of beads, which can be added over documents."""

    predicted: int = 0
    """Predicted beads, null beads included."""
    predicted_strict: int = 0
    """Those of them that agree strictly with gold."""
    predicted_lax: int = 0
    gold: int = 0
    """Gold beads that have both sides."""
    gold_strict: int = 0
    """Those of them that agree strictly with a predicted bead."""
    gold_lax: int = 0
    judged: tuple[Judged, ...] = ()
    """The beads with text on both sides and their confidences, where they are known."""

    def __add__(self, other: Evaluation) -> Evaluation:
        """Add the counts of other documents."""
        return Evaluation(*(mine + theirs for mine, theirs in zip(astuple(self), astuple(other), strict=True)))

    @property
    def strict(self) -> Scores:
        """Return how many beads are the very same."""
        return _scores(self.predicted_strict, self.predicted, self.gold_strict, self.gold)

    @property
    def lax(self) -> Scores:
        """Return how many beads overlap on both sides."""
        return _scores(self.predicted_lax, self.predicted, self.gold_lax, self.gold)

    def as_dict(self) -> dict[str, Any]:
        """Return both scores and the counts, for JSON."""
        counts = {name: count for name, count in vars(self).items() if name != "judged"}
        return {"strict": self.strict._asdict(), "lax": self.lax._asdict(), "counts": counts}


def evaluate(predicted: Iterable[BeadPositions], gold: Iterable[BeadPositions]) -> Evaluation:
    """Compare the beads of one document pair with its gold beads."""
    predicted_beads, gold_beads = _bead_set(predicted), _bead_set(gold)
    predicted_full = {bead for bead in predicted_beads if all(bead)}
    gold_full = {bead for bead in gold_beads if all(bead)}
    return Evaluation(
        len(predicted_beads), *_count_agreeing(predicted_beads, gold_beads),
        len(gold_full), *_count_agreeing(gold_full, predicted_full),
    )  # fmt: skip


def sum_evaluations(evaluations: Iterable[Evaluation]) -> Evaluation:
    """Add the counts of all documents."""
    return sum(evaluations, start=Evaluation())


def summarize(documents: Mapping[str, Evaluation]) -> dict[str, Any]:
    """Return the scores over all documents and of each, for JSON: `strict`, `lax`, `counts`, `documents`.

    And the `reliability` of confidences over all, as `measure_reliability` gives it, where they are known.
    """
    total = sum_evaluations(documents.values())
    reliability = measure_reliability(total.judged)
    return {
        **total.as_dict(),
        **({"reliability": reliability} if reliability else {}),
        "documents": {name: document.as_dict() for name, document in documents.items()},
    }


def _bead_set(beads: Iterable[BeadPositions]) -> set[BeadPositions]:
    return {bead for bead in beads if bead.source or bead.target}


def _count_agreeing(beads: set[BeadPositions], others: set[BeadPositions]) -> tuple[int, int]:
    """Count the beads that agree with others: strictly, laxly."""
    linked: defaultdict[int, set[int]] = defaultdict(set)
    for source, target in others:
        for position in source:
            linked[position].update(target)
    n_strict = len(beads & others)
    n_overlapping = sum(
        any(not linked[position].isdisjoint(target) for position in source if position in linked)
        for source, target in beads - others
    )
    return n_strict, n_strict + n_overlapping


def _scores(n_right: int, n_predicted: int, n_found: int, n_gold: int) -> Scores:
    precision = n_right / n_predicted if n_predicted else 0.0
    recall = n_found / n_gold if n_gold else 0.0
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return Scores(precision, recall, f1)
