"""The command `bitext`: align texts and their translations, on this machine."""

from __future__ import annotations

import click

from pipeline import __version__
from pipeline.commands.align import align
from pipeline.commands.bench import bench
from pipeline.commands.evaluate import evaluate
from pipeline.commands.export import export
from pipeline.commands.fit import fit
from pipeline.commands.init import init
from pipeline.commands.review import review
from pipeline.commands.run import run
from pipeline.commands.serve import serve
from pipeline.commands.status import status
from pipeline.commands.store import show_store
from pipeline.commands.view import view


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="bitext")
def main() -> None:
    """Find which sentences of a text and its translation correspond.

    \b
    One pair:   bitext align book.de.txt book.fr.txt -o book.tmx
    A corpus:   bitext init books, then bitext run books.toml

    What corresponds is a bead: one or more sentences, and the sentences that translate them. A null is a sentence
    without a translation.
    """


for command in (align, init, run, view, review, status, evaluate, export, fit, bench, show_store, serve):
    main.add_command(command)

if __name__ == "__main__":
    main()
