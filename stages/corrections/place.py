"""Turn reviews, which may be older than the documents, into corrections of the documents as they are now.

A review of just these sentences is taken as it stands. Of a review of others, each decision holds whose sentences
still stand there, one after the other; a newer review goes before an older one. What is left is set aside, unless a
good bead says what is right for one of its sentences: then it is settled.

What is left of a review has lost the decisions around it that told repeated sentences apart, and null beads from ones
that have a counterpart by now: of these only those hold again whose document is just as it was.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from stages.corrections.decided import Corrections, make_corrections
from stages.corrections.decisions import DocumentNow, Finding, describe, find_decisions
from stages.corrections.review import BAD, Decision, Review
from stages.corrections.span import BeadSpan

CONTRADICTED = "another decision contradicts it"

MAX_PASSES = 10
"""How often what is left of a review is looked for again: so many times may chapters have changed places."""

Unheld = list[tuple[Decision, Finding]]
"""Decisions of a review that aren't held, each with what has become of it."""


def place_reviews(reviews: Iterable[Review], source: Sequence[str], target: Sequence[str]) -> Corrections:
    """Return what reviews, the newest first, say of these sentences, and what of them says nothing."""
    documents = describe(source), describe(target)
    held, n_moved = Held(), 0
    left: list[tuple[Review, Unheld]] = []
    for review in reviews:
        n_held = len(held)
        unheld = _hold(review, held, *documents)
        is_about = (review.source, review.target) == tuple(document.text for document in documents)
        n_moved += 0 if is_about else len(held) - n_held
        left.append((review, unheld))
    made = make_corrections(held.good, held.bad, *(document.text for document in documents))
    return replace(made, set_aside=tuple(_set_aside(left, held)), n_moved=n_moved)


def _hold(review: Review, held: Held, source: DocumentNow, target: DocumentNow) -> Unheld:
    """Hold what can be held of a review, and return the rest.

    That is looked for again by itself, as it will be when it stands by itself in the file: so are chapters found that
    have changed places in both documents.
    """
    unheld: Unheld = []
    for _ in range(MAX_PASSES):
        found = zip(review.decisions, find_decisions(review, source, target), strict=True)
        unheld = [(decision, finding) for decision, finding in found if not held.add(decision.mark, finding.bead)]
        if not unheld or (review.is_rest and len(unheld) == len(review.decisions)):
            break
        review = _rest(review, (decision for decision, _ in unheld))
    return unheld


def _rest(review: Review, decisions: Iterable[Decision]) -> Review:
    return Review(review.source, review.target, tuple(decisions), is_rest=True)


def keep_undecided(
    reviews: Iterable[Review], newest: Review, source: Sequence[str], target: Sequence[str]
) -> list[Review]:
    """Return what is left of reviews where the newest one, which is of these sentences, says nothing in their place."""
    documents = describe(source), describe(target)
    held = Held()
    for decision in newest.decisions:
        held.add(decision.mark, decision.bead)
    reviews = list(reviews)
    left = [(one, list(zip(one.decisions, find_decisions(one, *documents), strict=True))) for one in reviews]
    return [*_set_aside(left, held), *(replace(one, decisions=()) for one in reviews if one.edits)]


def _set_aside(left: Iterable[tuple[Review, Unheld]], held: Held) -> Iterator[Review]:
    """Give what is left of each review, but for what has been decided anew."""
    for review, unheld in left:
        kept = [one for one in unheld if not held.decides(one[1])]
        decisions = tuple(decision._replace(reason=finding.reason or CONTRADICTED) for decision, finding in kept)
        if decisions:
            yield _rest(review, decisions)


class Held:
    """Decisions that hold, as they come."""

    def __init__(self) -> None:
        self.good: set[BeadSpan] = set()
        self.bad: set[BeadSpan] = set()
        self._links: list[BeadSpan] = []
        self._sources: set[int] = set()
        self._targets: set[int] = set()

    def __len__(self) -> int:
        return len(self.good) + len(self.bad)

    def add(self, mark: str, bead: BeadSpan | None) -> bool:
        """Hold a decision, unless it contradicts one that is held."""
        if bead is None or bead in (self.good if mark == BAD else self.bad):
            return False
        if mark == BAD:
            self.bad.add(bead)
        elif bead not in self.good:
            return self._add_good(bead)
        return True

    def decides(self, finding: Finding) -> bool:
        """Return whether a good bead says what is right for one of the sentences that have been found."""
        return not (self._sources.isdisjoint(finding.source) and self._targets.isdisjoint(finding.target))

    def _add_good(self, bead: BeadSpan) -> bool:
        is_free = self._sources.isdisjoint(bead.source) and self._targets.isdisjoint(bead.target)
        if not is_free or (not bead.is_null and self._crosses(bead)):
            return False
        self.good.add(bead)
        self._sources.update(bead.source)
        self._targets.update(bead.target)
        if not bead.is_null:
            insort(self._links, bead)
        return True

    def _crosses(self, bead: BeadSpan) -> bool:
        index = bisect_left(self._links, bead)
        before, after = self._links[max(index - 1, 0) : index], self._links[index : index + 1]
        return any(one.target_start > bead.target_start for one in before) or any(
            one.target_start < bead.target_start for one in after
        )
