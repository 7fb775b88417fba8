"""The nearest sentences of the other side, with ties broken the same way on every machine.

Q queries, N keys, D dimensions.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stages.align.anchors.faiss_index import flat_index

EXTRA = 5
"""How many more than k are fetched: faiss orders near-equal results by chance, so they are scored again in NumPy."""

QUERIES_AT_ONCE = 1024
"""Bounds the memory of scoring again: this many times k rows of D floats."""


def nearest_keys(
    queries: NDArray[np.floating], keys: NDArray[np.floating], k: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Find the k keys with the largest dot product for each query, ordered by (-similarity, index).

    queries, keys : float arrays of shape (Q, D) and (N, D).
    Returns indices and similarities of shape (Q, min(k, N)).
    """
    keys = np.ascontiguousarray(keys, dtype=np.float32)
    k = min(k, len(keys))
    if k == 0 or len(queries) == 0:
        return np.empty((len(queries), k), np.int64), np.empty((len(queries), k), np.float32)
    index = flat_index(keys.shape[1])
    index.add(keys)
    found, similarity = [], []
    for start in range(0, len(queries), QUERIES_AT_ONCE):
        batch = np.ascontiguousarray(queries[start : start + QUERIES_AT_ONCE], dtype=np.float32)
        _, candidates = index.search(batch, min(k + EXTRA, len(keys)))
        candidates, scores = _score_again(batch, keys, candidates)
        found.append(candidates[:, :k])
        similarity.append(scores[:, :k])
    return np.concatenate(found), np.concatenate(similarity)


def _score_again(
    queries: NDArray[np.float32], keys: NDArray[np.float32], candidates: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Order the candidates of each query by (-similarity, index); similarities are those of NumPy."""
    scores = np.einsum("qd,qcd->qc", queries, keys[candidates])
    order = np.lexsort((candidates, -scores), axis=1)
    return np.take_along_axis(candidates, order, axis=1), np.take_along_axis(scores, order, axis=1)
