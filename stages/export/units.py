"""The beads of a pair with their texts: what every format but `beads` writes.

Numbers are rounded to four decimals, here and so in every format.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from math import isnan
from typing import TYPE_CHECKING, Any, NamedTuple

from stages.data import AlignedPair, DocumentPart, Sentence
from stages.export.characters import replace_surrogates
from stages.text import join_sentences

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DECIMALS = 4
"""Enough for thresholds; two runs on different GPUs agree to three."""


COLUMNS = (
    "source",
    "target",
    "score",
    "similarity",
    "confidence",
    "source_start",
    "source_stop",
    "target_start",
    "target_stop",
    "pair_id",
    "source_language",
    "target_language",
    "source_file",
    "target_file",
)
"""What tables say of a bead, in this order."""


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
    confidence: float | None = None
    """How likely it is right; None where the method has no measure of it."""
    source_file: str = ""
    """Of a source in several files: the one that it stands in, or the first and the last."""
    target_file: str = ""


def rounded(pair_id: str, name: str, values: NDArray[np.float32]) -> list[float]:
    """Round the similarities or scores of a pair's beads; there is no minus zero."""
    numbers = [round(value, DECIMALS) + 0.0 for value in values.tolist()]
    for bead, number in enumerate(numbers):
        if number - number != 0:
            raise ValueError(f"pair {pair_id!r}: bead {bead} has {name} {number}; it must be a finite number")
    return numbers


def all_units(pair: AlignedPair, counts: Counter[str]) -> Iterator[Unit]:
    """Give every bead of a pair, in order, and count what could not be kept of the texts.

    Raises ValueError where a similarity or score is not finite.
    """
    beads = pair.beads
    spans = zip(
        beads.source_start.tolist(),
        beads.source_stop.tolist(),
        beads.target_start.tolist(),
        beads.target_stop.tolist(),
        rounded(pair.pair_id, "similarity", beads.similarity),
        rounded(pair.pair_id, "score", beads.score),
        (None if isnan(confidence) else round(confidence, DECIMALS) for confidence in beads.confidence.tolist()),
        strict=True,
    )
    for source_start, source_stop, target_start, target_stop, similarity, score, confidence in spans:
        of_source, of_target = pair.source[source_start:source_stop], pair.target[target_start:target_stop]
        source, source_lost = _side(of_source, pair.source_language)
        target, target_lost = _side(of_target, pair.target_language)
        counts["surrogates_replaced"] += source_lost + target_lost
        span, files = (
            (source_start, source_stop, target_start, target_stop),
            (_file_of(of_source, pair.source_parts), _file_of(of_target, pair.target_parts)),
        )
        yield Unit(*span, similarity, score, source, target, confidence, *files)


def row_of(pair: AlignedPair, unit: Unit) -> dict[str, Any]:
    """Return a unit as the row of a table: see COLUMNS."""
    return {
        "source": unit.source,
        "target": unit.target,
        "score": unit.score,
        "similarity": unit.similarity,
        "confidence": unit.confidence,
        "source_start": unit.source_start,
        "source_stop": unit.source_stop,
        "target_start": unit.target_start,
        "target_stop": unit.target_stop,
        "pair_id": replace_surrogates(pair.pair_id)[0],
        "source_language": pair.source_language,
        "target_language": pair.target_language,
        "source_file": unit.source_file,
        "target_file": unit.target_file,
    }


def _file_of(sentences: Sequence[Sentence], parts: Sequence[DocumentPart]) -> str:
    """Name the file in which sentences stand; the first and the last of several."""
    if not parts or not sentences:
        return ""
    ends = (sentences[0].start, sentences[-1].start)
    first, last = (max(0, bisect_right(parts, at, key=lambda part: part.start) - 1) for at in ends)
    name = parts[first].name if first == last else f"{parts[first].name} … {parts[last].name}"
    return replace_surrogates(name)[0]


def _side(sentences: Sequence[Sentence], language: str) -> tuple[str, int]:
    return replace_surrogates(join_sentences((sentence.text for sentence in sentences), language))
