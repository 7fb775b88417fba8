"""Near duplicates: two editions of one text in one language, a page at two addresses.

N documents, D dimensions.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from stages.pairing.candidates import Points, Scored, neighbours

MIN_SCORE = 0.95
"""From this score on two documents of one language say the same, sentence by sentence."""

MIN_SIMILARITY = 0.96
"""Document vectors, as they are, that are less alike are not compared sentence by sentence."""


def find_alike(side: Points, n_neighbours: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return pairs of documents of a side that may be near duplicates: each new one with the nearest of all.

    The vectors are not centred: where one text is most of a side, the centre is that text.
    """
    rows, columns, similarities = neighbours(side, side, n_neighbours + 1)
    is_alike = (rows != columns) & (similarities >= MIN_SIMILARITY)
    return rows[is_alike], columns[is_alike]


def group_duplicates(
    n_documents: int,
    alike: tuple[NDArray[np.int64], NDArray[np.int64]],
    score: Callable[[int, int], float],
    known: Scored,
) -> tuple[NDArray[np.int64], Scored]:
    """Group the near duplicates of a side: return for each document the first one of its group, shape (N,).

    alike : pairs that may be near duplicates; score : how well two documents agree, sentence by sentence; known : what
    has been compared before. What near duplicates are near duplicates of belongs to the group, too, so that pairs of
    one group are not compared. Returns also what has been compared by now.
    """
    first = list(range(n_documents))
    done = set()
    for i, j, found in zip(*(part.tolist() for part in known), strict=True):
        done.add((min(i, j), max(i, j)))
        _join(first, i, j, found)
    compared: dict[tuple[int, int], float] = {}
    for i, j in zip(*(part.tolist() for part in alike), strict=True):
        low, high = min(i, j), max(i, j)
        if _root(first, i) != _root(first, j) and (low, high) not in compared and (low, high) not in done:
            compared[low, high] = score(low, high)
            _join(first, i, j, compared[low, high])
    pairs = np.array(list(compared), np.int64).reshape(-1, 2)
    new = Scored(pairs[:, 0], pairs[:, 1], np.array(list(compared.values())))
    return np.array([_root(first, i) for i in range(n_documents)], dtype=np.int64), known.plus(new)


def _join(first: list[int], i: int, j: int, score: float) -> None:
    if score >= MIN_SCORE:
        low, high = sorted((_root(first, i), _root(first, j)))
        first[high] = low


def _root(first: list[int], i: int) -> int:
    while first[i] != i:
        first[i] = first[first[i]]
        i = first[i]
    return i
