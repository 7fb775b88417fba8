"""Gold pairs with their vectors, for the programs that measure alignment; vectors are kept in a folder between runs."""

from __future__ import annotations

import hashlib
import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from stages.align import AlignConfig, find_requested_overlaps
from stages.bead_lines import BeadPositions, parse_beads
from stages.data import Overlaps
from stages.encode import assemble_overlaps, load_encoder
from stages.encode.config import EncodeConfig
from stages.encode.overlaps import list_overlaps, overlap_stops

LANGUAGES = {
    "textberg-de-fr": ("de", "fr"),
    "textberg-dev-de-fr": ("de", "fr"),
    "mac-dev-zh-en": ("zh", "en"),
    "bible-en-zh": ("en", "zh"),
    "maligna-pl": ("pl", "en"),
    "alignar-dev-ar-en": ("ar", "en"),
}
"""The sets whose languages `use-multilingual` knows."""

ENCODE = EncodeConfig(encoder="use-multilingual")

ENCODED_AT_ONCE = 256
"""Texts that are encoded before their vectors are kept: so much is lost when a program is stopped."""


TWICE = re.compile(r"\b(\d+)(?:, \1\b)+")
"""A position that published gold has twice in a bead."""


class GoldTexts(NamedTuple):
    """The sentences of a document pair and its gold beads."""

    name: str
    source: Sequence[str]
    target: Sequence[str]
    gold: Sequence[BeadPositions]
    is_exchanged: bool = False


class GoldPair(NamedTuple):
    """A document pair and its gold beads."""

    name: str
    source: Overlaps
    target: Overlaps
    gold: Sequence[BeadPositions]


def read_lines(path: Path) -> list[str]:
    lines = path.read_text(encoding="utf-8").split("\n")
    return [line.strip() for line in (lines[:-1] if lines[-1] == "" else lines)]


def gold_texts(shared: Path, gold_set: str) -> Iterator[GoldTexts]:
    """Yield the pairs of a gold set, without vectors."""
    for path in sorted(
        path for folder in ("gold", "more-gold") for path in (shared / folder / gold_set).glob("*.gold.txt")
    ):
        stem = str(path)[: -len(".gold.txt")]
        sides = [read_lines(Path(f"{stem}.{side}.txt")) for side in ("source", "target")]
        gold = parse_beads(TWICE.sub(r"\1", line) for line in read_lines(path))
        yield GoldTexts(f"{gold_set}/{Path(stem).name}", *sides, gold)


def gold_pairs(shared: Path, gold_set: str, cache: Path, max_overlap: int = ENCODE.max_overlap) -> Iterator[GoldPair]:
    """Yield the pairs of a gold set."""
    for texts in gold_texts(shared, gold_set):
        yield with_vectors(texts, cache, max_overlap)


def with_vectors(texts: GoldTexts, cache: Path, max_overlap: int = ENCODE.max_overlap) -> GoldPair:
    """Encode every overlap of up to `max_overlap` sentences of a pair, or take its vectors from the cache folder."""
    languages = languages_of(texts)
    sides = (encoded(side, language, cache, max_overlap) for side, language in zip(texts[1:3], languages, strict=True))
    return GoldPair(texts.name, *sides, texts.gold)


def with_overlaps_on_demand(texts: GoldTexts, cache: Path, config: AlignConfig) -> GoldPair:
    """Encode the sentences of a pair and those overlaps that an alignment asks for."""
    pair = with_vectors(texts, cache, 1)
    sides = [widened(side) for side in (pair.source, pair.target)]
    wanted = find_requested_overlaps(*sides, config)
    languages = languages_of(texts)
    found = (
        encoded_stops(side.sentences, language, cache, {1: overlap_stops(side.sentences, 1), **stops})
        for side, language, stops in zip(sides, languages, (wanted.source, wanted.target), strict=True)
    )
    return GoldPair(texts.name, *found, texts.gold)


def widened(document: Overlaps) -> Overlaps:
    """Return a document with room for larger overlaps, none of which is encoded."""
    sizes = np.zeros((ENCODE.max_overlap, *document.vectors.shape[1:]), np.float32)
    sizes[:1] = document.vectors[:1]
    return Overlaps(document.sentences, sizes)


def languages_of(texts: GoldTexts) -> tuple[str, str]:
    """Return the languages of both sides: the sides of a set's documents may be exchanged."""
    source, target = LANGUAGES[texts.name.split("/")[0]]
    return (target, source) if texts.is_exchanged else (source, target)


def encoded(sentences: Sequence[str], language: str, cache: Path, max_overlap: int = ENCODE.max_overlap) -> Overlaps:
    """Encode a document, or take its vectors from the cache folder."""
    stops = {size: overlap_stops(sentences, size) for size in range(1, max_overlap + 1)}
    return encoded_stops(sentences, language, cache, stops, max_overlap)


def encoded_stops(
    sentences: Sequence[str],
    language: str,
    cache: Path,
    stops: Mapping[int, np.ndarray],
    max_overlap: int = ENCODE.max_overlap,
) -> Overlaps:
    """Encode the overlaps of a document with these stops, as overlaps on demand are."""
    vectors = {}
    for size, of_size in stops.items():
        texts = list_overlaps(sentences, language, size, of_size, ENCODE.max_overlap_chars)
        vectors[size] = of_size, vectors_of(texts.texts, cache)[texts.text]
    return assemble_overlaps(sentences, vectors, max_overlap, is_complete=False)


def vectors_of(texts: Sequence[str], cache: Path) -> np.ndarray:
    """Return the vector of each text: float16 array of shape (texts, D).

    A text is encoded once, whatever document it stands in: so that edited documents cost little.
    """
    cache.mkdir(parents=True, exist_ok=True)
    keys = [hashlib.sha256(text.encode()).digest()[:16] for text in texts]
    with closing(sqlite3.connect(cache / "vectors.sqlite", timeout=600)) as store:
        store.execute("create table if not exists vectors (text blob primary key, vector blob)")
        known = {
            key: found[0]
            for key in set(keys)
            if (found := store.execute("select vector from vectors where text = ?", [key]).fetchone())
        }
        missing = sorted(
            {key: text for key, text in zip(keys, texts, strict=True) if key not in known}.items(),
            key=lambda one: len(one[1]),
        )
        for first in range(0, len(missing), ENCODED_AT_ONCE):
            part = missing[first : first + ENCODED_AT_ONCE]
            rows = encoder().encode([text for _, text in part]).vectors.astype(np.float16)
            added = {key: row.tobytes() for (key, _), row in zip(part, rows, strict=True)}
            with store:
                store.executemany("insert or replace into vectors values (?, ?)", added.items())
            known |= added
    return np.array([np.frombuffer(known[key], np.float16) for key in keys]).reshape(len(keys), -1)


@lru_cache(maxsize=1)
def encoder():
    return load_encoder(ENCODE)
