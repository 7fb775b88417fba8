"""Small lattices with random scores, and every path through them, for tests of what is found in a lattice."""

from __future__ import annotations

import naive
import numpy as np
from hypothesis import strategies as st

from stages.align.band import Band, band_around
from stages.align.beads import NO_SCORE, bead_types
from stages.align.scoring.weights import Weights
from stages.align.search.lattice import make_lattice

WEIGHTS = Weights((), (), skip_enter=-1.5, skip_leave=-2.25, skip_edge=-0.75, skip_sentence=0.5)


class Problem:
    """A few sentences with random scores, and every path through their lattice."""

    def __init__(self, n_source: int, n_target: int, seed: int, weights: Weights = WEIGHTS) -> None:
        self.weights = weights
        generator = np.random.default_rng(seed)
        anchors = np.array([[0, 0], [n_source - 1, n_target - 1]])[: seed % 3]
        anchors = anchors[:1] if min(n_source, n_target) == 1 else anchors
        self.band: Band = band_around(anchors[:, 0], anchors[:, 1], n_source, n_target, 1)
        types = bead_types(4, 2, 2)
        score = generator.normal(0.5, 2, (self.band.n_cells, len(types))).astype(np.float32)
        nulls = generator.normal(-1, 1, n_source), generator.normal(-1, 1, n_target)
        self.cells = {(i, j) for i in range(n_source + 1) for j in range(self.band.start[i], self.band.stop[i])}
        for i, j in self.cells:
            score[self.cell(i, j), (types[:, 0] > i) | (types[:, 1] > j)] = NO_SCORE
        self.lattice = make_lattice(score, types, *(null.astype(np.float32) for null in nulls), weights, self.band)

    def cell(self, i: int, j: int) -> int:
        return int(self.band.offset[i] + j - self.band.start[i])

    def paths(self) -> list[tuple[float, list[tuple[str, int, int, int, int]]]]:
        scores = {
            (i, j, int(m), int(n)): float(self.lattice.score[self.cell(i, j), kind])
            for i, j in self.cells
            for kind, (m, n) in enumerate(self.lattice.types)
        }
        nulls = self.lattice.source_null.tolist(), self.lattice.target_null.tolist()
        return naive.lattice_paths(scores, *nulls, self.cells, *self.weights[2:])


problems = st.builds(Problem, st.integers(1, 3), st.integers(1, 3), st.integers(0, 9999))
