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

SINGLE_QUOTES = r"(?:(?<=\s)|(?<=^))['‘](?=\w)|(?<=[.!?,…。！？，—-])['’]"
"""Single ones only where they can't be apostrophes: before a word, or after punctuation."""

COUNTED = tuple(re.compile(pattern) for pattern in ("[!！]", f"[{QUOTES}]|{SINGLE_QUOTES}", r"\d+", "[,，、،]"))
"""Exclamation marks, quotation marks, numbers, commas: each is compared between the sides of a bead."""

FINAL_MARK = re.compile(r"[.!?…。！？．؟۔।:：;；][" + re.escape(f"{QUOTES}'’)）]】〉》›") + r"\s]*$")
FINAL_QUOTE = re.compile(f"(?:[{QUOTES}]|[.!?,…。！？，—-]['’])\\s*$")
FIRST_LETTER = re.compile(r"[^\W\d_]")


RARE_MARK = 0.2
"""Differences rarer than this among any two sentences can't be told from chance: such marks are trusted."""


class Marks(NamedTuple):
    """What the sentences of one side bear.

    counts : float32 array of shape (S + 1, 4), how many of COUNTED stand before each sentence.
    flags  : bool array of shape (S, 3): has no final mark, ends with a quotation mark, starts in lower case.
    """

    counts: NDArray[np.float32]
    flags: NDArray[np.bool_]


def find_marks(sentences: Sequence[str]) -> Marks:
    """Count the marks of every sentence."""
    counts = np.zeros((len(sentences) + 1, len(COUNTED)), np.int64)
    flags = np.zeros((len(sentences), 3), bool)
    for position, sentence in enumerate(sentences):
        counts[position + 1] = [len(pattern.findall(sentence)) for pattern in COUNTED]
        letter = FIRST_LETTER.search(sentence)
        flags[position] = (
            FINAL_MARK.search(sentence) is None,
            FINAL_QUOTE.search(sentence) is not None,
            letter is not None and letter.group().islower(),
        )
    return Marks(np.cumsum(counts, axis=0).astype(np.float32), flags)


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
