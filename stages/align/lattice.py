"""The lattice of the log-linear method: its states, the best path through it, and the way back.

In every cell (i, j) of the band a path is in one of four states:

    TEXT         after a bead with text on both sides, or after source null beads that follow one
    TARGET_NULLS after target null beads: source null beads cannot follow, so that a run of null beads has one order
    SKIP_SOURCE  inside a foreign block, leaving out source sentences
    SKIP_TARGET  inside a foreign block, leaving out target sentences: those of the source come first

A foreign block pays once where it begins and once where it ends, however long it is: junk is left out whole instead of
being paired with junk.

B bead types, C cells of the band, S source sentences, T target sentences, P beads with text on both sides.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from stages.align.band import Band
from stages.align.weights import Weights

TEXT, TARGET_NULLS, SKIP_SOURCE, SKIP_TARGET = 0, 1, 2, 3

UNREACHED = 255
"""The back-pointer of a state that no path reaches: the largest uint8."""

SOURCE_NULL = 254
"""The back-pointer of a TEXT state that is reached by leaving out a source sentence; others are bead types."""


class Lattice(NamedTuple):
    """What a path adds up.

    score : float32 array of shape (C, B), what a bead adds in the cell that it reaches; -inf where there is none.
    types : int64 array of shape (B, 2), source and target sentences of each bead type.
    source_null, target_null : float32 arrays of shape (S,) and (T,), what each sentence adds as a null bead.
    moves : float64 array of shape (5, 4), what is added for going on from each state with a source null bead, a target
            null bead, a skipped source sentence, a skipped target sentence, a bead; -inf where that is not allowed.
    start, stop : float64 arrays of shape (4,), what is added for beginning and ending in each state.
    """

    score: NDArray[np.float32]
    types: NDArray[np.int64]
    source_null: NDArray[np.float32]
    target_null: NDArray[np.float32]
    moves: NDArray[np.float64]
    start: NDArray[np.float64]
    stop: NDArray[np.float64]


class BestPath(NamedTuple):
    """The best path.

    stops : int64 array of shape (P, 2), the cells that the beads with text on both sides reach, in order.
    kinds : int64 array of shape (P,), the bead type of each.
    source_skipped, target_skipped : bool arrays of shape (S,) and (T,): sentences in foreign blocks.
    total : what the path adds up to.
    """

    stops: NDArray[np.int64]
    kinds: NDArray[np.int64]
    source_skipped: NDArray[np.bool_]
    target_skipped: NDArray[np.bool_]
    total: float


def make_lattice(
    score: NDArray[np.float32],
    types: NDArray[np.int64],
    source_null: NDArray[np.float32],
    target_null: NDArray[np.float32],
    weights: Weights,
) -> Lattice:
    """Return the lattice in which foreign blocks cost what the weights say."""
    never, enter, leave, sentence = -np.inf, weights.skip_enter, weights.skip_leave, weights.skip_sentence
    moves = np.array(
        [
            [0.0, never, never, never],
            [0.0, 0.0, never, never],
            # After the target's part of a block only a new block leaves out source sentences. It is needed where the
            # band is too narrow for a whole block with the source's part first.
            [enter + sentence, enter + sentence, sentence, leave + enter + sentence],
            [enter + sentence, enter + sentence, sentence, sentence],
            [0.0, 0.0, leave, leave],
        ]
    )
    edge = weights.skip_edge
    start, stop = np.array([0.0, never, edge, never]), np.array([0.0, 0.0, edge, edge])
    return Lattice(score, types, source_null, target_null, moves, start, stop)


def find_best_path(lattice: Lattice, band: Band) -> BestPath:
    """Find the path with the largest total.

    Of equally good ways the bead type that stands first wins, then the state that stands first.
    """
    best, pointers, opened = fill_states(lattice, band)
    last = best[-1] + lattice.stop
    state = int(last.argmax())
    stops, kinds, source_skipped, target_skipped = trace_states(pointers, opened, state, lattice.types, band)
    return BestPath(stops, kinds, source_skipped, target_skipped, float(last[state]))


@njit(cache=True)
def fill_states(lattice, band):  # type: ignore[no-untyped-def]
    """Fill the table.

    Returns the best total of each state of each cell (float64, shape (C, 4)), its back-pointer (uint8, shape (C, 4):
    for TEXT a bead type or SOURCE_NULL, for others the state before), and the state from which a bead best begins in
    each cell (uint8, shape (C,)).
    """
    n_cells = band.offset[-1]
    best = np.full((n_cells, 4), -np.inf, np.float64)
    pointers = np.full((n_cells, 4), UNREACHED, np.uint8)
    opened = np.zeros(n_cells, np.uint8)
    open_total = np.full(n_cells, -np.inf, np.float64)
    best[0] = lattice.start
    for i in range(len(band.start)):
        for j in range(band.start[i], band.stop[i]):
            cell = band.offset[i] + j - band.start[i]
            for kind in range(len(lattice.types)):
                row, column = i - lattice.types[kind, 0], j - lattice.types[kind, 1]
                if row < 0 or column < band.start[row] or column >= band.stop[row]:
                    continue
                total = open_total[band.offset[row] + column - band.start[row]] + lattice.score[cell, kind]
                if total > best[cell, TEXT]:
                    best[cell, TEXT], pointers[cell, TEXT] = total, kind
            if i > 0 and j < band.stop[i - 1]:
                above = best[band.offset[i - 1] + j - band.start[i - 1]]
                total = above[TEXT] + lattice.source_null[i - 1]
                if total > best[cell, TEXT]:
                    best[cell, TEXT], pointers[cell, TEXT] = total, SOURCE_NULL
                _step(above, lattice.moves[2], 0.0, best[cell], pointers[cell], SKIP_SOURCE)
            if j > band.start[i]:
                _step(
                    best[cell - 1],
                    lattice.moves[1],
                    lattice.target_null[j - 1],
                    best[cell],
                    pointers[cell],
                    TARGET_NULLS,
                )
                _step(best[cell - 1], lattice.moves[3], 0.0, best[cell], pointers[cell], SKIP_TARGET)
            for state in range(4):
                total = best[cell, state] + lattice.moves[4, state]
                if total > open_total[cell]:
                    open_total[cell], opened[cell] = total, state
    return best, pointers, opened


@njit(cache=True)
def _step(before, moves, added, best, pointers, state):  # type: ignore[no-untyped-def]
    """Reach a state of a cell by leaving out a sentence, from the best state of the cell before."""
    for previous in range(4):
        total = before[previous] + moves[previous] + added
        if total > best[state]:
            best[state], pointers[state] = total, previous


@njit(cache=True)
def trace_states(pointers, opened, state, types, band):  # type: ignore[no-untyped-def]
    """Walk back from a state of the last cell; returns the first four fields of BestPath."""
    i, j = len(band.start) - 1, band.stop[-1] - 1
    source_skipped, target_skipped = np.zeros(i, np.bool_), np.zeros(j, np.bool_)
    stops, kinds = np.empty((min(i, j), 2), np.int64), np.empty(min(i, j), np.int64)
    free = len(kinds)
    while i > 0 or j > 0:
        pointer = pointers[band.offset[i] + j - band.start[i], state]
        if pointer == UNREACHED:
            raise ValueError("the band has no path through it")
        if state == TEXT and pointer == SOURCE_NULL:
            i -= 1
        elif state == TEXT:
            free -= 1
            stops[free, 0], stops[free, 1], kinds[free] = i, j, pointer
            i, j = i - types[pointer, 0], j - types[pointer, 1]
            state = opened[band.offset[i] + j - band.start[i]]
        elif state == SKIP_SOURCE:
            i -= 1
            source_skipped[i] = True
            state = pointer
        else:
            j -= 1
            target_skipped[j] = state == SKIP_TARGET
            state = pointer
    return stops[free:], kinds[free:], source_skipped, target_skipped
