"""Show the parts of a run that are done and those that are missing, for `status` and `--dry-run`, here and on Modal."""

from __future__ import annotations

from pathlib import Path

import click

from pipeline.commands.exits import reported
from pipeline.commands.options import CONFIG, LIMIT, STORE, make_flow
from pipeline.config.run_config import load_config
from pipeline.flow.flow import Flow
from pipeline.flow.run import Run
from pipeline.review.corrections import describe_changes
from pipeline.tasks.missing import Missing


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
    looked = flow.look()
    manifest, missing = looked.manifest, looked.missing
    for stage, todo, total, unit in (
        ("split", missing.split, manifest.n_documents, "documents"),
        ("encode", missing.encode, manifest.n_documents, "documents"),
        ("align", missing.align, manifest.n_pairs, "pairs"),
    ):
        chars = f", {todo.n_chars:,} characters to go" if todo.n_items else ""
        click.echo(f"{stage:<7} {total - todo.n_items:,} of {total:,} {unit} done{chars}")
    for failure in manifest.failures:
        click.echo(str(failure))
    for note in describe_changes(looked.corrected):
        click.echo(note)
    return missing
