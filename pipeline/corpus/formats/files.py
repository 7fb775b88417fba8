"""Read one file that is a document: by its format, into text."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from pipeline.corpus.formats.archives import gunzip
from pipeline.corpus.formats.document import DocumentText, Note, Options, Paragraph, join_paragraphs
from pipeline.corpus.formats.epub import read_epub
from pipeline.corpus.formats.html import read_html
from pipeline.corpus.formats.markdown import read_markdown
from pipeline.corpus.formats.memory import read_tmx
from pipeline.corpus.formats.names import PACKED, Format
from pipeline.corpus.formats.pdf import read_pdf
from pipeline.corpus.formats.subtitles import read_subtitles
from pipeline.corpus.formats.word import read_docx
from pipeline.corpus.formats.xml_text import read_xml
from pipeline.corpus.text import decode, normalise
from pipeline.errors import BitextError, DocumentError

Reader = Callable[[bytes, Options], Iterable[Paragraph | Note]]
"""Gives the paragraphs of a file, and notes; raises DocumentError, whose text goes on from the document's name."""

READERS: dict[Format, Reader] = {
    "docx": read_docx,
    "epub": read_epub,
    "html": read_html,
    "markdown": read_markdown,
    "pdf": read_pdf,
    "srt": read_subtitles("srt"),
    "tmx": read_tmx,
    "vtt": read_subtitles("vtt"),
    "xml": read_xml,
}
"""All but plain text, which is taken as it stands."""


def read_file(data: bytes, name: str, format_name: Format, options: Options, is_split: bool) -> DocumentText:
    """Return the text of a file.

    Raises DocumentError, whose text goes on from the document's name, and ConfigError where a library is missing.
    """
    if name.lower().endswith(PACKED):
        data = gunzip(data)
    if format_name == "text":
        return DocumentText(normalise(decode(data, options.encoding)))
    try:
        found = list(READERS[format_name](data, options))
    except BitextError:
        raise
    except Exception as error:  # what a library does with a broken file must not sink the run
        raise DocumentError(f"can't be read as {format_name}: {type(error).__name__}: {error}") from error
    paragraphs = [one for one in found if not isinstance(one, Note)]
    return DocumentText(
        join_paragraphs(paragraphs, is_split), tuple(one.text for one in found if isinstance(one, Note))
    )
