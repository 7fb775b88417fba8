"""The table and the walk back."""

from __future__ import annotations

import naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.align.band import Band, band_around
from stages.align.bertalign.score import NO_SCORE, bead_types
from stages.align.bertalign.table import best_path, fill_table


class Problem:
    """Random scores (small integers, so that ties are many) in a band around one anchor."""

    def __init__(self, n_source: int, n_target: int, seed: int) -> None:
        generator = np.random.default_rng(seed)
        anchor = np.array([[generator.integers(n_source), generator.integers(n_target)]])
        self.band: Band = band_around(anchor[:, 0], anchor[:, 1], n_source, n_target, 1)
        self.types = bead_types(5, 3, 3)
        self.score = generator.integers(-2, 4, (self.band.n_cells, len(self.types))).astype(np.float32)
        self.source_null = -generator.integers(0, 3, n_source).astype(np.float32)
        self.target_null = -generator.integers(0, 3, n_target).astype(np.float32)
        self.cells = {(i, j) for i in range(n_source + 1) for j in range(self.band.start[i], self.band.stop[i])}
        for i, j in self.cells:
            self.score[self.cell(i, j), (self.types[:, 0] > i) | (self.types[:, 1] > j)] = NO_SCORE

    def cell(self, i: int, j: int) -> int:
        return int(self.band.offset[i] + j - self.band.start[i])

    def best_total(self) -> float:
        scores = {
            (i, j, int(m), int(n)): float(self.score[self.cell(i, j), kind])
            for i, j in self.cells
            for kind, (m, n) in enumerate(self.types)
        }
        return naive.best_total(scores, self.source_null.tolist(), self.target_null.tolist(), self.cells)


problems = st.builds(Problem, st.integers(1, 14), st.integers(1, 14), st.integers(0, 9999))


@given(problems)
@settings(deadline=None)  # the first example waits for the compiler
def test_the_table_ends_with_the_total_of_the_best_path(problem: Problem) -> None:
    best, _ = fill_table(problem.score, problem.types, problem.source_null, problem.target_null, problem.band)
    assert best[-1] == problem.best_total()


@given(problems)
@settings(deadline=None)  # the first example waits for the compiler
def test_the_beads_walked_back_are_in_order_and_worth_that_total(problem: Problem) -> None:
    stops, kinds = best_path(problem.score, problem.types, problem.source_null, problem.target_null, problem.band)
    starts = stops - problem.types[kinds]
    assert (starts >= 0).all()
    assert (starts[1:] >= stops[:-1]).all()
    is_free = [np.ones(len(problem.source_null), bool), np.ones(len(problem.target_null), bool)]
    for (i, j), (i_stop, j_stop) in zip(starts, stops, strict=True):
        is_free[0][i:i_stop] = is_free[1][j:j_stop] = False
    total = sum(problem.score[problem.cell(i, j), kind] for (i, j), kind in zip(stops, kinds, strict=True))
    total += problem.source_null[is_free[0]].sum() + problem.target_null[is_free[1]].sum()
    assert total == problem.best_total()


def test_equal_ways_prefer_the_bead_that_stands_first_and_beads_to_nulls() -> None:
    none = np.empty(0, np.int64)
    band, types = band_around(none, none, 2, 2, 1), bead_types(4, 2, 2)
    score = np.zeros((band.n_cells, len(types)), np.float32)
    stops, kinds = best_path(score, types, np.zeros(2, np.float32), np.zeros(2, np.float32), band)
    assert (stops.tolist(), types[kinds].tolist()) == ([[1, 1], [2, 2]], [[1, 1], [1, 1]])


def test_a_torn_band_is_an_error_and_no_endless_walk() -> None:
    start, stop = np.array([0, 2]), np.array([1, 3])
    band = Band(start, stop, np.array([0, 1, 2]))
    types = bead_types(2, 1, 1)
    with pytest.raises(ValueError, match="no path"):
        best_path(np.zeros((2, 1), np.float32), types, np.zeros(1, np.float32), np.zeros(2, np.float32), band)
