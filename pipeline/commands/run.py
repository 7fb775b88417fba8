"""`bitext run`: align the documents of a config, on this machine."""

from __future__ import annotations

from pathlib import Path

import click

from pipeline.commands.console import out_console
from pipeline.commands.exits import reported
from pipeline.commands.finish import finish
from pipeline.commands.options import CONFIG, LIMIT, PATH, STORE, WORKERS, make_flow
from pipeline.commands.status import print_status
from pipeline.config.run_config import load_config
from pipeline.errors import ConfigError
from pipeline.flow.local import require_stages
from pipeline.flow.pairing import carry_out_paired
from pipeline.flow.run import STAGES, Run, Stage
from stages.encode.registry import is_elsewhere


@click.command()
@CONFIG
@click.option("--stage", type=click.Choice(STAGES), help="Only this stage, from what the stage before it left.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do none of it.")
@LIMIT
@click.option("--out", type=PATH, help="The folder for results [default: out/NAME].")
@click.option("--show", type=click.IntRange(min=0), default=0, help="Print N beads of each pair of languages.")
@STORE
@WORKERS
@reported
def run(
    config_path: Path,
    stage: Stage | None,
    dry_run: bool,
    limit: int | None,
    out: Path | None,
    show: int,
    store: Path | None,
    workers: int | None,
) -> int:
    """Align the documents of a config. Only what is new or changed is done.

    \b
    bitext run configs/demo.toml
    bitext run configs/demo.toml --stage align
    """
    config = load_config(config_path)
    if is_elsewhere(config.encode):
        raise ConfigError(
            f"[encode] encoder: {config.encode.encoder} lies on Modal's Volume of weights, not here: run it there, "
            f"with modal run -m pipeline.run --config {config_path}{' --dry-run' if dry_run else ''}"
        )
    flow = make_flow(Run(config, stage, limit, out or Path("out") / config.name), store, workers)
    if dry_run:
        print_status(flow)
        return 0
    require_stages()
    flow = carry_out_paired(flow.run, flow.backend, flow.observer)
    finish(flow, out_console(), show)
    return flow.run.exit_status
