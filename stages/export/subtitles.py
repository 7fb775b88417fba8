"""Bilingual subtitles, SRT and ASS: both texts of a bead, one below the other, when one of its sides is said.

What is said within one subtitle stays together, with a dash for each speaker. Of a sentence that begins or ends
within a subtitle that holds more, the time is estimated by its share of the letters. Every sentence is kept, those
without a translation by themselves; the filters of an export have no part in it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from typing import Literal, NamedTuple

from stages.data import AlignedPair, Sentence, TimedText
from stages.export.characters import plain_line, replace_surrogates
from stages.text import join_sentences, on_one_line

Kind = Literal["srt", "ass"]
Side = Literal["source", "target"]

ASS_HEADER = """[Script Info]
ScriptType: v4.00+
WrapStyle: 0
ScaledBorderAndShadow: yes
PlayResX: 1920
PlayResY: 1080

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, Underline,\
 StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding
Style: Default,Arial,60,&H00FFFFFF,&H000000FF,&H00000000,&H80000000,0,0,0,0,100,100,0,0,1,3,1,2,60,60,50,1
Style: Translation,Arial,54,&H0080E0FF,&H000000FF,&H00000000,&H80000000,0,0,0,0,100,100,0,0,1,3,1,2,60,60,50,1

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""

MIN_MILLISECONDS = 1_000
"""What is shown for a shorter time can't be read."""

WORD_JOINER = "\u2060"
"""Stands unseen after a backslash, so that it begins no command of ASS."""


class Said(NamedTuple):
    """When a bead is said, and in which stretches of its timed side."""

    start_ms: float
    stop_ms: float
    stretches: tuple[int, ...]
    """Their numbers among the times of the side."""
    side: Side


class Event(NamedTuple):
    """What is shown from one time to another: each side a line, or several where several speak."""

    start_ms: int
    stop_ms: int
    source: tuple[str, ...]
    target: tuple[str, ...]


Shown = tuple[Said, str, str]
"""A bead that is shown, with the texts of both sides."""


def has_times(pair: AlignedPair) -> bool:
    """Say whether either side is subtitles."""
    return bool(pair.source_times or pair.target_times)


def render_subtitles(pair: AlignedPair, kind: Kind, timed_by: Side, counts: Counter[str]) -> str:
    """Return the subtitles of a pair; beads that neither side has a time for are left out and counted."""
    events = list_events(pair, timed_by, counts)
    if kind == "srt":
        return "".join(_srt_event(number, event) for number, event in enumerate(events, 1))
    return ASS_HEADER + "".join(map(_ass_event, events))


def list_events(pair: AlignedPair, timed_by: Side, counts: Counter[str]) -> list[Event]:
    """Return what is shown, by time. The times are those of one side, and of the other where that one has none."""
    beads = pair.beads
    spans = zip(beads.source_start, beads.source_stop, beads.target_start, beads.target_stop, strict=True)
    said_of = {
        "source": _when_said(pair.source, pair.source_times),
        "target": _when_said(pair.target, pair.target_times),
    }
    order: tuple[Side, Side] = ("source", "target") if timed_by == "source" else ("target", "source")
    shown: list[Shown] = []
    for i, i_stop, j, j_stop in spans:
        source = _text(pair.source[i:i_stop], pair.source_language, counts)
        target = _text(pair.target[j:j_stop], pair.target_language, counts)
        if not source and not target:
            continue
        places = {"source": slice(i, i_stop), "target": slice(j, j_stop)}
        found = (_span([one for one in said_of[side][places[side]] if one], side) for side in order)
        said = next((one for one in found if one), None)
        if said is None:
            counts["subtitles_untimed_left_out"] += 1
        else:
            shown.append((said, source, target))
    events = [_event(pair, group) for group in _together(pair, shown)]
    return sorted(events, key=lambda event: event[:2])


def _when_said(
    sentences: Sequence[Sentence], times: Sequence[TimedText]
) -> list[tuple[float, float, list[int]] | None]:
    """Return of each sentence when it begins and ends, and in which stretches; None for one that has no time."""
    found: list[tuple[float, float, list[int]] | None] = []
    first = 0
    for sentence in sentences:
        while first < len(times) and times[first].stop <= sentence.start:
            first += 1
        last = first
        while last < len(times) and times[last].start < sentence.stop:
            last += 1
        inside = list(range(first, last)) if sentence.text else []
        if inside:
            start, stop = _at(times[first], sentence.start), _at(times[last - 1], sentence.stop)
            found.append((start, max(start, stop), inside))
        else:
            found.append(None)
    return found


def _at(stretch: TimedText, char: int) -> float:
    """Return when a character of a stretch is said, as if all took the same time."""
    share = (min(max(char, stretch.start), stretch.stop) - stretch.start) / (stretch.stop - stretch.start)
    return stretch.start_ms + share * (stretch.stop_ms - stretch.start_ms)


def _span(sentences: Sequence[tuple[float, float, list[int]]], side: Side) -> Said | None:
    """Return when the sentences of one side of a bead are said."""
    if not sentences:
        return None
    stretches = sorted({number for _, _, inside in sentences for number in inside})
    return Said(min(one[0] for one in sentences), max(one[1] for one in sentences), tuple(stretches), side)


def _together(pair: AlignedPair, shown: Sequence[Shown]) -> list[list[Shown]]:
    """Return beads in groups, each of which is shown at once.

    Beads within one subtitle are together, and so is one that would be gone before it is read, with the bead before it
    or after it that shares a subtitle.
    """
    groups: list[list[Shown]] = []
    for one in shown:
        last = groups[-1] if groups else []
        subtitles = _subtitles(pair, [one])
        is_within = len(subtitles) == 1 and subtitles == _subtitles(pair, last)
        is_short = min(_duration([one]), _duration(last)) < MIN_MILLISECONDS
        if last and (is_within or (is_short and subtitles & _subtitles(pair, last))):
            last.append(one)
        else:
            groups.append([one])
    return groups


def _subtitles(pair: AlignedPair, group: Sequence[Shown]) -> set[tuple[Side, int, int]]:
    """Return the subtitles in which beads are said: the side, and the times."""
    times = {"source": pair.source_times, "target": pair.target_times}
    return {
        (said.side, times[said.side][stretch].start_ms, times[said.side][stretch].stop_ms)
        for said, _, _ in group
        for stretch in said.stretches
    }


def _duration(group: Sequence[Shown]) -> float:
    return max((said.stop_ms for said, _, _ in group), default=0) - min(
        (said.start_ms for said, _, _ in group), default=0
    )


def _event(pair: AlignedPair, group: Sequence[Shown]) -> Event:
    start = round(min(said.start_ms for said, _, _ in group))
    stop = round(max(said.stop_ms for said, _, _ in group))
    is_dialogue = len(_subtitles(pair, group)) == 1
    speeches = [[*speech] for _, speech in groupby(group, key=lambda one: one[0].stretches[0] if is_dialogue else 0)]
    dash = "- " if len(speeches) > 1 else ""
    sources = (join_sentences((source for _, source, _ in speech), pair.source_language) for speech in speeches)
    targets = (join_sentences((target for _, _, target in speech), pair.target_language) for speech in speeches)
    lines = [tuple(dash + text for text in texts if text) for texts in (sources, targets)]
    return Event(start, max(stop, start + 1), *lines)


def _text(sentences: Sequence[Sentence], language: str, counts: Counter[str]) -> str:
    text = on_one_line(join_sentences((sentence.text for sentence in sentences), language), language)
    line, n_removed = plain_line(replace_surrogates(text)[0])
    counts["subtitles_characters_removed"] += n_removed
    return line


def _srt_event(number: int, event: Event) -> str:
    text = "\n".join((*event.source, *event.target)).replace("-->", "->")
    return f"{number}\n{_clock(event.start_ms, ',', 3)} --> {_clock(event.stop_ms, ',', 3)}\n{text}\n\n"


def _ass_event(event: Event) -> str:
    source, target = ("\\N".join(map(_escape_ass, lines)) for lines in (event.source, event.target))
    between = "\\N" if source and target else ""
    shown = f"{source}{between}{{\\rTranslation}}{target}" if target else source
    return f"Dialogue: 0,{_clock(event.start_ms, '.', 2)},{_clock(event.stop_ms, '.', 2)},Default,,0,0,0,,{shown}\n"


def _escape_ass(text: str) -> str:
    return text.replace("\\", f"\\{WORD_JOINER}").replace("{", "\\{").replace("}", "\\}")


def _clock(milliseconds: int, point: str, decimals: int) -> str:
    """Write a time: 01:02:03,456 in SRT, 1:02:03.46 in ASS."""
    unit = 10 ** (3 - decimals)
    seconds, rest = divmod(max(milliseconds, 0) // unit, 10**decimals)
    hours = f"{seconds // 3600:02}" if decimals == 3 else f"{seconds // 3600}"
    return f"{hours}:{seconds // 60 % 60:02}:{seconds % 60:02}{point}{rest:0{decimals}}"
