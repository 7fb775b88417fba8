"""XCES as OPUS has it: both documents with numbered sentences, and links between these in a file of their own.

Written from the files of the OPUS corpus (Tiedemann 2012): `xtargets` names the sentences of both sides, set off by a
semicolon; a side without a sentence stays empty, so the links hold every sentence, however the filters are set.
Characters that XML 1.0 can't hold are removed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from math import isnan
from xml.sax.saxutils import quoteattr

from stages.data import AlignedPair, Sentence
from stages.export.characters import escape_xml, replace_surrogates
from stages.export.units import DECIMALS
from stages.text import on_one_line

DECLARATION = '<?xml version="1.0" encoding="utf-8"?>\n'
DOCTYPE = '<!DOCTYPE cesAlign PUBLIC "-//CES//DTD XML cesAlign//EN" "">\n'


def render_document(sentences: Sequence[Sentence], language: str) -> Iterator[str]:
    """Give a document: its paragraphs, with sentences numbered from 1 as in the links; empty ones are left out."""
    yield f"{DECLARATION}<document>\n"
    for number, (_, paragraph) in enumerate(groupby(enumerate(sentences, 1), key=lambda item: item[1].paragraph), 1):
        lines = [(position, sentence) for position, sentence in paragraph if sentence.text]
        if lines:
            yield f'<p id="{number}">\n'
            for position, sentence in lines:
                text, _ = escape_xml(replace_surrogates(on_one_line(sentence.text, language))[0])
                yield f'<s id="{position}">{text}</s>\n'
            yield "</p>\n"
    yield "</document>\n"


def render_links(pair: AlignedPair, source_file: str, target_file: str) -> Iterator[str]:
    """Give the links of a pair between two files, whose names are relative to that of the links."""
    beads = pair.beads
    spans = (beads.source_start, beads.source_stop, beads.target_start, beads.target_stop, beads.confidence)
    yield f'{DECLARATION}{DOCTYPE}<cesAlign version="1.0">\n'
    yield f'<linkGrp targType="s" fromDoc={quoteattr(source_file)} toDoc={quoteattr(target_file)}>\n'
    number = 0
    for source_start, source_stop, target_start, target_stop, confidence in zip(
        *(span.tolist() for span in spans), strict=True
    ):
        source = _names(pair.source, source_start, source_stop)
        target = _names(pair.target, target_start, target_stop)
        if not source and not target:
            continue
        number += 1
        certainty = "" if isnan(confidence) else f' certainty="{confidence:.{DECIMALS}f}"'
        yield f'<link id="SL{number}" xtargets="{source};{target}"{certainty}/>\n'
    yield "</linkGrp>\n</cesAlign>\n"


def _names(sentences: Sequence[Sentence], start: int, stop: int) -> str:
    return " ".join(str(position + 1) for position in range(start, stop) if sentences[position].text)
