"""HTML pages: the text that a reader sees, a paragraph for each block."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pipeline.corpus.formats.document import Heading, Options, Paragraph, load
from pipeline.corpus.formats.markup import local_name, parse_html
from pipeline.corpus.formats.unseen import is_unseen

_BLOCKS = """address article aside blockquote body caption center dd details dialog dir div dl dt fieldset figcaption
    figure footer form h1 h2 h3 h4 h5 h6 header hgroup hr html legend li main menu nav ol optgroup option p pre section
    summary table tbody td tfoot th thead tr ul"""
BLOCKS = frozenset(_BLOCKS.split())
"""Elements that begin on a line of their own (HTML Living Standard, section 15.3); all others are part of a line."""

HEADINGS = {f"h{level}": level for level in range(1, 7)}

_SPACE = re.compile(r"[ \t\n\r\f]+")
_AROUND_BREAK = re.compile(r" *\n *")


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
        self._pieces.append("\n")

    def cut(self) -> Iterator[str]:
        """Give the paragraphs gathered so far, and begin anew."""
        text = _AROUND_BREAK.sub("\n", re.sub(" {2,}", " ", "".join(self._pieces)))
        self._pieces = []
        yield from (paragraph for part in text.split("\n\n") if (paragraph := part.strip(" \n")))


def read_html(text: str, options: Options) -> Iterator[Paragraph]:
    """Give the paragraphs of a page."""
    del options
    root = parse_html(text)
    if root is not None:
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
