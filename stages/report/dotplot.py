"""The similarity map: what a dot plot of a pair is drawn on, small enough to be stored with its beads.

S source sentences, T target sentences, D dimensions, R rows and C columns of the map.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stages.data import Overlaps

MAX_CELLS = 200
"""Rows, and columns, of a map at most: a plot is a few hundred pixels wide."""

FULL = 100
"""What a cell holds where both sides say the same: cells are cosines in percent, and negative ones are 0."""

SHRINKAGE = 10.0
"""What all sentences of a document have in common is taken away, less so where there are only a few of them."""


def similarity_map(source: Overlaps, target: Overlaps) -> NDArray[np.uint8]:
    """Return how similar each stretch of the source is to each stretch of the target: uint8 array of shape (R, C).

    Row r stands for the sentences `r * S // R` up to `(r + 1) * S // R`, and columns likewise: single sentences as
    long as there are at most MAX_CELLS of them. A stretch is compared by the mean of its centred sentence vectors, so
    that a map costs no more than reading the vectors. In float64, and rounded: the same bytes wherever it is computed.
    The map of (b, a) is that of (a, b) turned over. A side without sentences has no rows.
    """
    rows, columns = (_stretches(side) for side in (source, target))
    if not rows.size or not columns.size:
        return np.zeros((len(rows), len(columns)), np.uint8)
    cosines = np.einsum("rd,cd->rc", rows, columns)  # not by BLAS, whose sums depend on its threads
    cells: NDArray[np.uint8] = np.clip(np.rint(FULL * cosines), 0, FULL).astype(np.uint8)
    return cells


def map_shape(n_source: int, n_target: int) -> tuple[int, int]:
    """Return how many rows and columns the map of a pair has."""
    return min(n_source, MAX_CELLS), min(n_target, MAX_CELLS)


def _stretches(document: Overlaps) -> NDArray[np.float64]:
    """Return the unit vectors of equal stretches of a document: float64 array of shape (R, D)."""
    n_sentences = len(document.sentences)
    n_rows = min(n_sentences, MAX_CELLS)
    vectors = document.vectors[0] if document.max_overlap else np.zeros((n_sentences, 0))
    n_texts = int(document.has_text.sum())
    centre = vectors.sum(axis=0, dtype=np.float64) / (n_texts + SHRINKAGE)
    starts = np.arange(n_rows) * n_sentences // max(n_rows, 1)
    n_before = np.append(0, np.cumsum(document.has_text))
    sums = np.add.reduceat(vectors, starts, axis=0, dtype=np.float64) if n_rows else np.zeros((0, vectors.shape[1]))
    sums -= np.diff(n_before[np.append(starts, n_sentences)])[:, None] * centre
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    stretches: NDArray[np.float64] = sums / np.maximum(lengths, 1e-9)
    return stretches
