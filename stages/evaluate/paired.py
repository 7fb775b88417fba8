"""Compare two alignments of the same pairs: which finds more gold beads, and how likely that is by chance."""

from __future__ import annotations

from collections.abc import Iterable
from math import comb

from stages.bead_lines import BeadPositions


def full_beads(beads: Iterable[BeadPositions]) -> set[BeadPositions]:
    """Return the beads that have both sides."""
    return {bead for bead in beads if bead.source and bead.target}


def count_found_by_one(
    gold: Iterable[BeadPositions], first: Iterable[BeadPositions], second: Iterable[BeadPositions]
) -> tuple[int, int]:
    """Count the gold beads with both sides that only the first alignment of a pair finds, and only the second."""
    right_first, right_second = (full_beads(gold) & full_beads(found) for found in (first, second))
    return len(right_first - right_second), len(right_second - right_first)


def sign_test(n_first: int, n_second: int) -> float:
    """Return how likely so uneven counts, or more so, are where both are equally likely to grow: two-sided, exact.

    Of gold beads that only one of two alignments finds this is the exact form of McNemar's test. It takes beads for
    independent, which neighbours are not quite.
    """
    n_both, n_fewer = n_first + n_second, min(n_first, n_second)
    n_ways = sum(comb(n_both, count) for count in range(n_fewer + 1))
    return min(1.0, float(2 * n_ways / 2**n_both))
