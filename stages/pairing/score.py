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
    there = _mean_best(source, target, source_weights)
    back = _mean_best(target, source, target_weights)
    return 0.5 * (there + back)


def _mean_best(queries: NDArray[np.float32], keys: NDArray[np.float32], weights: NDArray[np.float64]) -> float:
    n_queries = min(len(queries), MAX_QUERIES)
    chosen = np.linspace(0, len(queries) - 1, n_queries).astype(np.int64)
    best = (queries[chosen] @ keys.T).max(axis=1)
    weights = weights[chosen]
    return float(np.average(best, weights=weights if weights.sum() > 0 else None))
