"""Empty positions out before aligning, and back in afterwards.

S source positions, T target positions, P beads with text on both sides, D dimensions, K overlap sizes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stages.align.beads import NO_CORNERS, Path, as_beads, lie_between
from stages.data import Beads, Overlaps


def take_out_empty(document: Overlaps) -> tuple[Overlaps, NDArray[np.int64]]:
    """Return the document without its empty positions, and the positions that are left."""
    positions = np.flatnonzero(document.has_text)
    if len(positions) == len(document.sentences):
        return document, positions
    sentences = [document.sentences[int(position)] for position in positions]
    return Overlaps(sentences, document.vectors[:, positions], pieces=document.pieces), positions


def restore_positions(
    path: Path,
    source_positions: NDArray[np.int64],
    target_positions: NDArray[np.int64],
    n_source: int,
    n_target: int,
    corners: NDArray[np.int64] = NO_CORNERS,
) -> Beads:
    """Return all beads of the pair, in positions of the whole documents, null beads included.

    corners : int64 array of shape (N, 2), in positions of the whole documents: null beads of both sides that stand
              before one come before those behind it. Those that a bead reaches over count for nothing.
    """
    spans = np.empty_like(path.spans)
    for side, positions in ((0, source_positions), (2, target_positions)):
        spans[:, side] = positions[path.spans[:, side]]
        spans[:, side + 1] = positions[path.spans[:, side + 1] - 1] + 1
    # An empty position as a null bead: score 0, and there is no doubt about it.
    source_null = np.repeat([[0.0], [1.0]], n_source, axis=1).astype(np.float32)
    target_null = np.repeat([[0.0], [1.0]], n_target, axis=1).astype(np.float32)
    source_null[:, source_positions], target_null[:, target_positions] = path.source_null, path.target_null
    source_gap, target_gap = _gaps(spans[:, :2], n_source), _gaps(spans[:, 2:], n_target)
    source_free, target_free = np.flatnonzero(source_gap >= 0), np.flatnonzero(target_gap >= 0)
    corners = corners[lie_between(as_beads(corners), spans)]
    frees = (0, source_free), (1, target_free)
    passed = [np.searchsorted(corners[:, side], free, side="right") for side, free in frees]
    # Within a gap between two beads or corners the null beads of the source stand first, then those of the target.
    gap = np.concatenate([np.arange(len(spans)), source_gap[source_free], target_gap[target_free]])
    unit = np.concatenate([np.full(len(spans), len(corners) + 1), *passed])
    kind = np.repeat([2, 0, 1], [len(spans), len(source_free), len(target_free)])
    order = np.lexsort((kind, unit, gap))
    next_source = np.append(spans[:, 0], n_source)
    previous_target = np.append(0, spans[:, 3])
    before = np.maximum(previous_target[source_gap[source_free]], np.append(0, corners[:, 1])[passed[0]])
    after = np.minimum(next_source[target_gap[target_free]], np.append(corners[:, 0], n_source)[passed[1]])
    source_start, source_stop, target_start, target_stop = (
        np.concatenate(column)[order].astype(np.int32)
        for column in (
            (spans[:, 0], source_free, after),
            (spans[:, 1], source_free + 1, after),
            (spans[:, 2], before, target_free),
            (spans[:, 3], before, target_free + 1),
        )
    )
    null_similarity = np.zeros(len(source_free) + len(target_free), np.float32)
    return Beads(
        source_start,
        source_stop,
        target_start,
        target_stop,
        similarity=np.concatenate([path.similarity, null_similarity])[order],
        score=np.concatenate([path.score, source_null[0, source_free], target_null[0, target_free]])[order],
        confidence=np.concatenate([path.confidence, source_null[1, source_free], target_null[1, target_free]])[order],
        facts=path.facts | {"source_nulls": len(source_free), "target_nulls": len(target_free)},
    )


def _gaps(spans: NDArray[np.int64], n_positions: int) -> NDArray[np.int64]:
    """Return for each position how many spans end before it, or -1 if it lies in a span."""
    steps = np.zeros(n_positions + 1, np.int64)
    inside = np.zeros(n_positions + 1, np.int64)
    np.add.at(steps, spans[:, 1], 1)
    np.add.at(inside, spans[:, 0], 1)
    np.add.at(inside, spans[:, 1], -1)
    gaps = np.cumsum(steps[:-1])
    gaps[np.cumsum(inside[:-1]) > 0] = -1
    return gaps
