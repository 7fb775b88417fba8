"""Plain text that was taken from pages, by OCR or pdftotext: running heads and numbers left out, lines joined."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from pipeline.corpus.formats.pdf_lines import Joined, join_pages

FORM_FEED = "\f"
"""Ends a page, as pdftotext and others write it."""

MIN_PAGES = 3
"""A text is taken for pages only where so many show that they are: with lines that recur, or numbers that count on."""

MIN_BLANK, MIN_BLANK_SHARE = 3, 0.02
"""Blank lines part paragraphs if there are so many within pages, and such a share of all lines."""

_BLANK = re.compile(r"\n[ \t]*\n\s*")
_NUMBER = re.compile(r"[^\w\n]*(\d{1,4})[^\w\n]*")


def join_text(text: str, is_asked: bool) -> Joined | None:
    """Return the paragraphs of a text with pages; None where nobody asked and it doesn't show any."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    pages = text.split(FORM_FEED) if FORM_FEED in text.strip() else list(_numbered_pages(text.split("\n")))
    if not is_asked and len(pages) < MIN_PAGES:
        return None
    joined = join_pages(pages, has_blank_lines=_has_blank_lines(pages))
    return joined if is_asked or joined.n_left_out >= MIN_PAGES else None


def _has_blank_lines(pages: list[str]) -> bool:
    """Say whether blank lines part the paragraphs within pages."""
    n_blank = sum(len(_BLANK.findall(page.strip())) for page in pages)
    return n_blank >= max(MIN_BLANK, MIN_BLANK_SHARE * sum(page.count("\n") for page in pages))


def _numbered_pages(lines: list[str]) -> Iterator[str]:
    """Cut a text after the lines that hold nothing but the number of a page, each by one more than that before."""
    numbers = [(index, int(found[1])) for index, line in enumerate(lines) if (found := _NUMBER.fullmatch(line))]
    ends = _longest_count(numbers)
    starts = [0, *(index + 1 for index in ends)]
    for start, stop in pairwise([*starts, len(lines)]):
        yield "\n".join(lines[start:stop])


def _longest_count(numbers: list[tuple[int, int]]) -> list[int]:
    """Return where the most numbers stand that count on from line to line, others between them or not."""
    best_of: dict[int, tuple[int, int]] = {}  # the last number of a count → how many there are, and where the last is
    before: dict[int, int | None] = {}
    best: tuple[int, int] | None = None
    for index, number in numbers:
        length, last = best_of.get(number - 1, (0, None))
        before[index] = last
        if number not in best_of or length + 1 >= best_of[number][0]:
            best_of[number] = (length + 1, index)
        if best is None or length + 1 > best[0]:
            best = (length + 1, index)
    found: list[int] = []
    at = best[1] if best is not None and best[0] >= MIN_PAGES else None
    while at is not None:
        found.append(at)
        at = before[at]
    return found[::-1]
