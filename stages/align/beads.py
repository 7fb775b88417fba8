"""The shapes that a bead may have, and what a method finds of a pair.

B bead types, P beads with text on both sides, S source sentences, T target sentences, N corners.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stages.data import Facts

NO_SCORE = -np.inf
"""The score of a bead that would begin before the first sentence."""

NO_CORNERS = np.zeros((0, 2), np.int64)
"""No points (i, j) through which a path has to pass; `constraints.units` finds them."""


MOST_TYPES = 254
"""Bead types are back-pointers of one byte, which has two more meanings: see `search.lattice`."""

MANY_TO_MANY = 5
"""Sentences in beads of several on both sides, at most: larger ones are rare, and as many as all others together."""


class Path(NamedTuple):
    """What a method finds: the beads with text on both sides, and what every sentence scores as a null bead.

    spans        : int64 array of shape (P, 4): source start, source stop, target start, target stop; in order.
    similarity, score, confidence : float32 arrays of shape (P,).
    source_null, target_null : float32 arrays of shape (2, S) and (2, T), score and confidence of each sentence as a
                               null bead; read only for sentences outside all spans.
    likeness     : float32 array of shape (P,), how similar the sides of each bead are, from 0, as any two texts of the
                   pair, to 1; None where anchors tell more of the pair, or nothing is told.
    ends         : float32 array of shape (P, 2), how likely it is that a path passes through the corner at which each
                   bead begins, and through that at which it ends; None where the method has no measure of it.
    """

    spans: NDArray[np.int64]
    similarity: NDArray[np.float32]
    score: NDArray[np.float32]
    confidence: NDArray[np.float32]
    source_null: NDArray[np.float32]
    target_null: NDArray[np.float32]
    facts: Facts
    likeness: NDArray[np.float32] | None = None
    ends: NDArray[np.float32] | None = None


def bead_types(max_bead: int, max_source: int, max_target: int, many_to_many: int = 16) -> NDArray[np.int64]:
    """Return the (m, n) of all beads with text on both sides, shape (B, 2): the smaller first, then the smaller m.

    Beads of several sentences on both sides have at most `many_to_many` sentences: larger ones are rare, and many.
    """
    shapes = [
        (m, size - m)
        for size in range(2, max_bead + 1)
        for m in range(1, size)
        if m <= max_source and size - m <= max_target and (size <= many_to_many or 1 in (m, size - m))
    ]
    return np.array(shapes, np.int64).reshape(-1, 2)


def with_coarse_types(types: NDArray[np.int64], longest: tuple[int, int]) -> NDArray[np.int64]:
    """Return bead types with those of many sentences on one side and one on the other, up to the longest.

    Of more than MOST_TYPES the first ones are left: a line of more sentences than that has null beads.
    """
    m, n = types.max(axis=0, initial=1)
    many = [(size, 1) for size in range(int(m) + 1, longest[0] + 1)]
    many += [(1, size) for size in range(int(n) + 1, longest[1] + 1)]
    return np.concatenate([types, np.array(many, np.int64).reshape(-1, 2)])[:MOST_TYPES]


def spans_of(stops: NDArray[np.int64], shapes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the spans of beads, as in Path, from the cells that they reach and their (m, n), all of shape (P, 2)."""
    starts = stops - shapes
    return np.stack([starts[:, 0], stops[:, 0], starts[:, 1], stops[:, 1]], axis=1)


def lie_between(spans: NDArray[np.int64], others: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which beads share no sentence with others, and cross none of them: bool array of shape (P,).

    spans  : int64 array of shape (P, 4); those of corners have no length.
    others : int64 array of shape (F, 4), in order on both sides.
    """
    # As many of the others must end before a bead, and as many begin before its end, on one side as on the other.
    ended = [np.searchsorted(others[:, side + 1], spans[:, side], side="right") for side in (0, 2)]
    begun = [np.searchsorted(others[:, side], spans[:, side + 1], side="left") for side in (0, 2)]
    between: NDArray[np.bool_] = (ended[0] == ended[1]) & (begun[0] == begun[1]) & (ended[0] == begun[0])
    return between


def as_beads(corners: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return corners as beads of no length: int64 array of shape (N, 4)."""
    return corners[:, [0, 0, 1, 1]]
