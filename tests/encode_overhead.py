"""Measure what encoding a shard costs besides the encoder: what a GPU waits for, and what is done while it computes.

    python tests/encode_overhead.py [--documents 3200] [--sentences 10]

It encodes made-up documents with a stand-in that takes a GPU's place: vectors of LaBSE's width that lie ready. Before
its first call a GPU waits for the sentences. After that its vectors are written while it computes the next ones; only
for those of its last call it waits. All figures are seconds of processor time.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import click
import numpy as np
from small_corpus import CONFIG, InlineBackend, run_inline, write_corpus

from pipeline.config.run_config import load_config
from pipeline.progress import Progress
from pipeline.tasks import encode
from stages.encode.encoder import EncodedTexts, Timing
from stages.encode.registry import EncoderInfo

DIMENSIONS = 768
CHARS = 1_600_000


class Ready:
    """An encoder whose vectors lie ready; it remembers when it was asked."""

    info = EncoderInfo("ready", None, None, wants_gpu=True)
    dimensions, precision, timing = DIMENSIONS, "float16", Timing()

    def __init__(self) -> None:
        self.calls: list[tuple[float, float]] = []
        self._vectors = np.random.default_rng(0).standard_normal((1 << 14, DIMENSIONS), dtype=np.float32)
        self._vectors /= np.linalg.norm(self._vectors, axis=1, keepdims=True)

    def encode(self, texts: Sequence[str]) -> EncodedTexts:
        started = time.process_time()
        n = len(texts)
        found = EncodedTexts(np.resize(self._vectors, (n, DIMENSIONS)), np.zeros(n, bool), np.ones(n, np.int64))
        self.calls.append((started, time.process_time()))
        return found


def main() -> None:
    """Print seconds for each 1.6 million characters: before the first call, in between, after the last one."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=3200)
    parser.add_argument("--sentences", type=int, default=10)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        config = CONFIG.replace("max_overlap = 2", 'max_overlap = 2\noverlaps = "all"')
        path = write_corpus(Path(folder), asked.documents // 2, 1, config)
        for number, file in enumerate(sorted(Path(folder).glob("*/*.txt"))):
            file.write_text(long_text(number, asked.sentences), encoding="utf-8")
        measure(Path(folder), path)


def long_text(number: int, n_sentences: int) -> str:
    """Return a document of so many different sentences of about 60 characters."""
    return " ".join(f"Sentence {number} of book {k} tells of the sea and of the harbour." for k in range(n_sentences))


def measure(folder: Path, path: Path) -> None:
    """Split, then encode with the stand-in, and print what lay around its calls."""
    InlineBackend.min_shard_chars = CHARS
    config = load_config(path)
    run = run_inline(config, folder / "store", folder / "out", Progress(), stage="split")
    n_chars = sum(shard.n_chars for shard in run.manifest.shards)
    ready = Ready()
    encode.get_encoder.cache_clear()
    encode.take_encoder = lambda _: (ready, None)
    do, spans = encode.ENCODE.do, []

    def timed(*arguments: object) -> None:
        n_calls, started = len(ready.calls), time.process_time()
        do(*arguments)
        calls, stopped = ready.calls[n_calls:], time.process_time()
        before, in_calls = calls[0][0] - started, sum(stop - start for start, stop in calls)
        spans.append((before, stopped - started - before - in_calls, len(calls)))

    object.__setattr__(encode.ENCODE, "do", timed)
    run_inline(config, folder / "store", folder / "out", Progress(), stage="encode")
    before, written, n_calls = (sum(column) * CHARS / n_chars for column in zip(*spans, strict=True))
    click.echo(
        f"{len(spans)} shards, {n_chars:,} characters; for each {CHARS:,} of them, in seconds of processor time:"
    )
    click.echo(f"  before the first call       {before:.2f}, while a GPU waits")
    click.echo(
        f"  vectors taken and written   {written:.2f}, of {n_calls:.1f} calls, all but the last while it computes"
    )


if __name__ == "__main__":
    main()
