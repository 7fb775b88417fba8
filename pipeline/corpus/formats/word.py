"""DOCX: mammoth turns it into HTML, whose paragraphs are read; notes stand at the end, pictures are left out."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

from pipeline.corpus.formats.archives import Archive
from pipeline.corpus.formats.document import Options, Paragraph, load
from pipeline.corpus.formats.html import paragraphs_of
from pipeline.corpus.formats.markup import parse_html
from pipeline.errors import DocumentError

BODY = "word/document.xml"
TITLES = "p[style-name='Title'] => h1:fresh"
"""Headings are known to mammoth by their styles, but for this one."""

_TO_A_NOTE = re.compile("#(foot|end)note-")


def read_docx(data: bytes, options: Options) -> Iterator[Paragraph]:
    """Give the paragraphs of a Word document: headings, lists and tables in their order, notes after all of them."""
    del options  # its XML names its own encoding
    mammoth = load("mammoth", "DOCX")
    with Archive(data) as archive:
        _check_xml(archive)
    pictures = mammoth.images.img_element(lambda _: {})
    found = mammoth.convert_to_html(io.BytesIO(data), convert_image=pictures, style_map=TITLES)
    root = parse_html(found.value.encode(), "utf-8")
    if root is None:
        return
    for link in root.iter("a"):
        if _TO_A_NOTE.match(link.get("href") or ""):
            link.clear(keep_tail=True)  # the number of a note, and the arrow back to it, are no text
    yield from paragraphs_of(root)


def _check_xml(archive: Archive) -> None:
    if BODY not in archive.names:
        raise DocumentError(f"lacks {BODY}, which a Word document must hold: is it whole?")
    for name in archive.names:
        if name.endswith((".xml", ".rels")) and b"<!DOCTYPE" in archive.read(name).replace(b"\0", b""):  # UTF-16 too
            raise DocumentError(f"declares a document type in {name}, as no Word document does; it is refused")
