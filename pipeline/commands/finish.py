"""The end of a run: compare it with gold, leave its record, and tell a person what came out and what to type next."""

from __future__ import annotations

import json
from pathlib import Path

from rich.console import Console

from pipeline.commands.console import list_files, print_beads
from pipeline.errors import ConfigError, MissingError
from pipeline.evaluate.evaluation import read_lines
from pipeline.exports.filenames import GOLD_SUFFIX, file_name
from pipeline.flow.flow import Flow
from pipeline.flow.run import STAGES, Run
from pipeline.manifest import Failure, Manifest
from pipeline.runs.record import verdict, write_record, write_tables
from pipeline.store.run_store import LATEST, RunStore
from pipeline.tasks.evaluate import evaluate_run
from pipeline.tasks.find import find_named
from stages.data import AlignedPair
from stages.evaluate.scores import Evaluation
from stages.evaluate.table import render_table

MAX_SHOWN = 10
"""How many failures are printed; all are in failures.tsv."""


def finish(flow: Flow, console: Console, n_beads: int = 0) -> None:
    """Evaluate, record and print a run that has been carried out."""
    run = flow.run
    if run.exported is None and run.kept is None:
        _print_failures(run, console)
        _print_end(run, console)
        return
    said, table = _recall(run) if run.kept else _record(flow)
    _print_pairs(flow, console, n_beads)
    if table:
        console.print(f"Against the gold beads of {run.config.corpus.gold}:", markup=False)
        console.print(table, markup=False)
    console.print(f"{run.config.name}: {said}", markup=False)
    _print_failures(run, console)
    for line in list_files(run.out):
        console.print(f"  {line}", markup=False, soft_wrap=True)
    _print_end(run, console)


def _record(flow: Flow) -> tuple[str, str]:
    """Leave the record of a run; return its verdict, and the table that compares it with gold, if there is any.

    Raises ConfigError where the gold is wrong.
    """
    run = flow.run
    evaluation, bad_gold = _evaluated(flow)
    if bad_gold:
        run.made_of = ""  # so that the next run says it again
    write_record(run, run.out, evaluation)
    flow.backend.do(keep_record, run.config, run)
    if bad_gold:
        raise bad_gold
    return verdict(run), render_table(evaluation) if evaluation else ""


def _recall(run: Run) -> tuple[str, str]:
    """Return the same of the run whose results stay as they are, and list what failed then; raises MissingError."""
    path = run.out / "report.json"
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
        run.failures = [Failure(**failure) for failure in report["failures"]]
        return report["verdict"], report["evaluation"]
    except (ValueError, KeyError, TypeError):
        raise MissingError(f"{path} is damaged; delete it, and the same command makes all results anew") from None


def _evaluated(flow: Flow) -> tuple[dict[str, Evaluation], ConfigError | None]:
    """Compare with gold; what is wrong with the gold is kept for later, when the run has left its record."""
    try:
        return evaluate_gold(flow), None
    except ConfigError as error:
        return {}, error


def evaluate_gold(flow: Flow, folder: Path | None = None) -> dict[str, Evaluation]:
    """Compare the beads of a run with the gold of its config, or of a folder; pairs without gold are passed over.

    Raises ConfigError where the gold is no gold, or points outside its document.
    """
    if folder is None and flow.run.config.corpus.gold is None:
        return {}
    folder, gold = read_gold_of(flow, folder)
    evaluation, problems = flow.backend.do(evaluate_run, flow.run.config, flow.run.manifest.shards, gold)
    if problems:
        raise ConfigError.from_problems(f"the gold in {folder}", problems)
    return evaluation


def read_gold_of(flow: Flow, folder: Path | None) -> tuple[Path, dict[str, list[str]]]:
    """Return where the gold of a run lies (without a folder, where its config says), and its lines by the file's name.

    Raises ConfigError where there is none.
    """
    run = flow.run
    if folder is None and run.config.corpus.gold is None:
        raise ConfigError("the config names no [corpus] gold; name the folder with --gold")
    folder = folder or run.config.resolve(run.config.corpus.gold or "")
    files = {path.name.removesuffix(GOLD_SUFFIX): path for path in sorted(folder.glob(f"*{GOLD_SUFFIX}"))}
    pairs = flow.backend.do(find_named, run.config, run.manifest.shards, files.keys())
    names = {name for pair in pairs for name in (pair.pair_id, file_name(pair.pair_id))}
    found = {name: path for name, path in files.items() if name in names}
    if not found:
        raise ConfigError(f"{folder} holds no gold for this run: no file <pair_id>.gold.txt of its pairs")
    return folder, {name: read_lines(path) for name, path in found.items()}


def keep_record(store: RunStore, run: Run) -> None:
    """Leave the record of a run in the store."""
    folder = store.folder / LATEST
    write_tables(run, folder)
    write_record(run, folder, has_times=False)


def _print_pairs(flow: Flow, console: Console, n_beads: int) -> None:
    """Print the beginning of the first pair of each two languages."""
    if not n_beads:
        return
    run = flow.run
    for aligned in flow.backend.do(read_first_pairs, run.config, run.manifest):
        print_beads(console, aligned, n_beads)
        console.print()


def read_first_pairs(store: RunStore, manifest: Manifest) -> list[AlignedPair]:
    """Return the first pair of each two languages, as far as it has been aligned."""
    names = {first for first, _ in manifest.languages.values()}
    return list(store.read_pairs(find_named(store, manifest.shards, names)))


def _print_end(run: Run, console: Console) -> None:
    """Print what rented machines have cost, and what to type next."""
    for line in (run.costs or {}).get("lines", ()):
        console.print(line, markup=False, soft_wrap=True)
    console.print(f"Next: {_next(run)}", markup=False, soft_wrap=True)


def _next(run: Run) -> str:
    if run.failures:
        return "fix what failed, and run the same command again; it does only that"
    if run.exported or run.stage is None:
        return f"open {run.out}/report.html"
    return f"--stage {STAGES[STAGES.index(run.stage) + 1]}, or the same command without --stage for all that is left"


def _print_failures(run: Run, console: Console) -> None:
    for failure in run.failures[:MAX_SHOWN]:
        console.print(f"  {failure}", markup=False, soft_wrap=True)
    if len(run.failures) > MAX_SHOWN:
        console.print(f"  … and {len(run.failures) - MAX_SHOWN:,} more, in {run.out}/failures.tsv", markup=False)
