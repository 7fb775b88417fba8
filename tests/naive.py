"""Slow twins of the kernels, written from the definitions and from nothing else.

They use plain lists and loops over everything, so they are only for a few sentences.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Bead = tuple[int, int, int, int]
"""source start, source stop, target start, target stop"""


def heaviest_chain(links: Sequence[tuple[int, int, float]]) -> float:
    """Return the largest total weight of links (i, j, weight) that can be put in strictly increasing order."""
    heaviest = 0.0
    for size in range(len(links) + 1):
        for chain in itertools.combinations(sorted(links), size):
            if all(a[0] < b[0] and a[1] < b[1] for a, b in itertools.pairwise(chain)):
                heaviest = max(heaviest, sum(link[2] for link in chain))
    return heaviest


def nearest_keys(queries: NDArray[np.floating], keys: NDArray[np.floating], k: int) -> list[list[int]]:
    """Return for each query the k best keys, ordered by (-similarity, index)."""
    products = queries.astype(np.float64) @ keys.astype(np.float64).T
    return [sorted(range(len(keys)), key=lambda key: (-row[key], key))[:k] for row in products]


def band_cells(anchors: Sequence[tuple[int, int]], n_source: int, n_target: int, radius: int) -> set[tuple[int, int]]:
    """Return the cells of the grown rectangles between consecutive anchors."""
    corners = [(0, 0)]
    for i, j in anchors:
        corners += [(i, j), (i + 1, j + 1)]
    corners.append((n_source, n_target))
    return {
        (i, j)
        for (top, left), (bottom, right) in itertools.pairwise(corners)
        for i in range(max(top - radius, 0), min(bottom + radius, n_source) + 1)
        for j in range(max(left - radius, 0), min(right + radius, n_target) + 1)
    }


def margin_score(
    source: NDArray[np.floating],
    target: NDArray[np.floating],
    source_sentences: Sequence[str],
    target_sentences: Sequence[str],
    bead: Bead,
    target_scale: float,
    use_margin: bool = True,
    use_length: bool = True,
) -> float:
    """Return the score of a bead in the classic method; vectors have shape (K, S, D), target lengths are scaled."""
    source_start, source_stop, target_start, target_stop = bead
    u = source[source_stop - source_start - 1, source_stop - 1].astype(np.float64)
    v = target[target_stop - target_start - 1, target_stop - 1].astype(np.float64)
    score = float(u @ v)
    if use_margin:
        beside_target = [target[0, b] for b in (target_start - 1, target_stop) if 0 <= b < target.shape[1]]
        beside_source = [source[0, a] for a in (source_start - 1, source_stop) if 0 <= a < source.shape[1]]
        of_source = np.mean([u @ w for w in beside_target]) if beside_target else 0.0
        of_target = np.mean([v @ w for w in beside_source]) if beside_source else 0.0
        score -= float(of_source + of_target) / 2
    if use_length:
        source_bytes = _n_bytes(source_sentences[source_start:source_stop])
        target_bytes = _n_bytes(target_sentences[target_start:target_stop]) * target_scale
        score *= math.log2(1 + min(source_bytes, target_bytes) / max(source_bytes, target_bytes))
    return score


def _n_bytes(sentences: Sequence[str]) -> int:
    return sum(len(sentence.encode()) for sentence in sentences)


def best_total(
    scores: dict[tuple[int, int, int, int], float],
    source_null: Sequence[float],
    target_null: Sequence[float],
    cells: set[tuple[int, int]],
) -> float:
    """Return the largest total of a path of beads through the cells; `scores` knows m-n beads as i, j, m, n (ends)."""
    best = {(0, 0): 0.0}
    n_source, n_target = len(source_null), len(target_null)
    shapes = {(m, n) for _, _, m, n in scores}
    for i, j in itertools.product(range(n_source + 1), range(n_target + 1)):
        if (i, j) == (0, 0) or (i, j) not in cells:
            continue
        ways = [best.get((i - m, j - n), -math.inf) + scores.get((i, j, m, n), -math.inf) for m, n in shapes]
        if i:
            ways.append(best.get((i - 1, j), -math.inf) + source_null[i - 1])
        if j:
            ways.append(best.get((i, j - 1), -math.inf) + target_null[j - 1])
        best[i, j] = max(ways)
    return best[n_source, n_target]


Step = tuple[str, int, int]
"""What a path does in the log-linear lattice: a word for it, and how many source and target sentences it takes."""

NULL_AFTER = {
    "source null": {"bead", "source null", "begin"},
    "target null": {"bead", "source null", "target null", "begin"},
}
"""What a null bead may follow: never a foreign block, and no source null bead comes after a target one."""


def lattice_paths(
    scores: dict[tuple[int, int, int, int], float],
    source_null: Sequence[float],
    target_null: Sequence[float],
    cells: set[tuple[int, int]],
    enter: float,
    leave: float,
    edge: float,
    sentence: float,
) -> list[tuple[float, list[tuple[str, int, int, int, int]]]]:
    """Return all paths of the log-linear lattice: total, and steps as (what, i, j, m, n) with (i, j) at their end."""
    shapes = {(m, n) for _, _, m, n in scores}
    found: list[tuple[float, list[tuple[str, int, int, int, int]]]] = []
    n_source, n_target = len(source_null), len(target_null)

    def within(i: int, j: int, i_stop: int, j_stop: int) -> bool:
        """Whether a block that leaves out the source's part first stays in the cells."""
        return {(k, j) for k in range(i, i_stop + 1)} | {(i_stop, k) for k in range(j, j_stop + 1)} <= cells

    def skip(i: int, j: int, i_stop: int, j_stop: int) -> list[tuple[str, int, int, int, int]]:
        source = [("skip source", k + 1, j, 1, 0) for k in range(i, i_stop)]
        return source + [("skip target", i_stop, k + 1, 0, 1) for k in range(j, j_stop)]

    def walk(i: int, j: int, last: str, total: float, steps: list[tuple[str, int, int, int, int]]) -> None:
        if (i, j) == (n_source, n_target):
            found.append((total + (leave if last.startswith("skip") else 0.0), steps))
            return
        if (i, j) != (0, 0) and not last.startswith("skip") and last != "foreword" and within(i, j, n_source, n_target):
            block = skip(i, j, n_source, n_target)
            found.append((total + edge + sentence * len(block), [*steps, *block]))
        for what, m, n in [
            ("source null", 1, 0),
            ("target null", 0, 1),
            ("skip source", 1, 0),
            ("skip target", 0, 1),
            *(("bead", m, n) for m, n in sorted(shapes)),
        ]:
            if (i + m, j + n) not in cells:
                continue
            if what == "bead":
                added = scores.get((i + m, j + n, m, n), -math.inf) + (leave if last.startswith("skip") else 0.0)
            elif last == "foreword":
                continue
            elif what.startswith("skip"):
                added = sentence if last.startswith("skip") else enter + sentence
                if (last, what) == ("skip target", "skip source"):
                    added += leave + enter
            elif last in NULL_AFTER[what]:
                added = source_null[i] if what == "source null" else target_null[j]
            else:
                continue
            if added > -math.inf:
                walk(i + m, j + n, what, total + added, [*steps, (what, i + m, j + n, m, n)])

    walk(0, 0, "begin", 0.0, [])
    for i, j in cells - {(0, 0), (n_source, n_target)}:
        if within(0, 0, i, j):
            walk(i, j, "foreword", edge + sentence * (i + j), skip(0, 0, i, j))
    found.append((2 * edge + sentence * (n_source + n_target), skip(0, 0, n_source, n_target)))
    return found


def bead_features(
    source: NDArray[np.floating],
    target: NDArray[np.floating],
    centres: tuple[NDArray[np.floating], NDArray[np.floating]],
    stretch: float,
    background: float,
    source_lengths: Sequence[float],
    target_lengths: Sequence[float],
    bead: Bead,
) -> list[float]:
    """Return the features of a bead that are not about marks; lengths of sentences are scaled already."""
    source_start, source_stop, target_start, target_stop = bead

    def similarity(a: int, b: int, c: int, d: int) -> float:
        u = source[b - a - 1, b - 1].astype(np.float64) - centres[0]
        v = target[d - c - 1, d - 1].astype(np.float64) - centres[1]
        return stretch * (float(u @ v) / float(np.linalg.norm(u) * np.linalg.norm(v)) - background)

    def known(a: int, b: int, c: int, d: int) -> bool:
        return (
            0 <= a < b <= source.shape[1]
            and 0 <= c < d <= target.shape[1]
            and b - a <= source.shape[0]
            and d - c <= target.shape[0]
        )

    a, b, c, d = bead
    value, m, n = similarity(*bead), source_stop - source_start, target_stop - target_start
    longer = [
        similarity(*x) for x in [(a - 1, b, c, d), (a, b + 1, c, d), (a, b, c - 1, d), (a, b, c, d + 1)] if known(*x)
    ]
    shorter = [
        similarity(*x) for x in [(a + 1, b, c, d), (a, b - 1, c, d), (a, b, c + 1, d), (a, b, c, d - 1)] if known(*x)
    ]
    of_source, of_target = sum(source_lengths[a:b]), sum(target_lengths[c:d])
    return [
        value * (m + n) / 2,
        value,
        max(longer) - value if longer else 0.0,
        value - max(shorter) if shorter else 0.0,
        m + n - 2,
        float(min(m, n) > 1),
        -min((of_source - of_target) ** 2 / (6.8 * (of_source + of_target) / 2), 30.0) / 2,
        math.log2(1 + min(of_source, of_target) / max(of_source, of_target)),
    ]


QUOTES, FINAL_MARKS = '"«»“”„‟「」『』＂', ".!?…。！？．؟۔।:：;；"

SINGLE_QUOTE = re.compile(r"(?:(?<=\s)|(?<=^))['‘](?=\w)|(?<=[.!?,…。！？，—-])['’]")


def count_marks(sentence: str) -> list[int]:
    """Return how many exclamation marks, quotation marks, numbers and commas a sentence has."""
    n_quotes = sum(map(sentence.count, QUOTES)) + len(SINGLE_QUOTE.findall(sentence))
    return [
        sentence.count("!") + sentence.count("！"),
        n_quotes,
        len(re.findall(r"\d+", sentence)),
        sum(map(sentence.count, ",，、،")),
    ]


def describe_marks(sentence: str) -> list[bool]:
    """Return whether a sentence has no final mark, ends with a quotation mark, and starts in lower case."""
    end = sentence.rstrip()
    ends_quote = end[-1] in QUOTES or (end[-1] in "'’" and end[-2] in ".!?,…。！？，—-")
    core = sentence.rstrip(f"{QUOTES}'’)）]】〉》› \t\u3000")
    letter = next(filter(str.isalpha, sentence), "")
    return [core != "" and core[-1] not in FINAL_MARKS, ends_quote, letter.islower()]


def fill_missing(
    vectors: NDArray[np.floating], n_sizes: int, byte_lengths: NDArray[np.float64], centre: NDArray[np.float32]
) -> NDArray[np.floating]:
    """Return the vectors of overlaps of sizes 1 to `n_sizes`, those that were not encoded (zeros) as sums.

    vectors : float array of shape (K, S, D), the vectors of single sentences among them.
    byte_lengths : float64 array of shape (S,).
    """
    filled = np.zeros((n_sizes, *vectors.shape[1:]), np.float32)
    filled[: len(vectors)] = vectors[:n_sizes]
    directions = vectors[0] - centre
    directions = directions / np.maximum(np.linalg.norm(directions, axis=1, keepdims=True), 1e-6)
    for size in range(2, n_sizes + 1):
        for last in range(size - 1, vectors.shape[1]):
            if not filled[size - 1, last].any():
                part = slice(last - size + 1, last + 1)
                total = (np.sqrt(byte_lengths[part])[:, None] * directions[part]).sum(axis=0)
                filled[size - 1, last] = total / max(np.linalg.norm(total), 1e-6) + centre
    return filled
