"""Calibration against gold: bins, expected calibration error, precision of the surest beads."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import pytest
from small_corpus import bitext

from pipeline.commands.align_benchmark import align_on_demand, make_pair
from stages.align import AlignConfig, align_pair
from stages.bead_lines import BeadPositions
from stages.data import Beads
from stages.evaluate.reliability import describe_reliability, judge_beads, measure_reliability
from stages.evaluate.scores import Evaluation, summarize
from stages.evaluate.table import render_table

DEMO = Path(__file__).parents[1] / "configs" / "demo.toml"


def beads_of(*rows: tuple[int, int, int, int, float]) -> Beads:
    columns = [np.array(column) for column in zip(*rows, strict=True)]
    zeros = np.zeros(len(rows), np.float32)
    spans = (column.astype(np.int32) for column in columns[:4])
    return Beads(*spans, zeros, zeros, columns[4].astype(np.float32))


def test_beads_with_both_sides_are_judged_by_the_very_same_bead_of_gold() -> None:
    beads = beads_of((0, 1, 0, 1, 0.5), (1, 3, 1, 2, 0.75), (3, 4, 2, 2, 0.9), (4, 5, 2, 4, 0.25))
    gold = [BeadPositions((0,), (0,)), BeadPositions((1, 2), (1,)), BeadPositions((3,), ()), BeadPositions((4,), (2,))]
    assert judge_beads(beads, gold) == ((0.5, True), (0.75, True), (0.25, False))


def test_a_method_without_confidence_is_not_judged() -> None:
    assert judge_beads(beads_of((0, 1, 0, 1, np.nan)), [BeadPositions((0,), (0,))]) == ()
    assert measure_reliability(()) is None


def test_bins_and_error_are_those_of_the_definition() -> None:
    judged = [(0.95, True), (0.95, True), (0.92, False), (1.0, True), (0.35, False), (0.31, True)]
    found = measure_reliability(judged)
    assert found is not None
    assert [one["beads"] for one in found["bins"]] == [0, 0, 0, 2, 0, 0, 0, 0, 0, 4]
    assert found["bins"][3] == {
        "from": 0.3, "to": 0.4, "beads": 2, "confidence": pytest.approx(0.33), "correct": 0.5,
    }  # fmt: skip
    assert found["bins"][0]["correct"] is None
    assert found["calibration_error"] == pytest.approx((2 * abs(0.5 - 0.33) + 4 * abs(0.75 - 0.955)) / 6)
    assert found["precision"] == pytest.approx(4 / 6)


def test_the_surest_are_counted_in_any_order_and_equals_in_proportion() -> None:
    judged = [(0.9, True)] * 3 + [(0.5, True), (0.5, False)]
    found = [measure_reliability(random.Random(seed).sample(judged, len(judged))) for seed in range(5)]
    assert all(one == found[0] for one in found)
    assert found[0] is not None
    assert found[0]["precision_at_coverage"] == pytest.approx((3 + 0.5) / 4)


def test_confidences_that_are_right_as_often_as_they_say_have_hardly_an_error() -> None:
    chance = random.Random(1)
    confidences = [chance.random() for _ in range(20_000)]
    honest = measure_reliability((one, chance.random() < one) for one in confidences)
    boastful = measure_reliability((one, chance.random() < one**3) for one in confidences)
    assert honest is not None and boastful is not None
    assert honest["calibration_error"] < 0.02 < 0.2 < boastful["calibration_error"]


def test_beads_are_no_surer_because_few_were_let_through_to_the_second_alignment() -> None:
    """The overlaps of this pair are the sums themselves, so both ways score alike; one chooses among survivors only."""
    pair = make_pair(200)
    whole, on_demand = align_pair(pair.source, pair.target, AlignConfig()), align_on_demand(pair)
    beads = [dict(zip(rows(found), found.confidence.tolist(), strict=True)) for found in (whole, on_demand)]
    both = sorted(beads[0].keys() & beads[1].keys())
    assert len(both) > 0.9 * len(whole)
    np.testing.assert_allclose([beads[1][row] for row in both], [beads[0][row] for row in both], atol=0.1)
    assert np.mean([beads[1][row] < 0.99 for row in both]) > 0.02


def rows(beads: Beads) -> list[tuple[int, ...]]:
    spans = (beads.source_start, beads.source_stop, beads.target_start, beads.target_stop)
    return list(zip(*(span.tolist() for span in spans), strict=True))


def test_documents_add_up_and_the_table_says_it_in_a_sentence() -> None:
    documents = {
        "a": Evaluation(2, 1, 2, 2, 1, 2, ((0.9, True), (0.4, False))),
        "b": Evaluation(1, 1, 1, 1, 1, 1, ((0.8, True),)),
        "c": Evaluation(1, 1, 1, 1, 1, 1),
    }
    summary = summarize(documents)
    assert summary["reliability"]["beads"] == 3
    assert "judged" not in summary["counts"]
    assert json.loads(json.dumps(summary)) == summary
    assert render_table(documents).splitlines()[-1] == describe_reliability(summary["reliability"])
    assert describe_reliability(summary["reliability"]) == (
        "Confidence of 3 beads: expected calibration error 0.233; of the surest 80%, 66.7% are right (of all, 66.7%)"
    )


def test_a_run_and_eval_tell_it(tmp_path: Path) -> None:
    shown = bitext("run", "--config", DEMO, "--store", tmp_path / "store", "--out", tmp_path / "out", "--workers", "1")
    assert "Confidence of 1" in shown.stdout
    report = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    assert report["reliability"]["beads"] > 100
    assert 0.9 < report["reliability"]["precision_at_coverage"] <= 1
    found = json.loads(bitext("eval", "--config", DEMO, "--store", tmp_path / "store", "--json").stdout)
    assert found["reliability"] == report["reliability"]
    assert "Confidence of 1" in (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
    assert 'aria-label="Reliability: of ' in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
