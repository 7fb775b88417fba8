"""HTML pages: the text that a reader sees, a paragraph for each block."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from pipeline.corpus.formats.document import Heading, Note, Options, Paragraph, load, space_between
from pipeline.corpus.formats.main_text import main_part, n_words
from pipeline.corpus.formats.markup import local_name, parse_html
from pipeline.corpus.formats.unseen import is_page_number, is_unseen

_BLOCKS = """address article aside blockquote body caption center dd details dialog dir div dl dt fieldset figcaption
    figure footer form h1 h2 h3 h4 h5 h6 header hgroup hr html legend li main menu nav ol optgroup option p pre section
    summary table tbody td tfoot th thead tr ul"""
BLOCKS = frozenset(_BLOCKS.split())
"""Elements that begin on a line of their own (HTML Living Standard, section 15.3); all others are part of a line."""

HEADINGS = {f"h{level}": level for level in range(1, 7)}

_SPACE = re.compile(r"[ \t\n\r\f]+")
_AROUND_BREAK = re.compile(r" *\v *")
_ENDED = re.compile(r"[.!?:;…。！？：；।۔؟]['\"”’»›)\]」』）]*$")
_OPENERS = " \"'“”„‚‘’«»‹›([{¿¡-–—"
LONG_LINE = 45
"""Few lines of verse are so long; in text that is broken to fit a page, nearly all are."""


class Gatherer:
    """Gathers running text, and cuts it where a block begins or ends."""

    def __init__(self) -> None:
        self._pieces: list[str] = []

    def add(self, text: str | None, is_verbatim: bool = False) -> None:
        """Take more text of the same block; white space counts as one space, unless it stands as it was written."""
        if text:
            self._pieces.append(text if is_verbatim else _SPACE.sub(" ", text))

    def add_break(self) -> None:
        """End a line; two breaks end the paragraph."""
        self._pieces.append("\v")

    def part_sentences(self) -> None:
        """Put a space after the end of a sentence, if there is none: what stood between it and the next isn't read."""
        if self._pieces and _ENDED.search(self._pieces[-1]):
            self._pieces.append(" ")

    def cut(self) -> Iterator[str]:
        """Give the paragraphs gathered so far, and begin anew."""
        text = _AROUND_BREAK.sub("\v", re.sub(" {2,}", " ", "".join(self._pieces)))
        self._pieces = []
        yield from (paragraph for part in text.split("\v\v") if (paragraph := join_lines(part.split("\v"))))


def join_lines(lines: Sequence[str]) -> str:
    """Join the lines of a paragraph, each with a space where a sentence goes on in the next; others stay lines."""
    lines = [line for line in lines if line.strip(" \n")]
    ends = bool(lines) and _ENDED.search(lines[-1]) is not None
    pieces = []
    for before, line in pairwise(["", *lines]):
        goes_on = before and _goes_on(before, line, ends)
        pieces += [space_between(before, line) if goes_on else "\n" if before else "", line]
    return "".join(pieces).strip(" \n")


def _goes_on(before: str, line: str, ends: bool) -> bool:
    """Say whether a sentence runs over a break: not in an address or a title, and seldom in verse.

    A small letter goes on; a letter of a script that has no small ones does after a letter or a comma; a capital one
    only in a paragraph of long lines that ends as a sentence does.
    """
    first = line.lstrip(_OPENERS)[:1]
    if _ENDED.search(before) or not first.isalpha():
        return False
    if first.islower():
        return True
    if first.isupper():
        return ends and len(before) >= LONG_LINE and (before[-1].islower() or before[-1] == ",")
    return before[-1].isalpha() or before[-1] in "，、,،"


def read_html(text: str, options: Options) -> Iterator[Paragraph | Note]:
    """Give the paragraphs of a page; of its main text, if that is asked for."""
    root = parse_html(text)
    if root is not None:
        yield from page_paragraphs(root, options)


def page_paragraphs(root: Any, options: Options) -> Iterator[Paragraph | Note]:
    """Give the paragraphs of a parsed page from the web."""
    if options.main_text:
        main = main_part(root)
        if main is None:
            yield Note("no main text was found on it: it is read whole")
        else:
            n_left_out = n_words(root) - n_words(main)
            yield Note(f"{n_left_out:,} of its {n_words(root):,} words were left out: menus, heads, feet and the like")
            root = main
    yield from paragraphs_of(root)


def paragraphs_of(root: Any) -> Iterator[Paragraph]:
    """Give the paragraphs of a parsed page, HTML or XHTML."""
    etree = load("lxml.etree", "HTML")
    gathered = Gatherer()
    n_verbatim = 0
    skipped: Any = None
    walk = etree.iterwalk(root, events=("start", "end"))
    for event, element in walk:
        name = local_name(element)
        if event == "start" and is_unseen(element, name):
            walk.skip_subtree()
            skipped = element
            if is_page_number(element):
                gathered.part_sentences()
        if event == "end" and name in HEADINGS and element is not skipped:
            yield from (Heading(text, HEADINGS[name]) for text in gathered.cut())
        elif name in BLOCKS:
            yield from gathered.cut()
        if element is skipped:
            text = element.tail if event == "end" else None
        elif event == "start":
            n_verbatim += name == "pre"
            if name == "br":
                gathered.add_break()
            text = element.text
        else:
            n_verbatim -= name == "pre"
            text = element.tail
        gathered.add(text, n_verbatim > 0)
    yield from gathered.cut()
