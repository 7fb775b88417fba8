"""The shapes that a bead may have, and what a method finds of a pair.

B bead types, P beads with text on both sides, S source sentences, T target sentences.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stages.data import Facts

NO_SCORE = -np.inf
"""The score of a bead that would begin before the first sentence."""


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
    """

    spans: NDArray[np.int64]
    similarity: NDArray[np.float32]
    score: NDArray[np.float32]
    confidence: NDArray[np.float32]
    source_null: NDArray[np.float32]
    target_null: NDArray[np.float32]
    facts: Facts
    likeness: NDArray[np.float32] | None = None


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
    """Return bead types with those of many sentences on one side and one on the other, up to the longest."""
    m, n = types.max(axis=0, initial=1)
    many = [(size, 1) for size in range(int(m) + 1, longest[0] + 1)]
    many += [(1, size) for size in range(int(n) + 1, longest[1] + 1)]
    return np.concatenate([types, np.array(many, np.int64).reshape(-1, 2)])


def spans_of(stops: NDArray[np.int64], shapes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the spans of beads, as in Path, from the cells that they reach and their (m, n), all of shape (P, 2)."""
    starts = stops - shapes
    return np.stack([starts[:, 0], stops[:, 0], starts[:, 1], stops[:, 1]], axis=1)
