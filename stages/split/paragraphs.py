"""Find paragraphs, and tell whether a text is hard-wrapped."""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise
from typing import NamedTuple, TypeVar

MAX_BREAKS = 2000
"""How many line breaks of a document are looked at to tell whether it is hard-wrapped; spread over all of it."""

MIN_COLUMNS, MAX_COLUMNS = 30, 140
"""People wrap between 40 and 132 columns; shorter lines are verse, subtitles or lists, longer ones are paragraphs."""

MAX_WORD_COLUMNS = 20
"""What counts of a longer word: most are addresses, which would make any line look full."""

MIN_FULL = 0.6
"""Share of broken lines that the next line's first word would have made too long: over .9 where a program wrapped
(it wraps for no other reason), under .4 in verse, dialogue, lists and text with a paragraph a line."""

MIN_FLOWING = 0.25
"""Share of breaks that lie within a sentence, as far as can be seen: no final punctuation before, no capital after.
About .7 in wrapped English, .5 in German with its capital nouns; near 0 in headings, lists and classical verse."""

MAX_OVERLONG = 0.2
"""Share of all lines that may be a fifth wider than the width: addresses and tables; paragraphs would be more."""

_T = TypeVar("_T")
_UNSPACED = re.compile(
    "[\u2e80-\u303f\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff01-\uff60\U00020000-\U0003ffff]"
    "|[\u0e00-\u109f\u1780-\u17ff]{1,6}"
)
"""A character of Chinese or Japanese, or as much of Thai, Lao, Tibetan, Burmese or Khmer as a syllable or two."""
_LIST_ITEM = re.compile(r"(?:[*•‣▪◦]|\(?(?:\d{1,3}\.)*\d{1,3}[.)])\s")
_DASHED_ITEM = re.compile(r"[-–—]\s")
_ENDED = re.compile(r"[.!?:;…。！？：；।۔؟]['\"”’»›)\]」』）]*$")
_HYPHENATED = re.compile(r"[^\W\d_]-\n[ \t]*[^\W\d_]")


class Span(NamedTuple):
    """Half-open, in characters of the text; no white space at either end."""

    start: int
    stop: int


class Break(NamedTuple):
    """The end of a line that another line follows directly."""

    columns: int
    """Width of the line."""
    columns_with_next: int
    """Its width if the next line's first word stood on it."""
    is_flowing: bool
    """Whether a sentence seems to go on over it."""


def line_spans(text: str) -> list[Span]:
    """Return the lines that hold something: every newline ends a paragraph."""
    spans = []
    start = 0
    for line in text.split("\n"):
        if content := line.strip():
            begin = start + len(line) - len(line.lstrip())
            spans.append(Span(begin, begin + len(content)))
        start += len(line) + 1
    return spans


def blocks_of_lines(text: str) -> list[Span]:
    """Return the paragraphs of hard-wrapped text: see `_begins_paragraph`."""
    lines = line_spans(text)
    cuts = [index for index, pair in enumerate(pairwise(lines), start=1) if _begins_paragraph(text, *pair)]
    bounds = [0, *cuts, len(lines)] if lines else []
    return [Span(lines[first].start, lines[stop - 1].stop) for first, stop in pairwise(bounds)]


def n_hyphenated_lines(text: str) -> int:
    """Count the words that are cut at the end of a line; they are left as they are."""
    return len(_HYPHENATED.findall(text))


def is_hard_wrapped(text: str) -> bool:
    """Tell whether newlines within a paragraph only keep lines short.

    A line that was wrapped is full: the next word had no place on it. The width is taken from the document itself, as
    the ninth decile of the lines that another line follows. It is counted in columns, two for a Chinese character, so
    that no script needs a rule of its own.
    """
    lines = line_spans(text)
    breaks = _breaks(text, lines)
    if len(breaks) < 2:
        return False
    width = sorted(a_break.columns for a_break in breaks)[int(0.9 * (len(breaks) - 1))]
    n_full = sum(a_break.columns_with_next > width for a_break in breaks)
    n_flowing = sum(a_break.is_flowing for a_break in breaks)
    return (
        MIN_COLUMNS <= width <= MAX_COLUMNS
        and n_full >= MIN_FULL * len(breaks)
        and n_flowing >= MIN_FLOWING * len(breaks)
        and _share_overlong(text, lines, width) <= MAX_OVERLONG
    )


def _breaks(text: str, lines: list[Span]) -> list[Break]:
    places = [pair for pair in pairwise(lines) if not _begins_paragraph(text, *pair)]
    return [_measured(text, *pair) for pair in _spread(places)]


def _measured(text: str, line: Span, following: Span) -> Break:
    content = text[line.start : line.stop]
    columns = _columns(content)
    word = _first_word(text[following.start : following.stop])
    is_unspaced = bool(_UNSPACED.match(word))  # then a mark that may not begin a line can move two columns
    is_flowing = (
        (is_unspaced or " " in content)  # a list of addresses or words isn't wrapped text
        and not _ENDED.search(content)
        and word[0].isalpha()
        and not word[0].isupper()
    )
    return Break(columns, columns + (2 if is_unspaced else 1) + _columns(word), is_flowing)


def _share_overlong(text: str, lines: list[Span], width: int) -> float:
    some = _spread(lines)
    return sum(_columns(text[line.start : line.stop]) > 1.2 * width for line in some) / len(some)


def _spread(items: list[_T]) -> list[_T]:
    return items[:: max(1, len(items) // MAX_BREAKS)]


def _first_word(line: str) -> str:
    """Return what no line break parts at the start of a line: a word, or what `_UNSPACED` matches."""
    unspaced = _UNSPACED.match(line)
    if unspaced:
        return unspaced.group()
    word = line.split(maxsplit=1)[0][:MAX_WORD_COLUMNS]
    return word if word.isascii() else re.split(_UNSPACED, word, maxsplit=1)[0]


def _begins_paragraph(text: str, before: Span, line: Span) -> bool:
    """Tell whether a line of hard-wrapped text belongs to another paragraph than the line before it.

    It does after a blank line, if it is an item of a list, and if it is further to the right, unless it goes on with an
    item. A dash may be one within a sentence: it begins an item only after another item or the end of a sentence.
    """
    if text.count("\n", before.stop, line.start) > 1 or _LIST_ITEM.match(text, line.start, line.stop):
        return True
    step = _indent(text, line) - _indent(text, before)
    is_after_item = any(item.match(text, before.start, before.stop) for item in (_LIST_ITEM, _DASHED_ITEM))
    if _DASHED_ITEM.match(text, line.start, line.stop):
        return step != 0 or is_after_item or bool(_ENDED.search(text[before.start : before.stop]))
    return step > 0 and not is_after_item


def _indent(text: str, line: Span) -> int:
    return line.start - text.rfind("\n", 0, line.start) - 1


def _columns(line: str) -> int:
    return len(line) if line.isascii() else len(line) + sum(map(_is_wide, line))


def _is_wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in "WF"
