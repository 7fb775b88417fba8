"""The nearest sentences of the other side, the same whoever searches: similarities are computed again.

Q queries, N keys, S source and T target sentences, D dimensions, C candidates of a query.
On a GPU faiss searches. On a CPU one matrix product serves both directions: two searches by faiss, which do not share
it, take 1.4 to 1.8 times as long (300 to 2,900 sentences, 512 and 768 dimensions, one thread).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stages.align.anchors.faiss_index import check_gpu, flat_index
from stages.align.compiled import njit

EXTRA = 5
"""How many more than k are fetched: near-equal sentences are ordered by chance, and differently on every machine."""

QUERIES_AT_ONCE = 1024
"""Bounds the memory of a search."""

MIN_GPU_CELLS = 1 << 20
"""Pairs of sentences from which a GPU searches: with less it takes longer to bring the vectors there."""

Indices = NDArray[np.int64]
Similarities = NDArray[np.float32]
Search = Callable[[NDArray[np.float32], NDArray[np.float32], int], tuple[Indices, Indices]]
"""Finds candidates in both directions, the likely nearest first and -1 where there are fewer: indices of shape (S, C)
and (T, C)."""


class Distinct(NamedTuple):
    """The different rows of a matrix: a text may hold one sentence a hundred times, and all are equally near.

    first     : int64 array of shape (U,), where each stands first.
    of_row    : int64 array of shape (N,), which of them a row is.
    positions : int64 array of shape (U, k), where each stands the first k times; N where it stands less often.
    """

    first: Indices
    of_row: Indices
    positions: Indices


def nearest_keys(queries: NDArray[np.floating], keys: NDArray[np.floating], k: int) -> tuple[Indices, Similarities]:
    """Find the k keys with the largest dot product for each query, ordered by (-similarity, index).

    queries, keys : float arrays of shape (Q, D) and (N, D).
    Returns indices and similarities of shape (Q, min(k, N)).
    """
    queries, keys = (np.ascontiguousarray(rows, dtype=np.float32) for rows in (queries, keys))
    k = min(k, len(keys))
    if k == 0 or len(queries) == 0:
        return np.empty((len(queries), k), np.int64), np.empty((len(queries), k), np.float32)
    distinct = find_distinct(keys, k)
    candidates = search_faiss(queries, keys[distinct.first], k + EXTRA)
    return rank(queries, keys, distinct, candidates, k)


def nearest_both_ways(
    source: NDArray[np.float32], target: NDArray[np.float32], k: int, search: Search
) -> tuple[Indices, Similarities, Indices, Similarities]:
    """Find the k nearest of the other side for every sentence of both, ordered by (-similarity, index).

    search : finds candidates on a CPU; where a GPU has been checked and has enough to do, faiss finds them.
    Returns indices and similarities of shape (S, k) and of shape (T, k); -1 and -inf where there are fewer.
    """
    source, target = (np.ascontiguousarray(rows, dtype=np.float32) for rows in (source, target))
    of_source, of_target = find_distinct(source, k), find_distinct(target, k)
    rows, columns = source[of_source.first], target[of_target.first]
    is_worth_it = len(rows) * len(columns) >= MIN_GPU_CELLS
    to_target, to_source = (search_both_by_faiss if is_worth_it and check_gpu().works else search)(
        rows, columns, k + EXTRA
    )
    nearest = rank(rows, target, of_target, to_target, k)
    nearest_back = rank(columns, source, of_source, to_source, k)
    forward, back = of_source.of_row, of_target.of_row
    return nearest[0][forward], nearest[1][forward], nearest_back[0][back], nearest_back[1][back]


def search_both_by_faiss(
    rows: NDArray[np.float32], columns: NDArray[np.float32], count: int
) -> tuple[Indices, Indices]:
    """Find candidates in both directions with faiss."""
    return search_faiss(rows, columns, count), search_faiss(columns, rows, count)


def search_faiss(queries: NDArray[np.float32], keys: NDArray[np.float32], count: int) -> Indices:
    """Find the likely nearest keys with faiss: int64 array of shape (Q, min(count, N))."""
    index = flat_index(keys.shape[1])
    index.add(keys)
    batches = (queries[start : start + QUERIES_AT_ONCE] for start in range(0, len(queries), QUERIES_AT_ONCE))
    return np.concatenate([index.search(batch, min(count, len(keys)))[1] for batch in batches])


def find_distinct(rows: NDArray[np.float32], k: int) -> Distinct:
    """Find equal rows."""
    numbers: dict[bytes, int] = {}
    of_row = np.fromiter((numbers.setdefault(row.tobytes(), len(numbers)) for row in rows), np.int64, len(rows))
    positions = np.full((len(numbers), k), len(rows), np.int64)
    order = np.argsort(of_row, kind="stable")
    nth = np.arange(len(rows)) - np.searchsorted(of_row[order], of_row[order])
    kept = nth < k
    positions[of_row[order][kept], nth[kept]] = order[kept]
    return Distinct(positions[:, 0].copy() if k else np.empty(0, np.int64), of_row, positions)


def rank(
    queries: NDArray[np.float32], keys: NDArray[np.float32], distinct: Distinct, candidates: Indices, k: int
) -> tuple[Indices, Similarities]:
    """Order candidates by (-similarity, index), with every place where they stand; -1 and -inf where there are fewer.

    candidates : int64 array of shape (Q, C), which distinct keys are likely; -1 for none.
    """
    similarity = np.full(candidates.shape, -np.inf, np.float32)
    _fill_similarities(queries, keys, distinct.first, candidates, similarity)
    positions = np.where((candidates >= 0)[:, :, None], distinct.positions[candidates], len(keys))
    if (distinct.positions[:, 1:] == len(keys)).all():  # nothing stands twice
        positions = positions[:, :, :1]
    n_queries, _, n_places = positions.shape
    found = positions.reshape(n_queries, -1)
    score = np.where(found < len(keys), np.repeat(similarity, n_places, axis=1), np.float32(-np.inf))
    order = np.lexsort((found, -score), axis=1)[:, :k]
    found, score = np.take_along_axis(found, order, axis=1), np.take_along_axis(score, order, axis=1)
    found = np.where(found < len(keys), found, -1)
    missing = ((0, 0), (0, k - found.shape[1]))
    return np.pad(found, missing, constant_values=-1), np.pad(score, missing, constant_values=-np.inf)


@njit(cache=True)
def _fill_similarities(
    queries: NDArray[np.floating],
    keys: NDArray[np.floating],
    first: NDArray[np.int64],
    candidates: NDArray[np.int64],
    similarity: NDArray[np.float32],
) -> None:
    """Compute dot products in double precision, term by term, so that they are equal on every machine.

    similarity : float32 array of shape (Q, C).
    """
    for q in range(candidates.shape[0]):
        for c in range(candidates.shape[1]):
            if candidates[q, c] >= 0:
                key = first[candidates[q, c]]
                total = 0.0
                for d in range(queries.shape[1]):
                    total += queries[q, d] * np.float64(keys[key, d])
                similarity[q, c] = total
