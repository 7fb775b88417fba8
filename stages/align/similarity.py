"""Similarities of overlaps, computed block by block along the band with one matrix product each.

M, N the most source and target sentences in a bead, R rows and W columns of a block, D dimensions.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stages.align.band import Band
from stages.align.statistics import Scale, distances

BLOCK_ROWS = 32
"""Rows of a block: more make the product faster, and more of it falls outside the band."""

BLOCK_CELLS = 32 * 1024
"""Rows times columns of a block at most (but for one row): bounds its memory, also where the band is very wide."""


class Block(NamedTuple):
    """The similarities that the cells of some rows of the band need.

    row_start, row_stop : the rows of the table that are scored from this block.
    first_source, first_target : the sentences that index 0 of the block stands for.
    similarity : float32 array of shape (M, R, N, W): `similarity[m - 1, i - first_source, n - 1, j - first_target]` is
                 that of the overlap of m source sentences ending with i and the one of n target sentences ending with
                 j. It reaches over the rows and columns of the band far enough for the neighbours of a bead.
    """

    row_start: int
    row_stop: int
    first_source: int
    first_target: int
    similarity: NDArray[np.float32]


def similarity_blocks(
    source: NDArray[np.floating], target: NDArray[np.floating], band: Band, scale: Scale | None = None
) -> Iterator[Block]:
    """Yield the blocks of the band from the first row to the last.

    source, target : float arrays of shape (M, S, D) and (N, T, D), S and T at least 1.
    scale          : how vectors are centred and similarities stretched; None for the dot products themselves.
    """
    for row_start, row_stop in _row_ranges(band):
        # The bead that reaches cell (i, j) ends with sentences i - 1 and j - 1; its neighbours lie one further on and
        # up to M (N) back.
        source_rows = slice(max(row_start - 1 - len(source), 0), row_stop + 1)
        target_rows = slice(max(int(band.start[row_start]) - 1 - len(target), 0), int(band.stop[row_stop - 1]) + 1)
        similarity = _products(source[:, source_rows], target[:, target_rows], scale)
        yield Block(row_start, row_stop, source_rows.start, target_rows.start, similarity)


def _products(source: NDArray[np.floating], target: NDArray[np.floating], scale: Scale | None) -> NDArray[np.float32]:
    rows = np.array(source, np.float32).reshape(-1, source.shape[2])
    columns = np.array(target, np.float32).reshape(-1, target.shape[2])
    similarity = rows @ columns.T
    if scale is not None:
        _centre_products(similarity, rows, columns, scale)
    return similarity.reshape(*source.shape[:2], *target.shape[:2])


def _centre_products(
    similarity: NDArray[np.float32], rows: NDArray[np.float32], columns: NDArray[np.float32], scale: Scale
) -> None:
    """Turn the products a.b into stretch * (cosine of a - centre and b - centre, less the background), in place.

    (a - p).(b - q) = a.b - a.q - b.p + p.q, so no vector needs to be centred.
    """
    p, q = scale.source_centre, scale.target_centre
    similarity -= (rows @ q)[:, None]
    similarity -= (columns @ p - p @ q)[None, :]
    similarity *= (scale.stretch / distances(rows, p))[:, None]
    similarity *= (1 / distances(columns, q))[None, :]
    similarity -= np.float32(scale.stretch * scale.background)


def _row_ranges(band: Band) -> Iterator[tuple[int, int]]:
    start, n_rows = 0, len(band.start)
    while start < n_rows:
        stop = start + 1
        while (
            stop < n_rows
            and stop - start < BLOCK_ROWS
            and (stop + 1 - start) * int(band.stop[stop] - band.start[start]) <= BLOCK_CELLS
        ):
            stop += 1
        yield start, stop
        start = stop
