"""`bitext export`: what a run has aligned, in one more format."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import click

from pipeline.commands.exits import reported
from pipeline.commands.options import LIMIT, PATH, STORE, make_flow, named_by, spare
from pipeline.config.run_config import RunConfig, load_config
from pipeline.errors import ConfigError
from pipeline.exports.filenames import FILE_NAMES
from pipeline.exports.write import ONE_PAIR, describe_left_out, format_of_name
from pipeline.flow.flow import Flow
from pipeline.flow.run import Run
from pipeline.progress import units
from pipeline.runs.past_run import find_run, recorded_config
from pipeline.store.store import Store, default_root
from pipeline.tasks.export import write_run, write_single_file
from stages.export.config import Format

FOLDERS = ("moses", "beads", "srt", "ass", "xces", "hugging-face")
"""Formats of several files."""


@click.command()
@named_by("named", "RUN")
@click.option("--format", "name", help=f"{', '.join(get_args(Format))} [default: by the output's name].")
@click.option("-o", "--output", type=PATH, required=True, help=f"The file, or for {', '.join(FOLDERS)} the folder.")
@click.option("--nulls", is_flag=True, help="Keep sentences without a translation, as [export] keep_nulls.")
@LIMIT
@STORE
@reported
def export(named: Path, name: str | None, output: Path, nulls: bool, limit: int | None, store: Path | None) -> int:
    """Write what a run has aligned in one more format.

    RUN is the config file of a run, its name, or its folder of results, such as that of `bitext align DIR DIR`. The
    documents must be where they were.

    \b
    bitext export configs/demo.toml --format tmx -o demo.tmx
    bitext export demo -o demo.xlsx
    """
    spare([named], output)
    config, corrections = config_of(named, Store(store or default_root()))
    if nulls:
        config = config.model_copy(update={"export": config.export.model_copy(update={"keep_nulls": True})})
    return export_format(make_flow(Run(config, limit=limit, corrections=corrections), store, 1), name, output)


def config_of(named: Path, store: Store) -> tuple[RunConfig, Path | None]:
    """Return the config of a run that is named by its file, its name or its folder of results.

    Returns also the folder of its corrections, if these lie beside the results: those of two folders have no config.
    Raises ConfigError and MissingError as `find_run` does.
    """
    if not (named / "run.json").is_file():
        return (load_config(named) if named.suffix == ".toml" else find_run(store, str(named)).config), None
    beside = named.absolute().parent / f"{named.absolute().name}.corrections"
    return recorded_config(named / "run.json"), beside if beside.is_dir() else None


def export_format(flow: Flow, named: str | None, output: Path) -> int:
    """Write the pairs of a run that have been aligned in a format: a file, or a folder for those of several files."""
    name = _checked_format(named, output)
    flow.read_manifest()
    n_missing = flow.require_beads()
    run = flow.run
    if name in FOLDERS and not (name in ONE_PAIR and format_of_name(output) == name):
        only = run.config.export.model_copy(update={"formats": (name,)})
        config = run.config.model_copy(update={"export": only})
        tally = flow.backend.do(write_run, config, run.manifest, run.reviews, output)
    else:
        tally = flow.backend.do(write_single_file, run.config, run.manifest, run.reviews, output, name)
    notes = (*tally.gate.notes, *tally.corrected.notes, *describe_left_out(tally.counts))
    for line in (f"{output}: {units(tally.counts)}", *notes):
        click.echo(line)
    if n_missing:
        click.echo(f"{units({'pairs': n_missing})} not aligned yet and left out: bitext run goes on with them")
    return 3 if n_missing else 0


def _checked_format(name: str | None, output: Path) -> Format:
    """Return the format that was named, or that the name of the output tells; they must agree."""
    told = format_of_name(output)
    if name is None and told is None:
        raise ConfigError(f"{output}: no format is known by the suffix {output.suffix!r}; name one with --format")
    known: dict[str, Format] = {one: one for one in get_args(Format)}
    chosen = known.get(name or told or "")
    if chosen is None:
        raise ConfigError(f"--format {name!r} is not known; it must be {', '.join(known)}")
    suffix = Path(FILE_NAMES[chosen]).suffix if chosen in FILE_NAMES and chosen not in FOLDERS else None
    if suffix is not None and output.suffix.lower() != suffix:
        raise ConfigError(f"{output} is not a name for {chosen}; let it end with {suffix}")
    return chosen
