"""Find the best path through each cell and each bead (max-marginals), and the narrow band that good paths stay in.

B bead types, C cells of the band.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stages.align.band import Band, cell_at, columns_beside, has_cell, narrow_band
from stages.align.compiled import njit
from stages.align.search.lattice import TEXT, Lattice, best_end, fill_states


class MaxMarginals(NamedTuple):
    """The best totals on either side of every cell.

    forward, backward : float64 arrays of shape (C, 4), up to each state of each cell, and from there to the end.
    bead_forward : float64 array of shape (C,), up to each cell from which a bead begins.
    total : of the best path.
    """

    forward: NDArray[np.float64]
    bead_forward: NDArray[np.float64]
    backward: NDArray[np.float64]
    total: float


def find_max_marginals(lattice: Lattice, band: Band) -> MaxMarginals:
    """Find the best way to and from everywhere."""
    forward, _, _ = fill_states(lattice, band)
    bead_forward = lattice.before.copy()
    for state, move in enumerate(lattice.moves[4]):
        np.maximum(bead_forward, forward[:, state] + move, out=bead_forward)
    return MaxMarginals(forward, bead_forward, max_backward(lattice, band), best_end(forward, lattice)[2])


def near_band(marginals: MaxMarginals, lattice: Lattice, band: Band, margin: float) -> Band:
    """Return the band of the cells that paths within `margin` nats of the best one meet."""
    through = lattice.before + marginals.backward[:, TEXT]
    for state in range(4):
        np.maximum(through, marginals.forward[:, state] + marginals.backward[:, state], out=through)
    return narrow_band(band, through >= marginals.total - margin)


def max_backward(lattice: Lattice, band: Band) -> NDArray[np.float64]:
    """Return the best total from each state of each cell to the end: float64 array of shape (C, 4).

    The twin of `lattice.fill_states`, backwards.
    """
    backward = np.full((band.n_cells, 4), -np.inf)
    backward[-1] = lattice.stop
    _fill_backward(lattice, band, backward, np.empty(5), np.empty(band.widest))
    return backward


@njit(cache=True)
def _fill_backward(
    lattice: Lattice,
    band: Band,
    backward: NDArray[np.float64],
    ways: NDArray[np.float64],
    beads: NDArray[np.float64],
) -> None:
    types, score, moves, n_cells, n_rows = lattice.types, lattice.score, lattice.moves, len(backward), len(band.start)
    for i in range(n_rows - 1, -1, -1):
        for x in range(band.stop[i] - band.start[i]):
            beads[x] = -np.inf
        for kind in range(len(types)):
            row, n = i + types[kind, 0], types[kind, 1]
            if row < n_rows:
                first, last = columns_beside(band, i, row, -n)
                here, there = first - band.start[i], cell_at(band, row, first + n)
                for x in range(last - first):
                    way = backward[there + x, TEXT] + score[there + x, kind]
                    if way > beads[here + x]:
                        beads[here + x] = way
        for j in range(band.stop[i] - 1, band.start[i] - 1, -1):
            cell = cell_at(band, i, j)
            if cell == n_cells - 1:
                continue
            for move in range(4):
                ways[move] = -np.inf
            ways[4] = beads[j - band.start[i]]
            if i + 1 < n_rows and j >= band.start[i + 1]:
                below = cell_at(band, i + 1, j)
                ways[0], ways[2] = backward[below, 0] + lattice.source_null[i], backward[below, 2]
            if j + 1 < band.stop[i]:
                ways[1] = backward[cell + 1, 1] + lattice.target_null[j]
                ways[3] = backward[cell + 1, 3]
            for state in range(4):
                best = lattice.after[cell] if state <= 1 else -np.inf
                for move in range(5):
                    if ways[move] + moves[move, state] > best:
                        best = ways[move] + moves[move, state]
                backward[cell, state] = best


def bead_marginals(
    bead_forward: NDArray[np.float64], backward: NDArray[np.float64], lattice: Lattice, band: Band
) -> NDArray[np.float64]:
    """Return what each bead adds up to with what comes before and after it: float64 array of shape (C, B).

    bead_forward, backward : float64 arrays of shape (C,) and (C, 4), up to each cell from which a bead begins, and from
        each state of each cell to the end: of the best paths (MaxMarginals), or of all of them (Posterior).
    """
    way = np.full(lattice.score.shape, -np.inf)
    _fill_beads(bead_forward, backward, lattice.score, lattice.types, band, way)
    return way


@njit(cache=True)
def _fill_beads(
    bead_forward: NDArray[np.float64],
    backward: NDArray[np.float64],
    score: NDArray[np.float32],
    types: NDArray[np.int64],
    band: Band,
    way: NDArray[np.float64],
) -> None:
    for i in range(len(band.start)):
        for j in range(band.start[i], band.stop[i]):
            cell = cell_at(band, i, j)
            for kind in range(len(types)):
                row, column = i - types[kind, 0], j - types[kind, 1]
                if has_cell(band, row, column):
                    before = bead_forward[cell_at(band, row, column)]
                    way[cell, kind] = before + score[cell, kind] + backward[cell, TEXT]
