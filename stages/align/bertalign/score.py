"""Score beads as the two-pass method does: by margin and lengths (Liu & Zhu 2022, section 3.3).

B bead types, C cells of the band, S source sentences, T target sentences.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stages.align.anchors.lengths import Lengths
from stages.align.band import Band, cell_at
from stages.align.beads import NO_SCORE
from stages.align.compiled import njit
from stages.align.scoring.similarity import Block, similarity_blocks


class BandScores(NamedTuple):
    """The scores of all beads that end in a cell of the band.

    similarity, score : float32 arrays of shape (C, B).
    """

    similarity: NDArray[np.float32]
    score: NDArray[np.float32]


def score_band(
    source: NDArray[np.floating],
    target: NDArray[np.floating],
    lengths: Lengths,
    band: Band,
    types: NDArray[np.int64],
    use_margin: bool,
    use_length: bool,
) -> BandScores:
    """Score every bead of every cell of the band.

    source, target : float arrays of shape (M, S, D) and (N, T, D), S and T at least 1.
    """
    similarity = np.zeros((band.n_cells, len(types)), np.float32)
    score = np.full((band.n_cells, len(types)), NO_SCORE, np.float32)
    scores = BandScores(similarity, score)
    for block in similarity_blocks(source, target, band):
        _score_block(block, band, types, lengths, use_margin, use_length, scores)
    return scores


@njit(cache=True)
def _score_block(
    block: Block,
    band: Band,
    types: NDArray[np.int64],
    lengths: Lengths,
    use_margin: bool,
    use_length: bool,
    scores: BandScores,
) -> None:
    """Fill in similarity and score of the rows of one block."""
    for i in range(block.row_start, block.row_stop):
        for j in range(band.start[i], band.stop[i]):
            cell = cell_at(band, i, j)
            for kind in range(len(types)):
                m, n = types[kind, 0], types[kind, 1]
                if m > i or n > j:
                    continue
                a, b = i - 1 - block.first_source, j - 1 - block.first_target
                similarity = block.similarity[m - 1, a, n - 1, b]
                value = similarity
                if use_margin:
                    value -= _neighbour_mean(block.similarity, a, b, m, n)
                if use_length:
                    value *= _length_factor(lengths, i, j, m, n)
                scores.similarity[cell, kind] = similarity
                scores.score[cell, kind] = value


@njit(cache=True)
def _neighbour_mean(similarity: NDArray[np.float32], a: int, b: int, m: int, n: int) -> float:
    """Return how similar each side of a bead is to the sentences just before and after the other side, on average.

    a, b : the last source and target sentence of the bead, as indices into the block.
    """
    n_rows, n_columns = similarity.shape[1], similarity.shape[3]
    total, count = 0.0, 0
    if b - n >= 0:
        total, count = total + similarity[m - 1, a, 0, b - n], count + 1
    if b + 1 < n_columns:
        total, count = total + similarity[m - 1, a, 0, b + 1], count + 1
    of_source = total / max(count, 1)
    total, count = 0.0, 0
    if a - m >= 0:
        total, count = total + similarity[0, a - m, n - 1, b], count + 1
    if a + 1 < n_rows:
        total, count = total + similarity[0, a + 1, n - 1, b], count + 1
    return (of_source + total / max(count, 1)) / 2


@njit(cache=True)
def _length_factor(lengths: Lengths, i: int, j: int, m: int, n: int) -> float:
    """Return log2(1 + shorter / longer): 1 for sides of equal length, towards 0 as they differ."""
    source = lengths.source[i] - lengths.source[i - m]
    target = lengths.target[j] - lengths.target[j - n]
    return float(np.log2(1 + min(source, target) / max(source, target)))
