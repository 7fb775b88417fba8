"""`bitext review`: correct a run in the browser."""

from __future__ import annotations

import webbrowser
from pathlib import Path

import click

from pipeline.commands.exits import reported
from pipeline.commands.options import NO_OPEN, PATH, STORE, named_by
from pipeline.config.run_config import load_config
from pipeline.corpus.paired import PAIRS, documents_run
from pipeline.errors import ConfigError, MissingError
from pipeline.flow.local import require_stages
from pipeline.progress import units
from pipeline.review.documents import DocumentDesk
from pipeline.review.server import LOOPBACK, ReviewServer
from pipeline.review.session import Desk
from pipeline.runs.past_run import find_run
from pipeline.store.pairing_record import PairingRecord
from pipeline.store.run_store import RunStore
from pipeline.store.store import Store, default_root


@click.command()
@named_by("run", "RUN")
@click.argument("document", type=PATH, required=False, metavar="")
@click.option("--pair", "pair_id", help="Open this pair rather than the list of all.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="The port to listen on [default: a free one].")
@NO_OPEN
@STORE
@reported
def review(run: Path, document: Path | None, pair_id: str | None, port: int, no_open: bool, store: Path | None) -> None:
    """Correct the beads of a run in the browser; what you decide is kept beside the config.

    RUN is the name of a run, its config file, or its folder of results.

    \b
    bitext review configs/demo.toml
    bitext review demo --pair lighthouse.en-de

    Two documents without a config are reviewed with `bitext align book.de.epub book.fr.epub --review`.
    """
    if document is not None:
        raise ConfigError(f"two documents are no run; to review them: bitext align {run} {document} --review")
    require_stages()
    desk = make_desk(Store(store or default_root()), str(run))
    number = desk.number_of(pair_id) if pair_id is not None else None
    serve_desk(desk, number, port, no_open, "The next `bitext run` aligns the rest around what you have decided")


def serve_desk(desk: Desk, number: int | None, port: int, no_open: bool, ending: str) -> None:
    """Say where the pairs can be reviewed (all, or one), and answer the browser until Ctrl-C; `ending` says what then.

    Raises ConfigError where the port is taken.
    """
    with make_server(desk, port) as server:
        click.echo(f"{units({'pairs': len(desk.pairs)}) or 'no pairs'}. What you decide is kept in {desk.folder}")
        click.echo(f"Open {server.address(number)}")
        click.echo(f"Ctrl-C ends. {ending}")
        if not no_open:
            webbrowser.open(server.address(number))
        serve(server)


def make_desk(store: Store, named: str) -> Desk:
    """Return the aligned pairs of a run, and which of its documents were found to belong together.

    Raises MissingError where there is neither, and as `find_run` does.
    """
    try:
        run = find_run(store, named)
        desk = Desk(run.store, list(run.pairs()))
    except MissingError:
        desk = _desk_without_pairs(store, named)
    desk.documents = find_documents(store, desk)
    if not desk.pairs and desk.documents is None:
        raise MissingError(f"no pair of run {desk.config.name} has beads in the store; run bitext run, and come back")
    return desk


def _desk_without_pairs(store: Store, named: str) -> Desk:
    """Return the desk of a config whose documents were paired in vain; raises MissingError where none were."""
    desk = Desk(RunStore(store, load_config(Path(named))), []) if Path(named).is_file() else None
    if desk is None or find_documents(store, desk) is None:
        find_run(store, named)  # says what is missing
        raise MissingError(f"no pair of run {named} has beads in the store; run bitext run, and come back")
    return desk


def find_documents(store: Store, desk: Desk) -> DocumentDesk | None:
    """Return which documents of a run belong together; None where they were paired in another way."""
    corpus = desk.config.corpus
    if not desk.config.is_paired_by_content and Path(corpus.manifest or "").name != PAIRS:
        return None
    found = PairingRecord(store.run_folder(documents_run(desk.config.name))).read_found()
    return DocumentDesk(found, desk.folder) if found is not None else None


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
        click.echo("ended")
