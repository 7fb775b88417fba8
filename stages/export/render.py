"""The formats that are one text file, behind one protocol."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from stages.data import AlignedPair
from stages.export.beads import render_beads
from stages.export.book import BookRenderer, Layout
from stages.export.config import ExportConfig
from stages.export.jsonl import JsonlRenderer
from stages.export.selection import select_units
from stages.export.tei import TeiRenderer
from stages.export.tmx import TmxRenderer
from stages.export.tsv import TsvRenderer
from stages.export.units import Unit
from stages.export.xliff import XliffRenderer

BOOKS = ("epub", "docx", "book-html")


class Renderer(Protocol):
    """Renders pairs, one after another, as the text of one file; what it must change is in `counts`."""

    counts: Counter[str]

    def header(self) -> str:
        """Return what stands before the first pair."""

    def pair(self, pair: AlignedPair, units: Sequence[Unit]) -> Iterator[str]:
        """Give the text of a pair, in pieces."""

    def footer(self) -> str:
        """Return what stands after the last pair."""


def make_renderer(name: str, language_pairs: Iterable[tuple[str, str]], layout: Layout = "beside") -> Renderer:
    """Return a renderer for a format of one text file; raises ValueError for another name.

    Of `epub` and `docx` it is the page that they are made of. `layout` is that of books.
    """
    if name == "tsv":
        return TsvRenderer()
    if name == "jsonl":
        return JsonlRenderer()
    if name == "tmx":
        return TmxRenderer(language_pairs)
    if name == "tei":
        return TeiRenderer()
    if name == "xliff":
        languages = list(language_pairs)
        if len(languages) > 1:
            raise ValueError("an XLIFF file has one source and one target language")
        return XliffRenderer(*languages or [("und", "und")])
    if name in BOOKS:
        return BookRenderer(layout, has_contents=name == "book-html")
    known = "tsv, jsonl, tmx, tei, xliff, book-html, beads"
    raise ValueError(f"{name!r} is not a format of one text file; these are: {known}")


def render(pair: AlignedPair, name: str, config: ExportConfig | None = None) -> str:
    """Return one pair as the text of a `tsv`, `jsonl`, `tmx`, `tei` or `beads` file."""
    if name == "beads":
        return "".join(render_beads(pair))
    renderer = make_renderer(name, [(pair.source_language, pair.target_language)])
    units = list(select_units(pair, config or ExportConfig(), Counter()))
    return "".join([renderer.header(), *renderer.pair(pair, units), renderer.footer()])
