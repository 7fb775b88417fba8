"""Overlaps that nobody encoded, stood in for by sums of the vectors of their sentences.

K encoded overlap sizes, M sizes that a bead may have, S sentences, D dimensions.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stages.align.statistics import distances

FIRST_FEW = 8
"""Numbers of a vector that are looked at first, to see whether it is zero."""


def fill_missing(
    vectors: NDArray[np.floating], n_sizes: int, byte_lengths: NDArray[np.float64], centre: NDArray[np.float32]
) -> NDArray[np.floating]:
    """Return the vectors of overlaps of sizes 1 to `n_sizes`, float array of shape (M, S, D).

    Rows of zeros are taken for overlaps that were not encoded. Their stand-in is the sum of the centred vectors of
    their sentences, each times the square root of its length (long sentences say more, but not in proportion), moved
    back to where the encoder's own vectors lie. Nothing is copied if nothing is missing.

    vectors : float array of shape (K, S, D), the vectors of single sentences among them.
    byte_lengths : float64 array of shape (S,).
    """
    known = vectors[:n_sizes]
    is_missing = _missing(known, n_sizes)
    if not any(rows.any() for rows in is_missing):
        return known
    filled = np.zeros((n_sizes, *vectors.shape[1:]), np.float32)
    filled[: len(known)] = known
    weights = np.sqrt(byte_lengths).astype(np.float32) / distances(vectors[0].astype(np.float32), centre)
    for size in range(2, n_sizes + 1):
        rows = np.flatnonzero(is_missing[size - 1])
        total = np.zeros((len(rows), vectors.shape[2]), np.float32)
        for before in range(size):
            total += (vectors[0, rows - before] - centre) * weights[rows - before, None]
        norms = np.linalg.norm(total, axis=1, keepdims=True)
        filled[size - 1, rows] = total / np.maximum(norms, 1e-6) + centre
    return filled


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
