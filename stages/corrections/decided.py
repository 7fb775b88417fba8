"""Corrections: the beads of two documents, as they are now, that people have called good or bad."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from stages.corrections.fingerprint import TextDescription
from stages.corrections.review import Review
from stages.corrections.span import BeadSpan, check_beads, order


@dataclass(frozen=True)
class Corrections:
    """The corrections of one pair of documents.

    good, bad : beads in their order. Good beads share no sentence, and follow each other on both sides.
    source, target : which sentences they are about.
    set_aside : what is left of reviews of other sentences, and says nothing about these.
    n_moved   : how many of the good and bad beads were decided when a document was another, and found again.

    Raises ValueError that names every bead that can't stand beside the others.
    """

    good: tuple[BeadSpan, ...]
    bad: tuple[BeadSpan, ...]
    source: TextDescription
    target: TextDescription
    set_aside: tuple[Review, ...] = ()
    n_moved: int = 0

    def __post_init__(self) -> None:
        check_beads(self.good, self.bad, self.source.n_sentences, self.target.n_sentences)

    def __len__(self) -> int:
        return len(self.good) + len(self.bad)

    @cached_property
    def digest(self) -> str:
        """Return what was decided, and about which sentences, in 16 hexadecimal digits."""
        decided = json.dumps([self.good, self.bad, self.source, self.target])  # numbers and strings, no class's name
        return hashlib.sha256(decided.encode()).hexdigest()[:16]

    @property
    def n_set_aside(self) -> int:
        """Return how many decisions say nothing about these sentences."""
        return sum(len(review.decisions) + len(review.edits) for review in self.set_aside)


def make_corrections(
    good: Iterable[BeadSpan], bad: Iterable[BeadSpan], source: TextDescription, target: TextDescription
) -> Corrections:
    """Return corrections with their beads in order, each once."""
    return Corrections(tuple(sorted(set(good), key=order)), tuple(sorted(set(bad), key=order)), source, target)
