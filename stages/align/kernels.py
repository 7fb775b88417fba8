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
from contextlib import ExitStack, contextmanager, suppress
from functools import lru_cache
from pathlib import Path

import numba
import numba.core.registry
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
    if numba.config.DISABLE_JIT or marker.exists():
        return
    with suppress(OSError, MemoryError):  # the first alignment says what is wrong, for its pair
        folder.mkdir(parents=True, exist_ok=True)
        with _alone(folder):
            if not marker.exists() and os.access(folder, os.W_OK) and _compile_halves():
                marker.touch()


def _compile_halves() -> bool:
    """Compile in this process and another; return whether both have come to an end."""
    if not sys.executable:
        return False
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, "-P", "-m", "stages.align.kernels", "search"]
    nowhere = subprocess.DEVNULL  # whoever reads what this process prints isn't to wait for the other
    other = subprocess.Popen(command, env=environment, stdin=nowhere, stdout=nowhere, stderr=nowhere)
    try:
        compile_scores()
    finally:
        status = other.wait()
    return status == 0


def _digest_machine() -> str:
    """Return what tells apart machines that can't use each other's kernels: 12 characters."""
    processor = numba.core.registry.cpu_target.target_context.codegen().magic_tuple()
    machine = processor, platform.python_version(), numba.__version__
    return hashlib.sha256(repr(machine).encode()).hexdigest()[:12]


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep other processes waiting, where the system can."""
    with ExitStack() as stack:
        with suppress(ImportError, OSError):  # Windows; a network's file system
            import fcntl

            held = os.open(folder, os.O_RDONLY)
            stack.callback(os.close, held)
            fcntl.flock(held, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    HALVES[sys.argv[1]]()
