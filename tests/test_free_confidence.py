"""Confidences in free translations: what is changed of the paths, and what the numbers are fitted to."""

from __future__ import annotations

import math

import free_confidence
import numpy as np
import pytest
from aligned_pairs import spans_of
from free_documents import free_document
from hypothesis import given, settings
from hypothesis import strategies as st
from lattices import Problem, problems

from stages.align import AlignConfig, align_pair
from stages.align.search import posterior
from stages.align.search.lattice import find_best_path
from stages.align.search.posterior import LARGER, SHARPER, confidence_lattice, sum_paths


@given(problems, st.floats(0, 1))
@settings(deadline=None, max_examples=60)  # the first example waits for the compiler
def test_every_path_counts_so_much_more_and_its_larger_beads_less(problem: Problem, freedom: float) -> None:
    totals = [
        (1 + SHARPER * freedom) * total
        + LARGER * freedom * sum(what == "bead" and max(m, n) > 1 for what, _, _, m, n in steps)
        for total, steps in problem.paths()
    ]
    weighed = confidence_lattice(problem.lattice, freedom)
    assert find_best_path(weighed, problem.band).total == pytest.approx(max(totals), abs=1e-4)
    found = sum_paths(weighed, problem.band).total
    assert found == pytest.approx(math.log(math.fsum(map(math.exp, totals))), abs=1e-4)


@pytest.mark.parametrize(("left_out", "changes"), [(0.0, False), (0.3, True)])
def test_confidences_of_free_translations_change_and_no_bead(
    left_out: float, changes: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target, _ = free_document(7, left_out=left_out)
    before = align_pair(source, target, AlignConfig())
    monkeypatch.setattr(posterior, "SHARPER", 0.5)
    monkeypatch.setattr(posterior, "LARGER", -2.0)
    after = align_pair(source, target, AlignConfig())
    assert spans_of(after) == spans_of(before)
    assert np.array_equal(after.score, before.score)
    assert np.array_equal(after.confidence, before.confidence) != changes


def test_numbers_are_fitted_without_the_set_that_is_left_out() -> None:
    losses = {name: np.ones((7, 12)) for name in "abc"}
    losses["a"][1, 2], losses["b"][3, 4], losses["c"][1, 2] = 0.5, 0.1, 0.8
    assert free_confidence.fit_without(losses, None) == (3, 4)
    assert free_confidence.fit_without(losses, "b") == (1, 2)


def test_beads_that_are_righter_than_they_say_are_fitted_by_sharper_paths() -> None:
    problem = Problem(3, 3, 5)
    best = find_best_path(problem.lattice, problem.band)
    judged = [
        free_confidence.Judged(problem.lattice, problem.band, best, 1.0, np.full(len(best.kinds), is_right))
        for is_right in (True, False)
    ]
    for one, is_right in zip(judged, (True, False), strict=True):
        losses = [free_confidence.mean_loss([one], sharper, 0.0) for sharper in free_confidence.SHARPER_GRID]
        assert losses == sorted(losses, reverse=is_right)
        assert losses[0] != losses[-1]
