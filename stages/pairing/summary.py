"""Document vectors: the weighted mean of a document's sentence vectors, less what all documents have in common.

A sentence weighs the square root of its length. Vectors of one language share a direction that has nothing to do with
what is said; it is taken off, which takes the mean of a whole side. So a document is kept as sums, and the mean can
come later: adding a document changes the mean, and no sentence has to be read again.

S sentences of a document, N documents, D dimensions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Summary:
    """What is kept of a document to find its candidates.

    weighted : float64 array of shape (D,), the sum of its sentence vectors, each times its weight; weight : their sum.
    total    : float64 array of shape (D,), the plain sum of its sentence vectors.
    n_sentences, n_chars : sentences with text, and their characters.
    """

    weighted: NDArray[np.float64]
    weight: float
    total: NDArray[np.float64]
    n_sentences: int
    n_chars: int


def weights_of(n_chars: NDArray[np.integer]) -> NDArray[np.float64]:
    """Return what sentences of so many characters weigh, shape (S,)."""
    return np.sqrt(np.asarray(n_chars, dtype=np.float64))


def summarise(vectors: NDArray[np.floating], n_chars: NDArray[np.integer]) -> Summary:
    """Summarise a document: vectors of shape (S, D) and the lengths of its sentences in characters, shape (S,)."""
    vectors = vectors.astype(np.float64)
    weights = weights_of(n_chars)
    return Summary(weights @ vectors, float(weights.sum()), vectors.sum(axis=0), len(vectors), int(np.sum(n_chars)))


def centre_of(side: Sequence[Summary]) -> NDArray[np.float64]:
    """Return the mean of all sentence vectors of a side, shape (D,); zeros where there are none."""
    if not side:
        return np.zeros(0)
    n_sentences = sum(document.n_sentences for document in side)
    total: NDArray[np.float64] = np.sum([document.total for document in side], axis=0)
    return total / max(n_sentences, 1)


def document_vectors(side: Sequence[Summary], centre: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return a vector of unit length for each document, shape (N, D); zeros for one without text."""
    if not side:
        return np.zeros((0, len(centre)), np.float32)
    sums = np.stack([document.weighted - document.weight * centre for document in side])
    return to_unit(sums).astype(np.float32)


def centred(vectors: NDArray[np.floating], centre: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return sentence vectors of shape (S, D) less the centre of their side, of unit length again."""
    return to_unit(vectors.astype(np.float64) - centre).astype(np.float32)


def to_unit(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return rows of unit length; a row of zeros stays as it is."""
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(norms > 0, norms, 1.0)
