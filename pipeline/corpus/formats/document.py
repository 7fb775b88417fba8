"""The input and the output of the reader of a format."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal, NamedTuple

from pipeline.corpus.text import MIN_CONFIDENCE, normalise
from pipeline.errors import ConfigError
from pipeline.installing import pip_install
from stages.data import DocumentPart, TimedText
from stages.text import HEADING_MARKS, UNIT_MARK

SOFT_HYPHEN = "\u00ad"
"""Where a word may be cut at the end of a line: some books have one in every long word."""

WIDE = re.compile("[\u3000-\u30ff\u3400-\u9fff\uff00-\uffef]")
"""Chinese and Japanese, which put no space between words."""


Layout = Literal["auto", "lines", "pages"]


class Options(NamedTuple):
    """What the config says of a file."""

    encoding: str | None = None
    """Of what is not UTF-8; without it pages and XML tell it, and for all else it is guessed."""
    min_confidence: float = MIN_CONFIDENCE
    """How sure a guess has to be."""
    language: str = ""
    """Which of several to read: a TMX file holds all of its languages."""
    layout: Layout = "auto"
    """Of plain text: whether it shows the pages that it was taken from."""
    main_text: bool = False
    """Of web pages: leave out menus, heads and feet."""
    column: str | None = None
    """Of a table: the name or the number of the column to read; else the one that is named after the language."""


class Heading(NamedTuple):
    """A paragraph that is a heading: of a chapter if its level is 1, of a section within one if it is 2, up to 6."""

    text: str
    level: int


class UnitTexts(NamedTuple):
    """The paragraphs of a unit of a bilingual file in one language: none, or several where it has forms for numbers."""

    texts: Sequence[str]


Paragraph = str | Heading


class Note(NamedTuple):
    """What people should know of how a document was read: it goes on from the document's name, "it is PDF, …"."""

    text: str


class Spoken(NamedTuple):
    """What is said at a time; those of a paragraph follow it, in order, and hold all of its letters."""

    text: str
    start_ms: int
    stop_ms: int


class DocumentText(NamedTuple):
    """A document as text, normalised, and what people should know of how it was read."""

    text: str
    notes: tuple[str, ...] = ()
    """See `Note`."""
    times: tuple[TimedText, ...] = ()
    """Of subtitles: when what is said."""
    bilingual_file: str = ""
    """A digest of the file, if it has units of several languages."""
    n_units: int = 0
    parts: tuple[DocumentPart, ...] = ()
    """Where its files begin, if there are several."""


def join_paragraphs(paragraphs: Iterable[Paragraph | UnitTexts], is_split: bool) -> str:
    """Return paragraphs as a normalised text, headings and units marked: see `stages.text.HEADING_MARKS`.

    A blank line ends each, or with `is_split`, where lines count, a newline.
    """
    end = "\n" if is_split else "\n\n"
    return "".join(f"{line}{end}" for line in _lines(paragraphs, is_split))


def _lines(paragraphs: Iterable[Paragraph | UnitTexts], is_split: bool) -> Iterator[str]:
    marks = ""
    for paragraph in paragraphs:
        marks += UNIT_MARK if isinstance(paragraph, UnitTexts) else ""
        for text in paragraph.texts if isinstance(paragraph, UnitTexts) else [paragraph]:
            line = _line(text, is_split)
            if line or is_split:
                yield marks + line
                marks = ""


def place_times(text: str, spoken: Iterable[Spoken]) -> tuple[TimedText, ...]:
    """Find what is said in the text of its document: together they have the same letters, in the same order.

    Spaces and soft hyphens don't count: they may have changed. Nothing where the letters differ: where two lines meet,
    a mark at the beginning of one may have joined the last letter of the other.
    """
    places = [place for place, char in enumerate(text) if not char.isspace()]
    found, n_before = [], 0
    for one in spoken:
        n_letters = sum(not char.isspace() for char in normalise(one.text.replace(SOFT_HYPHEN, "")))
        letters = places[n_before : n_before + n_letters]
        n_before += n_letters
        if letters:
            found.append(TimedText(letters[0], letters[-1] + 1, one.start_ms, one.stop_ms))
    return tuple(found) if n_before == len(places) else ()


def _line(paragraph: Paragraph, is_split: bool) -> str:
    written = paragraph.text if isinstance(paragraph, Heading) else paragraph
    text = normalise(written.replace(SOFT_HYPHEN, "")).strip()
    if isinstance(paragraph, Heading):
        text = " ".join(text.split())
        return HEADING_MARKS[min(max(paragraph.level, 1), 6) - 1] + text if text else ""
    return " ".join(text.split()) if is_split else text


def space_between(text: str, line: str) -> str:
    """Return what stands between a text and the line in which it goes on."""
    return "" if not text or (WIDE.match(text[-1]) and WIDE.match(line)) else " "


def load(module: str, what: str) -> Any:
    """Import a library of the extra `formats`; raises ConfigError that names the extra."""
    try:
        return importlib.import_module(module)
    except ImportError:
        library = module.partition(".")[0]
        raise ConfigError(
            f"reading {what} takes the library {library}, which is not installed here; install the extra: "
            f"{pip_install('formats')}"
        ) from None
