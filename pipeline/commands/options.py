"""What the commands have in common: options, and the flow on this machine that they drive."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click

from pipeline.errors import ConfigError
from pipeline.flow.flow import Flow, Run
from pipeline.flow.local import LocalBackend
from pipeline.progress import Progress
from pipeline.store.store import default_root

PATH = click.Path(path_type=Path)
CONFIG = click.option("--config", "config_path", type=PATH, required=True, help="The run's TOML file.")
STORE = click.option("--store", type=PATH, help="Where finished work is kept [default: $BITEXT_STORE, or a cache].")
WORKERS = click.option("--workers", type=click.IntRange(min=1), help="How many processes [default: all cores].")
LIMIT = click.option("--limit", type=click.IntRange(min=1), help="Only the first N pairs.")


def make_flow(run: Run, store: Path | None, workers: int | None, progress: Progress | None = None) -> Flow:
    """Return the flow of a run on this machine; its worker processes end with the command."""
    backend = LocalBackend(store or default_root(), workers or run.config.compute.workers)
    return Flow(run, click.get_current_context().with_resource(backend), progress or Progress())


def spare(inputs: Iterable[Path], output: Path | None) -> None:
    """Raise ConfigError where a command would write over what it reads."""
    for path in inputs:
        if output is not None and output.exists() and path.exists() and output.samefile(path):
            raise ConfigError(f"{output} is what is to be read, and would be lost; name another file with -o")
