"""Fitting weights to gold beads."""

from __future__ import annotations

import numpy as np
import pytest
from test_align_pair import with_overlaps

from stages.align import AlignConfig
from stages.align.fit import Example, _segment_loss, _with_values, cut_segments, fit_weights, minimise
from stages.align.weights import ENCODED, Weights

CONFIG = AlignConfig()
NEVER = ENCODED._replace(skip_enter=-np.inf, skip_edge=-np.inf)


def example(seed: int, n_beads: int = 40) -> Example:
    """Documents of random beads: both sides of a bead share what they say, split differently, and some noise."""
    generator = np.random.default_rng(seed)
    sides: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
    sentences: tuple[list[str], list[str]] = ([], [])
    gold = []
    for _ in range(n_beads):
        shape = [(1, 1), (1, 1), (1, 2), (2, 1), (1, 0)][generator.integers(5)]
        meaning = generator.normal(size=(2, 24))
        gold.append(tuple(tuple(range(len(side), len(side) + size)) for side, size in zip(sides, shape, strict=True)))
        for side, texts, size in zip(sides, sentences, shape, strict=True):
            parts = meaning if size == 2 else [meaning.sum(axis=0)] * size
            side.extend(part + 0.3 * generator.normal(size=24) for part in parts)
            texts.extend("x" * int(generator.integers(28, 34)) * (3 - size) for _ in range(size))
    return Example(*(with_overlaps(texts, np.array(side)) for texts, side in zip(sentences, sides, strict=True)), gold)


def test_the_gradient_is_that_of_the_loss() -> None:
    (segment, *_) = cut_segments(example(1), CONFIG, ENCODED)
    values = np.array(ENCODED.bead + ENCODED.null)
    _, gradient = _segment_loss(segment, NEVER)
    step = 1e-2
    for index in range(len(values)):
        moved = np.zeros(len(values))
        moved[index] = step
        up, down = (_segment_loss(segment, _with_values(NEVER, values + sign * moved))[0] for sign in (1, -1))
        assert gradient[index] == pytest.approx((up - down) / (2 * step), abs=0.02)


def test_a_fit_makes_the_gold_beads_likelier_also_elsewhere() -> None:
    start = Weights(bead=(1.0,) * 2 + (0.0,) * 13, null=(-1.0, 0.0, 0.0))
    fit = fit_weights([example(1), example(2)], CONFIG, start)
    assert fit.loss < fit.loss_before / 2
    elsewhere = fit_weights([example(3)], CONFIG, fit.weights)
    assert elsewhere.loss_before < fit_weights([example(3)], CONFIG, start).loss_before / 2


def test_gold_beads_that_no_lattice_has_are_left_out_and_counted() -> None:
    made = example(1)
    gold = [bead for bead in made.gold if bead[0] and bead[1]]
    first, second = gold[10], gold[12]
    torn = (first[0] + second[0], first[1] + second[1])
    kept = [bead for bead in made.gold if bead not in (first, second)]
    fit = fit_weights([made._replace(gold=[*kept, torn])], CONFIG, ENCODED)
    assert fit.n_beads_left_out == 1
    assert fit.n_beads == len(gold) - 2


def test_gold_without_a_usable_bead_is_refused() -> None:
    made = example(1)
    with pytest.raises(ValueError, match="none of the gold beads of 1 pairs has at most 5 consecutive sentences"):
        fit_weights([made._replace(gold=[((0, 5), (1,))])], CONFIG, ENCODED)


def test_the_minimum_of_a_bowl_is_found() -> None:
    scales, centre = np.array([1.0, 10.0, 100.0]), np.array([3.0, -2.0, 0.5])

    def bowl(point: np.ndarray) -> tuple[float, np.ndarray]:
        away = point - centre
        return float(scales @ away**2) / 2, scales * away

    assert minimise(bowl, np.zeros(3)) == pytest.approx(centre, abs=1e-3)
