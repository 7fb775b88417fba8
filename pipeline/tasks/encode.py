"""Turn the overlaps of a shard's documents into vectors: all sentences first, then what pairs request."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa

from pipeline.config.run_config import RunConfig, which_overlaps
from pipeline.errors import ConfigError
from pipeline.manifest import Document
from pipeline.store import schema
from pipeline.store.requested_overlaps import (
    Request,
    Requests,
    VectorsByOverlap,
    add_requests,
    by_name,
    find_known,
    is_requested,
    requested_keys,
    requested_rows,
    requested_vectors,
    unknown_stops,
)
from pipeline.store.rows import overlap_key, vector_rows
from pipeline.store.run_store import RunStore
from pipeline.store.shard_file import ShardWriter
from pipeline.tasks.align import missing_sizes, whole_sizes
from pipeline.tasks.work import Blocked, Outcome, Task, Work, own_documents, own_pairs

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from stages.encode import EncodedOverlaps
    from stages.encode.config import EncodeConfig
    from stages.encode.encoder import Encoder, Timing


GROUPS_AHEAD = 2
"""So many calls' worth of documents are read before the first of them is written."""


class Wanted(NamedTuple):
    """The overlaps of a document that are to be encoded: for each size the positions where they stop.

    requests : what pairs request. known : vectors that have been found in the store.
    """

    document: Document
    sentences: list[str]
    stops: Mapping[int, NDArray[np.int32]]
    requests: Sequence[Request] = ()
    known: VectorsByOverlap = {}  # noqa: RUF012 (nothing is ever put into it)


def encode_documents(store: RunStore, work: Work, outcome: Outcome) -> None:
    """Encode what of the documents of a shard is encoded whole, and the store lacks."""
    documents = own_documents(store, work)
    done = store.embeddings.look_up(
        overlap_key(document, size) for document in documents for size in whole_sizes(store.config)
    )
    outcome.note_places("embeddings", store.embeddings, done)
    missing = {document: sizes for document in documents if (sizes := missing_sizes(store.config, done, document))}
    todo = list(missing)
    has_sentences = store.sentences.look_up(document.id for document in todo)
    outcome.n_todo = len(todo)
    for document in todo:
        if document.id not in has_sentences:
            outcome.blocked.append(Blocked(document.path, (document.path,)))
            outcome.n_open += 1
    ready = [document for document in todo if document.id in has_sentences]
    if ready:
        works = _read_all(ready, lambda document: _whole(store, document, missing[document]), outcome)
        encode_wanted(store, works, outcome)


def _whole(store: RunStore, document: Document, sizes: Sequence[int]) -> Wanted:
    from stages.encode import overlap_stops

    lines = store.read_sentence_texts(document)
    return Wanted(document, lines, {size: overlap_stops(lines, size) for size in sizes})


def encode_requests(store: RunStore, work: Work, outcome: Outcome) -> None:
    """Encode the overlaps that the pairs of a shard request, and the store lacks."""
    pairs = own_pairs(store, work)
    places = store.requested.look_up(requested_keys(pairs))
    known = [pair for pair in pairs if is_requested(pair, places)]
    keys = [key for pair in known for _, key in requested_vectors(pair, store.requested)]
    done = store.embeddings.look_up(keys)
    outcome.note_places("embeddings", store.embeddings, done)
    requests: Requests = {}
    for pair in known:
        with outcome.isolate("encode", pair.pair_id):
            add_requests(requests, pair, store.requested, done)
    outcome.n_todo = len(requests)
    of_documents = store.embeddings.look_up_documents(requests)

    def read(document: Document) -> Wanted:
        keys = sorted(key for key in of_documents if key.startswith(document.id))
        return _requested(store, document, list(requests[document.id][1].values()), keys)

    if requests:
        encode_wanted(store, _read_all([document for document, _ in requests.values()], read, outcome), outcome)


def _requested(store: RunStore, document: Document, requests: Sequence[Request], keys: Iterable[str]) -> Wanted:
    known = find_known(store.embeddings, keys, requests)
    return Wanted(document, store.read_sentence_texts(document), unknown_stops(requests, known), requests, known)


def _read_all(documents: Iterable[Document], read: Callable[[Document], Wanted], outcome: Outcome) -> Iterator[Wanted]:
    """Read what is to be encoded of documents, one after the other; those that can't be read are left out."""
    for document in documents:
        wanted = None
        with outcome.isolate("encode", document.path):
            wanted = read(document)
        if wanted is not None:
            yield wanted


def encode_wanted(store: RunStore, works: Iterable[Wanted], outcome: Outcome) -> None:
    """Encode overlaps of documents; meanwhile read those of others, and write down those that are encoded."""
    from stages.encode import EncodedTogether

    encoder, before = take_encoder(store.config.encode)
    columns = schema.embeddings(encoder.dimensions)
    with (
        store.embeddings.write(columns, compression="none", use_dictionary=["document", "overlap_size"]) as writer,
        encode_together(encoder) as knowing,
    ):
        for wanted in _tell_ahead(works, knowing, store.config.encode):
            with outcome.isolate("encode", wanted.document.path):
                outcome.counts.update(write_vectors(writer, columns, wanted, knowing, store.config))
                outcome.counts.update(documents=int(not wanted.requests))  # not once for each round
            if isinstance(knowing, EncodedTogether) and knowing.failure is not None:
                raise knowing.failure  # not isolated: where a GPU is lost, the shard fails, not each of its documents
    outcome.note_writer("embeddings", store.embeddings, writer)
    outcome.counts.update(timing_counts(before, encoder.timing))


def _tell_ahead(works: Iterable[Wanted], encoder: Encoder, config: EncodeConfig) -> Iterator[Wanted]:
    """Give documents in their order; an encoder that works ahead is told of the texts of the next ones before."""
    from stages.encode import EncodedTogether, texts_of_overlaps

    if not isinstance(encoder, EncodedTogether):
        yield from works
        return
    told: deque[list[Wanted]] = deque()
    for group in _cut_groups(works):
        encoder.add(
            text
            for document, sentences, stops, *_ in group
            for text in texts_of_overlaps(sentences, document.language, stops, config)
        )
        told.append(group)
        if len(told) > GROUPS_AHEAD:
            yield from told.popleft()
    for group in told:
        yield from group


def _cut_groups(works: Iterable[Wanted]) -> Iterator[list[Wanted]]:
    """Give documents in groups that have enough texts for a call."""
    from stages.encode.shared import TEXTS_AT_ONCE

    group: list[Wanted] = []
    n_texts = 0
    for wanted in works:
        group.append(wanted)
        n_texts += sum(len(of_size) for of_size in wanted.stops.values())
        if n_texts >= TEXTS_AT_ONCE:
            yield group
            group, n_texts = [], 0
    if group:
        yield group


def take_encoder(config: EncodeConfig) -> tuple[Encoder, Timing | None]:
    """Return the encoder of this process, and its timing up to now; None where it had to be loaded."""
    n_loaded = get_encoder.cache_info().misses
    encoder = get_encoder(config)
    return encoder, encoder.timing if get_encoder.cache_info().misses == n_loaded else None


@lru_cache(maxsize=1)
def get_encoder(config: EncodeConfig) -> Encoder:
    """Return the encoder of this process; raises ConfigError where it can't be loaded."""
    from stages.encode import load_encoder

    try:
        return load_encoder(config)
    except (RuntimeError, ValueError) as error:
        raise ConfigError(f"[encode] encoder: {error}") from error


@contextmanager
def encode_together(encoder: Encoder) -> Iterator[Encoder]:
    """Give an encoder that works ahead on the texts of many documents, if this one works best on many at once.

    One that wants a GPU does. The embedded one is left as it is: its last bits depend on what is in a call, and so must
    not depend on the other documents of a shard.
    """
    from stages.encode import EncodedTogether

    if not encoder.info.wants_gpu:
        yield encoder
        return
    with EncodedTogether(encoder) as together:
        yield together


def write_vectors(
    writer: ShardWriter, columns: pa.Schema, wanted: Wanted, encoder: Encoder, config: RunConfig
) -> dict[str, int]:
    """Encode the overlaps of a document and write them under their keys; return counts.

    Requested overlaps, and new sentences of a document that people have changed, are encoded one by one where last bits
    would depend on what else is in a call: what a pair gets must not depend on which overlaps other pairs request.
    """
    from stages.encode import encode_overlaps

    document, lines, stops, requests, known = wanted
    counts: Counter[str] = Counter()
    on_demand = which_overlaps(config) == "on-demand"
    for size in stops:
        on_request = on_demand and size != 1
        one_by_one = (on_request or bool(document.edits)) and not encoder.info.wants_gpu
        part = encode_overlaps(lines, document.language, {size: stops[size]}, encoder, config.encode, one_by_one)
        if on_request:
            known = known | by_name(part.overlaps)
        else:
            rows = vector_rows(document, size, with_known(part.overlaps[size], size, known), columns)
            writer.add(overlap_key(document, size), rows, part.facts)
        counts.update({name: number for name, number in part.facts.items() if isinstance(number, int)})
    for key, of_sizes in requests:
        writer.add(key, requested_rows(document, of_sizes, known, columns), {"precision": encoder.precision})
    return dict(counts)


def with_known(encoded: EncodedOverlaps, size: int, known: VectorsByOverlap) -> EncodedOverlaps:
    """Return the overlaps of one size with those that were known before."""
    if not known:
        return encoded
    import numpy as np

    vectors = {stop: vector for (of_size, stop), vector in known.items() if of_size == size}
    vectors |= dict(zip(encoded.stops.tolist(), encoded.vectors, strict=True))
    stops = np.array(sorted(vectors), dtype=np.int32)
    return encoded._replace(stops=stops, vectors=np.stack([vectors[stop] for stop in stops.tolist()]))


def timing_counts(before: Timing | None, now: Timing) -> dict[str, int]:
    """Return what an encoder did between two moments (from its start without the first), in milliseconds and times."""
    milliseconds = {"load_ms": "load_seconds", "encode_ms": "encode_seconds", "first_batch_ms": "first_batch_seconds"}
    counts = {
        name: round(1000 * (getattr(now, field) - (getattr(before, field) if before else 0.0)))
        for name, field in milliseconds.items()
    }
    return {**counts, "halved_batches": now.n_halvings - (before.n_halvings if before else 0)}


ENCODE = Task("encode", "encode", "encode", "encode", "documents", encode_documents)
ENCODE_REQUESTS = Task("encode requests", "encode", "encode", "encode", "pairs", encode_requests)
