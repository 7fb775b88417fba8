"""How good the best path through each cell and each bead is, and the narrow band that good paths stay in.

B bead types, C cells of the band.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from stages.align.band import Band, narrow_band
from stages.align.search.lattice import TEXT, Lattice, best_end, fill_states


class Reach(NamedTuple):
    """The best totals on either side of every cell.

    best   : float64 array of shape (C, 4), up to each state of each cell.
    opened : float64 array of shape (C,), up to each cell from which a bead begins.
    onward : float64 array of shape (C, 4), from each state of each cell to the end.
    total  : of the best path.
    """

    best: NDArray[np.float64]
    opened: NDArray[np.float64]
    onward: NDArray[np.float64]
    total: float


def measure_reach(lattice: Lattice, band: Band) -> Reach:
    """Find the best way to and from everywhere."""
    best, _, _ = fill_states(lattice, band)
    opened = np.maximum((best + lattice.moves[4]).max(axis=1), lattice.before)
    return Reach(best, opened, best_onward(lattice, band), best_end(best, lattice)[2])


def near_band(reach: Reach, lattice: Lattice, band: Band, margin: float) -> Band:
    """Return the band of the cells that paths within `margin` nats of the best one meet."""
    through = np.maximum((reach.best + reach.onward).max(axis=1), lattice.before + reach.onward[:, TEXT])
    return narrow_band(band, through >= reach.total - margin)


@njit(cache=True)
def best_onward(lattice, band):  # type: ignore[no-untyped-def]
    """Return the best total from each state of each cell to the end: float64 array of shape (C, 4).

    The twin of `lattice.fill_states`, backwards.
    """
    n_types, n_cells, n_rows = len(lattice.types), band.offset[-1], len(band.start)
    onward = np.full((n_cells, 4), -np.inf, np.float64)
    onward[n_cells - 1] = lattice.stop
    ways, moves = np.empty(5, np.float64), lattice.moves
    for i in range(n_rows - 1, -1, -1):
        for j in range(band.stop[i] - 1, band.start[i] - 1, -1):
            cell = band.offset[i] + j - band.start[i]
            if cell == n_cells - 1:
                continue
            ways[:] = -np.inf
            for kind in range(n_types):
                row, column = i + lattice.types[kind, 0], j + lattice.types[kind, 1]
                if row < n_rows and band.start[row] <= column < band.stop[row]:
                    after = band.offset[row] + column - band.start[row]
                    way = onward[after, TEXT] + lattice.score[after, kind]
                    if way > ways[4]:
                        ways[4] = way
            if i + 1 < n_rows and j >= band.start[i + 1]:
                below = onward[band.offset[i + 1] + j - band.start[i + 1]]
                ways[0], ways[2] = below[0] + lattice.source_null[i], below[2]
            if j + 1 < band.stop[i]:
                ways[1] = onward[cell + 1, 1] + lattice.target_null[j]
                ways[3] = onward[cell + 1, 3]
            for state in range(4):
                best = lattice.after[cell] if state <= 1 else -np.inf
                for move in range(5):
                    if ways[move] + moves[move, state] > best:
                        best = ways[move] + moves[move, state]
                onward[cell, state] = best
    return onward


@njit(cache=True)
def ways_through(opened, onward, lattice, band):  # type: ignore[no-untyped-def]
    """Return what each bead adds up to with what comes before and after it: float64 array of shape (C, B).

    opened, onward : float64 arrays of shape (C,) and (C, 4), up to each cell from which a bead begins, and from each
                     state of each cell to the end: of the best paths (Reach), or of all of them (Posterior).
    """
    way = np.full(lattice.score.shape, -np.inf, np.float64)
    for i in range(len(band.start)):
        for j in range(band.start[i], band.stop[i]):
            cell = band.offset[i] + j - band.start[i]
            for kind in range(len(lattice.types)):
                row, column = i - lattice.types[kind, 0], j - lattice.types[kind, 1]
                if row >= 0 and band.start[row] <= column < band.stop[row]:
                    before = opened[band.offset[row] + column - band.start[row]]
                    way[cell, kind] = before + lattice.score[cell, kind] + onward[cell, TEXT]
    return way
