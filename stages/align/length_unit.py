"""Settle in what unit the lengths of both sides are compared, where a translation leaves out or adds a good deal.

What is missing on one side moves every first guess of the unit, and a path in a wrong unit fills its beads up until
they are as long as that unit says. But the best path is worth most in the right unit. So the unit is sought in which
the worth of the best path, as a function of the unit, has no slope: by false position (regula falsi), with a search of
the whole band for each unit that is tried. How likely nulls are depends on the unit as well; for the slope it is held
where it is, for a unit in which nearly everything is missing would otherwise make all nulls cheap.

P beads with text on both sides.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from stages.align.anchors.lengths import Lengths
from stages.align.scoring.features import LENGTH_VARIANCE, MAX_DEVIATION
from stages.align.scoring.weights import BEAD_FEATURES, Weights

FIRST_STEP = 0.15
"""The logarithm of the unit moves by so much at most before a second slope is known."""

USUAL_CURVATURE = 10.0
"""How much the slope falls for each bead when the logarithm of the unit moves by 1: read off development pairs, for the
length of the first step only."""

NEAR_ENOUGH = 0.02
"""Units whose logarithms differ by less are the same."""

MOST_STEPS = 5
"""Units that are tried at most, besides the first."""

FARTHER = 1.5
"""While the slope keeps its sign, steps are so much longer than the first."""

DIFFERENCE = 0.01
"""Of the two logarithms between which a slope is measured."""

DEVIATION = 0.3
"""How far the first unit may be from the right one, in logarithms: holds few beads back from any unit that suits them.
Between .17 and .3 makes no difference to documents of 15 beads and more; .1 is too little for some of 45."""

State = TypeVar("State")


class _Tried(NamedTuple):
    """The shift of a unit that was tried, as a logarithm, the slope there, and which of the states it led to."""

    shift: float
    slope: float
    state: int


def settle_unit(
    first: State, n_beads: int, in_unit: Callable[[float], State], slope_of: Callable[[State], float]
) -> State:
    """Return what is found in the unit in which the worth of the best path has the least slope, of those tried.

    first    : what was found in the first unit, whose best path has `n_beads` beads.
    in_unit  : finds the same in a unit whose logarithm differs by so much.
    slope_of : the slope of the best path that was found.
    """
    states, tried = [first], [_Tried(0.0, slope_of(first), 0)]
    step = float(np.clip(tried[0].slope / (USUAL_CURVATURE * max(n_beads, 1)), -FIRST_STEP, FIRST_STEP))
    shift = step
    while len(tried) <= MOST_STEPS and abs(shift - tried[-1].shift) >= NEAR_ENOUGH:
        states.append(in_unit(shift))
        tried.append(_Tried(shift, slope_of(states[-1]) - shift / DEVIATION**2, len(states) - 1))
        below = max((one for one in tried if one.slope > 0), default=None)
        above = min((one for one in tried if one.slope <= 0), default=None)
        if below is None or above is None:
            shift += FARTHER * step
        else:
            share = below.slope / (below.slope - above.slope)
            shift = below.shift + float(np.clip(share, 0.1, 0.9)) * (above.shift - below.shift)
    return states[min(tried, key=lambda one: abs(one.slope)).state]


def shifted(lengths: Lengths, shift: float) -> Lengths:
    """Return lengths in a unit in which the target is longer by so much than it was, as a logarithm."""
    return Lengths(lengths.source * np.exp(-shift / 2), lengths.target * np.exp(shift / 2))


def length_slope(spans: NDArray[np.int64], lengths: Lengths, weights: Weights) -> float:
    """Return how much the worth of a path grows where the target gets longer, as a logarithm, and the path stays.

    spans : int64 array of shape (P, 4), as in Path.
    """
    up, down = (_length_worth(spans, shifted(lengths, shift), weights) for shift in (DIFFERENCE / 2, -DIFFERENCE / 2))
    return (up - down) / DIFFERENCE


def _length_worth(spans: NDArray[np.int64], lengths: Lengths, weights: Weights) -> float:
    """Return what the lengths of its beads add to the worth of a path."""
    of_source, of_target = (
        side[spans[:, at + 1]] - side[spans[:, at]] for at, side in ((0, lengths[0]), (2, lengths[1]))
    )
    deviation = (of_source - of_target) ** 2 / (LENGTH_VARIANCE / 2 * (of_source + of_target))
    ratio = np.log2(1 + np.minimum(of_source, of_target) / np.maximum(of_source, of_target))
    by_name = dict(zip(BEAD_FEATURES, weights.bead, strict=True))
    worth = -by_name["length_deviation"] * np.minimum(deviation, MAX_DEVIATION) / 2 + by_name["length_ratio"] * ratio
    return float(worth.sum())
