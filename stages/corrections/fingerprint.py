"""Fingerprints of documents and sentences: digests, by which they are known again."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple


class TextDescription(NamedTuple):
    """What a document's sentences are known by."""

    n_sentences: int
    digest: str


def describe_text(sentences: Sequence[str]) -> TextDescription:
    """Return what the sentences of a document are known by."""
    digest = hashlib.sha256()
    for sentence in sentences:
        data = sentence.encode("utf-8", "surrogatepass")
        digest.update(b"%d:" % len(data) + data)
    return TextDescription(len(sentences), digest.hexdigest()[:16])


class Fingerprint(NamedTuple):
    """What one sentence is known by.

    digest      : see `digest_sentence`.
    is_repeated : whether it stood there more than once.
    """

    digest: str
    is_repeated: bool = False


def digest_sentence(sentence: str) -> str:
    """Return 8 hexadecimal digits of a sentence; white space doesn't count, so that text can be wrapped anew."""
    return hashlib.sha256("".join(sentence.split()).encode("utf-8", "surrogatepass")).hexdigest()[:8]


def fingerprint(sentences: Sequence[str]) -> tuple[Fingerprint, ...]:
    """Return what each sentence of a document is known by."""
    digests = [digest_sentence(sentence) for sentence in sentences]
    counts = Counter(digests)
    return tuple(Fingerprint(digest, counts[digest] > 1) for digest in digests)
