"""Score how well two documents agree: bidirectional best matches of their sentences ("BiMax", Wang et al. 2025).

S, T sentences, D dimensions.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MAX_QUERIES = 512
"""Of a longer document so many sentences, evenly spread, look for their best match among all of the other."""


def score_pair(
    source: NDArray[np.float32],
    target: NDArray[np.float32],
    source_weights: NDArray[np.float64],
    target_weights: NDArray[np.float64],
) -> float:
    """Return the mean over both directions of how similar each sentence's best match is, weighted by its length.

    source, target : centred sentence vectors of unit length, shapes (S, D) and (T, D).
    Each sentence may be the best match of several: order, omissions and 1-n translations cost little. A document
    without a sentence scores 0.
    """
    if not len(source) or not len(target):
        return 0.0
    if max(len(source), len(target)) <= MAX_QUERIES:
        similarity = source @ target.T
        there, back = similarity.max(axis=1), similarity.max(axis=0)
    else:
        chosen, others = _spread(len(source)), _spread(len(target))
        there = (source[chosen] @ target.T).max(axis=1)
        back = (target[others] @ source.T).max(axis=1)
        source_weights, target_weights = source_weights[chosen], target_weights[others]
    return 0.5 * (_mean(there, source_weights) + _mean(back, target_weights))


def _spread(n_sentences: int) -> NDArray[np.int64]:
    return np.linspace(0, n_sentences - 1, min(n_sentences, MAX_QUERIES)).astype(np.int64)


def _mean(best: NDArray[np.float32], weights: NDArray[np.float64]) -> float:
    total = float(weights.sum())
    return float(best @ weights) / total if total > 0 else float(best.mean())
