"""What a bead is judged by, and its score: features times weights.

M, N the most source and target sentences in a bead, S source sentences, T target sentences, B bead types, C cells of
the band, F features.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from stages.align.band import Band
from stages.align.lengths import Lengths
from stages.align.marks import Marks
from stages.align.score import NO_SCORE
from stages.align.similarity import similarity_blocks
from stages.align.statistics import Scale
from stages.align.weights import BEAD_FEATURES, Weights

LENGTH_VARIANCE = 6.8
"""Variance of the length of a translation per unit of length: Gale & Church (1993)."""

MAX_DEVIATION = 30.0
"""A squared deviation of lengths counts no more than this: beyond it, lengths say nothing new."""


MISSING = np.float32(-1e9)
"""The similarity of an overlap that there is not: below all others."""


class Sides(NamedTuple):
    """What is known of the texts of both sides.

    trust : float32 array of shape (7,), how far each kind of mark is to be trusted: `trust_marks`.
    """

    lengths: Lengths
    source_marks: Marks
    target_marks: Marks
    trust: NDArray[np.float32]


class BandFeatures(NamedTuple):
    """What is known of the beads and sentences of a band.

    score : float32 array of shape (C, B); -inf where there is no such bead.
    source_best, target_best : float32 arrays of shape (S,) and (T,), the largest similarity of each sentence to any
                               sentence that the band lets it meet.
    """

    score: NDArray[np.float32]
    source_best: NDArray[np.float32]
    target_best: NDArray[np.float32]


def score_beads(
    source: NDArray[np.floating],
    target: NDArray[np.floating],
    scale: Scale,
    sides: Sides,
    band: Band,
    types: NDArray[np.int64],
    weights: Weights,
) -> BandFeatures:
    """Score every bead of every cell of the band.

    source, target : float arrays of shape (M, S, D) and (N, T, D), S and T at least 1.
    """
    found = BandFeatures(
        np.full((band.n_cells, len(types)), NO_SCORE, np.float32),
        np.full(source.shape[1], -np.inf, np.float32),
        np.full(target.shape[1], -np.inf, np.float32),
    )
    bead_weights = np.array(weights.bead, np.float32)
    for block in similarity_blocks(source, target, band, scale):
        _score_block(block, band, types, sides, bead_weights, found)
    return found


def collect_features(
    source: NDArray[np.floating],
    target: NDArray[np.floating],
    scale: Scale,
    sides: Sides,
    band: Band,
    types: NDArray[np.int64],
) -> NDArray[np.float32]:
    """Return the features of every bead of every cell, float32 of shape (C, B, F); nan where there is no such bead."""
    features = np.full((band.n_cells, len(types), len(BEAD_FEATURES)), np.nan, np.float32)
    for block in similarity_blocks(source, target, band, scale):
        _collect_block(block, band, types, sides, features)
    return features


@njit(cache=True)
def _score_block(block, band, types, sides, weights, found):  # type: ignore[no-untyped-def]
    features = np.empty(len(weights), np.float32)
    for i in range(block.row_start, block.row_stop):
        a = i - 1 - block.first_source
        first_cell = band.offset[i] - band.start[i]
        for j in range(max(band.start[i], 1), band.stop[i] if i > 0 else 0):
            single = block.similarity[0, a, 0, j - 1 - block.first_target]
            found.source_best[i - 1] = larger(found.source_best[i - 1], single)
            found.target_best[j - 1] = larger(found.target_best[j - 1], single)
        # One bead type at a time along the row, so that its branches go the same way.
        for kind in range(len(types)):
            m, n = types[kind, 0], types[kind, 1]
            for j in range(max(band.start[i], n), band.stop[i] if m <= i else 0):
                b = j - 1 - block.first_target
                fill_features(block.similarity, a, b, i, j, m, n, sides, features)
                score = np.float32(0.0)
                for feature in range(len(weights)):
                    score += weights[feature] * features[feature]
                found.score[first_cell + j, kind] = score


@njit(cache=True)
def _collect_block(block, band, types, sides, features):  # type: ignore[no-untyped-def]
    for i in range(block.row_start, block.row_stop):
        for j in range(band.start[i], band.stop[i]):
            cell = band.offset[i] + j - band.start[i]
            a, b = i - 1 - block.first_source, j - 1 - block.first_target
            for kind in range(len(types)):
                m, n = types[kind, 0], types[kind, 1]
                if m <= i and n <= j:
                    fill_features(block.similarity, a, b, i, j, m, n, sides, features[cell, kind])


@njit(cache=True, inline="always")
def fill_features(similarity, a, b, i, j, m, n, sides, features):  # type: ignore[no-untyped-def]
    """Fill in the features of the m-n bead that reaches cell (i, j), in the order of BEAD_FEATURES.

    a, b : the last source and target sentence of the bead, as indices into the block of similarities.
    """
    n_source, n_target = len(sides.source_marks.flags), len(sides.target_marks.flags)
    value = similarity[m - 1, a, n - 1, b]
    features[0] = value * (m + n) / 2
    features[1] = value
    features[2] = _extension(similarity, a, b, i, j, m, n, n_source, n_target)
    features[3] = _contraction(similarity, a, b, m, n)
    features[4] = m + n - 2
    features[5] = m > 1 and n > 1
    source = sides.lengths.source[i] - sides.lengths.source[i - m]
    target = sides.lengths.target[j] - sides.lengths.target[j - n]
    deviation = (source - target) * (source - target) / (LENGTH_VARIANCE * (source + target) / 2)
    features[6] = -min(deviation, MAX_DEVIATION) / 2
    features[7] = np.log2(1 + min(source, target) / max(source, target))
    _fill_mismatches(sides, i, j, m, n, features)


@njit(cache=True, inline="always")
def _extension(similarity, a, b, i, j, m, n, n_source, n_target):  # type: ignore[no-untyped-def]
    """Return how much more similar the bead gets with one more sentence on one side; a whole bead only loses by it.

    0 for beads that no overlap extends.
    """
    value, best = similarity[m - 1, a, n - 1, b], MISSING
    if m < similarity.shape[0]:
        if m < i:
            best = larger(best, similarity[m, a, n - 1, b])
        if i < n_source:
            best = larger(best, similarity[m, a + 1, n - 1, b])
    if n < similarity.shape[2]:
        if n < j:
            best = larger(best, similarity[m - 1, a, n, b])
        if j < n_target:
            best = larger(best, similarity[m - 1, a, n, b + 1])
    return best - value if best > MISSING else np.float32(0.0)


@njit(cache=True, inline="always")
def _contraction(similarity, a, b, m, n):  # type: ignore[no-untyped-def]
    """Return how much similarity the bead loses at least without one of its outer sentences; 0 for 1-1."""
    value, best = similarity[m - 1, a, n - 1, b], MISSING
    if m > 1:
        best = larger(best, larger(similarity[m - 2, a, n - 1, b], similarity[m - 2, a - 1, n - 1, b]))
    if n > 1:
        best = larger(best, larger(similarity[m - 1, a, n - 2, b], similarity[m - 1, a, n - 2, b - 1]))
    return value - best if best > MISSING else np.float32(0.0)


@njit(cache=True, inline="always")
def larger(a, b):  # type: ignore[no-untyped-def]
    """Return the larger of two numbers, faster than `max`, which minds nan."""
    return a if a > b else b


@njit(cache=True, inline="always")
def _fill_mismatches(sides, i, j, m, n, features):  # type: ignore[no-untyped-def]
    """Fill in, as numbers that are never positive, how the marks of both sides differ."""
    source, target, trust = sides.source_marks, sides.target_marks, sides.trust
    for mark in range(4):
        of_source = source.counts[i, mark] - source.counts[i - m, mark]
        of_target = target.counts[j, mark] - target.counts[j - n, mark]
        difference = abs(of_source - of_target)
        # Long sentences have many commas: only those count in proportion.
        if mark == 3:
            difference /= max(of_source, of_target, 1.0)
        features[8 + mark] = -difference * trust[mark]
    features[12] = -trust[4] if source.flags[i - 1, 0] != target.flags[j - 1, 0] else 0.0
    features[13] = -trust[5] if source.flags[i - 1, 1] != target.flags[j - 1, 1] else 0.0
    features[14] = -trust[6] if source.flags[i - m, 2] != target.flags[j - n, 2] else 0.0
