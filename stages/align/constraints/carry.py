"""Carry beads over to documents whose sentences people have changed, until these are aligned anew.

The sentences that an edit puts in place of others lie in the beads of these. A bead that is left with one side only is
a null bead; beads of which sentences were joined are one.

P beads with text on both sides, S source sentences, T target sentences; S' and T' after the edits.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from stages.align.beads import NO_CORNERS, Path
from stages.align.positions import restore_positions
from stages.corrections import Change, Edit, carry_span, kept_positions
from stages.data import Beads

Spans = NDArray[np.int64]


def carry_beads(
    beads: Beads,
    source: Sequence[Edit],
    target: Sequence[Edit],
    n_source: int,
    n_target: int,
    corners: NDArray[np.int64] = NO_CORNERS,
) -> Beads:
    """Return the beads of a pair for its documents with their edits, which are in order.

    n_source, n_target : S and T, as the documents were split. Of beads that become one the least confidence holds.
    corners : between the units of the documents with their edits, as `restore_positions` takes them.
    """
    text = np.flatnonzero(~beads.is_null)
    columns = (beads.source_start, beads.source_stop, beads.target_start, beads.target_stop)
    spans = np.stack([column[text].astype(np.int64) for column in columns], axis=1)
    spans = np.concatenate([_carry_spans(spans[:, :2], source), _carry_spans(spans[:, 2:], target)], axis=1)
    is_whole = (spans[:, 0] < spans[:, 1]) & (spans[:, 2] < spans[:, 3])
    text, spans = text[is_whole], spans[is_whole]
    group = _groups(spans)
    first = np.flatnonzero(np.diff(group, prepend=-1))
    merged = [kind.reduceat(spans[:, side], first) for side, kind in enumerate((np.minimum, np.maximum) * 2)]
    confidence = np.minimum.reduceat(beads.confidence[text], first)
    nulls = (
        _carry_nulls(beads, columns[0], columns[1], source, n_source),
        _carry_nulls(beads, columns[2], columns[3], target, n_target),
    )
    similarity, score = (values[text][first] for values in (beads.similarity, beads.score))
    path = Path(np.stack(merged, axis=1), similarity, score, confidence, *nulls, beads.facts)
    n_after = nulls[0].shape[1], nulls[1].shape[1]
    return restore_positions(path, np.arange(n_after[0]), np.arange(n_after[1]), *n_after, corners)


def _carry_spans(spans: Spans, edits: Sequence[Edit]) -> Spans:
    """Return spans, shape (P, 2) and none of them empty, with all edits: from the last, so that places stay."""
    for edit in reversed(edits):
        change = Change(edit.start, edit.stop, len(edit.texts))
        spans = np.array([carry_span(start, stop, change) for start, stop in spans.tolist()], np.int64).reshape(-1, 2)
    return spans


def _groups(spans: Spans) -> NDArray[np.int64]:
    """Return which beads are one, as they share a sentence: a number for each, shape (P,); the beads are in order."""
    if not len(spans):
        return np.zeros(0, np.int64)
    shares = (spans[1:, 0] < spans[:-1, 1]) | (spans[1:, 2] < spans[:-1, 3])
    return np.concatenate([[0], np.cumsum(~shares)]).astype(np.int64)


def _carry_nulls(
    beads: Beads, starts: NDArray[np.int32], stops: NDArray[np.int32], edits: Sequence[Edit], n_sentences: int
) -> NDArray[np.float32]:
    """Return score and confidence (nan: no measure) of each sentence as a null bead: float32 array of shape (2, S')."""
    before = np.repeat(np.array([[0.0], [np.nan]], np.float32), n_sentences, axis=1)
    alone = np.flatnonzero(beads.is_null & (starts < stops))
    before[:, starts[alone]] = np.stack([beads.score[alone], beads.confidence[alone]])
    kept = kept_positions(n_sentences, edits)
    after = np.repeat(np.array([[0.0], [np.nan]], np.float32), len(kept), axis=1)
    stays = [at for at, place in enumerate(kept) if place is not None]
    after[:, stays] = before[:, [place for place in kept if place is not None]]
    return after
