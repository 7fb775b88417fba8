"""The band: which cells of the table are searched.

A cell (i, j) means that i source and j target sentences are aligned, 0 <= i <= S, 0 <= j <= T. The invariant, made here
and relied on by the kernels: row i covers `start[i] <= j < stop[i]`; neither bound ever decreases; neighbouring rows
share a cell; (0, 0) and (S, T) are inside. So there is always a path.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stages.align.beads import NO_CORNERS
from stages.align.compiled import njit

MAX_GAP_CELLS = 1 << 20
"""A wider gap between anchors is not searched whole. At 1 M cells a gap takes about 60 MB and a tenth of a second."""

GAP_STEP = 64
"""Sentences between the points of the diagonal through a gap that is too wide to search whole."""


class Band(NamedTuple):
    """A ragged band.

    start, stop : int64 arrays of shape (S + 1,).
    offset      : int64 array of shape (S + 2,), where each row is stored, and the number of cells C (see `cell_at`).
    """

    start: NDArray[np.int64]
    stop: NDArray[np.int64]
    offset: NDArray[np.int64]

    @property
    def n_cells(self) -> int:
        """Return how many cells the band has."""
        return int(self.offset[-1])

    @property
    def widest(self) -> int:
        """Return how many cells a row has at most."""
        return int((self.stop - self.start).max())

    def cells_at(self, i: NDArray[np.int64] | int, j: NDArray[np.int64] | int) -> NDArray[np.int64]:
        """Return where cells (i, j) are stored: int64 array of shape (cells,), as `cell_at` in a kernel."""
        cells: NDArray[np.int64] = self.offset[i] + j - self.start[i]
        return cells


@njit(cache=True, inline="always")
def cell_at(band: Band, i: int, j: int) -> int:
    """Return where cell (i, j), which lies in the band, is stored."""
    return int(band.offset[i] + j - band.start[i])


@njit(cache=True, inline="always")
def has_cell(band: Band, i: int, j: int) -> bool:
    """Return whether cell (i, j) lies in the band."""
    return 0 <= i < len(band.start) and band.start[i] <= j < band.stop[i]


@njit(cache=True, inline="always")
def columns_beside(band: Band, i: int, row: int, n: int) -> tuple[int, int]:
    """Return from which column of row i on, and up to which, the band has the cell n columns before it in another row.

    Where there is none, the first is not before the last.
    """
    return max(band.start[i], band.start[row] + n), min(band.stop[i], band.stop[row] + n)


def cells_of(band: Band) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return i and j of every cell, in the order in which they are stored: int64 arrays of shape (C,)."""
    i = np.repeat(np.arange(len(band.start)), band.stop - band.start)
    j: NDArray[np.int64] = np.arange(band.n_cells) + np.repeat(band.start - band.offset[:-1], band.stop - band.start)
    return i, j


def band_around(
    source_anchors: NDArray[np.int64],
    target_anchors: NDArray[np.int64],
    n_source: int,
    n_target: int,
    radius: int,
    max_gap_cells: int = MAX_GAP_CELLS,
    corners: NDArray[np.int64] = NO_CORNERS,
) -> Band:
    """Return the union of the rectangles between consecutive anchors, grown by `radius` on every side.

    Anchors must increase strictly on both sides. Memory grows with sentences x radius and with the area of the gaps,
    none larger than `max_gap_cells`.

    corners : int64 array of shape (N, 2), cells that every path meets, in order, none of them amid an anchor.
    """
    corners_i = np.concatenate([[0], source_anchors, source_anchors + 1, corners[:, 0], [n_source]])
    corners_j = np.concatenate([[0], target_anchors, target_anchors + 1, corners[:, 1], [n_target]])
    order = np.lexsort((corners_j, corners_i))
    corners_i, corners_j = cut_wide_gaps(corners_i[order], corners_j[order], max_gap_cells)
    rows = np.arange(n_source + 1)
    # Row i meets the rectangle from corner k to k + 1 if corners_i[k] - radius <= i <= corners_i[k + 1] + radius.
    first = np.searchsorted(corners_i[1:], rows - radius, side="left")
    last = np.searchsorted(corners_i[:-1], rows + radius, side="right") - 1
    start = np.maximum(corners_j[first] - radius, 0)
    stop = np.minimum(corners_j[last + 1] + radius, n_target) + 1
    return make_band(start, stop)


def make_band(start: NDArray[np.int64], stop: NDArray[np.int64]) -> Band:
    """Return the band with these rows, and where each is stored."""
    return Band(start, stop, np.concatenate([[0], np.cumsum(stop - start)]))


def narrow_band(band: Band, is_near: NDArray[np.bool_]) -> Band:
    """Return the narrowest band inside another one that holds some of its cells, the first and the last among them.

    is_near : bool array of shape (C,).
    """
    n_rows = len(band.start)
    rows, columns = (position[is_near] for position in cells_of(band))
    first, last = np.full(n_rows, band.stop[-1]), np.zeros(n_rows, np.int64)
    np.minimum.at(first, rows, columns)
    np.maximum.at(last, rows, columns + 1)
    first[0], first[-1], last[-1] = 0, min(first[-1], band.stop[-1] - 1), band.stop[-1]
    # Neither bound may decrease, and neighbouring rows must share a cell, also where no path stops in a row.
    stop = np.maximum.accumulate(last)
    stop[:-1] = np.maximum(stop[:-1], band.start[1:] + 1)
    start = np.minimum.accumulate(first[::-1])[::-1].copy()  # for kernels, a reversed view is another type
    start[1:] = np.minimum(start[1:], stop[:-1] - 1)
    return make_band(start, stop)


def cells_within(band: Band, wide: Band) -> NDArray[np.int64]:
    """Return where a wide band stores the cells of a band inside it: int64 array of shape (C,)."""
    return wide.cells_at(*cells_of(band))


def cut_wide_gaps(
    corners_i: NDArray[np.int64], corners_j: NDArray[np.int64], max_gap_cells: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Put corners on the diagonal of each gap that has more cells than allowed."""
    height, width = np.diff(corners_i), np.diff(corners_j)
    pieces = np.where(height * width > max_gap_cells, -(-np.maximum(height, width) // GAP_STEP), 1)
    gap = np.repeat(np.arange(len(pieces)), pieces)
    piece = np.arange(len(gap)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    i = corners_i[gap] + height[gap] * piece // pieces[gap]
    j = corners_j[gap] + width[gap] * piece // pieces[gap]
    return np.append(i, corners_i[-1]), np.append(j, corners_j[-1])
