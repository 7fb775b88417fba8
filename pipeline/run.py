"""Run a config on Modal: modal run -m pipeline.run --config configs/demo.toml [--stage align]."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from pipeline.cloud.app import app
from pipeline.cloud.costs import costs_of, describe_speed, dollars_text, estimate, measured_speed
from pipeline.cloud.laptop import LaptopBackend
from pipeline.cloud.prices import PRICES_DATE
from pipeline.cloud.speeds import known_speeds, remember_speed
from pipeline.cloud.weights import describe_weights, resolve_encoder
from pipeline.commands.console import out_console
from pipeline.commands.exits import reported
from pipeline.commands.finish import finish
from pipeline.commands.status import print_status
from pipeline.config.run_config import load_config
from pipeline.errors import ConfigError
from pipeline.flow.flow import Flow
from pipeline.flow.pairing import carry_out_paired
from pipeline.flow.run import Run
from pipeline.progress import Progress


@app.local_entrypoint()
@reported
def run(
    config: str,
    stage: Literal["all", "split", "encode", "align", "export", "report"] = "all",
    dry_run: bool = False,
    limit: int | None = None,
    max_dollars: float | None = None,
    out: str | None = None,
) -> int:
    """Align the documents of a config on rented machines. Only what is new or changed is done."""
    _check_options(limit, max_dollars)
    wanted = Run(resolve_encoder(load_config(Path(config))), None if stage == "all" else stage, limit)
    wanted.out = Path(out) if out else Path("out") / wanted.config.name
    progress = Progress()
    backend = LaptopBackend(wanted.config, progress.note, max_dollars=max_dollars)
    flow = Flow(wanted, backend, progress)
    return estimate_run(flow) if dry_run else carry_out(flow, backend)


def _check_options(limit: int | None, max_dollars: float | None) -> None:
    """Raise ConfigError for values that mean nothing; Modal checks only their types."""
    problems = []
    if limit is not None and limit < 1:
        problems.append(f"--limit: {limit} is not valid; it must be at least 1")
    if max_dollars is not None and not max_dollars > 0:
        problems.append(f"--max-dollars: {max_dollars:g} is not valid; it must be more than 0")
    if problems:
        raise ConfigError.from_problems("the command line", problems)


def estimate_run(flow: Flow) -> int:
    """Print what is missing and what it would take; nothing is written or rented but the clerk who looks."""
    if weights := describe_weights(flow.run.config):
        click.echo(weights)
    missing = print_status(flow)
    speeds = flow.backend.do(known_speeds, flow.run.config)
    estimates = estimate(flow.run.config, missing, speeds)
    click.echo("This would take, estimated from the size of the texts:")
    for one in estimates:
        click.echo(f"  {one}")
    if speed := describe_speed(flow.run.config, speeds):
        click.echo(f"  {speed}")
    total = sum(one.dollars for one in estimates)
    click.echo(f"About {dollars_text(total)} in all, at the prices of {PRICES_DATE}")
    click.echo("Nothing has been started but the clerk, who looked")
    return 0


def carry_out(flow: Flow, backend: LaptopBackend) -> int:
    """Run, print and record what came out and what it cost; return the exit status."""
    flow = carry_out_paired(flow.run, flow.backend, flow.observer)
    flow.run.costs = costs_of(flow.run, backend.bills())
    if measured := measured_speed(flow.run, backend.bills()):
        backend.do(remember_speed, flow.run.config, *measured)
    finish(flow, out_console())
    return flow.run.exit_status
