"""Measure a pair before any weight is applied: anchors, scale, lengths, punctuation, sums.

M, N the most source and target sentences in a bead, S source sentences, T target sentences, D dimensions.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stages.align.anchors.lengths import bytes_before
from stages.align.anchors.links import Links, find_nearest, mutual_links, supported_chain
from stages.align.anchors.scale import (
    Region,
    Scale,
    anchored_region,
    centre_of,
    centred,
    measure_scale,
    scaled_lengths,
)
from stages.align.anchors.windows import search_windows
from stages.align.beads import bead_types
from stages.align.config import AlignConfig
from stages.align.constraints.fixed_beads import FixedBeads, link_fixed
from stages.align.scoring.features import BandFeatures, Sides
from stages.align.scoring.punctuation import find_punctuation, trust_punctuation
from stages.align.scoring.sums import Sums, fill_missing, measure_sums
from stages.data import Overlaps


class PairMeasures(NamedTuple):
    """What is known of a pair before any weight is applied.

    source, target : float arrays of shape (M, S, D) and (N, T, D), overlaps of every size that a bead may have; or of
                     shape (1, S, D) and (1, T, D), where only single sentences have been looked at.
    sums  : what the sums that stand in for larger overlaps need, of both sides.
    fixed : what people have decided.
    """

    source: NDArray[np.floating]
    target: NDArray[np.floating]
    links: Links
    region: Region
    scale: Scale
    sides: Sides
    sums: tuple[Sums, Sums]
    types: NDArray[np.int64]
    fixed: FixedBeads | None = None


def measure_pair_with_overlaps(
    source: Overlaps, target: Overlaps, config: AlignConfig, fixed: FixedBeads | None = None
) -> PairMeasures:
    """Measure everything that does not depend on weights, with overlaps of every size."""
    return with_overlaps(measure_pair(source, target, config, fixed), source, target)


def measure_pair(
    source: Overlaps, target: Overlaps, config: AlignConfig, fixed: FixedBeads | None = None
) -> PairMeasures:
    """Measure what single sentences tell."""
    byte_lengths = [np.diff(bytes_before(side.sentences)) for side in (source, target)]
    singles = [np.ascontiguousarray(side.vectors[0], np.float32) for side in (source, target)]
    links = find_links(singles[0], singles[1], byte_lengths[0])
    links = link_fixed(links, fixed) if fixed else links
    region = anchored_region(links, len(source.sentences), len(target.sentences))
    scale = measure_scale(singles[0], singles[1], links, region)
    lengths = scaled_lengths(source.sentences, target.sentences, region)
    marks = find_punctuation(source.sentences), find_punctuation(target.sentences)
    sides = Sides(lengths, *marks, trust_punctuation(*marks, links.source, links.target))
    source_size, target_size = (
        min(config.max_side or side.max_overlap, config.max_bead - 1) for side in (source, target)
    )
    sums = (
        measure_sums(singles[0], source_size, byte_lengths[0], scale.source_centre),
        measure_sums(singles[1], target_size, byte_lengths[1], scale.target_centre),
    )
    types = bead_types(config.max_bead, source_size, target_size)
    return PairMeasures(singles[0][None], singles[1][None], links, region, scale, sides, sums, types, fixed)


def with_overlaps(measures: PairMeasures, source: Overlaps, target: Overlaps) -> PairMeasures:
    """Return the measures with overlaps of every size; those that were not encoded are stood in for by sums."""
    filled = (
        fill_missing(side.vectors, sums.n_sizes, np.diff(bytes_before(side.sentences)), centre)
        for side, sums, centre in (
            (source, measures.sums[0], measures.scale.source_centre),
            (target, measures.sums[1], measures.scale.target_centre),
        )
    )
    of_source, of_target = filled
    return measures._replace(source=of_source, target=of_target)


def find_links(source: NDArray[np.floating], target: NDArray[np.floating], byte_lengths: NDArray[np.float64]) -> Links:
    """Find anchors: links between mutual nearest neighbours that form a chain and support each other.

    source, target : float arrays of shape (S, D) and (T, D).
    byte_lengths   : float64 array of shape (S,), of the source sentences.
    """
    source, target = centred(source, centre_of(source)), centred(target, centre_of(target))
    background = float(source.mean(axis=0) @ target.mean(axis=0))
    nearest = find_nearest(source, target, *search_windows(source, target, byte_lengths, background))
    return supported_chain(mutual_links(nearest, background), len(target))


def null_features(measures: PairMeasures, found: BandFeatures) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return NULL_FEATURES of every sentence: float32 arrays of shape (S, 3) and (T, 3)."""
    scale, lengths, region = measures.scale, measures.sides.lengths, measures.region
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
