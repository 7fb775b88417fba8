"""DOCX: mammoth turns it into HTML, whose paragraphs are read; notes stand at the end, pictures are left out."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from typing import Any

from pipeline.corpus.formats.archives import Archive
from pipeline.corpus.formats.document import Options, Paragraph, load
from pipeline.corpus.formats.html import paragraphs_of
from pipeline.corpus.formats.markup import decode_markup, parse_html, parse_xml
from pipeline.errors import DocumentError

BODY = "word/document.xml"
PARTS = (BODY, "word/footnotes.xml", "word/endnotes.xml")
"""Where a Word document has text."""

STYLES = """
p[style-name='Title'] => h1:fresh
p[style-name='TOC Heading'] => !
p[style-name^='toc '] => !
"""
"""Headings are known to mammoth by their styles, but for the title; a table of contents repeats them with numbers of
pages. Word has these names in every language."""


def read_docx(data: bytes, options: Options) -> Iterator[Paragraph]:
    """Give the paragraphs of a Word document: headings, lists and tables in their order, notes after all of them."""
    del options  # its XML names its own encoding
    mammoth = load("mammoth", "DOCX")
    with Archive(data) as archive:
        _check_xml(archive)
        shown = _without_hidden(archive)
    pictures = mammoth.images.img_element(lambda _: {})
    found = mammoth.convert_to_html(io.BytesIO(shown or data), convert_image=pictures, style_map=STYLES)
    root = parse_html(found.value)
    if root is not None:
        yield from paragraphs_of(root)


def _check_xml(archive: Archive) -> None:
    if BODY not in archive.names:
        raise DocumentError(f"lacks {BODY}, which a Word document must hold: is it whole?")
    for name in archive.names:
        if name.endswith((".xml", ".rels")) and b"<!DOCTYPE" in archive.read(name).replace(b"\0", b""):  # UTF-16 too
            raise DocumentError(f"declares a document type in {name}, as no Word document does; it is refused")


def _without_hidden(archive: Archive) -> bytes | None:
    """Return a document without the text that Word hides and mammoth shows; None where nothing is hidden."""
    parts = {name: archive.read(name) for name in PARTS if name in archive.names}
    hiding = {name: part for name, part in parts.items() if b"vanish" in part}
    if not hiding:
        return None
    shown = io.BytesIO()
    with zipfile.ZipFile(shown, "w") as copy:
        for name in archive.names:
            copy.writestr(name, _shown(hiding[name]) if name in hiding else archive.read(name))
    return shown.getvalue()


def _shown(part: bytes) -> bytes:
    root = parse_xml(decode_markup(part, Options()).text)
    for run in list(root.iter("{*}r")):
        mark = run.find("{*}rPr/{*}vanish")
        if mark is not None and not {"0", "false", "off"} & set(mark.attrib.values()):
            run.getparent().remove(run)
    whole: Any = load("lxml.etree", "DOCX").tostring(root, encoding="utf-8", xml_declaration=True)
    return bytes(whole)
