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
        return Sums(self.weights[sentences], np.ascontiguousarray(self.inverse_norms[:, sentences]))


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
    weights: NDArray[np.float32],
    centre: NDArray[np.float32],
) -> NDArray[np.float32]:
    """Return the vector of each of some overlaps, or the sum in its place: float32 array of shape (overlaps, D).

    vectors : float array of shape (K, S, D); rows of zeros were not encoded.
    sizes, lasts : of each overlap, its number of sentences and the last of them.
    weights : float32 array of shape (S,), as of `sum_weights`.
    """
    found = np.zeros((len(sizes), vectors.shape[2]), np.float32)
    for size in np.unique(sizes):
        which = np.flatnonzero(sizes == size)
        if size <= len(vectors):
            found[which] = vectors[size - 1, lasts[which]]
        missing = which[~_is_known(found[which])]
        found[missing] = sum_vectors(vectors[0], int(size), lasts[missing], weights, centre)
    return found


def has_encoded_overlaps(vectors: NDArray[np.floating]) -> bool:
    """Return whether any overlap of two sentences or more was encoded."""
    return any(_is_known(overlaps).any() for overlaps in vectors[1:])


def encoded_rows(vectors: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Return which overlaps of two sentences or more were encoded, shape (K, S); none of the first row is one."""
    return np.stack([np.zeros(vectors.shape[1], bool), *(_is_known(overlaps) for overlaps in vectors[1:])])


def _is_known(vectors: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Return which rows are not all zero: bool array of shape (S,)."""
    known: NDArray[np.bool_] = np.any(vectors[:, :FIRST_FEW], axis=1)
    known[~known] = np.any(vectors[~known], axis=1)
    return known
