"""Make the index that faiss searches: on a GPU whose answers have been compared with NumPy's, or else on the CPU.

faiss on a GPU has been seen to return zeros on some cards, without an error.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

TOLERANCE = 1e-3
"""How far a dot product of unit vectors may be from NumPy's: single precision, summed in another order."""

SCRATCH_BYTES = 64 << 20
"""What a process sets aside on the GPU for searching: several share it."""


FINDING = "BITEXT_FAISS_ON_GPU"
"""The environment variable in which processes learn what the one that started them has found."""

WORKS = "faiss searches on the GPU, and agrees with NumPy"
NO_GPU = "faiss searches on the CPU: it sees no GPU"
TRY = "from stages.align.anchors.faiss_index import try_gpu; print(try_gpu())"
CHECK_SECONDS = 120


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
    """Compare a small search on the GPU with NumPy's answer; once a process, or as the process that started it found.

    It is tried in a process of its own: on a card that it has no code for, faiss ends the whole process.
    """
    if FINDING in os.environ:
        return _as_check(os.environ[FINDING])
    import faiss

    return _as_check(_ask_process()) if faiss.get_num_gpus() else GpuCheck(False, NO_GPU)


def remember_check() -> GpuCheck:
    """Check, and let processes that this one starts know what was found."""
    check = check_gpu()
    os.environ[FINDING] = check.finding
    return check


def _as_check(finding: str) -> GpuCheck:
    return GpuCheck(finding == WORKS, finding)


def _ask_process() -> str:
    """Try the GPU in another process, and return what was found."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    try:
        done = subprocess.run(
            [sys.executable, "-c", TRY],
            env=environment,
            capture_output=True,
            text=True,
            timeout=CHECK_SECONDS,
            check=False,
        )
        problem = done.stdout.strip() if done.returncode == 0 else f"it ended its process: status {done.returncode}"
    except subprocess.TimeoutExpired:
        problem = f"no answer in {CHECK_SECONDS} s"
    return f"faiss is WRONG on this GPU ({problem}); it searches on the CPU instead" if problem else WORKS


def try_gpu() -> str:
    """Search on the GPU and say what is wrong with the answer; empty if nothing is."""
    generator = np.random.default_rng(1)
    keys, queries = (generator.standard_normal((n, 64)).astype(np.float32) for n in (500, 50))
    keys, queries = (rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (keys, queries))
    try:
        index = _gpu_index(64)
        index.add(keys)
        return find_problem(queries, keys, *index.search(queries, 5))
    except RuntimeError as error:
        return str(error).splitlines()[0]


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
