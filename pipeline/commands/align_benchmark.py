"""Measure how alignment grows with the size of documents: made-up pairs, and the time and memory that they take.

The documents are made so that what costs time is as in real text: sentences as long as real ones, beads of several
sentences, sentences left out, vectors in which translations stand out from chance as far as in those of real encoders.
What is measured against is one search for the four nearest target sentences of every source sentence, by faiss: the
floor of every method that looks at all of them.

S source sentences, T target sentences, K overlap sizes, D dimensions, A atoms: pieces of text that both sides have.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stages.align import AlignConfig, align_pair, find_requested_overlaps
from stages.bead_lines import BeadPositions, positions_of
from stages.data import Beads, Overlaps

DIMENSIONS, SIZES = 512, 4
SHAPES = ((1, 1), (1, 2), (2, 1), (2, 2), (1, 3), (1, 0), (0, 1))
SHARES = (0.75, 0.09, 0.07, 0.02, 0.02, 0.025, 0.025)
"""About what novels and yearbooks have."""

DECAY = 0.8
"""Variance falls with the dimension to this power: cosines of strangers then spread by .1, as with real encoders."""

COMMON = 0.4
"""How much all sentences of a side have in common."""

LENGTHS = (20, 250)
"""Bytes of a sentence, between which most lie."""

SEED = 7
NEAREST = 4


class MeasuredPair(NamedTuple):
    """Two documents with all overlaps, and the beads that they are made of."""

    source: Overlaps
    target: Overlaps
    gold: list[BeadPositions]


class Cost(NamedTuple):
    """What one way of doing it took.

    seconds  : of processor time.
    memory   : bytes beyond what was there before, at the peak; None where the system doesn't tell.
    n_right  : gold beads with both sides that were found; None for what finds none.
    """

    name: str
    seconds: float
    memory: int | None
    n_right: int | None


def make_pair(n_source: int) -> MeasuredPair:
    """Return a pair of about so many source sentences."""
    generator = np.random.default_rng(SEED)
    shapes = generator.choice(SHAPES, p=SHARES, size=round(n_source / float(np.array(SHARES) @ np.array(SHAPES)[:, 0])))
    n_atoms = shapes.max(axis=1)
    meaning = _draw(int(n_atoms.sum()), generator)
    length = np.exp(generator.uniform(np.log(LENGTHS[0]), np.log(LENGTHS[1]), len(meaning)))
    starts = np.cumsum(shapes, axis=0) - shapes
    gold = [
        BeadPositions(tuple(range(i, i + m)), tuple(range(j, j + n)))
        for (i, j), (m, n) in zip(starts.tolist(), shapes.tolist(), strict=True)
    ]
    of_sides = [_sentence_of_atoms(starts[:, side], shapes[:, side], n_atoms) for side in (0, 1)]
    source, target = (_make_document(meaning, length, sentence, generator) for sentence in of_sides)
    return MeasuredPair(source, target, gold)


def _draw(n_vectors: int, generator: np.random.Generator) -> NDArray[np.float32]:
    spectrum = np.arange(1, DIMENSIONS + 1, dtype=np.float32) ** np.float32(-DECAY / 2)
    vectors: NDArray[np.float32] = generator.standard_normal((n_vectors, DIMENSIONS), dtype=np.float32)
    vectors *= spectrum / np.linalg.norm(spectrum)
    return vectors


def _sentence_of_atoms(
    starts: NDArray[np.int64], sizes: NDArray[np.int64], n_atoms: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the sentence of one side that each atom lies in, or -1: int64 array of shape (A,)."""
    bead = np.repeat(np.arange(len(sizes)), n_atoms)
    part = np.arange(len(bead)) - np.repeat(np.cumsum(n_atoms) - n_atoms, n_atoms)
    sentence: NDArray[np.int64] = np.where(sizes[bead] > 0, starts[bead] + part * sizes[bead] // n_atoms[bead], -1)
    return sentence


def _make_document(
    meaning: NDArray[np.float32],
    length: NDArray[np.float64],
    sentence: NDArray[np.int64],
    generator: np.random.Generator,
) -> Overlaps:
    """Return one side: each atom in other words than on the other side, and of about its length."""
    said = np.flatnonzero(sentence >= 0)
    n_sentences = int(sentence.max()) + 1
    n_bytes = np.zeros(n_sentences)
    np.add.at(n_bytes, sentence[said], length[said] * np.exp(generator.normal(0, 0.15, len(said))))
    sums = np.zeros((n_sentences, DIMENSIONS), np.float32)
    weighted = (meaning[said] + _draw(len(said), generator)) * np.sqrt(length[said]).astype(np.float32)[:, None]
    np.add.at(sums, sentence[said], weighted)
    common = COMMON * _draw(1, generator)[0]
    vectors = np.zeros((SIZES, n_sentences, DIMENSIONS), np.float32)
    total = np.zeros_like(sums)
    for size in range(1, SIZES + 1):
        total[size - 1 :] += sums[: n_sentences - size + 1]
        vectors[size - 1, size - 1 :] = _unit(_unit(total[size - 1 :]) + common)
    return Overlaps(["W" + "ord " * max(1, round(number / 4)) + "end." for number in n_bytes], vectors)


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    unit: NDArray[np.float32] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit


def measure(pair: MeasuredPair) -> list[Cost]:
    """Measure a search for the nearest sentences, and every way of aligning, on a pair."""
    costs = [_cost("search for nearest sentences", lambda: search(pair), None)]
    full = {bead for bead in pair.gold if all(bead)}
    for name, align in WAYS.items():
        costs.append(_cost(name, lambda align=align: align(pair), full))  # type: ignore[misc]
    return costs


def warm_up() -> None:
    """Compile what is compiled at the first use."""
    measure(make_pair(100))


def search(pair: MeasuredPair) -> None:
    """Find the four nearest target sentences of every source sentence."""
    import faiss

    source, target = (np.ascontiguousarray(side.vectors[0], np.float32) for side in (pair.source, pair.target))
    index = faiss.IndexFlatIP(target.shape[1])
    index.add(target)
    index.search(source, NEAREST)


def align_on_demand(pair: MeasuredPair) -> Beads:
    """Align as a run does: find the overlaps worth encoding, and align again with only these encoded."""
    config = AlignConfig()
    wanted = find_requested_overlaps(pair.source, pair.target, config)
    return align_pair(*wanted.keep(pair.source, pair.target), config, on_demand=True)


WAYS: dict[str, Callable[[MeasuredPair], Beads]] = {
    "bitext, overlaps on demand": align_on_demand,
    "bitext, all overlaps": lambda pair: align_pair(pair.source, pair.target, AlignConfig()),
    "bertalign, all overlaps": lambda pair: align_pair(pair.source, pair.target, AlignConfig(method="bertalign")),
}


def _cost(name: str, work: Callable[[], Beads | None], gold: set[BeadPositions] | None) -> Cost:
    before = _forget_peak()
    started = time.process_time()
    beads = work()
    seconds = time.process_time() - started
    memory = None if before is None else _memory("VmHWM") - before
    if beads is None or gold is None:
        return Cost(name, seconds, memory, None)
    return Cost(name, seconds, memory, len(gold.intersection(positions_of(beads))))


def _forget_peak() -> int | None:
    """Let the peak of memory begin anew, and return what is taken now; None where that can't be had."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
        return _memory("VmRSS")
    except OSError:
        return None


def _memory(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(name))
