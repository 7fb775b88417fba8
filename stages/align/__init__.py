"""Find which sentences of a text and its translation correspond: `align_pair`, and what it asks to have encoded."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from stages.align.config import AlignConfig
from stages.pieces import PIECES

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from stages.align.on_demand import RequestedOverlaps, Stops
    from stages.corrections import Corrections
    from stages.data import Beads, Overlaps

__all__ = ["AlignConfig", "align_pair", "find_requested_overlaps"]


def align_pair(
    source: Overlaps,
    target: Overlaps,
    config: AlignConfig,
    on_demand: bool = False,
    corrections: Corrections | None = None,
) -> Beads:
    """Align the sentences of two documents.

    Every position of both sides lies in exactly one bead, and the beads are in order. Null beads hold one position
    each; in a run of them, within a unit, those of the source come first. Empty positions take no part in the search:
    one inside the span of a bead belongs to that bead, all others are null beads with score 0. An empty side leaves
    only null beads.

    With `on_demand`, overlaps that have vectors are those that `find_requested_overlaps` asks for. Where it has asked
    for pieces of sentences, these are aligned, and beads that hold pieces of the same sentence become one.

    With `corrections`, which are about these sentences, beads that people have called good are kept, and `bitext`
    aligns the rest around them; next it aligns headings with headings, where both sides have them. Of two documents
    with units, no other bead crosses one.

    Raises ValueError if the vectors of the two sides have different dimensions or are not finite.
    """
    # numba and faiss are loaded by the first alignment, not by the import of this package.
    from stages.align.bertalign.two_pass import align_classic
    from stages.align.constraints.fixed_beads import fix_beads, settle
    from stages.align.constraints.headings import fix_headings, match_headings
    from stages.align.constraints.units import find_corners, fix_corners
    from stages.align.log_linear import align_bitext
    from stages.align.on_demand import align_survivors
    from stages.align.pieces import align_by_pieces
    from stages.align.positions import restore_positions, take_out_empty

    _check_vectors(source, target)
    source, target = (_with_units(side, config) for side in (source, target))
    source_text, source_positions = take_out_empty(source)
    target_text, target_positions = take_out_empty(target)
    if config.method == "bertalign":
        path = align_classic(source_text, target_text, config, fix_corners(source, target))
    else:
        fixed = fix_beads(corrections, source.has_text, target.has_text) if corrections else None
        fixed = fix_corners(source, target, fixed)
        headings = match_headings(source, target, config.respect_sections)
        fixed = fix_headings(headings, fixed, source.has_text, target.has_text)
        if source.pieces is None and target.pieces is None:
            path = align_bitext(source_text, target_text, config, align_survivors if on_demand else None, fixed)
        else:
            path = align_by_pieces(source_text, target_text, config, fixed)
    counts, corners = (len(source.sentences), len(target.sentences)), find_corners(source.units, target.units)
    beads = restore_positions(path, source_positions, target_positions, *counts, corners)
    return settle(beads, corrections, *counts, corners) if corrections else beads


def find_requested_overlaps(source: Overlaps, target: Overlaps, config: AlignConfig) -> RequestedOverlaps:
    """Find the overlaps of two documents that are worth encoding, from the vectors of their single sentences.

    An overlap is requested where it is part of a bead that is nearly as good as the best, and shares a sentence with
    another such bead. Of a side that is hardly split, pieces of its sentences are requested instead, where these hold
    several. Vectors of larger overlaps are not looked at. Where nothing is requested, the beads of `align_pair` are
    found as well. Raises ValueError as it does.
    """
    from stages.align.constraints.headings import match_headings
    from stages.align.constraints.units import find_corners, fix_corners
    from stages.align.on_demand import RequestedOverlaps
    from stages.align.on_demand import find_requested_overlaps as find
    from stages.align.positions import restore_positions, take_out_empty

    _check_vectors(source, target)
    source, target = (_with_units(side, config) for side in (source, target))
    source_text, source_positions = take_out_empty(source)
    target_text, target_positions = take_out_empty(target)
    of_source, of_target, path = find(source_text, target_text, config, fix_corners(source, target))
    stops = (_in_document(of_source, source_positions), _in_document(of_target, target_positions))
    if path is None or len(match_headings(source, target, config.respect_sections)):
        return RequestedOverlaps(*stops)
    counts, corners = (len(source.sentences), len(target.sentences)), find_corners(source.units, target.units)
    return RequestedOverlaps(*stops, restore_positions(path, source_positions, target_positions, *counts, corners))


def _with_units(document: Overlaps, config: AlignConfig) -> Overlaps:
    """Return a document without its units where they don't count."""
    return document if config.respect_units or not len(document.units) else replace(document, units=())


def _in_document(stops: Stops, positions: NDArray[np.int64]) -> Stops:
    """Return stops among the sentences with text as stops among all positions."""
    return {
        size: of_size if size == PIECES else (positions[of_size - 1] + 1).astype("int32")
        for size, of_size in stops.items()
    }


def _check_vectors(source: Overlaps, target: Overlaps) -> None:
    import numpy as np

    if source.vectors.shape[2] != target.vectors.shape[2] and len(source.sentences) and len(target.sentences):
        raise ValueError(
            f"source vectors have {source.vectors.shape[2]} dimensions and target vectors {target.vectors.shape[2]}; "
            "encode both documents with the same encoder"
        )
    for side, document in (("source", source), ("target", target)):
        # One number tells; which vector it is takes an array as large as all of them.
        if np.isfinite(document.vectors.sum(dtype=np.float64)):
            continue
        finite = np.isfinite(document.vectors).all(axis=2)
        size, position = np.argwhere(~finite)[0]
        raise ValueError(
            f"the {side} vector of {size + 1} sentences ending with position {position} is not finite; "
            "encode this document again"
        )
