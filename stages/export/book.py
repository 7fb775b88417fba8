"""A bilingual book as one HTML page: original and translation beside each other, or one below the other.

Each pair of documents is a part of the book; its headings make chapters, and a table of contents stands in front. The
page is well-formed XML, so that other programs can make an EPUB or a DOCX of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Literal
from xml.sax.saxutils import quoteattr

from stages.data import AlignedPair
from stages.export.blocks import Block, Piece, blocks_of
from stages.export.characters import escape_xml, replace_surrogates, short_digest
from stages.export.units import Unit
from stages.text import join_sentences, primary_language

Layout = Literal["beside", "below"]

TITLE = "Bilingual book"

RIGHT_TO_LEFT = frozenset({"ar", "arc", "ckb", "dv", "fa", "he", "ps", "sd", "syr", "ug", "ur", "yi"})
"""Languages whose usual script runs from right to left (Unicode CLDR)."""

STYLE = """
body { font-family: serif; line-height: 1.5; max-width: 64em; margin: 2em auto; padding: 0 1em; }
h1, h2, h3, h4, h5, h6 { line-height: 1.2; margin: 1.6em 0 0.6em; }
p { margin: 0 0 0.8em; text-align: start; hyphens: auto; overflow-wrap: break-word; }
table.bitext { border-collapse: collapse; width: 100%; table-layout: fixed; }
table.bitext td { width: 50%; padding: 0 0.8em 0.8em 0; vertical-align: top; text-align: start; hyphens: auto; }
.translation { color: #555; }
table.bitext .translation { color: inherit; }
.unaligned { border-bottom: 1px dotted; opacity: 0.75; }
:lang(zh), :lang(ja), :lang(ko) { hyphens: manual; line-break: strict; }
@media (max-width: 40em) {
  table.bitext, table.bitext tbody, table.bitext tr, table.bitext td { display: block; width: auto; }
}
@media (prefers-color-scheme: dark) {
  body { background: #1b1b1b; color: #ddd; }
  a { color: #8ab4f8; }
  .translation { color: #aaa; }
}
"""


class BookRenderer:
    """Renders pairs as a book; the filters of an export have no part in it: every sentence is kept."""

    def __init__(self, layout: Layout = "beside", has_contents: bool = True) -> None:
        self.counts: Counter[str] = Counter()
        self._layout = layout
        self._has_contents = has_contents

    def header(self) -> str:
        """Return what stands before the first pair."""
        return (
            '<!DOCTYPE html>\n<html xmlns="http://www.w3.org/1999/xhtml">\n<head>\n<meta charset="utf-8"/>\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1"/>\n'
            f"<title>{TITLE}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        )

    def pair(self, pair: AlignedPair, units: Sequence[Unit]) -> Iterator[str]:
        """Give a pair: its table of contents, then its blocks."""
        del units
        blocks = list(blocks_of(pair))
        prefix = f"h{short_digest(pair.pair_id)}"
        names = {number: f"{prefix}-{number}" for number, block in enumerate(blocks) if block.level}
        yield f'<h1 id="{prefix}">{self._escaped(pair.pair_id)}</h1>\n'
        yield from self._contents(pair, [(name, blocks[number]) for number, name in names.items()])
        is_open = False
        for number, block in enumerate(blocks):
            if self._layout == "beside" and not block.level and not is_open:
                yield '<table class="bitext">\n<tbody>\n'
                is_open = True
            elif is_open and block.level:
                yield "</tbody>\n</table>\n"
                is_open = False
            yield self._block(pair, block, names.get(number, ""))
        if is_open:
            yield "</tbody>\n</table>\n"

    def footer(self) -> str:
        """Return what stands after the last pair."""
        return "</body>\n</html>\n"

    def _contents(self, pair: AlignedPair, headings: Sequence[tuple[str, Block]]) -> Iterator[str]:
        if len(headings) < 2 or not self._has_contents:
            return
        yield "<nav>\n<ul>\n"
        for name, block in headings:
            language = pair.source_language if block.source else pair.target_language
            text = join_sentences((piece.text for piece in block.source or block.target), language)
            yield f'<li><a href="#{name}"{_language(language)}>{self._escaped(text)}</a></li>\n'
        yield "</ul>\n</nav>\n"

    def _block(self, pair: AlignedPair, block: Block, name: str) -> str:
        source = self._side(block.source, pair.source_language)
        target = self._side(block.target, pair.target_language)
        languages = _language(pair.source_language), _language(pair.target_language)
        if block.level:
            return _heading(block.level, name, (source, target), languages)
        cells = [
            f'<div class="{side}"{language}><p>{text}</p></div>' if text else ""
            for side, language, text in zip(("original", "translation"), languages, (source, target), strict=True)
        ]
        if self._layout == "beside":
            return f"<tr><td>{cells[0]}</td><td>{cells[1]}</td></tr>\n"
        return "".join(f"{cell}\n" for cell in cells if cell)

    def _side(self, pieces: Sequence[Piece], language: str) -> str:
        return join_sentences((self._piece(piece) for piece in pieces), language)

    def _piece(self, piece: Piece) -> str:
        text = self._escaped(piece.text)
        return text if piece.is_aligned else f'<span class="unaligned" data-custom-style="Unaligned">{text}</span>'

    def _escaped(self, text: str) -> str:
        escaped, n_removed = escape_xml(replace_surrogates(text)[0])
        self.counts["book_characters_removed"] += n_removed
        return escaped


def _heading(level: int, name: str, texts: tuple[str, str], languages: tuple[str, str]) -> str:
    """Return a heading with its translation, one level below that of its pair."""
    tag = f"h{min(level + 1, 6)}"
    source = f"<span{languages[0]}>{texts[0]}</span>" if texts[0] else ""
    target = f'<span class="translation"{languages[1]}>{texts[1]}</span>' if texts[1] else ""
    between = "<br/>" if source and target else ""
    return f'<{tag} id="{name}">{source}{between}{target}</{tag}>\n'


def direction_of(language: str) -> str:
    """Return "rtl" for a language that is written from right to left, else "ltr"."""
    is_rtl = primary_language(language) in RIGHT_TO_LEFT or "-Arab" in language or "-Hebr" in language
    return "rtl" if is_rtl else "ltr"


def _language(language: str) -> str:
    return f" lang={quoteattr(language)} xml:lang={quoteattr(language)} dir={quoteattr(direction_of(language))}"
