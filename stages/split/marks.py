"""Marks that end a sentence in scripts of which the libraries know too little, and texts without any marks."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

MIN_PIECE_CHARS = 10
"""Of a text that is cut at its spaces, shorter pieces stay with what follows: names, numbers, words said twice."""

_TYPED_DANDA = re.compile(r"(?<=[\u0900-\u0d7f\s])\|(?=\s|$|\|)")
"""A vertical bar that stands for the danda of Hindi and its neighbours, which many keyboards lack."""
_ELLIPSIS = re.compile(r"…(?= +[^\W\d_a-z])")
_SPACE = re.compile(r" +")


def mask_marks(paragraph: str) -> str:
    """Show sentencex ends that it overlooks: a bar typed for a danda, and the ellipsis before a capital."""
    return _ELLIPSIS.sub(".", _TYPED_DANDA.sub("।", paragraph))


def ends_at_marks(paragraph: str) -> list[int]:
    """Return the positions after the marks that Unicode says end a sentence, and after the shad of Tibetan.

    Those of Khmer and Burmese need no space after them; Khmer `។ល។` means "and so on".
    """
    if paragraph.isascii():
        return []
    return [match.end() for match in _marks().finditer(paragraph)]


def ends_at_spaces(paragraph: str) -> list[int]:
    """Return the positions of the spaces of a text that puts them between clauses and no marks at their ends."""
    ends: list[int] = []
    begin = 0
    for match in _SPACE.finditer(paragraph):
        is_number = paragraph[match.end() : match.end() + 1].isdigit()
        if match.start() - begin >= MIN_PIECE_CHARS and not is_number:
            ends.append(match.start())
            begin = match.end()
    return ends


@lru_cache
def _marks() -> Any:
    import regex

    khmer, burmese, tibetan = "\u17d4\u17d5", "\u104b", "\u0f0d-\u0f11\u0f14"
    known = r".!?\u2024\u3002\uff01\uff1f\uff0e\uff61\u104a"
    spaced = rf"[[\p{{Sentence_Terminal}}{tibetan}]--[{known}{khmer}{burmese}]]"
    closers = r"""["'”’»›)\]]*+"""
    unspaced = rf"[{khmer}]+(?!ល[{khmer}]){closers}|{burmese}+{closers}"
    return regex.compile(rf"{unspaced}|(?<!{spaced}){spaced}++{closers}(?=\s)", regex.VERSION1)
