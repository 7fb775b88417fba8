"""The lattice of the log-linear method: best path and posterior against every path written out."""

from __future__ import annotations

import math

import naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lattices import WEIGHTS, Problem, problems

from stages.align.band import Band, band_around
from stages.align.beads import NO_SCORE, bead_types, spans_of
from stages.align.scoring.weights import NO_BLOCKS, Weights
from stages.align.search.lattice import UNREACHED, fill_states, find_best_path, make_lattice, trace_states
from stages.align.search.posterior import bead_posterior, corner_posterior, null_posterior, sum_paths


@given(problems)
@settings(deadline=None, max_examples=60)  # the first example waits for the compiler
def test_the_best_path_is_the_best_of_all_paths(problem: Problem) -> None:
    best = find_best_path(problem.lattice, problem.band)
    total, steps = max(problem.paths(), key=lambda path: path[0])
    assert best.total == pytest.approx(total, abs=1e-5)
    beads = [(i, j, m, n) for what, i, j, m, n in steps if what == "bead"]
    assert [(*stop, *problem.lattice.types[kind]) for stop, kind in zip(best.stops, best.kinds, strict=True)] == beads
    assert np.flatnonzero(best.source_skipped).tolist() == [i - 1 for what, i, *_ in steps if what == "skip source"]
    assert np.flatnonzero(best.target_skipped).tolist() == [j - 1 for what, _, j, *_ in steps if what == "skip target"]


@given(problems)
@settings(deadline=None, max_examples=60)
def test_confidence_is_the_weight_of_the_paths_that_hold_the_bead(problem: Problem) -> None:
    lattice, band, paths = problem.lattice, problem.band, problem.paths()
    posterior = sum_paths(lattice, band)
    weight = math.fsum(math.exp(total) for total, _ in paths)
    assert posterior.total == pytest.approx(math.log(weight), abs=1e-5)

    def share(*wanted: tuple[str, int, int]) -> float:
        held = [total for total, steps in paths if any((step[0], *step[1:3]) in wanted for step in steps)]
        return math.fsum(map(math.exp, held)) / weight

    best = find_best_path(lattice, band)
    shares = bead_posterior(posterior, lattice, band, best.stops, best.kinds)
    for (i, j), kind, found in zip(best.stops, best.kinds, shares, strict=True):
        step = ("bead", int(i), int(j), *map(int, lattice.types[kind]))
        held = math.fsum(math.exp(total) for total, steps in paths if step in steps)
        assert found == pytest.approx(held / weight, abs=1e-5)
    n_source, n_target = len(lattice.source_null), len(lattice.target_null)
    of_source, of_target = null_posterior(posterior, lattice, band)
    for i in range(n_source):
        wanted = [(what, i + 1, j) for what in ("source null", "skip source") for j in range(n_target + 1)]
        assert of_source[i] == pytest.approx(share(*wanted), abs=1e-5)
    for j in range(n_target):
        wanted = [(what, i, j + 1) for what in ("target null", "skip target") for i in range(n_source + 1)]
        assert of_target[j] == pytest.approx(share(*wanted), abs=1e-5)


@given(st.integers(1, 3), st.integers(1, 3), st.integers(0, 9999))
@settings(deadline=None, max_examples=60)
def test_a_corner_is_as_likely_as_the_paths_that_pass_through_it(n_source: int, n_target: int, seed: int) -> None:
    problem = Problem(n_source, n_target, seed, WEIGHTS._replace(skip_edge=-math.inf))
    paths = [(total, steps) for total, steps in problem.paths() if total > -math.inf]
    weight = math.fsum(math.exp(total) for total, _ in paths)
    corners = sorted(problem.cells)
    found = corner_posterior(sum_paths(problem.lattice, problem.band), problem.lattice, problem.band, np.array(corners))
    for corner, share in zip(corners, found.tolist(), strict=True):
        ways = [total for total, steps in paths if corner in [(0, 0), *(step[1:3] for step in steps)]]
        assert share == pytest.approx(math.fsum(map(math.exp, ways)) / weight, abs=1e-5)


def test_a_foreign_block_is_left_out_whole_and_not_paired_with_another() -> None:
    # Ten sentences with their translations, around six and six that hardly have any.
    n = 16
    none = np.empty(0, np.int64)
    band, types = band_around(none, none, n, n, 1), bead_types(2, 1, 1)
    score = np.full((band.n_cells, 1), -5.0, np.float32)
    for i in range(n):
        score[band.offset[i + 1] + i + 1, 0] = -2.0 if 5 <= i < 11 else 6.0
    nulls = np.full(n, -3.0, np.float32)
    best = find_best_path(make_lattice(score, types, nulls, nulls, Weights((), ()), band), band)
    assert best.stops[:, 0].tolist() == [1, 2, 3, 4, 5, 12, 13, 14, 15, 16]
    assert np.flatnonzero(best.source_skipped).tolist() == list(range(5, 11))
    assert np.flatnonzero(best.target_skipped).tolist() == list(range(5, 11))


def test_a_narrow_band_lets_a_long_foreign_block_through() -> None:
    n = 400
    corners = np.arange(0, n, 5)
    band, types = band_around(corners, corners, n, n, 1), bead_types(2, 1, 1)
    score = np.full((band.n_cells, 1), -50.0, np.float32)
    nulls = np.full(n, -30.0, np.float32)
    best = find_best_path(make_lattice(score, types, nulls, nulls, Weights((), ()), band), band)
    assert best.source_skipped.all()
    assert best.target_skipped.all()


def test_a_torn_band_is_an_error_and_no_endless_walk() -> None:
    start, stop = np.array([0, 2]), np.array([1, 3])
    band = Band(start, stop, np.array([0, 1, 2]))
    nulls = np.zeros(1, np.float32), np.zeros(2, np.float32)
    lattice = make_lattice(np.zeros((2, 1), np.float32), bead_types(2, 1, 1), *nulls, Weights((), ()), band)
    _, pointers, opened = fill_states(lattice, band)
    assert (pointers[-1] == UNREACHED).all()
    with pytest.raises(ValueError, match="no path"):
        trace_states(pointers, opened, 1, 0, lattice.types, band)


@given(problems, st.integers(0, 9999))
@settings(deadline=None, max_examples=60)
def test_without_foreign_blocks_the_path_is_worth_as_much_as_the_best_of_beads_and_null_beads(
    problem: Problem, seed: int
) -> None:
    """As the baseline uses it; small whole numbers, so that ties are many."""
    generator, band, types = np.random.default_rng(seed), problem.band, problem.lattice.types
    score = generator.integers(-2, 4, problem.lattice.score.shape).astype(np.float32)
    score[np.isneginf(problem.lattice.score)] = NO_SCORE
    nulls = [-generator.integers(0, 3, len(band_side)).astype(np.float32) for band_side in problem.lattice[2:4]]
    best = find_best_path(make_lattice(score, types, *nulls, NO_BLOCKS, band), band)
    scores = {
        (i, j, int(m), int(n)): float(score[problem.cell(i, j), kind])
        for i, j in problem.cells
        for kind, (m, n) in enumerate(types)
    }
    total = naive.best_total(scores, *(null.tolist() for null in nulls), problem.cells)
    spans = spans_of(best.stops, types[best.kinds])
    free = [np.ones(len(null), bool) for null in nulls]
    for i, i_stop, j, j_stop in spans:
        free[0][i:i_stop] = free[1][j:j_stop] = False
    found = sum(score[problem.cell(i, j), kind] for (i, j), kind in zip(best.stops, best.kinds, strict=True))
    assert found + sum(null[side].sum() for null, side in zip(nulls, free, strict=True)) == best.total == total
    assert not best.source_skipped.any()
    assert not best.target_skipped.any()


def test_equal_ways_prefer_the_bead_that_stands_first_and_beads_to_nulls() -> None:
    none = np.empty(0, np.int64)
    band, types = band_around(none, none, 2, 2, 1), bead_types(4, 2, 2)
    score, nulls = np.zeros((band.n_cells, len(types)), np.float32), np.zeros(2, np.float32)
    best = find_best_path(make_lattice(score, types, nulls, nulls, NO_BLOCKS, band), band)
    assert (best.stops.tolist(), types[best.kinds].tolist()) == ([[1, 1], [2, 2]], [[1, 1], [1, 1]])
