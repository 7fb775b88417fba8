"""Sum up what was aligned, one pair or one part of a corpus at a time, in memory that doesn't grow with the corpus."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stages.data import AlignedPair, Facts
from stages.report.config import LOW_CONFIDENCE

MAX_LISTED = 1000
"""How many pairs a report lists, the most doubtful first."""

N_BINS = 20
"""Bins of the histograms of similarity and confidence, from 0 to 1."""

ARRAYS_AT_ONCE = 500
"""Arrays of values that are sorted into bins together: one by one takes longer than all else that is counted."""

NO_MEASURES = ("pair_id", "source_language", "target_language", "facts")
"""The fields of a summary that are no measures."""


@dataclass(frozen=True)
class PairSummary:
    """One pair in numbers.

    aligned_share   : share of the sentences of both sides that lie in beads with text on both sides.
    mean_similarity : mean cosine of these beads, 0 without any.
    mean_confidence : mean over the beads with text on both sides; None without any, or without a measure of it.
    doubtful        : beads with a confidence below LOW_CONFIDENCE, null beads too.
    length_ratio    : characters of the target for each of the source; None where one side has no text.
    monotonic_coverage : share of the sentences of the shorter side that are anchors: links that both sides choose
                      first, and that stand in the same order on both. None for a method without them.
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
    mean_confidence: float | None = None
    doubtful: int = 0
    length_ratio: float | None = None
    monotonic_coverage: float | None = None
    facts: Facts = field(default_factory=dict)

    @property
    def measures(self) -> dict[str, Any]:
        """Return what a page says of the pair, in numbers."""
        numbers = {name: value for name, value in vars(self).items() if name not in NO_MEASURES}
        return {name: round(value, 4) if isinstance(value, float) else value for name, value in numbers.items()}

    @property
    def quality(self) -> float:
        """Return what pairs are ranked by: low for wrong pairs and for half-translated documents."""
        return float(self.facts.get("quality", self.aligned_share * self.mean_similarity))


def summarise_pair(pair: AlignedPair) -> PairSummary:
    """Count the beads of a pair; empty positions are no sentences."""
    beads = pair.beads
    aligned = ~beads.is_null
    covered = (beads.source_stop - beads.source_start + beads.target_stop - beads.target_start)[aligned].sum()
    n_source, n_target = (sum(1 for sentence in side if sentence.text) for side in (pair.source, pair.target))
    source_chars, target_chars = (sum(len(sentence.text) for sentence in side) for side in (pair.source, pair.target))
    confidence = beads.confidence[aligned & np.isfinite(beads.confidence)]
    anchors = beads.facts.get("anchors")
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
        mean_confidence=float(confidence.mean()) if len(confidence) else None,
        doubtful=int((beads.confidence < LOW_CONFIDENCE).sum()),
        length_ratio=target_chars / source_chars if source_chars and target_chars else None,
        monotonic_coverage=None if anchors is None else min(1.0, float(anchors) / max(1, min(n_source, n_target))),
        facts=dict(beads.facts),
    )


class Histogram:
    """Counts values from 0 to 1 in N_BINS bins; those beyond lie in the outermost. Many are sorted in at once."""

    def __init__(self) -> None:
        self._counts = np.zeros(N_BINS, dtype=np.int64)
        self._waiting: list[NDArray[np.floating]] = []

    def add(self, values: NDArray[np.floating]) -> None:
        """Count values."""
        self._waiting.append(values)
        if len(self._waiting) == ARRAYS_AT_ONCE:
            self._count()

    def add_all(self, other: Histogram) -> None:
        """Count the values of another."""
        self._counts += other.counts

    @property
    def counts(self) -> NDArray[np.int64]:
        """Return how many values lie in each bin."""
        self._count()
        return self._counts

    def _count(self) -> None:
        if self._waiting:
            values = np.clip(np.concatenate(self._waiting), 0, 1)
            self._counts += np.histogram(values, bins=N_BINS, range=(0, 1))[0]
        self._waiting = []


class CorpusSummary:
    """The pairs of a run in numbers."""

    def __init__(self) -> None:
        self.totals: Counter[str] = Counter()
        self.bead_types: Counter[str] = Counter()
        self.verdicts: Counter[str] = Counter()
        self.similarities = Histogram()
        self.confidences = Histogram()
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
            doubtful=summary.doubtful,
        )
        if "verdict" in summary.facts:
            self.verdicts[str(summary.facts["verdict"])] += 1
        self._count_types(pair)
        self._list((-summary.quality, -self.totals["pairs"], summary))

    def add_all(self, other: CorpusSummary) -> None:
        """Add the pairs that come next."""
        for doubt, number, summary in other._doubtful:
            self._list((doubt, number - self.totals["pairs"], summary))
        self.totals.update(other.totals)
        self.bead_types.update(other.bead_types)
        self.verdicts.update(other.verdicts)
        self.similarities.add_all(other.similarities)
        self.confidences.add_all(other.confidences)

    def _list(self, entry: tuple[float, int, PairSummary]) -> None:
        if len(self._doubtful) < MAX_LISTED:
            heapq.heappush(self._doubtful, entry)
        else:
            heapq.heappushpop(self._doubtful, entry)

    def _count_types(self, pair: AlignedPair) -> None:
        beads = pair.beads
        sizes = (beads.source_stop - beads.source_start).tolist(), (beads.target_stop - beads.target_start).tolist()
        self.bead_types.update(f"{m}-{n}" for m, n in zip(*sizes, strict=True))
        self.similarities.add(beads.similarity[~beads.is_null])
        self.confidences.add(beads.confidence[np.isfinite(beads.confidence)])

    def most_doubtful(self) -> list[str]:
        """Return the ids of the pairs that are listed, in the order of the list."""
        return [summary.pair_id for summary in self._listed()]

    def _listed(self) -> list[PairSummary]:
        return [summary for *_, summary in sorted(self._doubtful, key=lambda entry: (-entry[0], -entry[1]))]

    def as_dict(self) -> dict[str, Any]:
        """Return what the report shows, the most doubtful pairs first."""
        return {
            **self.totals,
            "verdicts": dict(self.verdicts.most_common()),
            "bead_types": dict(self.bead_types.most_common()),
            "similarity_histogram": self.similarities.counts.tolist(),
            "confidence_histogram": self.confidences.counts.tolist(),
            "pairs_listed": [
                {
                    "pair_id": summary.pair_id,
                    "languages": f"{summary.source_language}-{summary.target_language}",
                    "quality": round(summary.quality, 4),
                    **summary.measures,
                    **summary.facts,
                }
                for summary in self._listed()
            ],
        }
