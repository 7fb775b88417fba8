"""Measure how far confidences can be trusted: of the beads with confidence .9, nine in ten should be right.

P beads with text on both sides.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil, isfinite
from typing import Any

from stages.bead_lines import BeadPositions
from stages.data import Beads

Judged = tuple[float, bool]
"""The confidence of a bead with text on both sides, and whether gold has the very same bead."""

N_BINS = 10
"""Of equal width, from 0 to 1."""

COVERAGE = 0.8
"""Of the beads, the surest first, whose precision is told."""


def judge_beads(beads: Beads, gold: Iterable[BeadPositions]) -> tuple[Judged, ...]:
    """Judge the beads with text on both sides by gold; none where the method has no measure of confidence."""
    right = set(gold)
    spans = zip(beads.source_start, beads.source_stop, beads.target_start, beads.target_stop, strict=True)
    return tuple(
        (float(confidence), (tuple(range(i, i_stop)), tuple(range(j, j_stop))) in right)
        for (i, i_stop, j, j_stop), confidence in zip(spans, beads.confidence, strict=True)
        if i < i_stop and j < j_stop and isfinite(confidence)
    )


def measure_reliability(judged: Iterable[Judged]) -> dict[str, Any] | None:
    """Return what a report shows of judged beads, for JSON; None without any.

    beads                : how many were judged.
    precision            : the share that is right, of all of them.
    calibration_error    : ECE (Naeini et al. 2015): |precision - confidence| of the bins, weighted by their beads.
    coverage, precision_at_coverage : the share of beads, the surest first, and how many of these are right. Beads as
                           sure as the last of them count in proportion, whatever their order.
    bins                 : a list from the least to the most sure: `from`, `to`, `beads`, and for those that are not
                           empty their mean `confidence` and the share that is `correct`, else None.
    """
    ranked = sorted(judged, reverse=True)
    if not ranked:
        return None
    bins = [_measure_bin(ranked, number) for number in range(N_BINS)]
    error = sum(one["beads"] * abs(one["correct"] - one["confidence"]) for one in bins if one["beads"])
    return {
        "beads": len(ranked),
        "precision": _precision(ranked),
        "calibration_error": error / len(ranked),
        "coverage": COVERAGE,
        "precision_at_coverage": _precision_of_surest(ranked, COVERAGE),
        "bins": bins,
    }


def describe_reliability(measured: dict[str, Any]) -> str:
    """Say in a sentence how far confidences can be trusted."""
    return (
        f"Confidence of {measured['beads']:,} beads: expected calibration error {measured['calibration_error']:.3f}; "
        f"of the surest {measured['coverage']:.0%}, {measured['precision_at_coverage']:.1%} are right "
        f"(of all, {measured['precision']:.1%})"
    )


def _measure_bin(ranked: list[Judged], number: int) -> dict[str, Any]:
    held = [one for one in ranked if min(int(one[0] * N_BINS), N_BINS - 1) == number]
    mean = sum(confidence for confidence, _ in held) / len(held) if held else None
    return {
        "from": number / N_BINS,
        "to": (number + 1) / N_BINS,
        "beads": len(held),
        "confidence": mean,
        "correct": _precision(held) if held else None,
    }


def _precision(held: list[Judged]) -> float:
    return sum(is_right for _, is_right in held) / len(held)


def _precision_of_surest(ranked: list[Judged], coverage: float) -> float:
    n_covered = ceil(coverage * len(ranked))
    last = ranked[n_covered - 1][0]
    surer = [is_right for confidence, is_right in ranked if confidence > last]
    as_sure = [is_right for confidence, is_right in ranked if confidence == last]
    return (sum(surer) + (n_covered - len(surer)) * sum(as_sure) / len(as_sure)) / n_covered
