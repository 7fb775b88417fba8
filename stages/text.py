"""Joining sentences into the text of an overlap or of a bead's side."""

from collections.abc import Iterable

UNSPACED = frozenset({"ja", "wuu", "yue", "zh"})
"""Languages that put nothing between two sentences."""


HEADING_MARKS = "\x01\x02\x03\x04\x05\x06"
"""In a normalised text, which has no other control characters, a line that begins with one is a heading of that level:
of the first, a chapter, down to the sixth. Readers of formats that know headings put them there."""


def join_sentences(sentences: Iterable[str], language: str) -> str:
    """Join consecutive sentences as their language writes them; empty positions leave no trace."""
    return _separator(language).join(sentence for sentence in sentences if sentence)


def running_text(sentences: Iterable[str], language: str) -> str:
    """Join consecutive sentences, and the lines of hard-wrapped ones: what they say, however they were set."""
    return join_sentences((line.strip() for sentence in sentences for line in sentence.split("\n")), language)


def on_one_line(text: str, language: str) -> str:
    """Return a text without the ends of lines at which a file or page wrapped it."""
    return running_text([text], language) if "\n" in text else text


def _separator(language: str) -> str:
    return "" if primary_language(language) in UNSPACED else " "


def primary_language(language: str) -> str:
    """Return the first subtag of a language tag: `zh` for `zh-Hant`."""
    return language.split("-", 1)[0].lower()
