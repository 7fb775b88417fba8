"""Find the ends of the sentences of a paragraph: by sentence-splitter for its languages, PyThaiNLP, or sentencex.

The libraries take time that grows with the square of a paragraph's length, so that a long one is read through windows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from itertools import chain
from types import ModuleType
from typing import TYPE_CHECKING, Any

from stages.split.full_stops import is_no_end, overlooked_ends
from stages.split.marks import ends_at_marks, ends_at_spaces, mask_marks
from stages.split.repairs import mask_quotes, mask_unspaced, new_speeches, repair_ends, settle_at_quotes
from stages.split.thai import ends_by_pythainlp
from stages.text import UNSPACED, primary_language

if TYPE_CHECKING:
    from sentence_splitter import SentenceSplitter

SENTENCE_SPLITTER_LANGUAGES = frozenset(
    {"ca", "cs", "da", "de", "el", "en", "es", "fi", "fr", "hu", "is", "it"}
    | {"lt", "lv", "nl", "no", "pl", "pt", "ro", "ru", "sk", "sl", "sv", "tr"}
)
SENTENCEX_LANGUAGES = frozenset(
    {"am", "ar", "bg", "bn", "gu", "hi", "hy", "ja", "kk", "kn", "ml", "mr", "my", "pa", "ta", "te", "uk"}
    | {"wuu", "yue", "zh"}
)
"""Those of the rest for which sentencex has rules, or is tested; what it does with others is its general rules."""

THAI, LAO = "th", "lo"
NORWEGIAN = frozenset({"nb", "nn"})

WINDOW_WORDS, MARGIN_WORDS = 2_000, 20
WINDOW_CHARS, MARGIN_CHARS = 2_000, 200
"""What is read at once, and how much of its end isn't trusted, because what follows is unknown."""

MAX_WORD_CHARS = 200
"""Of a longer word only both ends are shown to sentence-splitter, which looks no further but takes quadratic time."""

_NO_BREAK = "\u00a0\u2007\u202f"
_WORD = re.compile(rf"\S+(?:[{_NO_BREAK}]+\S+)*")
_PLAIN_WORD = re.compile(r"\S+")
_NO_BREAK_AT_QUOTE = re.compile(rf"(?<=[«‹„“])[{_NO_BREAK}]+|[{_NO_BREAK}]+(?=[»›“”!?:;.…])")
_FINAL = re.compile(r"[.?!…;]")
"""Without one of them sentence-splitter is shown nothing that it would end a sentence at."""
_OPENING = re.compile(r"^[„‚»›”’]+(?=.)")
_CLOSING = re.compile(r"(?<=.)[“‘«‹]+(?=\W*$)")

FindEnds = Callable[[int, int], list[int]]


def splitter_name(language: str) -> str:
    """Say what splits a language; `sentencex-general` has no rules made for it."""
    code = primary_language(language)
    if _splitter_code(code) in SENTENCE_SPLITTER_LANGUAGES:
        return "sentence-splitter"
    if code in (THAI, LAO):
        return "pythainlp" if code == THAI else "spaces"
    return "sentencex" if code in SENTENCEX_LANGUAGES else "sentencex-general"


def find_sentence_ends(paragraph: str, language: str) -> list[int]:
    """Return the positions where sentences end within a paragraph without newlines, in order, but its own end."""
    code = primary_language(language)
    ends = _ends_by_library(paragraph, code)
    if code not in UNSPACED:
        more = (overlooked_ends(paragraph, ends, code), new_speeches(paragraph, code), ends_at_marks(paragraph))
        ends = sorted({*ends, *chain.from_iterable(more)} - {len(paragraph)})
        ends = [end for end in ends if not is_no_end(paragraph, end, code)]
    return repair_ends(paragraph, ends, code)


def _ends_by_library(paragraph: str, code: str) -> list[int]:
    if _splitter_code(code) in SENTENCE_SPLITTER_LANGUAGES:
        return _ends_by_sentence_splitter(paragraph, _splitter_code(code))
    if code == THAI:
        return _read_through_windows(len(paragraph), WINDOW_CHARS, MARGIN_CHARS, partial(ends_by_pythainlp, paragraph))
    if code == LAO:
        return ends_at_spaces(paragraph)
    return _ends_by_sentencex(paragraph, code)


def _splitter_code(code: str) -> str:
    return "no" if code in NORWEGIAN else code


def _ends_by_sentence_splitter(paragraph: str, code: str) -> list[int]:
    if not _FINAL.search(paragraph):
        return []
    splitter = _sentence_splitter(code)
    words = list(_words(paragraph))

    def find_ends(start: int, stop: int) -> list[int]:
        shown = " ".join(_shown(match.group(), code) for match in words[start:stop])
        ends = [start]
        for sentence in splitter.split(shown):
            ends.append(ends[-1] + sentence.count(" ") + 1)
        if ends[-1] != stop:
            raise AssertionError(f"sentence-splitter gave back {ends[-1] - start} of {stop - start} words: {shown!r}")
        return ends[1:]

    word_ends = _read_through_windows(len(words), WINDOW_WORDS, MARGIN_WORDS, find_ends)
    return [words[end - 1].end() for end in word_ends if end < len(words)]


def _words(paragraph: str) -> Iterator[re.Match[str]]:
    """Cut a paragraph into words; a no-break space is no place for a sentence to end, unless all spaces are such."""
    n_no_break = sum(map(paragraph.count, _NO_BREAK))
    return (_WORD if n_no_break <= paragraph.count(" ") else _PLAIN_WORD).finditer(paragraph)


def _shown(word: str, code: str) -> str:
    """Write a word as sentence-splitter understands it.

    „so“ and »so« and ”so” become “so” without a space inside, the ellipsis three dots, the Greek question mark ours.
    """
    if len(word) > MAX_WORD_CHARS:
        word = word[: MAX_WORD_CHARS // 2] + word[-MAX_WORD_CHARS // 2 :]
    if code == "el":
        word = word.replace(";", "?")
    if word.isascii():
        return word
    word = _NO_BREAK_AT_QUOTE.sub("", word).replace("…", "...")
    return _CLOSING.sub("”", _OPENING.sub("“", word))


def _ends_by_sentencex(paragraph: str, code: str) -> list[int]:
    """Ask twice: sentencex ends no sentence inside quotation marks, and a speech of thirty sentences would be one."""
    is_unspaced = code in UNSPACED
    shown = mask_unspaced(paragraph) if is_unspaced else mask_marks(paragraph)
    ends = set(_segment(shown, code))
    masked = mask_quotes(shown)
    if masked != shown:
        settled = (settle_at_quotes(shown, masked, end, is_unspaced) for end in _segment(masked, code))
        ends.update(end for end in settled if end is not None)
    return sorted(ends - {len(paragraph)})


def _segment(paragraph: str, code: str) -> list[int]:
    from sentencex import segment

    def find_ends(start: int, stop: int) -> list[int]:
        shown = paragraph[start:stop]
        ends, position = [], 0
        for piece in segment(code, shown):
            position = shown.index(piece, position) + len(piece)
            ends.append(start + position)
        return ends

    return _read_through_windows(len(paragraph), WINDOW_CHARS, MARGIN_CHARS, find_ends)


def _read_through_windows(size: int, window: int, margin: int, find_ends: FindEnds) -> list[int]:
    """Find ends in a row of any size; each window begins with the sentence that the one before left unfinished.

    Where no sentence ends in a whole window, the next one begins in its midst: nothing is cut there.
    """
    ends: list[int] = []
    start = 0
    while size - start > window:
        stop = start + window
        trusted = [end for end in find_ends(start, stop) if end <= stop - margin]
        ends += trusted
        start = trusted[-1] if trusted else stop - margin
    return ends + find_ends(start, size)


@lru_cache
def _sentence_splitter(code: str) -> SentenceSplitter:
    import sentence_splitter

    if not isinstance(sentence_splitter.regex, _Patterns):
        sentence_splitter.regex = _Patterns(sentence_splitter.regex)
    return sentence_splitter.SentenceSplitter(language=code)


class _Patterns:
    """What sentence-splitter calls of `regex`, its patterns compiled once.

    It hands them over as text for every word, and `regex` takes longer to find the text among those that it has
    compiled than to search the word: two thirds of all time.
    """

    def __init__(self, regex: ModuleType) -> None:
        self._compiled = lru_cache(regex.compile)
        self.UNICODE, self.DOTALL = int(regex.UNICODE), int(regex.DOTALL)

    def match(self, pattern: str, string: str, flags: int = 0) -> Any:
        return self._compiled(pattern, flags).match(string)

    def search(self, pattern: str, string: str, flags: int = 0) -> Any:
        return self._compiled(pattern, flags).search(string)

    def split(self, pattern: str, string: str, flags: int = 0) -> Any:
        return self._compiled(pattern, flags).split(string)

    def sub(self, pattern: str, repl: str, string: str, flags: int = 0) -> Any:
        return self._compiled(pattern, flags).sub(repl, string)
