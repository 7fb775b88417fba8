"""A review: what was decided about two documents in one state, line by line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from stages.corrections.edit import Edit, check_edits, make_snippet
from stages.corrections.fingerprint import Fingerprint, TextDescription, describe_text, fingerprint
from stages.corrections.span import BeadSpan, check_beads

GOOD, BAD = "good", "bad"


class Decision(NamedTuple):
    """A line of a file of corrections.

    source, target : what the sentences of the bead are known by; nothing on both sides where a person wrote the line.
    line   : as it was written.
    reason : why it is set aside, if it is.
    """

    bead: BeadSpan
    mark: str
    source: tuple[Fingerprint, ...]
    target: tuple[Fingerprint, ...]
    line: str
    reason: str = ""

    @property
    def has_digests(self) -> bool:
        """Say whether its sentences can be found again."""
        return bool(self.source or self.target)

    @property
    def comment(self) -> str:
        """Return what stands behind it for people: how its sentences begin."""
        return self.line.partition("#")[2].strip()

    @property
    def mirrored(self) -> Decision:
        """The same with the sides exchanged, but for the line."""
        return self._replace(bead=self.bead.mirrored, source=self.target, target=self.source)


@dataclass(frozen=True)
class Review:
    """What was decided about two documents in one state; raises ValueError as Corrections does.

    source, target : which sentences it is about.
    is_rest : whether it may be only what is left of a review: then the decisions around these are no longer known.
    edits   : what people have changed of these sentences; decisions number them as they were before.
    """

    source: TextDescription
    target: TextDescription
    decisions: tuple[Decision, ...]
    is_rest: bool = False
    edits: tuple[Edit, ...] = ()

    def __post_init__(self) -> None:
        sizes = self.source.n_sentences, self.target.n_sentences
        check_beads(tuple(self.beads(GOOD)), tuple(self.beads(BAD)), *sizes)
        if problems := check_edits(self.edits, *sizes):
            raise ValueError("\n".join(problems))

    def beads(self, mark: str) -> Iterator[BeadSpan]:
        """Give the beads that are good, or those that are bad."""
        return (decision.bead for decision in self.decisions if decision.mark == mark)

    @property
    def mirrored(self) -> Review:
        """The same with the sides exchanged."""
        decisions = tuple(decision.mirrored for decision in self.decisions)
        return Review(self.target, self.source, decisions, self.is_rest, tuple(edit.mirrored for edit in self.edits))


def make_review(
    good: Iterable[BeadSpan], bad: Iterable[BeadSpan], source: Sequence[str], target: Sequence[str]
) -> Review:
    """Return what was decided about these sentences; raises ValueError where it can't be."""
    good, bad = set(good), set(bad)
    check_beads(sorted(good), sorted(bad), len(source), len(target))  # before any sentence is looked up
    marks = {(bead, GOOD) for bead in good} | {(bead, BAD) for bead in bad}
    of_source, of_target = fingerprint(source), fingerprint(target)
    decisions = []
    for bead, mark in sorted(marks):
        known = of_source[bead.source_start : bead.source_stop], of_target[bead.target_start : bead.target_stop]
        digests = " ".join(f"{digest}{'*' * is_repeated}" for digest, is_repeated in (*known[0], *known[1]))
        sides = (source[bead.source_start : bead.source_stop], target[bead.target_start : bead.target_stop])
        snippets = " | ".join(map(make_snippet, sides))
        decisions.append(Decision(bead, mark, *known, f"{bead}  {mark}  {digests}  # {snippets}".rstrip()))
    return Review(describe_text(source), describe_text(target), tuple(decisions))
