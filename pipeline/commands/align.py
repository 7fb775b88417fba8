"""`bitext align`: two documents, no config."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import click

from pipeline.commands.exits import reported
from pipeline.commands.options import PATH, STORE, WORKERS, make_flow, spare
from pipeline.commands.spelling import OptionsProgress, spelt_as_options
from pipeline.config.run_config import AUTO, make_config
from pipeline.corpus.formats.document import Layout
from pipeline.corpus.formats.names import Format
from pipeline.corpus.sources import find_pairs
from pipeline.errors import BitextError, ConfigError
from pipeline.exports.write import SUFFIXES, write_pair
from pipeline.flow.flow import Flow
from pipeline.flow.local import require_stages
from pipeline.flow.run import Run
from pipeline.progress import units
from pipeline.review.pages import pack_pair
from pipeline.store.files import write_text
from pipeline.tasks.export import read_pairs_of_run
from pipeline.tasks.find import find_named
from stages.export.render import render

FORMATS = get_args(Format)

PAGE = ".html"
"""What the page of a pair ends with."""


@click.command()
@click.argument("source", type=PATH)
@click.argument("target", type=PATH)
@click.option("--source-language", default=AUTO, show_default=True, help="Its language, such as de.")
@click.option("--target-language", default=AUTO, show_default=True, help="Its language, such as fr.")
@click.option("--encoder", default="auto", show_default=True, help="As [encode] encoder in a config.")
@click.option("--is-split", is_flag=True, help="Every line is a sentence.")
@click.option("--encoding", help="Of both, where they aren't UTF-8, such as cp1252 [default: a guess, which is told].")
@click.option("--source-encoding", help="Of one of them.")
@click.option("--target-encoding", help="Of the other.")
@click.option("--format", type=click.Choice(FORMATS), help="Of both, where names and first bytes don't tell; or text.")
@click.option(
    "--layout", type=click.Choice(get_args(Layout)), default="auto", help="pages: text from OCR or pdftotext."
)
@click.option("--main-text", is_flag=True, help="Leave out the menus, heads and feet of web pages.")
@click.option("--source-column", help="Of a table: the column of the source [default: the one named as its language].")
@click.option("--target-column", help="The same for the target; or numbers, where the first row is text.")
@click.option("-o", "--output", type=PATH, help=f"A {', '.join(SUFFIXES)} or .html file [default: print TSV].")
@STORE
@WORKERS
@reported
def align(
    source: Path,
    target: Path,
    encoder: str,
    output: Path | None,
    store: Path | None,
    workers: int | None,
    **corpus: Any,
) -> int:
    """Align two documents.

    \b
    bitext align book.de.txt book.fr.txt -o book.tmx
    bitext align notes.en.txt notes.zh.txt --source-language en --target-language zh
    bitext align old.ru.txt new.en.txt --source-encoding koi8-r
    """
    spare((source, target), output)
    paths = {"source": str(source.absolute()), "target": str(target.absolute())}
    options = frozenset({"encoder", *corpus})
    with spelt_as_options(options):
        config = make_config(
            {"name": "align", "corpus": {**paths, **corpus}, "encode": {"encoder": encoder}},
            where="the command line",
            folder=Path.cwd(),
        )
        require_stages()
        flow = make_flow(Run(config, is_corrected=False), store, workers, OptionsProgress(options))
        return align_files(flow, output)


def align_files(flow: Flow, output: Path | None) -> int:
    """Align the one pair of a run, and write or print it."""
    if output is not None and output.suffix.lower() not in {PAGE, *SUFFIXES}:
        known = ", ".join([*SUFFIXES, PAGE])
        raise ConfigError(f"{output}: no format is known by the suffix {output.suffix!r}; known are {known}")
    n_pairs = len(find_pairs(flow.run.config).pairs)
    if n_pairs > 1:
        raise ConfigError(
            f"these files hold {n_pairs:,} pairs of documents; name them in a config: bitext run --config"
        )
    run = flow.carry_out(with_exports=False)
    if run.failures:
        raise BitextError(run.failures[0].reason)
    (pair,) = flow.backend.do(read_pairs_of_run, run.config, run.manifest.shards, {})
    if output is None:
        click.echo(render(pair, "tsv"), nl=False)
        return 0
    if output.suffix.lower() == PAGE:
        from stages.report.pages import render_pair

        (found,) = flow.backend.do(find_named, run.config, run.manifest.shards, {pair.pair_id})
        packed = flow.backend.do(pack_pair, run.config, found)
        write_text(output, render_pair(output.stem, packed))
    else:
        write_pair(pair, output, run.config.export)
    click.echo(f"{output}: {units({'beads': len(pair.beads), 'nulls': int(pair.beads.is_null.sum())}) or 'no beads'}")
    return 0
