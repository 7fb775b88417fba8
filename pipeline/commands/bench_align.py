"""`bitext bench align`: time and memory of alignment for documents of several sizes."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from pipeline.commands.console import out_console
from pipeline.commands.exits import reported
from pipeline.errors import ConfigError
from pipeline.flow.local import require_stages
from pipeline.installing import pip_install

if TYPE_CHECKING:
    from pipeline.commands.align_benchmark import Cost

SMALLEST, LARGEST = 10, 1_000_000


@click.command("align")
@click.option(
    "--sizes",
    default="1000,5000,10000,30000",
    show_default=True,
    help="Source sentences of each document, with commas.",
)
@reported
def align(sizes: str) -> None:
    """Measure alignment against the size of documents, in processor time of one core: the default, and bertalign.

    The documents are made up. They say how time and memory grow, not how good the beads are: bitext eval does.

    \b
    bitext bench align --sizes 1000,5000
    """
    bench_align(out_console(), parse_sizes(sizes))


def parse_sizes(text: str) -> list[int]:
    """Return the numbers of a list with commas; raises ConfigError where it is none."""
    parts = [part.strip().replace("_", "") for part in text.split(",")]
    if not all(part.isascii() and part.isdigit() and SMALLEST <= int(part) <= LARGEST for part in parts):
        raise ConfigError(f"--sizes {text!r} is not valid; write numbers from {SMALLEST} to {LARGEST:,}: 1000,5000")
    return [int(part) for part in parts]


def bench_align(console: Console, sizes: Sequence[int]) -> None:
    """Measure and print, size by size, with one thread: other work on the machine then disturbs little."""
    require_stages()
    if find_spec("faiss") is None:
        raise ConfigError(f"measuring needs faiss: {pip_install('local')}")
    import faiss
    from threadpoolctl import threadpool_limits

    from pipeline.commands import align_benchmark as benchmark

    faiss.omp_set_num_threads(1)
    found = []
    with threadpool_limits(1):
        benchmark.warm_up()
        for size in sizes:
            pair = benchmark.make_pair(size)
            costs = benchmark.measure(pair)
            console.print(costs_table(len(pair.source.sentences), len(pair.target.sentences), costs))
            n_gold = sum(all(bead) for bead in pair.gold)
            found += [cost.n_right / n_gold for cost in costs if cost.n_right is not None]
    console.print(f"Every way found {min(found):.0%} or more of the beads that the documents were made of.")


def costs_table(n_source: int, n_target: int, costs: Sequence[Cost]) -> Table:
    """Return what the ways of doing it took, beside one search and beside the last of them."""
    title = f"{n_source:,} × {n_target:,} sentences, vectors in memory"
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    table.add_column("way")
    for column in ("seconds", "of one search", "of bertalign", "more memory"):
        table.add_column(column, justify="right")
    search, classic = costs[0].seconds, costs[-1].seconds
    for cost in costs:
        memory = "-" if cost.memory is None else f"{max(cost.memory, 0) / 2**20:,.0f} MiB"
        table.add_row(
            cost.name,
            f"{cost.seconds:.2f}",
            f"{cost.seconds / max(search, 1e-6):.2f}",
            f"{cost.seconds / max(classic, 1e-6):.2f}",
            memory,
        )
    return table
