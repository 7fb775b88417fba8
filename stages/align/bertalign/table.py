"""The table: the best way to reach every cell of the band, and the beads along the best path.

B bead types, C cells of the band, S source sentences, T target sentences, P beads with text on both sides.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from stages.align.band import Band

UNREACHED = 255
"""The back-pointer of a cell that no path reaches: the largest uint8."""

SOURCE_NULL = 254
"""The back-pointer of a cell that is reached by leaving out a source sentence."""

TARGET_NULL = 253
"""The back-pointer of a cell that is reached by leaving out a target sentence."""


def best_path(
    score: NDArray[np.float32],
    types: NDArray[np.int64],
    source_null: NDArray[np.float32],
    target_null: NDArray[np.float32],
    band: Band,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Find the beads with the largest total score.

    score : float32 array of shape (C, B), -inf where there is no such bead.
    source_null, target_null : float32 arrays of shape (S,) and (T,), what each sentence adds as a null bead.
    Returns the cells that the beads with text on both sides reach, int64 of shape (P, 2), and the bead type of each,
    int64 of shape (P,); in order.
    """
    _, pointers = fill_table(score, types, source_null, target_null, band)
    stops, kinds = trace_beads(pointers, types, band)
    return stops, kinds


@njit(cache=True)
def fill_table(score, types, source_null, target_null, band):  # type: ignore[no-untyped-def]
    """Return the best total of each cell (float64, shape (C,)) and how it is reached (uint8, shape (C,)).

    Of equally good ways the bead type that stands first wins, then the source null, then the target null.
    """
    best = np.full(band.offset[-1], -np.inf, np.float64)
    pointers = np.full(band.offset[-1], UNREACHED, np.uint8)
    best[0] = 0.0
    for i in range(len(band.start)):
        for j in range(band.start[i], band.stop[i]):
            cell = band.offset[i] + j - band.start[i]
            for kind in range(len(types)):
                row, column = i - types[kind, 0], j - types[kind, 1]
                if row < 0 or column < band.start[row] or column >= band.stop[row]:
                    continue
                total = best[band.offset[row] + column - band.start[row]] + score[cell, kind]
                if total > best[cell]:
                    best[cell], pointers[cell] = total, kind
            if i > 0 and j < band.stop[i - 1]:
                total = best[band.offset[i - 1] + j - band.start[i - 1]] + source_null[i - 1]
                if total > best[cell]:
                    best[cell], pointers[cell] = total, SOURCE_NULL
            if j > band.start[i]:
                total = best[cell - 1] + target_null[j - 1]
                if total > best[cell]:
                    best[cell], pointers[cell] = total, TARGET_NULL
    return best, pointers


@njit(cache=True)
def trace_beads(pointers, types, band):  # type: ignore[no-untyped-def]
    """Walk back from the last cell and return the cells that beads reach, and the bead types, both in order."""
    i, j = len(band.start) - 1, band.stop[-1] - 1
    cells = np.empty((min(i, j), 2), np.int64)
    kinds = np.empty(min(i, j), np.int64)
    free = len(kinds)
    while i > 0 or j > 0:
        pointer = pointers[band.offset[i] + j - band.start[i]]
        if pointer == UNREACHED:
            raise ValueError("the band has no path through it")
        if pointer == SOURCE_NULL:
            i -= 1
        elif pointer == TARGET_NULL:
            j -= 1
        else:
            free -= 1
            cells[free, 0], cells[free, 1], kinds[free] = i, j, pointer
            i, j = i - types[pointer, 0], j - types[pointer, 1]
    return cells[free:], kinds[free:]
