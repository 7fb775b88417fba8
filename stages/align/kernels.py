"""Compile the kernels of the log-linear method before the first alignment, once on a machine, in two processes at once.

    python -m stages.align.kernels scores|search

Whoever comes first compiles; others wait rather than compile the same. It is a head start and no more: what isn't
compiled here is compiled where it is called first.
"""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path

import llvmlite.binding
import numba
import numpy as np

from stages.align.band import band_around
from stages.align.beads import bead_types
from stages.align.config import AlignConfig
from stages.align.kernel_digest import COMPILED
from stages.align.pair_measures import measure_pair, null_features, with_overlaps
from stages.align.scoring.features import score_blocks
from stages.align.scoring.similarity import mixed_blocks, summed_blocks
from stages.align.scoring.weights import SHIPPED
from stages.align.search.lattice import find_best_path, make_lattice
from stages.align.search.max_marginals import bead_marginals, find_max_marginals
from stages.align.search.posterior import null_posterior, sum_paths
from stages.data import Overlaps

SENTENCES = ["One.", "Two.", "Three.", "Four."]


def compile_scores() -> None:
    """Compile what measures a pair and scores beads."""
    config, n = AlignConfig(), len(SENTENCES)
    side = Overlaps(SENTENCES, np.stack([np.eye(n, dtype=np.float32)] * 2))
    measures = measure_pair(side, side, config)
    nothing = np.empty(0, np.int64)
    band, weights = band_around(nothing, nothing, n, n, 1), SHIPPED["summed"]
    blocks = summed_blocks(measures.source, measures.target, band, measures.scale, measures.sums)
    null_features(measures, score_blocks(blocks, measures.sides, band, measures.types, weights))
    measures = with_overlaps(measures, side, side)
    blocks = mixed_blocks(measures.source, measures.target, band, measures.scale, measures.sums)
    score_blocks(blocks, measures.sides, band, measures.types, weights)


def compile_search() -> None:
    """Compile what searches a lattice."""
    nothing, n = np.empty(0, np.int64), len(SENTENCES)
    band, types, nulls = band_around(nothing, nothing, n, n, 1), bead_types(3, 2, 2), np.zeros(n, np.float32)
    score = np.zeros((band.n_cells, len(types)), np.float32)
    lattice = make_lattice(score, types, nulls, nulls, SHIPPED["summed"], band)
    marginals = find_max_marginals(lattice, band)
    bead_marginals(marginals.bead_forward, marginals.backward, lattice, band)
    find_best_path(lattice, band)
    null_posterior(sum_paths(lattice, band), lattice, band)


HALVES = {"scores": compile_scores, "search": compile_search}


@lru_cache(maxsize=1)
def compile_kernels() -> None:
    """Compile what isn't kept from before, unless it can't be kept."""
    folder = Path(numba.config.CACHE_DIR)
    marker = folder / f"{COMPILED}{_digest_machine()}"
    with suppress(OSError, MemoryError):
        if marker.exists():
            return
        folder.mkdir(parents=True, exist_ok=True)
        with _alone(folder):
            if not marker.exists():
                _compile_halves()
                marker.touch()


def _compile_halves() -> None:
    other = subprocess.Popen([sys.executable, "-m", __name__, "search"], stdin=subprocess.DEVNULL)
    try:
        compile_scores()
    finally:
        other.wait()


def _digest_machine() -> str:
    """Return what tells machines apart that can't use each other's kernels: 12 characters."""
    machine = llvmlite.binding.get_host_cpu_name(), platform.python_version(), numba.__version__
    return hashlib.sha256(repr(machine).encode()).hexdigest()[:12]


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep other processes waiting, where the file system can."""
    held = os.open(folder, os.O_RDONLY)
    try:
        with suppress(ImportError, OSError):  # Windows; a network's file system
            import fcntl

            fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)


if __name__ == "__main__":
    HALVES[sys.argv[1]]()
