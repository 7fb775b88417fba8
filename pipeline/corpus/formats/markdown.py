"""Markdown: markdown-it turns it into HTML, whose paragraphs are read."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.corpus.formats.document import Options, Paragraph, load
from pipeline.corpus.formats.html import read_html
from pipeline.corpus.text import decode

_FRONT_MATTER = re.compile(r"\A(---|\+\+\+)[ \t]*\r?\n.*?\n\1[ \t]*(?:\r?\n|\Z)", re.DOTALL)
"""What site generators put first: the title, the date, in YAML or TOML. As little part of the text as an HTML head."""


def read_markdown(data: bytes, options: Options) -> Iterator[Paragraph]:
    """Give the paragraphs of a CommonMark text, with tables."""
    parser = load("markdown_it", "Markdown").MarkdownIt("commonmark").enable(["table", "strikethrough"])
    text = _FRONT_MATTER.sub("", decode(data, options.encoding), count=1)
    yield from read_html(parser.render(text).encode(), Options("utf-8"))
