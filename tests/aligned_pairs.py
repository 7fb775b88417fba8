"""Made-up documents to align, and what must hold of every alignment."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from stages.align import AlignConfig
from stages.data import Beads, Overlaps

CONFIG = AlignConfig(method="bitext")
CLASSIC = AlignConfig(method="bertalign")
configs = st.sampled_from([CONFIG, CLASSIC])


def document(n: int, seed: int = 0, sizes: int = 4, dimensions: int = 16) -> Overlaps:
    """A document of n random sentences; the overlaps are sums, as real ones nearly are."""
    generator = np.random.default_rng(seed)
    single = generator.normal(size=(n, dimensions))
    sentences = ["x" * int(length) for length in generator.integers(5, 50, n)]
    return with_overlaps(sentences, single, sizes)


def with_overlaps(sentences: list[str], single: np.ndarray, sizes: int = 4) -> Overlaps:
    """Overlaps of the sentences with text; rows of empty positions and those without an overlap are zero."""
    vectors = np.zeros((sizes, *single.shape), np.float32)
    positions = [position for position, sentence in enumerate(sentences) if sentence]
    for size in range(1, sizes + 1):
        for rank in range(size - 1, len(positions)):
            total = single[positions[rank - size + 1 : rank + 1]].sum(axis=0)
            vectors[size - 1, positions[rank]] = total / np.linalg.norm(total)
    return Overlaps(sentences, vectors)


def spans_of(beads: Beads) -> list[tuple[int, int, int, int]]:
    columns = (beads.source_start, beads.source_stop, beads.target_start, beads.target_stop)
    return [tuple(map(int, row)) for row in zip(*columns, strict=True)]  # type: ignore[misc]


def assert_partition(beads: Beads, n_source: int, n_target: int) -> None:
    """Every position lies in exactly one bead, in order; null beads hold one position, those of the source first."""
    i = j = 0
    was_target_null = False
    for source_start, source_stop, target_start, target_stop in spans_of(beads):
        assert (source_start, target_start) == (i, j)
        i, j = source_stop, target_stop
        shape = (source_stop - source_start, target_stop - target_start)
        assert min(shape) >= 1 or shape in {(1, 0), (0, 1)}
        assert not (was_target_null and shape == (1, 0))
        was_target_null = shape == (0, 1)
    assert (i, j) == (n_source, n_target)
