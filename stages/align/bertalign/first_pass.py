"""Anchors: the points (i, j) that the first pass of the two-pass method trusts.

S source sentences, T target sentences, A anchors, D dimensions.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stages.align.anchors.chain import chain_links
from stages.align.anchors.neighbours import nearest_keys


def first_pass(
    source: NDArray[np.floating], target: NDArray[np.floating], top_k: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Choose 1-1 anchors, strictly increasing on both sides, with the largest total similarity.

    This is the first pass of Liu & Zhu (2022, section 3.2): only a source sentence's `top_k` nearest target sentences
    can be its anchor, and sentences without one cost nothing. They fill a table around the diagonal; the same optimum
    is found here among the links alone, wherever they lie, so that a foreword on one side loses nothing.

    source, target : float arrays of shape (S, D) and (T, D), the vectors of single sentences.
    Returns two int64 arrays of shape (A,): source and target positions.
    """
    nearest, similarity = nearest_keys(source, target, top_k)
    source_index = np.repeat(np.arange(len(source)), nearest.shape[1])
    target_index, weight = nearest.ravel(), similarity.ravel().astype(np.float64)
    useful = weight > 0
    source_index, target_index, weight = source_index[useful], target_index[useful], weight[useful]
    chain = chain_links(source_index, target_index, weight, len(target))
    return source_index[chain], target_index[chain]
