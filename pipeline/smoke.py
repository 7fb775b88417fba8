"""A few sentences through every function of the app: modal run -m pipeline.smoke [--encoder labse]."""

from __future__ import annotations

import tempfile
import uuid
from pathlib import Path

import click

from pipeline.cloud.app import app
from pipeline.cloud.costs import dollars_text
from pipeline.cloud.laptop import LaptopBackend
from pipeline.cloud.machines import COMPUTING_STAGES, Machine, machine_of
from pipeline.cloud.weights import resolve_encoder
from pipeline.commands.exits import reported
from pipeline.config.run_config import RunConfig, make_config
from pipeline.flow.flow import Flow
from pipeline.flow.run import Run
from pipeline.progress import Progress
from stages.encode.registry import LABSE, USE_MULTILINGUAL

TEXTS = {
    "en": "The boat left at dawn. Nobody had slept. The sea was calm, and the sky was red.",
    "de": "Das Boot legte im Morgengrauen ab. Niemand hatte geschlafen. Das Meer war ruhig und der Himmel rot.",
}


@app.local_entrypoint()
@reported
def smoke(encoder: str = LABSE, align_gpu: str = "T4") -> int:
    """Try every kind of machine once: with the embedded encoder on CPUs, and with a model on GPUs."""
    with tempfile.TemporaryDirectory() as folder:
        statuses = [
            try_machines(Path(folder), encoder=USE_MULTILINGUAL, align_gpu="none"),
            try_machines(Path(folder), encoder=encoder, align_gpu=align_gpu),
        ]
    click.echo("all machines work" if not any(statuses) else "something failed: see above")
    return max(statuses)


def try_machines(folder: Path, encoder: str, align_gpu: str) -> int:
    """Run a new document, which no cache knows, through all stages, and print what each container tells of itself."""
    config = _config(folder, encoder, align_gpu)
    progress = Progress()
    machines = ", ".join(machine_of(stage, config).function for stage in COMPUTING_STAGES)
    progress.note(f"{encoder}: {machines}")
    backend = LaptopBackend(config, progress.note)
    run = Flow(Run(config, out=folder / "out"), backend, progress).carry_out()
    for machine, done in backend.done:
        if done.facts:
            click.echo(_sum_up(machine, done.started - done.container_started, done.stopped - done.started))
            for name, fact in done.facts.items():
                click.echo(f"    {name}: {fact}")
    for failure in run.failures:
        click.echo(f"failed in {failure.stage}: {failure.name}: {failure.reason}", err=True)
    click.echo(f"{encoder}: {run.exported.n_pairs if run.exported else 0} of 1 pair, {dollars_text(backend.dollars())}")
    return run.exit_status


def _config(folder: Path, encoder: str, align_gpu: str) -> RunConfig:
    for language, text in TEXTS.items():
        (folder / language).mkdir(exist_ok=True)
        (folder / language / "smoke.txt").write_text(f"{text} {uuid.uuid4().hex}.", encoding="utf-8")
    values = {
        "name": "smoke",
        "corpus": {"documents": "{language}/*.txt", "pairs": ["en-de"]},
        "encode": {"encoder": encoder, "max_overlap": 2},
        "align": {"max_bead": 3},
        "compute": {"align_gpu": align_gpu, "cores": 2},
    }
    return resolve_encoder(make_config(values, where="the command line", folder=folder))


def _sum_up(machine: Machine, ready_seconds: float, work_seconds: float) -> str:
    return f"{machine.function}: ready after {ready_seconds:.1f} s, first shard {work_seconds:.1f} s"
