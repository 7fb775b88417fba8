"""The length unit of anchors that are 1-1 beads for certain: it holds however much has no translation.

The text between anchors is no longer on one side than on the other where both sides say the same. Where a third of one
side is missing, it is; and length is the strongest thing that beads are judged by. A bead of one sentence each tells
the unit all the same.

S source sentences, T target sentences, D dimensions, A anchors.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stages.align.anchors.links import Links
from stages.align.anchors.scale import Scale, centred
from stages.align.scoring.sums import sum_weights

MOST = 1000
"""Anchors that are looked at, evenly spread: more take time and tell the same."""


def one_to_one_ratio(
    source: NDArray[np.float32],
    target: NDArray[np.float32],
    byte_lengths: tuple[NDArray[np.float64], NDArray[np.float64]],
    links: Links,
    scale: Scale,
) -> float | None:
    """Return how many source bytes say as much as a target byte; None where no anchor tells.

    An anchor is a 1-1 bead where no sentence beside it, on either side, makes its own side more similar to the
    counterpart. The ratio is the weighted median over them; long ones weigh more.

    source, target : float32 arrays of shape (S, D) and (T, D), single sentences.
    byte_lengths   : of both sides, float64 arrays of shape (S,) and (T,).
    """
    if not len(links.source):
        return None
    picks = np.unique(np.linspace(0, len(links.source) - 1, MOST).astype(np.int64))
    places = links.source[picks], links.target[picks]
    sides = (
        (source, byte_lengths[0], places[0], scale.source_centre),
        (target, byte_lengths[1], places[1], scale.target_centre),
    )
    counterparts = [centred(vectors[at], centre) for vectors, _, at, centre in sides]
    is_whole = ~_is_improved(*sides[0], counterparts[1]) & ~_is_improved(*sides[1], counterparts[0])
    if not is_whole.any():
        return None
    of_source, of_target = byte_lengths[0][places[0][is_whole]], byte_lengths[1][places[1][is_whole]]
    logarithms, weights = np.log(of_source / of_target), np.sqrt(np.minimum(of_source, of_target))
    order = np.argsort(logarithms, kind="stable")
    total = np.cumsum(weights[order])
    return float(np.exp(logarithms[order][np.searchsorted(total, total[-1] / 2)]))


def _is_improved(
    vectors: NDArray[np.float32],
    byte_lengths: NDArray[np.float64],
    places: NDArray[np.int64],
    centre: NDArray[np.float32],
    counterparts: NDArray[np.float32],
) -> NDArray[np.bool_]:
    """Return which sentences are more similar to their counterpart with the sentence before or after: shape (A,)."""
    weights = sum_weights(byte_lengths)
    own = centred(vectors[places], centre) * weights[places, None]
    alone = np.einsum("ad,ad->a", own, counterparts) / weights[places]
    improved = np.zeros(len(places), bool)
    for step in (-1, 1):
        beside = np.clip(places + step, 0, len(vectors) - 1)
        both = own + centred(vectors[beside], centre) * weights[beside, None]
        together = np.einsum("ad,ad->a", both, counterparts) / np.maximum(np.linalg.norm(both, axis=1), 1e-6)
        improved |= (beside != places) & (together > alone)
    return improved
