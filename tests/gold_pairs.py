"""Gold pairs with their vectors, for the programs that measure alignment; vectors are kept in a folder between runs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from stages.bead_lines import BeadPositions, parse_beads
from stages.data import Overlaps
from stages.encode import assemble_overlaps, encode_document, load_encoder
from stages.encode.config import EncodeConfig

LANGUAGES = {
    "textberg-de-fr": ("de", "fr"),
    "textberg-dev-de-fr": ("de", "fr"),
    "mac-dev-zh-en": ("zh", "en"),
    "bible-en-zh": ("en", "zh"),
    "maligna-pl": ("pl", "en"),
}
"""The sets whose languages `use-multilingual` knows."""

ENCODE = EncodeConfig(encoder="use-multilingual")


class GoldPair(NamedTuple):
    """A document pair and its gold beads."""

    name: str
    source: Overlaps
    target: Overlaps
    gold: Sequence[BeadPositions]


def read_lines(path: Path) -> list[str]:
    lines = path.read_text(encoding="utf-8").split("\n")
    return [line.strip() for line in (lines[:-1] if lines[-1] == "" else lines)]


def gold_pairs(shared: Path, gold_set: str, cache: Path, max_overlap: int = 4) -> Iterator[GoldPair]:
    """Yield the pairs of a gold set."""
    for path in sorted((shared / "gold" / gold_set).glob("*.gold.txt")):
        stem = str(path)[: -len(".gold.txt")]
        sides = [
            encoded(read_lines(Path(f"{stem}.{side}.txt")), language, cache, max_overlap)
            for side, language in zip(("source", "target"), LANGUAGES[gold_set], strict=True)
        ]
        yield GoldPair(f"{gold_set}/{Path(stem).name}", *sides, parse_beads(read_lines(path)))


def encoded(sentences: Sequence[str], language: str, cache: Path, max_overlap: int = 4) -> Overlaps:
    """Encode a document, or take its vectors from the cache folder."""
    vectors = {}
    for size in range(1, max_overlap + 1):
        key = hashlib.sha256("\n".join([language, str(size), *sentences]).encode()).hexdigest()[:24]
        path = cache / f"{key}.npz"
        if not path.exists():
            cache.mkdir(parents=True, exist_ok=True)
            overlaps = encode_document(sentences, language, [size], encoder(), ENCODE).overlaps[size]
            np.savez(path, stops=overlaps[0], vectors=overlaps[1])
        with np.load(path) as stored:
            vectors[size] = stored["stops"], stored["vectors"]
    return assemble_overlaps(sentences, vectors, max_overlap)


@lru_cache(maxsize=1)
def encoder():
    return load_encoder(ENCODE)
