"""`bitext serve`: answer requests on this machine."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import click
from platformdirs import user_state_path

from pipeline.commands.exits import reported
from pipeline.commands.options import PATH, named_by
from pipeline.errors import ConfigError
from pipeline.flow.local import require_stages
from pipeline.installing import pip_install
from pipeline.service.config import ServeConfig, load_serve


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen; others need BITEXT_API_TOKEN.")
@click.option("--port", type=click.IntRange(0, 65535), default=8765, show_default=True, help="Where to listen.")
@named_by("config_path", "[CONFIG]", is_required=False)
@click.option("--jobs", type=PATH, help="A folder for jobs and their results [default: the user's state folder].")
@reported
def serve(host: str, port: int, config_path: Path | None, jobs: Path | None) -> None:
    """Serve alignments and embeddings on this machine, with an encoder that stays warm.

    CONFIG is a TOML file with the encoder and limits; without it, the embedded encoder serves.

    Requests need the bearer token in BITEXT_API_TOKEN, if it is set. The page /docs says what can be asked.

    \b
    bitext serve --port 8765
    curl localhost:8765/v1/align -H 'Content-Type: application/json' \\
        -d '{"source": "It rained. We left.", "target": "Es regnete, und wir gingen."}'
    """
    config = ServeConfig() if config_path is None else load_serve(config_path)
    require_stages()
    if importlib.util.find_spec("fastapi") is None:
        raise ConfigError(f"the service is not installed; {pip_install('local', 'serve')}")
    from pipeline.service.server import serve as serve_here
    from pipeline.service.wire import TOKEN

    folder = jobs or user_state_path("bitext") / "jobs" / str(port)
    serve_here(config, host, port, os.environ.get(TOKEN), folder)
