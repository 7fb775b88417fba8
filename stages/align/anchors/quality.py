"""Judge a pair: whether one document translates the other, wholly, in part, or not at all.

A anchors, P beads with text on both sides.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stages.align.anchors.links import Links
from stages.align.anchors.scale import FEW_ANCHORS
from stages.data import Facts

WRONG_DENSITY, SOUND_DENSITY = 0.2, 0.35
"""Anchors per sentence of the shorter side: between the two a pair is more or less sound. In earlier experiments 41
true pairs had at least .32 with either of two encoders, 174 wrong ones at most .23; read off these pairs, evaluation
sets among them."""

MIN_SOUNDNESS = 0.5
"""Less sound pairs are none: about .27 anchors per sentence."""

FEW_SENTENCES = 15
"""With fewer sentences on a side anchors are a matter of chance, and the similarity of the beads has to do."""

TOO_FEW_SENTENCES = 3
"""With fewer, taking the mean vector away leaves nothing of a side, and a pair gets the benefit of the doubt."""

WRONG_LIKENESS, SOUND_LIKENESS = 0.14, 0.3
"""How similar a sentence is to its counterpart, on average, in wrong and in true pairs. Gold documents were cut into
pieces of three to twelve beads, whole ones, some with two thirds left out, some with strays. By the vectors of USE
nineteen in twenty true pieces had more than .25, as many wrong ones less than .2. By those of e5 true ones had more
than .28, and wrong ones of three or six beads hardly less: strangers so short can't be told."""

WHOLE_SHARE = 0.8
"""Where less of a side has a translation, the pair is a partial one."""

NEARLY_WHOLE_SHARE = 0.9
"""Where so much of one side is accounted for, it is the other that has more."""

SAME_SHARES = ((0.65, "mostly"), (0.35, "half"), (0.2, "partly"))
"""From which shares of beads that are the same on both sides on a pair is called untranslated, and how far."""


def judge_pair(
    links: Links,
    spans: NDArray[np.int64],
    likeness: NDArray[np.float32],
    is_same: NDArray[np.bool_],
    n_source: int,
    n_target: int,
) -> Facts:
    """Return the quality of a pair from 0 to 1, a verdict (`ok`, `partial`, `unrelated`), and the reason for it.

    Quality is how sound the pair is, from 0 for strangers to 1, times the smaller of the shares that have a
    translation. Beads that are the same on both sides tell nothing of soundness, and are no translations.

    spans, likeness, is_same : of the beads with text on both sides, arrays of shape (P, 4), (P,) and (P,).
    """
    counts = n_source, n_target
    found = [_n_sentences(spans, side) for side in (0, 1)]
    same = [_n_sentences(spans[is_same], side) for side in (0, 1)]
    shares = [float(number / max(count, 1)) for number, count in zip(found, counts, strict=True)]
    left = [count - number for count, number in zip(counts, same, strict=True)]
    told = links.kept(~np.isin(links.source, _sentences(spans[is_same])))
    soundness = _soundness(len(told.source), left, _likeness_per_sentence(spans[~is_same], likeness[~is_same], left))
    same_share = float(is_same.mean()) if len(is_same) else 0.0
    translated = [(all_of - alike) / max(count, 1) for all_of, alike, count in zip(found, same, counts, strict=True)]
    is_wrong = soundness < MIN_SOUNDNESS and int(told.is_near_next.sum()) < FEW_ANCHORS
    verdict, reason = _verdict(soundness, is_wrong, shares, same_share, n_source, n_target)
    return {
        "anchors": len(links.source),
        "source_share": round(shares[0], 4),
        "target_share": round(shares[1], 4),
        "same_share": round(same_share, 4),
        "quality": round(soundness * min(translated), 4),
        "verdict": verdict,
        "reason": reason,
    }


def _n_sentences(spans: NDArray[np.int64], side: int) -> int:
    return int((spans[:, 2 * side + 1] - spans[:, 2 * side]).sum())


def _sentences(spans: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the source sentences of some beads."""
    return np.concatenate([np.arange(start, stop) for start, stop in spans[:, :2]] or [np.empty(0, np.int64)])


def _likeness_per_sentence(spans: NDArray[np.int64], likeness: NDArray[np.float32], counts: list[int]) -> float:
    """Return how similar the sentences of the side of which more is in beads are to their counterparts, on average.

    A sentence that is in no bead counts as unlike.
    """
    sizes = spans[:, 1] - spans[:, 0], spans[:, 3] - spans[:, 2]
    return max(float(of_side @ likeness) / max(count, 1) for of_side, count in zip(sizes, counts, strict=True))


def _soundness(n_anchors: int, counts: list[int], likeness: float) -> float:
    """Return how surely one document translates the other, from 0 to 1.

    counts   : sentences of both sides.
    likeness : of a sentence to its counterpart, on average.
    """
    n_sentences = min(counts)
    if n_sentences < TOO_FEW_SENTENCES:
        return 1.0
    if n_sentences < FEW_SENTENCES:
        found, (wrong, sound) = likeness, (WRONG_LIKENESS, SOUND_LIKENESS)
    else:
        found, (wrong, sound) = n_anchors / n_sentences, (WRONG_DENSITY, SOUND_DENSITY)
    return float(np.clip((found - wrong) / (sound - wrong), 0, 1))


def _verdict(
    soundness: float, is_wrong: bool, shares: list[float], same_share: float, n_source: int, n_target: int
) -> tuple[str, str]:
    if not n_source or not n_target:
        side = "source" if not n_source else "target"
        return "unrelated", f"the {side} has no sentences"
    if is_wrong:
        return "unrelated", f"the sentences hardly match: soundness {soundness:.2f}, where 1 is usual"
    for share, how_far in SAME_SHARES:
        if same_share >= share:
            return "partial", f"{how_far} untranslated: {same_share:.0%} of the beads are the same on both sides"
    if min(shares) < WHOLE_SHARE:
        return "partial", _what_is_missing(*shares)
    if min(n_source, n_target) < TOO_FEW_SENTENCES:
        return "ok", "too few sentences to judge"
    if soundness < MIN_SOUNDNESS:
        return "partial", f"only parts of the documents match: soundness {soundness:.2f}, where 1 is usual"
    if min(shares) == 1:
        return "ok", "every sentence has a translation"
    share, n_sentences, side = min((shares[0], n_source, "source"), (shares[1], n_target, "target"))
    return "ok", f"{round(share * n_sentences):,} of {n_sentences:,} {side} sentences have a translation"


def _what_is_missing(source: float, target: float) -> str:
    if target >= NEARLY_WHOLE_SHARE:
        return f"abridged: {source:.0%} of the source has a translation"
    if source >= NEARLY_WHOLE_SHARE:
        return f"enlarged: {target:.0%} of the target translates the source"
    return f"partly translated: {source:.0%} of the source and {target:.0%} of the target have a counterpart"
