"""What the encode task needs beside the stage: texts of many documents at once, and what the encoder did meanwhile."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa

from pipeline.config.run_config import RunConfig, which_overlaps
from pipeline.corpus.manifest import Document
from pipeline.store.requested_overlaps import Asked, Known, asked_rows, by_name
from pipeline.store.rows import overlap_key, vector_rows
from pipeline.store.shard_file import ShardWriter

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from stages.encode.config import EncodeConfig
    from stages.encode.encoder import Encoder, Timing


class Wanted(NamedTuple):
    """The overlaps of a document that are to be encoded: for each size the positions where they stop.

    asked, known : what pairs have asked for, and vectors of it that have been found in the store.
    """

    document: Document
    sentences: list[str]
    stops: Mapping[int, NDArray[np.int32]]
    asked: Sequence[Asked] = ()
    known: Known = {}  # noqa: RUF012 (nothing is ever put into it)


def encode_together(encoder: Encoder, config: EncodeConfig, work: Iterable[Wanted]) -> Encoder:
    """Return an encoder that knows the texts of all documents, if this one works best on many at once.

    One that wants a GPU does. The embedded one is left as it is: its last bits depend on what is in a call, and so must
    not depend on the other documents of a shard.
    """
    from stages.encode import EncodedTogether, texts_of_overlaps

    if not encoder.info.wants_gpu:
        return encoder

    def texts() -> Iterator[str]:
        for document, sentences, stops, *_ in work:
            yield from texts_of_overlaps(sentences, document.language, stops, config)

    return EncodedTogether(encoder, texts())


def write_vectors(
    writer: ShardWriter, columns: pa.Schema, wanted: Wanted, encoder: Encoder, config: RunConfig
) -> dict[str, int]:
    """Encode the overlaps of a document and write them under their keys; return counts.

    Contested overlaps are encoded one by one where last bits would depend on what else is in a call: what a pair gets
    must not depend on which overlaps other pairs contest.
    """
    from stages.encode import encode_overlaps

    document, lines, stops, asked, known = wanted
    counts: Counter[str] = Counter()
    on_demand = which_overlaps(config) == "on-demand"
    for size in stops:
        is_contested = on_demand and size > 1
        one_by_one = is_contested and not encoder.info.wants_gpu
        part = encode_overlaps(lines, document.language, {size: stops[size]}, encoder, config.encode, one_by_one)
        if is_contested:
            known = known | by_name(part.overlaps)
        else:
            rows = vector_rows(document, size, part.overlaps[size], columns)
            writer.add(overlap_key(document, size), rows, part.facts)
        counts.update({name: number for name, number in part.facts.items() if isinstance(number, int)})
    for key, of_sizes in asked:
        writer.add(key, asked_rows(document, of_sizes, known, columns), {"precision": encoder.precision})
    return dict(counts)


def timing_counts(before: Timing | None, now: Timing) -> dict[str, int]:
    """Return what an encoder did between two moments (from its start without the first), in milliseconds and times."""
    milliseconds = {"load_ms": "load_seconds", "encode_ms": "encode_seconds", "first_batch_ms": "first_batch_seconds"}
    counts = {
        name: round(1000 * (getattr(now, field) - (getattr(before, field) if before else 0.0)))
        for name, field in milliseconds.items()
    }
    return {**counts, "halved_batches": now.n_halvings - (before.n_halvings if before else 0)}
