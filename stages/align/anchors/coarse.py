"""Anchors where one side is hardly split: between its sentences and sums of several sentences of the other side.

A line that holds six sentences is like none of them, but like their sum.

F sentences of the finely split side, C of the coarse one, W windows: sums of consecutive fine sentences, D dimensions.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from stages.align.anchors.links import SUPPORT_RADIUS, Links, find_nearest, mutual_links, supported_chain
from stages.align.anchors.scale import centre_of, centred
from stages.align.anchors.windows import search_windows
from stages.align.scoring.sums import sum_weights

COLUMNS_AT_ONCE = 64
"""Of the dimensions of vectors, when they are summed up in double precision."""

LEAST_GRAIN = 1.5
"""Sentences of one side for each of the other from which the other may be hardly split."""

LEAST_ANCHORED = 0.1
"""The share of coarse sentences with an anchor from which these say more than chance: of strangers it is less."""

LEAST_LEAD = 1.1
"""How many times as much as anchors of single sentences those of a coarse side must say where its lines are short.
With two thirds of a text left out they say up to 1.07 times as much (gold documents, eight seeds)."""

LONG_LINES = 1 / 3
"""Lines are long where they have more letters than a fine sentence times the grain to this power: between the 0 of
lines that are sentences and the 1 of lines that hold all of the other side, with room for languages of few letters."""

_DENSE = re.compile("[\u2e80-\U0003ffff]+")

MOST_GRAIN = 50
"""With more, a side is no coarsely split translation: it holds a line for a chapter, or is another text altogether."""


def find_coarse_links(
    links: Links,
    singles: tuple[NDArray[np.floating], NDArray[np.floating]],
    byte_lengths: tuple[NDArray[np.float64], NDArray[np.float64]],
    sentences: tuple[Sequence[str], Sequence[str]],
) -> Links:
    """Return the anchors of a side that is hardly split, where they say more than those of single sentences.

    singles      : float arrays of shape (S, D) and (T, D). byte_lengths : float64 arrays of shape (S,) and (T,).
    sentences    : of both sides.
    """
    n_source, n_target = len(singles[0]), len(singles[1])
    few, many = sorted((n_source, n_target))
    if few < 2 or not LEAST_GRAIN * few <= many <= MOST_GRAIN * few:
        return links
    fine, coarse = (0, 1) if n_source > n_target else (1, 0)
    found = find_window_links(singles[fine], singles[coarse], byte_lengths[fine])
    found = found if fine == 0 else found.mirrored
    least = least_evidence(links, count_letters(sentences[fine]), count_letters(sentences[coarse]), many / few)
    is_more = found.evidence > least and len(found.source) >= LEAST_ANCHORED * few
    return found if is_more else links


def least_evidence(single: Links, n_fine: float, n_coarse: float, grain: float) -> float:
    """Return how much anchors of a coarse side must say to be believed, rather than those of single sentences.

    A coarse side has about as much text as the other, in fewer and longer lines; where much was left out, its lines are
    as long as the other's sentences.

    n_fine, n_coarse : the letters of both sides (see `count_letters`).
    grain            : fine sentences for each coarse one.
    """
    has_long_lines = n_coarse * grain >= n_fine * grain**LONG_LINES
    return single.evidence * (1 if has_long_lines else LEAST_LEAD)


def count_letters(sentences: Sequence[str]) -> int:
    """Return how much text there is, in letters: a Chinese, Japanese or Korean character says as much as three."""
    return sum(3 * len(text) - 2 * len(_DENSE.sub("", text)) for text in sentences)


def find_window_links(
    fine: NDArray[np.floating], coarse: NDArray[np.floating], byte_lengths: NDArray[np.float64]
) -> Links:
    """Find anchors between sums of fine sentences and coarse sentences; `source` is the middle of each sum.

    Sums are of as many sentences as there are for each coarse one, and of one more.

    fine, coarse : float arrays of shape (F, D) and (C, D), single sentences.
    byte_lengths : float64 array of shape (F,).
    """
    grain = len(fine) / len(coarse)
    sizes = [size for size in (round(grain), round(grain) + 1) if size <= len(fine)]
    fine, coarse = centred(fine, centre_of(fine)), centred(coarse, centre_of(coarse))
    before = np.concatenate([[0.0], np.cumsum(byte_lengths)])
    windows, lengths = (
        np.concatenate(parts)
        for parts in zip(
            *((window_sums(fine, size, sum_weights(byte_lengths)), before[size:] - before[:-size]) for size in sizes),
            strict=True,
        )
    )
    middles = np.concatenate([np.arange(len(fine) - size + 1) + size // 2 for size in sizes])
    order = np.argsort(middles, kind="stable")
    windows, lengths, middles = windows[order], lengths[order], middles[order]
    background = float(windows.mean(axis=0) @ coarse.mean(axis=0))
    nearest = find_nearest(windows, coarse, *search_windows(windows, coarse, lengths, background))
    links = mutual_links(nearest, background)
    links = links._replace(source=middles[links.source], grain=(grain, 1.0))
    return supported_chain(links, len(coarse), round(SUPPORT_RADIUS * grain))


def window_sums(fine: NDArray[np.float32], size: int, weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the sum of every `size` consecutive sentences, as unit vectors: float32 array of shape (W, D)."""
    totals = np.zeros((len(fine) - size + 1, fine.shape[1]), np.float32)
    for first in range(0, fine.shape[1], COLUMNS_AT_ONCE):
        columns = slice(first, first + COLUMNS_AT_ONCE)
        before = np.zeros((len(fine) + 1, len(fine[0, columns])))
        np.cumsum(fine[:, columns] * weights[:, None], axis=0, out=before[1:])
        totals[:, columns] = before[size:] - before[:-size]
    sums: NDArray[np.float32] = totals / np.maximum(np.linalg.norm(totals, axis=1, keepdims=True), 1e-6)
    return sums
