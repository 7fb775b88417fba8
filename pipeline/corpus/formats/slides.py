"""PPTX: the text of slides in their order; titles are headings, and what is left out is counted."""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from pipeline.corpus.formats.archives import Archive
from pipeline.corpus.formats.document import Heading, Note, Options, Paragraph
from pipeline.corpus.formats.markup import decode_markup, local_name, parse_xml
from pipeline.errors import DocumentError

BODY = "ppt/presentation.xml"
RELATIONSHIPS = "ppt/_rels/presentation.xml.rels"

TITLES = frozenset({"title", "ctrTitle"})
EDGES = {"ftr": "running heads and feet", "hdr": "running heads and feet", "dt": "", "sldNum": ""}
"""Placeholders at the edge of a slide; dates and numbers aren't even counted."""

BESIDE = (
    (re.compile(r"ppt/notesSlides/[^/]+\.xml"), "speaker notes"),
    (re.compile(r"ppt/comments/[^/]+\.xml"), "comments"),
    (re.compile(r"ppt/(?:diagrams/data|charts/chart)[^/]*\.xml"), "diagrams"),
)
"""Parts that have text, but none that stands on a slide as text."""


def read_pptx(data: bytes, options: Options) -> Iterator[Paragraph | Note]:
    """Give the paragraphs of the slides that are shown: shapes, groups and tables in the order of the file."""
    del options  # its XML names its own encoding
    left_out: Counter[str] = Counter()
    with Archive(data) as archive:
        for name in _slide_names(archive):
            slide = _parse(archive, name)
            if slide.get("show") in ("0", "false"):
                left_out["hidden slides"] += _count(slide)
            else:
                yield from _paragraphs(slide, left_out)
        for name in sorted(archive.names):
            for pattern, what in BESIDE:
                if pattern.fullmatch(name):
                    left_out[what] += _count(_parse(archive, name))
    if told := [f"{n_words:,} words of {what}" for what, n_words in sorted((+left_out).items()) if what]:
        yield Note(f"left out: {', '.join(told)}")


def _parse(archive: Archive, name: str) -> Any:
    return parse_xml(decode_markup(archive.read(name), Options()).text)


def _slide_names(archive: Archive) -> list[str]:
    targets = {one.get("Id"): one.get("Target") or "" for one in _parse(archive, RELATIONSHIPS).iter("{*}Relationship")}
    names = []
    for slide in _parse(archive, BODY).iter("{*}sldId"):
        key = next((value for name, value in slide.attrib.items() if name.endswith("}id")), None)
        if key not in targets:
            raise DocumentError("lists a slide that it doesn't hold: is it whole?")
        names.append(posixpath.normpath(posixpath.join("/ppt", targets[key])).lstrip("/"))
    return names


def _paragraphs(slide: Any, left_out: Counter[str]) -> Iterator[Paragraph]:
    for body in slide.iter("{*}txBody"):
        kind = _placeholder(body)
        if kind in EDGES:
            left_out[EDGES[kind]] += sum(len(_text(paragraph).split()) for paragraph in body.iterfind("{*}p"))
        elif not _is_fallback(body):
            texts = list(filter(None, map(_text, body.iterfind("{*}p"))))
            if kind in TITLES:
                yield Heading(" ".join(texts), 1)
            else:
                yield from texts


def _placeholder(body: Any) -> str:
    """Return what the shape of a text is for, as far as its layout says so."""
    mark = next(body.getparent().iterfind("{*}nvSpPr/{*}nvPr/{*}ph"), None)
    return "" if mark is None else mark.get("type") or ""


def _is_fallback(body: Any) -> bool:
    """Say whether a text stands elsewhere, too, in a way that older programs don't know."""
    return any(local_name(around) == "Fallback" for around in body.iterancestors())


def _text(paragraph: Any) -> str:
    pieces = (one.text or "" if local_name(one) == "t" else " " for one in paragraph.iter("{*}t", "{*}br"))
    return " ".join("".join(pieces).split())


def _count(element: Any) -> int:
    """Count the words of an element, but those at the edge of a slide."""
    bodies = (body for body in element.iter("{*}txBody") if _placeholder(body) in EDGES)
    skipped = {paragraph for body in bodies for paragraph in body.iter("{*}p")}
    texts = [_text(paragraph) for paragraph in element.iter("{*}p") if paragraph not in skipped]
    texts += [one.text or "" for one in element.iter("{*}v", "{*}text")]
    return sum(len(text.split()) for text in texts)
