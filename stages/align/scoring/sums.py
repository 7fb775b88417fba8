"""Overlaps that nobody encoded, stood in for by sums of the vectors of their sentences.

K encoded overlap sizes, M sizes that a bead may have, S sentences, D dimensions.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stages.align.anchors.scale import distances

FIRST_FEW = 8
"""Numbers of a vector that are looked at first, to see whether it is zero."""


class Sums(NamedTuple):
    """What the products of sums take, besides those of sentences.

    weights : float32 array of shape (S,), as of `sum_weights`.
    inverse_norms : float32 array of shape (M, S), 1 / the length of the sum of 1 to M sentences that ends with each.
    """

    weights: NDArray[np.float32]
    inverse_norms: NDArray[np.float32]

    @property
    def n_sizes(self) -> int:
        """Return how many sentences a sum has at most."""
        return len(self.inverse_norms)

    def part(self, sentences: slice) -> Sums:
        """Return the same of sums that end with some of the sentences."""
        return Sums(self.weights[sentences], self.inverse_norms[:, sentences])


def sum_weights(byte_lengths: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return what the centred unit vector of each sentence is multiplied with: float32 array of shape (S,).

    It is the square root of the length: long sentences say more, but not in proportion.
    """
    return np.sqrt(byte_lengths).astype(np.float32)


def measure_sums(
    vectors: NDArray[np.floating], n_sizes: int, byte_lengths: NDArray[np.float64], centre: NDArray[np.float32]
) -> Sums:
    """Measure the sums of up to `n_sizes` sentences without adding up any.

    vectors : float array of shape (S, D), of single sentences.
    byte_lengths : float64 array of shape (S,).
    """
    weights = sum_weights(byte_lengths)
    along, inverse = vectors @ centre, 1 / distances(vectors, centre)
    squares = np.zeros((n_sizes, len(vectors)), np.float32)
    squares[:] = weights * weights
    for size in range(1, n_sizes):
        # A sum of one sentence more: the square of the last one, those before it, and twice their products.
        cosines = (
            np.einsum("sd,sd->s", vectors[size:], vectors[:-size]) - along[size:] - along[:-size] + centre @ centre
        )
        products = 2 * cosines * (inverse * weights)[size:] * (inverse * weights)[:-size]
        squares[size:, size:] += products
    for size in range(1, n_sizes):
        squares[size, 1:] += squares[size - 1, :-1]
    return Sums(weights, (1 / np.sqrt(np.maximum(squares, 1e-12))).astype(np.float32))


def fill_missing(
    vectors: NDArray[np.floating], n_sizes: int, byte_lengths: NDArray[np.float64], centre: NDArray[np.float32]
) -> NDArray[np.floating]:
    """Return the vectors of overlaps of sizes 1 to `n_sizes`, float array of shape (M, S, D).

    Rows of zeros are taken for overlaps that were not encoded: their sums stand in for them. Nothing is copied if
    nothing is missing.

    vectors : float array of shape (K, S, D), the vectors of single sentences among them.
    byte_lengths : float64 array of shape (S,).
    """
    known = vectors[:n_sizes]
    is_missing = _missing(known, n_sizes)
    if not any(rows.any() for rows in is_missing):
        return known
    filled = np.zeros((n_sizes, *vectors.shape[1:]), np.float32)
    filled[: len(known)] = known
    weighted = _weigh(vectors[0], sum_weights(byte_lengths), centre)
    totals = weighted
    for size in range(2, n_sizes + 1):
        totals = totals[:-1] + weighted[size - 1 :]
        rows = np.flatnonzero(is_missing[size - 1])
        filled[size - 1, rows] = _moved_back(totals[rows - (size - 1)], centre)
    return filled


def sum_vectors(
    vectors: NDArray[np.floating],
    size: int,
    lasts: NDArray[np.int64],
    weights: NDArray[np.float32],
    centre: NDArray[np.float32],
) -> NDArray[np.float32]:
    """Return the sums of `size` sentences that end with each of some: float32 array of shape (sums, D).

    Each is the sum of centred unit vectors times their weights, moved back to where the encoder's own vectors lie.
    """
    total = np.zeros((len(lasts), vectors.shape[1]), np.float32)
    for back in range(size):
        total += _weigh(vectors[lasts - back], weights[lasts - back], centre)
    return _moved_back(total, centre)


def _weigh(
    vectors: NDArray[np.floating], weights: NDArray[np.float32], centre: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return centred unit vectors times their weights: float32 array of shape (S, D)."""
    single = vectors.astype(np.float32, copy=False)
    weighted: NDArray[np.float32] = single - centre
    weighted *= (weights / distances(single, centre))[:, None]
    return weighted


def _moved_back(totals: NDArray[np.float32], centre: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return sums as unit vectors around the centre, where the encoder's own vectors lie."""
    norms = np.sqrt(np.einsum("vd,vd->v", totals, totals))
    sums: NDArray[np.float32] = totals / np.maximum(norms, 1e-6)[:, None] + centre
    return sums


def overlap_vectors(
    vectors: NDArray[np.floating],
    sizes: NDArray[np.int64],
    lasts: NDArray[np.int64],
    sums: Sums,
    centre: NDArray[np.float32],
) -> NDArray[np.float32]:
    """Return the vector of each of some overlaps, or the sum in its place: float32 array of shape (overlaps, D).

    vectors : float array of shape (M, S, D), the overlaps that there are, none of them missing.
    sizes, lasts : of each overlap, its number of sentences and the last of them.
    """
    found = np.empty((len(sizes), vectors.shape[2]), np.float32)
    for size in np.unique(sizes):
        which = np.flatnonzero(sizes == size)
        if size <= len(vectors):
            found[which] = vectors[size - 1, lasts[which]]
        else:
            found[which] = sum_vectors(vectors[0], int(size), lasts[which], sums.weights, centre)
    return found


def has_encoded_overlaps(vectors: NDArray[np.floating]) -> bool:
    """Return whether any overlap of two sentences or more was encoded."""
    return any(_is_known(overlaps).any() for overlaps in vectors[1:])


def _is_known(vectors: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Return which rows are not all zero: bool array of shape (S,)."""
    known: NDArray[np.bool_] = np.any(vectors[:, :FIRST_FEW], axis=1)
    known[~known] = np.any(vectors[~known], axis=1)
    return known


def _missing(vectors: NDArray[np.floating], n_sizes: int) -> list[NDArray[np.bool_]]:
    """Return for each size which sentences end an overlap that has no vector: bool arrays of shape (S,)."""
    possible = [np.arange(vectors.shape[1]) >= size - 1 for size in range(1, n_sizes + 1)]
    known = [_is_known(vectors[size - 1]) if size <= len(vectors) else False for size in range(1, n_sizes + 1)]
    return [is_possible & ~np.asarray(is_known) for is_possible, is_known in zip(possible, known, strict=True)]
