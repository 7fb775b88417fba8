"""The log-linear method: beads scored by weighted features, in a band around anchors that survive missing blocks.

A semi-Markov conditional random field over the beads of a pair (Sarawagi & Cohen 2004), its weights fitted by
likelihood on development text. The features are those of sentence aligners since Gale & Church (1993), on centred
sentence vectors.

The whole band is searched with sums of sentence vectors in place of larger overlaps, whose products cost nothing but
those of sentences. Encoded overlaps, and the sums over all paths that tell how sure a bead is, are then looked at only
where a path is nearly as good as the best.

S source sentences, T target sentences, B bead types, C cells of the band.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stages.align.anchors.links import Links
from stages.align.anchors.quality import FEW_SENTENCES, judge_pair
from stages.align.anchors.scale import cosines
from stages.align.band import Band, band_around, cells_within
from stages.align.beads import NO_CORNERS, Path, spans_of
from stages.align.config import AlignConfig
from stages.align.constraints.constrain import constrain, without_bonus
from stages.align.constraints.fixed_beads import FixedBeads
from stages.align.freedom import measure_freedom, measured_region
from stages.align.length_unit import length_slope, settle_unit, shifted
from stages.align.pair_measures import PairMeasures, in_other_unit, measure_pair, null_features, with_overlaps
from stages.align.scoring.features import score_blocks
from stages.align.scoring.similarity import mixed_blocks, summed_blocks
from stages.align.scoring.sums import has_encoded_overlaps, overlap_vectors
from stages.align.scoring.weights import SHIPPED, Kind, Weights, changed, suited
from stages.align.search.lattice import BestPath, Lattice, find_best_path, make_lattice
from stages.align.search.max_marginals import MaxMarginals, find_max_marginals, near_band
from stages.align.search.posterior import (
    bead_posterior,
    confidence_lattice,
    corner_posterior,
    null_posterior,
    sum_paths,
)
from stages.align.unconsidered import MOST_SURE, unconsidered_stretches
from stages.align.untranslated import untranslated_beads
from stages.data import Facts, Overlaps

MAX_GAP_CELLS = 1 << 18
"""A wider gap between anchors is searched along its diagonal only."""

NEAR_MARGIN = 20.0
"""How many nats a path by sums may be worse than the best one for its cells to be looked at again."""

SAME_FREEDOM = 0.05
"""Translations whose freedom differs by less are as free as each other: not worth another search."""


class Search(NamedTuple):
    """What the search by sums tells of all paths.

    lattice, marginals : of the whole band.
    near  : the band of the cells that paths within NEAR_MARGIN of the best one meet.
    nulls : NULL_FEATURES of both sides.
    """

    lattice: Lattice
    marginals: MaxMarginals
    band: Band
    near: Band
    nulls: tuple[NDArray[np.float32], NDArray[np.float32]]


Method = Callable[[Overlaps, Overlaps, AlignConfig, FixedBeads | None], tuple[Path, Links]]
"""Aligns two documents that are in the canonical order."""


def align_bitext(
    source: Overlaps,
    target: Overlaps,
    config: AlignConfig,
    method: Method | None = None,
    fixed: FixedBeads | None = None,
) -> Path:
    """Align two documents whose every position holds a sentence; either may be empty.

    Aligning (b, a) gives the mirror image of (a, b), because one order of the two is always the one computed.
    """
    align = method or _align_ordered
    if is_swapped(source, target):
        found = align(target, source, config, fixed and fixed.mirrored)
    else:
        found = align(source, target, config, fixed)
    return in_own_order(*found, source, target)


def in_own_order(path: Path, links: Links, source: Overlaps, target: Overlaps) -> Path:
    """Return the path of two documents that were aligned in the canonical order, with the verdict on the pair."""
    path = _mirrored(path) if is_swapped(source, target) else path
    in_order = links.mirrored if is_swapped(source, target) else links
    is_same = untranslated_beads(path.spans, source.sentences, target.sentences)
    likeness = np.zeros(len(path.spans), np.float32) if path.likeness is None else path.likeness
    verdict = judge_pair(in_order, path.spans, likeness, is_same, len(source.sentences), len(target.sentences))
    return path._replace(facts=path.facts | verdict)


def is_swapped(source: Overlaps, target: Overlaps) -> bool:
    """Return whether the canonical order of two documents is the other one."""
    orders = _order_of(source), _order_of(target)
    if orders[0] == orders[1]:  # the same sentences, with vectors of two encoders perhaps
        return target.vectors[:1].tobytes() < source.vectors[:1].tobytes()
    return orders[1] < orders[0]


def _order_of(document: Overlaps) -> tuple[int, list[str]]:
    return len(document.sentences), list(document.sentences)


def _mirrored(path: Path) -> Path:
    return path._replace(spans=path.spans[:, [2, 3, 0, 1]], source_null=path.target_null, target_null=path.source_null)


def _align_ordered(
    source: Overlaps, target: Overlaps, config: AlignConfig, fixed: FixedBeads | None
) -> tuple[Path, Links]:
    if not source.sentences or not target.sentences:
        return without_beads(source, target)
    measures, search = search_pair(source, target, config, fixed)
    if decides_by_overlaps(measures, source, target):
        return align_encoded(search, with_overlaps(measures, source, target), config), measures.links
    return align_by_sums(search, measures, config), measures.links


def decides_by_overlaps(measures: PairMeasures, source: Overlaps, target: Overlaps) -> bool:
    """Return whether overlaps were encoded that decide between beads.

    Where one side is hardly split, they don't: sums of many sentences say as much as a text of many sentences.
    """
    has_any = has_encoded_overlaps(source.vectors) or has_encoded_overlaps(target.vectors)
    return has_any and measures.links.coarseness == 1


def search_pair(
    source: Overlaps, target: Overlaps, config: AlignConfig, fixed: FixedBeads | None = None
) -> tuple[PairMeasures, Search]:
    """Measure a pair and search it by sums."""
    return search_measured(measure_pair(source, target, config, fixed), config)


def search_measured(measures: PairMeasures, config: AlignConfig) -> tuple[PairMeasures, Search]:
    """Search a pair by sums.

    Where the best path leaves out more than whole translations do, or one side is hardly split, a better unit of length
    is sought, and what is left out of free translations is weighed by weights of their own.
    """
    search = search_by_sums(measures, config)
    if measures.links.coarseness > 1:
        return _in_best_unit(measures, search, config)
    if not _freedom(measures, search):
        return measures, search
    if measures.other_unit is not None:
        other = in_other_unit(measures, measures.other_unit)
        found = search_by_sums(other, config)
        if found.marginals.total > search.marginals.total:
            measures, search = other, found
    measures, search = _in_best_unit(*_made_free(measures, search, config), config)
    return _made_free(measures, search, config)


def _freedom(measures: PairMeasures, search: Search) -> float:
    """Return how free the translation is by all paths of a search, from 0 to 1."""
    lattice = _near_sums(search)
    nulls = null_posterior(sum_paths(lattice, search.near), lattice, search.near)
    return measure_freedom(nulls, measured_region(measures.region, measures.links))


def _made_free(measures: PairMeasures, search: Search, config: AlignConfig) -> tuple[PairMeasures, Search]:
    """Return the search by the weights of translations that are as free as this one is by its search."""
    freedom = _freedom(measures, search)
    if abs(freedom - measures.freedom) < SAME_FREEDOM:
        return measures, search
    measures = measures._replace(freedom=freedom)
    return measures, search_by_sums(measures, config)


def _in_best_unit(measures: PairMeasures, search: Search, config: AlignConfig) -> tuple[PairMeasures, Search]:
    """Return the search in the unit of length in which the best path is worth most."""

    def in_unit(shift: float) -> tuple[PairMeasures, Search]:
        other = in_other_unit(measures, shifted(measures.sides.lengths, shift))
        return other, search_by_sums(other, config)

    def slope_of(found: tuple[PairMeasures, Search]) -> float:
        return length_slope(_best_spans(found[1]), found[0].sides.lengths, weights_for(found[0], "summed", config))

    return settle_unit((measures, search), len(_best_spans(search)), in_unit, slope_of)


def _best_spans(search: Search) -> NDArray[np.int64]:
    """Return the spans of the beads of the best path: int64 array of shape (P, 4)."""
    lattice = _near_sums(search)
    best = find_best_path(lattice, search.near)
    return spans_of(best.stops, lattice.types[best.kinds])


def search_by_sums(measures: PairMeasures, config: AlignConfig) -> Search:
    """Search the whole band around the anchors, with sums of sentence vectors in place of all larger overlaps."""
    n_source, n_target = measures.source.shape[1], measures.target.shape[1]
    links, weights = measures.links, weights_for(measures, "summed", config)
    radius = round(config.band_radius * links.coarseness)
    corners = measures.fixed.corners if measures.fixed else NO_CORNERS
    band = band_around(links.source, links.target, n_source, n_target, radius, MAX_GAP_CELLS, corners)
    blocks = summed_blocks(measures.source[:1], measures.target[:1], band, measures.scale, measures.sums)
    found = score_blocks(blocks, measures.sides, band, measures.types, weights)
    nulls = null_features(measures, found)
    lattice = _lattice(found.score, nulls, measures, band, weights)
    marginals = find_max_marginals(lattice, band)
    return Search(lattice, marginals, band, near_band(marginals, lattice, band, NEAR_MARGIN), nulls)


def align_by_sums(search: Search, measures: PairMeasures, config: AlignConfig) -> Path:
    """Return the path that the search by sums has found."""
    lattice = _near_sums(search)
    best = find_best_path(lattice, search.near)
    return make_path(lattice, search, measures, weights_for(measures, "summed", config), best)


def align_encoded(
    search: Search, measures: PairMeasures, config: AlignConfig, is_alive: NDArray[np.bool_] | None = None
) -> Path:
    """Align with overlaps of every size, where the search by sums has come near its best path.

    is_alive : bool array of shape (C, B), the beads of the whole band that may be found; None for all of them. The
               others still compete for confidence: without them, what was left alone would look certain.
    """
    weights = weights_for(measures, "encoded", config)
    blocks = mixed_blocks(measures.source, measures.target, search.near, measures.scale, measures.sums)
    score = score_blocks(blocks, measures.sides, search.near, measures.types, weights).score
    lattice = _near_lattice(_lattice(score, search.nulls, measures, search.near, weights), search)
    allowed = lattice
    if is_alive is not None:
        may_be_found = is_alive[cells_within(search.near, search.band)]
        allowed = lattice._replace(score=np.where(may_be_found, lattice.score, np.float32(-np.inf)))
    return make_path(lattice, search, measures, weights, find_best_path(allowed, search.near))


def weights_for(measures: PairMeasures, kind: Kind, config: AlignConfig) -> Weights:
    """Return the weights for a pair: for a translation as free, and as finely split.

    A sentence of a finely split side is so much less of a foreign block.
    """
    configured = changed(SHIPPED[kind], getattr(config.weights, kind))
    weights = suited(configured, kind, measures.freedom, measures.links.coarseness > 1)
    return weights._replace(skip_sentence=weights.skip_sentence / measures.links.coarseness)


def _lattice(
    score: NDArray[np.float32],
    nulls: tuple[NDArray[np.float32], NDArray[np.float32]],
    measures: PairMeasures,
    band: Band,
    weights: Weights,
) -> Lattice:
    """Return what every path adds up under some weights."""
    source_null, target_null = (features @ np.array(weights.null, np.float32) for features in nulls)
    lattice = make_lattice(score, measures.types, source_null, target_null, weights, band)
    return constrain(lattice, band, measures.fixed) if measures.fixed else lattice


def _near_lattice(lattice: Lattice, search: Search) -> Lattice:
    """Return the lattice with what a foreign block at the edges may leave out in the whole band, cell by cell."""
    kept = cells_within(search.near, search.band)
    return lattice._replace(before=search.lattice.before[kept], after=search.lattice.after[kept])


def _near_sums(search: Search) -> Lattice:
    """Return the lattice of the search by sums, near its best path."""
    lattice = _near_lattice(search.lattice, search)
    return lattice._replace(score=search.lattice.score[cells_within(search.near, search.band)])


def make_path(lattice: Lattice, search: Search, measures: PairMeasures, weights: Weights, best: BestPath) -> Path:
    """Return the beads of a path with their scores, and their confidence among all paths of the lattice.

    lattice : of the cells of `search.near`.
    """
    band = search.near
    shapes = lattice.types[best.kinds]
    spans = spans_of(best.stops, shapes)
    weighed = confidence_lattice(lattice, measures.freedom)
    posterior = sum_paths(weighed, band)
    ends = np.stack(
        [corner_posterior(posterior, weighed, band, spans[:, corner]) for corner in ([0, 2], [1, 3])], axis=1
    ).astype(np.float32)
    confidence = bead_posterior(posterior, weighed, band, best.stops, best.kinds).astype(np.float32)
    skip = np.float32(weights.skip_sentence)
    source_null, target_null = (
        np.stack([np.where(is_skipped, skip, null), share]).astype(np.float32)
        for is_skipped, null, share in zip(
            best[2:4], lattice[2:4], null_posterior(posterior, weighed, band), strict=True
        )
    )
    for of_source, of_target, beads in unconsidered_stretches(spans, lattice.types, measures.sides.lengths):
        for sure in (source_null[1, of_source], target_null[1, of_target], confidence[beads]):
            np.minimum(sure, MOST_SURE, out=sure)
    sizes, lasts, scale = shapes.T, best.stops.T - 1, measures.scale
    vectors = (
        overlap_vectors(measures.source, sizes[0], lasts[0], measures.sums[0].weights, scale.source_centre),
        overlap_vectors(measures.target, sizes[1], lasts[1], measures.sums[1].weights, scale.target_centre),
    )
    score = without_bonus(lattice.score[band.cells_at(*best.stops.T), best.kinds])
    facts: Facts = {"band_cells": search.band.n_cells} | measures.scale.as_facts()
    is_short = min(len(lattice.source_null), len(lattice.target_null)) < FEW_SENTENCES
    likeness = scale.likeness(*vectors) if is_short else None
    return Path(spans, cosines(*vectors), score, confidence, source_null, target_null, facts, likeness, ends)


def without_beads(source: Overlaps, target: Overlaps) -> tuple[Path, Links]:
    """Return the path of a pair with an empty side: nothing can be aligned, for certain."""
    none, nothing = np.empty(0, np.int64), np.empty(0, np.float32)
    source_null, target_null = (
        np.repeat(np.array([[0.0], [1.0]], np.float32), len(side.sentences), axis=1) for side in (source, target)
    )
    path = Path(np.empty((0, 4), np.int64), nothing, nothing, nothing, source_null, target_null, {})
    return path, Links(none, none, np.empty(0), 0.0)
