"""Run a config on Modal: modal run -m pipeline.run --config configs/demo.toml [--stage align]."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from pipeline.cloud.app import app
from pipeline.cloud.costs import costs_of, dollars_text, estimate
from pipeline.cloud.laptop import LaptopBackend
from pipeline.cloud.machines import PRICES_DATE
from pipeline.commands.status import print_status
from pipeline.config import load_config
from pipeline.console import out_console
from pipeline.exits import reported
from pipeline.finish import finish
from pipeline.flow import Flow, Run
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
    wanted = Run(load_config(Path(config)), None if stage == "all" else stage, limit)
    wanted.out = Path(out) if out else Path("out") / wanted.config.name
    progress = Progress()
    backend = LaptopBackend(wanted.config, progress.note, max_dollars=max_dollars)
    flow = Flow(wanted, backend, progress)
    return estimate_run(flow) if dry_run else carry_out(flow, backend)


def estimate_run(flow: Flow) -> int:
    """Print what is missing and what it would take; nothing is written or rented but the clerk who looks."""
    missing = print_status(flow)
    estimates = estimate(flow.run.config, missing)
    for one in estimates:
        click.echo(str(one))
    total = sum(one.dollars for one in estimates)
    click.echo(f"about {dollars_text(total)} in all, at the prices of {PRICES_DATE}; nothing has been started")
    return 0


def carry_out(flow: Flow, backend: LaptopBackend) -> int:
    """Run, print and record what came out and what it cost; return the exit status."""
    flow.carry_out()
    flow.run.costs = costs_of(flow.run, backend.bills())
    finish(flow, out_console())
    for line in flow.run.costs["lines"]:
        click.echo(line)
    return flow.run.exit_status
