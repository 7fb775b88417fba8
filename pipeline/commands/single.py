"""Commands that write one file: align two documents, export a run in one more format."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import click

from pipeline.corpus.sources import find_pairs
from pipeline.errors import BitextError, ConfigError
from pipeline.exports.write import SUFFIXES, render, write_exports, write_file, write_pair
from pipeline.flow import Flow
from pipeline.progress import units
from pipeline.store.rows import read_some_pairs
from stages.export.config import Format

FOLDERS = ("moses", "beads")
"""Formats of several files."""


def align_files(flow: Flow, output: Path | None) -> int:
    """Align the one pair of a run, and write or print it."""
    if output is not None and output.suffix.lower() not in SUFFIXES:
        known = ", ".join(SUFFIXES)
        raise ConfigError(f"{output}: no format is known by the suffix {output.suffix!r}; known are {known}")
    n_pairs = len(find_pairs(flow.run.config).pairs)
    if n_pairs > 1:
        raise ConfigError(
            f"these files hold {n_pairs:,} pairs of documents; name them in a config: bitext run --config"
        )
    run = flow.carry_out(with_exports=False)
    if run.failures:
        raise BitextError(run.failures[0].reason)
    (pair,) = flow.backend.do(read_some_pairs, run.config, run.manifest.pairs)
    if output is None:
        click.echo(render(pair, "tsv"), nl=False)
        return 0
    write_pair(pair, output, run.config.export)
    click.echo(f"{output}: {len(pair.beads):,} beads, {int(pair.beads.is_null.sum()):,} of them on one side only")
    return 0


def export_format(flow: Flow, name: str | None, output: Path) -> int:
    """Write the pairs of a run that have been aligned in a format: a file, or for moses and beads a folder."""
    name = _checked_format(name, output)
    flow.read_manifest()
    n_missing = flow.require_beads()
    run = flow.run
    pairs = flow.backend.do(read_some_pairs, run.config, run.manifest.pairs)
    languages = {(pair.source.language, pair.target.language) for pair in run.manifest.pairs}
    if name in FOLDERS:
        only = run.config.export.model_copy(update={"formats": (name,)})
        counts = write_exports(pairs, only, output, language_pairs=languages)
    else:
        counts = write_file(pairs, output, run.config.export, language_pairs=languages)
    click.echo(f"{output}: {units(counts)}")
    if n_missing:
        click.echo(f"{units({'pairs': n_missing})} not aligned yet and left out: bitext run goes on with them")
    return 3 if n_missing else 0


def _checked_format(name: str | None, output: Path) -> str:
    """Return the format that was named, or that the name of the output tells; they must agree."""
    known: tuple[str, ...] = get_args(Format)
    told = SUFFIXES.get(output.suffix.lower())
    if name is None and told is None:
        raise ConfigError(f"{output}: no format is known by the suffix {output.suffix!r}; name one with --format")
    name = name or told
    if name not in known:
        raise ConfigError(f"--format {name!r} is not known; it must be {', '.join(known)}")
    if name not in FOLDERS and name != told:
        suffix = next(suffix for suffix, format_name in SUFFIXES.items() if format_name == name)
        raise ConfigError(f"{output} is not a name for {name}; let it end with {suffix}")
    return name
