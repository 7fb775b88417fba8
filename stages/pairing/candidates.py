"""Candidates: for each document the nearest of the other side, and the other way round.

N, M documents of both sides, D dimensions, Q queries, K candidates of a document, C candidate pairs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

MAX_EXACT = 4_000
"""Where as many documents or more are compared with more than so many, the search is approximate, so that its time
grows with their number and hardly faster. With fewer, comparing all with all takes less time in one thread."""

NEIGHBOURS = 16
SEARCH_BREADTH = 64
"""Of the graph of Malkov & Yashunin (2018) that the approximate search walks: faiss's M and efSearch. Of 10,000 pages
of mixed paragraphs it finds the nearest one for .999 of all, and .97 of the nearest eight, in two fifths of the time
that comparing all takes in one thread. Twice of either finds .98 and .99, and takes twice as long."""

QUERIES_AT_ONCE = 4096


class Points(NamedTuple):
    """The documents of a side, to look for neighbours among.

    vectors : float32 array of shape (N, D), of unit length or zero. has_text, is_new : bool arrays of shape (N,).
    group   : int64 array of shape (N,); only documents of the same group are neighbours, on both sides.
    """

    vectors: NDArray[np.float32]
    has_text: NDArray[np.bool_]
    is_new: NDArray[np.bool_]
    group: NDArray[np.int64]


class Scored(NamedTuple):
    """Pairs of documents that have been compared: positions and scores, arrays of shape (C,); each pair once."""

    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    scores: NDArray[np.float64]

    @classmethod
    def none(cls) -> Scored:
        """Return no pairs."""
        return cls(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))

    def plus(self, other: Scored) -> Scored:
        """Return these pairs and others, in order."""
        rows, columns, scores = (np.concatenate(both) for both in zip(self, other, strict=True))
        order = np.lexsort((columns, rows))
        return Scored(rows[order], columns[order], scores[order])

    def without(self, pairs: Collection[tuple[int, int]]) -> Scored:
        """Return these pairs but some."""
        if not pairs:
            return self
        both = zip(self.rows.tolist(), self.columns.tolist(), strict=True)
        is_left = np.array([pair not in pairs for pair in both], dtype=bool)
        return Scored(*(part[is_left] for part in self))


def find_candidates(source: Points, target: Points, n_candidates: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the candidate pairs of two sides: of each new document its nearest of the other side, in both directions.

    Returns two int64 arrays of shape (C,), each pair once, in order.
    """
    rows, columns, _ = neighbours(source, target, n_candidates)
    back_columns, back_rows, _ = neighbours(target, source, n_candidates)
    both = np.stack([np.concatenate([rows, back_rows]), np.concatenate([columns, back_columns])], axis=1)
    both = np.unique(both, axis=0)
    return both[:, 0], both[:, 1]


def neighbours(
    queries: Points, keys: Points, k: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """Return the nearest k documents of one side for each new one of another, within its group.

    Returns three arrays of equal length: the queries, what was found, and how similar they are.
    """
    found: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]] = []
    for asked, known in _groups(queries, keys):
        similarities, positions = nearest(queries.vectors[asked], keys.vectors[known], k)
        is_found = positions >= 0
        rows = np.repeat(asked, positions.shape[1])[is_found.ravel()]
        found.append((rows, known[positions[is_found]], similarities[is_found]))
    if not found:
        return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32)
    rows, columns, similarities = (np.concatenate(part) for part in zip(*found, strict=True))
    return rows, columns, similarities


def _groups(queries: Points, keys: Points) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Give, for each group that both have, the positions of the queries and those of the keys."""
    asked, known = np.flatnonzero(queries.has_text & queries.is_new), np.flatnonzero(keys.has_text)
    asked = asked[np.argsort(queries.group[asked], kind="stable")]
    known = known[np.argsort(keys.group[known], kind="stable")]
    of_asked, of_known = queries.group[asked], keys.group[known]
    for group in np.intersect1d(of_asked, of_known):
        first, stop = np.searchsorted(of_asked, [group, group + 1])
        low, high = np.searchsorted(of_known, [group, group + 1])
        yield asked[first:stop], known[low:high]


def nearest(
    queries: NDArray[np.float32], keys: NDArray[np.float32], k: int
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return the k keys with the largest dot product for each query: similarities and indices, shape (Q, k).

    Where fewer were found, the rest of the indices is -1.
    """
    import faiss

    k, keys = min(k, len(keys)), np.ascontiguousarray(keys, dtype=np.float32)
    if len(keys) > MAX_EXACT and len(queries) >= MAX_EXACT:
        index = _graph_of(keys)
    else:
        index = faiss.IndexFlatIP(keys.shape[1])
        index.add(keys)
    starts = range(0, len(queries), QUERIES_AT_ONCE)
    found = [index.search(np.ascontiguousarray(queries[start : start + QUERIES_AT_ONCE]), k) for start in starts]
    similarities, indices = (np.concatenate(part) for part in zip(*found, strict=True))
    return similarities, indices.astype(np.int64)


def _graph_of(keys: NDArray[np.float32]) -> Any:
    """Return an approximate index; one thread makes it, because several give another graph each time."""
    import faiss

    index = faiss.IndexHNSWFlat(keys.shape[1], NEIGHBOURS, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.efSearch = SEARCH_BREADTH
    n_threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        index.add(keys)
    finally:
        faiss.omp_set_num_threads(n_threads)
    return index
