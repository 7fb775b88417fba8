"""`bitext review`: correct a run in the browser."""

from __future__ import annotations

import webbrowser
from pathlib import Path

import click

from pipeline.commands.options import PATH, STORE, make_flow
from pipeline.config import load_config
from pipeline.corrections import corrections_folder
from pipeline.errors import ConfigError
from pipeline.exits import reported
from pipeline.flow import Flow, Run
from pipeline.local import LocalBackend, require_stages
from pipeline.review.desk import Desk
from pipeline.review.server import LOOPBACK, ReviewServer


@click.command()
@click.argument("config_path", metavar="CONFIG", type=PATH)
@click.option("--pair", "pair_id", help="Open this pair rather than the list of all.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="The port to listen on [default: a free one].")
@click.option("--open/--no-open", "opens", default=True, help="Open the browser, or only print the address.")
@STORE
@reported
def review(config_path: Path, pair_id: str | None, port: int, opens: bool, store: Path | None) -> None:
    """Correct the beads of a run in the browser; what you decide is kept beside the config.

    \b
    bitext review configs/demo.toml
    bitext review configs/demo.toml --pair lighthouse.en-de
    """
    require_stages()
    config = load_config(config_path)
    desk = make_desk(make_flow(Run(config), store, 1))
    number = desk.number_of(pair_id) if pair_id is not None else None
    if pair_id is not None and number is None:
        raise ConfigError(f"--pair {pair_id}: this run has aligned no such pair; leave it out for a list of all")
    with make_server(desk, port) as server:
        click.echo(f"{len(desk.pairs):,} pairs to review. Corrections go to {corrections_folder(config)}")
        click.echo(f"Open {server.address(number)}")
        click.echo("Ctrl-C ends. Then `bitext run` aligns the rest around what you decided")
        if opens:
            webbrowser.open(server.address(number))
        serve(server)


def make_desk(flow: Flow) -> Desk:
    """Return the pairs of a run that lies on this machine; raises MissingError where none is aligned."""
    flow.read_manifest(keep=False)
    flow.require_beads()
    assert isinstance(flow.backend, LocalBackend)
    return Desk(flow.backend.store, flow.run.config, flow.run.manifest.pairs)


def make_server(desk: Desk, port: int) -> ReviewServer:
    """Return a server that listens; raises ConfigError where the port is taken."""
    try:
        return ReviewServer(desk, port)
    except OSError as error:
        raise ConfigError(f"--port {port}: {LOOPBACK}:{port} can't be listened on: {error.strerror}") from error


def serve(server: ReviewServer) -> None:
    """Answer requests until Ctrl-C."""
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        click.echo("ended; everything is saved")
