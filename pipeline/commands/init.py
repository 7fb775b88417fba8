"""`bitext init`: a config for texts that are there, with what can be seen of them filled in."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import click

from pipeline.commands.exits import reported
from pipeline.commands.options import PATH
from pipeline.config.run_config import RunConfig, make_config
from pipeline.corpus.found import Corpus
from pipeline.corpus.sources import find_pairs
from pipeline.corpus.survey import Survey, survey
from pipeline.errors import ConfigError
from pipeline.progress import units

COMMENTS = {
    "documents": "documents with the same * are a text and its translation",
    "pairs": "the languages to align, the source first",
    "source": "the texts",
    "target": "their translations",
    "pairing": "names tell nothing: what belongs together is found by what the texts say",
    "allow_unmatched": "documents without a counterpart are left out, and listed",
}

TEMPLATE = """# {title}
#
#   bitext run {file}                    # only what is new or changed is done
#   bitext run {file} --dry-run          # say what would be done
#   bitext review {file}                 # correct the result in the browser

name = {name}{names_run}

[corpus]                                # paths are relative to this file, or absolute
{corpus}

# [split]
# paragraphs = "auto"                   # "blank-line": lines are wrapped; "line": every line is a paragraph

[encode]
encoder = "auto"                        # one that comes with the program and knows the languages; or "labse", ...

# [align]
# respect_sections = true               # no bead crosses a chapter that both documents have
# min_quality = 0.5                     # leave out pairs of documents that are no good translations

[export]
formats = ["tsv", "tmx", "xlsx", "beads"]      # also: {more}
# keep_nulls = true                     # keep sentences without a translation
# min_confidence = 0.5                  # leave out what is more likely wrong than right
"""

MORE = "jsonl, parquet, sqlite, moses, xliff, epub, docx, srt, ..."
INDENT = 40
MAX_SHOWN = 10
"""How many of the documents are named that have no counterpart, or one by part of their names only."""


@click.command()
@click.argument("paths", type=PATH, nargs=-1, required=True, metavar="PATH [PATH]")
@click.option("-o", "--output", type=PATH, help="The file to write [default: NAME.toml, here].")
@reported
def init(paths: tuple[Path, ...], output: Path | None) -> None:
    """Write a config for two files, two folders, or a folder with several languages.

    Languages and pairs are found by themselves; the comments in the file say what else it may hold.

    \b
    bitext init book.de.epub book.fr.epub
    bitext init books/de books/fr
    bitext init books -o novels.toml
    """
    if len(paths) > 2:
        raise click.UsageError("Name two files, two folders, or a folder with several languages.")
    folder = (output.parent if output else Path.cwd()).absolute()
    found = survey(paths, folder)
    name = run_name(found.name)
    output = output or Path(f"{name}.toml")
    if output.suffix != ".toml":
        raise ConfigError(f"{output} is not a name for a config; let it end with .toml")
    if output.exists():
        raise ConfigError(f"{output} is there already, and stays as it is; name another file with -o")
    output.parent.mkdir(parents=True, exist_ok=True)
    text, corpus = complete(found, name, output)
    with output.open("x", encoding="utf-8") as file:
        file.write(text)
    click.echo(f"{output}: {units({'pairs': len(corpus.pairs)})}")
    for line in [*corpus.notes, *corpus.unmatched][:MAX_SHOWN]:
        click.echo(f"  {line}")
    click.echo(f"Next: bitext run {output}")


def run_name(name: str) -> str:
    """Return a name that a run may have."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-._")[:60] or "book"


def complete(found: Survey, name: str, output: Path) -> tuple[str, Corpus]:
    """Return the text of a config that runs, and its pairs; raises ConfigError where nothing can be paired."""
    config, text = _checked(found, name, output, {})
    try:
        corpus = find_pairs(config)
    except ConfigError:
        config, text = _checked(found, name, output, {"allow_unmatched": True})
        corpus = find_pairs(config)
    if not len(corpus.pairs):
        config, text = _checked(found, name, output, {"pairing": "content"})
        corpus = find_pairs(config)
    return text, corpus


def _checked(found: Survey, name: str, output: Path, more: dict[str, object]) -> tuple[RunConfig, str]:
    lines = [_line(key, value) for key, value in {**found.corpus, **more}.items()]
    head = f"name = {json.dumps(name)}"
    text = TEMPLATE.format(
        title=f"{name}: texts and their translations, aligned sentence by sentence.",
        file=output.name,
        name=json.dumps(name),
        names_run=f"{' ' * max(INDENT - len(head), 1)}# names the run; its results go to out/{name}",
        corpus="\n".join(lines),
        more=MORE,
    )
    return make_config(tomllib.loads(text), where=str(output), folder=output.parent.resolve()), text


def _line(key: str, value: object) -> str:
    line = f"{key} = {json.dumps(value, ensure_ascii=False)}"
    return f"{line.ljust(INDENT - 1)} # {COMMENTS[key]}" if key in COMMENTS else line
