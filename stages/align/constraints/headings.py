"""Headings: one and its translation are aligned with each other before anything else is.

They are fixed as beads that people have called good are (see `fixed`), so no bead reaches over them: they cut both
documents into sections. A heading is known by what it says and by what stands under it, as "Examples" may come often.

H headings of the source, G of the target, L links between them, D dimensions.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from stages.align.anchors.chain import chain_links
from stages.align.anchors.scale import centre_of, centred
from stages.align.beads import lie_between
from stages.align.constraints.fixed_beads import FixedBeads, is_among, one_to_one, stands_beside
from stages.data import Overlaps

MIN_SIMILARITY = 0.3
"""A heading and its translation are about .5 to .8 alike with their sections, centred; others about 0. (Seen with
use-multilingual in the German and English EPUB of Debian's developer's reference.)"""

MIN_MARGIN = 0.05
"""How much more alike two headings must be than either is to any other."""


def match_headings(source: Overlaps, target: Overlaps, respect_sections: bool = False) -> NDArray[np.int64]:
    """Return which headings are translations of which: positions, int64 array of shape (L, 2), in order on both sides.

    Headings count that are each other's nearest by a margin. With `respect_sections` those of chapters (the highest
    level with more than one) count as well that the heaviest chain of them links, however weakly.
    """
    none = np.zeros((0, 2), np.int64)
    rows, columns = (_positions(side) for side in (source, target))
    if not len(rows) or not len(columns):
        return none
    similarity = _describe(source, rows) @ _describe(target, columns).T
    fixed = none
    if respect_sections:
        of_source, of_target = (_is_chapter(side, found) for side, found in ((source, rows), (target, columns)))
        fixed = _chain(np.argwhere((similarity > 0) & of_source[:, None] & of_target), similarity)
    links = np.argwhere(_is_mutual(similarity))
    between = lie_between(one_to_one(*links.T), one_to_one(*fixed.T))
    found = np.concatenate([fixed, _chain(links[between], similarity)])
    found = found[np.argsort(found[:, 0])]
    return np.stack([rows[found[:, 0]], columns[found[:, 1]]], axis=1)


def fix_headings(
    links: NDArray[np.int64], fixed: FixedBeads | None, source_text: NDArray[np.bool_], target_text: NDArray[np.bool_]
) -> FixedBeads | None:
    """Fix headings and their translations, beside the corrections, which go before.

    source_text, target_text : bool arrays of shape (S,) and (T,), which positions hold a sentence.
    """
    if not len(links):
        return fixed
    starts = [np.cumsum(has_text)[links[:, side]] - 1 for side, has_text in enumerate((source_text, target_text))]
    spans = one_to_one(starts[0], starts[1])
    if fixed is None:
        return FixedBeads(spans, frozenset())
    more = spans[stands_beside(spans, fixed) & ~is_among(spans, fixed.beads) & ~fixed.bans(spans)]
    beads = np.concatenate([fixed.beads, more])
    return fixed._replace(beads=beads[np.argsort(beads[:, 0])])


def _positions(document: Overlaps) -> NDArray[np.int64]:
    levels = np.asarray(document.headings, np.int64)
    return np.flatnonzero((levels > 0) & document.has_text) if len(levels) else np.zeros(0, np.int64)


def _describe(document: Overlaps, positions: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return what each heading says, and what its section says, half each: float32 array of shape (H, 2 D)."""
    vectors = document.vectors[0]
    centre = centre_of(vectors[document.has_text])
    told = centred(vectors, centre) * document.has_text[:, None]
    sections = np.stack([told[start:stop].sum(axis=0) for start, stop in pairwise([*positions, len(told)])])
    sections = sections / np.maximum(np.linalg.norm(sections, axis=1, keepdims=True), 1e-6)
    both = np.concatenate([told[positions], sections], axis=1)
    described: NDArray[np.float32] = (both / np.sqrt(2)).astype(np.float32)
    return described


def _is_mutual(similarity: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return which headings are each other's nearest, by a margin: bool array of shape (H, G)."""
    is_best = similarity >= MIN_SIMILARITY
    for axis in (0, 1):
        ranked = np.sort(similarity, axis=axis)
        best = np.take(ranked, [-1], axis=axis)
        second = np.take(ranked, [-2], axis=axis) if similarity.shape[axis] > 1 else best - 2 * MIN_MARGIN
        is_best &= (similarity == best) & (best - second >= MIN_MARGIN)
    return is_best


def _is_chapter(document: Overlaps, positions: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which headings begin a chapter: bool array of shape (H,). One of its level alone is a title."""
    levels = np.asarray(document.headings, np.int64)[positions]
    several = [level for level in np.unique(levels).tolist() if (levels == level).sum() > 1]
    is_chapter: NDArray[np.bool_] = levels == (several[0] if several else levels.min())
    return is_chapter


def _chain(links: NDArray[np.int64], similarity: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return the heaviest of the chains that run forward on both sides: int64 array of shape (L, 2)."""
    if not len(links):
        return links
    weight = similarity[links[:, 0], links[:, 1]].astype(np.float64)
    chained: NDArray[np.int64] = links[chain_links(links[:, 0], links[:, 1], weight, similarity.shape[1])]
    return chained
