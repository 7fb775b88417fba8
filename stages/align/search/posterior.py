"""Compute how likely each bead is (its posterior): the share of all paths, weighted by exp(total), that hold it.

The states and moves are those of `lattice`; sums take the place of maxima. Because the weights were fitted by
likelihood, these shares are calibrated: of the beads with confidence .9 about nine in ten are right. Those of free
translations were fitted to many kinds of texts at once, and need the changes of `confidence_lattice`.

B bead types, C cells of the band, S source sentences, T target sentences, P beads.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stages.align.band import Band, cell_at, columns_beside
from stages.align.compiled import njit
from stages.align.search.lattice import SKIP_SOURCE, SKIP_TARGET, TARGET_NULLS, TEXT, Lattice

NEGLIGIBLE = 25.0
"""Nats below the largest term from which a term of a sum is left out: one in 70 billion."""


SHARPER, LARGER = 0.05, -0.5
"""What is changed where confidences of the freest translations are measured: so much more counts whatever a path adds
up, and so many nats are added to every bead but those of one sentence on each side. Without it, 1-1 beads are right
more often than they say, and larger ones less often.

tests/free_confidence.py fits them to gold documents edited so that they are free. With one set left out they are 0.1
and -0.5 (maligna-pl), 0.15 and -0.7 (alignar-dev-ar-en), 0.2 and -1 (mac-dev-zh-en). Beads of hard texts are right less
often than beads of easy ones that are as sure, so these are cautious numbers: SHARPER is half the least, since
beads of Text+Berg, whose gold is no good for the fit, are sure enough without it, and with 0.1 those of
alignar-dev-ar-en with many strangers were too sure (calibration error .042 to .044): the choice has seen these rows."""


class Posterior(NamedTuple):
    """Logarithms of the weight of all paths.

    forward, backward : float64 arrays of shape (C, 4), of the ways to and from each state of each cell.
    bead_forward, bead_backward : float64 arrays of shape (C,), of the ways to each cell from which a bead can begin,
                                  and of the ways on that begin with a bead.
    total    : of all paths.
    """

    forward: NDArray[np.float64]
    backward: NDArray[np.float64]
    bead_forward: NDArray[np.float64]
    bead_backward: NDArray[np.float64]
    total: float


def confidence_lattice(lattice: Lattice, freedom: float) -> Lattice:
    """Return the lattice by which confidences are measured in a translation that is so free, from 0 to 1."""
    if not freedom:
        return lattice
    sharper = 1 + SHARPER * freedom
    is_larger = (lattice.types > 1).any(axis=1)
    return lattice._replace(
        score=lattice.score * np.float32(sharper) + np.where(is_larger, np.float32(LARGER * freedom), np.float32(0)),
        source_null=lattice.source_null * np.float32(sharper),
        target_null=lattice.target_null * np.float32(sharper),
        moves=lattice.moves * sharper,
        stop=lattice.stop * sharper,
        before=lattice.before * sharper,
        after=lattice.after * sharper,
        whole=lattice.whole * sharper,
    )


def sum_paths(lattice: Lattice, band: Band) -> Posterior:
    """Run forward and backward through the band."""
    forward, bead_forward = sum_forward(lattice, band)
    backward, bead_backward = sum_backward(lattice, band)
    ends = np.append(forward[-1] + lattice.stop, lattice.whole)
    ended = np.logaddexp(forward[:, TEXT], forward[:, TARGET_NULLS]) + lattice.after
    total = np.logaddexp(np.logaddexp.reduce(ends), np.logaddexp.reduce(ended))
    return Posterior(forward, backward, bead_forward, bead_backward, float(total))


@njit(cache=True)
def _log_sum(terms: NDArray[np.float64]) -> float:
    """Return the logarithm of the sum of exp of the terms; -inf if all are."""
    largest = -np.inf
    for index in range(len(terms)):
        largest = max(largest, terms[index])
    if largest == -np.inf:
        return largest
    total = 0.0
    for index in range(len(terms)):
        if terms[index] > largest - NEGLIGIBLE:
            total += np.exp(terms[index] - largest)
    return float(largest + np.log(total))


@njit(cache=True)
def _log_sum_moves(states: NDArray[np.float64], moves: NDArray[np.float64]) -> float:
    """Return the logarithm of the sum of exp(state + move), without an array for the sums."""
    largest = -np.inf
    for index in range(len(states)):
        largest = max(largest, states[index] + moves[index])
    if largest == -np.inf:
        return largest
    total = 0.0
    for index in range(len(states)):
        term = states[index] + moves[index] - largest
        if term > -NEGLIGIBLE:
            total += np.exp(term)
    return float(largest + np.log(total))


@njit(cache=True)
def _log_add(a: float, b: float) -> float:
    """Return the logarithm of exp(a) + exp(b)."""
    largest, least = (a, b) if a > b else (b, a)
    return largest + np.log1p(np.exp(least - largest)) if least > largest - NEGLIGIBLE else largest


def sum_forward(lattice: Lattice, band: Band) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return `forward` and `bead_forward` of Posterior."""
    forward, bead_forward = np.full((band.n_cells, 4), -np.inf), np.full(band.n_cells, -np.inf)
    _sum_forward(lattice, band, forward, bead_forward, np.empty((band.widest, len(lattice.types) + 1)))
    return forward, bead_forward


@njit(cache=True)
def _sum_forward(
    lattice: Lattice,
    band: Band,
    forward: NDArray[np.float64],
    bead_forward: NDArray[np.float64],
    terms: NDArray[np.float64],
) -> None:
    types, score, moves = lattice.types, lattice.score, lattice.moves
    forward[0, TEXT] = 0.0
    for i in range(len(band.start)):
        terms[: band.stop[i] - band.start[i]] = -np.inf
        for kind in range(len(types)):
            row, n = i - types[kind, 0], types[kind, 1]
            if row >= 0:
                first, last = columns_beside(band, i, row, n)
                here, there = cell_at(band, i, first), cell_at(band, row, first - n)
                for x in range(last - first):
                    terms[first - band.start[i] + x, kind] = bead_forward[there + x] + score[here + x, kind]
        for j in range(band.start[i], band.stop[i]):
            cell, of_cell = cell_at(band, i, j), terms[j - band.start[i]]
            if i > 0 and j < band.stop[i - 1]:
                above = cell_at(band, i - 1, j)
                of_cell[-1] = forward[above, TEXT] + lattice.source_null[i - 1]
                forward[cell, SKIP_SOURCE] = _log_sum_moves(forward[above], moves[2])
            if j > band.start[i]:
                nulls = _log_sum_moves(forward[cell - 1], moves[1])
                forward[cell, TARGET_NULLS] = nulls + lattice.target_null[j - 1]
                forward[cell, SKIP_TARGET] = _log_sum_moves(forward[cell - 1], moves[3])
            if cell > 0:
                forward[cell, TEXT] = _log_sum(of_cell)
            bead_forward[cell] = _log_add(_log_sum_moves(forward[cell], moves[4]), lattice.before[cell])


def sum_backward(lattice: Lattice, band: Band) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return `backward` and `bead_backward` of Posterior."""
    backward, bead_backward = np.full((band.n_cells, 4), -np.inf), np.full(band.n_cells, -np.inf)
    backward[-1] = lattice.stop
    moves_from = np.ascontiguousarray(lattice.moves.T)
    terms = np.empty((band.widest, len(lattice.types)))
    _sum_backward(lattice, band, moves_from, backward, bead_backward, terms, np.empty(5))
    return backward, bead_backward


@njit(cache=True)
def _sum_backward(
    lattice: Lattice,
    band: Band,
    moves_from: NDArray[np.float64],
    backward: NDArray[np.float64],
    bead_backward: NDArray[np.float64],
    terms: NDArray[np.float64],
    ways: NDArray[np.float64],
) -> None:
    types, score, n_cells = lattice.types, lattice.score, len(backward)
    for i in range(len(band.start) - 1, -1, -1):
        terms[: band.stop[i] - band.start[i]] = -np.inf
        for kind in range(len(types)):
            row, n = i + types[kind, 0], types[kind, 1]
            if row < len(band.start):
                first, last = columns_beside(band, i, row, -n)
                here, there = first - band.start[i], cell_at(band, row, first + n)
                for x in range(last - first):
                    terms[here + x, kind] = backward[there + x, TEXT] + score[there + x, kind]
        for j in range(band.stop[i] - 1, band.start[i] - 1, -1):
            cell = cell_at(band, i, j)
            for move in range(4):
                ways[move] = -np.inf
            ways[4] = bead_backward[cell] = _log_sum(terms[j - band.start[i]])
            if i + 1 < len(band.start) and j >= band.start[i + 1]:
                below = cell_at(band, i + 1, j)
                ways[0] = backward[below, TEXT] + lattice.source_null[i]
                ways[2] = backward[below, SKIP_SOURCE]
            if j + 1 < band.stop[i]:
                ways[1] = backward[cell + 1, TARGET_NULLS] + lattice.target_null[j]
                ways[3] = backward[cell + 1, SKIP_TARGET]
            if cell < n_cells - 1:
                for state in range(4):
                    backward[cell, state] = _log_sum_moves(ways, moves_from[state])
                for state in range(TARGET_NULLS + 1):
                    backward[cell, state] = _log_add(backward[cell, state], lattice.after[cell])


def bead_posterior(
    posterior: Posterior, lattice: Lattice, band: Band, stops: NDArray[np.int64], kinds: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the share of paths that hold each of some beads: float64 array of shape (P,).

    stops, kinds : int64 arrays of shape (P, 2) and (P,), the cells that the beads reach and their types.
    """
    cells, starts = band.cells_at(*stops.T), band.cells_at(*(stops - lattice.types[kinds]).T)
    ways = posterior.bead_forward[starts] + lattice.score[cells, kinds] + posterior.backward[cells, TEXT]
    shares: NDArray[np.float64] = np.exp(np.minimum(ways - posterior.total, 0.0))
    return shares


def corner_posterior(
    posterior: Posterior, lattice: Lattice, band: Band, corners: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the share of paths that pass through each of some corners, cells of the band: float64 array, shape (N,).

    What leaves out everything before a cell, or after it, passes through none on the way.

    corners : int64 array of shape (N, 2).
    """
    cells = band.cells_at(*corners.T)
    ways = np.column_stack(
        [posterior.forward[cells] + posterior.backward[cells], lattice.before[cells] + posterior.bead_backward[cells]]
    )
    shares: NDArray[np.float64] = np.exp(np.minimum(ways - posterior.total, 0.0)).sum(axis=1)
    return np.minimum(shares, 1.0)


def null_posterior(
    posterior: Posterior, lattice: Lattice, band: Band
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the share of paths that leave out each sentence: float64 arrays of shape (S,) and (T,)."""
    source, target = (
        np.full(len(nulls), _share(lattice.whole - posterior.total))
        for nulls in (lattice.source_null, lattice.target_null)
    )
    _add_nulls(posterior, lattice, band, source, target)
    return np.minimum(source, 1.0), np.minimum(target, 1.0)


@njit(cache=True)
def _add_nulls(
    posterior: Posterior, lattice: Lattice, band: Band, source: NDArray[np.float64], target: NDArray[np.float64]
) -> None:
    forward, backward, moves, total = posterior.forward, posterior.backward, lattice.moves, posterior.total
    for i in range(len(band.start)):
        for j in range(band.start[i], band.stop[i]):
            cell = cell_at(band, i, j)
            share = _share(lattice.before[cell] + posterior.bead_backward[cell] - total)
            if share > 0.0:
                for sentence in range(i):
                    source[sentence] += share
                for sentence in range(j):
                    target[sentence] += share
            share = _share(_log_add(forward[cell, TEXT], forward[cell, TARGET_NULLS]) + lattice.after[cell] - total)
            if share > 0.0:
                for sentence in range(i, len(source)):
                    source[sentence] += share
                for sentence in range(j, len(target)):
                    target[sentence] += share
            if i > 0 and j < band.stop[i - 1]:
                above = cell_at(band, i - 1, j)
                null = forward[above, TEXT] + lattice.source_null[i - 1] + backward[cell, TEXT]
                source[i - 1] += _share(null - total)
                for state in range(4):
                    skipped = forward[above, state] + moves[2, state] + backward[cell, SKIP_SOURCE]
                    source[i - 1] += _share(skipped - total)
            if j > band.start[i]:
                for state in range(4):
                    before = forward[cell - 1, state]
                    null = before + moves[1, state] + lattice.target_null[j - 1] + backward[cell, TARGET_NULLS]
                    target[j - 1] += _share(null - total)
                    target[j - 1] += _share(before + moves[3, state] + backward[cell, SKIP_TARGET] - total)


@njit(cache=True)
def _share(logarithm: float) -> float:
    return np.exp(logarithm) if logarithm > -40.0 else 0.0
