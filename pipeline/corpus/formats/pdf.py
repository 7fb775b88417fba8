"""PDF: the text that pypdf finds. A PDF file knows where letters stand, not what a word or paragraph is."""

from __future__ import annotations

import io
from collections.abc import Iterator

from pipeline.corpus.formats.document import Options, load
from pipeline.errors import DocumentError

NOTE = (
    "it is PDF, whose text is a guess: lines may be out of order, words cut, and what stands at the top and foot of "
    "each page is in the text; take the document in another format where there is one"
)


def read_pdf(data: bytes, options: Options) -> Iterator[str]:
    """Give the text of each page, its lines as they were set."""
    del options  # each font has an encoding of its own
    pypdf = load("pypdf", "PDF")
    try:
        reader = pypdf.PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise DocumentError("is protected by a password; save it without one")
        pages = [page.extract_text() for page in reader.pages]
    except pypdf.errors.PyPdfError as error:
        raise DocumentError(f"is no PDF file that can be read: {error}") from None
    if pages and not any(page.strip() for page in pages):
        raise DocumentError("has no text: its pages seem to be pictures; recognise their text first (OCR)")
    yield "\n".join(pages)  # one paragraph may run over the end of a page: splitting finds them by their lines
