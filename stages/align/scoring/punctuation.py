"""Marks that a translation usually keeps: punctuation, numbers, how a sentence begins and ends.

S sentences, N characters of all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

QUOTES = '"«»“”„‟「」『』＂'
"""Double quotation marks of any script."""

OPENING, CLOSING = "'‘", "'’"
"""Single ones count only where they can't be apostrophes: before a word, or after BEFORE_QUOTE."""

BEFORE_QUOTE = ".!?,…。！？，—-"

EXCLAMATIONS, COMMAS = "!！", ",，、،"

FINAL_MARKS = ".!?…。！？．؟۔।:：;；"
"""What ends a sentence, perhaps with CLOSERS behind it."""

CLOSERS = f"{QUOTES}'’)）]】〉》› \t\u3000"

RARE_MARK = 0.2
"""Differences rarer than this among any two sentences can't be told from chance: such marks are trusted."""


class Punctuation(NamedTuple):
    """What the sentences of one side bear.

    counts : float32 array of shape (S + 1, 4), how many exclamation marks, quotation marks, numbers and commas stand
             before each sentence.
    flags  : bool array of shape (S, 3): has no final mark, ends with a quotation mark, starts in lower case.
    """

    counts: NDArray[np.float32]
    flags: NDArray[np.bool_]


def find_punctuation(sentences: Sequence[str]) -> Punctuation:
    """Count the marks of every sentence."""
    text = _Text(sentences)
    is_digit, is_double = text.where("digit"), text.where("quote")
    opens = text.where("opening") & np.roll(text.where("space"), 1) & np.roll(text.where("word"), -1)
    closes = text.where("closing") & np.roll(text.where("before quote"), 1)
    marks = (
        text.where("exclamation"),
        is_double | opens | closes,
        is_digit & ~np.roll(is_digit, 1),
        text.where("comma"),
    )
    has_end, end = text.last(~text.where("space"))
    has_core, core_end = text.last(~text.where("closer"))
    has_letter, letter = text.first(text.where("letter"))
    flags = (
        has_core & ~text.where("final")[core_end],
        has_end & (is_double | closes)[end],
        has_letter & text.where("lower")[letter],
    )
    counts = np.stack([text.count_before(found) for found in marks], axis=1).astype(np.float32)
    return Punctuation(counts, np.stack(flags, axis=1))


KINDS: dict[str, Callable[[str], bool]] = {
    "space": str.isspace,
    "letter": str.isalpha,
    "lower": str.islower,
    "word": lambda character: character.isalnum() or character == "_",
    "digit": str.isdecimal,
    "quote": QUOTES.__contains__,
    "opening": OPENING.__contains__,
    "closing": CLOSING.__contains__,
    "before quote": BEFORE_QUOTE.__contains__,
    "exclamation": EXCLAMATIONS.__contains__,
    "comma": COMMAS.__contains__,
    "final": FINAL_MARKS.__contains__,
    "closer": CLOSERS.__contains__,
}
"""What a character may be; the place of a kind in the list is its bit."""


@lru_cache(maxsize=1 << 16)
def _kinds_of(code: int) -> int:
    """Return the bits of KINDS that hold of a character; documents of a run have most of them in common."""
    return sum(1 << bit for bit, holds in enumerate(KINDS.values()) if holds(chr(code)))


class _Text:
    """All sentences as one array of characters, with a line break before each and behind the last.

    kinds : int16 array of shape (N,), the bits of KINDS that hold of each character.
    start : int64 array of shape (S + 1,), where sentences start; the last one is behind the end.
    """

    def __init__(self, sentences: Sequence[str]) -> None:
        text = "\n".join(["", *sentences, ""]) if sentences else "\n"
        codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.int64)
        table = np.zeros(codes.max() + 1, np.int16)
        for code in np.flatnonzero(np.bincount(codes)).tolist():
            table[code] = _kinds_of(code)
        self.kinds = table[codes]
        self.start = np.cumsum([1] + [len(sentence) + 1 for sentence in sentences])

    def where(self, kind: str) -> NDArray[np.bool_]:
        """Return which characters are of a kind: bool array of shape (N,)."""
        found: NDArray[np.bool_] = self.kinds & (1 << list(KINDS).index(kind)) != 0
        return found

    def count_before(self, found: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Return how many characters were found before each sentence: int64 array of shape (S + 1,)."""
        return np.searchsorted(np.flatnonzero(found), self.start)

    def first(self, found: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
        """Return whether a character of each sentence was found, and which the first is: arrays of shape (S,)."""
        places = np.append(np.flatnonzero(found), len(found) - 1)
        first = places[np.searchsorted(places, self.start[:-1])]
        return first < self.start[1:] - 1, first

    def last(self, found: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
        """Return whether a character of each sentence was found, and which the last is: arrays of shape (S,)."""
        places = np.append(0, np.flatnonzero(found))
        last = places[np.searchsorted(places, self.start[1:] - 1) - 1]
        return last >= self.start[:-1], last


def trust_punctuation(
    source: Punctuation, target: Punctuation, source_anchors: NDArray[np.int64], target_anchors: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Return how far each kind of mark tells translations from other sentences here, from 0 to 1: shape (7,).

    Where one side writes its dialogue without quotation marks, they differ between translations as much as between
    any two sentences, and say nothing. Measured on the anchors; few of them leave it near a half.
    """
    of_source, of_target = _marks_of(source)[source_anchors], _marks_of(target)[target_anchors]
    between_translations = np.abs(of_source - of_target).sum(axis=0)
    between_others = np.abs(of_source - np.roll(of_target, len(of_target) // 2, axis=0)).sum(axis=0)
    expected = np.maximum(between_others, RARE_MARK * len(of_source))
    trust: NDArray[np.float32] = np.clip(1 - (between_translations + 1) / (expected + 2), 0, 1).astype(np.float32)
    return trust


def _marks_of(marks: Punctuation) -> NDArray[np.float32]:
    return np.concatenate([np.diff(marks.counts, axis=0), marks.flags], axis=1)
