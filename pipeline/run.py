"""Run a config on Modal: modal run -m pipeline.run --config configs/demo.toml [--stage align]."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Literal

from pipeline.cloud import app
from pipeline.config import load_config
from pipeline.console import out_console
from pipeline.errors import BitextError
from pipeline.finish import finish
from pipeline.flow import Flow, Run, Stage
from pipeline.progress import Progress
from pipeline.rented import ModalBackend


@app.local_entrypoint()
def main(
    config: str,
    stage: Literal["all", "split", "encode", "align", "export", "report"] = "all",
    dry_run: bool = False,
    limit: int | None = None,
    out: str | None = None,
) -> None:
    """Align the documents of a config on rented machines. Only what is new or changed is done."""
    try:
        sys.exit(run_config(Path(config), None if stage == "all" else stage, dry_run, limit, out))
    except BitextError as error:
        print(f"bitext: {error}", file=sys.stderr)  # noqa: T201 - as the command prints it
        sys.exit(error.exit_status)


def run_config(path: Path, stage: Stage | None, dry_run: bool, limit: int | None, out: str | None) -> int:
    """Run a config and return the exit status."""
    config = load_config(path)
    progress = Progress()
    backend = ModalBackend(config, progress.note)
    flow = Flow(Run(config, stage, limit, Path(out) if out else Path("out") / config.name), backend, progress)
    flow.carry_out()
    finish(flow, out_console())
    return flow.run.exit_status
