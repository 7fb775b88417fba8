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
    n_links, tree = len(order), np.full(n_target + 1, -1, np.int64)
    previous, total, chain = np.full(n_links, -1, np.int64), np.zeros(n_links), np.empty(n_links, np.int64)
    first = _find_heaviest(target_index[order], weight[order], tree, total, previous, chain)
    links: NDArray[np.int64] = order[chain[first:]]
    return links


@njit(cache=True)
def _find_heaviest(
    target_index: NDArray[np.int64],
    weight: NDArray[np.float64],
    tree: NDArray[np.int64],
    total: NDArray[np.float64],
    previous: NDArray[np.int64],
    chain: NDArray[np.int64],
) -> int:
    """Find the heaviest chain with increasing `target_index` in O(L log T), links being in order of visit.

    It is put at the end of `chain`; returns where it begins.

    tree : int64 array of shape (T + 1,), a Fenwick tree over target positions: the last link of the heaviest chain in
           each prefix, -1 if none.
    total, previous : float64 and int64 arrays of shape (L,), the weight of the heaviest chain that ends with each link,
                      and the link before it, -1 if none.
    """
    last = -1
    for link in range(len(weight)):
        node = target_index[link]
        while node > 0:
            if tree[node] >= 0 and (previous[link] < 0 or total[tree[node]] > total[previous[link]]):
                previous[link] = tree[node]
            node -= node & -node
        total[link] = weight[link] + (total[previous[link]] if previous[link] >= 0 else 0.0)
        node = target_index[link] + 1
        while node < len(tree):
            if tree[node] < 0 or total[link] > total[tree[node]]:
                tree[node] = link
            node += node & -node
        if last < 0 or total[link] > total[last]:
            last = link
    first = len(chain)
    while last >= 0:
        first -= 1
        chain[first] = last
        last = previous[last]
    return first
