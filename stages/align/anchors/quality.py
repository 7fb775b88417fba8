"""Judge a pair: whether its documents translate each other, wholly, in part, or not at all.

A anchors, P beads with text on both sides.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stages.align.anchors.lengths import NEAR
from stages.align.anchors.links import Links
from stages.align.anchors.scale import FEW_ANCHORS
from stages.data import Facts

MIN_DENSITY = 0.27
"""Anchors per sentence of the shorter side. In earlier experiments 41 true pairs had at least .32 with either of two
encoders, 174 wrong ones at most .23. It was read off these pairs, evaluation sets among them."""

FEW_SENTENCES = 15
"""With fewer sentences on a side anchors are a matter of chance, and the scores of the beads have to do."""

TOO_FEW_SENTENCES = 3
"""With fewer, taking the mean vector away leaves nothing of a side, and a pair gets the benefit of the doubt."""

JUNK_SCORE, GOOD_SCORE = 1.5, 5.5
"""About what a bead scores on average in wrong and in true pairs, read off the gold sets (all of longer documents):
wrong pairs had 1.5 and at most 3.3, true ones 6 and at least 4.3."""

WHOLE_SHARE = 0.8
"""Where less of a side has a translation, the pair is a partial one."""


def judge_pair(
    links: Links, spans: NDArray[np.int64], score: NDArray[np.float32], n_source: int, n_target: int
) -> Facts:
    """Return the quality of a pair from 0 to 1, a verdict (`ok`, `partial`, `unrelated`), and the reason for it.

    spans, score : of the beads with text on both sides, arrays of shape (P, 4) and (P,).
    quality      : anchors per sentence of the shorter side, times the smaller of the shares that have a translation.
    """
    shares = [
        float((spans[:, side + 1] - spans[:, side]).sum() / max(n_sentences, 1))
        for side, n_sentences in ((0, n_source), (2, n_target))
    ]
    density = min(len(links.source) / max(min(n_source, n_target), 1), 1.0)
    if min(n_source, n_target) < FEW_SENTENCES:
        mean = float(score.mean()) if len(score) else 0.0
        density = float(np.clip((mean - JUNK_SCORE) / (GOOD_SCORE - JUNK_SCORE), 0, 1))
    if min(n_source, n_target) < TOO_FEW_SENTENCES:
        density = 1.0
    verdict, reason = _verdict(density, shares, _n_near(links), n_source, n_target)
    return {
        "anchors": len(links.source),
        "source_share": round(shares[0], 4),
        "target_share": round(shares[1], 4),
        "quality": round(density * min(shares), 4),
        "verdict": verdict,
        "reason": reason,
    }


def _n_near(links: Links) -> int:
    """Return how many anchors have another near them on both sides."""
    return int(((np.diff(links.source) <= NEAR) & (np.diff(links.target) <= NEAR)).sum())


def _verdict(density: float, shares: list[float], n_near: int, n_source: int, n_target: int) -> tuple[str, str]:
    if not n_source or not n_target:
        side = "source" if not n_source else "target"
        return "unrelated", f"the {side} has no sentences"
    side, share, count = ("source", shares[0], n_source) if shares[0] <= shares[1] else ("target", shares[1], n_target)
    missing = f"{1 - share:.0%} of the {count:,} {side} sentences have no translation"
    if density < MIN_DENSITY and n_near < FEW_ANCHORS:
        return "unrelated", f"the sentences hardly match: {density:.2f} where translations have at least {MIN_DENSITY}"
    if share < WHOLE_SHARE:
        return "partial", missing
    if min(n_source, n_target) < TOO_FEW_SENTENCES:
        return "ok", "too few sentences to judge"
    if density < MIN_DENSITY:
        return "partial", f"only parts of the documents match: {density:.2f}, and {missing}"
    if share == 1:
        return "ok", "every sentence has a translation"
    return "ok", f"all but {1 - share:.1%} of the {side} sentences have a translation"
