"""Choose the pairs: one to one, the best first, and none that is more likely than not a stranger.

C candidate pairs, N and M documents of both sides.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stages.pairing.candidates import Scored

BIAS, PER_SCORE, PER_MARGIN, PER_LOG_SENTENCES, PER_LENGTH = -5.84, 8.54, 12.72, 0.70, -3.18
"""Of a logistic regression on the best candidates of 8,000 documents: the Debian handbook in en-de, en-fr and en-es,
whole and cut into documents of five, two and one paragraph, with two fifths of each side taken away, and novels, laws
and yearbooks in zh-en, ar-en, pl-en and de-fr. All vectors are those of the encoder use-multilingual, centred."""

MIN_SECOND = 0.3
"""A stranger that is as near as this is found in any pot but the smallest, which say no more of a pair's lead."""

USUAL_SHARE = 0.65
"""How many of these best candidates were right."""

USUAL_WEIGHT = 20
"""The share that is right in a pot is estimated as if so many pairs with the usual share were in it as well."""

MAX_SHARE = 0.85
"""However sure the others are, a pair is not taken to be right before it is looked at more often than this."""

N_ROUNDS = 50
"""Of estimating the share: it is settled long before."""

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
    candidates: Scored, sides: tuple[Side, Side], together: Collection[tuple[int, int]], usual_ratio: float | None
) -> tuple[list[PairedDocuments], float]:
    """Choose pairs among candidates, greedily by (-score, source, target), after those that people put together.

    Returns them in the order of the source, the best choice for both sides however sure, and the usual ratio of
    lengths (see `length_ratio`): that which is given, else that of the surer half of the pairs.
    """
    chosen = _choose(candidates, sides, together)
    ratios = np.array([length_ratio(int(candidates.rows[c]), int(candidates.columns[c]), sides) for c in chosen])
    if usual_ratio is None:
        usual_ratio = float(np.median(ratios[: max(1, len(ratios) // 2)])) if len(ratios) else 0.0
    rivals = _rivals(candidates, sides)
    found, log_odds = [], []
    for candidate, ratio in zip(chosen, ratios.tolist(), strict=True):
        i, j, score = (part[candidate].item() for part in candidates)
        second = _second(rivals, i, j, sides)
        n_sentences = min(int(sides[0].n_sentences[i]), int(sides[1].n_sentences[j]))
        found.append((i, j, score, second))
        log_odds.append(log_odds_of(score, second, n_sentences, abs(ratio - usual_ratio)))
    confidences = confidences_of(np.array(log_odds)).tolist()
    pairs = [
        PairedDocuments(*one, 1.0 if one[:2] in together else confidence)
        for one, confidence in zip(found, confidences, strict=True)
    ]
    return sorted(pairs, key=lambda pair: pair[:2]), usual_ratio


def length_ratio(source: int, target: int, sides: tuple[Side, Side]) -> float:
    """Return the logarithm of how many times as long as the target the source is."""
    return float(np.log(max(sides[0].n_chars[source], 1) / max(sides[1].n_chars[target], 1)))


def _choose(candidates: Scored, sides: tuple[Side, Side], together: Collection[tuple[int, int]]) -> list[int]:
    """Return the numbers of the chosen candidates, the best first."""
    taken: tuple[set[int], set[int]] = (set(), set())
    both = zip(candidates.rows.tolist(), candidates.columns.tolist(), strict=True)
    is_decided = np.array([pair in together for pair in both], dtype=bool)
    chosen = []
    for candidate in np.lexsort((candidates.columns, candidates.rows, -candidates.scores, ~is_decided)).tolist():
        i, j = int(candidates.rows[candidate]), int(candidates.columns[candidate])
        groups = int(sides[0].group[i]), int(sides[1].group[j])
        is_free = groups[0] not in taken[0] and groups[1] not in taken[1]
        if is_decided[candidate] or is_free:
            taken[0].add(groups[0])
            taken[1].add(groups[1])
            chosen.append(candidate)
    return chosen


def log_odds_of(score: float, second: float, n_sentences: int, length_gap: float) -> float:
    """Return how likely a pair is right where the usual share is: its score, its lead, its size and its lengths tell.

    second : the next best score; length_gap : how far the logarithm of its ratio of lengths lies from that of most
    pairs. Returns the logarithm of the odds.
    """
    return (
        BIAS
        + PER_SCORE * score
        + PER_MARGIN * (score - max(second, MIN_SECOND))
        + PER_LOG_SENTENCES * min(float(np.log(max(n_sentences, 1))), MAX_LOG_SENTENCES)
        + PER_LENGTH * min(length_gap, MAX_LENGTH_GAP)
    )


def confidences_of(log_odds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how likely the pairs of a pot are right, given how many of them are: arrays of shape (P,) for P pairs.

    Where nearly all documents have a counterpart, a pair of little evidence is likely right; where few have, it isn't.
    How many have is estimated from the pairs themselves (Saerens et al. 2002, "Adjusting the outputs of a classifier
    to new a priori probabilities"): it is the share that agrees with the confidences which it leads to.
    """
    share, evidence = USUAL_SHARE, log_odds - _log_odds(USUAL_SHARE)
    for _ in range(N_ROUNDS):
        confidences = 1 / (1 + np.exp(-evidence - _log_odds(min(share, MAX_SHARE))))
        share = (confidences.sum() + USUAL_WEIGHT * USUAL_SHARE) / (len(log_odds) + USUAL_WEIGHT)
    return confidences


def _log_odds(share: float) -> float:
    return float(np.log(share / (1 - share)))


Rivals = tuple[dict[int, list[tuple[float, int]]], dict[int, list[tuple[float, int]]]]
"""For each group of a side: its scores with groups of the other."""


def _rivals(candidates: Scored, sides: tuple[Side, Side]) -> Rivals:
    rivals: Rivals = (defaultdict(list), defaultdict(list))
    groups = zip(sides[0].group[candidates.rows].tolist(), sides[1].group[candidates.columns].tolist(), strict=True)
    for (one, other), score in zip(groups, candidates.scores.tolist(), strict=True):
        rivals[0][one].append((score, other))
        rivals[1][other].append((score, one))
    return rivals


def _second(rivals: Rivals, i: int, j: int, sides: tuple[Side, Side]) -> float:
    """Return the best score of either document with another one than its partner and the partner's duplicates."""
    one, other = int(sides[0].group[i]), int(sides[1].group[j])
    scores = [score for score, group in rivals[0][one] if group != other]
    scores += [score for score, group in rivals[1][other] if group != one]
    return max([0.0, *scores])
