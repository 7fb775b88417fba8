"""From the lines of pages to paragraphs: running heads left out, words cut at line ends joined, lines too.

All of it is a guess from the lines alone: of where they stand and how large their letters are nothing is known here.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import chain, islice, pairwise
from typing import NamedTuple
from unicodedata import normalize

from pipeline.corpus.formats.document import WIDE, space_between

EDGE_LINES = 3
"""Running heads and the numbers of pages are among the first and last lines of a page."""

MIN_PAGES = 3
"""A line recurs if it stands at the same edge of so many pages …"""

MIN_HEADED_PAGES = 2
"""… or of so many, where it is the outermost line, without the full stop of a sentence: chapters of two pages have
heads of their own …"""

MIN_NUMBERED_PAGES = 5
"""… or, whatever else it says, begins or ends on so many with a number that grows with the pages …"""

MAX_STEP = 2
"""… each the next of the one before, or the next but one: left and right pages have heads of their own."""

FULL = 0.75
"""A shorter line, as a share of the long ones, doesn't reach the margin: its paragraph ends, if it may."""

LONG = 0.9
"""Of all lines so many are no longer than the "long ones"."""

_PAGE_NUMBER = re.compile(r"^\d{1,4}\b|\b\d{1,4}$")
_NUMBER = re.compile(r"\d{1,4}")
_ONLY_NUMBER = re.compile(r"\W*\d{1,4}\W*")
_ROMAN = re.compile(r"^[\W_]*[ivxlc]+[\W_]*$", re.IGNORECASE)
_BREAK = re.compile("[\x02\ufffe]")
"""Stands in PDFium for the hyphen and the end of a line."""
_LIGATURES = str.maketrans({code: normalize("NFKC", chr(code)) for code in range(0xFB00, 0xFB07)})
"""Letters that a font draws as one: "fi"."""
_LEADER = re.compile(r"(?:\.\s?){4,}\s*[\divxlc]+$")
"""Dots that lead to the number of a page: a line of a table of contents."""
_CUT = re.compile("(?<=[^\\W\\d_])[-\u2010\u00ad]$")
_WORDS = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_ENDED = re.compile(r"[.!?:;…。！？：؟][\"'”’»)\]」』\d]*$")
_BULLET = re.compile("^[•‣▪◦●■□\ue000-\uf8ff]\\s")
"""No part of the text: other formats don't have it. Letters for private use are those of a font of symbols."""
_NUMBERED = re.compile(r"(?:[–*-]|\(?(?:\d{1,3}[.)]|\d{1,2}(?:\.\d{1,2})+\.?|[a-z]\)))\s")
"""Begins an item or a heading, if what is before it has ended: "am / 12. Oktober" does not."""
ELLIPTIC = frozenset(
    {"and", "or", "und", "oder", "bzw", "sowie", "en", "of", "och", "eller", "og", "et", "ou", "y", "o", "e"}
)
"""Before these a hyphen stands for the rest of a compound: "Vor- und Nachteile"."""


class Joined(NamedTuple):
    """What a document seems to say, and what was done for it."""

    paragraphs: list[str]
    n_left_out: int
    """Lines that recur at the edges of pages, or belong to a table of contents."""
    n_joined: int
    """Words that were cut at the end of a line."""


def join_pages(pages: Sequence[str], has_blank_lines: bool = False) -> Joined:
    """Return the paragraphs of a document, given as the lines of its pages; blank lines part them, if there are any."""
    found = [_lines(page) for page in pages]
    kept = [[line for line in page if not _LEADER.search(line)] for page in _without_recurring(found)]
    lines = list(chain(*(_parted(kept) if has_blank_lines else kept)))
    n_left_out = sum(map(bool, chain(*found))) - sum(map(bool, lines))
    words = {word.lower() for line in lines for word in _WORDS.findall(_CUT.sub(" ", line))}
    n_joined = sum(_is_cut(line, after, words) for line, after in pairwise(lines))
    return Joined(list(_paragraphs(lines, words, has_blank_lines)), n_left_out, n_joined)


def _lines(page: str) -> list[str]:
    return [" ".join(line.split()) for line in _BREAK.sub("-\n", page.translate(_LIGATURES)).split("\n")]


# ---- running heads


Key = str | tuple[str, int] | int
"""What lines of two pages may have in common: their text; the number of the page, which is told by how much it is more
than the count of the pages, and the text around it; or that number only, at the beginning or end."""


def _without_recurring(pages: Sequence[list[str]]) -> list[list[str]]:
    """Return the pages without the lines at their top and foot that recur on others."""
    from_foot = [page[::-1] for page in pages]
    feet, heads = _recurring(from_foot), _recurring(pages)
    kept = []
    for number, page in enumerate(from_foot):
        body = _after(page, number, feet)
        kept.append(_after(body[::-1], number, heads))
    return kept


def _recurring(pages: Sequence[list[str]]) -> set[Key]:
    """Return which of the first lines of pages recur, by what they have in common."""
    pages_of: dict[Key, list[int]] = defaultdict(list)
    outermost: dict[Key, list[int]] = defaultdict(list)
    for number, page in enumerate(pages):
        edge = list(islice(filter(None, page), EDGE_LINES))
        for key in {key for line in edge for key in _keys(line, number)}:
            pages_of[key].append(number)
        head = next((line for line in edge if not _ONLY_NUMBER.fullmatch(line)), None)
        if head is not None and not _ENDED.search(head):
            for key in _keys(head, number):
                outermost[key].append(number)
    return {
        key
        for key, numbers in pages_of.items()
        if _follow_each_other(numbers, MIN_NUMBERED_PAGES if isinstance(key, int) else MIN_PAGES)
        or (not isinstance(key, int) and _follow_each_other(outermost[key], MIN_HEADED_PAGES))
    }


def _follow_each_other(numbers: list[int], least: int) -> bool:
    return sum(after - before <= MAX_STEP for before, after in pairwise(numbers)) >= least - 1


def _after(page: list[str], number: int, recurring: set[Key]) -> list[str]:
    """Return the lines of a page from the first on that doesn't recur."""
    n_seen = 0
    for index, line in enumerate(page):
        if line and (n_seen == EDGE_LINES or recurring.isdisjoint(_keys(line, number))):
            return page[index:]
        n_seen += bool(line)
    return []


def _keys(line: str, number: int) -> Iterator[Key]:
    yield _ROMAN.sub("", line)
    around = _NUMBER.sub("", line)
    yield from ((around, int(found) - number) for found in _NUMBER.findall(line))
    yield from (int(found) - number for found in _PAGE_NUMBER.findall(line))


# ---- words and paragraphs


def _parted(pages: Sequence[list[str]]) -> Iterator[list[str]]:
    """Give pages, with an empty line at the end of each whose last paragraph doesn't go on in the next."""
    long = _long([line for page in pages for line in page if line])
    for page, following in pairwise([*pages, []]):
        last, first = (next(filter(None, lines), "") for lines in (page[::-1], following))
        yield [*page, ""] if not first or (last and _ends_paragraph(last, last, first, long)) else page


def _paragraphs(lines: Sequence[str], words: set[str], has_blank_lines: bool) -> Iterator[str]:
    """Join lines to paragraphs; an empty line ends one, too."""
    long = 0 if has_blank_lines else _long([line for line in lines if line])
    pieces: list[str] = []
    for line, after in pairwise([*lines, ""]):
        is_last = not after or _ends_paragraph(pieces[0] if pieces else line, line, after, long)
        pieces.append(line if is_last else _before(line, after, words))
        if is_last:
            yield _BULLET.sub("", "".join(pieces), count=1)
            pieces = []


def _long(lines: Sequence[str]) -> int:
    widths = sorted(map(_width, lines))
    return widths[int(LONG * (len(widths) - 1))] if widths else 0


def _width(line: str) -> int:
    """Return how wide a line is, in letters: a Chinese character takes the place of two."""
    return len(line) + (0 if line.isascii() else len(WIDE.findall(line)))


def _ends_paragraph(first: str, line: str, after: str, long: int) -> bool:
    """Say whether a paragraph, which begins with its first line, ends with this one."""
    has_ended = _ENDED.search(line) is not None
    if _BULLET.match(after) or (_NUMBERED.match(after) and (has_ended or _NUMBERED.match(first))):
        return True
    return _width(line) < FULL * long and not _CUT.search(line) and (has_ended or not after[0].islower())


def _before(line: str, after: str, words: set[str]) -> str:
    """Return a line as it stands before the next one of its paragraph."""
    if _is_cut(line, after, words):
        return line[:-1]
    is_compound = _CUT.search(line) and not _is_elliptic(after)
    return line if is_compound else line + space_between(line, after)


def _is_cut(line: str, after: str, words: set[str]) -> bool:
    """Say whether a hyphen ends a line only because the word did not fit.

    A word that the document writes with a hyphen in the midst of a line, and never without, keeps it: "well-known".
    """
    if not _CUT.search(line) or not after[:1].islower() or _is_elliptic(after):
        return False
    if line[-1] == "\u00ad":
        return True
    start, stop = _WORDS.findall(line[:-1])[-1].lower(), _WORDS.findall(after)[0].lower()
    return f"{start}-{stop}" not in words or f"{start}{stop}" in words


def _is_elliptic(line: str) -> bool:
    found = _WORDS.match(line)
    return found is not None and found[0].lower() in ELLIPTIC
