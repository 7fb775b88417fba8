"""`bitext align`: two documents, no config."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, get_args

import click

from pipeline.commands.console import out_console
from pipeline.commands.exits import reported
from pipeline.commands.finish import finish
from pipeline.commands.options import PATH, STORE, WORKERS, make_flow, spare
from pipeline.commands.spelling import OptionsProgress, spelt_as_options
from pipeline.config.run_config import AUTO, CorpusConfig, make_config
from pipeline.corpus.formats.document import Layout
from pipeline.corpus.formats.names import SEVERAL_LANGUAGES, Format, format_of, has_rows
from pipeline.corpus.languages import parse_language
from pipeline.corpus.readers import DocumentReader, Source
from pipeline.corpus.sources import find_pairs
from pipeline.corpus.two_languages import split_languages as split_languages_of
from pipeline.errors import BitextError, ConfigError, DocumentError
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
@click.argument("target", type=PATH, required=False)
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
@click.option("--split-languages", is_flag=True, help="SOURCE holds both: lines, paragraphs or columns in turn.")
@click.option("-o", "--output", type=PATH, help=f"A {', '.join(SUFFIXES)} or .html file [default: print TSV].")
@STORE
@WORKERS
@reported
def align(
    source: Path,
    target: Path | None,
    encoder: str,
    split_languages: bool,
    output: Path | None,
    store: Path | None,
    workers: int | None,
    **corpus: Any,
) -> int:
    """Align two documents, two folders of documents, or the two languages of one file.

    Documents of two folders are paired by their names; the output is then a folder, too.

    \b
    bitext align book.de.txt book.fr.txt -o book.tmx
    bitext align notes.en.txt notes.zh.txt --source-language en --target-language zh
    bitext align old.ru.txt new.en.txt --source-encoding koi8-r
    bitext align books/de books/fr -o aligned
    bitext align both.txt --split-languages -o both.tmx
    """
    if split_languages != (target is None):
        raise click.UsageError("Name two documents, or one that holds both languages, with --split-languages.")
    if target is None:
        corpus, source, target = take_apart(click.get_current_context(), source, corpus)
    spare((source, target), output)
    if source.is_dir() and target.is_dir():
        return align_folders(source, target, encoder, corpus, output, store, workers)
    if is_same_file(source, target):
        raise ConfigError(f"{source} and {target} are the same file; name the text and its translation")
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


def take_apart(context: click.Context, path: Path, corpus: dict[str, Any]) -> tuple[dict[str, Any], Path, Path]:
    """Write the two languages of a file into two files, gone with the command; return what holds for these, and both.

    Raises DocumentError where it can't be read, or isn't in two languages.
    """
    config = make_config(
        {
            "name": "align",
            "corpus": {**corpus, "source": str(path.absolute()), "target": str(path.absolute())},
            "encode": {"encoder": "use-multilingual"},
        },
        where="the command line",
        folder=Path.cwd(),
    )
    named = (corpus["source_language"], corpus["target_language"])
    languages = None if AUTO in named else (parse_language(named[0]), parse_language(named[1]))
    parts = split_languages_of(read_one(path, config.corpus), path.name, languages)
    folder = Path(context.with_resource(tempfile.TemporaryDirectory(prefix="bitext-")))
    files = [folder / f"{path.stem}.{language}.txt" for language in parts.languages]
    for file, text in zip(files, parts.texts, strict=True):
        file.write_text(text, encoding="utf-8")
    click.echo(f"{path}: its {parts.layout} are in {' and '.join(parts.languages)}, in turn", err=True)
    kept = {name: value for name, value in corpus.items() if name == "is_split"}
    found = dict(zip(("source_language", "target_language"), parts.languages, strict=True))
    return {**kept, **found}, files[0], files[1]


def read_one(path: Path, corpus: CorpusConfig) -> str:
    """Return the text of a file; raises DocumentError."""
    ((_, read),) = DocumentReader(corpus).read([Source(path, None, str(path))])
    if isinstance(read, DocumentError):
        raise read
    return read.text


def is_same_file(source: Path, target: Path) -> bool:
    """Say whether two paths name one document; a file of rows, or of both languages, holds several."""
    is_one = source.exists() and target.exists() and source.samefile(target)
    return is_one and format_of(source, None) not in SEVERAL_LANGUAGES and not has_rows(source, None)


def align_folders(
    source: Path,
    target: Path,
    encoder: str,
    corpus: dict[str, Any],
    output: Path | None,
    store: Path | None,
    workers: int | None,
) -> int:
    """Align the documents of two folders, paired by their names, into a folder."""
    if output is None or output.suffix:
        raise ConfigError("the output of two folders is a folder: name it with -o")
    values = {
        "name": "align",
        "corpus": {
            **corpus,
            **{"source": f"{source.absolute()}/*", "target": f"{target.absolute()}/*", "allow_unmatched": True},
        },
        "encode": {"encoder": encoder},
        "export": {"formats": ["tsv", "tmx", "beads"]},
    }
    run = Run(make_config(values, where="the command line", folder=Path.cwd()), out=output, is_corrected=False)
    require_stages()
    flow = make_flow(run, store, workers)
    flow.carry_out()
    finish(flow, out_console())
    return run.exit_status


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
