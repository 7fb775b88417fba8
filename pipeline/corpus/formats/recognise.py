"""Tell the format of a file by its first bytes: names don't always tell, and markup must not be read as prose."""

from __future__ import annotations

import io
import re
import zipfile
from typing import NamedTuple

from pipeline.corpus.formats.archives import Damaged
from pipeline.corpus.formats.names import SUFFIXES, Format
from pipeline.corpus.text import encoding_by_mark
from pipeline.errors import DocumentError

HEAD_BYTES = 8_192
"""How much of a file is looked at."""

SAMPLE_CHARS = 200_000
"""How much of a text is looked at for markup."""

MOSTLY_MARKUP = 0.25
"""A text of which so much is markup, as a share of what isn't white space, is refused …"""

SOME_MARKUP = 0.02
"""… and one with more than this is read, but said to have it. Prose has none; with the tags of a corpus about .01."""

_BY_FORCE = 'to take it as it stands, set [corpus] format = "text"'
_TABLE = "save its texts as a table (.csv, .tsv, .xlsx) with a column for each language, or as plain text"

REFUSED = {
    ".json": f"is JSON, which says nothing of what in it is text; {_TABLE}; {_BY_FORCE}",
    ".yaml": f"is YAML, which says nothing of what in it is text; {_TABLE}; {_BY_FORCE}",
    ".yml": f"is YAML, which says nothing of what in it is text; {_TABLE}; {_BY_FORCE}",
    ".xls": "is an old Excel file; save it as .xlsx",
    ".ods": "is a spreadsheet of LibreOffice; save it as .xlsx",
    ".odp": "is a presentation of LibreOffice; save it as .pptx",
    ".ppt": "is an old PowerPoint file; save it as .pptx",
    ".mobi": "is a book for the Kindle; convert it to .epub, with Calibre for example",
    ".azw3": "is a book for the Kindle; convert it to .epub, with Calibre for example",
    ".djvu": "is made of pictures of pages; recognise their text first (OCR)",
}
"""What is known by its name and can't be read, with what to do."""

_ROOTS: dict[str, Format] = {
    "fictionbook": "fb2", "xliff": "xliff", "tmx": "tmx", "ts": "ts", "tt": "ttml", "html": "html",
}  # fmt: skip
"""Kinds of XML by their first element; what is none of these is read as any XML is."""

_XML = re.compile(r"\s*<\?xml\b")
_FIRST_TAG = re.compile(
    r"(?>\s+|<\?[^>]*>|<!--(?s:.*?)-->|<!DOCTYPE[^>\[]*(?:\[[^\]]*\])?\s*>)*+<([A-Za-z][\w.:-]*)", re.IGNORECASE
)
_HTML_NAMES = """html head body title meta link base div p h1 h2 h3 h4 h5 h6 table ul ol article section main header nav
    span br blockquote center font script style b i em strong a img pre dl tr td"""
HTML_NAMES = frozenset(_HTML_NAMES.split())
_TEXT_SIGNS: tuple[tuple[re.Pattern[str], Format], ...] = (
    (re.compile(r"\s*\{\\rtf"), "rtf"),
    (re.compile(r"\s*WEBVTT(?:\s|$)"), "vtt"),
    (re.compile(r"\s*\[Script Info\]", re.IGNORECASE), "ass"),
    (re.compile(r"\s*\d+[ \t]*\r?\n\s*\d+:\d\d:\d\d[,.]\d+\s*-->"), "srt"),
    (re.compile(r"\s*\{\d+\}\{\d+\}"), "microdvd"),
    (re.compile(r'(?:#[^\n]*\n|\s)*msg(?:id|ctxt) "'), "po"),
    (re.compile(r"(?:%[^\n]*\n|\s)*\\(?:documentclass|documentstyle)\b"), "latex"),
)
_JSON = re.compile(r'\s*(?:\{\s*"[^"\n]{0,200}"\s*:|\[\s*[\[{"])')
_RESX = re.compile(r"<(?:data\s+name=|resheader\b)")
_MARKUP = re.compile(
    r"<[/!?]?[A-Za-z][^<>]{0,500}>|\\[A-Za-z]+|\{\{[^{}]{0,500}\}\}|\[\[|\]\]|&(?:[a-z]+|#\d+);|[{}]"
    r'|^\s*"[^"\n]{1,100}"\s*:',
    re.MULTILINE,
)
"""Tags, commands of LaTeX, templates and links of a wiki, what stands for a letter, keys of JSON."""


BINARY = (b"%PDF-", b"PK\x03\x04", b"\xd0\xcf\x11\xe0")


class Recognised(NamedTuple):
    """What a file is read as, and what people should know of it."""

    format: Format
    note: str = ""


def recognise(data: bytes, suffix: str) -> Recognised:
    """Return the format of a file that nobody has forced, by its first bytes and its name.

    Raises DocumentError where it is known, and can't be read.
    """
    named = SUFFIXES.get(suffix, "text")
    if suffix in REFUSED:
        raise DocumentError(REFUSED[suffix])
    binary = _binary_format(data)
    found = binary or _text_format(data, suffix)
    if found is None or found == named or (not binary and not _says_more(found, named)):
        return Recognised(named)
    if named == "xml" and not binary:
        return Recognised(found)
    what = f"its name says {named}" if suffix in SUFFIXES else "its name doesn't say what it is"
    return Recognised(found, f"{what}; it begins as {found} does, and is read as such. If it is text, {_BY_FORCE}")


def begins_plain(head: bytes, suffix: str) -> bool:
    """Say whether a file will be taken for plain text, or refused at once, by its first bytes."""
    try:
        return not head.startswith(BINARY) and recognise(head, suffix).format == "text"
    except DocumentError:
        return True


def markup_note(text: str) -> str:
    """Return what to say of the markup in a plain text; raises DocumentError where it is mostly that."""
    sample = text[:SAMPLE_CHARS]
    n_signs = len(sample) - sum(map(sample.count, " \n\t"))
    share = sum(len(found) for found in _MARKUP.findall(sample)) / n_signs if n_signs else 0.0
    if share >= MOSTLY_MARKUP:
        raise DocumentError(
            f"is markup to {share:.0%}, not plain text; name it as what it is, or set [corpus] format; {_BY_FORCE}"
        )
    return f"{share:.0%} of it is markup, which is read as text: is it plain text?" if share >= SOME_MARKUP else ""


def _binary_format(data: bytes) -> Format | None:
    if data.startswith(b"%PDF-"):
        return "pdf"
    if data.startswith(b"PK\x03\x04"):
        return _zip_format(data)
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        if "WordDocument".encode("utf-16-le") in data:
            return "doc"
        raise DocumentError(
            "is an old Microsoft Office file, not of Word; save it in the format of today (.xlsx, .pptx)"
        )
    return None


def _zip_format(data: bytes) -> Format | None:
    """Tell office documents and books apart; what is none of these is refused where it is read."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = set(archive.namelist())
            kind = archive.open("mimetype").read(100).strip() if "mimetype" in names else b""
    except Damaged:
        return None
    if kind.startswith(b"application/vnd.oasis.opendocument."):
        if kind.startswith(b"application/vnd.oasis.opendocument.text"):
            return "odt"
        raise DocumentError("is a file of LibreOffice that holds no text document; save it as .xlsx or .pptx")
    if kind == b"application/epub+zip" or "META-INF/container.xml" in names:
        return "epub"
    by_member: dict[str, Format] = {
        "word/document.xml": "docx", "xl/workbook.xml": "xlsx", "ppt/presentation.xml": "pptx",
    }  # fmt: skip
    return next((found for member, found in by_member.items() if member in names), None)


def _text_format(data: bytes, suffix: str) -> Format | None:
    head = data[:HEAD_BYTES].decode(encoding_by_mark(data) or "utf-8", errors="replace").lstrip("\ufeff")
    for sign, found in _TEXT_SIGNS:
        if sign.match(head):
            return found
    first = _FIRST_TAG.match(head)
    if first is not None:
        name = first[1].rpartition(":")[2].lower()
        if name == "root" and (suffix == ".resx" or _RESX.search(head)):
            return "resx"
        if name in _ROOTS:
            return _ROOTS[name]
        if name == "svg":
            raise DocumentError("is a drawing (SVG), not a document; leave it out")
        if _XML.match(head):
            return "xml"
        return "html" if name in HTML_NAMES else None
    is_text = SUFFIXES.get(suffix, "text") == "text"
    if is_text and _JSON.match(head) and data.rstrip()[-1:] in (b"}", b"]"):
        raise DocumentError(f"{REFUSED['.json']}; where each line holds a document, name it .jsonl")
    return None


def _says_more(found: Format, named: Format) -> bool:
    """Say whether what a text begins as counts, and not its name: Markdown, for one, may begin with a tag of HTML."""
    if named == "text":
        return True
    if named in ("srt", "vtt", "ass", "microdvd"):
        return found in ("srt", "vtt", "ass", "microdvd")
    if named in ("xml", "html", "tmx", "xliff", "ts", "ttml", "fb2"):
        return found in ("xliff", "fb2", "tmx", "ts", "ttml", "resx", "rtf") or (named != "xml" and found == "xml")
    return found == "rtf"
