"""The blocks of a bilingual book: a paragraph of the source with what translates it, or a heading with its translation.

The source sets the paragraphs. Sentences without a translation stay where they stand, and are told apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from stages.data import AlignedPair, Sentence
from stages.export.characters import replace_surrogates
from stages.text import on_one_line


class Piece(NamedTuple):
    """The text of one side of a bead, and whether the other side has text, too."""

    text: str
    is_aligned: bool


class Block(NamedTuple):
    """A paragraph or heading with its translation: the pieces of both sides, in order; one side may be empty.

    level : 0 for a paragraph, 1 to 6 for a heading.
    """

    level: int
    source: list[Piece]
    target: list[Piece]


def blocks_of(pair: AlignedPair) -> Iterator[Block]:
    """Give the blocks of a pair in order; together they hold every sentence of both sides once."""
    beads = pair.beads
    spans = (beads.source_start, beads.source_stop, beads.target_start, beads.target_stop)
    block: Block | None = None
    before: tuple[int | None, int | None] = (None, None)
    for source_start, source_stop, target_start, target_stop in zip(*(span.tolist() for span in spans), strict=True):
        source, target = pair.source[source_start:source_stop], pair.target[target_start:target_stop]
        level = _level(source) or _level(target)
        if block is None or level or block.level or _begins_paragraph(source, target, before):
            if block is not None and (block.source or block.target):
                yield block
            block = Block(level, [], [])
        is_aligned = _has_text(source) and _has_text(target)
        block.source.extend(_pieces(source, pair.source_language, is_aligned))
        block.target.extend(_pieces(target, pair.target_language, is_aligned))
        before = (_last_paragraph(source, before[0]), _last_paragraph(target, before[1]))
    if block is not None and (block.source or block.target):
        yield block


def _level(sentences: Sequence[Sentence]) -> int:
    """Return the level of a heading; text that goes on behind it makes it a paragraph."""
    levels = {sentence.heading for sentence in sentences if sentence.text}
    return levels.pop() if len(levels) == 1 else 0


def _begins_paragraph(
    source: Sequence[Sentence], target: Sequence[Sentence], before: tuple[int | None, int | None]
) -> bool:
    """Say whether a bead begins a paragraph of the source, or, without a source, one of the target."""
    if source:
        return source[0].paragraph != before[0]
    return bool(target) and target[0].paragraph != before[1]


def _last_paragraph(sentences: Sequence[Sentence], before: int | None) -> int | None:
    return sentences[-1].paragraph if sentences else before


def _has_text(sentences: Sequence[Sentence]) -> bool:
    return any(sentence.text for sentence in sentences)


def _pieces(sentences: Sequence[Sentence], language: str, is_aligned: bool) -> Iterator[Piece]:
    for sentence in sentences:
        if sentence.text:
            yield Piece(on_one_line(replace_surrogates(sentence.text)[0], language), is_aligned)
