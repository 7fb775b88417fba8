"""Compute the features of beads, and their scores: features times weights.

M, N the most source and target sentences in a bead, S source sentences, T target sentences, B bead types, C cells of
the band, F features.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stages.align.anchors.lengths import Lengths
from stages.align.band import Band, cell_at
from stages.align.beads import NO_SCORE
from stages.align.compiled import njit
from stages.align.scoring.punctuation import Punctuation
from stages.align.scoring.similarity import Block
from stages.align.scoring.weights import BEAD_FEATURES, Weights

LENGTH_VARIANCE = 6.8
"""Variance of the length of a translation per unit of length: Gale & Church (1993)."""

MAX_DEVIATION = 30.0
"""A squared deviation of lengths counts no more than this: beyond it, lengths say nothing new."""

MISSING = np.float32(-1e9)
"""The similarity of an overlap that there is not: below all others."""


class Sides(NamedTuple):
    """What is known of the texts of both sides.

    trust : float32 array of shape (7,), how far each kind of mark is to be trusted: `trust_punctuation`.
    """

    lengths: Lengths
    source_punctuation: Punctuation
    target_punctuation: Punctuation
    trust: NDArray[np.float32]


class OverlapTexts(NamedTuple):
    """What the texts of the overlaps of one side are like.

    lengths : float64 array of shape (M, S + 1): of the 1 to M sentences before each position.
    marks   : float32 array of shape (M, 7, S + 1): how many marks of each kind they bear together, whether they end
              without a final mark, end with a quotation mark, start in lower case.
    """

    lengths: NDArray[np.float64]
    marks: NDArray[np.float32]


class BandFeatures(NamedTuple):
    """What is known of the beads and sentences of a band.

    score : float32 array of shape (C, B); -inf where there is no such bead.
    source_best, target_best : float32 arrays of shape (S,) and (T,), the largest similarity of each sentence to any
                               sentence that the band lets it meet.
    """

    score: NDArray[np.float32]
    source_best: NDArray[np.float32]
    target_best: NDArray[np.float32]


def score_blocks(
    blocks: Iterable[Block], sides: Sides, band: Band, types: NDArray[np.int64], weights: Weights
) -> BandFeatures:
    """Score every bead of every cell of the band, whose similarities come block by block."""
    texts = texts_of_overlaps(sides, types)
    found = BandFeatures(
        np.full((band.n_cells, len(types)), NO_SCORE, np.float32),
        np.full(len(sides.lengths.source) - 1, -np.inf, np.float32),
        np.full(len(sides.lengths.target) - 1, -np.inf, np.float32),
    )
    bead_weights, row = np.array(weights.bead, np.float32), _empty_row(band)
    for block in blocks:
        _score_block(block, band, types, *texts, sides.trust, bead_weights, row, found)
    return found


def collect_features(
    blocks: Iterable[Block], sides: Sides, band: Band, types: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Return the features of every bead of every cell, float32 of shape (C, B, F); nan where there is no such bead."""
    texts = texts_of_overlaps(sides, types)
    features = np.full((band.n_cells, len(types), len(BEAD_FEATURES)), np.nan, np.float32)
    row = _empty_row(band)
    for block in blocks:
        _collect_block(block, band, types, *texts, sides.trust, row, features)
    return features


def _empty_row(band: Band) -> NDArray[np.float32]:
    """Return room for the features of beads of one type in any row of the band, and for their scores."""
    return np.empty((len(BEAD_FEATURES) + 1, band.widest), np.float32)


def texts_of_overlaps(sides: Sides, types: NDArray[np.int64]) -> tuple[OverlapTexts, OverlapTexts]:
    """Return what the overlaps of both sides that beads are made of are like."""
    return (
        _texts_of(sides.lengths.source, sides.source_punctuation, int(types[:, 0].max(initial=1))),
        _texts_of(sides.lengths.target, sides.target_punctuation, int(types[:, 1].max(initial=1))),
    )


def _texts_of(lengths: NDArray[np.float64], marks: Punctuation, n_sizes: int) -> OverlapTexts:
    texts = OverlapTexts(np.ones((n_sizes, len(lengths))), np.zeros((n_sizes, 7, len(lengths)), np.float32))
    for size in range(1, min(n_sizes, len(lengths) - 1) + 1):
        texts.lengths[size - 1, size:] = lengths[size:] - lengths[:-size]
        texts.marks[size - 1, :4, size:] = (marks.counts[size:] - marks.counts[:-size]).T
        texts.marks[size - 1, 4:6, size:] = marks.flags[size - 1 :, :2].T
        texts.marks[size - 1, 6, size:] = marks.flags[: len(marks.flags) - size + 1, 2]
    return texts


@njit(cache=True)
def _score_block(
    block: Block,
    band: Band,
    types: NDArray[np.int64],
    source: OverlapTexts,
    target: OverlapTexts,
    trust: NDArray[np.float32],
    weights: NDArray[np.float32],
    row: NDArray[np.float32],
    found: BandFeatures,
) -> None:
    score = row[-1]
    for i in range(max(block.row_start, 1), block.row_stop):
        first_cell = cell_at(band, i, 0)
        a, b = i - 1 - block.first_source, -1 - block.first_target
        for j in range(max(band.start[i], 1), band.stop[i]):
            single = block.similarity[0, a, 0, b + j]
            found.source_best[i - 1] = larger(found.source_best[i - 1], single)
            found.target_best[j - 1] = larger(found.target_best[j - 1], single)
        for kind in range(len(types)):
            m, n = types[kind, 0], types[kind, 1]
            first = max(band.start[i], n)
            width = band.stop[i] - first
            if m <= i and width > 0:
                fill_row(block, i, first, width, m, n, source, target, trust, row)
                for x in range(width):
                    score[x] = 0.0
                for feature in range(len(weights)):
                    for x in range(width):
                        score[x] += weights[feature] * row[feature, x]
                for x in range(width):
                    found.score[first_cell + first + x, kind] = score[x]


@njit(cache=True)
def _collect_block(
    block: Block,
    band: Band,
    types: NDArray[np.int64],
    source: OverlapTexts,
    target: OverlapTexts,
    trust: NDArray[np.float32],
    row: NDArray[np.float32],
    features: NDArray[np.float32],
) -> None:
    for i in range(max(block.row_start, 1), block.row_stop):
        for kind in range(len(types)):
            m, n = types[kind, 0], types[kind, 1]
            first = max(band.start[i], n)
            width = band.stop[i] - first
            if m <= i and width > 0:
                fill_row(block, i, first, width, m, n, source, target, trust, row)
                cell = cell_at(band, i, first)
                for x in range(width):
                    for feature in range(features.shape[2]):
                        features[cell + x, kind, feature] = row[feature, x]


@njit(cache=True)
def fill_row(
    block: Block,
    i: int,
    first: int,
    width: int,
    m: int,
    n: int,
    source: OverlapTexts,
    target: OverlapTexts,
    trust: NDArray[np.float32],
    features: NDArray[np.float32],
) -> None:
    """Fill in the features of the m-n beads that reach the cells (i, first), (i, first + 1) … : `width` of them.

    features : float32 array of shape (F, at least `width`), in the order of BEAD_FEATURES.
    """
    similarity, a, b = block.similarity, i - 1 - block.first_source, first - 1 - block.first_target
    of_source, size, both = source.lengths[m - 1, i], np.float32(m + n), np.float32(m > 1 and n > 1)
    own, lengths = similarity[m - 1, a, n - 1], target.lengths[n - 1]
    for x in range(width):
        value, of_target = own[b + x], lengths[first + x]
        features[0, x] = value * size / 2
        features[1, x] = value
        features[4, x] = size - 2
        features[5, x] = both
        difference, total = of_source - of_target, of_source + of_target
        deviation = difference * difference / (LENGTH_VARIANCE / 2 * total)
        features[6, x] = -smaller(deviation, MAX_DEVIATION) / 2
        features[7, x] = np.log2(1 + smaller(of_source, of_target) / larger(of_source, of_target))
    n_source, n_target = source.lengths.shape[1] - 1, len(lengths) - 1
    _fill_extension(similarity, a, b, m, n, i < n_source, first == n, min(width, n_target - first), features[2, :width])
    _fill_contraction(similarity, a, b, m, n, features[3, :width])
    for mark in range(7):
        here, trusted, others = source.marks[m - 1, mark, i], trust[mark], target.marks[n - 1, mark]
        for x in range(width):
            # As numbers that are never positive: how the marks of both sides differ.
            there = others[first + x]
            difference = -abs(here - there) * trusted
            if mark == 3:
                # Long sentences have many commas: only those count in proportion.
                difference /= larger(larger(here, there), np.float32(1.0))
            features[8 + mark, x] = difference


@njit(cache=True)
def _fill_extension(
    similarity: NDArray[np.float32],
    a: int,
    b: int,
    m: int,
    n: int,
    goes_on: bool,
    begins: bool,
    n_going_on: int,
    found: NDArray[np.float32],
) -> None:
    """Fill in how much more similar a bead gets with one more sentence on one side; a whole bead only loses by it.

    0 for beads that no overlap extends.

    a, b : the last sentences of the first bead, as indices of the block.
    goes_on, n_going_on : whether the source goes on after the beads, and how many of them the target goes on after.
    begins : whether the first bead begins with the first target sentence.
    """
    found[:] = MISSING
    if m < similarity.shape[0]:
        if m <= a:
            _raise(found, similarity[m, a, n - 1], b, len(found))
        if goes_on:
            _raise(found, similarity[m, a + 1, n - 1], b, len(found))
    if n < similarity.shape[2]:
        first = int(begins)
        _raise(found[first:], similarity[m - 1, a, n], b + first, len(found) - first)
        _raise(found, similarity[m - 1, a, n], b + 1, n_going_on)
    own = similarity[m - 1, a, n - 1]
    for x in range(len(found)):
        found[x] = found[x] - own[b + x] if found[x] > MISSING else np.float32(0.0)


@njit(cache=True)
def _fill_contraction(
    similarity: NDArray[np.float32], a: int, b: int, m: int, n: int, found: NDArray[np.float32]
) -> None:
    """Fill in how much similarity a bead loses at least without one of its outer sentences; 0 for 1-1."""
    found[:] = MISSING
    if m > 1:
        _raise(found, similarity[m - 2, a, n - 1], b, len(found))
        _raise(found, similarity[m - 2, a - 1, n - 1], b, len(found))
    if n > 1:
        _raise(found, similarity[m - 1, a, n - 2], b, len(found))
        _raise(found, similarity[m - 1, a, n - 2], b - 1, len(found))
    own = similarity[m - 1, a, n - 1]
    for x in range(len(found)):
        found[x] = own[b + x] - found[x] if found[x] > MISSING else np.float32(0.0)


@njit(cache=True)
def _raise(found: NDArray[np.float32], similarity: NDArray[np.float32], b: int, count: int) -> None:
    """Raise so much of what is found to similarities where these are larger: that of index x to the one of b + x."""
    for x in range(count):
        found[x] = larger(found[x], similarity[b + x])


@njit(cache=True, inline="always")
def larger(a: float, b: float) -> float:
    """Return the larger of two numbers, faster than `max`, which minds nan."""
    return a if a > b else b


@njit(cache=True, inline="always")
def smaller(a: float, b: float) -> float:
    """Return the smaller of two numbers."""
    return a if a < b else b
