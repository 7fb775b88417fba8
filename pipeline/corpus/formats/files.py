"""Read one file that is a document: by its format, into text."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from pipeline.corpus.formats.archives import gunzip
from pipeline.corpus.formats.document import (
    DocumentText,
    Note,
    Options,
    Paragraph,
    Spoken,
    UnitTexts,
    join_paragraphs,
    place_times,
)
from pipeline.corpus.formats.epub import read_epub
from pipeline.corpus.formats.html import read_html
from pipeline.corpus.formats.localised import read_po, read_ts, read_values, read_xliff
from pipeline.corpus.formats.markdown import read_markdown
from pipeline.corpus.formats.markup import decode_markup
from pipeline.corpus.formats.memory import read_tmx
from pipeline.corpus.formats.names import PACKED, SEVERAL_LANGUAGES, Format, suffix_of
from pipeline.corpus.formats.notebook import read_notebook
from pipeline.corpus.formats.page_text import join_text
from pipeline.corpus.formats.pandoc import read_doc, read_text_through_pandoc, read_through_pandoc
from pipeline.corpus.formats.pdf import read_pdf
from pipeline.corpus.formats.recognise import Recognised, markup_note, recognise
from pipeline.corpus.formats.slides import read_pptx
from pipeline.corpus.formats.subtitles import read_subtitles
from pipeline.corpus.formats.tables import read_delimited, read_xlsx
from pipeline.corpus.formats.word import read_docx
from pipeline.corpus.formats.xml_text import read_xml
from pipeline.corpus.text import decode, normalise
from pipeline.errors import BitextError, DocumentError

Found = Iterable[Paragraph | UnitTexts | Note | Spoken]
"""The paragraphs of a file, or its units, notes, and of subtitles when what is said. Readers raise DocumentError, whose
text goes on from the document's name."""

TEXT_READERS: dict[Format, Callable[[str, Options], Found]] = {
    "ass": read_subtitles("ass"),
    "asciidoc": read_text_through_pandoc("asciidoc"),
    "csv": read_delimited(None),
    "ipynb": read_notebook,
    "latex": read_text_through_pandoc("latex"),
    "markdown": read_markdown,
    "mediawiki": read_text_through_pandoc("mediawiki"),
    "microdvd": read_subtitles("microdvd"),
    "org": read_text_through_pandoc("org"),
    "properties": read_values("properties", "javautf8file"),
    "rst": read_text_through_pandoc("rst"),
    "srt": read_subtitles("srt"),
    "textile": read_text_through_pandoc("textile"),
    "tsv": read_delimited("\t"),
    "typst": read_text_through_pandoc("typst"),
    "vtt": read_subtitles("vtt"),
}
"""Formats that are written as text, whose files don't say in which encoding."""

MARKUP_READERS: dict[Format, Callable[[str, Options], Found]] = {
    "fb2": read_text_through_pandoc("fb2"),
    "html": read_html,
    "po": read_po,
    "resx": read_values("resx", "RESXFile"),
    "tmx": read_tmx,
    "ts": read_ts,
    "ttml": read_subtitles("ttml"),
    "xliff": read_xliff,
    "xml": read_xml,
}
"""Formats whose files may name their encoding."""

BINARY_READERS: dict[Format, Callable[[bytes, Options], Found]] = {
    "doc": read_doc,
    "docx": read_docx,
    "epub": read_epub,
    "odt": read_through_pandoc("odt"),
    "pdf": read_pdf,
    "pptx": read_pptx,
    "rtf": read_through_pandoc("rtf"),
    "xlsx": read_xlsx,
}


def read_file(data: bytes, path: Path, forced: Format | None, options: Options, is_split: bool) -> DocumentText:
    """Return the text of a file.

    Raises DocumentError, whose text goes on from the document's name, and ConfigError where a library is missing.
    """
    if path.suffix.lower() == PACKED:
        data = gunzip(data)
    format_name, note = Recognised(forced) if forced else recognise(data, suffix_of(path))
    notes = [note] if note else []
    if format_name == "text":
        decoded = decode(data, options.encoding, options.min_confidence)
        notes += [decoded.note, "" if forced else markup_note(decoded.text)]
        text, how = _plain(decoded.text, options, is_split)
        return DocumentText(text, tuple(filter(None, [*notes, how])))
    try:
        found = list(_read(data, format_name, options))
    except (BitextError, MemoryError):
        raise
    except Exception as error:  # what a library does with a broken file must not sink the run
        raise DocumentError(f"can't be read as {format_name}: {type(error).__name__}: {error}") from error
    paragraphs = [one for one in found if not isinstance(one, Note | Spoken)]
    spoken = [one for one in found if isinstance(one, Spoken)]
    notes += [one.text for one in found if isinstance(one, Note)]
    text = join_paragraphs(paragraphs, is_split)
    times = place_times(text, spoken)
    if spoken and not times:
        notes.append("its times don't fit its text, and are left out")
    n_units = sum(isinstance(one, UnitTexts) for one in paragraphs)
    bilingual_file = hashlib.sha256(data).hexdigest()[:16] if n_units else ""
    return DocumentText(text, tuple(notes), times, bilingual_file, n_units)


def _plain(text: str, options: Options, is_split: bool) -> tuple[str, str]:
    """Return a plain text, and what was done where it shows the pages that it was taken from."""
    joined = None if is_split or options.layout == "lines" else join_text(text, options.layout == "pages")
    if joined is None:
        return normalise(text), ""
    done = (
        f"it shows the pages that it was taken from: {joined.n_left_out:,} lines that recur at their top or foot were "
        f"left out, and {joined.n_joined:,} words joined that were cut at the end of a line; if that is wrong, set "
        '[corpus] layout = "lines"'
    )
    return join_paragraphs(joined.paragraphs, is_split), done


def _read(data: bytes, format_name: Format, options: Options) -> Iterator[Paragraph | UnitTexts | Note | Spoken]:
    if format_name in BINARY_READERS:
        yield from BINARY_READERS[format_name](data, options)
        return
    if format_name in SEVERAL_LANGUAGES and not options.language:
        raise DocumentError(
            f"is {format_name.upper()}, which holds several languages: name it .{format_name}, and name the languages"
        )
    if format_name in MARKUP_READERS:
        decoded, read = decode_markup(data, options), MARKUP_READERS[format_name]
    else:
        decoded = decode(data, options.encoding, options.min_confidence)
        read = TEXT_READERS[format_name]
    if decoded.note:
        yield Note(decoded.note)
    yield from read(decoded.text, options)
