"""TEI P5: both texts of each pair, sentence by sentence, and links between them that stand off from the texts.

Written from the TEI Guidelines P5, sections 17.1.3 (intermediate pointers) and 17.10 (standOff). The file is a
`teiCorpus` of the run with one for each pair in it; there the links come first, then the source, then the target. A
link points to two things, each a sentence or a `ptr` to several; its `cert` is the confidence. A sentence without a
link has no translation, or the config leaves its bead out. Characters that XML 1.0 can't hold are removed and counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from xml.sax.saxutils import quoteattr

from stages.data import AlignedPair, Sentence
from stages.export.characters import escape_xml, replace_surrogates
from stages.export.units import DECIMALS, Unit

NAMESPACE = "http://www.tei-c.org/ns/1.0"


PAIR_START = "<teiCorpus>\n"

NUMBER = "\0{}\0"
"""How the number of a pair is written in a part of a file, of which it isn't known how many pairs come before it. No
text holds a NUL here: XML can't."""


class TeiRenderer:
    """Renders pairs as TEI, or a part of a file in which the numbers of pairs are to be found again: see NUMBER."""

    def __init__(self, is_part: bool = False) -> None:
        self.counts: Counter[str] = Counter()
        self.n_pairs = 0
        """How many pairs come before the next one."""
        self._number = NUMBER if is_part else "{}"

    def header(self) -> str:
        """Return all that stands before the first pair."""
        return (
            f'<?xml version="1.0" encoding="UTF-8"?>\n<teiCorpus xmlns="{NAMESPACE}">\n'
            f"{self._tei_header('Aligned texts')}"
        )

    def pair(self, pair: AlignedPair, units: Sequence[Unit]) -> Iterator[str]:
        """Give the links and both texts of a pair; ids begin with its number, as they must differ in a file."""
        self.n_pairs += 1
        prefix = f"p{self._number.format(self.n_pairs)}"
        yield f"{PAIR_START}{self._tei_header(pair.pair_id)}"
        linked = [unit for unit in units if unit.source and unit.target]
        if linked:
            yield '<standOff>\n<linkGrp type="alignment" targFunc="source target">\n'
            yield from (_link(prefix, unit) for unit in linked)
            yield "</linkGrp>\n</standOff>\n"
        yield from self._text(f"{prefix}.s", pair.source_language, pair.source, f"{pair.pair_id}, source")
        yield from self._text(f"{prefix}.t", pair.target_language, pair.target, f"{pair.pair_id}, target")
        yield "</teiCorpus>\n"

    def footer(self) -> str:
        """Return all that stands after the last pair; a corpus of none holds an empty text, as it must hold one."""
        empty = "" if self.n_pairs else "".join(self._text("s", "und", [], "No pairs"))
        return f"{empty}</teiCorpus>\n"

    def _tei_header(self, title: str) -> str:
        return (
            f"<teiHeader><fileDesc><titleStmt><title>{self._escaped(title)}</title></titleStmt>"
            "<publicationStmt><p>Made by bitext-pipeline</p></publicationStmt>"
            "<sourceDesc><p>The documents of a run</p></sourceDesc></fileDesc></teiHeader>\n"
        )

    def _text(self, prefix: str, language: str, sentences: Sequence[Sentence], title: str) -> Iterator[str]:
        yield f"<TEI xml:lang={quoteattr(language)}>\n{self._tei_header(title)}<text><body>\n"
        numbered = enumerate(sentences)
        for _, paragraph in groupby(numbered, key=lambda item: item[1].paragraph):
            lines = (
                f'<s xml:id="{prefix}{position}">{self._escaped(sentence.text)}</s>' for position, sentence in paragraph
            )
            yield "<p>" + "\n".join(lines) + "</p>\n"
        yield ("" if sentences else "<p/>\n") + "</body></text>\n</TEI>\n"

    def _escaped(self, text: str) -> str:
        escaped, n_removed = escape_xml(replace_surrogates(text)[0])
        self.counts["tei_characters_removed"] += n_removed
        return escaped


def _link(prefix: str, unit: Unit) -> str:
    source, source_pointer = _end(f"{prefix}.s", unit.source_start, unit.source_stop)
    target, target_pointer = _end(f"{prefix}.t", unit.target_start, unit.target_stop)
    certainty = "" if unit.confidence is None else f' cert="{unit.confidence:.{DECIMALS}f}"'
    return f'{source_pointer}{target_pointer}<link target="#{source} #{target}"{certainty}/>\n'


def _end(prefix: str, start: int, stop: int) -> tuple[str, str]:
    """Return the id of what one end of a link points to, and a pointer of that id where it is several sentences."""
    if stop - start == 1:
        return f"{prefix}{start}", ""
    name = f"{prefix}{start}-{stop - 1}"
    targets = " ".join(f"#{prefix}{position}" for position in range(start, stop))
    return name, f'<ptr xml:id="{name}" target="{targets}"/>'
