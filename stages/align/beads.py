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


class Path(NamedTuple):
    """What a method finds: the beads with text on both sides, and what every sentence scores as a null bead.

    spans        : int64 array of shape (P, 4): source start, source stop, target start, target stop; in order.
    similarity, score, confidence : float32 arrays of shape (P,).
    source_null, target_null : float32 arrays of shape (2, S) and (2, T), score and confidence of each sentence as a
                               null bead; read only for sentences outside all spans.
    """

    spans: NDArray[np.int64]
    similarity: NDArray[np.float32]
    score: NDArray[np.float32]
    confidence: NDArray[np.float32]
    source_null: NDArray[np.float32]
    target_null: NDArray[np.float32]
    facts: Facts


def bead_types(max_bead: int, max_source: int, max_target: int) -> NDArray[np.int64]:
    """Return the (m, n) of all beads with text on both sides, shape (B, 2): the smaller first, then the smaller m."""
    shapes = [
        (m, size - m)
        for size in range(2, max_bead + 1)
        for m in range(1, size)
        if m <= max_source and size - m <= max_target
    ]
    return np.array(shapes, np.int64).reshape(-1, 2)


def spans_of(stops: NDArray[np.int64], shapes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the spans of beads, as in Path, from the cells that they reach and their (m, n), all of shape (P, 2)."""
    starts = stops - shapes
    return np.stack([starts[:, 0], stops[:, 0], starts[:, 1], stops[:, 1]], axis=1)
