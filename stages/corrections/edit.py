"""Edits: sentences of a document as it was split, and those that people have put in their place."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from stages.corrections.fingerprint import Fingerprint, fingerprint

SOURCE, TARGET = SIDES = ("source", "target")

EDIT = re.compile(
    r"(?P<side>source|target)\s+(?P<positions>\[[^][]*\])(?P<digests>(?:\s+[0-9a-f]{8}\*?)*)\s+becomes\s+(?P<texts>.*)"
)
ESCAPED = re.compile("[#\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""What is written as a code within texts: a # begins a comment, and some characters end a line."""

SNIPPET_CHARS = 40
"""How much of a sentence stands behind a line, for whoever reads the file."""


class Edit(NamedTuple):
    """A line of a file of corrections: consecutive sentences of a document, and those that stand in their place.

    side  : "source" or "target". start, stop : a span of positions, not empty, of the document as it was split.
    texts : none where the sentences are dropped.
    known : what the sentences are known by; nothing where a person wrote the line.
    line, reason : as a Decision has them.
    """

    side: str
    start: int
    stop: int
    texts: tuple[str, ...]
    known: tuple[Fingerprint, ...] = ()
    line: str = ""
    reason: str = ""

    @property
    def positions(self) -> range:
        """Return the positions of the sentences that are replaced."""
        return range(self.start, self.stop)

    @property
    def n_more(self) -> int:
        """Return how many sentences the document gains, or loses."""
        return len(self.texts) - len(self.positions)

    @property
    def mirrored(self) -> Edit:
        """The same on the other side, but for the line."""
        return self._replace(side=TARGET if self.side == SOURCE else SOURCE)

    def __str__(self) -> str:
        """Write which sentences it replaces."""
        return f"{self.side} {list(self.positions)}"


def make_edits(side: str, spans: Iterable[tuple[int, int, Sequence[str]]], sentences: Sequence[str]) -> list[Edit]:
    """Return edits of a document as it was split, with what its sentences are known by."""
    known = fingerprint(sentences)
    edits = []
    for start, stop, texts in spans:
        digests = " ".join(f"{one.digest}{'*' * one.is_repeated}" for one in known[start:stop])
        line = f"{side} {list(range(start, stop))}  {digests}  becomes  {write_texts(texts)}"
        was = f"# was: {make_snippet(sentences[start:stop])}"
        edits.append(Edit(side, start, stop, tuple(texts), known[start:stop], f"{line}  {was}"))
    return edits


def write_texts(texts: Sequence[str]) -> str:
    """Write sentences on one line, as a list in JSON."""
    return ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(list(texts), ensure_ascii=False))


def read_texts(written: str) -> tuple[str, ...]:
    """Read sentences as they stand in a file; raises ValueError."""
    try:
        texts = json.loads(written)
    except ValueError as error:
        raise ValueError(
            f'{written[:60]!r} is not a list of sentences like ["One.", "Two."]: {error}; a # in a text is \\u0023'
        ) from None
    if not isinstance(texts, list) or not all(isinstance(text, str) and text.strip() for text in texts):
        raise ValueError(f"{written[:60]!r} is not a list of sentences: each is a text, and none is empty")
    return tuple(text.strip() for text in texts)


def check_edits(edits: Sequence[Edit], n_source: int, n_target: int) -> list[str]:
    """Return what is wrong with edits: those outside the documents, and those that share a sentence."""
    problems = []
    for side, n_sentences in ((SOURCE, n_source), (TARGET, n_target)):
        stop = 0
        for edit in sorted((one for one in edits if one.side == side), key=lambda one: one.start):
            if edit.start >= edit.stop or edit.stop > n_sentences:
                problems.append(f"{edit} is outside the document, which had {n_sentences} sentences; they count from 0")
            elif edit.start < stop:
                problems.append(f"{edit} is changed in two lines: keep one of them")
            stop = max(stop, edit.stop)
    return problems


def make_snippet(sentences: Iterable[str]) -> str:
    """Return how sentences begin."""
    text = " ".join(" ".join(sentences).split())
    return text if len(text) <= SNIPPET_CHARS else text[: SNIPPET_CHARS - 1].rstrip() + "…"
