"""What of a run is done, and what is missing: the answer to `status` and `--dry-run`, here and on Modal."""

from __future__ import annotations

from pathlib import Path

import click

from pipeline.commands.exits import reported
from pipeline.commands.options import CONFIG, LIMIT, STORE, make_flow
from pipeline.config.run_config import load_config
from pipeline.flow.flow import Flow, Run
from pipeline.review.corrections import describe_changes
from pipeline.tasks import Missing


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
    manifest = flow.read_manifest(keep=False)
    missing = flow.find_missing()
    n_documents, n_pairs = len(manifest.documents), len(manifest.pairs)
    keys = {pair.key for pair in missing.align}  # of two names for the same pair, one is to be aligned
    n_unaligned = sum(pair.key in keys for pair in manifest.pairs)
    for stage, todo, n_todo, total, unit in (
        ("split", missing.split, len(missing.split), n_documents, "documents"),
        ("encode", missing.encode, len(missing.encode), n_documents, "documents"),
        ("align", missing.align, n_unaligned, n_pairs, "pairs"),
    ):
        chars = f", {sum(item.n_chars for item in todo):,} characters to go" if todo else ""
        click.echo(f"{stage:<7} {total - n_todo:,} of {total:,} {unit} done{chars}")
    for failure in manifest.failures:
        click.echo(str(failure))
    for note in describe_changes(flow.run.manifest.pairs):
        click.echo(note)
    return missing
