"""EPUB books: a zip archive of XHTML pages, in the order of its spine (EPUB 3.3, sections 4 and 5; EPUB 2 too)."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

from pipeline.corpus.formats.archives import Archive
from pipeline.corpus.formats.document import Note, Options, Paragraph
from pipeline.corpus.formats.html import paragraphs_of
from pipeline.corpus.formats.markup import decode_markup, local_name, parse_html, parse_xml
from pipeline.corpus.formats.unseen import CONTENTS
from pipeline.errors import DocumentError

CONTAINER = "META-INF/container.xml"
ENCRYPTION = "META-INF/encryption.xml"
TYPE = "{http://www.idpf.org/2007/ops}type"
PAGES = frozenset({"application/xhtml+xml", "text/html", "application/x-dtbook+xml", "text/x-oeb1-document"})


def read_epub(data: bytes, options: Options) -> Iterator[Paragraph | Note]:
    """Give the paragraphs of a book in the order in which it is read."""
    del options  # its pages name their own encodings
    with Archive(data) as archive:
        encrypted = _encrypted(archive)
        package = _package(archive)
        root = _parsed(archive, package)
        contents = _contents(archive, package, root)
        n_left_out = 0
        # a spine may not name a page twice, let alone a million times
        for name in dict.fromkeys(_spine(package, root)):
            if name in encrypted:
                raise DocumentError(f"is protected ({name} in it is encrypted); only books without protection are read")
            page = _page(archive.read(name))
            if page is not None and name in contents and _is_mostly_links(page):
                n_left_out += 1
            elif page is not None:
                yield from paragraphs_of(page)
        if n_left_out:
            yield Note(f"{n_left_out:,} of its pages were left out, which it calls its table of contents")


def _page(data: bytes) -> Any | None:
    """Return a page, parsed: XHTML by the standard, HTML where a book has it wrong."""
    text = decode_markup(data, Options()).text
    try:
        return parse_xml(text)
    except DocumentError:
        return parse_html(text)


def _contents(archive: Archive, package: str, root: Any) -> set[str]:
    """Return the pages that a book calls a table of contents: in the guide of its package, or in its nav."""
    folder = posixpath.dirname(package)
    found = {
        _member(folder, reference.get("href") or "")
        for reference in _named(root, "reference")
        if (reference.get("type") or "").lower() in CONTENTS
    }
    for item in _named(root, "item"):
        name = _member(folder, item.get("href") or "")
        if "nav" in (item.get("properties") or "").split() and name in archive.names:
            page = _page(archive.read(name))
            links = _named(page, "a") if page is not None else ()
            found |= {
                _member(posixpath.dirname(name), link.get("href") or "")
                for link in links
                if not CONTENTS.isdisjoint((link.get(TYPE) or link.get("epub:type") or "").split())
            }
    return found


def _is_mostly_links(page: Any) -> bool:
    """Say whether most of what a page says leads elsewhere: a whole book may lie in the page with its contents."""
    bodies = list(_named(page, "body"))
    text = "".join(bodies[0].itertext() if bodies else page.itertext())
    return 2 * sum(len("".join(link.itertext()).strip()) for link in _named(page, "a")) > len(" ".join(text.split()))


def _spine(package: str, root: Any) -> Iterator[str]:
    """Give the names of the pages of a book."""
    folder = posixpath.dirname(package)
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
