"""TMX 1.4: a translation unit a bead, for translation memories.

Written from the TMX 1.4b specification (LISA, 2005). There is no document type line: a tool that takes it literally
looks for a `tmx14.dtd` beside the file. There is no date, so that equal runs give equal bytes. Characters that XML 1.0
can't hold are removed and counted. A segment is one line: a memory finds no sentence that has other ends of lines.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from xml.sax.saxutils import quoteattr

from stages.data import AlignedPair
from stages.export.characters import escape_xml, replace_surrogates
from stages.export.units import DECIMALS, Unit
from stages.text import on_one_line

TOOL_VERSION = "1"
"""Of this renderer, not of the release: an upgrade alone changes no byte of an export."""

ANY_LANGUAGE = "*all*"
"""What the specification writes for `srclang` where units differ in their source language; each unit names its own."""


class TmxRenderer:
    """Renders pairs as translation units, the source first.

    language_pairs : the (source, target) languages of all pairs to come.
    """

    def __init__(self, language_pairs: Iterable[tuple[str, str]]) -> None:
        self.counts: Counter[str] = Counter()
        sources = {source for source, _ in language_pairs}
        self._source_language = sources.pop() if len(sources) == 1 else ANY_LANGUAGE

    def header(self) -> str:
        """Return all that stands before the first unit."""
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            '<tmx version="1.4">\n'
            f'<header creationtool="bitext-pipeline" creationtoolversion="{TOOL_VERSION}" segtype="sentence"'
            f' o-tmf="bitext-pipeline" adminlang="en" srclang={quoteattr(self._source_language)}'
            ' datatype="plaintext"/>\n'
            "<body>\n"
        )

    def pair(self, pair: AlignedPair, units: Sequence[Unit]) -> Iterator[str]:
        """Give a `<tu>` for each unit; the missing side of a null is an empty segment."""
        start = f"<tu{self._own_source_language(pair.source_language)}>\n{self._property('pair-id', pair.pair_id)}"
        source = f"  <tuv xml:lang={quoteattr(pair.source_language)}><seg>"
        target = f"  <tuv xml:lang={quoteattr(pair.target_language)}><seg>"
        for unit in units:
            yield (
                start
                + self._property("score", f"{unit.score:.{DECIMALS}f}")
                + self._property("similarity", f"{unit.similarity:.{DECIMALS}f}")
                + ("" if unit.confidence is None else self._property("confidence", f"{unit.confidence:.{DECIMALS}f}"))
                + f"{source}{self._text(unit.source, pair.source_language)}</seg></tuv>\n"
                + f"{target}{self._text(unit.target, pair.target_language)}</seg></tuv>\n"
                + "</tu>\n"
            )

    def footer(self) -> str:
        """Return all that stands after the last unit."""
        return "</body>\n</tmx>\n"

    def _own_source_language(self, language: str) -> str:
        return f" srclang={quoteattr(language)}" if self._source_language == ANY_LANGUAGE else ""

    def _property(self, name: str, value: str) -> str:
        return f'  <prop type="x-{name}">{escape_xml(replace_surrogates(value)[0])[0]}</prop>\n'

    def _text(self, text: str, language: str) -> str:
        escaped, n_removed = escape_xml(on_one_line(text, language))
        self.counts["tmx_characters_removed"] += n_removed
        return escaped
