"""The main text of a web page: without menus, heads and feet, as trafilatura finds it."""

from __future__ import annotations

from typing import Any

from pipeline.corpus.formats.document import load
from pipeline.corpus.formats.markup import parse_html
from pipeline.corpus.formats.unseen import is_unseen


def main_part(root: Any) -> Any | None:
    """Return the part of a parsed page that is its text, as a page of its own; None where none is found."""
    etree = load("lxml.etree", "HTML")
    trafilatura = load("trafilatura", "the main text of pages")
    _drop_unseen(root)
    found = trafilatura.extract(
        etree.tostring(root, encoding="unicode", method="html"),
        output_format="html",
        include_comments=False,
        include_formatting=False,
        favor_recall=True,
    )
    return parse_html(found) if found else None


def n_words(root: Any) -> int:
    """Count the words of a page, with all that it shows."""
    return sum(len(text.split()) for body in root.iter("body") for text in body.itertext())


def _drop_unseen(root: Any) -> None:
    """Take out what isn't read, so that only the text is looked through; trafilatura knows no numbers of notes."""
    for element in list(root.iter("*")):
        parent = element.getparent()
        name = str(element.tag).rpartition("}")[2].lower()
        if parent is None or name in ("head", "nav") or not is_unseen(element, name):
            continue
        before, tail = element.getprevious(), element.tail or ""
        parent.remove(element)
        if before is not None:
            before.tail = (before.tail or "") + tail
        else:
            parent.text = (parent.text or "") + tail
