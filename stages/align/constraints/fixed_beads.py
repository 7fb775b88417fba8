"""Beads that people have fixed: the search goes through them, and what they have called wrong is not found again.

Fixed beads are anchors, too: so the sentences between them are aligned with what the whole document says about its
vectors and lengths. `constrain` says what they do to the search. Corners between the units of a bilingual file are
fixed as well: as beads of no length, which no other bead crosses (see `units`).

F fixed beads with text on both sides, P beads found, N corners.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stages.align.beads import NO_CORNERS, Path, as_beads, lie_between
from stages.align.positions import restore_positions
from stages.corrections import BeadSpan, Corrections, make_bead_span
from stages.data import Beads, Facts

if TYPE_CHECKING:  # they load numba, which a machine that only exports doesn't have
    from stages.align.anchors.links import Links

FIXED_WEIGHT = 1.0
"""What a fixed bead weighs as an anchor: as much as a link that stands out as links usually do."""


NONE = np.zeros(0, np.int64)
"""No sentences."""

NO_BEADS = np.zeros((0, 4), np.int64)


class FixedBeads(NamedTuple):
    """Corrections, and the corners between units, in positions that all hold text.

    beads  : int64 array of shape (F, 4), as in Path, in order.
    banned : the beads that are wrong.
    source_nulls, target_nulls : int64 arrays, in order: sentences without a translation.
    source_wanted, target_wanted : int64 arrays, in order: sentences that must not be left alone.
    corners : int64 array of shape (N, 2), in order on both sides: how many source and target sentences stand before it.
    source_starts, target_starts : where pieces are aligned in place of sentences, how many stand before each sentence,
               and how many there are: int64 arrays of shape (S + 1,) and (T + 1,); else nothing.
    crossing : what a bead loses by each sentence's end that it crosses, in nats.
    """

    beads: NDArray[np.int64] = NO_BEADS
    banned: frozenset[BeadSpan] = frozenset()
    source_nulls: NDArray[np.int64] = NONE
    target_nulls: NDArray[np.int64] = NONE
    source_wanted: NDArray[np.int64] = NONE
    target_wanted: NDArray[np.int64] = NONE
    corners: NDArray[np.int64] = NO_CORNERS
    source_starts: NDArray[np.int64] = NONE
    target_starts: NDArray[np.int64] = NONE
    crossing: float = 0.0

    @property
    def mirrored(self) -> FixedBeads:
        """The same with the sides exchanged."""
        banned = frozenset(bead.mirrored for bead in self.banned)
        nulls, wanted = (self.target_nulls, self.source_nulls), (self.target_wanted, self.source_wanted)
        starts, corners = (self.target_starts, self.source_starts), self.corners[:, ::-1]
        return FixedBeads(self.beads[:, [2, 3, 0, 1]], banned, *nulls, *wanted, corners, *starts, self.crossing)

    @property
    def ends(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The ends between sentences of both sides, in pieces, next to which a sentence has several."""
        return _ends_of_cut(self.source_starts), _ends_of_cut(self.target_starts)

    def n_crossed(self, spans: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return how many of the ends each bead crosses: int64 array of shape (P,)."""
        crossed = np.zeros(len(spans), np.int64)
        for ends, side in zip(self.ends, (0, 2), strict=True):
            crossed += np.searchsorted(ends, spans[:, side + 1]) - np.searchsorted(ends, spans[:, side], side="right")
        return crossed

    def lies_within(self, corners: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which corners lie within a sentence: bool array of shape (N,)."""
        within = np.zeros(len(corners), bool)
        for starts, side in ((self.source_starts, 0), (self.target_starts, 1)):
            if len(starts):
                within |= ~np.isin(corners[:, side], starts)
        return within

    def bans(self, spans: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which beads are wrong: bool array of shape (P,)."""
        return np.fromiter((tuple(span) in self.banned for span in spans.tolist()), bool, len(spans))


def _ends_of_cut(starts: NDArray[np.int64]) -> NDArray[np.int64]:
    is_cut = np.diff(starts) > 1
    ends: NDArray[np.int64] = starts[1:-1][is_cut[1:] | is_cut[:-1]]
    return ends


def fix_beads(corrections: Corrections, source_text: NDArray[np.bool_], target_text: NDArray[np.bool_]) -> FixedBeads:
    """Leave empty positions out of the corrections.

    source_text, target_text : bool arrays of shape (S,) and (T,), which positions hold a sentence.
    """
    before = [np.append(0, np.cumsum(has_text)) for has_text in (source_text, target_text)]

    def without_empty(bead: BeadSpan) -> tuple[int, ...]:
        return tuple(int(before[side // 2][bead[side]]) for side in range(4))

    good, bad = (list(map(without_empty, beads)) for beads in (corrections.good, corrections.bad))
    source_nulls, target_nulls = _alone(good)
    settled = [{at for bead in good for at in range(*bead[side : side + 2])} for side in (0, 2)]
    source_wanted, target_wanted = (
        np.setdiff1d(alone, sorted(known)) for alone, known in zip(_alone(bad), settled, strict=True)
    )
    return FixedBeads(
        np.array(sorted(filter(_is_whole, good)), np.int64).reshape(-1, 4),
        frozenset(make_bead_span(*bead) for bead in filter(_is_whole, bad)),
        source_nulls,
        target_nulls,
        source_wanted,
        target_wanted,
    )


def _is_whole(bead: tuple[int, ...]) -> bool:
    return bead[0] < bead[1] and bead[2] < bead[3]


def _alone(beads: Iterable[tuple[int, ...]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the sentences of null beads, of the source and of the target: int64 arrays, in order."""
    nulls = [bead for bead in beads if not _is_whole(bead)]
    source, target = ({at for bead in nulls for at in range(*bead[side : side + 2])} for side in (0, 2))
    return np.array(sorted(source), np.int64), np.array(sorted(target), np.int64)


def link_fixed(links: Links, fixed: FixedBeads) -> Links:
    """Return the links with those of the fixed beads, and without those that can't stand beside them."""
    spans = one_to_one(links.source, links.target)
    kept = stands_beside(spans, fixed) & ~is_among(spans, fixed.beads)
    lengths = np.minimum(fixed.beads[:, 1] - fixed.beads[:, 0], fixed.beads[:, 3] - fixed.beads[:, 2])
    steps = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    source = np.concatenate([links.source[kept], np.repeat(fixed.beads[:, 0], lengths) + steps])
    target = np.concatenate([links.target[kept], np.repeat(fixed.beads[:, 2], lengths) + steps])
    weight = np.concatenate([links.weight[kept], np.full(len(steps), FIXED_WEIGHT)])
    order = np.argsort(source)
    return links._replace(source=source[order], target=target[order], weight=weight[order])


def stands_beside(spans: NDArray[np.int64], fixed: FixedBeads) -> NDArray[np.bool_]:
    """Return which beads are fixed themselves, or share no sentence with what is fixed and cross none of it.

    spans : int64 array of shape (P, 4), of beads with text on both sides.
    """
    is_free = lie_between(spans, fixed.beads)
    if len(fixed.corners):
        is_free &= lie_between(spans, as_beads(fixed.corners))
    for nulls, side in ((fixed.source_nulls, 0), (fixed.target_nulls, 2)):
        is_free &= np.searchsorted(nulls, spans[:, side]) == np.searchsorted(nulls, spans[:, side + 1])
    stands: NDArray[np.bool_] = is_free | is_among(spans, fixed.beads)
    return stands


def one_to_one(source: NDArray[np.int64], target: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the beads of one sentence on each side, by their positions: int64 array of shape (P, 4)."""
    return np.stack([source, source + 1, target, target + 1], axis=1).astype(np.int64)


def is_among(spans: NDArray[np.int64], others: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which beads are among others, which are in order and share no sentence: bool array of shape (P,)."""
    if not len(others):
        return np.zeros(len(spans), bool)
    index = np.minimum(np.searchsorted(others[:, 0], spans[:, 0]), len(others) - 1)
    same: NDArray[np.bool_] = (others[index] == spans).all(axis=1)
    return same


def settle(
    beads: Beads,
    corrections: Corrections,
    n_source: int,
    n_target: int,
    corners: NDArray[np.int64] = NO_CORNERS,
) -> Beads:
    """Put the corrections in place of what was found for the same sentences; null beads stand as `corners` say.

    A fixed bead has the numbers of the bead that was found there, or of the one that it shares most sentences with, and
    confidence 1. A sentence that the found beads leave over is a null bead of unknown confidence.
    """
    fixed = fix_beads(corrections, np.ones(n_source, bool), np.ones(n_target, bool))
    columns = (beads.source_start, beads.source_stop, beads.target_start, beads.target_stop)
    spans = np.stack([column.astype(np.int64) for column in columns], axis=1)
    text = np.flatnonzero(~beads.is_null)
    kept = text[(stands_beside(spans, fixed) & ~is_among(spans, fixed.beads) & ~fixed.bans(spans))[text]]
    nearest = _nearest(fixed.beads, spans, text)
    taken = np.concatenate([kept, nearest])
    found = np.concatenate([spans[kept], fixed.beads])
    order = np.argsort(found[:, 0])
    # An index of -1, where no bead was near, takes the number that is put behind the others.
    similarity, score = (np.append(values, np.float32(0))[taken][order] for values in (beads.similarity, beads.score))
    confidence = np.concatenate([beads.confidence[kept], np.ones(len(nearest), np.float32)])[order]
    nulls = (
        _null_numbers(beads, spans[:, :2], n_source, fixed.source_nulls),
        _null_numbers(beads, spans[:, 2:], n_target, fixed.target_nulls),
    )
    facts: Facts = {**beads.facts, "good_beads": len(corrections.good), "bad_beads": len(corrections.bad)}
    path = Path(found[order], similarity, score, confidence, *nulls, facts)
    return restore_positions(path, np.arange(n_source), np.arange(n_target), n_source, n_target, corners)


def _nearest(beads: NDArray[np.int64], spans: NDArray[np.int64], text: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return for each fixed bead which of the found ones shares most sentences with it; -1 if none does.

    text : which of the found beads have text on both sides.
    """
    if not len(text):
        return np.full(len(beads), -1, np.int64)
    same = text[np.minimum(np.searchsorted(spans[text, 0], beads[:, 0]), len(text) - 1)]
    changed = np.flatnonzero((spans[same] != beads).any(axis=1))
    same[changed] = [_nearest_to(bead, spans, text) for bead in beads[changed]]
    return same


def _nearest_to(bead: NDArray[np.int64], spans: NDArray[np.int64], text: NDArray[np.int64]) -> int:
    first = int(np.searchsorted(spans[text, 1], bead[0], side="right"))
    last = int(np.searchsorted(spans[text, 0], bead[1], side="left"))
    best, n_best = -1, 0
    for index in text[first:last].tolist():
        starts, stops = np.maximum(spans[index, [0, 2]], bead[[0, 2]]), np.minimum(spans[index, [1, 3]], bead[[1, 3]])
        n_shared = int(np.clip(stops - starts, 0, None).sum())
        best, n_best = (index, n_shared) if n_shared > n_best else (best, n_best)
    return best


def _null_numbers(
    beads: Beads, spans: NDArray[np.int64], n_sentences: int, fixed: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Return score and confidence of each sentence of a side as a null bead: float32 array of shape (2, S)."""
    numbers = np.repeat(np.array([[0.0], [np.nan]], np.float32), n_sentences, axis=1)
    is_null = beads.is_null & (spans[:, 0] < spans[:, 1])
    numbers[:, spans[is_null, 0]] = np.stack([beads.score[is_null], beads.confidence[is_null]])
    numbers[1, fixed] = 1.0
    return numbers
