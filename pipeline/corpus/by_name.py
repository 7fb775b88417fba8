"""Pair documents by their names: the same stem, a language tag that differs, a number, or a word that only they share.

Each way is tried on what the ways before it have left, the strictest first. Two documents are a pair where a way gives
both the same key, and gives it to no other document of either side. What shares a key with more is listed as ambiguous.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from pipeline.corpus.formats.names import SUFFIXES
from pipeline.corpus.languages import NAMES, SLIPS

SEGMENTS = re.compile(r"[/\\?&#]+")
TOKENS = re.compile(r"\d+|[^\W\d_]+")
CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
ROMAN = re.compile(r"(x{0,3})(ix|iv|v?i{0,3})")
ROMAN_DIGITS = {"i": 1, "v": 5, "x": 10}
PARAMETERS = frozenset({"lang", "language", "locale", "hl", "lng", "l"})
"""What stands before a language in an address: `?lang=de`."""
SUFFIX = re.compile(rf"({'|'.join(map(re.escape, SUFFIXES))})?(\.gz)?$", re.IGNORECASE)
MIN_WORD_LETTERS = 4
"""A shorter word that two names share says little."""
ENGLISH_NAMES = {code: name for name, code in reversed(NAMES.items())}


class NamedPair(NamedTuple):
    """Two documents that belong together by their names, and what tells so."""

    source: str
    target: str
    reason: str


@dataclass
class NameMatch:
    """What names tell: pairs in the order of the source, what is left alone, and what can't be decided."""

    pairs: list[NamedPair] = field(default_factory=list)
    ambiguous: list[tuple[tuple[str, ...], tuple[str, ...]]] = field(default_factory=list)
    """Documents of both sides with one key: any of the first may belong to any of the second."""
    source_alone: list[str] = field(default_factory=list)
    target_alone: list[str] = field(default_factory=list)


class Name(NamedTuple):
    """A name taken apart: for each segment of its path, the tokens in lower case, numbers without leading zeros."""

    text: str
    segments: tuple[tuple[str, ...], ...]

    @property
    def tokens(self) -> tuple[str, ...]:
        """Return what all segments of the name are made of, in order."""
        return tuple(token for segment in self.segments for token in segment)


Key = Callable[[Name], Hashable | None]


def name_pair(source: str, target: str) -> str:
    """Name a pair after its documents: `book.en` and `book.de` make `book.en-de`, `alice` and `anna` `alice-anna`."""
    if source == target:
        return source
    base, dot, language = source.rpartition(".")
    other_base, _, other_language = target.rpartition(".")
    if dot and base == other_base:
        return f"{base}.{language}-{other_language}"
    return f"{source}-{target}"


def match_names(
    source: Sequence[str], target: Sequence[str], source_language: str | None, target_language: str | None
) -> NameMatch:
    """Pair the names of two sides; a language is a standard tag, or None where it isn't known.

    Names are paths or addresses, relative to what all of a side have in common. Every name appears once in the result.
    """
    left = ([parse_name(text) for text in source], [parse_name(text) for text in target])
    match = NameMatch()
    for reason, is_strict, keys in _ways(left, (source_language, target_language)):
        left = _pair_by(left, keys, reason, is_strict, match)
    _pair_by_words(left, (source_language, target_language), match)
    order = {text: number for number, text in enumerate(source)}
    match.pairs.sort(key=lambda pair: order[pair.source])
    taken = {text for pair in match.pairs for text in (pair.source, pair.target)}
    taken |= {text for group in match.ambiguous for side in group for text in side}
    match.source_alone = [text for text in source if text not in taken]
    match.target_alone = [text for text in target if text not in taken]
    return match


def language_of_name(text: str, languages: Iterable[str]) -> str | None:
    """Return the one of the languages that a name is tagged with; None where it is tagged with none, or with several.

    A tag is a code or a name of the language that begins or ends a part of the path: `book.en.txt`, `german/01.txt`.
    """
    name = parse_name(text)
    found = [language for language in languages if without_language(name, language, at_edges=True) != name.segments]
    return found[0] if len(found) == 1 else None


def parse_name(text: str) -> Name:
    """Take a name apart; its suffixes and the "www" of a host are left out."""
    stem = SUFFIX.sub("", unicodedata.normalize("NFKC", text))
    parts = (TOKENS.findall(CAMEL.sub(" ", part)) for part in SEGMENTS.split(stem))
    segments = (tuple(_folded(token) for token in part) for part in parts)
    return Name(text, tuple(tuple(token for token in part if token != "www") for part in segments if part))


def _folded(token: str) -> str:
    return str(int(token)) if token.isdecimal() else token.casefold()


@lru_cache(maxsize=256)
def language_words(language: str) -> frozenset[str]:
    """Return the words that stand for a language in names: its codes, its names, and what is often taken for a code."""
    from langcodes import Language

    primary = language.split("-")[0]
    words = {primary, *(name for name, code in NAMES.items() if code == primary)}
    words |= {slip for slip, code in SLIPS.items() if code == primary}
    for variant in ("T", "B"):
        try:
            words.add(Language.get(primary).to_alpha3(variant=variant))
        except LookupError:
            continue
    return frozenset(words)


def without_language(name: Name, language: str, at_edges: bool) -> tuple[tuple[str, ...], ...]:
    """Return the segments of a name without the words of a language, its region and the parameter that names it."""
    words = language_words(language)
    segments = []
    for segment in name.segments:
        kept = list(segment)
        edges = {0, len(segment) - 1}
        for place in reversed(range(len(segment))):
            is_region = place == len(segment) - 1 and place > 0 and _is_region(segment, place, words)
            if segment[place] in words and (not at_edges or place in edges or _is_region(segment, place + 1, words)):
                kept[place] = ""
                if place + 1 < len(segment) and _is_region(segment, place + 1, words):
                    kept[place + 1] = ""
                if place and segment[place - 1] in PARAMETERS:
                    kept[place - 1] = ""
            elif is_region:
                continue
        if left := tuple(token for token in kept if token):
            segments.append(left)
    return tuple(segments)


def _is_region(segment: Sequence[str], place: int, words: frozenset[str]) -> bool:
    """Say whether a token is the region or script of the language before it, as in `en-US`, at the end of a segment."""
    if not 0 < place == len(segment) - 1 or segment[place - 1] not in words:
        return False
    from langcodes import tag_is_valid

    return len(segment[place]) in (2, 4) and tag_is_valid(f"{segment[place - 1][:2]}-{segment[place]}")


def _ways(
    sides: tuple[list[Name], list[Name]], languages: tuple[str | None, str | None]
) -> list[tuple[str, bool, tuple[Key, Key]]]:
    """Return the ways in their order: the reason to tell, whether a shared key is strong evidence, and the keys."""

    def both(make: Callable[[str | None, list[Name]], Key]) -> tuple[Key, Key]:
        return make(languages[0], sides[0]), make(languages[1], sides[1])

    return [
        ("the same name", True, (_tokens, _tokens)),
        ("the same name but for the language", True, both(lambda language, _: _stripped(language, at_edges=True))),
        ("the same name but for the language", True, both(lambda language, _: _stripped(language, at_edges=False))),
        ("the same where names differ", False, both(_informative)),
        ("the same numbers", False, both(lambda language, _: _numbers(language, slice(None)))),
        ("the same first number", False, both(lambda language, _: _numbers(language, slice(1)))),
        ("the same last number", False, both(lambda language, _: _numbers(language, slice(-1, None)))),
        ("the same Roman number", False, both(lambda language, _: _numbers(language, slice(-1, None), is_roman=True))),
    ]


def _tokens(name: Name) -> Hashable | None:
    return name.tokens or None


def _segments(name: Name, language: str | None, at_edges: bool = False) -> tuple[tuple[str, ...], ...]:
    return without_language(name, language, at_edges) if language else name.segments


def _stripped(language: str | None, at_edges: bool) -> Key:
    def key(name: Name) -> Hashable | None:
        return tuple(token for segment in _segments(name, language, at_edges) for token in segment)

    return key


def _informative(language: str | None, side: list[Name]) -> Key:
    """Return a key of the tokens that not all names of a side have."""
    bags = {name.text: tuple(token for part in _segments(name, language) for token in part) for name in side}
    n_names = Counter(token for bag in bags.values() for token in set(bag))
    common = {token for token, number in n_names.items() if number == len(side)} if len(side) > 1 else set()

    def key(name: Name) -> Hashable | None:
        return tuple(token for token in bags[name.text] if token not in common) or None

    return key


def _numbers(language: str | None, which: slice, is_roman: bool = False) -> Key:
    def key(name: Name) -> Hashable | None:
        tokens = (token for part in _segments(name, language) for token in part)
        numbers = [number for token in tokens if (number := _number(token, is_roman)) is not None]
        return tuple(numbers[which]) or None

    return key


def _number(token: str, is_roman: bool) -> int | None:
    if token.isdecimal():
        return int(token)
    return _roman(token) if is_roman and ROMAN.fullmatch(token) else None


def _roman(token: str) -> int:
    digits = [ROMAN_DIGITS[letter] for letter in token]
    after = [*digits[1:], 0]
    return sum(-digit if digit < following else digit for digit, following in zip(digits, after, strict=True))


def _pair_by(
    left: tuple[list[Name], list[Name]], keys: tuple[Key, Key], reason: str, is_strict: bool, match: NameMatch
) -> tuple[list[Name], list[Name]]:
    """Pair what one way decides, and return what is left; a strict way takes out what it can't decide, too."""
    groups = tuple(_grouped(side, key) for side, key in zip(left, keys, strict=True))
    done: set[str] = set()
    for key in groups[0].keys() & groups[1].keys():
        source, target = (group[key] for group in groups)
        if len(source) == len(target) == 1:
            match.pairs.append(NamedPair(source[0].text, target[0].text, reason))
        elif is_strict:
            match.ambiguous.append((tuple(name.text for name in source), tuple(name.text for name in target)))
        else:
            continue
        done.update(name.text for name in (*source, *target))
    return tuple([name for name in side if name.text not in done] for side in left)  # type: ignore[return-value]


def _grouped(side: list[Name], key: Key) -> dict[Hashable, list[Name]]:
    groups: dict[Hashable, list[Name]] = defaultdict(list)
    for name in side:
        if (found := key(name)) is not None:
            groups[found].append(name)
    return groups


def _pair_by_words(
    left: tuple[list[Name], list[Name]], languages: tuple[str | None, str | None], match: NameMatch
) -> None:
    """Pair what shares a word that no other name of either side has, such as an author's."""
    owners = tuple(_owners(side, language) for side, language in zip(left, languages, strict=True))
    shared: dict[tuple[str, str], list[str]] = defaultdict(list)
    for word in sorted(owners[0].keys() & owners[1].keys()):
        shared[owners[0][word], owners[1][word]].append(word)
    n_partners = Counter(text for pair in shared for text in pair)
    for (source, target), words in shared.items():
        if n_partners[source] == n_partners[target] == 1:
            match.pairs.append(NamedPair(source, target, f"both names have {words[0]!r}"))


def _owners(side: list[Name], language: str | None) -> dict[str, str]:
    """Return the words that stand in one name of a side only, and in which."""
    names: dict[str, set[str]] = defaultdict(set)
    for name in side:
        for token in {token for part in _segments(name, language) for token in part}:
            if len(token) >= MIN_WORD_LETTERS and not token.isdecimal():
                names[token].add(name.text)
    return {word: next(iter(texts)) for word, texts in names.items() if len(texts) == 1}
