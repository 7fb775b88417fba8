"""Measure what `bitext bench align` does on real text: the Bible in English and Chinese, with its own vectors.

    python tests/align_benchmark.py --shared ../shared --cache /tmp/vectors 1000 5000 10000 30000 100000

It is cut or repeated to the size; every copy is turned by a signed permutation of its own, so that cosines
within a copy stay as they are and those between copies are chance. Times are of this process, so that others on the
machine disturb them little; use one BLAS thread (OMP_NUM_THREADS=1).
"""

from __future__ import annotations

import argparse
from pathlib import Path

import faiss
import numpy as np
from gold_pairs import GoldPair, gold_pairs
from naive import fill_missing
from rich.console import Console

from pipeline.commands import align_benchmark as benchmark
from pipeline.commands.bench_align import costs_table
from stages.align.anchors.lengths import bytes_before
from stages.align.anchors.scale import centre_of
from stages.bead_lines import BeadPositions
from stages.data import Overlaps


def tiled(pair: GoldPair, n_source: int) -> benchmark.MeasuredPair:
    """Return a pair with so many source sentences (or the next bead after them)."""
    n, t = len(pair.source.sentences), len(pair.target.sentences)
    gold, at, sides = [], (0, 0), ([], [])
    for copy in range(-(-n_source // n)):
        last = min(n_source - at[0], n)
        links = [link for link in pair.gold if max(link.source, default=0) < last]
        sizes = (
            (n, t) if last == n else tuple(max(max(link[side], default=-1) for link in links) + 1 for side in (0, 1))
        )
        generator = np.random.default_rng(copy)
        order = generator.permutation(pair.source.vectors.shape[2])
        signs = generator.choice([-1, 1], len(order)).astype(pair.source.vectors.dtype)
        for side, size in zip((0, 1), sizes, strict=True):
            document = pair[side + 1]
            part = document.vectors[:, :size][:, :, order] * signs
            for k in range(2, len(part) + 1):
                part[k - 1, : k - 1] = 0
            sides[side].append((document.sentences[:size], part))
        gold += [BeadPositions(*(tuple(p + at[side] for p in link[side]) for side in (0, 1))) for link in links]
        at = (at[0] + sizes[0], at[1] + sizes[1])
    documents = (pasted(side) for side in sides)
    return benchmark.MeasuredPair(*documents, [(link.source, link.target) for link in gold])


def pasted(parts: list[tuple[list[str], np.ndarray]]) -> Overlaps:
    """Put copies together; overlaps across a seam are stood in for by sums, as if they were encoded."""
    sentences = [text for texts, _ in parts for text in texts]
    vectors = np.concatenate([part for _, part in parts], axis=1)
    lengths = np.diff(bytes_before(sentences))
    return Overlaps(sentences, fill_missing(vectors, len(vectors), lengths, centre_of(vectors[0])))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sizes", nargs="+", type=int, help="source sentences")
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--cache", type=Path, required=True, help="folder for vectors")
    parser.add_argument("--max-overlap", type=int, default=4)
    options = parser.parse_args()
    faiss.omp_set_num_threads(1)
    (bible,) = gold_pairs(options.shared, "bible-en-zh", options.cache, options.max_overlap)
    benchmark.warm_up()
    console = Console()
    for size in options.sizes:
        pair = tiled(bible, size)
        costs = benchmark.measure(pair)
        n_gold = sum(all(bead) for bead in pair.gold)
        console.print(costs_table(len(pair.source.sentences), len(pair.target.sentences), costs))
        for cost in costs[1:]:
            console.print(f"{cost.name}: {cost.n_right / n_gold:.1%} of the gold beads are found")


if __name__ == "__main__":
    main()
