"""`bitext align`: two documents, no config."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, get_args

import click

from pipeline.commands.console import out_console
from pipeline.commands.exits import reported
from pipeline.commands.finish import finish
from pipeline.commands.options import NO_OPEN, PATH, STORE, WORKERS, make_flow, spare
from pipeline.commands.review import serve_desk
from pipeline.commands.spelling import OptionsProgress, spelt_as_options
from pipeline.config.corpus_config import AUTO, CorpusConfig
from pipeline.config.run_config import make_config
from pipeline.corpus.formats.document import Layout
from pipeline.corpus.formats.names import SEVERAL_LANGUAGES, Format, format_of, has_rows
from pipeline.corpus.languages import parse_language
from pipeline.corpus.readers import DocumentReader, Source
from pipeline.corpus.sources import find_pairs
from pipeline.corpus.two_languages import split_languages as split_languages_of
from pipeline.errors import BitextError, ConfigError, DocumentError
from pipeline.exports.write import SUFFIXES, describe_left_out, format_of_name, write_pair
from pipeline.flow.flow import Flow
from pipeline.flow.local import require_stages
from pipeline.flow.pairing import carry_out_paired
from pipeline.flow.run import Run
from pipeline.manifest import Manifest
from pipeline.progress import units
from pipeline.review.corrections import folder_beside
from pipeline.review.pages import pack_pair
from pipeline.review.session import Desk
from pipeline.store.files import write_text
from pipeline.store.run_store import RunStore
from pipeline.tasks.export import read_pairs_of_run
from pipeline.tasks.find import find_named
from stages.data import AlignedPair
from stages.export.render import render

FORMATS = get_args(Format)

IS_KEPT = "Aligned. The same command with -o book.tmx in place of --review writes it to a file"

NEXT = "the same command with another -o writes another format at once; bitext init makes a config of these documents"

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
@click.option(
    "--pairing",
    type=click.Choice(["name", "content"]),
    default="name",
    help="Of two folders: by names, or what they say.",
)
@click.option("--split-languages", is_flag=True, help="SOURCE holds both: lines, paragraphs or columns in turn.")
@click.option("--nulls", is_flag=True, help="Keep sentences without a translation, with an empty other side.")
@click.option("-o", "--output", type=PATH, help=f"A {', '.join(SUFFIXES)} or .html file [default: print TSV].")
@click.option("--review", is_flag=True, help="Correct the result in the browser; Ctrl-C ends, and writes it again.")
@NO_OPEN
@STORE
@WORKERS
@reported
def align(
    source: Path,
    target: Path | None,
    encoder: str,
    split_languages: bool,
    nulls: bool,
    output: Path | None,
    review: bool,
    no_open: bool,
    store: Path | None,
    workers: int | None,
    **corpus: Any,
) -> int:
    """Align two documents, two folders of documents, or the two languages of one file.

    Documents of two folders are paired by their names, or by what they say; the output is then a folder, too.

    \b
    bitext align book.de.txt book.fr.txt -o book.tmx
    bitext align notes.en.txt notes.zh.txt --source-language en --target-language zh
    bitext align old.ru.txt new.en.txt --source-encoding koi8-r
    bitext align books/de books/fr -o aligned
    bitext align books/de books/fr --pairing content -o aligned
    bitext align both.txt --split-languages -o both.tmx
    bitext align book.de.epub book.fr.epub --review -o book.epub

    What you decide in a review is kept beside the output, or else beside SOURCE, and holds whenever these are aligned.
    """
    if split_languages != (target is None):
        raise click.UsageError("Name two documents, or one that holds both languages, with --split-languages.")
    folder = folder_beside(source.absolute(), output.absolute() if output else None)
    if target is None:
        corpus, source, target = take_apart(click.get_current_context(), source, corpus)
    spare((source, target), output)
    if source.is_dir() and target.is_dir():
        run = run_of_folders(source, target, encoder, corpus, nulls, output, folder)
        require_stages()
        return align_and_review(make_flow(run, store, workers), align_folders, review, no_open)
    if corpus.get("pairing") == "content":
        raise ConfigError("--pairing content is for two folders; two files are a pair as they are")
    if is_same_file(source, target):
        raise ConfigError(f"{source} and {target} are the same file; name the text and its translation")
    paths = {"source": str(source.absolute()), "target": str(target.absolute())}
    options = frozenset({"encoder", *corpus})
    with spelt_as_options(options):
        config = make_config(
            {
                "name": "align",
                "corpus": {**paths, **corpus},
                "encode": {"encoder": encoder},
                "export": {"keep_nulls": nulls},
            },
            where="the command line",
            folder=Path.cwd(),
        )
        require_stages()
        flow = make_flow(Run(config, corrections=folder), store, workers, OptionsProgress(options))
        return align_and_review(flow, partial(align_files, output=output, is_quiet=review), review, no_open)


def align_and_review(flow: Flow, align: Callable[[Flow], int], is_reviewed: bool, no_open: bool) -> int:
    """Align what a flow is about; then perhaps let it be reviewed, and align it anew around what was decided."""
    status = align(flow)
    if not is_reviewed:
        return status
    run = flow.run
    desk = flow.backend.do(desk_of, run.config, run.manifest, run.corrections_folder)
    number = 0 if len(desk.pairs) == 1 else None
    serve_desk(desk, number, 0, no_open, "The rest is then aligned around what you have decided")
    again = Run(run.config, out=run.out, corrections=run.corrections)
    return align(Flow(again, flow.backend, flow.observer))


def desk_of(store: RunStore, manifest: Manifest, folder: Path) -> Desk:
    """Return the pairs of a run for a review, whose corrections lie in a folder."""
    return Desk(store, list(store.manifest.pairs(manifest)), folder)


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


def run_of_folders(
    source: Path, target: Path, encoder: str, corpus: dict[str, Any], nulls: bool, output: Path | None, folder: Path
) -> Run:
    """Return the run that aligns the documents of two folders, paired by their names, into a folder.

    folder : where their corrections lie.
    """
    if output is None or output.suffix:
        raise ConfigError("the output of two folders is a folder: name it with -o")
    values = {
        "name": "align",
        "corpus": {
            **corpus,
            **{"source": f"{source.absolute()}/*", "target": f"{target.absolute()}/*", "allow_unmatched": True},
        },
        "encode": {"encoder": encoder},
        "export": {"formats": ["tsv", "tmx", "beads"], "keep_nulls": nulls},
    }
    return Run(make_config(values, where="the command line", folder=Path.cwd()), out=output, corrections=folder)


def align_folders(flow: Flow) -> int:
    """Align the pairs of a run, and write them into a folder."""
    flow = carry_out_paired(flow.run, flow.backend, flow.observer)
    finish(flow, out_console())
    return flow.run.exit_status


def describe_pair(pair: AlignedPair) -> str:
    """Say in words how well a pair is aligned, and how many beads it has."""
    counts = units({"beads": len(pair.beads), "nulls": int(pair.beads.is_null.sum())}) or "no beads"
    facts = pair.beads.facts
    return f"{facts['verdict']}: {facts['reason']}; {counts}" if facts.get("verdict") else counts


def align_files(flow: Flow, output: Path | None, is_quiet: bool) -> int:
    """Align the one pair of a run, and write or, unless quiet, print it."""
    is_page = output is not None and output.suffix.lower() == PAGE and format_of_name(output) is None
    if output is not None and not is_page and format_of_name(output) is None:
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
    (pair,) = flow.backend.do(read_pairs_of_run, run.config, run.manifest.shards, run.reviews)
    if output is None:
        click.echo(IS_KEPT if is_quiet else render(pair, "tsv", run.config.export), nl=is_quiet)
        return 0
    if is_page:
        from stages.report.pages import render_pair

        (found,) = flow.backend.do(find_named, run.config, run.manifest.shards, {pair.pair_id}, run.reviews)
        packed = flow.backend.do(pack_pair, run.config, found)
        write_text(output, render_pair(output.stem, packed))
    else:
        for line in describe_left_out(write_pair(pair, output, run.config.export)):
            click.echo(line, err=True)
    click.echo(f"{output}: {describe_pair(pair)}")
    click.echo(f"Next: {NEXT}", err=True)
    return 0
