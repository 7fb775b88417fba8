"""Read one file that is a document: by its format, into text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from pipeline.corpus.formats.archives import gunzip
from pipeline.corpus.formats.document import DocumentText, Note, Options, Paragraph, join_paragraphs
from pipeline.corpus.formats.epub import read_epub
from pipeline.corpus.formats.html import read_html
from pipeline.corpus.formats.markdown import read_markdown
from pipeline.corpus.formats.markup import decode_markup
from pipeline.corpus.formats.memory import read_tmx
from pipeline.corpus.formats.names import PACKED, Format
from pipeline.corpus.formats.pdf import read_pdf
from pipeline.corpus.formats.subtitles import read_subtitles
from pipeline.corpus.formats.word import read_docx
from pipeline.corpus.formats.xml_text import read_xml
from pipeline.corpus.text import decode, normalise
from pipeline.errors import BitextError, DocumentError

Found = Iterable[Paragraph | Note]
"""The paragraphs of a file, and notes. Readers raise DocumentError, whose text goes on from the document's name."""

PLAIN_READERS: dict[Format, Callable[[str, Options], Found]] = {
    "markdown": read_markdown,
    "srt": read_subtitles("srt"),
    "vtt": read_subtitles("vtt"),
}
"""Formats that are written as text, whose files don't say in which encoding."""

MARKUP_READERS: dict[Format, Callable[[str, Options], Found]] = {
    "html": read_html,
    "tmx": read_tmx,
    "xml": read_xml,
}
"""Formats whose files may name their encoding."""

BINARY_READERS: dict[Format, Callable[[bytes, Options], Found]] = {
    "docx": read_docx,
    "epub": read_epub,
    "pdf": read_pdf,
}


def read_file(data: bytes, name: str, format_name: Format, options: Options, is_split: bool) -> DocumentText:
    """Return the text of a file.

    Raises DocumentError, whose text goes on from the document's name, and ConfigError where a library is missing.
    """
    if name.lower().endswith(PACKED):
        data = gunzip(data)
    if format_name == "text":
        decoded = decode(data, options.encoding, options.min_confidence)
        return DocumentText(normalise(decoded.text), tuple(filter(None, [decoded.note])))
    try:
        found = list(_read(data, format_name, options))
    except (BitextError, MemoryError):
        raise
    except Exception as error:  # what a library does with a broken file must not sink the run
        raise DocumentError(f"can't be read as {format_name}: {type(error).__name__}: {error}") from error
    paragraphs = [one for one in found if not isinstance(one, Note)]
    return DocumentText(
        join_paragraphs(paragraphs, is_split), tuple(one.text for one in found if isinstance(one, Note))
    )


def _read(data: bytes, format_name: Format, options: Options) -> Iterator[Paragraph | Note]:
    if format_name in BINARY_READERS:
        yield from BINARY_READERS[format_name](data, options)
        return
    if format_name in MARKUP_READERS:
        decoded, read = decode_markup(data, options), MARKUP_READERS[format_name]
    else:
        decoded = decode(data, options.encoding, options.min_confidence)
        read = PLAIN_READERS[format_name]
    if decoded.note:
        yield Note(decoded.note)
    yield from read(decoded.text, options)
