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

    similarity, score : float32 arrays of shape (C, B); the score is -inf where there is no such bead.
    source_best, target_best : float32 arrays of shape (S,) and (T,), the largest similarity of each sentence to any
                               sentence that the band lets it meet.
    """

    similarity: NDArray[np.float32]
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
        np.zeros((band.n_cells, len(types)), np.float32),
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
        for j in range(band.start[i], band.stop[i]):
            cell = band.offset[i] + j - band.start[i]
            a, b = i - 1 - block.first_source, j - 1 - block.first_target
            if i > 0 and j > 0:
                single = block.similarity[0, a, 0, b]
                found.source_best[i - 1] = max(found.source_best[i - 1], single)
                found.target_best[j - 1] = max(found.target_best[j - 1], single)
            for kind in range(len(types)):
                m, n = types[kind]
                if m <= i and n <= j:
                    fill_features(block.similarity, a, b, i, j, m, n, sides, features)
                    found.similarity[cell, kind] = block.similarity[m - 1, a, n - 1, b]
                    score = np.float32(0.0)
                    for feature in range(len(weights)):
                        score += weights[feature] * features[feature]
                    found.score[cell, kind] = score


@njit(cache=True)
def _collect_block(block, band, types, sides, features):  # type: ignore[no-untyped-def]
    for i in range(block.row_start, block.row_stop):
        for j in range(band.start[i], band.stop[i]):
            cell = band.offset[i] + j - band.start[i]
            a, b = i - 1 - block.first_source, j - 1 - block.first_target
            for kind in range(len(types)):
                m, n = types[kind]
                if m <= i and n <= j:
                    fill_features(block.similarity, a, b, i, j, m, n, sides, features[cell, kind])


@njit(cache=True)
def fill_features(similarity, a, b, i, j, m, n, sides, features):  # type: ignore[no-untyped-def]
    """Fill in the features of the m-n bead that reaches cell (i, j), in the order of BEAD_FEATURES.

    a, b : the last source and target sentence of the bead, as indices into the block of similarities.
    """
    value = similarity[m - 1, a, n - 1, b]
    features[0] = value * (m + n) / 2
    features[1] = value
    features[2] = _extension(similarity, a, b, i, j, m, n, sides)
    features[3] = _contraction(similarity, a, b, m, n)
    features[4] = m + n - 2
    features[5] = m > 1 and n > 1
    source = sides.lengths.source[i] - sides.lengths.source[i - m]
    target = sides.lengths.target[j] - sides.lengths.target[j - n]
    deviation = (source - target) * (source - target) / (LENGTH_VARIANCE * (source + target) / 2)
    features[6] = -min(deviation, MAX_DEVIATION) / 2
    features[7] = np.log2(1 + min(source, target) / max(source, target))
    _fill_mismatches(sides, i, j, m, n, features)


@njit(cache=True)
def _extension(similarity, a, b, i, j, m, n, sides):  # type: ignore[no-untyped-def]
    """Return how much more similar the bead gets with one more sentence on one side; a whole bead only loses by it.

    0 for beads that no overlap extends.
    """
    best = -np.inf
    if m < similarity.shape[0]:
        if m < i:
            best = max(best, similarity[m, a, n - 1, b])
        if i < len(sides.source_marks.flags):
            best = max(best, similarity[m, a + 1, n - 1, b])
    if n < similarity.shape[2]:
        if n < j:
            best = max(best, similarity[m - 1, a, n, b])
        if j < len(sides.target_marks.flags):
            best = max(best, similarity[m - 1, a, n, b + 1])
    return best - similarity[m - 1, a, n - 1, b] if best > -np.inf else 0.0


@njit(cache=True)
def _contraction(similarity, a, b, m, n):  # type: ignore[no-untyped-def]
    """Return how much similarity the bead loses at least without one of its outer sentences; 0 for 1-1."""
    best = -np.inf
    if m > 1:
        best = max(best, similarity[m - 2, a, n - 1, b], similarity[m - 2, a - 1, n - 1, b])
    if n > 1:
        best = max(best, similarity[m - 1, a, n - 2, b], similarity[m - 1, a, n - 2, b - 1])
    return similarity[m - 1, a, n - 1, b] - best if best > -np.inf else 0.0


@njit(cache=True)
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
