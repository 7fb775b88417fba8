"""Document vectors: the weighted mean of a document's sentence vectors, less what all documents have in common.

A sentence weighs the square root of its length. Vectors of one language share a direction that has nothing to do with
what is said; it is taken off, which takes the mean of a whole side. So a document is kept as sums, and the mean can
come later: adding a document changes the mean, and no sentence has to be read again.

S sentences of a document, N documents, D dimensions.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

FEW_SENTENCES = 8
"""The mean of a side is taken as if so many sentences more, which say nothing, were in it: what a few sentences share
is also what they say, and of one sentence alone nothing would be left."""


class Summary(NamedTuple):
    """What is kept of a document to find its candidates.

    weighted : float32 array of shape (D,), the sum of its sentence vectors, each times its weight; weight : their sum.
    total    : float32 array of shape (D,), the plain sum of its sentence vectors.
    n_sentences, n_chars : sentences with text, and their characters.
    Without a sentence the arrays are empty.
    """

    weighted: NDArray[np.float32]
    total: NDArray[np.float32]
    weight: float
    n_sentences: int
    n_chars: int


class Summaries(NamedTuple):
    """The documents of a side: arrays of shape (N, …) as in `Summary`, but for `total`, shape (D,), the sum of all."""

    weighted: NDArray[np.float32]
    total: NDArray[np.float64]
    weight: NDArray[np.float64]
    n_sentences: NDArray[np.int64]
    n_chars: NDArray[np.int64]

    @property
    def centre(self) -> NDArray[np.float64]:
        """Return the mean of all sentence vectors of the side, shape (D,), the nearer to 0 the fewer there are."""
        return self.total / (int(self.n_sentences.sum()) + FEW_SENTENCES)


def weights_of(n_chars: NDArray[np.integer]) -> NDArray[np.float64]:
    """Return what sentences of so many characters weigh, shape (S,)."""
    return np.sqrt(np.asarray(n_chars, dtype=np.float64))


def summarise(vectors: NDArray[np.floating], n_chars: NDArray[np.integer]) -> Summary:
    """Summarise a document: vectors of shape (S, D) and the lengths of its sentences in characters, shape (S,)."""
    vectors = vectors.astype(np.float64)
    weights = weights_of(n_chars)
    weighted, total = (weights @ vectors).astype(np.float32), vectors.sum(axis=0).astype(np.float32)
    return Summary(weighted, total, float(weights.sum()), len(vectors), int(np.sum(n_chars)))


def gather(documents: Iterable[Summary], n_documents: int) -> Summaries:
    """Put the summaries of so many documents together, as they come."""
    found = Summaries(
        np.zeros((n_documents, 0), np.float32),
        np.zeros(0),
        np.zeros(n_documents),
        np.zeros(n_documents, np.int64),
        np.zeros(n_documents, np.int64),
    )
    for index, document in enumerate(documents):
        if document.n_sentences and not len(found.total):
            n_dimensions = len(document.total)
            weighted = np.zeros((n_documents, n_dimensions), np.float32)
            found = found._replace(weighted=weighted, total=np.zeros(n_dimensions))
        if document.n_sentences:
            found.weighted[index] = document.weighted
            found.total.__iadd__(document.total)
        found.weight[index] = document.weight
        found.n_sentences[index], found.n_chars[index] = document.n_sentences, document.n_chars
    return found


def document_vectors(side: Summaries, centre: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return a vector of unit length for each document, shape (N, D); zeros for one without text."""
    vectors = side.weighted - side.weight.astype(np.float32)[:, None] * centre.astype(np.float32)
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors /= np.where(norms > 0, norms, 1)
    return vectors


def centred(vectors: NDArray[np.floating], centre: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return sentence vectors of shape (S, D) less the centre of their side, of unit length again."""
    rows = vectors.astype(np.float32) - centre.astype(np.float32)
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    rows /= np.where(norms > 0, norms, 1)
    return rows
