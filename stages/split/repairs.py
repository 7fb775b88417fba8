"""Repair what is plainly wrong in the answers of the libraries: around quotation marks, dashes and numbers.

Most rules take an end away, or show a library a text of equal length in which it sees what it overlooks. Full stops
after abbreviations are in `full_stops.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from stages.split.full_stops import OPENERS

MAX_NUMBER_CHARS = 60

_QUOTE = re.compile(r"""["“”„‟«»‹›「」『』]|(?<!\w)['‘’‚‛]|['’](?!\w)""")
_CONTINUATION = re.compile(r"([。！？｡][”’」』]?\s*)[0-9a-z]")
_BROKEN_OFF = re.compile(r"[…—](?=[”’」』])")
_CLOSERS = re.compile(r"[”’」』»›\s]*")
_ENUMERATOR = re.compile(
    r"\s*[(（]?(?:(?:[A-Z]\.)?\d{1,3}(?:\.\d{1,3})*|[A-Za-zА-Яа-я]|[ivxlcIVXLC]{2,5})[.)．）、]+\s*"
)
_CAPTION = re.compile(r"\s*[^\W\d_]+\s\d{1,3}(?:\.\d{1,3})*\.\s*")
_NEW_SPEECH = re.compile(r"""[.?!…]["”’»“]? +(?=[–—―-] ?["“„«¿¡]?[^\W\d_])""")
_NEW_ITEM = re.compile(r"[.?!] +(?=\(?[^\W\d_]\) *\S|\(?\d{1,2}\) *\S)")
_DUTCH_ELISION = re.compile(r"[.?!]['’”]? +(?=['’][stn] [A-Z])")
_ELIDED = re.compile(r"\s*['’][stn] [A-Z]")
_ITEM = re.compile(r"\s*\(?[^\W\d_]\)")
_GEORGIAN = re.compile("[\u10d0-\u10ff]")
"""Unicode calls these letters small, but their capitals begin no sentence."""
_QUOTATIVE = re.compile(r"(?<=[」』！？])(?:って|と(?!にかく|ても|ころ|うとう|き|りあえず))")


def mask_quotes(paragraph: str) -> str:
    """Put a space for every quotation mark."""
    return _QUOTE.sub(" ", paragraph)


def settle_at_quotes(paragraph: str, masked: str, end: int, is_unspaced: bool) -> int | None:
    """Return where an end found with masked quotation marks belongs; None if a mark stands there that may belong to it.

    Where no spaces are written, Chinese 。 ends a sentence whatever follows, and closing marks go with it. Elsewhere
    what comes after the mark decides, and the library has seen it: `"Come!" he said.`
    """
    begin = end
    while begin and masked[begin - 1].isspace():
        begin -= 1
    if paragraph[begin : end + 1] == masked[begin : end + 1]:
        return end
    after = _CLOSERS.match(paragraph, begin)
    if not is_unspaced or after is None or paragraph[after.end() : after.end() + 1] == '"':
        return None
    return after.end()


def mask_unspaced(paragraph: str) -> str:
    """Show sentencex the Chinese and Japanese ends that it overlooks.

    It takes a digit or small letter after 。 for a sentence that goes on, and …… or —— before a closing quotation mark
    for the middle of one (a speech that breaks off is over: 11 of 11 cases in the gold of MAC).
    """
    return _BROKEN_OFF.sub("。", _CONTINUATION.sub(r"\1中", paragraph))


def new_speeches(paragraph: str, code: str) -> Iterator[int]:
    """Yield the ends before what begins with a dash, a letter in brackets or the `'s` of Dutch.

    `— Wer ist da? — Ich.`, `a) Wash them. b) Cut them.`, `'s Avonds kwam hij. 's Ochtends ging hij.`
    """
    for match in _NEW_SPEECH.finditer(paragraph):
        begin = OPENERS.match(paragraph, match.end())
        if begin and not paragraph[begin.end()].islower():
            yield match.end()
    for pattern in (_NEW_ITEM, _DUTCH_ELISION)[: 2 if code in ("af", "nl") else 1]:
        yield from (match.end() for match in pattern.finditer(paragraph))


def repair_ends(paragraph: str, ends: list[int], code: str) -> list[int]:
    """Take away ends that are none.

    - before a small letter (sentencex knows only those from a to z): `«Привіт!» сказав він.`
    - before the Japanese と that makes a quotation part of the sentence: `「行こう。」と言った。`
    - after a number or letter that only numbers what follows: `16.1. Zukünftige Entwicklungen`, and at the
      start of a paragraph `Tabelle 11.2. Übersicht`
    - before what has no letter or digit at all: a closing mark, dots
    """
    kept = [end for end in ends if not _goes_on(paragraph, end, code)]
    return _without_fragments(paragraph, kept)


def _goes_on(paragraph: str, end: int, code: str) -> bool:
    if code == "ja":
        return bool(_QUOTATIVE.match(paragraph, end))
    match = OPENERS.match(paragraph, end)
    following = paragraph[match.end() : match.end() + 1] if match else ""
    if not following.islower() or code == "zh" or _GEORGIAN.match(following):
        return False
    return not _ITEM.match(paragraph, end) and not (code in ("af", "nl") and _ELIDED.match(paragraph, end))


def _without_fragments(paragraph: str, ends: list[int]) -> list[int]:
    kept: list[int] = []
    for end, following in pairwise([*ends, len(paragraph)]):
        has_more = any(map(str.isalnum, paragraph[end:following]))
        if has_more and not _only_numbers(paragraph, kept[-1] if kept else 0, end):
            kept.append(end)
    return kept


def _only_numbers(paragraph: str, begin: int, end: int) -> bool:
    """Tell whether a piece is the number of what follows; only the first of a paragraph can be a caption."""
    patterns = (_ENUMERATOR,) if begin else (_ENUMERATOR, _CAPTION)
    return end - begin <= MAX_NUMBER_CHARS and any(pattern.fullmatch(paragraph, begin, end) for pattern in patterns)
