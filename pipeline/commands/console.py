"""Print the results of commands: to stdout, as a table that fits the window."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from pipeline.progress import units
from pipeline.store.files import TEMPORARY
from stages.data import AlignedPair
from stages.text import running_text

LOG_WIDTH = 140
"""Columns of a line that doesn't go to a terminal."""


def out_console() -> Console:
    """Return a console for results; a pipe or file gets wide lines."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = LOG_WIDTH
    return console


def print_beads(console: Console, pair: AlignedPair, n_beads: int) -> None:
    """Print the first beads of a pair side by side."""
    shown = min(n_beads, len(pair.beads))
    title = f"{pair.pair_id}: {shown} of {len(pair.beads):,} beads"
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, show_edge=False, pad_edge=False, expand=True)
    table.add_column("bead", no_wrap=True)
    table.add_column(pair.source_language, ratio=1, overflow="fold")
    table.add_column(pair.target_language, ratio=1, overflow="fold")
    table.add_column("similarity", justify="right", no_wrap=True)
    for row in islice(bead_rows(pair), n_beads):
        table.add_row(*row)
    console.print(table, markup=False)


def bead_rows(pair: AlignedPair) -> Iterator[tuple[str, str, str, str]]:
    """Give each bead as type, source text, target text, similarity."""
    beads = pair.beads
    spans = zip(beads.source_start, beads.source_stop, beads.target_start, beads.target_stop, strict=True)
    for (i, i_stop, j, j_stop), similarity in zip(spans, beads.similarity, strict=True):
        source = running_text((sentence.text for sentence in pair.source[i:i_stop]), pair.source_language)
        target = running_text((sentence.text for sentence in pair.target[j:j_stop]), pair.target_language)
        yield f"{i_stop - i}-{j_stop - j}", source, target, f"{similarity:.2f}" if source and target else ""


def list_files(folder: Path) -> Iterable[str]:
    """Name what a run left in its folder, with sizes."""
    for path in sorted(folder.iterdir()):
        if path.is_dir() and not path.name.startswith("."):
            yield f"{path}/  {units({'files': sum(1 for _ in path.iterdir())}) or 'empty'}"
        elif not path.name.startswith((".", TEMPORARY)):
            yield f"{path}  {size(path.stat().st_size)}"


def size(n_bytes: float) -> str:
    """Write a number of bytes as people read it."""
    for unit in ("B", "kB", "MB", "GB"):
        if n_bytes < 1000 or unit == "GB":
            return f"{n_bytes:.0f} {unit}" if unit == "B" else f"{n_bytes:.1f} {unit}"
        n_bytes /= 1000
    raise AssertionError("unreachable")
