"""Joining sentences into the text of an overlap or of a bead's side."""

from collections.abc import Iterable

UNSPACED = frozenset({"ja", "wuu", "yue", "zh"})
"""Languages that put nothing between two sentences."""


RELATIVES = ({"no", "nb", "nn", "da"}, {"hr", "sr", "bs", "sh"}, {"id", "ms"}, {"zh", "yue", "wuu"}, {"fa", "prs"})
"""Languages that a detector can't tell apart in a sentence, and doesn't need to."""

MIN_CERTAINTY = 0.8
"""Below this a text isn't called another language: near relatives share half of their words."""

HEADING_MARKS = "\x01\x02\x03\x04\x05\x06"
"""In a normalised text, which has no other control characters, a line that begins with one is a heading of that level:
of the first, a chapter, down to the sixth. Readers of formats that know headings put them there."""

UNIT_MARK = "\x07"
"""With it, at the start of a line, each unit of a bilingual file begins: a unit of TMX, XLIFF or PO, a row of a table.
A unit without text in the document's language leaves its mark before that of the next one."""


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


def is_in_another(found: str | None, certainty: float, language: str) -> bool:
    """Return whether what a detector has found, from 0 to 1 certain, is plainly another language."""
    if found is None or certainty < MIN_CERTAINTY:
        return False
    codes = {primary_language(found), primary_language(language)}
    return len(codes) > 1 and not any(codes <= relatives for relatives in RELATIVES)
