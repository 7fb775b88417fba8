"""Print what a run of LaBSE on Modal rents, by the price table.

    python tests/rent_table.py [--chars 5000] [10 500 10000]

Nothing is started. "before" is how it was estimated and rented until November 2026: a container for each 200,000
characters, a T4 for every alignment, and a second, cold round of encoding for the overlaps on demand.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator
from pathlib import Path

import click

from pipeline.cloud.costs import estimate
from pipeline.cloud.machines import Machine, machine_of
from pipeline.cloud.speeds import (
    ALIGN_CHARS_PER_SECOND,
    CHARS_PER_TOKEN,
    GPU_TOKENS_PER_SECOND,
    SPLIT_CHARS_PER_SECOND,
    STARTUP_SECONDS,
    TOKENS_ON_DEMAND,
)
from pipeline.config.run_config import RunConfig, make_config
from pipeline.manifest import Document, DocumentPair
from pipeline.tasks.missing import Missing

CHARS_BEFORE = 200_000
SCALEDOWN_BEFORE = 10
CLERK_BEFORE = 300


def corpus(n_pairs: int, n_chars: int) -> Missing:
    """Return pairs of two documents of so many characters, of which nothing is done."""
    missing = Missing(n_without_beads=n_pairs)
    for number in range(n_pairs):
        sides = [
            Document(f"{number:031x}{side}", language, False, n_chars, f"{language}/{number}.txt")
            for side, language in enumerate(("en", "de"))
        ]
        missing.split.add(sides)
        missing.encode.add(sides)
        missing.align.add([DocumentPair(f"{number}", *sides)])
    return missing


def before(config: RunConfig, n_pairs: int, n_chars: int) -> Iterator[tuple[str, int, float, float]]:
    """Give function, containers, container-seconds and dollars as they were."""
    text = 2.0 * n_pairs * n_chars
    n = max(1, min(config.compute.containers, math.ceil(text / CHARS_BEFORE)))
    tokens = text / CHARS_PER_TOKEN
    encode = machine_of("encode", config)
    align = Machine("align_on_gpu", config.compute.cores, 2 * config.compute.cores, gpu="T4")
    speed = GPU_TOKENS_PER_SECOND[str(encode.gpu)]
    n_second = max(1, min(config.compute.containers, math.ceil(text * (TOKENS_ON_DEMAND - 1) / CHARS_BEFORE)))
    request = text / ALIGN_CHARS_PER_SECOND / align.cores
    wall = 0.0
    for machine, containers, work in (
        (machine_of("split", config), n, text / SPLIT_CHARS_PER_SECOND / config.compute.cores),
        (encode, n, tokens / speed),
        (align, n, request),
        (encode, n_second, tokens * (TOKENS_ON_DEMAND - 1) / speed),
        (align, n, request),
    ):
        seconds = containers * (STARTUP_SECONDS[machine.function] + SCALEDOWN_BEFORE) + work
        wall += STARTUP_SECONDS[machine.function] + work / containers
        yield machine.function, containers, seconds, seconds * machine.dollars_per_second({})
    clerk = Machine("clerk", cores=2, memory_gib=4)
    seconds = STARTUP_SECONDS["clerk"] + wall + CLERK_BEFORE
    yield "clerk", 1, seconds, seconds * clerk.dollars_per_second({})


def after(config: RunConfig, n_pairs: int, n_chars: int) -> Iterator[tuple[str, int, float, float]]:
    """Give function, containers, container-seconds and dollars as `--dry-run` estimates them."""
    for one in estimate(config, corpus(n_pairs, n_chars)):
        yield one.machine.function, one.n_containers, one.container_seconds, one.dollars


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pairs", type=int, nargs="*", default=[10, 500, 10_000])
    parser.add_argument("--chars", type=int, default=5000, help="characters of a document")
    options = parser.parse_args()
    values = {"name": "table", "corpus": {"documents": "{language}/*.txt", "pairs": ["en-de"]}}
    config = make_config({**values, "encode": {"encoder": "labse"}}, where="table", folder=Path("/"))
    click.echo("| pairs | | function | containers | container-seconds | dollars |\n|---|---|---|---|---|---|")
    for n_pairs in options.pairs:
        for name, rented in (("before", before), ("after", after)):
            rows = list(rented(config, n_pairs, options.chars))
            for function, n, seconds, dollars in rows:
                click.echo(f"| {n_pairs:,} | {name} | {function} | {n} | {seconds:,.0f} | {dollars:.4f} |")
            n, seconds, dollars = (sum(row[column] for row in rows) for column in (1, 2, 3))
            click.echo(f"| {n_pairs:,} | {name} | **all** | {n} | {seconds:,.0f} | **{dollars:.4f}** |")


if __name__ == "__main__":
    main()
