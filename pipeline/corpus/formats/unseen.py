"""Leave out what isn't the text of a page: hidden parts, the numbers of notes, tables of contents."""

from __future__ import annotations

import re
from typing import Any

from pipeline.corpus.formats.markup import local_name

_NAMES = """annotation audio canvas datalist del embed head iframe map noscript object rp rt rtc script style svg
    template textarea video"""
UNSEEN = frozenset(_NAMES.split())
"""`rt` is the reading above a Japanese or Chinese word, which would stand within it twice; `del` has been deleted."""

CONTENTS = frozenset({"toc", "doc-toc", "landmarks", "page-list", "doc-pagelist", "lot", "loi"})
"""What a `nav` says it is that lists what stands elsewhere in the book (EPUB 3.3, section 7; DPUB-ARIA 1.1)."""

PAGE_BREAKS = frozenset({"pagebreak", "doc-pagebreak"})
"""Where a page of the printed book began, with its number (EPUB 3.3, section 5.4; DPUB-ARIA 1.1)."""

PAGE_CLASSES = frozenset({"pagenum", "pagenumber", "page-number", "page_number", "pageno", "pagebreak", "page-break"})
"""The same as books have it that know no such names; then it has to be a number."""

TO_A_NOTE = frozenset({"noteref", "doc-noteref"})
BACK = frozenset({"backlink", "doc-backlink"})

_HIDDEN = re.compile(r"(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*hidden)\b", re.IGNORECASE)
_MARK = re.compile(r"[^\w\s]{0,2}\s*(?:\d{1,4}|[ivxlc]{1,7}|[a-z]|[①-⑳])\s*[^\w\s]{0,2}|[^\w\s]{1,3}", re.IGNORECASE)
"""The number of a note, or what stands for it: `1`, `[12]`, `iv`, `*`."""
_PAGE = re.compile(r"\W*(?:p(?:age|g|p)?\W*)?(?:\d{1,5}|[ivxlcdm]{1,9})\W*", re.IGNORECASE)
_SIGN = re.compile("[↩↑⏎↵⤴^¶#§🔗\ufe0e\ufe0f]+")
"""What leads back from a note, or to where one already is."""
_EPUB_TYPES = ("{http://www.idpf.org/2007/ops}type", "epub:type")


def is_unseen(element: Any, name: str) -> bool:
    """Say whether an element isn't read, and nothing in it."""
    if name in UNSEEN or element.get("hidden") is not None or _HIDDEN.search(element.get("style") or ""):
        return True
    if is_page_number(element):
        return True
    if name == "a":
        return _is_mark(element)
    if name == "nav":
        return not CONTENTS.isdisjoint(_kinds(element))
    # LibreOffice writes what stands at the top and the foot of each page of a document into its web page
    return name == "div" and element.get("title") in ("header", "footer")


def is_page_number(element: Any) -> bool:
    """Say whether an element is the number of a page of the printed book."""
    if not PAGE_BREAKS.isdisjoint(_kinds(element)):
        return True
    classes = (element.get("class") or "").lower().split()
    return not PAGE_CLASSES.isdisjoint(classes) and _PAGE.fullmatch("".join(element.itertext())) is not None


def _is_mark(link: Any) -> bool:
    """Say whether a link is the number of a note, or leads back from one."""
    if not re.match(r"[^:]*#", link.get("href") or ""):
        return False
    kinds, text = _kinds(link), "".join(link.itertext()).strip()
    if not BACK.isdisjoint(kinds) or _SIGN.fullmatch(text):
        return True
    return _MARK.fullmatch(text) is not None and (
        not TO_A_NOTE.isdisjoint(kinds) or _is_led_back_to(link) or _is_raised(link) or _begins_its_paragraph(link)
    )


def _is_led_back_to(link: Any) -> bool:
    """Say whether a link has a name that others can lead to, as the number of a note has and that in the text."""
    return bool(link.get("id") or link.get("name"))


def _is_raised(link: Any) -> bool:
    around = link.getparent()
    return (around is not None and local_name(around) == "sup") or any(local_name(one) == "sup" for one in link)


def _begins_its_paragraph(link: Any) -> bool:
    """Say whether a link is the first of a paragraph that has more: there stands the number of a note itself."""
    around = link.getparent()
    is_first = around is not None and not (around.text or "").strip() and link.getprevious() is None
    return is_first and local_name(around) in ("p", "div", "li", "dd", "aside") and bool((link.tail or "").strip())


def _kinds(element: Any) -> set[str]:
    """Return what an element says that it is to readers and to screen readers."""
    return {kind for name in ("role", *_EPUB_TYPES) for kind in (element.get(name) or "").split()}
