"""TEI, and XML of no known kind: the paragraphs of a text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Protocol

from pipeline.corpus.formats.document import Heading, Note, Options, Paragraph, load
from pipeline.corpus.formats.html import Gatherer, page_paragraphs
from pipeline.corpus.formats.markup import local_name, parse_xml

TEI_ROOTS = frozenset({"tei", "tei.2", "teicorpus"})
"""TEI P5 and P4, in small letters."""

_TEI_BLOCKS = """ab argument back body byline castitem castlist cell closer dateline div div1 div2 div3 div4 div5 div6
    div7 docauthor docdate docedition docimprint doctitle epigraph front group head imprimatur item l label lg list
    opener p postscript row salute signed sp speaker stage table text titlepage titlepart trailer u"""
TEI_BLOCKS = frozenset(_TEI_BLOCKS.split())
"""Elements of a TEI text that stand on lines of their own (TEI P5, chapters 3, 4, 6 and 7)."""

TEI_ASIDES = frozenset({"note", "figure"})
"""What may stand in the midst of a sentence, and is no part of it."""

TEI_UNSEEN = frozenset({"teiheader", "facsimile", "standoff", "sourcedoc", "fw", "figdesc", "del"})
TEI_REPLACED = frozenset({"sic", "orig", "abbr"})
"""Within a `choice` the other child says the same as people read it today: corrected, regularised, written out."""

TITLES = frozenset({"title", "head", "heading"})
"""What headings are called in XML of no known kind, DocBook for one."""

_TITLED = "caution equation example figure formalpara important note procedure sidebar table tip warning"
TITLED = frozenset(_TITLED.split())
"""What has a title that is none of a section."""

ASIDES = frozenset({"footnote", "endnote", "fn"})
"""Notes of DocBook and JATS."""


class Vocabulary(Protocol):
    """What the elements of a kind of XML mean for its text."""

    def is_block(self, element: Any, name: str) -> bool:
        """Say whether an element stands on lines of its own."""

    def is_aside(self, name: str) -> bool:
        """Say whether an element is to be read after the paragraph that it stands in."""

    def is_unseen(self, element: Any, name: str) -> bool:
        """Say whether an element isn't read, and nothing in it; it must be neither a block nor an aside."""

    def level(self, element: Any, name: str) -> int:
        """Return the level of a heading; 0 for all else."""


def read_xml(text: str, options: Options) -> Iterator[Paragraph | Note]:
    """Give the paragraphs of a TEI, XHTML or any other XML file."""
    root = parse_xml(text)
    name = local_name(root)
    if name in TEI_ROOTS:
        yield from _paragraphs(root, Tei())
    elif name == "html":
        yield from page_paragraphs(root, options)
    else:
        yield from _paragraphs(root, AnyXml(root))


def _paragraphs(root: Any, words: Vocabulary) -> Iterator[Paragraph]:
    """Give the paragraphs of a text; a note comes after the paragraph that it stands in."""
    running, notes = Gatherer(), Gatherer()
    depth = 0  # in notes
    walk = load("lxml.etree", "XML").iterwalk(root, events=("start", "end"))
    for event, element in walk:
        name = local_name(element)
        is_start = event == "start"
        if is_start and words.is_unseen(element, name):
            walk.skip_subtree()
            continue
        is_block, is_aside = words.is_block(element, name), words.is_aside(name)
        if is_block or is_aside:
            notes.add_break()
            notes.add_break()
        if is_block and not depth:
            level = 0 if is_start else words.level(element, name)
            yield from (Heading(text, level) if level else text for text in running.cut())
            yield from notes.cut()
        depth += is_aside * (1 if is_start else -1)
        gatherer = notes if depth else running
        if is_start and name == "lb" and element.get("break") != "no":
            gatherer.add(" ")
        gatherer.add(element.text if is_start else element.tail)
    yield from running.cut()
    yield from notes.cut()


class Tei:
    """TEI, P5 and P4."""

    def is_block(self, element: Any, name: str) -> bool:
        """Go by its name."""
        del element
        return name in TEI_BLOCKS

    def is_aside(self, name: str) -> bool:
        """Know notes and figures."""
        return name in TEI_ASIDES

    def is_unseen(self, element: Any, name: str) -> bool:
        """Know what has been deleted, stands outside of the text, or is said once more in the words of today."""
        if name in TEI_REPLACED:
            parent = element.getparent()
            return parent is not None and local_name(parent) == "choice" and len(parent) > 1
        return name in TEI_UNSEEN

    def level(self, element: Any, name: str) -> int:
        """Count the divisions around a heading of one; captions of figures and lists are none."""
        parent = element.getparent() if name == "head" else None
        if parent is None or not local_name(parent).startswith("div"):
            return 0
        return 1 + sum(local_name(above).startswith("div") for above in parent.iterancestors())


class AnyXml:
    """XML of no known kind, DocBook too: elements that never have text beside them stand on lines of their own."""

    def __init__(self, root: Any) -> None:
        self._in_lines = _names_in_lines(root.iter("*"))
        titles = (element for element in root.iter("*") if local_name(element) in TITLES)
        self._titled = {(element.getparent(), element.tag) for element in titles}
        """Elements with the names of their titles: to look for these anew at each title takes too long."""

    def is_block(self, element: Any, name: str) -> bool:
        """Go by whether an element of this name has text beside it somewhere."""
        return element.tag not in self._in_lines and name not in ASIDES

    def is_aside(self, name: str) -> bool:
        """Know notes by their names."""
        return name in ASIDES

    def is_unseen(self, element: Any, name: str) -> bool:
        """Know pictures and other marks in the midst of a line, which have no text but may have parts."""
        is_in_line = element.tag in self._in_lines and name not in ASIDES
        return is_in_line and len(element) > 0 and not "".join(element.itertext()).strip()

    def level(self, element: Any, name: str) -> int:
        """Count the elements around a heading that have one of the same name."""
        parent = element.getparent() if name in TITLES else None
        if parent is None or local_name(parent) in TITLED:
            return 0
        return sum((above, element.tag) in self._titled for above in element.iterancestors())


def _names_in_lines(elements: Iterable[Any]) -> set[str]:
    """Return the names of elements that somewhere stand in the midst of text."""
    found: set[str] = set()
    for element in elements:
        children = list(element)
        texts = [element.text, *(child.tail for child in children)]
        has_text = [bool(text and text.strip()) for text in texts]
        found.update(child.tag for index, child in enumerate(children) if has_text[index] or has_text[index + 1])
    return found
