"""XCES as OPUS has it: both documents with numbered sentences, and links between these in a file of their own.

Written from the files of the OPUS corpus (Tiedemann 2012), those that it calls raw: a sentence is its text. `xtargets`
names the sentences of both sides, set off by a semicolon. A sentence without a link has no translation, or the config
leaves its bead out; with `keep_nulls` it has a link whose other side is empty. Characters that XML 1.0 can't hold are
removed and counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from xml.sax.saxutils import quoteattr

from stages.data import AlignedPair, Sentence
from stages.export.characters import escape_xml, replace_surrogates, short_digest
from stages.export.units import DECIMALS, Unit
from stages.text import on_one_line

DECLARATION = '<?xml version="1.0" encoding="utf-8"?>\n'
DOCTYPE = '<!DOCTYPE cesAlign PUBLIC "-//CES//DTD XML cesAlign//EN" "">\n'

NameDocuments = Callable[[AlignedPair], tuple[str, str]]
"""Names the files of a pair's two documents, as seen from the folder of the links."""


def render_document(sentences: Sequence[Sentence], language: str, counts: Counter[str]) -> Iterator[str]:
    """Give a document: its paragraphs, with sentences numbered from 1 as in the links; empty ones are left out."""
    yield f"{DECLARATION}<document>\n"
    for number, (_, paragraph) in enumerate(groupby(enumerate(sentences, 1), key=lambda item: item[1].paragraph), 1):
        lines = [(position, sentence) for position, sentence in paragraph if sentence.text]
        if lines:
            yield f'<p id="{number}">\n'
            for position, sentence in lines:
                text, n_removed = escape_xml(replace_surrogates(on_one_line(sentence.text, language))[0])
                counts["xces_characters_removed"] += n_removed
                yield f'<s id="{position}">{text}</s>\n'
            yield "</p>\n"
    yield "</document>\n"


class XcesRenderer:
    """Renders the links of pairs: a group for each."""

    def __init__(self, name_documents: NameDocuments) -> None:
        self.counts: Counter[str] = Counter()
        self._name_documents = name_documents

    def header(self) -> str:
        """Return all that stands before the first pair."""
        return f'{DECLARATION}{DOCTYPE}<cesAlign version="1.0">\n'

    def pair(self, pair: AlignedPair, units: Sequence[Unit]) -> Iterator[str]:
        """Give the links of a pair; their ids differ from those of other pairs."""
        source, target = map(quoteattr, self._name_documents(pair))
        prefix = f"SL{short_digest(pair.pair_id)}"
        yield f'<linkGrp targType="s" fromDoc={source} toDoc={target}>\n'
        for number, unit in enumerate(units, 1):
            ends = (
                _names(pair.source, unit.source_start, unit.source_stop),
                _names(pair.target, unit.target_start, unit.target_stop),
            )
            certainty = "" if unit.confidence is None else f' certainty="{unit.confidence:.{DECIMALS}f}"'
            yield f'<link id="{prefix}.{number}" xtargets="{";".join(ends)}"{certainty}/>\n'
        yield "</linkGrp>\n"

    def footer(self) -> str:
        """Return what stands after the last pair."""
        return "</cesAlign>\n"


def _names(sentences: Sequence[Sentence], start: int, stop: int) -> str:
    return " ".join(str(position + 1) for position in range(start, stop) if sentences[position].text)
