"""The log-linear method: beads scored by weighted features, in a band around anchors that survive missing blocks.

A semi-Markov conditional random field over the beads of a pair (Sarawagi & Cohen 2004), its weights fitted by
likelihood on development text. The features are those of sentence aligners since Gale & Church (1993), on centred
sentence vectors.

S source sentences, T target sentences, K overlap sizes, D dimensions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stages.align.band import Band, band_around
from stages.align.config import AlignConfig
from stages.align.features import BandFeatures, Sides, score_beads
from stages.align.fixed import Fixed, link_fixed, restrict, without_bonus
from stages.align.lattice import BestPath, Lattice, find_best_path, make_lattice
from stages.align.lengths import bytes_before
from stages.align.links import Links, find_nearest, mutual_links, supported_chain
from stages.align.marks import find_marks, trust_marks
from stages.align.positions import Path
from stages.align.posterior import bead_posterior, null_posterior, sum_paths
from stages.align.quality import judge_pair
from stages.align.sampled import search_windows
from stages.align.score import bead_types
from stages.align.standins import fill_missing, has_encoded_overlaps
from stages.align.statistics import (
    Region,
    Scale,
    anchored_region,
    centre_of,
    centred,
    cosines,
    measure_scale,
    scaled_lengths,
)
from stages.align.weights import ENCODED, SUMMED, Weights, changed
from stages.data import Facts, Overlaps

MAX_GAP_CELLS = 1 << 18
"""A wider gap between anchors is searched along its diagonal only."""


class Evidence(NamedTuple):
    """What is known of a pair before any weight is applied.

    source, target : float arrays of shape (M, S, D) and (N, T, D), overlaps of every size that a bead may have.
    """

    source: NDArray[np.floating]
    target: NDArray[np.floating]
    links: Links
    region: Region
    scale: Scale
    sides: Sides
    types: NDArray[np.int64]
    fixed: Fixed | None = None
    """What people have decided."""


Method = Callable[[Overlaps, Overlaps, AlignConfig, Fixed | None], tuple[Path, Links]]
"""Aligns two documents that are in the canonical order."""


def align_bitext(
    source: Overlaps,
    target: Overlaps,
    config: AlignConfig,
    method: Method | None = None,
    fixed: Fixed | None = None,
) -> Path:
    """Align two documents whose every position holds a sentence; either may be empty.

    Aligning (b, a) gives the mirror image of (a, b), because one order of the two is always the one computed.
    """
    align = method or _align_ordered
    if is_swapped(source, target):
        path, links = align(target, source, config, fixed and fixed.mirrored)
        path = _mirrored(path)
    else:
        path, links = align(source, target, config, fixed)
    verdict = judge_pair(links, path.spans, path.score, len(source.sentences), len(target.sentences))
    return path._replace(facts=path.facts | verdict)


def is_swapped(source: Overlaps, target: Overlaps) -> bool:
    """Return whether the canonical order of two documents is the other one."""
    return _order_of(target) < _order_of(source)


def _order_of(document: Overlaps) -> tuple[int, list[str]]:
    return len(document.sentences), list(document.sentences)


def _mirrored(path: Path) -> Path:
    return path._replace(spans=path.spans[:, [2, 3, 0, 1]], source_null=path.target_null, target_null=path.source_null)


def _align_ordered(source: Overlaps, target: Overlaps, config: AlignConfig, fixed: Fixed | None) -> tuple[Path, Links]:
    if not source.sentences or not target.sentences:
        return without_beads(source, target)
    is_encoded = has_encoded_overlaps(source.vectors) or has_encoded_overlaps(target.vectors)
    weights = changed(ENCODED, config.weights.encoded) if is_encoded else changed(SUMMED, config.weights.summed)
    evidence = gather_evidence(source, target, config, fixed)
    lattice, band = make_lattice_of(evidence, config, weights)
    best = find_best_path(lattice, band)
    return make_path(best, evidence, lattice, band, weights), evidence.links


def make_lattice_of(evidence: Evidence, config: AlignConfig, weights: Weights) -> tuple[Lattice, Band]:
    """Return what every path adds up under some weights, and the band that paths lie in."""
    n_source, n_target = evidence.source.shape[1], evidence.target.shape[1]
    links = evidence.links
    band = band_around(links.source, links.target, n_source, n_target, config.band_radius, MAX_GAP_CELLS)
    found = score_beads(*evidence[:2], evidence.scale, evidence.sides, band, evidence.types, weights)
    source_null, target_null = (score_nulls(side, weights) for side in null_features(evidence, found))
    lattice = make_lattice(found.score, evidence.types, source_null, target_null, weights, band)
    return restrict(lattice, band, evidence.fixed) if evidence.fixed else lattice, band


def gather_evidence(source: Overlaps, target: Overlaps, config: AlignConfig, fixed: Fixed | None = None) -> Evidence:
    """Measure everything that does not depend on weights."""
    byte_lengths = [np.diff(bytes_before(side.sentences)) for side in (source, target)]
    singles = [np.ascontiguousarray(side.vectors[0], np.float32) for side in (source, target)]
    links = find_links(singles[0], singles[1], byte_lengths[0])
    links = link_fixed(links, fixed) if fixed else links
    region = anchored_region(links, len(source.sentences), len(target.sentences))
    scale = measure_scale(singles[0], singles[1], links, region)
    lengths = scaled_lengths(source.sentences, target.sentences, region)
    marks = find_marks(source.sentences), find_marks(target.sentences)
    sides = Sides(lengths, *marks, trust_marks(*marks, links.source, links.target))
    source_size, target_size = (
        min(config.max_side or side.max_overlap, config.max_bead - 1) for side in (source, target)
    )
    return Evidence(
        fill_missing(source.vectors, source_size, byte_lengths[0], scale.source_centre),
        fill_missing(target.vectors, target_size, byte_lengths[1], scale.target_centre),
        links,
        region,
        scale,
        sides,
        bead_types(config.max_bead, source_size, target_size),
        fixed,
    )


def find_links(source: NDArray[np.floating], target: NDArray[np.floating], byte_lengths: NDArray[np.float64]) -> Links:
    """Find anchors: links between mutual nearest neighbours that form a chain and support each other.

    source, target : float arrays of shape (S, D) and (T, D).
    byte_lengths   : float64 array of shape (S,), of the source sentences.
    """
    source, target = centred(source, centre_of(source)), centred(target, centre_of(target))
    background = float(source.mean(axis=0) @ target.mean(axis=0))
    nearest = find_nearest(source, target, *search_windows(source, target, byte_lengths, background))
    return supported_chain(mutual_links(nearest, background), len(target))


def null_features(evidence: Evidence, found: BandFeatures) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return NULL_FEATURES of every sentence: float32 arrays of shape (S, 3) and (T, 3)."""
    scale, lengths, region = evidence.scale, evidence.sides.lengths, evidence.region
    sides = (
        (scale.source_typical, np.diff(lengths.source), region.source, found.source_best),
        (scale.target_typical, np.diff(lengths.target), region.target, found.target_best),
    )
    both = []
    for typical, length, is_anchored, best in sides:
        features = np.ones((len(length), 3), np.float32)
        features[:, 1] = np.clip(np.log(length / length[is_anchored].mean()), -3, 1)
        features[:, 2] = best - scale.stretch * (typical - scale.background)
        both.append(features)
    return both[0], both[1]


def score_nulls(features: NDArray[np.float32], weights: Weights) -> NDArray[np.float32]:
    """Return what each sentence adds as a null bead: float32 array of shape (S,)."""
    scores: NDArray[np.float32] = features @ np.array(weights.null, np.float32)
    return scores


def make_path(best: BestPath, evidence: Evidence, lattice: Lattice, band: Band, weights: Weights) -> Path:
    """Return the beads of the best path with their scores."""
    starts = best.stops - lattice.types[best.kinds]
    spans = np.stack([starts[:, 0], best.stops[:, 0], starts[:, 1], best.stops[:, 1]], axis=1)
    cells = band.offset[best.stops[:, 0]] + best.stops[:, 1] - band.start[best.stops[:, 0]]
    posterior = sum_paths(lattice, band)
    confidence = bead_posterior(posterior, lattice, band, best.stops, best.kinds).astype(np.float32)
    skip = np.float32(weights.skip_sentence)
    source_null, target_null = (
        np.stack([np.where(is_skipped, skip, null), share]).astype(np.float32)
        for is_skipped, null, share in zip(
            best[2:4], lattice[2:4], null_posterior(posterior, lattice, band), strict=True
        )
    )
    sizes, lasts = lattice.types[best.kinds] - 1, best.stops - 1
    vectors = evidence.source[sizes[:, 0], lasts[:, 0]], evidence.target[sizes[:, 1], lasts[:, 1]]
    score = without_bonus(lattice.score[cells, best.kinds])
    facts: Facts = {"band_cells": band.n_cells} | evidence.scale.as_facts()
    return Path(spans, cosines(*vectors), score, confidence, source_null, target_null, facts)


def without_beads(source: Overlaps, target: Overlaps) -> tuple[Path, Links]:
    """Return the path of a pair with an empty side: nothing can be aligned, for certain."""
    none, nothing = np.empty(0, np.int64), np.empty(0, np.float32)
    source_null, target_null = (
        np.repeat(np.array([[0.0], [1.0]], np.float32), len(side.sentences), axis=1) for side in (source, target)
    )
    path = Path(np.empty((0, 4), np.int64), nothing, nothing, nothing, source_null, target_null, {})
    return path, Links(none, none, np.empty(0), 0.0)
