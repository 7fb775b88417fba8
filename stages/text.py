"""Joining sentences into the text of an overlap or of a bead's side."""

from collections.abc import Iterable

UNSPACED = frozenset({"ja", "wuu", "yue", "zh"})
"""Languages that put nothing between two sentences."""


def join_sentences(sentences: Iterable[str], language: str) -> str:
    """Join consecutive sentences as their language writes them; empty positions leave no trace.

    A line break inside a sentence of hard-wrapped text is no part of what it says, and is joined in the same way.
    """
    separator = "" if primary_language(language) in UNSPACED else " "
    lines = (line.strip() for sentence in sentences if sentence for line in sentence.split("\n"))
    return separator.join(lines)


def primary_language(language: str) -> str:
    """Return the first subtag of a language tag: `zh` for `zh-Hant`."""
    return language.split("-", 1)[0].lower()
