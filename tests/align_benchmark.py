"""Measure time and memory of alignment against one full search for the nearest sentences of the same vectors.

    python tests/align_benchmark.py --shared ../shared --cache /tmp/vectors 1000 5000 10000 30000 100000

The Bible is cut or repeated to the size; every copy is turned by a signed permutation of its own, so that cosines
within a copy stay as they are and those between copies are chance. Times are of this process, so that others on the
machine disturb them little; use one BLAS thread (OMP_NUM_THREADS=1).
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import faiss
import numpy as np
from gold_pairs import GoldPair, gold_pairs

from stages.align import AlignConfig, align_pair
from stages.align.lengths import bytes_before
from stages.align.links import find_nearest
from stages.align.standins import fill_missing
from stages.align.statistics import centre_of
from stages.data import Overlaps
from stages.evaluate.links import Link, links_of
from stages.evaluate.scores import evaluate


def tiled(pair: GoldPair, n_source: int) -> GoldPair:
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
        gold += [Link(*(tuple(p + at[side] for p in link[side]) for side in (0, 1))) for link in links]
        at = (at[0] + sizes[0], at[1] + sizes[1])
    documents = (pasted(side) for side in sides)
    return GoldPair(f"{at[0]} x {at[1]}", *documents, gold)


def pasted(parts: list[tuple[list[str], np.ndarray]]) -> Overlaps:
    """Put copies together; overlaps across a seam are stood in for by sums, as if they were encoded."""
    sentences = [text for texts, _ in parts for text in texts]
    vectors = np.concatenate([part for _, part in parts], axis=1)
    lengths = np.diff(bytes_before(sentences))
    return Overlaps(sentences, fill_missing(vectors, len(vectors), lengths, centre_of(vectors[0])))


def measured(work: Callable[[], object]) -> tuple[object, float, float]:
    """Return what the work returns, its seconds of processor time, and its peak of memory in GiB (Linux only)."""
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before, start = memory_gib("VmRSS"), time.process_time()
    result = work()
    return result, time.process_time() - start, memory_gib("VmHWM") - before


def memory_gib(name: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 2**20


def search_everything(pair: GoldPair) -> None:
    """One full search: the four nearest target sentences of every source sentence, by faiss."""
    index = faiss.IndexFlatIP(pair.target.vectors.shape[2])
    index.add(np.ascontiguousarray(pair.target.vectors[0], np.float32))
    index.search(np.ascontiguousarray(pair.source.vectors[0], np.float32), 4)


def search_both_ways(pair: GoldPair) -> None:
    """One BLAS pass with the four nearest in both directions."""
    n, t = len(pair.source.sentences), len(pair.target.sentences)
    vectors = (np.ascontiguousarray(side.vectors[0], np.float32) for side in (pair.source, pair.target))
    find_nearest(*vectors, np.zeros(n, np.int64), np.full(n, t))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sizes", nargs="+", type=int, help="source sentences")
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--cache", type=Path, required=True, help="folder for vectors")
    parser.add_argument("--max-overlap", type=int, default=4)
    parser.add_argument("--methods", nargs="+", default=["bitext", "bertalign"])
    parser.add_argument(
        "--no-search", action="store_true", help="leave out the full searches: at 100,000 they take long"
    )
    options = parser.parse_args()
    faiss.omp_set_num_threads(1)
    (bible,) = gold_pairs(options.shared, "bible-en-zh", options.cache, options.max_overlap)
    configs = {method: AlignConfig(method=method) for method in options.methods}
    small = tiled(bible, 300)
    for config in configs.values():
        align_pair(small.source, small.target, config)  # compiles
    for size in options.sizes:
        pair = tiled(bible, size)
        gib = (pair.source.vectors.nbytes + pair.target.vectors.nbytes) / 2**30
        print(f"{pair.name}: vectors {gib:.2f} GiB")  # noqa: T201
        for method, config in configs.items():
            beads, seconds, memory = measured(lambda: align_pair(pair.source, pair.target, config))  # noqa: B023
            result = evaluate(links_of(beads), pair.gold)
            print(f"  {method:20s} {seconds:8.2f} s  +{memory:.2f} GiB  strict F1 {result.strict.f1:.4f}", flush=True)  # noqa: T201
        for search in () if options.no_search else (search_everything, search_both_ways):
            _, seconds, memory = measured(lambda: search(pair))  # noqa: B023
            print(f"  {search.__name__:20s} {seconds:8.2f} s  +{memory:.2f} GiB", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
