"""Show the parts of a run that are done and those that are missing, for `status` and `--dry-run`, here and on Modal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from pipeline.commands.exits import reported
from pipeline.commands.options import CONFIG, LIMIT, STORE, make_flow
from pipeline.config.run_config import load_config
from pipeline.flow.flow import Flow
from pipeline.flow.pairing import look_at_documents
from pipeline.flow.run import Run
from pipeline.progress import units
from pipeline.review.corrections import describe_changes
from pipeline.tasks.look import Looked
from pipeline.tasks.missing import Missing, Todo
from pipeline.tasks.work import ComputingStage


@click.command()
@CONFIG
@LIMIT
@STORE
@reported
def status(config_path: Path, limit: int | None, store: Path | None) -> None:
    """Say what of a run is done, and what is missing.

    \b
    bitext status configs/demo.toml
    """
    print_status(make_flow(Run(load_config(config_path), limit=limit), store, None))


def print_status(flow: Flow) -> Missing:
    """Print what each stage has still to do, and return it; nothing is written."""
    if flow.run.config.is_paired_by_content:
        return _print_status_of_documents(flow)
    looked = flow.look()
    _print_stages(looked, ("split", "encode", "align"))
    _print_remarks(looked)
    return looked.missing


def _print_status_of_documents(flow: Flow) -> Missing:
    """Do the same for a corpus whose documents are paired by what they say: its pairs may not be known yet."""
    documents, pairs = look_at_documents(flow.run, flow.backend, flow.observer)
    _print_stages(documents, ("split", "encode"))
    missing = replace(documents.missing, align=Todo(), n_without_beads=0)
    if pairs is None:
        click.echo("pair    to do: which documents belong together isn't known yet, nor what there is to align")
        _print_remarks(documents)
        return missing
    click.echo(f"pair    done: {units({'pairs': pairs.manifest.n_pairs})} found by what documents say")
    _print_stages(pairs, ("align",))
    _print_remarks(pairs)
    return replace(missing, align=pairs.missing.align, n_without_beads=pairs.missing.n_without_beads)


def _print_stages(looked: Looked, stages: Sequence[ComputingStage]) -> None:
    for stage in stages:
        unit = "pairs" if stage == "align" else "documents"
        total = looked.manifest.n_pairs if stage == "align" else looked.manifest.n_documents
        todo: Todo = getattr(looked.missing, stage)
        chars = f", {todo.n_chars:,} characters to go" if todo.n_items else ""
        click.echo(f"{stage:<7} {total - todo.n_items:,} of {total:,} {unit} done{chars}")


def _print_remarks(looked: Looked) -> None:
    for failure in looked.manifest.failures:
        click.echo(str(failure))
    for note in describe_changes(looked.corrected):
        click.echo(note)
