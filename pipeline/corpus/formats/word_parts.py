"""Rewrite the parts of a Word file that mammoth doesn't read into ones that it does, and count what isn't read."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from pipeline.corpus.formats.archives import Archive
from pipeline.corpus.formats.document import Options, load
from pipeline.corpus.formats.markup import decode_markup, parse_xml

BODY = "word/document.xml"
PARTS = (BODY, "word/footnotes.xml", "word/endnotes.xml")
"""Where a Word document has text."""

BESIDE = (
    (re.compile(r"word/(?:header|footer)\d*\.xml"), "running heads and feet"),
    (re.compile(r"word/comments\.xml"), "comments"),
    (re.compile(r"word/(?:diagrams/data|charts/chart)\d*\.xml"), "diagrams"),
)
"""Parts that have text, but none of the document's."""

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
V = "{urn:schemas-microsoft-com:vml}"
UNWRAPPED = ("fldSimple", "dir", "bdo", "customXml", "smartTag")
"""Elements around runs that mammoth leaves out with all that is in them; all but the first have no other meaning."""

GONE = frozenset({"del", "moveFrom", "rt", "Fallback"})
"""What stands in these has been deleted, is a reading, or stands elsewhere, too."""

_SIGNS = re.compile(rb"vanish|[:<](?:ruby|fldSimple|oMath|txbxContent|dir|bdo|customXml|smartTag)\b")


def rewrite(part: bytes, counts: Counter[str]) -> bytes:
    """Return a part whose text mammoth reads whole, and without what Word hides, which is counted."""
    if not _SIGNS.search(part):
        return part
    root = parse_xml(decode_markup(part, Options()).text)
    for name, change in _CHANGES:
        for element in [one for one in root.iter("{*}" + name) if one.getparent() is not None]:
            change(element, counts)
    whole: Any = load("lxml.etree", "DOCX").tostring(root, encoding="utf-8", xml_declaration=True)
    return bytes(whole)


def n_letters(part: bytes) -> int:
    """Count the letters of a part that are its text, white space aside."""
    etree = load("lxml.etree", "DOCX")
    n = depth = 0
    for event, element in etree.iterwalk(parse_xml(decode_markup(part, Options()).text), events=("start", "end")):
        name = element.tag.rpartition("}")[2]
        if name in GONE:
            depth += 1 if event == "start" else -1
        elif name == "t" and event == "start" and not depth:
            n += sum(map(len, (element.text or "").split()))
    return n


def count_beside(archive: Archive) -> Counter[str]:
    """Count the words of the parts that aren't read, by what they are."""
    counts: Counter[str] = Counter()
    for name in sorted(archive.names):
        for pattern, what in BESIDE:
            if pattern.fullmatch(name):
                root = parse_xml(decode_markup(archive.read(name), Options()).text)
                counts[what] += len(_text(root.iter("{*}t", "{*}v")).split())
    return +counts


def _hide(run: Any, counts: Counter[str]) -> None:
    mark = run.find("{*}rPr/{*}vanish")
    if mark is not None and not {"0", "false", "off"} & set(mark.attrib.values()):
        counts["hidden text"] += len(_text(run.iter("{*}t")).split())
        run.getparent().remove(run)


def _keep_base(ruby: Any, _: Counter[str]) -> None:
    """Put the words that stand under readings in place of both."""
    _replace(ruby, [text for base in ruby.iter("{*}rubyBase") for text in base.iter("{*}t")])


def _unwrap(element: Any, _: Counter[str]) -> None:
    _replace(element, [child for child in element if not child.tag.endswith("Pr")])


def _write_equation(equation: Any, _: Counter[str]) -> None:
    """Put the letters of an equation in its place, in a line."""
    run = equation.makeelement(W + "r")
    text = run.makeelement(W + "t")
    text.text = _text(equation.iter("{*}t"))
    run.append(text)
    parent = equation.getparent()
    if parent.tag != W + "p" and not parent.tag.endswith(("hyperlink", "ins", "sdtContent")):
        paragraph = run.makeelement(W + "p")
        paragraph.append(run)
        run = paragraph
    _replace(equation, [run])


def _show_boxes(drawing: Any, _: Counter[str]) -> None:
    """Write a drawing that has text as the older kind, unless it stands beside one that says the same."""
    around = drawing.getparent()
    while around is not None and around.tag.rpartition("}")[2] != "AlternateContent":
        around = around.getparent()
    if around is not None and any(True for _ in around.iterfind("{*}Fallback//{*}txbxContent")):
        return
    boxes = list(drawing.iter("{*}txbxContent"))
    if not boxes:
        return
    picture = drawing.makeelement(W + "pict")
    for box in boxes:
        shape = picture.makeelement(V + "shape")
        textbox = shape.makeelement(V + "textbox")
        textbox.append(box)
        shape.append(textbox)
        picture.append(shape)
    _replace(drawing if around is None else around, [picture])


_CHANGES: tuple[tuple[str, Callable[[Any, Counter[str]], None]], ...] = (
    ("r", _hide),
    ("ruby", _keep_base),
    *((name, _unwrap) for name in UNWRAPPED),
    ("oMathPara", _write_equation),
    ("oMath", _write_equation),
    ("drawing", _show_boxes),
)


def _replace(element: Any, others: Iterable[Any]) -> None:
    parent = element.getparent()
    index = parent.index(element)
    parent[index : index + 1] = list(others)


def _text(elements: Iterable[Any]) -> str:
    return "".join(element.text or "" for element in elements)
