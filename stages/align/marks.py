"""Marks that a translation usually keeps: punctuation, numbers, how a sentence begins and ends.

S sentences.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

QUOTES = '"«»“”„‟「」『』＂'
"""Double quotation marks of any script."""

SINGLE_QUOTES = "'‘’"

SINGLE_QUOTE = re.compile(r"(?:(?<=\s)|(?<=^))['‘](?=\w)|(?<=[.!?,…。！？，—-])['’]")
"""Single ones count only where they can't be apostrophes: before a word, or after punctuation."""

EXCLAMATIONS, COMMAS, NUMBER = "!！", ",，、،", re.compile(r"\d+")

FINAL_MARKS = ".!?…。！？．؟۔।:：;；"
"""What ends a sentence, perhaps with CLOSERS behind it."""

CLOSERS = f"{QUOTES}'’)）]】〉》› \t\u3000"

BEFORE_QUOTE = ".!?,…。！？，—-"
"""After these a single quotation mark is no apostrophe."""

RARE_MARK = 0.2
"""Differences rarer than this among any two sentences can't be told from chance: such marks are trusted."""


class Marks(NamedTuple):
    """What the sentences of one side bear.

    counts : float32 array of shape (S + 1, 4), how many exclamation marks, quotation marks, numbers and commas stand
             before each sentence.
    flags  : bool array of shape (S, 3): has no final mark, ends with a quotation mark, starts in lower case.
    """

    counts: NDArray[np.float32]
    flags: NDArray[np.bool_]


def find_marks(sentences: Sequence[str]) -> Marks:
    """Count the marks of every sentence."""
    counts = np.zeros((len(sentences) + 1, 4), np.float32)
    counts[1:] = np.cumsum([_count(sentence) for sentence in sentences] or np.zeros((0, 4)), axis=0)
    return Marks(counts, np.array([_describe(sentence) for sentence in sentences], bool).reshape(-1, 3))


def _count(sentence: str) -> tuple[int, int, int, int]:
    n_quotes = sum(map(sentence.count, QUOTES))
    if any(mark in sentence for mark in SINGLE_QUOTES):
        n_quotes += len(SINGLE_QUOTE.findall(sentence))
    n_exclamations, n_commas = sum(map(sentence.count, EXCLAMATIONS)), sum(map(sentence.count, COMMAS))
    return n_exclamations, n_quotes, len(NUMBER.findall(sentence)), n_commas


def _describe(sentence: str) -> tuple[bool, bool, bool]:
    """Return whether a sentence has no final mark, ends with a quotation mark, and starts in lower case."""
    end = sentence.rstrip()
    ends_quote = end[-1:] in QUOTES or (end[-1:] in "'’" and end[-2:-1] in BEFORE_QUOTE)
    letter = next(filter(str.isalpha, sentence), "")
    return sentence.rstrip(CLOSERS)[-1:] not in FINAL_MARKS, ends_quote, letter.islower()


def trust_marks(
    source: Marks, target: Marks, source_anchors: NDArray[np.int64], target_anchors: NDArray[np.int64]
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


def _marks_of(marks: Marks) -> NDArray[np.float32]:
    return np.concatenate([np.diff(marks.counts, axis=0), marks.flags], axis=1)
