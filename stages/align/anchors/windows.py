"""Narrow the search for anchors in long documents: a sample of the sentences first, then all of them near its chain.

S source sentences, T target sentences, D dimensions.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stages.align.anchors.links import find_nearest, mutual_links, supported_chain
from stages.align.band import band_around

SAMPLE_FROM = 3000
"""Sentences on the shorter side from which sampling pays."""

SAMPLE_EVERY = 8
"""Of so many consecutive sentences the longest is taken: long ones are the most distinct."""

LARGE_FROM = 20_000
"""Sentences on the shorter side from which half as many are taken: the search would take most of the time."""

SAMPLE_MARGIN = 0.2
"""A link of the sample must stand out by this share of the typical similarity."""

SAMPLE_SUPPORT = 2.0
"""The links around a link of the sample must together stand out by this many times that similarity."""

WINDOW_RADIUS = 100
"""Sentences around the chain of the sample in which all are searched."""

MAX_WINDOW_CELLS = 1 << 22
"""A wider gap in the chain of the sample is searched along its diagonal only."""


def search_windows(
    source: NDArray[np.float32], target: NDArray[np.float32], byte_lengths: NDArray[np.float64], background: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return which target sentences each source sentence should meet: `start[i] <= j < stop[i]`, shape (S,) each.

    source, target : float32 arrays of shape (S, D) and (T, D).
    byte_lengths   : float64 array of shape (S,), of the source sentences.
    background     : the mean similarity of any two sentences.
    """
    n_source, n_target = len(source), len(target)
    if min(n_source, n_target) < SAMPLE_FROM:
        return np.zeros(n_source, np.int64), np.full(n_source, n_target)
    step = SAMPLE_EVERY if min(n_source, n_target) < LARGE_FROM else 2 * SAMPLE_EVERY
    picks = _longest_of_each(byte_lengths, step)
    everything = np.zeros(len(picks), np.int64), np.full(len(picks), n_target)
    links = mutual_links(find_nearest(source[picks], target, *everything), background, SAMPLE_MARGIN)
    links = supported_chain(links._replace(source=picks[links.source]), n_target, 10 * step, SAMPLE_SUPPORT)
    band = band_around(links.source, links.target, n_source, n_target, WINDOW_RADIUS, MAX_WINDOW_CELLS)
    return band.start[:-1], np.minimum(band.stop[1:], n_target)


def _longest_of_each(byte_lengths: NDArray[np.float64], step: int) -> NDArray[np.int64]:
    """Return the position of the longest of each group of `step` sentences."""
    n_groups = -(-len(byte_lengths) // step)
    padded = np.full(n_groups * step, -1.0)
    padded[: len(byte_lengths)] = byte_lengths
    picks: NDArray[np.int64] = padded.reshape(n_groups, step).argmax(axis=1) + np.arange(n_groups) * step
    return picks
