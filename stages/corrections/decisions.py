"""Find the decisions of a review again in two documents that may have changed."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from stages.corrections.fingerprint import Fingerprint, TextDescription, describe_text, digest_sentence
from stages.corrections.review import GOOD, Decision, Review
from stages.corrections.sentences import KnownSentence, find_sentences
from stages.corrections.span import BeadSpan, make_bead_span

CHANGED = "its sentences have changed or moved"
ALIKE = "its sentences can't be told from others like them"
UNKNOWN = "it has no digests to find its sentences by"
DISAGREES = "its digests are not those of the sentences that it numbers"
NEIGHBOURS = "sentences may have changed where a counterpart would stand"


class DocumentNow(NamedTuple):
    """A document as it is now: what it is known by, and the digest of each of its sentences."""

    text: TextDescription
    digests: Sequence[str]


class Finding(NamedTuple):
    """What has become of a decision.

    bead   : where it stands now; None where it says nothing about the documents as they are.
    reason : why it doesn't.
    source, target : where those of its sentences stand that have been found.
    """

    bead: BeadSpan | None
    reason: str
    source: Sequence[int]
    target: Sequence[int]


def describe(sentences: Sequence[str]) -> DocumentNow:
    """Return what decisions are compared with."""
    return DocumentNow(describe_text(sentences), list(map(digest_sentence, sentences)))


def find_decisions(review: Review, source: DocumentNow, target: DocumentNow) -> list[Finding]:
    """Return what has become of each decision; where more is found so, the sides have been exchanged."""
    found = _find_as_written(review, source, target)
    if _n_found(found) == len(found):
        return found
    turned = _find_as_written(review.mirrored, source, target)
    return turned if _n_found(turned) > _n_found(found) else found


def _n_found(findings: Iterable[Finding]) -> int:
    return sum(finding.bead is not None for finding in findings)


def _find_as_written(review: Review, source: DocumentNow, target: DocumentNow) -> list[Finding]:
    sides = (
        look(review.source, source, ((one.bead.source, one.source) for one in review.decisions), review.is_rest),
        look(review.target, target, ((one.bead.target, one.target) for one in review.decisions), review.is_rest),
    )
    now = source.digests, target.digests
    found = [(decision, _find(decision, *sides)) for decision in review.decisions]
    if review.is_rest:
        return [_with_same_counterparts(finding, *sides) for _, finding in found]
    moved = [
        Moved(decision.bead, finding.bead)
        for decision, finding in found
        if finding.bead and not finding.bead.is_null and decision.mark == GOOD
    ]
    first = Moved(make_end(0, 0), make_end(0, 0))
    last = Moved(make_end(review.source.n_sentences, review.target.n_sentences), make_end(*map(len, now)))
    neighbours = [first, *sorted(moved), last]
    return [_with_neighbours(decision, finding, neighbours, *sides) for decision, finding in found]


@dataclass(frozen=True)
class Side:
    """One side of a review beside the document as it is: where the sentences stand that are found.

    is_same : whether the document is just as it was.
    alike   : sentences that stand there and aren't found, as there are others like them, or were.
    """

    is_same: bool
    found: dict[KnownSentence, int]
    alike: frozenset[KnownSentence] = frozenset()

    def places(self, positions: range, known: Sequence[Fingerprint]) -> Sequence[int]:
        """Return where those of some sentences stand that are found; in lines without digests numbers are all."""
        if not known:
            return positions if self.is_same else ()
        return [self.found[one] for one in zip(positions, known, strict=True) if one in self.found]

    def are_alike(self, positions: range, known: Sequence[Fingerprint]) -> bool:
        """Return whether those of some sentences that aren't found all have others like them."""
        return all(one in self.found or one in self.alike for one in zip(positions, known, strict=False))

    def stays(self, then: range, now: range) -> bool:
        """Return whether the sentences at some positions are known to be those that stand at others now."""
        if self.is_same:
            return then == now
        return len(then) == len(now) and all(self._by_position.get(i) == j for i, j in zip(then, now, strict=True))

    @cached_property
    def _by_position(self) -> dict[int, int]:
        return {position: place for (position, _), place in self.found.items()}


def look(
    then: TextDescription, now: DocumentNow, decided: Iterable[tuple[range, Sequence[Fingerprint]]], is_rest: bool
) -> Side:
    """Return where the sentences of a side stand now that people have decided about when it was as described."""
    known = [one for positions, marks in decided if marks for one in zip(positions, marks, strict=True)]
    if then == now.text:
        return Side(True, {one: one[0] for one in known if now.digests[one[0]] == one[1].digest})
    found = find_sentences(known, then.n_sentences, now.digests, only_unique=is_rest)
    counts = Counter(now.digests)
    there = ((one, counts[one[1].digest]) for one in known if one not in found)
    alike = frozenset(one for one, n_now in there if n_now > 1 or (n_now and one[1].is_repeated))
    return Side(False, found, alike)


def _find(decision: Decision, source: Side, target: Side) -> Finding:
    """Say where the sentences of a decision stand."""
    bead = decision.bead
    places = source.places(bead.source, decision.source), target.places(bead.target, decision.target)
    if is_run(places[0], len(bead.source)) and is_run(places[1], len(bead.target)):
        bounds = [bound for run in places for bound in ((run[0], run[-1] + 1) if run else (0, 0))]
        return Finding(make_bead_span(*bounds), "", *places)
    return Finding(None, _why_not(decision, source, target, sum(map(len, places))), *places)


def _why_not(decision: Decision, source: Side, target: Side, n_found: int) -> str:
    """Say why a decision isn't found, of whose sentences so many are."""
    if source.is_same and target.is_same:
        return DISAGREES
    if not decision.has_digests:
        return UNKNOWN
    bead = decision.bead
    are_alike = source.are_alike(bead.source, decision.source) and target.are_alike(bead.target, decision.target)
    return ALIKE if are_alike and n_found < len(bead.source) + len(bead.target) else CHANGED


def is_run(places: Sequence[int], size: int) -> bool:
    """Return whether so many sentences stand one after the other."""
    return list(places) == list(range(places[0], places[0] + size)) if places else not size


class Moved(NamedTuple):
    """A good bead with text on both sides, as it was and as it is; without text one stands for an end of the texts."""

    then: BeadSpan
    now: BeadSpan


def make_end(n_source: int, n_target: int) -> BeadSpan:
    """Return what stands behind so many sentences."""
    return BeadSpan(n_source, n_source, n_target, n_target)


def _with_neighbours(
    decision: Decision, finding: Finding, neighbours: Sequence[Moved], source: Side, target: Side
) -> Finding:
    """Take back a null bead where other sentences than before may be its counterpart.

    That a sentence has a counterpart, or none, is said of those between its good neighbours: just these must be left.
    Of those that nothing was decided about it isn't known what they said; then the other document must be as it was.
    """
    if finding.bead is None or not finding.bead.is_null:
        return finding
    own, other, side = (0, 2, target) if len(finding.bead.source) else (2, 0, source)
    before = neighbours[bisect_right(neighbours, decision.bead[own], key=lambda one: one.then[own + 1]) - 1]
    after = neighbours[bisect_left(neighbours, decision.bead[own + 1], key=lambda one: one.then[own])]
    then, now = (range(start[other + 1], end[other]) for start, end in zip(before, after, strict=True))
    return finding if side.stays(then, now) else finding._replace(bead=None, reason=NEIGHBOURS)


def _with_same_counterparts(finding: Finding, source: Side, target: Side) -> Finding:
    """Take back a null bead where the other document has changed at all: its good neighbours are not known."""
    if finding.bead is None or not finding.bead.is_null:
        return finding
    other = target if len(finding.bead.source) else source
    return finding if other.is_same else finding._replace(bead=None, reason=NEIGHBOURS)
