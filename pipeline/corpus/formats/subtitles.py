"""Subtitles (SRT, WebVTT, ASS, SSA, MicroDVD, TTML): what is said, once, and when, without colours."""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from pipeline.corpus.formats.document import Note, Options, Spoken, load, space_between
from pipeline.corpus.text import normalise
from pipeline.errors import DocumentError

PAUSE_MILLISECONDS = 1_500
"""A sentence that goes on in the next subtitle does so at once; after a longer pause another begins."""

MIN_FULL_STOPS = 0.2
"""A file ends its sentences with marks if so many of its speeches have a full stop. Others mostly have none at all, and
question marks only."""

MIN_ROLLING = 0.3
"""Captions roll, and show each line again beside the next, if so many of them begin with what the one before ended
with. In other files only what somebody says twice does."""

MAX_REPEATED_WORDS = 100
"""So many words at most are compared: two lines of captions have twenty."""

FRAMES_PER_SECOND = 25
"""Of a MicroDVD file that doesn't say; only the length of pauses depends on it."""

LOOK_AHEAD = 100
"""Characters of a turn within which its first letter stands."""

_DASH = re.compile(r"[-–—‐]\s*(?=[^\s\d])")
_ENDED = re.compile(r"[.!?。！？؟।][\"'”’»)\]」』]*$")
_LISTS = re.compile(r"[,;:–—-]$")
_NEXT_SPEAKER = re.compile(r"(?:(?<=[.!?…。！？])|(?<=[.!?…。！？][\"”»)\]]))\s+(?=[-–—‐]\s*[^\s\d-])")
"""Where, within a line, another may begin to speak: "- Who? - Me."."""
_PLACED = re.compile(r"\{[^}]*\\(?:an[4-9]|pos|move)")
"""Moved away from where speech is written."""
_AT_TOP = re.compile(r"\bline:(?:[0-4]?\d(?:\.\d+)?%|\d)(?=\s|$)")
"""The same in WebVTT."""
_SIGN_STYLE = re.compile(r"\bsigns?\b|\btitle", re.IGNORECASE)
_GOES_ON = re.compile(r"(…|\.{2,})[\"'”’»)\]」』]*$")
_FULL_STOP = re.compile(r"(?<![.…])[.。।][\"'”’»)\]」』]*$")
_APART = re.compile(r"[♪♫]|[\[(#].*[\])#]\.?$")
"""A sound, or a song."""
_VTT_UNSEEN = re.compile(r"<rt\b[^<>]*>[^<]*(?:<(?!/?rt\b)[^<]*)*</rt>|<[\d:.]+>")
"""The reading above a word, and when the next word is to be shown."""


class Cue(NamedTuple):
    """One subtitle."""

    lines: list[str]
    start: int
    """In milliseconds, as the stop."""
    stop: int
    is_sign: bool
    """It is written in the picture, and not said: it stands apart from speech that goes on beside it."""


class Speech(NamedTuple):
    """What one speaker says in one subtitle."""

    text: str
    start: int
    stop: int
    is_new: bool
    """It begins with a dash: another speaker."""


def read_subtitles(format_name: str) -> Callable[[str, Options], Iterator[str | Note | Spoken]]:
    """Return the reader of "srt", "vtt", "ass", "microdvd" or "ttml"."""

    def read(text: str, options: Options) -> Iterator[str | Note | Spoken]:
        del options
        text = normalise(text)
        events = _events(text, format_name)
        if text.strip() and not events:
            raise DocumentError(f"holds no subtitle that can be read: is it a {format_name.upper()} file?")
        cues = [cue for cue in _cues(events, is_escaped=format_name == "vtt") if cue.lines]
        rolled = _without_repeated(cues)
        if rolled is not cues:
            yield Note("its captions roll: each line is shown again beside the next, and was read once")
        yield from _said(rolled)

    return read


def _events(text: str, format_name: str) -> list[Any]:
    """Return the subtitles of a file in the order of their times."""
    pysubs2 = load("pysubs2", "subtitles")
    more = {"fps": FRAMES_PER_SECOND} if format_name == "microdvd" else {}
    try:
        found = pysubs2.SSAFile.from_string(
            _only_cues(text) if format_name == "vtt" else text, format_=format_name, **more
        )
    except pysubs2.exceptions.Pysubs2Error as error:
        raise DocumentError(f"is no {format_name.upper()} file that can be read: {error}") from None
    return sorted(
        (event for event in found if not event.is_comment and not event.is_drawing), key=lambda one: one.start
    )


def _cues(events: Sequence[Any], is_escaped: bool) -> Iterator[Cue]:
    main_style = Counter(event.style for event in events).most_common(1)[0][0] if events else ""
    last_stop = 0
    for index, event in enumerate(events):
        words = html.unescape(event.plaintext) if is_escaped else event.plaintext  # WebVTT is escaped as HTML is
        lines = [line.strip() for line in words.split("\n") if line.strip()]
        following = events[index + 1].start if index + 1 < len(events) else event.end
        is_beside = event.start < last_stop or following < event.end
        is_set_off = _PLACED.search(event.text) is not None or event.style != main_style or " ".join(lines).isupper()
        is_sign = _SIGN_STYLE.search(event.style) is not None or (is_beside and is_set_off)
        yield Cue(lines, event.start, event.end, is_sign)
        last_stop = last_stop if is_sign else max(last_stop, event.end)


def _without_repeated(cues: list[Cue]) -> list[Cue]:
    """Return captions that roll without what each shows again; the same list where they don't roll."""
    words = [[word for line in cue.lines for word in line.split()] for cue in cues]
    repeated = [0, *(_n_repeated(before, after) for before, after in pairwise(words))]
    n_rolling = sum(n > 0 for n in repeated)
    if n_rolling < 2 or n_rolling < MIN_ROLLING * len(cues):
        return cues
    return [
        cue._replace(lines=[" ".join(words[index][n:])] if n else cue.lines)
        for index, (cue, n) in enumerate(zip(cues, repeated, strict=True))
        if n < len(words[index])
    ]


def _n_repeated(before: list[str], after: list[str]) -> int:
    """Return how many words, the most there can be, end one caption and begin the next."""
    most = min(len(before), len(after), MAX_REPEATED_WORDS)
    return next((n for n in range(most, 0, -1) if before[-n:] == after[:n]), 0)


def _only_cues(text: str) -> str:
    """Return a WebVTT file without comments, styles, regions and the names of its cues (WebVTT, section 4.1)."""
    blocks = (block.split("\n") for block in re.split(r"\n(?:[ \t]*\n)+", text))
    cues = []
    for lines in blocks:
        timing = next((index for index, line in enumerate(lines) if "-->" in line), None)
        if timing is not None:
            mark = "{\\an8}" if _AT_TOP.search(lines[timing]) else ""
            cues.append("\n".join([lines[timing], *(mark + line for line in lines[timing + 1 :])]))
    return "WEBVTT\n\n" + _VTT_UNSEEN.sub("", "\n\n".join(cues))


def _speeches(cue: Cue) -> Iterator[Speech]:
    """Give what one subtitle says: a speech, or one for each speaker where dashes set them off."""
    text, is_new = "", False
    for before, line in pairwise(["", *_turns(cue.lines)]):
        begins = _DASH.match(line) is not None and _is_turn(text, before, is_new)
        if begins and text:
            yield Speech(text, cue.start, cue.stop, is_new)
            text = ""
        is_new = is_new or begins
        text += space_between(text, line) + (_DASH.sub("", line, count=1) if begins else line)
    if text:
        yield Speech(text, cue.start, cue.stop, is_new)


def _turns(lines: Sequence[str]) -> Iterator[str]:
    """Give lines, cut where within one another begins to speak."""
    for line in lines:
        start = 0
        for gap in _NEXT_SPEAKER.finditer(line):
            if not _first_letter(line[gap.end() : gap.end() + LOOK_AHEAD]).islower():
                yield line[start : gap.start()]
                start = gap.end()
        yield line[start:]


def _first_letter(turn: str) -> str:
    return _DASH.sub("", turn, count=1).lstrip("\"“¿¡'‘(")[:1]


def _is_turn(text: str, before: str, is_dialogue: bool) -> bool:
    """Say whether a dash begins what another says: not after a comma, where it sets off a part of the sentence."""
    if not text:
        return True
    return not _LISTS.search(before) and (is_dialogue or _ENDED.search(before) is not None)


def _said(cues: Sequence[Cue]) -> Iterator[str | Spoken]:
    """Give what is said and what is written, each sentence where it begins, and then when it is said."""
    speeches = [(index, speech) for index, cue in enumerate(cues) if not cue.is_sign for speech in _speeches(cue)]
    sentences = _joined(speeches)
    signs = ((index, [Spoken(" ".join(cue.lines), *cue[1:3])]) for index, cue in enumerate(cues) if cue.is_sign)
    for _, pieces in sorted([*sentences, *signs], key=lambda one: one[0]):
        yield "".join(piece.text for piece in pieces)
        yield from pieces


def _joined(speeches: Sequence[tuple[int, Speech]]) -> list[tuple[int, list[Spoken]]]:
    """Join a sentence that runs over several subtitles; return it with the number of its first."""
    has_marks = _has_marks([speech.text for _, speech in speeches if not _APART.match(speech.text)])
    sentences: list[tuple[int, list[Spoken]]] = []
    last: Speech | None = None
    for index, speech in speeches:
        if last is not None and _is_continued(last, speech, has_marks):
            text = space_between(last.text, speech.text) + speech.text
            sentences[-1][1].append(Spoken(text, speech.start, speech.stop))
        else:
            sentences.append((index, [Spoken(speech.text, speech.start, speech.stop)]))
        last = speech
    return sentences


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
