"""Write the record of a run: the report, the list of failures, and how it was made."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, get_args

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline import __version__
from pipeline.corpus.paired import FoundPairs, Kind
from pipeline.exports.staging import list_exports
from pipeline.exports.unchanged import RECORD, Results, describe_results
from pipeline.flow.run import COMPUTING, Run, StageRecord
from pipeline.manifest import Failure
from pipeline.progress import duration, units
from pipeline.runs.versions import OF_STAGES, installed_versions
from pipeline.store import schema
from pipeline.store.files import whole_file, write_text
from pipeline.store.sealed import seal
from stages.evaluate.scores import Evaluation, summarize
from stages.evaluate.table import render_table, tabulate
from stages.report.pages import render_page

MAX_NOTES = 200
"""How many notes a report holds."""

MAX_DOCUMENTS = 200
"""How many pairs of documents a report holds, those that are least sure, and how many that stay alone."""

ORDER = ("read", "split", "encode", "pair", "edit", "request", "align", "export")
"""The steps of a run: "pair" finds out which documents belong together; those of the encode stage make documents that
people have changed, find out which overlaps pairs request, and encode them."""

SPEEDS = {"split": "sentences", "encode": "tokens", "align": "beads"}
"""What a stage is so many of a second."""

LIBRARIES = ("modal", *OF_STAGES)


def write_record(
    run: Run, folder: Path, evaluation: dict[str, Evaluation] | None = None, has_times: bool = True
) -> None:
    """Write failures.tsv and the report into a folder, and run.json, which says how all that lies there was left.

    has_times : as `find_results` has it.
    """
    report = make_report(run, evaluation or {})
    write_text(folder / "report.json", _json(report))
    write_text(folder / "report.md", render_page(report, "md"))
    beside = (
        [*list_exports(folder), "failures.tsv", "report.md", "report.json", "run.json"] if folder == run.out else []
    )
    write_text(folder / "report.html", render_page(report, "html", run.exported.pages if run.exported else {}, beside))
    write_text(folder / "failures.tsv", _failures_tsv(run.failures))
    described = describe_run(run)
    if run.made_of and run.exported:
        results = Results(run.made_of, run.exported.n_pairs)
        described["results"] = describe_results(folder, results, has_times)
    write_text(folder / RECORD, seal(described, indent=2))


def write_tables(run: Run, folder: Path) -> None:
    """Write the failures of a run as Parquet, and which manifest it had: what later runs and other programs read."""
    with whole_file(folder / "failures.parquet") as temporary:
        pq.write_table(_failures_table(run.failures), temporary, write_page_checksum=True)
    write_text(folder / "manifest.json", run.manifest.to_json())


def make_report(run: Run, evaluation: dict[str, Evaluation]) -> dict[str, Any]:
    """Gather what the report shows."""
    scores = summarize(evaluation) if evaluation else {}
    more_notes = len(run.notes) - MAX_NOTES
    return {
        "name": run.config.name,
        "verdict": verdict(run),
        "where": _where(run),
        "time": duration(sum(record.seconds for record in run.records.values())),
        "stages": [_stage(run, name, record) for name, record in _records(run).items()],
        "corpus": run.exported.summary if run.exported and run.exported.n_pairs else None,
        "encoder_check": run.exported.encoder.as_dict() if run.exported and run.exported.encoder else None,
        "pairing": _pairing(run.pairing) if run.pairing else None,
        "evaluation": render_table(evaluation) if evaluation else "",
        "scores": {name: value for name, value in scores.items() if name != "reliability"} or None,
        "gold": tabulate(evaluation) if evaluation else None,
        "reliability": scores.get("reliability"),
        "failures": [
            {"stage": failure.stage, "name": failure.name, "reason": failure.reason} for failure in run.failures
        ],
        "notes": [*run.notes[:MAX_NOTES], *([f"… and {more_notes:,} more notes"] if more_notes > 0 else [])],
        "set_aside": run.set_aside,
        "costs": run.costs,
        "versions": _python_and_libraries(),
    }


def _pairing(found: FoundPairs) -> dict[str, Any]:
    """Return which documents belong together, the least sure first, and what stays alone."""
    of_kind = {kind: found.of(kind) for kind in get_args(Kind)}
    of_kind["pair"].sort(key=lambda row: row.confidence or 0.0)
    return {
        "numbers": {kind: len(rows) for kind, rows in of_kind.items()},
        "rows": {kind: [row._asdict() for row in rows[:MAX_DOCUMENTS]] for kind, rows in of_kind.items()},
    }


def _records(run: Run) -> dict[str, StageRecord]:
    """Return what the stages did, in order, those of a whole run that found nothing to do as well."""
    idle = {name: StageRecord() for name in COMPUTING if run.exported and run.stage is None}
    records = idle | run.records
    return {name: records[name] for name in sorted(records, key=ORDER.index)}


def _stage(run: Run, name: str, record: StageRecord) -> dict[str, Any]:
    """Say what a stage did, how fast, and what it found done by earlier runs."""
    unit, total = ("pairs", run.manifest.n_pairs) if name == "align" else ("documents", run.manifest.n_documents)
    n_done = run.count_aligned()[unit] if name == "align" else record.counts[unit]
    n_reused = total - n_done if name in ("split", "encode", "align") else 0
    fast = SPEEDS.get(name)
    speed = record.counts[fast] / record.seconds if fast and record.seconds else 0
    return {
        "name": name,
        "seconds": round(record.seconds, 3),
        "time": duration(record.seconds),
        "shards": record.n_shards,
        "counts": dict(record.counts),
        "done": units(record.counts) or "nothing new",
        "speed": f"{speed:,.0f} {fast} a second" if speed else "",
        "reused": f"{n_reused:,} of {units({unit: total})}" if n_reused > 0 else "",
    }


def _where(run: Run) -> str:
    """Say where a run was done."""
    if run.costs:
        return "On rented machines: see the cost."
    return f"On one machine with {os.cpu_count()} cores: {platform.system()}, {platform.machine()}."


def verdict(run: Run) -> str:
    """Sum a run up in one sentence."""
    n_listed, n_done = run.manifest.n_listed, run.exported.n_pairs if run.exported else 0
    if not run.exported:
        return f"{run.manifest.n_pairs:,} pairs; only the {run.stage} stage was run"
    pairs = f"{n_done:,} of {n_listed:,} pair{'' if n_listed == 1 else 's'} aligned"
    failed = f", {len(run.failures):,} failure{'' if len(run.failures) == 1 else 's'}" if run.failures else ""
    remade = f", {units({'damaged_files': len(run.set_aside)})} made again" if run.set_aside else ""
    n_left_out = run.exported.counts["pairs_left_out"]
    left_out = f", {n_left_out:,} left out of the exports" if n_left_out else ""
    return pairs + _doubts(run.exported.summary["verdicts"]) + left_out + failed + remade


def _doubts(verdicts: dict[str, int]) -> str:
    """Say how many pairs are no translations of each other, or only in part."""
    doubts = [f"{number:,} {verdict}" for verdict, number in verdicts.items() if verdict != "ok"]
    return f" ({', '.join(doubts)})" if doubts else ""


def describe_run(run: Run) -> dict[str, Any]:
    """Say how a run was made: the resolved config, versions and timings."""
    return {
        "config": run.config.model_dump(mode="json"),
        "folder": str(run.config.folder.absolute()),
        "versions": _python_and_libraries(),
        "seconds": {name: round(record.seconds, 3) for name, record in run.records.items()},
        "stage": run.stage,
        "limit": run.limit,
        "timeline": [asdict(span) for span in run.timeline],
    }


def _python_and_libraries() -> dict[str, str]:
    versions = {"bitext-pipeline": __version__, **installed_versions(LIBRARIES)}
    return {"python": platform.python_version(), **dict(sorted(versions.items()))}


def _failures_tsv(failures: Sequence[Failure]) -> str:
    cells = [(failure.stage, failure.name, failure.reason) for failure in failures]
    rows = [[" ".join(cell.split()) for cell in row] for row in [("stage", "name", "reason"), *cells]]
    return "".join("\t".join(row) + "\n" for row in rows)


def _failures_table(failures: Sequence[Failure]) -> pa.Table:
    return pa.Table.from_pylist([vars(failure) for failure in failures], schema=schema.FAILURES)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"
