"""Choose the pairs: one to one, the best first, and none that is more likely than not a stranger.

C candidate pairs, N and M documents of both sides.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stages.pairing.config import PairingConfig

BIAS, PER_SCORE, PER_MARGIN, PER_LOG_SENTENCES, PER_LENGTH = -5.84, 8.54, 12.72, 0.70, -3.18
"""Of a logistic regression on the best candidates of 8,000 documents: the Debian handbook in en-de, en-fr and en-es,
whole and cut into documents of five, two and one paragraph, with two fifths of each side taken away, and novels, laws
and yearbooks in zh-en, ar-en, pl-en and de-fr. All vectors are those of the encoder use-multilingual, centred."""

MAX_LOG_SENTENCES = 3.5
MAX_LENGTH_GAP = 1.5


class PairedDocuments(NamedTuple):
    """Two documents that belong together.

    source, target : their positions; score : how well their sentences agree, about 0 to 1; second : the best score of
    either with any other document; confidence : how likely the pair is right, from 0 to 1.
    """

    source: int
    target: int
    score: float
    second: float
    confidence: float


class Side(NamedTuple):
    """What matching knows of the documents of a side: arrays of shape (N,).

    group : documents with the same number are near duplicates of each other, and are paired once.
    """

    n_sentences: NDArray[np.int64]
    n_chars: NDArray[np.int64]
    group: NDArray[np.int64]


def match_documents(
    source_index: NDArray[np.int64],
    target_index: NDArray[np.int64],
    scores: NDArray[np.float64],
    sides: tuple[Side, Side],
    config: PairingConfig,
) -> tuple[list[PairedDocuments], list[PairedDocuments]]:
    """Choose pairs among candidates, greedily by (-score, source, target): return the sure ones and the near ties.

    A pair is sure from `min_confidence` on. The others are the best choice for both sides, and too weak or too near to
    another choice; a person may know more.
    """
    order = np.lexsort((target_index, source_index, -scores))
    taken: tuple[set[int], set[int]] = (set(), set())
    chosen = []
    for candidate in order.tolist():
        groups = (int(sides[0].group[source_index[candidate]]), int(sides[1].group[target_index[candidate]]))
        if groups[0] not in taken[0] and groups[1] not in taken[1]:
            taken[0].add(groups[0])
            taken[1].add(groups[1])
            chosen.append(candidate)
    rivals = _rivals(source_index, target_index, scores, sides)
    gaps = _length_gaps([(int(source_index[c]), int(target_index[c])) for c in chosen], sides)
    pairs = []
    for candidate, gap in zip(chosen, gaps, strict=True):
        i, j, score = int(source_index[candidate]), int(target_index[candidate]), float(scores[candidate])
        second = _second(rivals, i, j, sides)
        n_sentences = min(int(sides[0].n_sentences[i]), int(sides[1].n_sentences[j]))
        pairs.append(PairedDocuments(i, j, score, second, confidence_of(score, second, n_sentences, gap)))
    sure = sorted((pair for pair in pairs if pair.confidence >= config.min_confidence), key=lambda pair: pair[:2])
    unsure = sorted((pair for pair in pairs if pair.confidence < config.min_confidence), key=lambda pair: pair[:2])
    return sure, unsure


def confidence_of(score: float, second: float, n_sentences: int, length_gap: float) -> float:
    """Return how likely a pair is right: its score, its lead over the next best, its size and its lengths tell.

    length_gap : how far the logarithm of its ratio of lengths lies from that of most pairs.
    """
    logit = (
        BIAS
        + PER_SCORE * score
        + PER_MARGIN * (score - second)
        + PER_LOG_SENTENCES * min(float(np.log(max(n_sentences, 1))), MAX_LOG_SENTENCES)
        + PER_LENGTH * min(length_gap, MAX_LENGTH_GAP)
    )
    return float(1 / (1 + np.exp(-logit)))


Rivals = tuple[dict[int, list[tuple[float, int]]], dict[int, list[tuple[float, int]]]]
"""For each group of a side: its scores with groups of the other."""


def _rivals(
    source_index: NDArray[np.int64],
    target_index: NDArray[np.int64],
    scores: NDArray[np.float64],
    sides: tuple[Side, Side],
) -> Rivals:
    rivals: Rivals = (defaultdict(list), defaultdict(list))
    source_groups, target_groups = sides[0].group[source_index], sides[1].group[target_index]
    for one, other, score in zip(source_groups.tolist(), target_groups.tolist(), scores.tolist(), strict=True):
        rivals[0][one].append((score, other))
        rivals[1][other].append((score, one))
    return rivals


def _second(rivals: Rivals, i: int, j: int, sides: tuple[Side, Side]) -> float:
    """Return the best score of either document with another one than its partner and the partner's duplicates."""
    one, other = int(sides[0].group[i]), int(sides[1].group[j])
    scores = [score for score, group in rivals[0][one] if group != other]
    scores += [score for score, group in rivals[1][other] if group != one]
    return max([0.0, *scores])


def _length_gaps(pairs: Sequence[tuple[int, int]], sides: tuple[Side, Side]) -> list[float]:
    """Return how unusual the ratio of lengths of each pair is, given pairs with the best first."""
    if not pairs:
        return []
    ratios = np.array([np.log(max(sides[0].n_chars[i], 1) / max(sides[1].n_chars[j], 1)) for i, j in pairs])
    usual = float(np.median(ratios[: max(1, len(ratios) // 2)]))
    gaps: list[float] = np.abs(ratios - usual).tolist()
    return gaps
