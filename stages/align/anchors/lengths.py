"""Measure the lengths of the sentences of both sides, in a unit in which translations are equally long.

S source sentences, T target sentences, A anchors.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

NEAR = 8
"""Sentences between two anchors at most for the text between them to tell how long translations are."""


class Lengths(NamedTuple):
    """How long the sentences before each position are together, in bytes of UTF-8, comparable between the sides.

    source, target : float64 arrays of shape (S + 1,) and (T + 1,).
    """

    source: NDArray[np.float64]
    target: NDArray[np.float64]


def measure_lengths(
    source: Sequence[str],
    target: Sequence[str],
    source_anchors: NDArray[np.int64],
    target_anchors: NDArray[np.int64],
) -> Lengths:
    """Return the lengths up to each sentence, those of the target scaled by how long the text of anchors is.

    The published method scales by the whole documents, which a foreword on one side misleads. Here it is the text
    between anchors that are near each other on both sides; without any, the two sides count as equally long.
    """
    source_bytes, target_bytes = bytes_before(source), bytes_before(target)
    near = (np.diff(source_anchors) <= NEAR) & (np.diff(target_anchors) <= NEAR)
    source_total = np.diff(source_bytes[source_anchors])[near].sum()
    target_total = np.diff(target_bytes[target_anchors])[near].sum()
    return Lengths(source_bytes, target_bytes * (source_total / target_total if near.any() else 1.0))


def bytes_before(sentences: Sequence[str]) -> NDArray[np.float64]:
    """Return how many bytes of UTF-8 the sentences before each position have: float64 array of shape (S + 1,)."""
    return np.cumsum([0] + [len(sentence.encode()) for sentence in sentences], dtype=np.float64)
