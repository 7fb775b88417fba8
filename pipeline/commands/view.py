"""`bitext view`: look at a run, or at one of its pairs, in the browser."""

from __future__ import annotations

import webbrowser
from pathlib import Path

import click

from pipeline.commands.exits import reported
from pipeline.commands.options import PATH, STORE, named_by, spare
from pipeline.errors import MissingError
from pipeline.exports.filenames import file_name
from pipeline.runs.past_run import PastRun, find_run, write_pair_page
from pipeline.store.files import write_text
from pipeline.store.store import Store, default_root


@click.command()
@named_by("run", "RUN")
@click.option("--pair", "pair_id", help="The pair to show [default: the report of the run].")
@click.option("-o", "--output", type=PATH, help="Write the page here [default: beside the run's record in the store].")
@click.option("--no-open", is_flag=True, help="Only write the page, and print where it lies.")
@STORE
@reported
def view(run: Path, pair_id: str | None, output: Path | None, no_open: bool, store: Path | None) -> None:
    """Open the report of a run, or any pair of it: sentences side by side, and their dot plot.

    RUN is the name of a run, its config file, or its folder of results.

    \b
    bitext view configs/demo.toml
    bitext view demo --pair lighthouse.en-de
    """
    spare([run], output)
    where = Store(store or default_root())
    found = find_run(where, str(run))
    page = _report(found, output) if pair_id is None else _pair(found, pair_id, output)
    click.echo(page)
    if not no_open:
        webbrowser.open(page.resolve().as_uri())


def _report(run: PastRun, output: Path | None) -> Path:
    report = run.folder / "report.html"
    if not report.is_file():
        raise MissingError(f"run {run.config.name} has left no report; bitext run --stage report makes one")
    if output is not None:
        write_text(output, report.read_text(encoding="utf-8", errors="replace"))
    return output or report


def _pair(run: PastRun, pair_id: str, output: Path | None) -> Path:
    path = output or run.folder.parent / "pages" / f"{file_name(pair_id)}.html"
    write_pair_page(run, pair_id, path)
    return path
