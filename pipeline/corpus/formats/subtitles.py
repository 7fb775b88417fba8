"""SRT and WebVTT subtitles: what is said, without times and colours."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from pipeline.corpus.formats.document import Options, load, space_between
from pipeline.corpus.text import normalise
from pipeline.errors import DocumentError

PAUSE_MILLISECONDS = 1_500
"""A sentence that goes on in the next subtitle does so at once; after a longer pause another begins."""

MIN_FULL_STOPS = 0.2
"""A file ends its sentences with marks if so many of its speeches have a full stop. Others mostly have none at all, and
question marks only."""

_DASH = re.compile(r"[-–—‐]\s*(?=[^\s\d])")
_ENDED = re.compile(r"[.!?。！？؟।][\"'”’»)\]」』]*$")
_GOES_ON = re.compile(r"(…|\.{2,})[\"'”’»)\]」』]*$")
_FULL_STOP = re.compile(r"(?<![.…])[.。।][\"'”’»)\]」』]*$")
_APART = re.compile(r"[♪♫]|[\[(#].*[\])#]\.?$")
"""A sound, or a song."""
_VTT_UNSEEN = re.compile(r"<rt\b[^>]*>.*?</rt>|<[\d:.]+>", re.DOTALL)
"""The reading above a word, and when the next word is to be shown."""


class Speech(NamedTuple):
    """What one speaker says in one subtitle."""

    text: str
    start: int
    """In milliseconds, as the stop."""
    stop: int
    is_new: bool
    """It begins with a dash: another speaker."""


def read_subtitles(format_name: str) -> Callable[[str, Options], Iterator[str]]:
    """Return the reader of "srt" or "vtt"."""

    def read(text: str, options: Options) -> Iterator[str]:
        pysubs2 = load("pysubs2", "subtitles")
        del options
        text = normalise(text)
        is_vtt = format_name == "vtt"
        try:
            found = pysubs2.SSAFile.from_string(_only_cues(text) if is_vtt else text, format_=format_name)
        except pysubs2.exceptions.Pysubs2Error as error:
            raise DocumentError(f"is no {format_name.upper()} file that can be read: {error}") from None
        if text.strip() and not found.events:
            raise DocumentError(f"holds no subtitle that can be read: is it a {format_name.upper()} file?")
        speeches: list[Speech] = []
        for cue in found:
            words = html.unescape(cue.plaintext) if is_vtt else cue.plaintext  # WebVTT is escaped as HTML is
            speeches += _speeches(words, cue.start, cue.end)
        yield from _joined(speeches)

    return read


def _only_cues(text: str) -> str:
    """Return a WebVTT file without comments, styles, regions and the names of its cues (WebVTT, section 4.1)."""
    blocks = (block.split("\n") for block in re.split(r"\n(?:[ \t]*\n)+", text))
    cues = []
    for lines in blocks:
        timing = next((index for index, line in enumerate(lines) if "-->" in line), None)
        if timing is not None:
            cues.append("\n".join(lines[timing:]))
    return "WEBVTT\n\n" + _VTT_UNSEEN.sub("", "\n\n".join(cues))


def _speeches(words: str, start: int, stop: int) -> Iterator[Speech]:
    """Give what one subtitle says: a speech, or one for each speaker where dashes set them off."""
    lines = [line.strip() for line in words.split("\n") if line.strip()]
    starts = [index for index, line in enumerate(lines) if index == 0 or _DASH.match(line)]
    for first, last in pairwise([*starts, len(lines)]):
        text = ""
        for line in lines[first:last]:
            text += space_between(text, line) + line
        spoken = _DASH.sub("", text, count=1) if _DASH.match(text) else text
        yield Speech(spoken, start, stop, spoken != text)


def _joined(speeches: Sequence[Speech]) -> Iterator[str]:
    """Join a sentence that runs over several subtitles."""
    has_marks = _has_marks([speech.text for speech in speeches if not _APART.match(speech.text)])
    sentences: list[str] = []
    for before, speech in zip([None, *speeches], speeches, strict=False):
        if before is not None and _is_continued(before, speech, has_marks):
            sentences[-1] += space_between(sentences[-1], speech.text) + speech.text
        else:
            sentences.append(speech.text)
    yield from sentences


def _has_marks(texts: Sequence[str]) -> bool:
    return sum(bool(_FULL_STOP.search(text)) for text in texts) >= MIN_FULL_STOPS * len(texts)


def _is_continued(before: Speech, after: Speech, has_marks: bool) -> bool:
    """Say whether a speech goes on in the next: nothing ends it, and that begins with a small letter.

    Or, in a file that ends its sentences with marks, at once: "the" may be followed by "Rhine", in German by any noun.
    """
    if after.is_new or _APART.match(before.text) or _APART.match(after.text):
        return False
    is_small = after.text.lstrip("….")[:1].islower()
    if _GOES_ON.search(before.text):
        return is_small
    if not before.text or _ENDED.search(before.text):
        return False
    is_at_once = 0 <= after.start - before.stop <= PAUSE_MILLISECONDS
    is_sign = before.text.isupper() or after.text.isupper()  # what is written in the picture
    last, first = before.text[-1], after.text[:1]
    is_in_midst = (last.islower() or not last.isalpha()) and (first.isupper() or first.isdigit())
    return is_small or (has_marks and is_at_once and is_in_midst and not is_sign)
