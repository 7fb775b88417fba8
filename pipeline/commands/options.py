"""Options that commands share, and the flow on this machine that they drive."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from pipeline.errors import ConfigError
from pipeline.flow.flow import Flow
from pipeline.flow.local import LocalBackend
from pipeline.flow.run import Run
from pipeline.progress import Progress
from pipeline.store.store import default_root

Command = Callable[..., Any]

PATH = click.Path(path_type=Path)
STORE = click.option("--store", type=PATH, help="Where finished work is kept [default: $BITEXT_STORE, or a cache].")
WORKERS = click.option("--workers", type=click.IntRange(min=1), help="How many processes [default: all cores].")
LIMIT = click.option("--limit", type=click.IntRange(min=1), help="Only the first N pairs.")

NO_OPEN = click.option("--no-open", is_flag=True, help="Only print the address to open.")


def named_by(parameter: str, metavar: str, is_required: bool = True) -> Callable[[Command], Command]:
    """Let a command take what names its run as an argument, or as --config: `bitext run x.toml`, `run --config x.toml`.

    The command gets it as a path, by the name of the parameter; None where it isn't required and isn't named.
    """

    def decorate(command: Command) -> Command:
        @click.argument("named_run", type=PATH, required=False, metavar=metavar)
        @click.option("--config", "named_config", type=PATH, help=f"The same as {metavar}.")
        @wraps(command)
        def taking_either(*, named_run: Path | None, named_config: Path | None, **options: Any) -> Any:
            if named_run is not None and named_config is not None:
                raise click.UsageError(f"Name it once: {named_run}, or --config {named_config}.")
            named = named_run if named_config is None else named_config
            if named is None and is_required:
                raise click.UsageError(f"Missing {metavar}: name the config of a run, such as configs/demo.toml.")
            return command(**options, **{parameter: named})

        return taking_either

    return decorate


CONFIG = named_by("config_path", "CONFIG")
"""For commands that take the config of a run: a TOML file."""


def make_flow(run: Run, store: Path | None, workers: int | None, progress: Progress | None = None) -> Flow:
    """Return the flow of a run on this machine; its worker processes end with the command."""
    backend = LocalBackend(store or default_root(), workers or run.config.compute.workers)
    return Flow(run, click.get_current_context().with_resource(backend), progress or Progress())


def spare(inputs: Iterable[Path], output: Path | None) -> None:
    """Raise ConfigError where a command would write over what it reads."""
    for path in inputs:
        if output is not None and output.exists() and path.exists() and output.samefile(path):
            raise ConfigError(f"{output} is what is to be read, and would be lost; name another file with -o")
