"""PDF: the text that PDFium finds. A PDF file knows where letters stand, not what a word or paragraph is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipeline.corpus.formats.document import Note, Options, Paragraph, load
from pipeline.corpus.formats.pdf_lines import Joined, join_pages
from pipeline.errors import DocumentError


def read_pdf(data: bytes, options: Options) -> Iterator[Paragraph | Note]:
    """Give the paragraphs that the lines of the pages seem to make, and say that they are a guess."""
    del options  # each font has an encoding of its own
    pages = _pages(data)
    if pages and not any(page.strip() for page in pages):
        raise DocumentError("has no text: its pages seem to be pictures; recognise their text first (OCR)")
    joined = join_pages(pages)
    yield from joined.paragraphs
    yield Note(_describe(joined))


def _pages(data: bytes) -> list[str]:
    pdfium: Any = load("pypdfium2", "PDF")
    try:
        document = pdfium.PdfDocument(data)
        try:
            return [page.get_textpage().get_text_bounded() for page in document]
        finally:
            document.close()
    except pdfium.PdfiumError as error:
        if "password" in str(error):
            raise DocumentError("is protected by a password; save it without one") from None
        raise DocumentError(f"is no PDF file that can be read: {error}") from None


def _describe(joined: Joined) -> str:
    return (
        "it is PDF, whose text is a guess: lines may be out of order, paragraphs wrong, notes in the midst of a "
        f"sentence; {joined.n_left_out:,} lines that recur at the top or foot of pages, or list what stands on which, "
        f"were left out, and {joined.n_joined:,} words joined that seemed to be cut at the end of a line; take the "
        "document in another format where there is one"
    )
