"""Tell of documents that are plainly in another language than they are said to be, as far as alignment has noticed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from stages.data import AlignedPair

MAX_NOTED = 10
"""How many of the pairs are named, in their order; all are counted."""


class OtherLanguages:
    """Looks at pairs as they pass by.

    counts : `pairs_in_another_language`. notes : which, and what they seem to be in.
    """

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._named: list[str] = []

    def watch(self, pairs: Iterable[AlignedPair]) -> Iterator[AlignedPair]:
        """Let pairs pass by."""
        for pair in pairs:
            told = [
                f"the {side} is in {seems!r}, not in {said!r}"
                for side, said in (("source", pair.source_language), ("target", pair.target_language))
                if (seems := pair.beads.facts.get(f"{side}_seems_in"))
            ]
            if told:
                self.counts["pairs_in_another_language"] += 1
                if len(self._named) < MAX_NOTED:
                    self._named.append(f"pair {pair.pair_id}: {' and '.join(told)} as it is said to be")
            yield pair

    def add_all(self, other: OtherLanguages) -> None:
        """Add what another has seen of the pairs that come next."""
        self.counts.update(other.counts)
        self._named.extend(other._named[: MAX_NOTED - len(self._named)])

    @property
    def notes(self) -> list[str]:
        """Return what the report and the end of a run say."""
        more = self.counts["pairs_in_another_language"] - len(self._named)
        return [
            *self._named,
            *([f"… and {more:,} more pairs in another language than they are said to be"] if more else []),
        ]
