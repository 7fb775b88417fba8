"""The lattice of the log-linear method: its states, the best path through it, and the way back.

In every cell (i, j) of the band a path is in one of four states:

    TEXT         after a bead with text on both sides, or after source null beads that follow one
    TARGET_NULLS after target null beads: source null beads cannot follow, so that a run of null beads has one order
    SKIP_SOURCE  inside a foreign block, leaving out source sentences
    SKIP_TARGET  inside a foreign block, leaving out target sentences: those of the source come first

A foreign block pays once where it begins and once where it ends, however long it is: junk is left out whole instead of
being paired with junk. One at the start or the end of the documents (a foreword, an index) pays only a little, so it is
no state: whatever lies before a cell, or after it, can be left out in one step.

B bead types, C cells of the band, S source sentences, T target sentences, P beads with text on both sides.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stages.align.band import Band, cell_at, cells_of, columns_beside
from stages.align.beads import MOST_TYPES
from stages.align.compiled import njit
from stages.align.scoring.weights import Weights

TEXT, TARGET_NULLS, SKIP_SOURCE, SKIP_TARGET = 0, 1, 2, 3

UNREACHED = 255
"""The back-pointer of a state that no path reaches: the largest uint8."""

FOREWORD = 4
"""In place of a state: a bead begins here, and everything before is left out."""

SOURCE_NULL = MOST_TYPES
"""The back-pointer of a TEXT state that is reached by leaving out a source sentence; others are bead types."""


class Lattice(NamedTuple):
    """What a path adds up.

    score : float32 array of shape (C, B), what a bead adds in the cell that it reaches; -inf where there is none.
    types : int64 array of shape (B, 2), source and target sentences of each bead type.
    source_null, target_null : float32 arrays of shape (S,) and (T,), what each sentence adds as a null bead.
    moves : float64 array of shape (5, 4), what is added for going on from each state with a source null bead, a target
            null bead, a skipped source sentence, a skipped target sentence, a bead; -inf where that is not allowed.
    stop  : float64 array of shape (4,), what is added for ending in each state. Paths begin in TEXT, for nothing.
    before, after : float64 arrays of shape (C,), what is added for leaving out everything before a cell, where a bead
                    then begins, and everything after it; -inf where that is not allowed.
    whole : what is added for leaving out everything.
    """

    score: NDArray[np.float32]
    types: NDArray[np.int64]
    source_null: NDArray[np.float32]
    target_null: NDArray[np.float32]
    moves: NDArray[np.float64]
    stop: NDArray[np.float64]
    before: NDArray[np.float64]
    after: NDArray[np.float64]
    whole: float


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
    band: Band,
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
    stop = np.array([0.0, 0.0, leave, leave])
    before, after = _edge_blocks(band, weights)
    whole = 2 * weights.skip_edge + sentence * (len(source_null) + len(target_null))
    return Lattice(score, types, source_null, target_null, moves, stop, before, after, whole)


def _edge_blocks(band: Band, weights: Weights) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return `before` and `after` of Lattice, for blocks that leave out the source's part first within the band."""
    i, j = cells_of(band)
    n_source, n_target = len(band.start) - 1, int(band.stop[-1]) - 1
    before = np.where(band.start[i] == 0, weights.skip_edge + weights.skip_sentence * (i + j), -np.inf)
    n_after = n_source - i + n_target - j
    after = np.where(j >= band.start[-1], weights.skip_edge + weights.skip_sentence * n_after, -np.inf)
    # Empty blocks are none. All of both documents is `whole`.
    before[0] = before[-1] = after[-1] = after[0] = -np.inf
    return before, after


def find_best_path(lattice: Lattice, band: Band) -> BestPath:
    """Find the path with the largest total.

    Of equally good ways the bead type that stands first wins, then the state that stands first.
    """
    best, pointers, bead_from = fill_states(lattice, band)
    cell, state, total = best_end(best, lattice)
    stops, kinds, source_skipped, target_skipped = trace_states(pointers, bead_from, cell, state, lattice.types, band)
    return BestPath(stops, kinds, source_skipped, target_skipped, total)


def best_end(best: NDArray[np.float64], lattice: Lattice) -> tuple[int, int, float]:
    """Return the cell and the state after which all is left out, or nothing is left, and the total of that path.

    best : float64 array of shape (C, 4), as of `fill_states`.
    """
    cells = np.append(np.flatnonzero(lattice.after > -np.inf), len(best) - 1)
    ends = np.full((len(cells), 4), -np.inf)
    ends[:, : TARGET_NULLS + 1] = best[cells, : TARGET_NULLS + 1] + lattice.after[cells, None]
    ends[-1] = best[-1] + lattice.stop
    end, state = divmod(int(ends.argmax()), 4)
    total = float(ends[end, state])
    is_whole = lattice.whole > total or total == -np.inf
    return (0, TEXT, lattice.whole) if is_whole else (int(cells[end]), state, total)


def fill_states(lattice: Lattice, band: Band) -> tuple[NDArray[np.float64], NDArray[np.uint8], NDArray[np.uint8]]:
    """Fill the table.

    Returns the best total of each state of each cell (float64, shape (C, 4)), its back-pointer (uint8, shape (C, 4):
    for TEXT a bead type or SOURCE_NULL, for others the state before), and the state from which a bead best begins in
    each cell, or FOREWORD (uint8, shape (C,)).
    """
    best, bead_forward = np.full((band.n_cells, 4), -np.inf), np.full(band.n_cells, -np.inf)
    pointers, bead_from = np.full((band.n_cells, 4), UNREACHED, np.uint8), np.zeros(band.n_cells, np.uint8)
    _fill_states(lattice, band, best, bead_forward, pointers, bead_from)
    return best, pointers, bead_from


@njit(cache=True)
def _fill_states(
    lattice: Lattice,
    band: Band,
    best: NDArray[np.float64],
    bead_forward: NDArray[np.float64],
    pointers: NDArray[np.uint8],
    bead_from: NDArray[np.uint8],
) -> None:
    types, score, moves = lattice.types, lattice.score, lattice.moves
    best[0, TEXT] = 0.0
    for i in range(len(band.start)):
        # Beads come from rows above, so all that reach this one are known before its first cell.
        for kind in range(len(types)):
            row, n = i - types[kind, 0], types[kind, 1]
            if row >= 0:
                first, last = columns_beside(band, i, row, n)
                here, there = cell_at(band, i, first), cell_at(band, row, first - n)
                for x in range(last - first):
                    total = bead_forward[there + x] + score[here + x, kind]
                    if total > best[here + x, TEXT]:
                        best[here + x, TEXT], pointers[here + x, TEXT] = total, kind
        for j in range(band.start[i], band.stop[i]):
            cell = cell_at(band, i, j)
            if i > 0 and j < band.stop[i - 1]:
                above = cell_at(band, i - 1, j)
                total = best[above, TEXT] + lattice.source_null[i - 1]
                if total > best[cell, TEXT]:
                    best[cell, TEXT], pointers[cell, TEXT] = total, SOURCE_NULL
                for state in range(4):
                    total = best[above, state] + moves[2, state]
                    if total > best[cell, SKIP_SOURCE]:
                        best[cell, SKIP_SOURCE], pointers[cell, SKIP_SOURCE] = total, state
            if j > band.start[i]:
                for state in range(4):
                    total = best[cell - 1, state] + moves[1, state] + lattice.target_null[j - 1]
                    if total > best[cell, TARGET_NULLS]:
                        best[cell, TARGET_NULLS], pointers[cell, TARGET_NULLS] = total, state
                    total = best[cell - 1, state] + moves[3, state]
                    if total > best[cell, SKIP_TARGET]:
                        best[cell, SKIP_TARGET], pointers[cell, SKIP_TARGET] = total, state
            for state in range(4):
                total = best[cell, state] + moves[4, state]
                if total > bead_forward[cell]:
                    bead_forward[cell], bead_from[cell] = total, state
            if lattice.before[cell] > bead_forward[cell]:
                bead_forward[cell], bead_from[cell] = lattice.before[cell], FOREWORD


def trace_states(
    pointers: NDArray[np.uint8],
    bead_from: NDArray[np.uint8],
    cell: int,
    state: int,
    types: NDArray[np.int64],
    band: Band,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_], NDArray[np.bool_]]:
    """Walk back from a state of a cell, after which all is left out; returns the first four fields of BestPath."""
    source_skipped, target_skipped = np.zeros(len(band.start) - 1, bool), np.zeros(band.stop[-1] - 1, bool)
    i = int(np.searchsorted(band.offset, cell, side="right")) - 1
    j = int(cell - band.offset[i] + band.start[i])
    source_skipped[i:], target_skipped[j:] = True, True
    stops, kinds = np.empty((min(i, j), 2), np.int64), np.empty(min(i, j), np.int64)
    first = _trace_states(pointers, bead_from, i, j, state, types, band, stops, kinds, source_skipped, target_skipped)
    if first < 0:
        raise ValueError("the band has no path through it")
    return stops[first:], kinds[first:], source_skipped, target_skipped


@njit(cache=True)
def _trace_states(
    pointers: NDArray[np.uint8],
    bead_from: NDArray[np.uint8],
    i: int,
    j: int,
    state: int,
    types: NDArray[np.int64],
    band: Band,
    stops: NDArray[np.int64],
    kinds: NDArray[np.int64],
    source_skipped: NDArray[np.bool_],
    target_skipped: NDArray[np.bool_],
) -> int:
    """Fill in the beads from the end on, and what is left out; returns the first bead, or -1 if there is no path."""
    first = len(kinds)
    while i > 0 or j > 0:
        if state == FOREWORD:
            for sentence in range(i):
                source_skipped[sentence] = True
            for sentence in range(j):
                target_skipped[sentence] = True
            break
        pointer = pointers[cell_at(band, i, j), state]
        if pointer == UNREACHED:
            return -1
        if state == TEXT and pointer == SOURCE_NULL:
            i -= 1
        elif state == TEXT:
            first -= 1
            stops[first, 0], stops[first, 1], kinds[first] = i, j, pointer
            i, j = i - types[pointer, 0], j - types[pointer, 1]
            state = bead_from[cell_at(band, i, j)]
        elif state == SKIP_SOURCE:
            i -= 1
            source_skipped[i] = True
            state = pointer
        else:
            j -= 1
            target_skipped[j] = state == SKIP_TARGET
            state = pointer
    return first
