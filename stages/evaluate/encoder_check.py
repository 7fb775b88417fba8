"""Check that the vectors of an encoder are like those that the shipped weights were fitted on; done for every run.

An encoder that was never seen before may place translations closer together or further apart than those two that the
weights know. Three numbers tell, measured on centred vectors; their bounds are from experiments with both encoders and
with worse ones made from them.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from stages.data import AlignedPair, Facts

LEAST_SEPARATION = 3.9
"""Two real encoders were at 4.0 to 4.9, degraded ones at 2.9 to 3.5. Single pairs of good ones go down to 3.5."""

SIMILARITIES = (0.35, 0.9)
"""Between which the similarity of anchors should lie, above the background. Texts move it as well: two real encoders
were at .30 to .74 on single documents, `use-multilingual` is at .81 on short pages of a manual."""

LEAST_SUM_COSINE = 0.8
"""Two real encoders were at .85 and above, where overlaps on demand lost nothing."""

DECIMALS = 3
"""What is gathered is rounded to so many, and so takes no more memory for more pairs."""

FEW_PAIRS = 5
"""The median over fewer pairs says as much of the texts as of the encoder."""


@dataclass(frozen=True)
class EncoderVerdict:
    """What a run says of its encoder: medians over its pairs, and a mean over overlaps.

    separation        : how far translations stand out from chance, in standard deviations of chance.
    anchor_similarity : how similar they are, above the background.
    n_sums, sum_cosine : encoded overlaps of two sentences that sums were compared with, and their mean cosine if any.
    """

    n_pairs: int
    separation: float
    anchor_similarity: float
    n_sums: int
    sum_cosine: float | None

    @property
    def problems(self) -> list[str]:
        """Return what is not as it should be."""
        least, most = SIMILARITIES
        problems = []
        if self.separation < LEAST_SEPARATION:
            problems.append(
                f"translations stand out from chance by {self.separation:.1f} standard deviations, less than "
                f"{LEAST_SEPARATION}"
            )
        if not least <= self.anchor_similarity <= most:
            problems.append(f"their similarity is {self.anchor_similarity:.2f}, not between {least} and {most}")
        if not self._sums_will_do:
            problems.append(f"sums agree with encoded overlaps by {self.sum_cosine:.2f}, less than {LEAST_SUM_COSINE}")
        return problems

    @property
    def _sums_will_do(self) -> bool:
        return self.sum_cosine is None or self.sum_cosine >= LEAST_SUM_COSINE

    def describe(self, encoder: str) -> str:
        """Say in a sentence how an encoder did, and what to do where it fails."""
        pairs = f"{self.n_pairs:,} pair{'' if self.n_pairs == 1 else 's'}"
        if not self.problems:
            sums = f"; sums agree with encoded overlaps by {self.sum_cosine:.2f}" if self.n_sums else ""
            return (
                f"encoder check: passed by {encoder} on {pairs}: translations stand out from chance by "
                f"{self.separation:.1f} standard deviations, their similarity is {self.anchor_similarity:.2f}{sums}"
            )
        few = ["on so few pairs it may be the texts"] if self.n_pairs < FEW_PAIRS else []
        more = [] if self._sums_will_do else ['set [encode] overlaps = "all"']
        hints = [*few, *more, "fit weights to a few pairs with gold: bitext fit"]
        return f"encoder check: not passed by {encoder} on {pairs}: " + "; ".join([*self.problems, *hints])

    def as_dict(self) -> dict[str, Any]:
        """Return what the report's data hold: `passes`, `problems`, and the numbers."""
        return {"passes": not self.problems, "problems": self.problems, **vars(self)}


class EncoderCheck:
    """Gathers, from pairs as they pass by, what tells how well the weights fit the encoder."""

    def __init__(self) -> None:
        self._separations: Counter[float] = Counter()
        self._similarities: Counter[float] = Counter()
        self._n_sums, self._sum_of_cosines = 0, 0.0

    def watch(self, pairs: Iterable[AlignedPair]) -> Iterator[AlignedPair]:
        """Look at pairs as they pass by."""
        for pair in pairs:
            self.add(pair.beads.facts)
            yield pair

    def add(self, facts: Facts) -> None:
        """Look at one pair; those that are no translations, or have too few anchors, tell nothing."""
        if facts.get("separation", 0) and facts.get("verdict") != "unrelated":
            self._separations[round(float(facts["separation"]), DECIMALS)] += 1
            self._similarities[round(float(facts["anchor_similarity"]), DECIMALS)] += 1
        if n_sums := int(facts.get("compared_sums", 0)):
            self._n_sums += n_sums
            self._sum_of_cosines += n_sums * float(facts["sum_cosine"])

    def add_all(self, other: EncoderCheck) -> None:
        """Add what another has gathered from other pairs."""
        self._separations.update(other._separations)
        self._similarities.update(other._similarities)
        self._n_sums += other._n_sums
        self._sum_of_cosines += other._sum_of_cosines

    def verdict(self) -> EncoderVerdict | None:
        """Return what was found; None where no pair tells anything."""
        if not self._separations:
            return None
        return EncoderVerdict(
            self._separations.total(),
            _median(self._separations),
            _median(self._similarities),
            self._n_sums,
            self._sum_of_cosines / self._n_sums if self._n_sums else None,
        )


def _median(counts: Counter[float]) -> float:
    """Return the median of values of which it is known how often each comes."""
    values = sorted(counts)
    up_to = list(accumulate(counts[value] for value in values))
    low, high = (values[bisect_right(up_to, (counts.total() - odd) // 2)] for odd in (1, 0))
    return (low + high) / 2
