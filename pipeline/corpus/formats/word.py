"""DOCX: mammoth turns it into HTML, whose paragraphs are read; notes stand at the end, pictures are left out."""

from __future__ import annotations

import io
import zipfile
from collections import Counter
from collections.abc import Iterator

from pipeline.corpus.formats.archives import Archive
from pipeline.corpus.formats.document import Heading, Note, Options, Paragraph, load
from pipeline.corpus.formats.html import paragraphs_of
from pipeline.corpus.formats.markup import parse_html
from pipeline.corpus.formats.word_parts import BODY, PARTS, count_beside, n_letters, rewrite
from pipeline.errors import DocumentError

STYLES = """
p[style-name='Title'] => h1:fresh
p[style-name='TOC Heading'] => !
p[style-name^='toc '] => !
"""
"""Headings are known to mammoth by their styles, but for the title; a table of contents repeats them with numbers of
pages. Word has these names in every language."""


def read_docx(data: bytes, options: Options) -> Iterator[Paragraph | Note]:
    """Give the paragraphs of a Word document: headings, lists and tables in their order, notes after all of them.

    What has text and is left out is counted, and told.
    """
    del options  # its XML names its own encoding
    mammoth = load("mammoth", "DOCX")
    with Archive(data) as archive:
        _check_xml(archive)
        left_out = count_beside(archive)
        before = {name: archive.read(name) for name in PARTS if name in archive.names}
        parts = {name: rewrite(part, left_out) for name, part in before.items()}
        whole = data if parts == before else _copy(archive, parts)
    n_unread = sum(map(n_letters, parts.values()))
    pictures = mammoth.images.img_element(lambda _: {})
    found = mammoth.convert_to_html(
        io.BytesIO(whole),
        convert_image=pictures,
        style_map=STYLES,
        include_embedded_style_map=False,  # a document may not say which of its paragraphs are left out
    )
    root = parse_html(found.value)
    for paragraph in paragraphs_of(root) if root is not None else ():
        yield paragraph
        n_unread -= sum(map(len, (paragraph.text if isinstance(paragraph, Heading) else paragraph).split()))
    yield from _notes(left_out, n_unread)


def _notes(left_out: Counter[str], n_unread: int) -> Iterator[Note]:
    told = [f"{n_words:,} words of {what}" for what, n_words in sorted(left_out.items())]
    if n_unread > 0:
        told.append(f"{n_unread:,} letters that stand in tables of contents or in ways that aren't known here")
    if told:
        yield Note(f"left out: {', '.join(told)}")


def _check_xml(archive: Archive) -> None:
    if BODY not in archive.names:
        raise DocumentError(f"lacks {BODY}, which a Word document must hold: is it whole?")
    for name in archive.names:
        if name.endswith((".xml", ".rels")) and b"<!DOCTYPE" in archive.read(name).replace(b"\0", b""):  # UTF-16 too
            raise DocumentError(f"declares a document type in {name}, as no Word document does; it is refused")


def _copy(archive: Archive, parts: dict[str, bytes]) -> bytes:
    """Return a document with other parts."""
    copy = io.BytesIO()
    with zipfile.ZipFile(copy, "w") as written:
        for name in archive.names:
            written.writestr(name, parts[name] if name in parts else archive.read(name))
    return copy.getvalue()
