"""Sum up what was aligned, one pair at a time, in memory that doesn't grow with the corpus."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from stages.data import AlignedPair, Facts

MAX_LISTED = 1000
"""How many pairs a report lists, the most doubtful first."""

N_BINS = 20
"""Bins of the histogram of similarities, from 0 to 1."""


@dataclass(frozen=True)
class PairSummary:
    """One pair in numbers.

    aligned_share   : share of the sentences of both sides that lie in beads with text on both sides.
    mean_similarity : mean cosine of these beads, 0 without any.
    """

    pair_id: str
    source_language: str
    target_language: str
    source_sentences: int
    target_sentences: int
    beads: int
    nulls: int
    aligned_share: float
    mean_similarity: float
    facts: Facts = field(default_factory=dict)

    @property
    def quality(self) -> float:
        """What pairs are ranked by: low for wrong pairs and for half-translated documents."""
        return float(self.facts.get("quality", self.aligned_share * self.mean_similarity))


def summarise_pair(pair: AlignedPair) -> PairSummary:
    """Count the beads of a pair; empty positions are no sentences."""
    beads = pair.beads
    aligned = ~beads.is_null
    covered = (beads.source_stop - beads.source_start + beads.target_stop - beads.target_start)[aligned].sum()
    n_source, n_target = (sum(1 for sentence in side if sentence.text) for side in (pair.source, pair.target))
    return PairSummary(
        pair_id=pair.pair_id,
        source_language=pair.source_language,
        target_language=pair.target_language,
        source_sentences=n_source,
        target_sentences=n_target,
        beads=len(beads),
        nulls=int(beads.is_null.sum()),
        aligned_share=min(1.0, float(covered) / max(1, n_source + n_target)),
        mean_similarity=float(beads.similarity[aligned].mean()) if aligned.any() else 0.0,
        facts=dict(beads.facts),
    )


class CorpusSummary:
    """The pairs of a run in numbers."""

    def __init__(self) -> None:
        self.totals: Counter[str] = Counter()
        self.bead_types: Counter[str] = Counter()
        self.verdicts: Counter[str] = Counter()
        self.similarities = np.zeros(N_BINS, dtype=np.int64)
        self._doubtful: list[tuple[float, int, PairSummary]] = []

    def watch(self, pairs: Iterable[AlignedPair]) -> Iterator[AlignedPair]:
        """Count pairs as they pass by."""
        for pair in pairs:
            self.add(pair)
            yield pair

    def add(self, pair: AlignedPair) -> None:
        """Count one pair."""
        summary = summarise_pair(pair)
        self.totals.update(
            pairs=1,
            source_sentences=summary.source_sentences,
            target_sentences=summary.target_sentences,
            beads=summary.beads,
            nulls=summary.nulls,
        )
        if "verdict" in summary.facts:
            self.verdicts[str(summary.facts["verdict"])] += 1
        self._count_types(pair)
        entry = (-summary.quality, -self.totals["pairs"], summary)
        if len(self._doubtful) < MAX_LISTED:
            heapq.heappush(self._doubtful, entry)
        else:
            heapq.heappushpop(self._doubtful, entry)

    def _count_types(self, pair: AlignedPair) -> None:
        beads = pair.beads
        sizes = np.stack([beads.source_stop - beads.source_start, beads.target_stop - beads.target_start], axis=1)
        types, counts = np.unique(sizes, axis=0, return_counts=True)
        self.bead_types.update({f"{m}-{n}": int(count) for (m, n), count in zip(types, counts, strict=True)})
        similarities = np.clip(beads.similarity[~beads.is_null], 0, 1)
        self.similarities += np.histogram(similarities, bins=N_BINS, range=(0, 1))[0]

    def as_dict(self) -> dict[str, Any]:
        """Return what the report shows, the most doubtful pairs first."""
        listed = [summary for *_, summary in sorted(self._doubtful, key=lambda entry: (-entry[0], -entry[1]))]
        return {
            **self.totals,
            "verdicts": dict(self.verdicts.most_common()),
            "bead_types": dict(self.bead_types.most_common()),
            "similarity_histogram": self.similarities.tolist(),
            "pairs_listed": [
                {
                    "pair_id": summary.pair_id,
                    "languages": f"{summary.source_language}-{summary.target_language}",
                    "source_sentences": summary.source_sentences,
                    "target_sentences": summary.target_sentences,
                    "beads": summary.beads,
                    "nulls": summary.nulls,
                    "aligned_share": round(summary.aligned_share, 4),
                    "mean_similarity": round(summary.mean_similarity, 4),
                    **summary.facts,
                }
                for summary in listed
            ],
        }
