"""The beads of a pair with their texts: what every format but `beads` writes.

Numbers are rounded to four decimals, here and so in every format.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from stages.data import AlignedPair, Sentence
from stages.export.characters import replace_surrogates
from stages.export.config import ExportConfig
from stages.text import join_sentences

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DECIMALS = 4
"""Enough for thresholds; two runs on different GPUs agree to three."""


class Unit(NamedTuple):
    """One bead: half-open spans of positions, rounded numbers, the text of each side (a null has one empty)."""

    source_start: int
    source_stop: int
    target_start: int
    target_stop: int
    similarity: float
    score: float
    source: str
    target: str


def select_units(pair: AlignedPair, config: ExportConfig, counts: Counter[str]) -> Iterator[Unit]:
    """Give the beads of a pair that the config asks for, in order, and count what is left out and why.

    A bead with text on one side only is a null, and `keep_nulls` alone decides about it; one without any text (blank
    positions) is never written. Raises ValueError where a number is not finite.
    """
    for unit in _all_units(pair, counts):
        reason = _reason_to_leave_out(unit, config)
        counts[reason or "beads_exported"] += 1
        if reason is None:
            yield unit


def rounded(pair_id: str, name: str, values: NDArray[np.float32]) -> list[float]:
    """Round the similarities or scores of a pair's beads; there is no minus zero."""
    numbers = [round(value, DECIMALS) + 0.0 for value in values.tolist()]
    for bead, number in enumerate(numbers):
        if number - number != 0:
            raise ValueError(f"pair {pair_id!r}: bead {bead} has {name} {number}; it must be a finite number")
    return numbers


def _all_units(pair: AlignedPair, counts: Counter[str]) -> Iterator[Unit]:
    beads = pair.beads
    spans = zip(
        beads.source_start.tolist(),
        beads.source_stop.tolist(),
        beads.target_start.tolist(),
        beads.target_stop.tolist(),
        rounded(pair.pair_id, "similarity", beads.similarity),
        rounded(pair.pair_id, "score", beads.score),
        strict=True,
    )
    for source_start, source_stop, target_start, target_stop, similarity, score in spans:
        source, source_lost = _side(pair.source[source_start:source_stop], pair.source_language)
        target, target_lost = _side(pair.target[target_start:target_stop], pair.target_language)
        counts["surrogates_replaced"] += source_lost + target_lost
        yield Unit(source_start, source_stop, target_start, target_stop, similarity, score, source, target)


def _side(sentences: Sequence[Sentence], language: str) -> tuple[str, int]:
    return replace_surrogates(join_sentences((sentence.text for sentence in sentences), language))


def _reason_to_leave_out(unit: Unit, config: ExportConfig) -> str | None:
    if not unit.source and not unit.target:
        return "blanks_left_out"
    if not unit.source or not unit.target:
        return None if config.keep_nulls else "nulls_left_out"
    if config.min_score is not None and unit.score < config.min_score:
        return "low_scores_left_out"
    return None
