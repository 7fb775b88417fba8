"""XLIFF 2.0: one unit per bead, for translation tools; a file for each pair of documents.

Written from the XLIFF 2.0 specification (OASIS, 2014), core only. All pairs of a file have the same two languages. A
sentence without a translation is a unit without a target. Characters that XML 1.0 can't hold are removed and counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from xml.sax.saxutils import quoteattr

from stages.data import AlignedPair
from stages.export.characters import XML_FORBIDDEN, escape_xml, replace_surrogates, short_digest
from stages.export.units import Unit
from stages.text import on_one_line

NAMESPACE = "urn:oasis:names:tc:xliff:document:2.0"


class XliffRenderer:
    """Renders pairs of one pair of languages as XLIFF."""

    def __init__(self, languages: tuple[str, str]) -> None:
        self.counts: Counter[str] = Counter()
        self._languages = languages

    def header(self) -> str:
        """Return what stands before the first pair."""
        source, target = self._languages
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f'<xliff xmlns="{NAMESPACE}" version="2.0" srcLang={quoteattr(source)} trgLang={quoteattr(target)}>\n'
        )

    def pair(self, pair: AlignedPair, units: Sequence[Unit]) -> Iterator[str]:
        """Give the file of a pair; one without a unit with a source is left out, as a file must hold one."""
        numbered = [(number, unit) for number, unit in enumerate(units, 1) if unit.source]
        if not numbered:
            return
        name = quoteattr(XML_FORBIDDEN.sub("", replace_surrogates(pair.pair_id)[0]))
        yield f'<file id="f{short_digest(pair.pair_id)}" original={name}>\n'
        for number, unit in numbered:
            target = f"<target>{self._text(unit.target, pair.target_language)}</target>" if unit.target else ""
            source = f"<source>{self._text(unit.source, pair.source_language)}</source>"
            yield f'<unit id="u{number}"><segment>{source}{target}</segment></unit>\n'
        yield "</file>\n"

    def footer(self) -> str:
        """Return what stands after the last pair."""
        return "</xliff>\n"

    def _text(self, text: str, language: str) -> str:
        escaped, n_removed = escape_xml(on_one_line(text, language))
        self.counts["xliff_characters_removed"] += n_removed
        return escaped
