"""The unit of length of free translations: sought where the worth of the best path has no slope."""

from __future__ import annotations

import numpy as np
import pytest
from free_documents import free_document, n_found

from stages.align import AlignConfig, align_pair
from stages.align.anchors.lengths import Lengths
from stages.align.length_unit import MOST_STEPS, length_slope, settle_unit, shifted
from stages.align.log_linear import search_pair
from stages.align.scoring.features import LENGTH_VARIANCE
from stages.align.scoring.weights import SUMMED


@pytest.mark.parametrize("right", [-0.7, -0.2, 0.0, 0.05, 0.4])
def test_the_unit_without_slope_is_found_from_either_side(right: float) -> None:
    tried: list[float] = []

    def in_unit(shift: float) -> float:
        tried.append(shift)
        return shift

    found = settle_unit(0.0, 100, in_unit, lambda shift: 100 * 30 * float(np.tanh(right - shift)))
    assert found == pytest.approx(right, abs=0.06)
    assert len(tried) <= MOST_STEPS
    assert tried if abs(right) > 0.01 else not tried


def test_few_beads_do_not_move_the_unit_far() -> None:
    assert abs(settle_unit(0.0, 1, lambda shift: shift, lambda shift: 1.0 - shift)) < 0.2


def test_the_slope_is_that_of_the_length_terms_of_a_path() -> None:
    lengths = Lengths(np.array([0.0, 40.0, 100.0, 130.0]), np.array([0.0, 50.0, 90.0]))
    spans = np.array([[0, 1, 0, 1], [1, 3, 1, 2]])

    def worth(shift: float) -> float:
        total = 0.0
        for i, i_stop, j, j_stop in spans:
            a = (lengths.source[i_stop] - lengths.source[i]) * np.exp(-shift / 2)
            b = (lengths.target[j_stop] - lengths.target[j]) * np.exp(shift / 2)
            total -= SUMMED.bead[6] * min((a - b) ** 2 / (LENGTH_VARIANCE / 2 * (a + b)), 30) / 2
            total += SUMMED.bead[7] * np.log2(1 + min(a, b) / max(a, b))
        return total

    expected = (worth(0.005) - worth(-0.005)) / 0.01
    assert length_slope(spans, lengths, SUMMED) == pytest.approx(expected)
    mirrored = length_slope(spans[:, [2, 3, 0, 1]], Lengths(lengths.target, lengths.source), SUMMED)
    assert mirrored == pytest.approx(-expected)
    moved = shifted(lengths, 0.2)
    assert moved.target[-1] / moved.source[-1] == pytest.approx(np.exp(0.2) * 90 / 130)


@pytest.mark.parametrize("left_out", [0.15, 0.4, 0.6])
@pytest.mark.parametrize("longer", [0.7, 1.0, 1.4])
def test_the_unit_of_a_translation_that_leaves_out_a_part_is_that_of_what_it_keeps(
    left_out: float, longer: float
) -> None:
    source, target, gold = free_document(3, left_out=left_out, longer=longer)
    measures, _ = search_pair(source, target, AlignConfig())
    assert measures.freedom > 0.5
    lengths, beads = measures.sides.lengths, [bead for bead in gold if all(bead)]
    kept = [sum(float(np.diff(side)[list(bead[at])].sum()) for bead in beads) for at, side in enumerate(lengths)]
    assert kept[0] / kept[1] == pytest.approx(1, rel=0.12)
    assert n_found(align_pair(source, target, AlignConfig()), gold) > 0.9 * len(beads)
