"""Split a document's text into paragraphs and sentences, each with its exact span."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

from stages.data import Facts, Sentence
from stages.split.boundaries import find_sentence_ends, splitter_name
from stages.split.config import SplitConfig
from stages.split.paragraphs import Span, blocks_of_lines, is_hard_wrapped, line_spans, n_hyphenated_lines
from stages.split.sat import ends_by_sat
from stages.text import HEADING_MARKS, UNIT_MARK


@dataclass(frozen=True)
class SplitResult:
    """A document's sentences in order, and what the report says of how they were found."""

    sentences: list[Sentence]
    facts: Facts = field(default_factory=dict)


def split_document(text: str, language: str, config: SplitConfig, is_split: bool = False) -> SplitResult:
    """Split a normalised text into sentences.

    The sentences are in order, don't overlap, begin and end with no white space, and together hold every other
    character of the text. In hard-wrapped text a sentence runs over line ends: its text then holds the newlines,
    because always `text[start:stop] == sentence.text`; readers that want one line replace them with spaces. Nothing is
    cut for being long: what ends nowhere is one sentence. A line that is marked as a heading is one sentence, without
    its mark; marks of units are left out, too.

    With `is_split` every line is a sentence, and a blank line an empty position, with `start == stop`; a newline at the
    very end begins no further line. `Sentence.paragraph` then is the number of the line, else that of the paragraph.

    An empty document, and one of blank lines, has no sentences; only with `is_split` do blank lines count.
    """
    if is_split:
        return _ready_made(text)
    mode = config.paragraphs
    if mode == "auto":
        mode = "blank-line" if is_hard_wrapped(text) else "line"
    paragraphs = line_spans(text) if mode == "line" else blocks_of_lines(text)
    find_ends = _finder(language, config)
    sentences = list(_sentences(text, paragraphs, find_ends))
    name = splitter_name(language) if config.splitter == "rules" else config.splitter
    facts = _facts(sentences, mode, name, n_paragraphs=len(paragraphs))
    facts["paragraph_mode_guessed"] = int(config.paragraphs == "auto")
    if mode == "blank-line":
        facts["hyphenated_lines"] = n_hyphenated_lines(text)
    return SplitResult(sentences, facts)


def _ready_made(text: str) -> SplitResult:
    sentences = []
    start = unit = 0
    for number, line in enumerate(text.removesuffix("\n").split("\n") if text else []):
        n_marks = _unit_marks(line)
        unit += n_marks
        heading = _level(line[n_marks:])
        content = line[n_marks + bool(heading) :].strip()
        content_start = start + line.index(content, n_marks)
        sentences.append(Sentence(number, content_start, content_start + len(content), content, heading, unit))
        start += len(line) + 1
    return SplitResult(sentences, _facts(sentences, "is_split", "is_split", n_paragraphs=len(sentences)))


def _finder(language: str, config: SplitConfig) -> Callable[[str], list[int]]:
    """Return what finds the ends of sentences in a paragraph that is one line."""
    if config.splitter == "sat":
        return partial(ends_by_sat, model=config.sat_model)
    return partial(find_sentence_ends, language=language)


def _sentences(text: str, paragraphs: list[Span], find_ends: Callable[[str], list[int]]) -> Iterator[Sentence]:
    unit = 0
    for number, (first, stop) in enumerate(paragraphs):
        n_marks = _unit_marks(text[first:stop])
        unit, start = unit + n_marks, first + n_marks
        paragraph = text[start:stop]
        if heading := _level(paragraph):
            yield Sentence(number, start + 1, stop, paragraph[1:], heading, unit)
            continue
        begin = 0
        for end in [*find_ends(paragraph.replace("\n", " ")), len(paragraph)]:
            piece = paragraph[begin:end]
            content = piece.strip()
            if content:
                content_start = start + begin + piece.index(content)
                yield Sentence(number, content_start, content_start + len(content), content, unit=unit)
            begin = end


def _unit_marks(line: str) -> int:
    """Return how many units of a bilingual file begin with a line: those before the last have no text."""
    return len(line) - len(line.lstrip(UNIT_MARK))


def _level(line: str) -> int:
    """Return the level of the heading that a line is marked as, 0 if it is none."""
    return HEADING_MARKS.find(line[:1]) + 1 if line else 0


def _facts(sentences: list[Sentence], mode: str, splitter: str, n_paragraphs: int) -> Facts:
    lengths = [len(sentence.text) for sentence in sentences]
    n_headings = sum(sentence.heading > 0 for sentence in sentences)
    headings: Facts = {"headings": n_headings} if n_headings else {}
    return headings | {
        "sentences": len(sentences),
        "paragraphs": n_paragraphs,
        "paragraph_mode": mode,
        "splitter": splitter,
        "empty_positions": lengths.count(0),
        "longest_sentence_chars": max(lengths, default=0),
    }
