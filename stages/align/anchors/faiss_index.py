"""Which faiss searches: on a GPU whose answers have been compared with NumPy's, or else on the CPU.

faiss on a GPU has been seen to return zeros on some cards, without an error.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

TOLERANCE = 1e-3
"""How far a dot product of unit vectors may be from NumPy's: single precision, summed in another order."""

SCRATCH_BYTES = 64 << 20
"""What a process sets aside on the GPU for searching: several share it."""


@dataclass(frozen=True)
class GpuCheck:
    """Whether faiss can use a GPU here, and what was found when it was tried."""

    works: bool
    finding: str


def flat_index(dimensions: int) -> Any:
    """Return an empty faiss index for dot products, on a GPU if there is one that answers rightly."""
    import faiss

    return _gpu_index(dimensions) if check_gpu().works else faiss.IndexFlatIP(dimensions)


@lru_cache(maxsize=1)
def check_gpu() -> GpuCheck:
    """Compare a small search on the GPU with NumPy's answer; once a process."""
    import faiss

    if not faiss.get_num_gpus():
        return GpuCheck(False, "faiss searches on the CPU: it sees no GPU")
    generator = np.random.default_rng(1)
    keys, queries = (generator.standard_normal((n, 64)).astype(np.float32) for n in (500, 50))
    keys, queries = (rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (keys, queries))
    try:
        index = _gpu_index(64)
        index.add(keys)
        problem = find_problem(queries, keys, *index.search(queries, 5))
    except RuntimeError as error:
        problem = str(error).splitlines()[0]
    if problem:
        return GpuCheck(False, f"faiss is WRONG on this GPU ({problem}); it searches on the CPU instead")
    return GpuCheck(True, "faiss searches on the GPU, and agrees with NumPy")


def find_problem(queries: Any, keys: Any, scores: Any, found: Any) -> str:
    """Say what is wrong with the answer to a search, against NumPy; empty if nothing is.

    queries, keys : float arrays of shape (Q, D) and (N, D); scores, found : arrays of shape (Q, k), best first.
    """
    expected = -np.sort(-(queries @ keys.T), axis=1)[:, : scores.shape[1]]
    if found.min() < 0 or found.max() >= len(keys):
        return f"it names row {int(found.min() if found.min() < 0 else found.max())} of {len(keys)}"
    really = np.take_along_axis(queries @ keys.T, found, axis=1)
    error = float(max(np.abs(scores - expected).max(), np.abs(really - expected).max()))
    return "" if error <= TOLERANCE else f"its scores are off by {error:.3f}"


def _gpu_index(dimensions: int) -> Any:
    import faiss

    return faiss.GpuIndexFlatIP(_gpu_resources(), dimensions)


@lru_cache(maxsize=1)
def _gpu_resources() -> Any:
    import faiss

    resources = faiss.StandardGpuResources()
    resources.setTempMemory(SCRATCH_BYTES)
    return resources
