"""Pair the documents of two languages: candidates by document vectors, then sentence by sentence, then one to one.

N, M documents of both sides, S sentences of a document, D dimensions.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from stages.pairing.candidates import Points, Scored, find_candidates
from stages.pairing.config import PairingConfig
from stages.pairing.duplicates import find_alike, group_duplicates
from stages.pairing.match import PairedDocuments, Side, match_documents
from stages.pairing.score import score_pair
from stages.pairing.summary import Summaries, centred, document_vectors, weights_of

KEPT_SENTENCES = 50_000
"""How many sentences of each side are kept in memory, centred: some 100 MB at 512 dimensions."""

COMPARED_AT_ONCE = 100_000
"""After so many comparisons what was found is kept."""

MAX_COPIED = 0.1
"""Where more of the sentences of a side than this are in copies, these don't count for its centre."""

MAX_EDITIONS = 4
"""Of near duplicates so many, the first ones, are compared with the other side: any of them may be the pair."""

OUTGROWN = 2.0
"""With so many times the sentences that there were when its centre was taken, a side is paired anew."""


class Sentences(Protocol):
    """The sentence vectors of the documents of a side."""

    def prepare(self, documents: NDArray[np.int64]) -> None:
        """Have the vectors of these documents at hand; each will be asked for, many more than once."""

    def read(self, document: int) -> tuple[NDArray[np.floating], NDArray[np.integer]]:
        """Return the vectors of a document's sentences with text, shape (S, D), and their lengths, shape (S,)."""


class Decided(NamedTuple):
    """What people have decided: pairs of positions that belong together, and pairs that don't."""

    together: frozenset[tuple[int, int]] = frozenset()
    apart: frozenset[tuple[int, int]] = frozenset()


class DocumentSide(NamedTuple):
    """The documents of one language: what is known of each, its group (see `Points`), and its sentences."""

    summaries: Summaries
    group: NDArray[np.int64]
    sentences: Sentences


class Settled(NamedTuple):
    """What a pairing leaves for the next: it holds for the documents that were there, by their positions.

    centres, n_sentences : of both sides, when the centres were taken. usual_ratio : see `match_documents`; None as
    long as the comparing goes on.
    known : which documents were there, bool arrays of shape (N,). candidates, alike : what was compared, between the
    sides and within each. pairs : positions of the documents that belong together.
    """

    centres: tuple[NDArray[np.float64], NDArray[np.float64]]
    n_sentences: tuple[int, int]
    usual_ratio: float | None
    known: tuple[NDArray[np.bool_], NDArray[np.bool_]]
    candidates: Scored
    alike: tuple[Scored, Scored]
    pairs: frozenset[tuple[int, int]]

    @property
    def n_compared(self) -> int:
        """Return how many pairs of documents have been compared."""
        return sum(len(compared.rows) for compared in (self.candidates, *self.alike))


@dataclass(frozen=True)
class Pairing:
    """What became of the documents of two sides.

    pairs, unsure : see `match_documents`; unsure is what is less sure than `min_confidence`. duplicates : for each
    side, for each document the first of its near duplicates, itself where it has none: int64 arrays of shape (N,).
    candidates : what was compared between the sides, and may be a pair. n_compared : how many pairs of documents were
    compared anew, those within a side as well.
    """

    pairs: list[PairedDocuments]
    unsure: list[PairedDocuments]
    duplicates: tuple[NDArray[np.int64], NDArray[np.int64]]
    candidates: Scored
    n_compared: int
    settled: Settled


def pair_documents(
    source: DocumentSide,
    target: DocumentSide,
    config: PairingConfig,
    decided: Decided = Decided(),  # noqa: B008 (a NamedTuple of frozen sets)
    before: Settled | None = None,
    keep: Callable[[Settled], None] = lambda _: None,
) -> Pairing:
    """Pair the documents of two sides by what they say.

    Near duplicates within a side are found first, and are paired once. A document without a sentence stays alone.
    Nothing depends on the order of the documents, but for ties, for the first of near duplicates, and for what the
    approximate search among many thousands misses. With `before`, documents that were there are only compared with new
    ones, and a pair stays unless one of these is nearer; with many new ones (see OUTGROWN) all is done anew. `keep` is
    given what has been compared now and then: as `before`, it saves comparing it again.
    """
    if before is None or _has_outgrown(before, source, target):
        before = _begin(source, target)
    first, second = (_group(side, before, number, config) for number, side in enumerate((source, target)))
    settled = before._replace(alike=(first[1], second[1]))
    if before.usual_ratio is None and not len(before.candidates.rows):
        centres = (
            _centre_of_texts(source, first[0], before.centres[0]),
            _centre_of_texts(target, second[0], before.centres[1]),
        )
        settled = settled._replace(centres=centres)
    keep(settled)
    sides = _Centred(source, settled.centres[0]), _Centred(target, settled.centres[1])
    points = (
        _editions(_points(source, settled.centres[0], before.known[0]), first[0]),
        _editions(_points(target, settled.centres[1], before.known[1]), second[0]),
    )
    for scored in _score(sides, _uncompared(points, config, before.candidates, decided)):
        settled = settled._replace(candidates=settled.candidates.plus(scored))
        keep(settled)
    eligible = settled.candidates.without(decided.apart)
    known = _side(source.summaries, first[0]), _side(target.summaries, second[0])
    pairs, ratio = match_documents(eligible, known, decided.together, before.usual_ratio)
    stays = before.pairs | decided.together
    sure = [pair for pair in pairs if pair.confidence >= config.min_confidence or pair[:2] in stays]
    kept = frozenset(pair[:2] for pair in sure)
    everything = np.ones(len(points[0].is_new), bool), np.ones(len(points[1].is_new), bool)
    return Pairing(
        pairs=sure,
        unsure=[pair for pair in pairs if pair[:2] not in kept],
        duplicates=(first[0], second[0]),
        candidates=eligible,
        n_compared=settled.n_compared - before.n_compared,
        settled=settled._replace(usual_ratio=ratio, known=everything, pairs=kept - decided.together),
    )


def _begin(source: DocumentSide, target: DocumentSide) -> Settled:
    """Return what is settled where nothing is."""
    nothing = tuple(np.zeros(len(side.group), bool) for side in (source, target))
    return Settled(
        centres=(source.summaries.centre, target.summaries.centre),
        n_sentences=_n_sentences(source, target),
        usual_ratio=None,
        known=(nothing[0], nothing[1]),
        candidates=Scored.none(),
        alike=(Scored.none(), Scored.none()),
        pairs=frozenset(),
    )


def _side(summaries: Summaries, group: NDArray[np.int64]) -> Side:
    return Side(summaries.n_sentences, summaries.n_chars, group)


def _n_sentences(source: DocumentSide, target: DocumentSide) -> tuple[int, int]:
    return int(source.summaries.n_sentences.sum()), int(target.summaries.n_sentences.sum())


def _has_outgrown(before: Settled, source: DocumentSide, target: DocumentSide) -> bool:
    both = zip(_n_sentences(source, target), before.n_sentences, strict=True)
    return any(now >= OUTGROWN * max(then, 1) for now, then in both)


def _points(side: DocumentSide, centre: NDArray[np.float64], known: NDArray[np.bool_]) -> Points:
    return Points(document_vectors(side.summaries, centre), side.summaries.n_sentences > 0, ~known, side.group)


def _group(side: DocumentSide, before: Settled, number: int, config: PairingConfig) -> tuple[NDArray[np.int64], Scored]:
    """Group the near duplicates of a side; see `group_duplicates`."""
    centred = _Centred(side, before.centres[number])
    as_they_are = _points(side, np.zeros_like(before.centres[number]), before.known[number])
    alike = find_alike(as_they_are, config.n_candidates)
    centred.prepare(np.concatenate(alike))
    n_documents = len(side.group)
    return group_duplicates(n_documents, alike, lambda i, j: _score_one(centred, centred, i, j), before.alike[number])


def _centre_of_texts(side: DocumentSide, group: NDArray[np.int64], centre: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the centre of a side in which each text counts once, if copies would draw it to themselves."""
    summaries, is_copy = side.summaries, group != np.arange(len(group))
    if summaries.n_sentences[is_copy].sum() <= MAX_COPIED * summaries.n_sentences.sum():
        return centre
    total: NDArray[np.float64] = summaries.weighted[~is_copy].sum(axis=0, dtype=np.float64)
    return total / float(summaries.weight[~is_copy].sum())


def _editions(points: Points, group: NDArray[np.int64]) -> Points:
    """Return the documents of a side with no more than MAX_EDITIONS of each group of near duplicates."""
    order = np.argsort(group, kind="stable")
    starts = np.searchsorted(group[order], group[order])
    is_edition = np.zeros(len(group), bool)
    is_edition[order] = np.arange(len(group)) - starts < MAX_EDITIONS
    return points._replace(has_text=points.has_text & is_edition)


def _uncompared(
    points: tuple[Points, Points], config: PairingConfig, compared: Scored, decided: Decided
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the candidates, and what people have decided, as far as they haven't been compared."""
    rows, columns = find_candidates(points[0], points[1], config.n_candidates)
    said = np.array(sorted(decided.together), np.int64).reshape(-1, 2)
    n_target = max(len(points[1].is_new), 1)
    wanted = np.concatenate([rows, said[:, 0]]) * n_target + np.concatenate([columns, said[:, 1]])
    left = np.setdiff1d(wanted, compared.rows * n_target + compared.columns)
    return left // n_target, left % n_target


def _score(sides: tuple[_Centred, _Centred], pairs: tuple[NDArray[np.int64], NDArray[np.int64]]) -> Iterator[Scored]:
    """Compare pairs of documents, some at a time."""
    for start in range(0, len(pairs[0]), COMPARED_AT_ONCE):
        rows, columns = (documents[start : start + COMPARED_AT_ONCE] for documents in pairs)
        for side, documents in zip(sides, (rows, columns), strict=True):
            side.prepare(documents)
        both = zip(rows.tolist(), columns.tolist(), strict=True)
        yield Scored(rows, columns, np.array([_score_one(*sides, i, j) for i, j in both]))


def _score_one(source: _Centred, target: _Centred, i: int, j: int) -> float:
    (one, weights), (other, other_weights) = source.of(i), target.of(j)
    return score_pair(one, other, weights, other_weights)


class _Centred:
    """The sentence vectors of a side, less its centre, with their weights; those that were asked for last are kept."""

    def __init__(self, side: DocumentSide, centre: NDArray[np.float64]) -> None:
        self._sentences, self._centre = side.sentences, centre
        self._kept: OrderedDict[int, tuple[NDArray[np.float32], NDArray[np.float64]]] = OrderedDict()
        self._n_kept = 0

    def prepare(self, documents: NDArray[np.int64]) -> None:
        """Have the vectors of documents at hand."""
        self._sentences.prepare(np.unique(documents))

    def of(self, index: int) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        """Return the centred vectors of a document, shape (S, D), and the weights of its sentences, shape (S,)."""
        if index in self._kept:
            self._kept.move_to_end(index)
            return self._kept[index]
        vectors, n_chars = self._sentences.read(index)
        self._kept[index] = (centred(vectors, self._centre), weights_of(n_chars))
        self._n_kept += len(vectors)
        while self._n_kept > KEPT_SENTENCES and len(self._kept) > 1:
            _, (dropped, _) = self._kept.popitem(last=False)
            self._n_kept -= len(dropped)
        return self._kept[index]


def best_of(candidates: Scored, n_documents: int, is_target: bool = False) -> NDArray[np.int64]:
    """Return for each document the number of its best candidate, -1 where it has none: int64 array of shape (N,)."""
    best = np.full(n_documents, -1, np.int64)
    order = np.argsort(candidates.scores, kind="stable")
    best[(candidates.columns if is_target else candidates.rows)[order]] = order  # the last one counts
    return best
