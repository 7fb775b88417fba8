"""Links: pairs of sentences that are among each other's nearest, and the chain of them that both documents follow.

S source sentences, T target sentences, D dimensions, L links, k neighbours of a sentence.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stages.align.anchors.chain import chain_links
from stages.align.anchors.lengths import NEAR
from stages.align.anchors.neighbours import nearest_both_ways
from stages.align.compiled import njit

NEIGHBOURS = 4
"""How many nearest sentences of the other side count. Notes on USE and e5 vectors: 3 to 6 make no difference."""

ROWS_AT_ONCE = 256
"""Rows of one matrix product: bounds its memory to this many times T floats."""

MIN_MARGIN = 0.05
"""A link must stand out by this share of the typical similarity of mutual nearest sentences."""

MIN_SUPPORT = 1.0
"""The links around a link must together stand out by this many times that similarity; chance links stand alone."""

SUPPORT_RADIUS = 10
"""Sentences on both sides within which links support each other."""


class Nearest(NamedTuple):
    """The nearest sentences of the other side, best first; similarity -inf and index -1 where there are fewer.

    source_index, source_similarity : arrays of shape (S, k), for each source sentence its nearest target sentences.
    target_index, target_similarity : arrays of shape (T, k).
    """

    source_index: NDArray[np.int64]
    source_similarity: NDArray[np.float32]
    target_index: NDArray[np.int64]
    target_similarity: NDArray[np.float32]


class Links(NamedTuple):
    """Pairs of sentences, by source and then target position.

    source, target : int64 arrays of shape (L,).
    weight         : float64 array of shape (L,), how much each stands out, in units of `typical`.
    typical        : how similar mutual nearest sentences are above the background.
    grain          : how many source and target sentences an anchor stands for: (1, 1), or more on one side where the
                     other is hardly split.
    """

    source: NDArray[np.int64]
    target: NDArray[np.int64]
    weight: NDArray[np.float64]
    typical: float
    grain: tuple[float, float] = (1.0, 1.0)

    @property
    def coarseness(self) -> float:
        """Return how many sentences of the finer side stand against one of the other."""
        return max(self.grain)

    @property
    def is_near_next(self) -> NDArray[np.bool_]:
        """Return which anchors have the next one near them on both sides: bool array of shape (L - 1,)."""
        return (np.diff(self.source) <= NEAR * self.grain[0]) & (np.diff(self.target) <= NEAR * self.grain[1])

    @property
    def evidence(self) -> float:
        """Return how much the links say together: how many they are, times how similar their kind is."""
        return len(self.source) * self.typical

    def kept(self, which: NDArray[np.bool_]) -> Links:
        """Return some of the links."""
        return self._replace(source=self.source[which], target=self.target[which], weight=self.weight[which])

    @property
    def mirrored(self) -> Links:
        """Return the same with the sides exchanged."""
        return self._replace(source=self.target, target=self.source, grain=self.grain[::-1])


def find_nearest(
    source: NDArray[np.float32], target: NDArray[np.float32], start: NDArray[np.int64], stop: NDArray[np.int64]
) -> Nearest:
    """Find the nearest sentences in both directions; where every sentence meets all others, on a GPU if there is one.

    source, target : float32 arrays of shape (S, D) and (T, D).
    start, stop    : int64 arrays of shape (S,), neither ever decreasing: source sentence i meets the target sentences
                     `start[i] <= j < stop[i]` only.
    Equally similar sentences stand in the order of their positions.
    """
    if len(source) and len(target) and start[-1] == 0 and stop[0] == len(target):
        return Nearest(*nearest_both_ways(source, target, NEIGHBOURS, _search_everywhere))
    return search_by_products(source, target, start, stop, NEIGHBOURS)


def _search_everywhere(
    source: NDArray[np.float32], target: NDArray[np.float32], count: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    everywhere = np.zeros(len(source), np.int64), np.full(len(source), len(target))
    found = search_by_products(source, target, *everywhere, count)
    return found.source_index, found.target_index


def search_by_products(
    source: NDArray[np.float32],
    target: NDArray[np.float32],
    start: NDArray[np.int64],
    stop: NDArray[np.int64],
    count: int,
) -> Nearest:
    """Find so many nearest sentences in both directions with one pass of matrix products, on the CPU."""
    nearest = Nearest(
        np.full((len(source), count), -1, np.int64),
        np.full((len(source), count), -np.inf, np.float32),
        np.full((len(target), count), -1, np.int64),
        np.full((len(target), count), -np.inf, np.float32),
    )
    for first in range(0, len(source), ROWS_AT_ONCE):
        last = min(first + ROWS_AT_ONCE, len(source))
        left, right = int(start[first]), int(stop[last - 1])
        similarity = source[first:last] @ target[left:right].T
        _update_nearest(similarity, first, left, start, stop, nearest)
    return nearest


@njit(cache=True)
def _update_nearest(
    similarity: NDArray[np.float32],
    first: int,
    left: int,
    start: NDArray[np.int64],
    stop: NDArray[np.int64],
    nearest: Nearest,
) -> None:
    """Take the similarities of some rows into the nearest of both sides."""
    for row in range(similarity.shape[0]):
        i = first + row
        for j in range(start[i], stop[i]):
            value = similarity[row, j - left]
            if value > nearest.source_similarity[i, -1]:
                _insert(nearest.source_index[i], nearest.source_similarity[i], j, value)
            if value > nearest.target_similarity[j, -1]:
                _insert(nearest.target_index[j], nearest.target_similarity[j], i, value)


@njit(cache=True)
def _insert(index: NDArray[np.int64], similarity: NDArray[np.float32], position: int, value: float) -> None:
    """Put a sentence into a list that is ordered by similarity, after those that are as similar."""
    slot = len(index) - 1
    while slot > 0 and value > similarity[slot - 1]:
        index[slot], similarity[slot] = index[slot - 1], similarity[slot - 1]
        slot -= 1
    index[slot], similarity[slot] = position, value


def mutual_links(nearest: Nearest, background: float, min_margin: float = MIN_MARGIN) -> Links:
    """Return the pairs that are among each other's nearest and stand out from the other neighbours of both.

    background : the mean similarity of any two sentences.
    min_margin : how far they must stand out, in units of the typical similarity.
    """
    n_source = len(nearest.source_index)
    source = np.repeat(np.arange(n_source), nearest.source_index.shape[1])
    target, similarity = nearest.source_index.ravel(), nearest.source_similarity.ravel().astype(np.float64)
    is_mutual = (target >= 0) & (nearest.target_index[target] == source[:, None]).any(axis=1)
    is_best = is_mutual & (np.arange(len(source)) % nearest.source_index.shape[1] == 0)
    is_best &= nearest.target_index[target, 0] == source
    if not is_best.any():
        return Links(source[:0], target[:0], similarity[:0], 0.0)
    typical = float(np.median(similarity[is_best])) - background
    around = (
        _mean_similarity(nearest.source_similarity)[source] + _mean_similarity(nearest.target_similarity)[target]
    ) / 2
    margin = similarity - around
    kept = is_mutual & (margin > min_margin * max(typical, 0.0))
    # The best margins count most in a chain, so they stay in units of what is typical here.
    return Links(source[kept], target[kept], margin[kept] / max(typical, 1e-6), typical)


def _mean_similarity(similarity: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the mean of the neighbours that there are: float64 array of shape (rows,)."""
    found = np.isfinite(similarity)
    total = np.where(found, similarity, 0.0).sum(axis=1, dtype=np.float64)
    mean: NDArray[np.float64] = total / np.maximum(found.sum(axis=1), 1)
    return mean


def supported_chain(
    links: Links, n_target: int, radius: int = SUPPORT_RADIUS, min_support: float = MIN_SUPPORT
) -> Links:
    """Return the heaviest chain of links without those that too little of the chain supports.

    radius : sentences on both sides within which links support each other.
    """
    chain = chain_links(links.source, links.target, links.weight, n_target)
    source, target, weight = links.source[chain], links.target[chain], links.weight[chain]
    total = np.concatenate([[0.0], np.cumsum(weight)])
    first = np.maximum(np.searchsorted(source, source - radius), np.searchsorted(target, target - radius))
    last = np.minimum(
        np.searchsorted(source, source + radius, side="right"), np.searchsorted(target, target + radius, side="right")
    )
    kept = total[last] - total[first] >= min_support
    return links._replace(source=source, target=target, weight=weight).kept(kept)
