"""What people have decided about the beads of two documents as they are now."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from stages.corrections.review import Review


class Span(NamedTuple):
    """A bead by its half-open spans of positions; a side without sentences is 0, 0."""

    source_start: int
    source_stop: int
    target_start: int
    target_stop: int

    @property
    def is_null(self) -> bool:
        """Whether it has sentences on one side only."""
        return self.source_start == self.source_stop or self.target_start == self.target_stop

    @property
    def source(self) -> range:
        return range(self.source_start, self.source_stop)

    @property
    def target(self) -> range:
        return range(self.target_start, self.target_stop)

    @property
    def mirrored(self) -> Span:
        """The same bead with its sides exchanged."""
        return Span(self.target_start, self.target_stop, self.source_start, self.source_stop)

    def __str__(self) -> str:
        """Write it as in a file of beads."""
        return f"{list(self.source)}:{list(self.target)}"


def make_span(source_start: int, source_stop: int, target_start: int, target_stop: int) -> Span:
    """Return a bead; raises ValueError where it is none."""
    if not (0 <= source_start <= source_stop and 0 <= target_start <= target_stop):
        raise ValueError(
            f"{source_start, source_stop, target_start, target_stop} is not a bead: spans go forward from 0"
        )
    if source_start == source_stop and target_start == target_stop:
        raise ValueError("a bead needs a sentence on one side at least")
    source = (source_start, source_stop) if source_start < source_stop else (0, 0)
    target = (target_start, target_stop) if target_start < target_stop else (0, 0)
    return Span(*source, *target)


class TextDescription(NamedTuple):
    """What a document's sentences are known by."""

    n_sentences: int
    digest: str


def describe_text(sentences: Sequence[str]) -> TextDescription:
    """Return what the sentences of a document are known by."""
    digest = hashlib.sha256()
    for sentence in sentences:
        data = sentence.encode("utf-8", "surrogatepass")
        digest.update(b"%d:" % len(data) + data)
    return TextDescription(len(sentences), digest.hexdigest()[:16])


@dataclass(frozen=True)
class Corrections:
    """What people have decided about one pair of documents.

    good, bad : beads in their order. Good beads share no sentence, and follow each other on both sides.
    source, target : which sentences they are about.
    set_aside : what is left of reviews of other sentences, and says nothing about these.
    n_moved   : how many of the good and bad beads were decided when a document was another, and found again.

    Raises ValueError that names every bead that can't stand beside the others.
    """

    good: tuple[Span, ...]
    bad: tuple[Span, ...]
    source: TextDescription
    target: TextDescription
    set_aside: tuple[Review, ...] = ()
    n_moved: int = 0

    def __post_init__(self) -> None:
        problems = [*self._outside(), *_conflicts(self.good)]
        good = set(self.good)
        problems += [f"{bead} is good and bad" for bead in self.bad if bead in good]
        if problems:
            raise ValueError("\n".join(problems))

    def __len__(self) -> int:
        return len(self.good) + len(self.bad)

    @cached_property
    def digest(self) -> str:
        """What was decided, and about which sentences, in 16 hexadecimal digits."""
        decided = json.dumps([self.good, self.bad, self.source, self.target])  # numbers and strings, no class's name
        return hashlib.sha256(decided.encode()).hexdigest()[:16]

    @property
    def n_set_aside(self) -> int:
        """How many decisions say nothing about these sentences."""
        return sum(len(review.decisions) for review in self.set_aside)

    def _outside(self) -> Iterator[str]:
        for bead in (*self.good, *self.bad):
            if bead.source_stop > self.source.n_sentences or bead.target_stop > self.target.n_sentences:
                yield (
                    f"{bead} is outside the documents, which have {self.source.n_sentences} and "
                    f"{self.target.n_sentences} sentences; they count from 0"
                )


def make_corrections(
    good: Iterable[Span], bad: Iterable[Span], source: TextDescription, target: TextDescription
) -> Corrections:
    """Return corrections with their beads in order, each once."""
    return Corrections(tuple(sorted(set(good), key=order)), tuple(sorted(set(bad), key=order)), source, target)


def order(bead: Span) -> tuple[int, ...]:
    """Order beads by their source, and those of the target only by where they stand there."""
    return (bead.source_start, bead.source_stop, bead.target_start, bead.target_stop)


def _conflicts(good: Sequence[Span]) -> Iterator[str]:
    """Name the good beads that share a sentence, or cross."""
    for name, start, stop in (("source", 0, 1), ("target", 2, 3)):
        ordered = sorted((bead for bead in good if bead[start] < bead[stop]), key=lambda bead: bead[start])
        for before, after in pairwise(ordered):
            if before[stop] > after[start]:
                yield f"{before} and {after} share a {name} sentence"
    ordered = sorted(bead for bead in good if not bead.is_null)
    for before, after in pairwise(ordered):
        if before.target_start > after.target_start:
            yield f"{before} and {after} cross: the one that comes first must do so on both sides"
