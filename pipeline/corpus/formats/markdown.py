"""Markdown: markdown-it turns it into HTML, whose paragraphs are read."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.corpus.formats.document import Options, Paragraph, load
from pipeline.corpus.formats.html import paragraphs_of
from pipeline.corpus.formats.markup import parse_html

_FRONT_MATTER = re.compile(r"\A(---|\+\+\+)[ \t]*\r?\n.*?\n\1[ \t]*(?:\r?\n|\Z)", re.DOTALL)
"""What site generators put first: the title, the date, in YAML or TOML. As little part of the text as an HTML head."""

_NOTE = re.compile(r"^ {0,3}\[\^([^\[\]\s]+)\]:[ \t]*", re.MULTILINE)
"""Begins a footnote, which CommonMark doesn't know: it takes a note of one word for the address of a link."""

_MARK = re.compile(r"\[\^([^\[\]\s]+)\]")


def read_markdown(text: str, options: Options) -> Iterator[Paragraph]:
    """Give the paragraphs of a CommonMark text, with tables."""
    del options
    parser = load("markdown_it", "Markdown").MarkdownIt("commonmark").enable(["table", "strikethrough"])
    text = _without_note_marks(_FRONT_MATTER.sub("", text, count=1))
    root = parse_html(parser.render(text))
    if root is not None:
        yield from paragraphs_of(root)


def _without_note_marks(text: str) -> str:
    """Return a text in which a footnote is a paragraph where it stands, and nothing refers to it."""
    labels = set(_NOTE.findall(text))
    return _MARK.sub(lambda mark: "" if mark[1] in labels else mark[0], _NOTE.sub("\n", text))
