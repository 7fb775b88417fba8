"""Encode one document: its overlaps of the sizes asked for, each size by itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stages.data import Facts
from stages.encode.config import EncodeConfig
from stages.encode.encoder import EncodedTexts, Encoder, check_finite
from stages.encode.overlaps import DistinctTexts, EncodedOverlaps, list_overlaps, overlap_stops


@dataclass(frozen=True)
class EncodedDocument:
    """The vectors of a document's overlaps, by overlap size, and what the report says of them.

    facts : `texts` overlaps, of them `distinct_texts` encoded, of these `cut_texts` cut because they are too long;
            `tokens` computed, if the encoder knows; the `precision` in which.
    """

    overlaps: Mapping[int, EncodedOverlaps]
    facts: Facts


def encode_document(
    sentences: Sequence[str], language: str, sizes: Iterable[int], encoder: Encoder, config: EncodeConfig
) -> EncodedDocument:
    """Encode every overlap of the given sizes.

    A document without text, or with fewer sentences than a size, has no overlap of that size: arrays of length 0.
    """
    stops = {size: overlap_stops(sentences, size) for size in sorted(set(sizes))}
    return encode_overlaps(sentences, language, stops, encoder, config)


def encode_overlaps(
    sentences: Sequence[str],
    language: str,
    stops: Mapping[int, NDArray[np.int32]],
    encoder: Encoder,
    config: EncodeConfig,
    one_by_one: bool = False,
) -> EncodedDocument:
    """Encode the overlaps with these stops of each size.

    Each size is one call of the encoder: what it returns depends on this document and this size only, not on what else
    is encoded with it, to the byte for an encoder that works without a GPU. With `one_by_one` it depends on nothing
    but the text itself, which takes the embedded encoder a third longer.
    """
    overlaps: dict[int, EncodedOverlaps] = {}
    facts: Facts = {"texts": 0, "distinct_texts": 0, "cut_texts": 0, "tokens": 0, "precision": encoder.precision}
    for size, stops_of_size in stops.items():
        texts = list_overlaps(sentences, language, size, stops_of_size, config.max_overlap_chars)
        encoded = _encode_each(texts.texts, encoder) if one_by_one else encoder.encode(texts.texts)
        check_finite(encoded.vectors)
        overlaps[size] = EncodedOverlaps(texts.stops, encoded.vectors[texts.text].astype(np.float16))
        _count(facts, texts, encoded)
    return EncodedDocument(overlaps, facts)


def _encode_each(texts: Sequence[str], encoder: Encoder) -> EncodedTexts:
    """Encode every text in a call of its own."""
    parts = [encoder.encode([text]) for text in texts]
    if not parts:
        return encoder.encode([])
    tokens = [part.tokens for part in parts if part.tokens is not None]
    return EncodedTexts(
        np.concatenate([part.vectors for part in parts]),
        np.concatenate([part.is_cut for part in parts]),
        np.concatenate(tokens) if len(tokens) == len(parts) else None,
    )


def texts_of_overlaps(
    sentences: Sequence[str], language: str, stops: Mapping[int, NDArray[np.int32]], config: EncodeConfig
) -> Iterator[str]:
    """Yield the texts that `encode_overlaps` hands to the encoder."""
    for size, stops_of_size in stops.items():
        yield from list_overlaps(sentences, language, size, stops_of_size, config.max_overlap_chars).texts


def _count(facts: Facts, texts: DistinctTexts, encoded: EncodedTexts) -> None:
    counts = {
        "texts": len(texts.stops),
        "distinct_texts": len(texts.texts),
        "cut_texts": int(np.count_nonzero(texts.is_cut | encoded.is_cut)),
    }
    if encoded.n_tokens is None:
        facts.pop("tokens", None)
    elif "tokens" in facts:
        counts["tokens"] = encoded.n_tokens
    for name, count in counts.items():
        facts[name] = int(facts[name]) + count
