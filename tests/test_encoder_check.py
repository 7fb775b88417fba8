"""The encoder's check: medians over pairs, a plain sentence, and what to do where it fails."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from small_corpus import bitext, run_inline

from pipeline.progress import Progress
from stages.data import Facts
from stages.evaluate.encoder_check import EncoderCheck, EncoderVerdict

DEMO = Path(__file__).parents[1] / "configs" / "demo.toml"
GOOD = EncoderVerdict(12, separation=4.5, anchor_similarity=0.5, n_sums=40, sum_cosine=0.87)


def checked(*facts: Facts) -> EncoderVerdict | None:
    check = EncoderCheck()
    for one in facts:
        check.add(one)
    return check.verdict()


def test_it_is_the_median_over_pairs_that_translate_each_other() -> None:
    pairs: list[Facts] = [
        {"separation": separation, "anchor_similarity": separation / 8, "verdict": verdict}
        for separation, verdict in ((3.6, "ok"), (4.4, "partial"), (5.0, "ok"), (0.1, "unrelated"), (0.0, "ok"))
    ]
    assert checked(*pairs) == EncoderVerdict(3, 4.4, 4.4 / 8, 0, None)
    assert checked() is None
    assert checked({"separation": 0.0}, {"anchors": 3}) is None


def test_cosines_of_sums_are_weighed_by_how_many_there_are() -> None:
    pair: Facts = {"separation": 4.0, "anchor_similarity": 0.5, "compared_sums": 30, "sum_cosine": 0.9}
    found = checked(pair, pair | {"compared_sums": 10, "sum_cosine": 0.7})
    assert found is not None
    assert (found.n_sums, found.sum_cosine) == (40, pytest.approx(0.85))


def test_an_encoder_like_those_of_the_weights_passes() -> None:
    assert GOOD.as_dict()["passes"]
    assert GOOD.describe("e5") == (
        "encoder check: passed by e5 on 12 pairs: translations stand out from chance by 4.5 standard deviations, their "
        "similarity is 0.50; sums agree with encoded overlaps by 0.87"
    )


@pytest.mark.parametrize(
    ("numbers", "problem", "advice"),
    [
        ({"separation": 3.2}, "stand out from chance by 3.2 standard deviations, less than 3.9", "bitext fit"),
        ({"anchor_similarity": 0.2}, "similarity is 0.20, not between 0.35 and 0.9", "bitext fit"),
        ({"anchor_similarity": 0.95}, "similarity is 0.95, not between 0.35 and 0.9", "bitext fit"),
        ({"sum_cosine": 0.61}, "sums agree with encoded overlaps by 0.61, less than 0.8", 'overlaps = "all"'),
        ({"separation": 3.2, "n_pairs": 2}, "less than 3.9", "it may be the texts"),
    ],
)
def test_one_that_is_unlike_them_is_told_with_what_to_do(numbers: Facts, problem: str, advice: str) -> None:
    found = EncoderVerdict(**(vars(GOOD) | numbers))  # type: ignore[arg-type]
    (told,) = found.problems
    assert problem in told
    assert not found.as_dict()["passes"]
    sentence = found.describe("e5")
    assert sentence.startswith("encoder check: not passed by e5")
    assert problem in sentence
    assert advice in sentence
    assert ("may be the texts" in sentence) == ("n_pairs" in numbers)


def test_a_run_says_it_in_every_form_of_its_report_also_when_all_was_done_before(tmp_path: Path) -> None:
    run_inline(DEMO, tmp_path / "store", tmp_path / "first", Progress())
    shown = bitext("run", "--config", DEMO, "--store", tmp_path / "store", "--out", tmp_path / "out")
    assert shown.exit_code == 0
    report = {
        name: (tmp_path / "out" / f"report.{name}").read_text(encoding="utf-8") for name in ("json", "md", "html")
    }
    data = json.loads(report["json"])
    assert data["encoder_check"]["n_pairs"] == 2
    assert 3 < data["encoder_check"]["separation"] < 10
    (sentence,) = (note for note in data["notes"] if note.startswith("encoder check: "))
    assert sentence in report["md"]
    assert "encoder check: " in report["html"]
    assert "encoder check: " in shown.stderr
