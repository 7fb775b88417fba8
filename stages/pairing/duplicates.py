"""Near duplicates: two editions of one text in one language, a page at two addresses.

N documents, D dimensions.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from stages.pairing.candidates import nearest

MIN_SCORE = 0.95
"""From this score on two documents of one language say the same, sentence by sentence."""

MIN_SIMILARITY = 0.9
"""Document vectors that are less alike are not compared sentence by sentence."""


def group_duplicates(
    vectors: NDArray[np.float32], n_neighbours: int, score: Callable[[int, int], float]
) -> NDArray[np.int64]:
    """Group the near duplicates of a side: return for each document the first one of its group, shape (N,).

    vectors : document vectors of shape (N, D); score : how well two documents agree, sentence by sentence.
    Each document is compared with its nearest ones only; what these are near duplicates of belongs to the group, too.
    """
    first = list(range(len(vectors)))
    if len(vectors) < 2:
        return np.array(first, dtype=np.int64)
    found = nearest(vectors, vectors, n_neighbours + 1)
    for i, row in enumerate(found.tolist()):
        for j in row:
            if j < 0 or _root(first, i) == _root(first, j) or float(vectors[i] @ vectors[j]) < MIN_SIMILARITY:
                continue
            if score(i, j) >= MIN_SCORE:
                low, high = sorted((_root(first, i), _root(first, j)))
                first[high] = low
    return np.array([_root(first, i) for i in range(len(first))], dtype=np.int64)


def _root(first: list[int], i: int) -> int:
    while first[i] != i:
        first[i] = first[first[i]]
        i = first[i]
    return i
