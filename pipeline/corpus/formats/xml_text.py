"""TEI, and XML of no known kind: the paragraphs of a text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from pipeline.corpus.formats.document import Heading, Options, Paragraph, load
from pipeline.corpus.formats.html import Gatherer, paragraphs_of
from pipeline.corpus.formats.markup import local_name, parse_xml

TEI_ROOTS = frozenset({"tei", "tei.2", "teicorpus"})
"""TEI P5 and P4, in small letters."""

_TEI_BLOCKS = """ab argument back body byline castitem castlist cell closer dateline div div1 div2 div3 div4 div5 div6
    div7 docauthor docdate docedition docimprint doctitle epigraph figure front group head imprimatur item l label lg
    list opener p postscript row salute signed sp speaker stage table text titlepage titlepart trailer u"""
TEI_BLOCKS = frozenset(_TEI_BLOCKS.split())
"""Elements of a TEI text that stand on lines of their own (TEI P5, chapters 3, 4, 6 and 7)."""

TITLES = frozenset({"title", "head", "heading"})
"""What headings are called in XML of no known kind, DocBook for one."""

TEI_UNSEEN = frozenset({"teiheader", "facsimile", "standoff", "sourcedoc", "fw", "figdesc", "del"})
TEI_REPLACED = frozenset({"sic", "orig", "abbr"})
"""Within a `choice` the other child says the same as people read it today: corrected, regularised, written out."""


def read_xml(data: bytes, options: Options) -> Iterator[Paragraph]:
    """Give the paragraphs of a TEI, XHTML or any other XML file."""
    root = parse_xml(data, options.encoding)
    name = local_name(root)
    if name in TEI_ROOTS:
        yield from _paragraphs_of_tei(root)
    elif name == "html":
        yield from paragraphs_of(root)
    else:
        yield from _paragraphs_of_any(root)


def _paragraphs_of_tei(root: Any) -> Iterator[Paragraph]:
    """Give the paragraphs of a TEI text; a note comes after the paragraph that it stands in."""
    running, notes = Gatherer(), Gatherer()
    depth = 0  # in notes
    walk = load("lxml.etree", "TEI").iterwalk(root, events=("start", "end"))
    for event, element in walk:
        name = local_name(element)
        is_start = event == "start"
        if is_start and _is_unseen(element, name):
            walk.skip_subtree()
            continue
        if name in TEI_BLOCKS or name == "note":
            notes.add_break()
            notes.add_break()
        if name in TEI_BLOCKS and not depth:
            level = 0 if is_start else _level_in_tei(element, name)
            yield from (Heading(text, level) if level else text for text in running.cut())
            yield from notes.cut()
        depth += (name == "note") * (1 if is_start else -1)
        gatherer = notes if depth else running
        if is_start and name == "lb" and element.get("break") != "no":
            gatherer.add(" ")
        gatherer.add(element.text if is_start else element.tail)
    yield from running.cut()
    yield from notes.cut()


def _level_in_tei(element: Any, name: str) -> int:
    """Return the level of a heading of a division; 0 for all else, captions of figures and lists too."""
    parent = element.getparent() if name == "head" else None
    if parent is None or not local_name(parent).startswith("div"):
        return 0
    return 1 + sum(local_name(above).startswith("div") for above in parent.iterancestors())


def _is_unseen(element: Any, name: str) -> bool:
    if name in TEI_REPLACED:
        parent = element.getparent()
        return parent is not None and local_name(parent) == "choice" and len(parent) > 1
    return name in TEI_UNSEEN


def _paragraphs_of_any(root: Any) -> Iterator[Paragraph]:
    """Give the paragraphs of unknown XML: elements that never have text beside them stand on lines of their own."""
    gathered = Gatherer()
    in_lines = _names_in_lines(root.iter("*"))
    for event, element in load("lxml.etree", "XML").iterwalk(root, events=("start", "end")):
        if element.tag not in in_lines:
            level = _level_in_any(element) if event == "end" else 0
            yield from (Heading(text, level) if level else text for text in gathered.cut())
        gathered.add(element.text if event == "start" else element.tail)
    yield from gathered.cut()


def _level_in_any(element: Any) -> int:
    """Return the level of a heading: how many elements around it have one of the same name; 0 for what is none."""
    if local_name(element) not in TITLES:
        return 0
    return sum(above.find(element.tag) is not None for above in element.iterancestors())


def _names_in_lines(elements: Iterable[Any]) -> set[str]:
    """Return the names of elements that somewhere stand in the midst of text."""
    found: set[str] = set()
    for element in elements:
        children = list(element)
        texts = [element.text, *(child.tail for child in children)]
        has_text = [bool(text and text.strip()) for text in texts]
        found.update(child.tag for index, child in enumerate(children) if has_text[index] or has_text[index + 1])
    return found
