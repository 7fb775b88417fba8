"""The report says what happened: in numbers, as pages that need nothing but themselves, and with every failure."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from export_pairs import make_pair
from made_runs import exported, run_of
from small_corpus import InlineBackend, bitext, write_corpus

from pipeline.flow.run import Run, StageRecord
from pipeline.manifest import Failure, Manifest
from pipeline.progress import duration, stage_line, units
from pipeline.runs.record import MAX_NOTES, describe_run, make_report, verdict, write_record, write_tables
from pipeline.store.sealed import unseal
from stages.report.pages import MAX_SHOWN, render_page
from stages.report.summary import MAX_LISTED, CorpusSummary, summarise_pair

# ---- the numbers of pairs


def test_a_pair_is_counted_by_hand() -> None:
    pair = make_pair(
        ["One.", "", "Two.", "Three."],
        ["Eins.", "Zwei."],
        [(0, 1, 0, 1), (1, 2, 1, 1), (2, 4, 1, 2)],
        scores=[0.8, 0, 0.4],
    )
    summary = summarise_pair(pair)
    assert (summary.source_sentences, summary.target_sentences) == (3, 2)  # an empty position is no sentence
    assert (summary.beads, summary.nulls) == (3, 1)
    assert summary.aligned_share == 1.0
    assert summary.mean_similarity == pytest.approx(0.3)
    assert summary.quality == pytest.approx(0.3)
    assert summary.mean_confidence == pytest.approx(0.6)  # of what is aligned: it may be certain that nothing is
    assert summary.doubtful == 2
    assert summary.length_ratio == pytest.approx(10 / 14)
    assert summary.monotonic_coverage is None  # no method has counted anchors


def test_an_empty_pair_and_one_of_nulls_only_are_summed_up_without_dividing_by_nothing() -> None:
    assert summarise_pair(make_pair([], [])).quality == 0
    assert summarise_pair(make_pair(["One."], [], [(0, 1, 0, 0)])).mean_similarity == 0
    report = make_report(run_of(exported=exported(make_pair([], []))), {})
    assert "0 source and 0 target" in render_page(report, "md")
    assert "<dd>0 / 0</dd>" in render_page(report, "html")


def test_a_corpus_is_the_sum_of_its_pairs_with_the_most_doubtful_first() -> None:
    pairs = [
        make_pair(["One."], ["Eins."], scores=[score], pair_id=name) for name, score in (("good", 1), ("bad", 0.2))
    ]
    summary = exported(*pairs).summary
    assert {name: summary[name] for name in ("pairs", "source_sentences", "target_sentences", "beads")} == {
        "pairs": 2, "source_sentences": 2, "target_sentences": 2, "beads": 2,
    }  # fmt: skip
    assert summary["bead_types"] == {"1-1": 2}
    assert [pair["pair_id"] for pair in summary["pairs_listed"]] == ["bad", "good"]
    assert sum(summary["similarity_histogram"]) == 2
    assert summary["similarity_histogram"][2] == summary["similarity_histogram"][10] == 1


def test_of_many_pairs_the_worst_are_listed_and_all_are_counted() -> None:
    summary = CorpusSummary()
    chance = np.random.default_rng(0).permutation(MAX_LISTED + 100)
    for number in chance:
        summary.add(make_pair(["One."], ["Eins."], scores=[2 * number / len(chance)], pair_id=str(number)))
    listed = [int(pair["pair_id"]) for pair in summary.as_dict()["pairs_listed"]]
    assert listed == list(range(MAX_LISTED))
    assert summary.as_dict()["pairs"] == MAX_LISTED + 100


# ---- the verdict


def test_a_verdict_counts_what_was_done_failed_and_made_again() -> None:
    assert verdict(run_of(2, exported=exported(make_pair(["a"], ["b"])))) == "1 of 2 pairs aligned"
    assert verdict(run_of(1, failures=2, exported=exported())) == "0 of 1 pair aligned, 2 failures"
    run = run_of(1, set_aside=["x: cut off"], exported=exported(make_pair(["a"], ["b"])))
    assert verdict(run) == "1 of 1 pair aligned, 1 damaged file made again"
    assert verdict(run_of(3, stage="split")) == "3 pairs; only the split stage was run"


@pytest.mark.parametrize(
    ("run", "status"),
    [
        (run_of(2, exported=exported(make_pair(["a"], ["b"]))), 0),
        (run_of(2, failures=1, exported=exported(make_pair(["a"], ["b"]))), 3),
        (run_of(2, failures=1, exported=exported()), 1),
        (run_of(0, failures=1), 1),
        (run_of(2, failures=1, stage="split"), 3),
    ],
)
def test_the_exit_status_says_whether_all_some_or_none_was_done(run: Run, status: int) -> None:
    assert run.exit_status == status


# ---- pages


def pages_of(run: Run) -> dict[str, str]:
    report = make_report(run, {})
    return {kind: render_page(report, kind) for kind in ("md", "html")}  # type: ignore[arg-type]


def test_names_and_reasons_can_not_break_a_page() -> None:
    nasty = "<script>alert(1)</script> | a\nb"
    run = run_of(1, exported=exported(make_pair(["a"], ["b"], pair_id=nasty)), notes=[nasty], set_aside=[nasty])
    run.failures = [Failure("read", nasty, nasty)]
    pages = pages_of(run)
    assert "<script>alert" not in pages["html"]
    assert pages["html"].count("&lt;script&gt;") == 6  # what to type to see the pair names it as well
    rows = [line for line in pages["md"].splitlines() if "alert" in line]
    assert len(rows) == 4
    assert all(line.startswith(("| ", "- ")) for line in rows)
    assert pages["md"].count("\\|") == 5


def test_a_page_needs_nothing_from_elsewhere() -> None:
    html = pages_of(run_of(1, exported=exported(make_pair(["a"], ["b"]))))["html"]
    assert not re.search(r"(src|href|url)\s*[=(]", html)
    assert "http" not in html


def test_every_table_of_the_markdown_stands_apart() -> None:
    run = run_of(1, failures=1, exported=exported(make_pair(["a"], ["b"])), notes=["a note"], set_aside=["x"])
    lines = pages_of(run)["md"].splitlines()
    for before, line in pairwise(lines):
        assert not (line.startswith("#") and before), line


def test_long_lists_are_cut_and_the_rest_counted() -> None:
    run = run_of(1, failures=MAX_SHOWN + 5, exported=exported(make_pair(["a"], ["b"])))
    run.notes = [f"note {number}" for number in range(MAX_NOTES + 7)]
    for page in pages_of(run).values():
        assert "… and 5 more, in" in page
        assert "… and 7 more notes" in page
        assert f"note {MAX_NOTES}" not in page


def test_damaged_files_are_listed() -> None:
    for page in pages_of(run_of(set_aside=["beads/x.parquet: cut off; set aside"])).values():
        assert "beads/x.parquet: cut off; set aside" in page


# ---- the files


def test_the_record_holds_the_resolved_config_the_versions_and_every_failure(tmp_path: Path) -> None:
    run = run_of(1, failures=2, records={"split": StageRecord(3, 1.5)})
    write_record(run, tmp_path)
    write_tables(run, tmp_path)
    described = unseal((tmp_path / "run.json").read_text(encoding="utf-8"))
    assert described == json.loads(json.dumps(describe_run(run)))
    assert described["config"]["encode"]["max_overlap"] == 4  # a default, resolved
    assert {"python", "numpy", "pyarrow"} <= described["versions"].keys()
    assert described["seconds"] == {"split": 1.5}
    assert (tmp_path / "failures.tsv").read_text() == (
        "stage\tname\treason\nread\td0.txt\treason 0\nread\td1.txt\treason 1\n"
    )
    assert pq.read_table(tmp_path / "failures.parquet").to_pylist() == [vars(failure) for failure in run.failures]
    assert Manifest.from_json((tmp_path / "manifest.json").read_text(encoding="utf-8")) == run.manifest


def test_a_run_keeps_its_record_in_the_store_and_beside_the_results(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.commands.options.LocalBackend", InlineBackend)
    config = write_corpus(tmp_path, n_pairs=1)
    bitext("run", "--config", config, "--store", tmp_path / "store", "--out", tmp_path / "out")
    kept = {path.name for path in (tmp_path / "store" / "runs" / "run" / "latest").iterdir()}
    assert kept == {
        "run.json", "report.json", "report.md", "report.html", "failures.tsv", "failures.parquet", "manifest.json",
    }  # fmt: skip
    report = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    names = [stage["name"] for stage in report["stages"]]
    assert (names[0], names[-1]) == ("read", "export")
    assert {"split", "encode"} < set(names)
    assert report["corpus"]["pairs"] == 1


# ---- words


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0.0 s"), (9.94, "9.9 s"), (11, "11 s"), (119, "119 s"), (121, "2 min"), (7199, "120 min"), (9000, "2.5 h")],
)
def test_time_is_written_as_a_person_says_it(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_counts_come_with_their_units_and_without_zeros() -> None:
    assert units({"pairs": 1213, "beads": 1, "nulls": 0, "cut_texts": 2}) == "1,213 pairs, 1 bead, 2 cut texts"
    assert stage_line("align", 40, {"pairs": 1213}, 180) == "align   40 shards, 1,213 pairs, 3 min"
