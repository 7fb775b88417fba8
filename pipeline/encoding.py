"""What the encode task needs beside the stage: texts of many documents at once, and what the encoder did meanwhile."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from pipeline.manifest import Document

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from stages.encode.config import EncodeConfig
    from stages.encode.encoder import Encoder, Timing


class Wanted(NamedTuple):
    """The overlaps of a document that are to be encoded: for each size the positions where they stop."""

    document: Document
    sentences: list[str]
    stops: Mapping[int, NDArray[np.int32]]


def encode_together(encoder: Encoder, config: EncodeConfig, work: Iterable[Wanted]) -> Encoder:
    """Return an encoder that knows the texts of all documents, if this one works best on many at once.

    One that wants a GPU does. The embedded one is left as it is: its last bits depend on what is in a call, and so must
    not depend on the other documents of a shard.
    """
    from stages.encode import EncodedTogether, texts_of_overlaps

    if not encoder.info.wants_gpu:
        return encoder

    def texts() -> Iterator[str]:
        for document, sentences, stops in work:
            yield from texts_of_overlaps(sentences, document.language, stops, config)

    return EncodedTogether(encoder, texts())


def timing_counts(before: Timing | None, now: Timing) -> dict[str, int]:
    """Return what an encoder did between two moments (from its start without the first), in milliseconds and times."""
    milliseconds = {"load_ms": "load_seconds", "encode_ms": "encode_seconds", "first_batch_ms": "first_batch_seconds"}
    counts = {
        name: round(1000 * (getattr(now, field) - (getattr(before, field) if before else 0.0)))
        for name, field in milliseconds.items()
    }
    return {**counts, "halved_batches": now.n_halvings - (before.n_halvings if before else 0)}
