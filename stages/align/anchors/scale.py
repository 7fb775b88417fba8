"""Measure a document pair: where its vectors lie, how similar its translations are, how long they get.

All of it is measured in the anchored regions only: where anchors are near each other on both sides. A thousand
sentences of foreword would otherwise move every mean.

S source sentences, T target sentences, D dimensions, A anchors.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stages.align.anchors.lengths import Lengths, bytes_before
from stages.align.anchors.links import Links
from stages.data import Facts

FEW_ANCHORS = 10
"""With fewer anchors nothing can be measured in their regions; the whole documents have to do."""

MAX_COUNT_RATIO = 2
"""Translations hardly differ more in their number of sentences ..."""

MAX_BYTE_RATIO = 2
"""... or in bytes of UTF-8. Where they differ in the one and not in the other, one language puts fewer full stops."""

LENGTH_DOUBT = 5
"""Sentences' worth of doubt about how long they are on average, against both sides being equally long: the logarithm of
the length of a sentence varies by about 0.7, that of the ratio of two languages, in bytes of UTF-8, by about 0.3."""

SHRINKAGE = 4
"""Sentences' worth of doubt about a mean vector: a document of one sentence would otherwise be nothing but its mean."""

REFERENCE_SIMILARITY = 0.55
"""The typical centred similarity of anchors of the encoders on which the weights were fitted (USE and e5)."""

SMALLEST_SIMILARITY = 0.05
"""However weak the anchors, similarities are stretched no further than for anchors of this similarity."""


class Scale(NamedTuple):
    """How raw vectors become comparable similarities: `stretch * (cosine of the centred vectors - background)`.

    source_centre, target_centre : float32 arrays of shape (D,).
    source_typical, target_typical : float32 arrays of shape (S,) and (T,), the mean centred cosine of each sentence
                                     with those of the other side.
    anchor_similarity : typical centred cosine of anchors, less the background; 0 with few anchors.
    separation : the same in standard deviations of the background. An encoder whose median over documents is below
                 3.9 is unlike those on which the weights were fitted.
    """

    source_centre: NDArray[np.float32]
    target_centre: NDArray[np.float32]
    stretch: float
    background: float
    source_typical: NDArray[np.float32]
    target_typical: NDArray[np.float32]
    anchor_similarity: float = 0.0
    separation: float = 0.0

    def likeness(self, source: NDArray[np.floating], target: NDArray[np.floating]) -> NDArray[np.float32]:
        """Return how similar each row of one array is to the same row of the other: float32 array of shape (rows,).

        From 0, as similar as any two sentences of the pair, to 1, the same. Unlike `stretch`, it needs no anchors.
        """
        found = cosines(centred(source, self.source_centre), centred(target, self.target_centre))
        likeness: NDArray[np.float32] = (found - np.float32(self.background)) / np.float32(
            max(1 - self.background, 1e-6)
        )
        return likeness

    def as_facts(self) -> Facts:
        """Return what tells whether the encoder is one that the weights fit: 3.9 and more is well."""
        return {
            "anchor_similarity": round(self.anchor_similarity, 4),
            "separation": round(self.separation, 4),
        }


class Region(NamedTuple):
    """The sentences in anchored regions: bool arrays of shape (S,) and (T,)."""

    source: NDArray[np.bool_]
    target: NDArray[np.bool_]


def anchored_region(links: Links, n_source: int, n_target: int) -> Region:
    """Return the sentences between anchors that are near each other on both sides, or all if there are few anchors."""
    near = links.is_near_next
    if near.sum() < FEW_ANCHORS:
        return Region(np.ones(n_source, bool), np.ones(n_target, bool))
    return Region(_covered(links.source, near, n_source), _covered(links.target, near, n_target))


def _covered(positions: NDArray[np.int64], near: NDArray[np.bool_], n_sentences: int) -> NDArray[np.bool_]:
    steps = np.zeros(n_sentences + 1, np.int64)
    np.add.at(steps, positions[:-1][near], 1)
    np.add.at(steps, positions[1:][near] + 1, -1)
    covered: NDArray[np.bool_] = np.cumsum(steps[:-1]) > 0
    return covered


def centre_of(vectors: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return the mean of single-sentence vectors, drawn a little towards zero where there are few."""
    total = vectors.sum(axis=0, dtype=np.float64)
    centre: NDArray[np.float32] = (total / (len(vectors) + SHRINKAGE)).astype(np.float32)
    return centre


def centred(vectors: NDArray[np.floating], centre: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return unit vectors without what all have in common: float32 array of the same shape."""
    result: NDArray[np.float32] = vectors.astype(np.float32) - centre
    result /= np.maximum(np.linalg.norm(result, axis=-1, keepdims=True), 1e-6)
    return result


def cosines(source: NDArray[np.floating], target: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return the cosine of each row of one array with the same row of the other: float32 array of shape (rows,)."""
    source, target = source.astype(np.float32, copy=False), target.astype(np.float32, copy=False)
    lengths = (np.sqrt(np.einsum("vd,vd->v", side, side)) for side in (source, target))
    products: NDArray[np.float32] = np.einsum("vd,vd->v", source, target)
    for length in lengths:
        products /= np.maximum(length, 1e-6)
    return products


def distances(vectors: NDArray[np.floating], centre: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return how far each vector lies from the centre, without a copy of them: float32 array of shape (rows,)."""
    squares = np.einsum("vd,vd->v", vectors, vectors) - 2 * (vectors @ centre) + centre @ centre
    roots: NDArray[np.float32] = np.sqrt(np.maximum(squares, 1e-6)).astype(np.float32)
    return roots


def measure_scale(source: NDArray[np.float32], target: NDArray[np.float32], links: Links, region: Region) -> Scale:
    """Measure where the vectors of both sides lie and how similar anchors are.

    source, target : float32 arrays of shape (S, D) and (T, D), single sentences.
    """
    centres = _mean_of(source, region.source), _mean_of(target, region.target)
    inverse = [np.float32(1) / distances(*side) for side in ((source, centres[0]), (target, centres[1]))]
    means = [
        _mean_direction(side, centre, np.where(within, weights, np.float32(0)))
        for side, centre, within, weights in zip((source, target), centres, region, inverse, strict=True)
    ]
    typical = (
        (source @ means[1] - centres[0] @ means[1]) * inverse[0],
        (target @ means[0] - centres[1] @ means[0]) * inverse[1],
    )
    background = float(means[0] @ means[1])
    if len(links.source) < FEW_ANCHORS:
        return Scale(*centres, 1.0, background, *typical)
    if links.coarseness > 1:  # the single sentences of an anchor tell little: its sums have told
        return Scale(*centres, stretch_for(links.typical), background, *typical)
    pairs = centred(source[links.source], centres[0]), centred(target[links.target], centres[1])
    anchored = float(np.median(cosines(*pairs))) - background
    others = cosines(pairs[0], np.roll(pairs[1], len(pairs[1]) // 2, axis=0))
    separation = anchored / max(float(others.std()), 1e-3)
    return Scale(*centres, stretch_for(anchored), background, *typical, anchored, separation)


def stretch_for(anchored: float) -> float:
    """Return what similarities are multiplied with where anchors are so similar.

    The square root: a full correction would amplify the noise of a weak encoder, none would waste a sharp one.
    """
    return float(np.sqrt(REFERENCE_SIMILARITY / max(anchored, SMALLEST_SIMILARITY)))


def _mean_of(vectors: NDArray[np.float32], within: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return the centre of some of the vectors."""
    centre: NDArray[np.float32] = (within.astype(np.float32) @ vectors) / np.float32(within.sum() + SHRINKAGE)
    return centre


def _mean_direction(
    vectors: NDArray[np.float32], centre: NDArray[np.float32], weights: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return the mean of centred unit vectors; weights are 1 / distance for those that count, 0 for others."""
    mean: NDArray[np.float32] = (weights @ vectors - weights.sum() * centre) / np.float32(np.count_nonzero(weights))
    return mean


def scaled_lengths(source: Sequence[str], target: Sequence[str], region: Region, is_coarse: bool = False) -> Lengths:
    """Return the lengths up to each sentence in a unit in which the anchored text of both sides is equally long.

    The unit lies halfway between the bytes of both sides, so that it is the same whichever side comes first.
    is_coarse : whether one side is known to be hardly split: counts of sentences then say nothing.
    """
    source_bytes, target_bytes = bytes_before(source), bytes_before(target)
    ratio = np.diff(source_bytes)[region.source].sum() / np.diff(target_bytes)[region.target].sum()
    counts = region.source.sum(), region.target.sum()
    is_as_long = is_coarse or 1 / MAX_BYTE_RATIO < ratio < MAX_BYTE_RATIO
    if max(counts) > MAX_COUNT_RATIO * min(counts) and not is_as_long:
        # Much of the longer side has no translation: what is left to go by is how long sentences are.
        ratio *= counts[1] / counts[0]
        ratio **= min(counts) / (min(counts) + LENGTH_DOUBT)
    return lengths_in_unit(source_bytes, target_bytes, float(ratio))


def lengths_in_unit(source_bytes: NDArray[np.float64], target_bytes: NDArray[np.float64], ratio: float) -> Lengths:
    """Return lengths in the unit in which so many source bytes say as much as a target byte."""
    return Lengths(source_bytes / np.sqrt(ratio), target_bytes * np.sqrt(ratio))
