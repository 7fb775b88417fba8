"""EPUB books: a zip archive of XHTML pages, in the order of its spine (EPUB 3.3, sections 4 and 5; EPUB 2 too)."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

from pipeline.corpus.formats.archives import Archive
from pipeline.corpus.formats.document import Options, Paragraph
from pipeline.corpus.formats.html import paragraphs_of, read_html
from pipeline.corpus.formats.markup import decode_markup, local_name, parse_xml
from pipeline.errors import DocumentError

CONTAINER = "META-INF/container.xml"
ENCRYPTION = "META-INF/encryption.xml"
PAGES = frozenset({"application/xhtml+xml", "text/html", "application/x-dtbook+xml", "text/x-oeb1-document"})


def read_epub(data: bytes, options: Options) -> Iterator[Paragraph]:
    """Give the paragraphs of a book in the order in which it is read."""
    del options  # its pages name their own encodings
    with Archive(data) as archive:
        encrypted = _encrypted(archive)
        for name in dict.fromkeys(_spine(archive)):  # a spine may not name a page twice, let alone a million times
            if name in encrypted:
                raise DocumentError(f"is protected ({name} in it is encrypted); only books without protection are read")
            yield from _page(archive.read(name))


def _page(data: bytes) -> Iterator[Paragraph]:
    """Give the paragraphs of a page: XHTML by the standard, HTML where a book has it wrong."""
    text = decode_markup(data, Options()).text
    try:
        root = parse_xml(text)
    except DocumentError:
        yield from read_html(text, Options())
    else:
        yield from paragraphs_of(root)


def _spine(archive: Archive) -> Iterator[str]:
    """Give the names of the pages of a book."""
    package = _package(archive)
    folder = posixpath.dirname(package)
    root = _parsed(archive, package)
    items = {item.get("id"): item for item in _named(root, "item")}
    for reference in _named(root, "itemref"):
        item = items.get(reference.get("idref"))
        if item is None:
            raise DocumentError(f"names in its spine {reference.get('idref')!r}, which is not in its list of files")
        if item.get("media-type") in PAGES:
            yield _member(folder, item.get("href") or "")


def _package(archive: Archive) -> str:
    for rootfile in _named(_parsed(archive, CONTAINER), "rootfile"):
        return _member("", rootfile.get("full-path") or "")
    raise DocumentError(f"names no book in {CONTAINER}: is it an EPUB file?")


def _encrypted(archive: Archive) -> set[str]:
    if ENCRYPTION not in archive.names:
        return set()
    root = _parsed(archive, ENCRYPTION)
    return {_member("", reference.get("URI") or "") for reference in _named(root, "CipherReference")}


def _parsed(archive: Archive, name: str) -> Any:
    return parse_xml(decode_markup(archive.read(name), Options()).text)


def _named(root: Any, name: str) -> Iterator[Any]:
    return (element for element in root.iter("*") if local_name(element) == name.lower())


def _member(folder: str, href: str) -> str:
    """Return the name in the archive of what a book refers to."""
    return posixpath.normpath(posixpath.join(folder, unquote(urlsplit(href).path)))
