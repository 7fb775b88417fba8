"""Look into long sentences: align the pieces of a side that is hardly split, and fold the beads that share a sentence.

A line that holds six sentences is hard to tell from its neighbours, its first and its last sentence are not.

S source sentences, T target sentences, P beads of pieces, F beads after folding, D dimensions.
"""

from __future__ import annotations

from itertools import chain
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stages.align.anchors.lengths import bytes_before
from stages.align.anchors.scale import centre_of, centred, cosines
from stages.align.beads import Path, as_beads
from stages.align.config import AlignConfig
from stages.align.constraints.fixed_beads import FixedBeads
from stages.align.freedom import logit
from stages.align.log_linear import align_bitext
from stages.align.scoring.sums import overlap_vectors, sum_weights
from stages.corrections import BeadSpan, make_bead_span
from stages.data import Overlaps
from stages.pieces import cut_pieces

MOST_ENCODED = 0.5
"""Pieces that are encoded have at most this share of the text of both documents."""

USUALLY_CROSSED = 0.25
"""The share of ends of sentences that beads of pieces cross where nothing keeps them from it. Read off the development
pairs: they crossed .02 to .1 where every line ended with a bead, .15 to .4 where lines ended anywhere."""

MOST_TRIES = 4
"""So often another way is sought past beads that people have called wrong."""


class InPieces(NamedTuple):
    """A document in pieces.

    document : the pieces in place of the sentences.
    starts   : int64 array of shape (S + 1,), how many pieces stand before each sentence, and how many there are.
    """

    document: Overlaps
    starts: NDArray[np.int64]

    def pieces_of(self, sentences: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the pieces of some sentences: int64 array, in order."""
        parts = [np.arange(*self.starts[at : at + 2]) for at in sentences.tolist()]
        return np.concatenate([np.zeros(0, np.int64), *parts])

    def sentences_of(self, spans: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the sentences of which spans of pieces hold any: int64 array of shape (P, 2), from shape (P, 2)."""
        first = np.searchsorted(self.starts, spans[:, 0], side="right") - 1
        return np.stack([first, np.searchsorted(self.starts, spans[:, 1])], axis=1)


def align_by_pieces(source: Overlaps, target: Overlaps, config: AlignConfig, fixed: FixedBeads | None) -> Path:
    """Align two documents, of which one at least has vectors of pieces; every position of both holds a sentence.

    The pieces are aligned by sums as sentences are, and beads that hold pieces of the same sentence become one. That is
    also what a bead of pieces of two sentences leads to, so that where few beads hold such, all are made less likely.
    The verdict on the pair counts pieces as sentences.
    """
    fixed = fixed or FixedBeads()
    sides = in_pieces(source), in_pieces(target)
    of_pieces = _fix_pieces(fixed, *sides)
    path = align_bitext(sides[0].document, sides[1].document, config, None, of_pieces)
    of_pieces = of_pieces._replace(crossing=_cost_of_crossing(path.spans, of_pieces))
    for _ in range(MOST_TRIES):
        path = align_bitext(sides[0].document, sides[1].document, config, None, of_pieces)
        beads = _which_to_fold(path.spans, *sides)
        folded = _fold(path, beads, (source, target), sides)
        wrong = np.flatnonzero(fixed.bans(folded.spans))
        if not len(wrong):
            break
        of_pieces = of_pieces._replace(banned=of_pieces.banned | _ways_into(path, beads[wrong], config.largest_bead))
    return folded


def in_pieces(document: Overlaps) -> InPieces:
    """Return a document in pieces; one without vectors of pieces has its sentences for such."""
    if document.pieces is None:
        singles = Overlaps(document.sentences, document.vectors[:1])
        return InPieces(singles, np.arange(len(document.sentences) + 1))
    cut = [cut_pieces(sentence) for sentence in document.sentences]
    pieces, starts = list(chain.from_iterable(cut)), np.append(0, np.cumsum(list(map(len, cut)), dtype=np.int64))
    return InPieces(Overlaps(pieces, _with_rests(document, pieces, starts)[None]), starts)


def affordable_pieces(document: Overlaps, n_bytes: float) -> NDArray[np.int32]:
    """Return the numbers of the pieces of a document to encode: those of sentences that have several.

    Where these have too much text, the longest are left out, inner ones first: what stands at the ends of a sentence
    tells where beads end. Of pieces that are left out, what is left of their sentence has to tell.

    n_bytes : of the text of both documents.
    """
    cut = [cut_pieces(sentence) for sentence in document.sentences]
    places = [(len(pieces), at) for pieces in cut for at in range(len(pieces))]
    stops = 1 + np.flatnonzero([n_pieces > 1 for n_pieces, _ in places])
    is_inner = np.array([0 < at < n_pieces - 1 for n_pieces, at in places], bool)[stops - 1]
    lengths = np.array([len(piece.encode()) for piece in chain.from_iterable(cut)], np.int64)[stops - 1]
    order = np.lexsort((lengths, is_inner))
    kept = order[np.cumsum(lengths[order]) <= MOST_ENCODED * n_bytes]
    return np.sort(stops[kept]).astype(np.int32)


def _with_rests(document: Overlaps, pieces: list[str], starts: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return vectors of all pieces; for those that were not encoded, what is left of their sentence."""
    vectors = np.array(document.pieces, np.float32)
    missing = np.flatnonzero(~vectors.any(axis=1))
    if len(missing):
        centre = centre_of(document.vectors[0])
        told = centred(vectors, centre) * sum_weights(np.diff(bytes_before(pieces)))[:, None]
        told[missing] = 0
        whole = centred(document.vectors[0], centre) * sum_weights(np.diff(bytes_before(document.sentences)))[:, None]
        rests = centred(whole - np.add.reduceat(told, starts[:-1]), np.zeros_like(centre)) + centre
        rests /= np.linalg.norm(rests, axis=1, keepdims=True)
        vectors[missing] = rests[np.searchsorted(starts, missing, side="right") - 1]
    return vectors


# ---- constraints


def _fix_pieces(fixed: FixedBeads, source: InPieces, target: InPieces) -> FixedBeads:
    """Return the constraints on pieces. Of a fixed bead that has more pieces than sentences only its ends are fixed."""

    def in_pieces(beads: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.concatenate([source.starts[beads[:, :2]], target.starts[beads[:, 2:]]], axis=1)

    beads, corners = in_pieces(fixed.beads), in_pieces(as_beads(fixed.corners))[:, [0, 2]]
    is_whole = (beads[:, [1, 3]] - beads[:, [0, 2]] == fixed.beads[:, [1, 3]] - fixed.beads[:, [0, 2]]).all(axis=1)
    corners = np.concatenate([corners, beads[~is_whole][:, [0, 2]], beads[~is_whole][:, [1, 3]]])
    banned = in_pieces(np.array(sorted(fixed.banned), np.int64).reshape(-1, 4))
    return FixedBeads(
        beads[is_whole],
        frozenset(make_bead_span(*bead) for bead in banned.tolist()),
        source.pieces_of(fixed.source_nulls),
        target.pieces_of(fixed.target_nulls),
        source.pieces_of(fixed.source_wanted),
        target.pieces_of(fixed.target_wanted),
        np.unique(corners, axis=0),
        source.starts,
        target.starts,
    )


def _cost_of_crossing(spans: NDArray[np.int64], fixed: FixedBeads) -> float:
    """Return what a bead is to lose by an end that it crosses: how much rarer that is here than usual, in nats."""
    n_ends = sum(map(len, fixed.ends))
    share = (int(fixed.n_crossed(spans).sum()) + 0.5) / (n_ends + 1)
    return max(0.0, logit(USUALLY_CROSSED) - logit(share))


def _ways_into(path: Path, wrong: NDArray[np.int64], most: int) -> frozenset[BeadSpan]:
    """Return the beads of pieces of which the less sure end of each wrong bead is one.

    wrong : int64 array of shape (N, 2), the first and the last of the beads of pieces in each.
    most  : how many sentences a bead has.
    """
    ways = []
    shapes = [(m, n) for m in range(1, most) for n in range(1, most - m + 1)]
    for first, last in wrong.tolist():
        if path.ends is not None and path.ends[first, 0] < path.ends[last, 1]:
            i, j = path.spans[first, [0, 2]].tolist()
            ways += [(i, i + m, j, j + n) for m, n in shapes]
        else:
            i, j = path.spans[last, [1, 3]].tolist()
            ways += [(i - m, i, j - n, j) for m, n in shapes if m <= i and n <= j]
    return frozenset(make_bead_span(*way) for way in ways)


# ---- folding


def _which_to_fold(spans: NDArray[np.int64], source: InPieces, target: InPieces) -> NDArray[np.int64]:
    """Return the first and the last of the beads of pieces that make up each bead of sentences: shape (F, 2)."""
    of_sentences = np.concatenate([source.sentences_of(spans[:, :2]), target.sentences_of(spans[:, 2:])], axis=1)
    is_first = np.ones(len(spans) + 1, bool)
    is_first[1:-1] = (of_sentences[1:, [0, 2]] >= of_sentences[:-1, [1, 3]]).all(axis=1)
    return np.stack([np.flatnonzero(is_first[:-1]), np.flatnonzero(is_first[1:])], axis=1)


def _fold(
    path: Path, beads: NDArray[np.int64], documents: tuple[Overlaps, Overlaps], sides: tuple[InPieces, InPieces]
) -> Path:
    """Return the path in sentences.

    A bead is right if both its ends are, wherever the beads of pieces within it end: as likely as the less likely of
    the two. An end lies elsewhere, too, where the sentence next to it has no translation. A sentence is left alone if
    all its pieces are.
    """
    first, last = beads.T
    outer = np.where([True, False, True, False], path.spans[first], path.spans[last])
    of_source, of_target = sides[0].sentences_of(outer[:, :2]), sides[1].sentences_of(outer[:, 2:])
    nulls = _fold_nulls(path.source_null, sides[0]), _fold_nulls(path.target_null, sides[1])
    sure = np.ones(len(beads), np.float32) if path.ends is None else np.minimum(path.ends[first, 0], path.ends[last, 1])
    for null, spans in zip(nulls, (of_source, of_target), strict=True):
        sure = np.minimum(sure, 1 - np.maximum(null[1, spans[:, 0]], null[1, spans[:, 1] - 1]))
    score = np.add.reduceat(path.score, first) if len(first) else path.score
    similarity = cosines(_overlaps(documents[0], of_source), _overlaps(documents[1], of_target))
    return Path(np.concatenate([of_source, of_target], axis=1), similarity, score, sure, *nulls, path.facts)


def _fold_nulls(null: NDArray[np.float32], side: InPieces) -> NDArray[np.float32]:
    """Return what every sentence scores as a null bead, and its confidence: float32 array of shape (2, S)."""
    if not null.size:
        return null
    first = side.starts[:-1]
    return np.stack([np.add.reduceat(null[0], first), np.minimum.reduceat(null[1], first)])


def _overlaps(document: Overlaps, spans: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return the sum in place of each overlap: float32 array of shape (F, D)."""
    singles = document.vectors[:1]
    weights = sum_weights(np.diff(bytes_before(document.sentences)))
    return overlap_vectors(singles, spans[:, 1] - spans[:, 0], spans[:, 1] - 1, weights, centre_of(singles[0]))
