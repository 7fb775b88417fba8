"""Anchors: the points (i, j) that the first pass trusts.

L links, S source sentences, T target sentences, A anchors.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from stages.align.neighbours import nearest_keys


def first_pass(
    source: NDArray[np.floating], target: NDArray[np.floating], top_k: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Choose 1-1 anchors, strictly increasing on both sides, with the largest total similarity.

    This is the first pass of Liu & Zhu (2022, section 3.2): only a source sentence's `top_k` nearest target sentences
    can be its anchor, and sentences without one cost nothing. They fill a table around the diagonal; the same optimum
    is found here among the links alone, wherever they lie, so that a foreword on one side loses nothing.

    source, target : float arrays of shape (S, D) and (T, D), the vectors of single sentences.
    Returns two int64 arrays of shape (A,): source and target positions.
    """
    nearest, similarity = nearest_keys(source, target, top_k)
    source_index = np.repeat(np.arange(len(source)), nearest.shape[1])
    target_index, weight = nearest.ravel(), similarity.ravel().astype(np.float64)
    useful = weight > 0
    source_index, target_index, weight = source_index[useful], target_index[useful], weight[useful]
    chain = chain_links(source_index, target_index, weight, len(target))
    return source_index[chain], target_index[chain]


def chain_links(
    source_index: NDArray[np.int64], target_index: NDArray[np.int64], weight: NDArray[np.float64], n_target: int
) -> NDArray[np.int64]:
    """Return the heaviest chain of links that increases strictly on both sides, as indices in order.

    Weights must be positive. Equally heavy chains: the one whose last links come first by (source, -target) wins.
    """
    # Links of one sentence are visited from the right, so that none can follow another.
    order = np.lexsort((-target_index, source_index))
    chain: NDArray[np.int64] = order[_heaviest_chain(target_index[order], weight[order], n_target)]
    return chain


@njit(cache=True)
def _heaviest_chain(target_index, weight, n_target):  # type: ignore[no-untyped-def]
    """Find the heaviest chain with increasing `target_index` in O(L log T), links being in order of visit.

    `tree` is a Fenwick tree over target positions: the last link of the heaviest chain in each prefix, -1 if none.
    """
    n_links = len(weight)
    tree = np.full(n_target + 1, -1, np.int64)
    total = np.zeros(n_links, np.float64)
    previous = np.full(n_links, -1, np.int64)
    last = -1
    for link in range(n_links):
        node = target_index[link]
        while node > 0:
            if tree[node] >= 0 and (previous[link] < 0 or total[tree[node]] > total[previous[link]]):
                previous[link] = tree[node]
            node -= node & -node
        total[link] = weight[link] + (total[previous[link]] if previous[link] >= 0 else 0.0)
        node = target_index[link] + 1
        while node <= n_target:
            if tree[node] < 0 or total[link] > total[tree[node]]:
                tree[node] = link
            node += node & -node
        if last < 0 or total[link] > total[last]:
            last = link
    length = 0
    link = last
    while link >= 0:
        length += 1
        link = previous[link]
    chain = np.empty(length, np.int64)
    link = last
    for position in range(length - 1, -1, -1):
        chain[position] = link
        link = previous[link]
    return chain
