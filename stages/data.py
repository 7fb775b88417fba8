"""The field's words as frozen dataclasses: what the stages hand to each other.

Shapes: S sentences of a document, K overlap sizes, D dimensions of a vector, B beads.
Spans are half-open and positions count from 0, here and everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


Facts = dict[str, int | float | str]
"""What a stage tells the report about one document or pair, stored with its rows."""


class Sentence(NamedTuple):
    """One sentence of a document: `document_text[start:stop] == text`.

    `text` is empty for an empty position: a blank line of a document whose every line is a sentence.
    """

    paragraph: int
    start: int
    stop: int
    text: str
    heading: int = 0
    """Its level if it is a heading, as far as the document's format tells: 1 for a chapter's, up to 6; else 0."""
    unit: int = 0
    """The unit of a bilingual file in which it stands, counted from 1; 0 in all other documents."""


@dataclass(frozen=True)
class Overlaps:
    """A document's sentences and the vectors of its overlaps.

    sentences : S texts; an empty one is an empty position.
    vectors   : float array of shape (K, S, D), unit length. `vectors[k - 1, i]` is the overlap of k sentences that ends
                with sentence i: i itself and the k - 1 sentences with text before it. Rows without an overlap (too near
                the start, or an empty position) are zero.
    """

    sentences: Sequence[str]
    vectors: NDArray[np.floating]
    headings: Sequence[int] = ()
    """The level of each position that is a heading, 0 for all others; nothing where none is known."""
    units: Sequence[int] = ()
    """The unit of each position, where both documents of a pair are languages of one bilingual file; else nothing."""
    pieces: NDArray[np.floating] | None = None
    """The vectors of what `stages.pieces` cuts the sentences into, in order, where the pair has requested any: float
    array of shape (P, D), zeros for those that were not encoded."""

    def __post_init__(self) -> None:
        if self.vectors.ndim != 3 or self.vectors.shape[1] != len(self.sentences):
            raise ValueError(
                f"vectors have shape {self.vectors.shape}; {len(self.sentences)} sentences need (sizes, "
                f"{len(self.sentences)}, dimensions)"
            )

    @property
    def max_overlap(self) -> int:
        """Return how many sentences an overlap has at most."""
        return int(self.vectors.shape[0])

    @cached_property
    def has_text(self) -> NDArray[np.bool_]:
        """Return which positions hold a sentence: bool array of shape (S,)."""
        import numpy as np

        return np.fromiter((bool(text) for text in self.sentences), dtype=bool, count=len(self.sentences))


@dataclass(frozen=True)
class Beads:
    """The alignment of one document pair, in order: every position of both sides lies in exactly one bead.

    Columns, because a corpus has millions. One bead by itself is `BeadSpan` (spans) or `BeadPositions` (gaps allowed);
    with its texts it is `export.units.Unit`, in the Python interface `pipeline.Bead`.

    source_start, source_stop, target_start, target_stop : int32 arrays of shape (B,).
    similarity : float32 array of shape (B,), cosine of the two overlaps; 0 for null beads.
    score      : float32 array of shape (B,), what the dynamic program added for the bead.
    confidence : float32 array of shape (B,), how likely the bead is right, from 0 to 1; for a null bead, how likely it
                 is that the sentence has no translation. nan where the method has no measure of it.
    facts      : what the report says of this pair: counts, shares, a verdict.
    """

    source_start: NDArray[np.int32]
    source_stop: NDArray[np.int32]
    target_start: NDArray[np.int32]
    target_stop: NDArray[np.int32]
    similarity: NDArray[np.float32]
    score: NDArray[np.float32]
    confidence: NDArray[np.float32]
    facts: Facts = field(default_factory=dict)

    def __post_init__(self) -> None:
        lengths = {name: len(getattr(self, name)) for name in BEAD_ARRAYS}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"the arrays of beads differ in length: {lengths}")

    def __len__(self) -> int:
        return len(self.score)

    @property
    def is_null(self) -> NDArray[np.bool_]:
        """Return which beads have sentences on one side only: bool array of shape (B,)."""
        is_null: NDArray[np.bool_] = (self.source_start == self.source_stop) | (self.target_start == self.target_stop)
        return is_null


BEAD_ARRAYS = ("source_start", "source_stop", "target_start", "target_stop", "similarity", "score", "confidence")


class TimedText(NamedTuple):
    """A stretch of a document that is said or shown at a time: a subtitle, or what one speaker says in it."""

    start: int
    """Characters of the document, as `Sentence` counts them."""
    stop: int
    start_ms: int
    """Milliseconds from the beginning of the film."""
    stop_ms: int


class DocumentPart(NamedTuple):
    """A file of a document that lies in several."""

    start: int
    """Its first character in the document."""
    name: str


@dataclass(frozen=True)
class AlignedPair:
    """One aligned document pair with its texts: what exports and readers need."""

    pair_id: str
    source_language: str
    target_language: str
    source: Sequence[Sentence]
    target: Sequence[Sentence]
    beads: Beads
    source_times: Sequence[TimedText] = ()
    """When the source is said, in the order of its text, if it is subtitles."""
    target_times: Sequence[TimedText] = ()
    source_parts: Sequence[DocumentPart] = ()
    """The files of the source in the order of its text, if it lies in several."""
    target_parts: Sequence[DocumentPart] = ()
