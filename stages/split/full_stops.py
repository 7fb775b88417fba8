"""Telling whether a full stop ends a sentence, by the words on both sides of it.

sentence-splitter and sentencex each know abbreviations that the other lacks, and take some that often end a sentence
(`etc.`, `U.S.`) for ones that never do. Here sentencex is asked what it knows, `abbreviations.py` is looked up, and
what has no vowel or has stops inside is taken for an abbreviation; then the next word decides.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from stages.split.abbreviations import Words, words_of

OPENERS = re.compile(r"""[\s"'“”„‟«»‹›‘’‚‛([{¿¡—–-]*""")


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_MAX_TOKEN_CHARS = 24
_MAX_SMALL_CHARS = 4
_STOP = re.compile(r"(?<=\w)\.(?=[ ]+\S)")
_WORD = re.compile(r"\w[\w’'-]*(?:(?<=\b\w)\.)?")
_ELISION = re.compile(r"^[^\W\d_]{1,6}['’](?=\w\w)")
_LEADING = re.compile(r"^\W+")
_ROMAN = re.compile(r"[IVXL]{2,}\b|[VX]\b")
_ROMAN_NUMBER = re.compile(r"(?=[IVXLC])C?(?:X[CL]|L?X{0,3})(?:I[XV]|V?I{0,3})")
_DOTTED = re.compile(r"[^\W\d_]{1,3}(?:[.-]+[^\W\d_]{1,3})+")
_DOMAIN = re.compile(r"www\.|\.(?:com|org|net|edu|gov|info|eu|uk|de|fr|es|it|nl|pl|ru|io)$")
_VOWEL = re.compile(
    r"[aeiouyàáâãäåāăąæèéêëēėęěìíîïīįıòóôõöøōőœùúûüūůűųýÿαεηιουωάέήίόύώаеёиоуыэюяіїєѣўъ]", re.IGNORECASE
)
_VOWELLESS = re.compile(r"[a-zß-žа-џґα-ω]{2,5}", re.IGNORECASE)
_INTERJECTIONS = _set("brr hm hmm mh mhm mm mmm nth pfft ps psst pst rh sh shh tsk гм тс тсс хм")

_UNITS = _set("cl cm dl dm g gb h kg km kr kw l m mb mg ml mm t г гц кг км л м мг мл мм см т")
"""Written with a full stop only where a sentence ends."""

_NUMBERED_ENDS = ("str", "nr", "pl")
"""Ends of words such as Lindenstr. 7, Hausnr. 3 and Schillerpl. 2."""

_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz")

_VOWELLESS_WORDS = frozenset(("bg", "bs", "cs", "hr", "mk", "sk", "sl", "sr"))
"""Languages with words of consonants only: smrt, krk, vlk."""

_ORDINAL_STOP = _set("bs cs da de et fi fo hr hu is lb lt lv nb nn no pl sk sl sr tr")
"""Languages that write a full stop after an ordinal."""

_CAPITAL_NOUNS = frozenset(("de", "gsw", "lb", "nds"))

_LIST_CLOSERS = _set(
    "apod atd atď dll dsb ecc enz etc idr ipd itd itn itp jne o.fl o.s.v osfrv osv stb u.c usf usw utt uvm v.v vb yms "
    "κ.λπ κλπ κτλ т.д т.п ა.შ"
)
"""Abbreviations that close a list; outside German, what follows with a capital begins a sentence."""


class Stop(NamedTuple):
    """A full stop between two words.

    token     : the word before it, without openers, elided article and the stop itself.
    joined    : the same, with the abbreviated words before it where an abbreviation is written in pieces: `z.b`, `т.д`.
    before    : the word before the token, "" if there is none.
    following : the word after it, "" if there is none.
    """

    token: str
    joined: str
    before: str
    following: str


def is_no_end(paragraph: str, end: int, code: str) -> bool:
    """Tell whether an end that a library found after a full stop is none, because of an abbreviation before it."""
    stop = _read_stop(paragraph, end)
    if stop is None or not stop.following:
        return False
    words, names = words_of(code), _names(stop)
    if stop.following[0].isdigit() or _ROMAN.match(stop.following):
        is_known = bool(names & (words.inner | words.numeric | words.closing)) or stop.token.endswith(_NUMBERED_ENDS)
        return is_known or _looks_abbreviated(stop, code)
    if names & words.inner:
        return True
    if names & (_LIST_CLOSERS | words.numeric - _LETTERS) or _lower(stop.following) in words.starters:
        return False
    if names & words.closing:
        return stop.token[0].isupper() or "." in stop.joined
    return _looks_abbreviated(stop, code)


def overlooked_ends(paragraph: str, ends: list[int], code: str) -> Iterator[int]:
    """Yield ends after abbreviations and ordinals that the libraries take for the middle of a sentence."""
    known = set(ends)
    for match in _STOP.finditer(paragraph):
        end = match.end()
        stop = None if end in known else _read_stop(paragraph, end)
        if stop is not None and stop.following[:1].isupper() and _ends_after_all(stop, code):
            yield end


def _ends_after_all(stop: Stop, code: str) -> bool:
    words, names = words_of(code), _names(stop)
    if names & words.inner:
        return False
    is_starter = _lower(stop.following) in words.starters
    if names & words.closing:
        return is_starter or (bool(names & _LIST_CLOSERS) and code not in _CAPITAL_NOUNS)
    if stop.token.isdigit() or _ROMAN_NUMBER.fullmatch(stop.token):
        return is_starter and code in _ORDINAL_STOP and _may_be_counted(stop.before, words)
    return is_starter and not _is_letter(stop.token)


def _names(stop: Stop) -> set[str]:
    """Return what an abbreviation may be listed as: with the pieces before it, alone, and its last part: Dipl.-Ing."""
    return {stop.joined, stop.token.lower(), stop.token.lower().rpartition("-")[2]}


def _may_be_counted(before: str, words: Words) -> bool:
    """Tell whether a number after this word isn't that of a list's item: `Abb. 3.` and `Karl II.` are none."""
    if not before.endswith((".", ":")):
        return bool(before)
    word = _bare(before[:-1]).lower()
    return word in words.inner | words.numeric or word.endswith(_NUMBERED_ENDS)


def _read_stop(paragraph: str, end: int) -> Stop | None:
    """Read the words around the full stop that a piece of the paragraph ends with; None if it ends otherwise."""
    pieces = paragraph[max(0, end - 3 * _MAX_TOKEN_CHARS) : end].split()
    if not pieces or not pieces[-1].endswith(".") or pieces[-1].endswith("..") or len(pieces[-1]) > _MAX_TOKEN_CHARS:
        return None
    token = _bare(pieces[-1][:-1])
    if not token:
        return None
    joined, index = token.lower(), len(pieces) - 2
    while index >= 0 and len(joined) < 12 and len(pieces[index]) <= 3 and pieces[index].endswith("."):
        joined = f"{_bare(pieces[index][:-1]).lower()}.{joined}"
        index -= 1
    following = OPENERS.match(paragraph, end)
    word = _WORD.match(paragraph, following.end()) if following else None
    return Stop(token, joined, pieces[-2] if len(pieces) > 1 else "", word.group() if word else "")


def _bare(word: str) -> str:
    return _ELISION.sub("", _LEADING.sub("", word))


def _lower(word: str) -> str:
    """Write a word small, without what is elided at its front: `L'homme` begins with `l`."""
    head, mark, _ = word.replace("’", "'").partition("'")
    return head.lower() if mark and len(head) <= 2 else word.lower()


def _looks_abbreviated(stop: Stop, code: str) -> bool:
    token = stop.token
    is_unit = token.lower() in _UNITS and stop.before[:1].isdigit()
    if _is_dotted(token) or (_is_letter(token) and not is_unit):
        return True
    if not token.isalpha() or token.isupper() or is_unit:
        return False
    if _has_no_vowel(token, code):
        return token.lower() not in _INTERJECTIONS | _UNITS and not stop.before[:1].isdigit()
    return _sentencex_knows(token, code)


def _is_dotted(token: str) -> bool:
    return bool(_DOTTED.fullmatch(token)) and "." in token and not _DOMAIN.search(token.lower())


def _is_letter(token: str) -> bool:
    """Tell whether a token is one letter, with its marks: an initial, or an abbreviation such as `p.`; 네 is a word."""
    first, marks = token[0], token[1:]
    return (
        first.isalpha()
        and not "\uac00" <= first <= "\ud7a3"
        and all(unicodedata.category(mark)[0] == "M" for mark in marks)
    )


def _has_no_vowel(token: str, code: str) -> bool:
    if not _VOWELLESS.fullmatch(token) or _VOWEL.search(token):
        return False
    return token[0].isupper() or code not in _VOWELLESS_WORDS


@lru_cache(maxsize=65536)
def _sentencex_knows(token: str, code: str) -> bool:
    """Ask sentencex about an abbreviation.

    For many languages it falls back on English abbreviations, of which some are words when written small: `ill`, `me`;
    and it takes some longer words for abbreviations: Polish `dniem`.
    """
    if token[0].islower() and (len(token) > _MAX_SMALL_CHARS or _is_one_sentence("Messrs", code)):
        return False
    return _is_one_sentence(token, code)


def _is_one_sentence(token: str, code: str) -> bool:
    from sentencex import segment

    return len(list(segment(code, f"Xx {token}. Abcd efg."))) == 1
