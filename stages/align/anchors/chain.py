"""The heaviest chain of links that both documents follow. L links, T target sentences."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stages.align.compiled import njit


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
def _heaviest_chain(target_index: NDArray[np.int64], weight: NDArray[np.float64], n_target: int) -> NDArray[np.int64]:
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
