"""Measure how free a translation is: how much of each side is left alone, and how far weights of free ones hold."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stages.align.anchors.lengths import Lengths
from stages.align.anchors.links import Links
from stages.align.anchors.scale import Region

USUAL_SHARE = 0.08
"""The share of sentences without a translation up to which weights fitted on whole translations hold."""

SHARES = (0.03, 0.8)
"""Between which a share is taken to lie."""

WHOLE, FREE = 0.02, 0.04
"""Up to the one share of null beads a translation is as whole as others, from the other on it is free. Read off the
development pairs: whole ones had up to .019 in a first search, those with every tenth sentence a stray .024 to .05.
With .06 for the other, strict F1 with a tenth of strays was .003 to .015 lower on all sets of tests/gold_pairs.py."""


def measured_region(region: Region, links: Links) -> Region:
    """Return the anchored region between the first and the last anchor: no foreword and no index is in it."""
    sides = []
    for within, anchors in zip(region, (links.source, links.target), strict=True):
        between = np.zeros(len(within), bool)
        if len(anchors):
            between[anchors[0] : anchors[-1] + 1] = True
        sides.append(within & between)
    return Region(*sides)


def missing_shares(lengths: Lengths, region: Region) -> tuple[float, float]:
    """Return how much of the source and of the target has no counterpart in the measured region.

    The longer side has more text than the other accounts for; what is left out on both sides alike doesn't show.
    """
    source, target = np.diff(lengths.source)[region.source].sum(), np.diff(lengths.target)[region.target].sum()
    return (max(0.0, 1 - float(target / source)), max(0.0, 1 - float(source / target))) if source and target else (0, 0)


def null_prior(share: float) -> float:
    """Return how much likelier null beads are where such a share is missing, in nats: 0 up to the usual share."""
    return max(0.0, logit(float(np.clip(share, *SHARES))) - logit(USUAL_SHARE))


def measure_freedom(nulls: tuple[NDArray[np.float64], NDArray[np.float64]], region: Region) -> float:
    """Return how free a translation is, from 0 to 1: by the share of one side that is likely without a counterpart.

    nulls  : the probability of each sentence to be left out, float64 arrays of shape (S,) and (T,).
    region : the measured region.
    """
    shares = [float(of_side[within].mean()) for of_side, within in zip(nulls, region, strict=True) if within.any()]
    return float(np.clip((max(shares, default=0.0) - WHOLE) / (FREE - WHOLE), 0, 1))


def logit(share: float) -> float:
    """Return the logarithm of the odds of a share."""
    return float(np.log(share / (1 - share)))
