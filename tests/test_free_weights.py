"""The programs that fit and measure weights of free translations: who is left out, and what chance makes of ECE."""

from __future__ import annotations

from types import SimpleNamespace

import accuracy
import free_weights
import numpy as np
import pytest

from stages.align.scoring.weights import SHIPPED
from stages.evaluate.scores import Evaluation


@pytest.fixture
def fitted_to(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The stretches of each fit, in the order of the fits."""
    fits: list[list[str]] = []

    def fit_segments(segments: list[str], start: object, _guess: object = None) -> SimpleNamespace:
        fits.append(segments)
        return SimpleNamespace(weights=start)

    monkeypatch.setattr(free_weights, "fit_segments", fit_segments)
    return fits


def test_each_set_is_left_out_of_what_it_is_measured_by(fitted_to: list[list[str]]) -> None:
    segments = {"a": ["a1", "a2"], "b": ["b1"], "c": ["c1"]}
    names = [name for name, changes in free_weights.fit_each(segments, "summed", is_ceiling=False)]
    assert names == ["all", "a", "b", "c"]
    assert fitted_to == [["a1", "a2", "b1", "c1"], ["b1", "c1"], ["a1", "a2", "c1"], ["a1", "a2", "b1"]]


def test_a_ceiling_is_fitted_to_the_very_set(fitted_to: list[list[str]]) -> None:
    found = dict(free_weights.fit_each({"a": ["a1"], "b": ["b1"]}, "encoded", is_ceiling=True))
    assert fitted_to == [["a1"], ["b1"]]
    assert found["a"] == [[0.0] * len(SHIPPED["encoded"].bead), [0.0] * len(SHIPPED["encoded"].null)]


def test_honest_confidences_have_the_error_of_chance_and_others_more() -> None:
    chance = np.random.default_rng(3)
    sure = chance.uniform(0.3, 1, 150)
    honest = Evaluation(judged=tuple((float(one), bool(chance.random() < one)) for one in sure))
    proud = Evaluation(judged=tuple((float(one), bool(chance.random() < one - 0.25)) for one in sure))
    n_beads, error, by_chance, over = accuracy.calibration(honest)
    assert n_beads == "150"
    assert 0.02 < float(by_chance) < 0.12
    assert abs(float(error) - float(by_chance)) < 0.05
    assert abs(float(over)) < 0.08
    assert float(accuracy.calibration(proud)[1]) > 2 * float(by_chance)
    assert float(accuracy.calibration(proud)[3]) > 0.15
