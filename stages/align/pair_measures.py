"""Measure a pair before any weight is applied: anchors, scale, lengths, punctuation, sums.

M, N the most source and target sentences in a bead, S source sentences, T target sentences, D dimensions.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stages.align.anchors.coarse import find_coarse_links
from stages.align.anchors.lengths import Lengths, bytes_before
from stages.align.anchors.links import Links, find_nearest, mutual_links, supported_chain
from stages.align.anchors.one_to_one import one_to_one_ratio
from stages.align.anchors.scale import (
    Region,
    Scale,
    anchored_region,
    centre_of,
    centred,
    lengths_in_unit,
    measure_scale,
    scaled_lengths,
)
from stages.align.anchors.windows import search_windows
from stages.align.beads import MANY_TO_MANY, bead_types, with_coarse_types
from stages.align.config import AlignConfig
from stages.align.constraints.fixed_beads import FixedBeads, link_fixed
from stages.align.freedom import measured_region, missing_shares, null_prior
from stages.align.scoring.features import BandFeatures, Sides
from stages.align.scoring.punctuation import find_punctuation, trust_punctuation
from stages.align.scoring.sums import Sums, measure_sums
from stages.align.untranslated import untranslated_anchors
from stages.data import Overlaps

SAME_UNIT = 0.05
"""Units of length that differ by less are not worth a second search."""

COARSE_BEAD = 4
"""Where one side is hardly split, beads have at most `max_bead` / COARSE_BEAD times as many of the sentences of the
other side as are usual for one of its own, and two more."""


class PairMeasures(NamedTuple):
    """What is known of a pair before any weight is applied.

    source, target : float arrays of shape (K, S, D) and (L, T, D), the encoded overlaps, zeros for others; or of
                     shape (1, S, D) and (1, T, D), where only single sentences have been looked at.
    sums  : what the sums that stand in for larger overlaps need, of both sides.
    missing : the shares of source and target text without a counterpart.
    other_unit : the lengths of `sides` in another unit that may be the right one, if there is one.
    fixed : the corrections.
    freedom : how free the translation has turned out to be, from 0 to 1.
    """

    source: NDArray[np.floating]
    target: NDArray[np.floating]
    links: Links
    region: Region
    scale: Scale
    sides: Sides
    sums: tuple[Sums, Sums]
    types: NDArray[np.int64]
    missing: tuple[float, float]
    other_unit: Lengths | None = None
    fixed: FixedBeads | None = None
    freedom: float = 0.0


def measure_pair(
    source: Overlaps, target: Overlaps, config: AlignConfig, fixed: FixedBeads | None = None
) -> PairMeasures:
    """Measure what single sentences tell."""
    byte_lengths = [np.diff(bytes_before(side.sentences)) for side in (source, target)]
    singles = [np.ascontiguousarray(side.vectors[0], np.float32) for side in (source, target)]
    links = find_links(singles[0], singles[1], byte_lengths[0])
    texts = source.sentences, target.sentences
    links = find_coarse_links(links, (singles[0], singles[1]), (byte_lengths[0], byte_lengths[1]), texts)
    links = link_fixed(links, fixed) if fixed else links
    region = anchored_region(links, len(source.sentences), len(target.sentences))
    is_same = untranslated_anchors(links.source, links.target, source.sentences, target.sentences)
    scale = measure_scale(singles[0], singles[1], links.kept(~is_same), region)
    lengths = scaled_lengths(source.sentences, target.sentences, region, links.coarseness > 1)
    marks = find_punctuation(source.sentences), find_punctuation(target.sentences)
    sides = Sides(lengths, *marks, trust_punctuation(*marks, links.source, links.target))
    types = pair_types(config, links)
    source_size, target_size = types.max(axis=0)
    sums = (
        measure_sums(singles[0], source_size, byte_lengths[0], scale.source_centre),
        measure_sums(singles[1], target_size, byte_lengths[1], scale.target_centre),
    )
    missing = missing_shares(lengths, measured_region(region, links))
    measures = PairMeasures(
        singles[0][None], singles[1][None], links, region, scale, sides, sums, types, missing, fixed=fixed
    )
    return measures._replace(other_unit=_other_unit(measures, byte_lengths))


def _other_unit(measures: PairMeasures, byte_lengths: list[NDArray[np.float64]]) -> Lengths | None:
    """Return lengths in the unit of certain 1-1 beads, if it is another one."""
    if measures.links.coarseness > 1:  # no sentence is the translation of a sentence
        return None
    of_source, of_target = byte_lengths
    ratio = one_to_one_ratio(
        measures.source[0], measures.target[0], (of_source, of_target), measures.links, measures.scale
    )
    if ratio is None:
        return None
    source_ends, target_ends = (np.concatenate([[0.0], np.cumsum(of_side)]) for of_side in byte_lengths)
    other = lengths_in_unit(source_ends, target_ends, ratio)
    is_same = abs(np.log(other.source[-1] / measures.sides.lengths.source[-1])) < SAME_UNIT / 2
    return None if is_same else other


def pair_types(config: AlignConfig, links: Links) -> NDArray[np.int64]:
    """Return the bead types of a pair: larger ones where one side is hardly split."""
    side = min(config.max_side or config.largest_bead - 1, config.largest_bead - 1)
    types = bead_types(config.largest_bead, side, side, MANY_TO_MANY)
    if links.coarseness == 1:
        return types
    longest = (int(grain * config.largest_bead / COARSE_BEAD) + 2 if grain > 1 else 1 for grain in links.grain)
    return with_coarse_types(types, (next(longest), next(longest)))


def in_other_unit(measures: PairMeasures, lengths: Lengths) -> PairMeasures:
    """Return what is known of a pair in another unit of length."""
    missing = missing_shares(lengths, measured_region(measures.region, measures.links))
    return measures._replace(sides=measures.sides._replace(lengths=lengths), missing=missing)


def with_overlaps(measures: PairMeasures, source: Overlaps, target: Overlaps) -> PairMeasures:
    """Return the measures with the overlaps that were encoded, as far as beads are as large."""
    of_source, of_target = (
        side.vectors[: sums.n_sizes] for side, sums in zip((source, target), measures.sums, strict=True)
    )
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
    """Return NULL_FEATURES of every sentence: float32 arrays of shape (S, 4) and (T, 4)."""
    scale, lengths, region = measures.scale, measures.sides.lengths, measures.region
    sides = (
        (scale.source_typical, np.diff(lengths.source), region.source, found.source_best, measures.missing[0]),
        (scale.target_typical, np.diff(lengths.target), region.target, found.target_best, measures.missing[1]),
    )
    both = []
    for typical, length, is_anchored, best, missing in sides:
        features = np.ones((len(length), 4), np.float32)
        features[:, 1] = np.clip(np.log(length / length[is_anchored].mean()), -3, 1)
        features[:, 2] = best - scale.stretch * (typical - scale.background)
        features[:, 3] = null_prior(missing)
        both.append(features)
    return both[0], both[1]
