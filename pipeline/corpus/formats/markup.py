"""XML and HTML parsed without entities, document types or network, in the encoding that they name."""

from __future__ import annotations

import codecs
import html
import re
from typing import Any

from pipeline.corpus.formats.document import Options, load
from pipeline.corpus.text import Decoded, decode, encoding_by_mark, is_utf8
from pipeline.errors import DocumentError

HEAD_BYTES = 4096
"""A file names its encoding at its beginning: XML in its first line, HTML within 1,024 bytes."""

_XML_ENCODING = re.compile(rb"""\A\s*<\?xml[^>]*?\bencoding\s*=\s*["']([\w.:-]+)["']""")
_HTML_ENCODING = re.compile(rb"""(?i)<meta\b[^>]*?\bcharset\s*=\s*["']?\s*([\w.:-]+)""")
_PO_ENCODING = re.compile(rb"^\"Content-Type:[^\n]*?\bcharset=([\w.:-]+)", re.MULTILINE)
_XML_DECLARATION = re.compile(r"\A\s*<\?xml[^>]*\?>")
_FIRST_TAG = re.compile(r"<[^!?\s<>/]")
_MANY_ATTRIBUTES = re.compile(
    r"""<[A-Za-z][^\s<>/]*+(?>[\s/]++[^\s<>="'/]++(?>\s*+=\s*+(?>"[^"]*"|'[^']*'|[^\s<>"']++))?){1000}"""
)
"""libxml2 compares each attribute with all others of its element."""
_ENTITY_DECLARATION = "<!ENTITY"
_NAMED = re.compile(r"&([A-Za-z][A-Za-z0-9]*);")
_XML_NAMES = frozenset({"amp", "lt", "gt", "quot", "apos"})

WEB_NAMES = {"ascii": "cp1252", "iso8859-1": "cp1252", "gb2312": "gb18030", "gbk": "gb18030", "shift_jis": "cp932"}
"""What browsers read a page as that names one of these (WHATWG Encoding Standard, section 4.2), by Python's names."""


def decode_markup(data: bytes, options: Options) -> Decoded:
    """Decode XML, HTML or PO, which names its own encoding: the config counts before that, UTF-8 before both."""
    is_plain = is_utf8(data) or encoding_by_mark(data) is not None
    encoding = options.encoding or _declared_encoding(data, is_plain)
    return decode(data, encoding, options.min_confidence)


def parse_xml(text: str) -> Any:
    """Return the root element of an XML file.

    Named characters of HTML (`&nbsp;`), which XHTML and DocBook borrow, are known. Raises DocumentError for what is not
    well-formed, and for entities: those a file declares itself are what bombs are made of.
    """
    etree = load("lxml.etree", "XML")
    text = _XML_DECLARATION.sub("", text, count=1)
    _check_attributes(text)
    first_tag = _FIRST_TAG.search(text)
    if _ENTITY_DECLARATION in text[: first_tag.start() if first_tag else None]:
        raise DocumentError("declares entities of its own, which are not expanded; write out what they stand for")
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        remove_comments=True,
        remove_pis=True,
        huge_tree=False,
    )
    try:
        root = etree.fromstring(_NAMED.sub(_character, text).encode(), parser)
    except etree.XMLSyntaxError as error:
        _check_memory(error.code)
        raise DocumentError(f"is not well-formed XML: {error.msg}") from None
    for entity in root.iter(etree.Entity):
        raise DocumentError(f"uses {entity.text}, which is not expanded; write out what it stands for")
    return root


def parse_html(text: str) -> Any | None:
    """Return the root element of an HTML file, however it is written; None where it holds nothing."""
    etree = load("lxml.etree", "HTML")
    text = _XML_DECLARATION.sub("", text, count=1)
    if not text.strip():
        return None
    _check_attributes(text)
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True, huge_tree=True)
    try:
        root = etree.fromstring(text.encode(), parser)
    except etree.XMLSyntaxError as error:
        _check_memory(error.code)
        return None  # nothing but comments
    for fatal in parser.error_log.filter_from_fatals():
        _check_memory(fatal.type)
        raise DocumentError(f"can't be read as HTML to its end: {fatal.message}")
    return root


def _check_memory(code: int) -> None:
    """Raise MemoryError where that was what a parser lacked: libxml2 calls it an unknown error."""
    if code == load("lxml.etree", "XML").ErrorTypes.ERR_NO_MEMORY:
        raise MemoryError from None


def _check_attributes(text: str) -> None:
    if _MANY_ATTRIBUTES.search(text):
        raise DocumentError("has an element with more than 1,000 attributes; it is refused")


def local_name(element: Any) -> str:
    """Return the name of an element without its namespace, in small letters."""
    return str(element.tag).rpartition("}")[2].lower()


def _declared_encoding(data: bytes, is_plain: bool) -> str | None:
    """Return the encoding that a file names; one that Python doesn't know does no harm where the file is UTF-8."""
    xml = _XML_ENCODING.search(data[:HEAD_BYTES])
    found = xml or _HTML_ENCODING.search(data[:HEAD_BYTES]) or _PO_ENCODING.search(data[:HEAD_BYTES])
    if found is None:
        return None
    name = found.group(1).decode()
    try:
        known = codecs.lookup(name).name
        if known.startswith(("utf-16", "utf-32")):
            return None  # what could be read as ASCII up to here is neither
        b"a".decode(known)  # hex, zlib and others that Python knows are no encodings of text
    except (LookupError, UnicodeError):
        if is_plain:
            return None
        raise DocumentError(
            f"says that its encoding is {name!r}, which Python doesn't know; set [corpus] encoding, or convert it"
        ) from None
    return known if xml else WEB_NAMES.get(known, known)


def _character(match: re.Match[str]) -> str:
    name = match.group(1)
    return match.group() if name in _XML_NAMES else html.unescape(match.group())
