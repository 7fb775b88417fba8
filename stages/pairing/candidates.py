"""Candidates: for each document the nearest of the other side, and the other way round.

N, M documents of both sides, D dimensions, K candidates of a document, C candidate pairs.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

MAX_EXACT = 20_000
"""Among more documents than this the search is approximate, so that its time grows with their number and no faster."""

NEIGHBOURS = 32
SEARCH_BREADTH = 128
"""Of the graph of Malkov & Yashunin (2018) that the approximate search walks: faiss's M and efSearch."""

QUERIES_AT_ONCE = 4096


def find_candidates(
    source: NDArray[np.float32], target: NDArray[np.float32], n_candidates: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the candidate pairs of two sides: of each document its nearest of the other side, in both directions.

    source, target : document vectors of shape (N, D) and (M, D), of unit length or zero.
    Returns two int64 arrays of shape (C,), each pair once, in order.
    """
    if not len(source) or not len(target):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    there = nearest(source, target, n_candidates)
    back = nearest(target, source, n_candidates)
    rows = np.concatenate([np.repeat(np.arange(len(source)), there.shape[1]), back.ravel()])
    columns = np.concatenate([there.ravel(), np.repeat(np.arange(len(target)), back.shape[1])])
    is_found = (rows >= 0) & (columns >= 0)
    both = np.unique(np.stack([rows[is_found], columns[is_found]], axis=1), axis=0)
    return both[:, 0], both[:, 1]


def nearest(queries: NDArray[np.float32], keys: NDArray[np.float32], k: int) -> NDArray[np.int64]:
    """Return the indices of the k keys with the largest dot product for each query; -1 where none was found."""
    import faiss

    k = min(k, len(keys))
    index: Any = faiss.IndexFlatIP(keys.shape[1])
    if len(keys) > MAX_EXACT:
        index = faiss.IndexHNSWFlat(keys.shape[1], NEIGHBOURS, faiss.METRIC_INNER_PRODUCT)
        index.hnsw.efSearch = SEARCH_BREADTH
    index.add(np.ascontiguousarray(keys, dtype=np.float32))
    starts = range(0, len(queries), QUERIES_AT_ONCE)
    found = [index.search(np.ascontiguousarray(queries[start : start + QUERIES_AT_ONCE]), k)[1] for start in starts]
    return np.concatenate(found).astype(np.int64)
