"""TMX with several languages: what pairs with the same source say about it, in one unit.

The source is cut where no bead of any pair would be cut through, and each piece stands with its translations into all
languages that have it whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple
from xml.sax.saxutils import quoteattr

from stages.export.tmx import TmxRenderer
from stages.text import join_sentences


class TranslatedSpan(NamedTuple):
    """What one bead says: the span of the source, and its translation."""

    source_start: int
    source_stop: int
    target: str


class Translation(NamedTuple):
    """One translation of a source: the beads of a pair that go out, in order."""

    pair_id: str
    language: str
    pieces: Sequence[TranslatedSpan]


class Row(NamedTuple):
    """A piece of the source, and its translations: (which, text)."""

    source: str
    targets: list[tuple[Translation, str]]


class MultiTmxRenderer(TmxRenderer):
    """Renders a source with its translations as translation units."""

    def source(self, language: str, sentences: Sequence[str], translations: Sequence[Translation]) -> Iterator[str]:
        """Give a `<tu>` for each piece of the source that has a translation."""
        for row in merge(language, sentences, translations):
            self.counts["multi_tmx_units"] += 1
            yield f"<tu{self._own_source_language(language)}>\n{self._variant(language, row.source, '')}"
            for translation, text in row.targets:
                yield self._variant(translation.language, text, self._property("pair-id", translation.pair_id).strip())
            yield "</tu>\n"

    def _variant(self, language: str, text: str, properties: str) -> str:
        return f"  <tuv xml:lang={quoteattr(language)}>{properties}<seg>{self._text(text, language)}</seg></tuv>\n"


def merge(language: str, sentences: Sequence[str], translations: Sequence[Translation]) -> Iterator[Row]:
    """Give the pieces of a source that have a translation, in order.

    A language has a piece if its beads hold every sentence of it; empty positions need none.
    """
    starts = [0] * len(translations)
    cuts = _cuts(len(sentences), translations)
    for start, stop in pairwise(cuts):
        found = []
        for index, translation in enumerate(translations):
            inside, starts[index] = _inside(translation.pieces, starts[index], stop)
            if inside and _covers(inside, sentences, start, stop):
                text = join_sentences((piece.target for piece in inside), translation.language)
                found.append((translation, text))
        if found:
            yield Row(join_sentences(sentences[start:stop], language), found)


def _cuts(n_sentences: int, translations: Sequence[Translation]) -> list[int]:
    """Return the positions between sentences that no bead reaches over, both ends included."""
    is_crossed = bytearray(n_sentences + 1)
    for translation in translations:
        for piece in translation.pieces:
            for position in range(piece.source_start + 1, piece.source_stop):
                is_crossed[position] = 1
    return [position for position in range(n_sentences + 1) if not is_crossed[position]]


def _inside(pieces: Sequence[TranslatedSpan], first: int, stop: int) -> tuple[list[TranslatedSpan], int]:
    """Return the pieces from the first on that end before a position, and the number of the next."""
    last = first
    while last < len(pieces) and pieces[last].source_stop <= stop:
        last += 1
    return list(pieces[first:last]), last


def _covers(pieces: Sequence[TranslatedSpan], sentences: Sequence[str], start: int, stop: int) -> bool:
    covered = {position for piece in pieces for position in range(piece.source_start, piece.source_stop)}
    return all(position in covered for position in range(start, stop) if sentences[position])
