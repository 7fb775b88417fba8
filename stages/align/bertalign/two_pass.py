"""The two-pass method of Liu & Zhu (2022), "Bertalign": 1-1 anchors, then m-n beads in a band around them.

Where we differ from the published program: the first pass looks everywhere, not only near the diagonal; the band is
ragged; a gap between anchors that is too wide to search is searched along its diagonal.
"""

from __future__ import annotations

import numpy as np

from stages.align.anchors.lengths import measure_lengths
from stages.align.band import band_around
from stages.align.beads import NO_CORNERS, Path, bead_types, spans_of
from stages.align.bertalign.first_pass import first_pass
from stages.align.bertalign.score import score_band
from stages.align.config import AlignConfig
from stages.align.constraints.constrain import constrain
from stages.align.constraints.fixed_beads import FixedBeads, one_to_one, stands_beside
from stages.align.scoring.weights import NO_BLOCKS
from stages.align.search.lattice import find_best_path, make_lattice
from stages.data import Facts, Overlaps


def align_classic(source: Overlaps, target: Overlaps, config: AlignConfig, fixed: FixedBeads | None = None) -> Path:
    """Align two documents whose every position holds a sentence; either may be empty.

    fixed : the corners between units, nothing else.
    """
    n_source, n_target = len(source.sentences), len(target.sentences)
    # Score and confidence: this method has no measure of how sure it is.
    null = np.array([[config.null_score], [np.nan]], np.float32)
    nulls = np.repeat(null, n_source, axis=1), np.repeat(null, n_target, axis=1)
    if not n_source or not n_target:
        nothing = np.empty(0, np.float32)
        return Path(np.empty((0, 4), np.int64), nothing, nothing, nothing, *nulls, {"anchors": 0})
    anchors = first_pass(source.vectors[0], target.vectors[0], config.top_k)
    corners = fixed.corners if fixed else NO_CORNERS
    if fixed:
        kept = stands_beside(one_to_one(*anchors), fixed)
        anchors = anchors[0][kept], anchors[1][kept]
    band = band_around(*anchors, n_source, n_target, config.band_radius, corners=corners)
    types = bead_types(config.largest_bead, source.max_overlap, target.max_overlap)
    scores = score_band(
        source.vectors[: types[:, 0].max()],
        target.vectors[: types[:, 1].max()],
        measure_lengths(source.sentences, target.sentences, *anchors),
        band,
        types,
        config.use_margin,
        config.use_length,
    )
    lattice = make_lattice(scores.score, types, nulls[0][0], nulls[1][0], NO_BLOCKS, band)
    lattice = constrain(lattice, band, fixed) if fixed else lattice
    stops, kinds = find_best_path(lattice, band)[:2]
    cells, spans = band.cells_at(*stops.T), spans_of(stops, types[kinds])
    facts: Facts = {"anchors": len(anchors[0]), "band_cells": band.n_cells}
    unknown = np.full(len(spans), np.nan, np.float32)
    return Path(spans, scores.similarity[cells, kinds], scores.score[cells, kinds], unknown, *nulls, facts)
