"""The best way to and from every cell, and what is left when hopeless cells are put aside."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from lattices import Problem, problems

from stages.align.band import cells_within
from stages.align.search.lattice import find_best_path
from stages.align.search.max_marginals import bead_marginals, find_max_marginals, near_band
from stages.align.search.posterior import bead_posterior, null_posterior, sum_paths


@given(problems)
@settings(deadline=None, max_examples=40)  # the first example waits for the compiler
def test_the_best_path_through_a_bead_is_the_best_of_the_paths_that_hold_it(problem: Problem) -> None:
    lattice, band, paths = problem.lattice, problem.band, problem.paths()
    marginals = find_max_marginals(lattice, band)
    way = bead_marginals(marginals.bead_forward, marginals.backward, lattice, band)
    assert marginals.total == pytest.approx(max(total for total, _ in paths), abs=1e-5)
    for i, j in problem.cells:
        for kind, (m, n) in enumerate(lattice.types):
            step = ("bead", i, j, int(m), int(n))
            expected = max((total for total, steps in paths if step in steps), default=-np.inf)
            assert way[problem.cell(i, j), kind] == pytest.approx(expected, abs=1e-5)


@given(problems)
@settings(deadline=None, max_examples=40)
def test_the_near_band_holds_the_paths_within_the_margin_and_their_shares(problem: Problem) -> None:
    lattice, band, margin = problem.lattice, problem.band, 3.0
    marginals = find_max_marginals(lattice, band)
    near = near_band(marginals, lattice, band, margin)
    kept = set(cells_within(near, band).tolist())
    for total, steps in problem.paths():
        if total > marginals.total - margin + 1e-4:
            assert {problem.cell(i, j) for what, i, j, *_ in steps if what == "bead"} <= kept


@pytest.mark.parametrize("seed", range(6))
def test_with_a_wide_margin_nothing_changes_but_the_size(seed: int) -> None:
    problem = Problem(3, 3, 3 * seed)
    lattice, band = problem.lattice, problem.band
    near = near_band(find_max_marginals(lattice, band), lattice, band, 1000.0)
    kept = cells_within(near, band)
    part = lattice._replace(score=lattice.score[kept], before=lattice.before[kept], after=lattice.after[kept])
    whole, narrow = find_best_path(lattice, band), find_best_path(part, near)
    np.testing.assert_array_equal(whole.stops, narrow.stops)
    sums = (sum_paths(lattice, band), lattice, band), (sum_paths(part, near), part, near)
    shares = [bead_posterior(*one, whole.stops, whole.kinds) for one in sums]
    np.testing.assert_allclose(*shares, atol=1e-6)
    for of_whole, of_near in zip(*(null_posterior(*one) for one in sums), strict=True):
        np.testing.assert_allclose(of_whole, of_near, atol=1e-6)
