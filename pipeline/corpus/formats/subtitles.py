"""SRT and WebVTT subtitles: what is said, without times and colours."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator

from pipeline.corpus.formats.document import Options, load
from pipeline.corpus.text import decode
from pipeline.errors import DocumentError

_DASH = re.compile(r"[-–—‐]\s*(?=\S)")
_ENDED = re.compile(r"[.!?。！？؟。][\"'”’»)\]」』]*$")
_WIDE = re.compile("[\u3000-\u30ff\u3400-\u9fff\uff00-\uffef]")


def read_subtitles(format_name: str) -> Callable[[bytes, Options], Iterator[str]]:
    """Return the reader of "srt" or "vtt"."""

    def read(data: bytes, options: Options) -> Iterator[str]:
        pysubs2 = load("pysubs2", "subtitles")
        text = decode(data, options.encoding)
        try:
            found = pysubs2.SSAFile.from_string(text, format_=format_name)
        except pysubs2.exceptions.Pysubs2Error as error:
            raise DocumentError(f"is no {format_name.upper()} file that can be read: {error}") from None
        if text.strip() and not found.events:
            raise DocumentError(f"holds no subtitle that can be read: is it a {format_name.upper()} file?")
        cues = [str(cue.plaintext) for cue in found]
        if format_name == "vtt":
            cues = [html.unescape(cue) for cue in cues]  # it is escaped as HTML is
        yield from _joined(speech for cue in cues for speech in _speeches(cue))

    return read


def _speeches(cue: str) -> Iterator[str]:
    """Give what one subtitle says, as one line, or a line for each speaker where dashes set them off."""
    lines = [line.strip() for line in cue.split("\n") if line.strip()]
    starts = [index for index, line in enumerate(lines) if index == 0 or _DASH.match(line)]
    for start, stop in zip(starts, [*starts[1:], len(lines)], strict=True):
        yield _DASH.sub("", _as_one_line(lines[start:stop]), count=1) if len(starts) > 1 else _as_one_line(lines)


def _as_one_line(lines: list[str]) -> str:
    line = ""
    for more in lines:
        is_unspaced = line and _WIDE.match(line[-1]) and _WIDE.match(more)
        line += more if is_unspaced or not line else f" {more}"
    return line


def _joined(speeches: Iterator[str]) -> Iterator[str]:
    """Join a sentence that runs over several subtitles: nothing ends it, and the next begins with a small letter."""
    whole = ""
    for speech in speeches:
        if whole and not _ENDED.search(whole) and speech.lstrip("….")[:1].islower():
            whole = _as_one_line([whole, speech])
        else:
            yield whole
            whole = speech
    yield whole
