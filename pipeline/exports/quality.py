"""Leave out of the exports what is not good enough, where the config asks for it, and say what and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from pipeline.progress import units
from stages.data import AlignedPair

MAX_NOTED = 100
"""How many of the pairs left out are named, in their order; all are counted."""


class QualityGate:
    """Lets pairs through whose quality is at least `[align] min_quality`, and all where the config sets none.

    counts : `pairs_left_out`. notes : how many, and each with its reason.
    """

    def __init__(self, min_quality: float | None) -> None:
        self.counts: Counter[str] = Counter()
        self._min_quality = min_quality
        self._named: list[str] = []

    def watch(self, pairs: Iterable[AlignedPair]) -> Iterator[AlignedPair]:
        """Let pairs pass by, but for those that are left out."""
        for pair in pairs:
            if self._min_quality is None or float(pair.beads.facts["quality"]) >= self._min_quality:
                yield pair
            else:
                self._leave_out(pair)

    def add_all(self, other: QualityGate) -> None:
        """Add what another has left out of the pairs that come next."""
        self.counts.update(other.counts)
        self._named.extend(other._named[: MAX_NOTED - len(self._named)])

    def _leave_out(self, pair: AlignedPair) -> None:
        self.counts["pairs_left_out"] += 1
        if len(self._named) < MAX_NOTED:
            quality, verdict, reason = (pair.beads.facts[name] for name in ("quality", "verdict", "reason"))
            self._named.append(f"left out: pair {pair.pair_id}: {verdict}: {reason} (quality {quality:.2f})")

    @property
    def notes(self) -> list[str]:
        """Return what the report and the end of a run say."""
        n_left_out = self.counts["pairs_left_out"]
        if not n_left_out:
            return []
        bound = f"[align] min_quality = {self._min_quality}"
        head = f"{units({'pairs': n_left_out})} left out of the exports, of a quality below {bound}"
        more = n_left_out - len(self._named)
        return [head, *self._named, *([f"left out: {more:,} more pairs"] if more else [])]
