"""Pair the documents of two languages: candidates by document vectors, then sentence by sentence, then one to one."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stages.pairing.candidates import find_candidates
from stages.pairing.config import PairingConfig
from stages.pairing.duplicates import group_duplicates
from stages.pairing.match import PairedDocuments, Side, match_documents
from stages.pairing.score import score_pair
from stages.pairing.summary import Summary, centre_of, centred, document_vectors, weights_of

KEPT_SENTENCES = 200_000
"""How many sentences of each side are kept in memory, centred: some 400 MB at 512 dimensions."""

Read = Callable[[int], tuple[NDArray[np.floating], NDArray[np.integer]]]
"""Gives the sentence vectors of a document, shape (S, D), and the lengths of its sentences, shape (S,)."""


class DocumentSide(NamedTuple):
    """The documents of one language: what is known of each, and a way to read their sentences."""

    summaries: Sequence[Summary]
    read: Read


@dataclass(frozen=True)
class Pairing:
    """What became of the documents of two sides.

    pairs, unsure : see `match_documents`. duplicates : for each side, for each document the first of its near
    duplicates, itself where it has none: int64 arrays of shape (N,). n_compared : candidate pairs, for both sides.
    """

    pairs: list[PairedDocuments]
    unsure: list[PairedDocuments]
    duplicates: tuple[NDArray[np.int64], NDArray[np.int64]]
    n_compared: int


def pair_documents(source: DocumentSide, target: DocumentSide, config: PairingConfig) -> Pairing:
    """Pair the documents of two sides by what they say.

    Near duplicates within a side are found first, and are paired once. A document without a sentence stays alone.
    Nothing depends on the order of the documents, but for ties and for the first of near duplicates.
    """
    sides = [_Sentences(side) for side in (source, target)]
    vectors = [document_vectors(side.summaries, side.centre) for side in sides]
    groups = [
        group_duplicates(of_side, config.n_candidates, side.score_with(side))
        for of_side, side in zip(vectors, sides, strict=True)
    ]
    has_text = [np.flatnonzero([summary.n_sentences > 0 for summary in side.summaries]) for side in sides]
    rows, columns = find_candidates(vectors[0][has_text[0]], vectors[1][has_text[1]], config.n_candidates)
    rows, columns = has_text[0][rows], has_text[1][columns]
    score = sides[0].score_with(sides[1])
    scores = np.array([score(i, j) for i, j in zip(rows.tolist(), columns.tolist(), strict=True)])
    known = (_side(sides[0], groups[0]), _side(sides[1], groups[1]))
    pairs, unsure = match_documents(rows, columns, scores, known, config)
    return Pairing(pairs, unsure, (groups[0], groups[1]), len(rows))


def _side(sentences: _Sentences, group: NDArray[np.int64]) -> Side:
    n_sentences = np.array([summary.n_sentences for summary in sentences.summaries], dtype=np.int64)
    n_chars = np.array([summary.n_chars for summary in sentences.summaries], dtype=np.int64)
    return Side(n_sentences, n_chars, group)


class _Sentences:
    """The centred sentence vectors of a side, with their weights; those that were asked for last are kept."""

    def __init__(self, side: DocumentSide) -> None:
        self.summaries = side.summaries
        self.centre = centre_of(side.summaries)
        self._read = side.read
        self._kept: OrderedDict[int, tuple[NDArray[np.float32], NDArray[np.float64]]] = OrderedDict()
        self._n_kept = 0

    def of(self, index: int) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        """Return the centred vectors of a document, shape (S, D), and the weights of its sentences, shape (S,)."""
        if index in self._kept:
            self._kept.move_to_end(index)
            return self._kept[index]
        vectors, n_chars = self._read(index)
        self._kept[index] = (centred(vectors, self.centre), weights_of(n_chars))
        self._n_kept += len(vectors)
        while self._n_kept > KEPT_SENTENCES and len(self._kept) > 1:
            _, (dropped, _) = self._kept.popitem(last=False)
            self._n_kept -= len(dropped)
        return self._kept[index]

    def score_with(self, other: _Sentences) -> Callable[[int, int], float]:
        """Return the function that scores a document of this side with one of another."""

        def score(i: int, j: int) -> float:
            (source, source_weights), (target, target_weights) = self.of(i), other.of(j)
            return score_pair(source, target, source_weights, target_weights)

        return score
