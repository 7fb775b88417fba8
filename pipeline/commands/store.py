"""`bitext store`: what is kept for the next run."""

from __future__ import annotations

from pathlib import Path

import click

from pipeline.commands.console import size
from pipeline.commands.exits import reported
from pipeline.commands.options import STORE
from pipeline.errors import StoreError
from pipeline.store.store import Store, default_root


@click.command("store")
@STORE
@click.option("--prune", is_flag=True, help="Delete all stored work; records of runs stay.")
@reported
def show_store(store: Path | None, prune: bool) -> None:
    """Show what the store holds, or empty it. All of it can be made again.

    \b
    bitext store
    bitext store --prune
    """
    found = Store(store or default_root())
    if not found.root.is_dir():
        raise StoreError(f"{found.root} is no folder; there is no store until something has been run")
    if prune:
        click.echo(f"freed {size(found.prune())} in {found.root}")
    for table, address, n_files, n_bytes in found.usage():
        click.echo(f"{table:<11} {address:<17} {n_files:>6,} files  {size(n_bytes):>9}")
    click.echo(f"{found.root}")
