"""Where paragraphs begin and end, and whether a text is hard-wrapped."""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise
from typing import NamedTuple, TypeVar

MAX_BREAKS = 2000
"""How many line breaks of a document are looked at to tell whether it is hard-wrapped; spread over all of it."""

MIN_COLUMNS, MAX_COLUMNS = 30, 140
"""People wrap between 40 and 132 columns; shorter lines are verse, subtitles or lists, longer ones are paragraphs."""

MIN_FULL = 0.6
"""Share of broken lines that the next line's first word would have made too long: over .9 where a program wrapped
(it wraps for no other reason), under .4 in verse, dialogue, lists and text with a paragraph a line."""

MIN_FLOWING = 0.25
"""Share of breaks that lie within a sentence, as far as can be seen: no final punctuation before, no capital after.
About .7 in wrapped English, .5 in German with its capital nouns; near 0 in headings, lists and classical verse."""

MAX_OVERLONG = 0.2
"""Share of all lines that may be a fifth wider than the width: addresses and tables; paragraphs would be more."""

_T = TypeVar("_T")
_LINE = re.compile(r"[^\n]*\S[^\n]*")
_LIST_ITEM = re.compile(r"\s*(?:[-*•‣▪◦–]|\(?(?:\d{1,3}\.)*\d{1,3}[.)])\s")
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
    return [_trimmed(match) for match in _LINE.finditer(text)]


def blocks_of_lines(text: str) -> list[Span]:
    """Return the runs of lines between blank lines, cut before the items of a list."""
    blocks: list[Span] = []
    for line in line_spans(text):
        if blocks and not _begins_paragraph(text, blocks[-1], line):
            blocks[-1] = Span(blocks[-1].start, line.stop)
        else:
            blocks.append(line)
    return blocks


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
    gap = 0 if _is_wide(word[0]) else 1
    is_flowing = not _ENDED.search(content) and word[0].isalpha() and not word[0].isupper()
    return Break(columns, columns + gap + _columns(word), is_flowing)


def _share_overlong(text: str, lines: list[Span], width: int) -> float:
    some = _spread(lines)
    return sum(_columns(text[line.start : line.stop]) > 1.2 * width for line in some) / len(some)


def _spread(items: list[_T]) -> list[_T]:
    return items[:: max(1, len(items) // MAX_BREAKS)]


def _first_word(line: str) -> str:
    """Return what can't be broken at the start of a line: a word, or a single character where no spaces are written."""
    if _is_wide(line[0]):
        return line[0]
    word = line.split(maxsplit=1)[0]
    if word.isascii():
        return word
    return next((word[:index] for index, character in enumerate(word) if _is_wide(character)), word)


def _begins_paragraph(text: str, before: Span, line: Span) -> bool:
    is_after_blank = text.count("\n", before.stop, line.start) > 1
    return is_after_blank or bool(_LIST_ITEM.match(text, line.start, line.stop))


def _trimmed(match: re.Match[str]) -> Span:
    line = match.group()
    return Span(match.start() + len(line) - len(line.lstrip()), match.start() + len(line.rstrip()))


def _columns(line: str) -> int:
    return len(line) if line.isascii() else len(line) + sum(map(_is_wide, line))


def _is_wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in "WF"
