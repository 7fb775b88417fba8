"""Stages' values as rows of the store, and back: which shelf they lie on, by which key, in which columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import pyarrow as pa

from pipeline.config.run_config import RunConfig, beads_address, embeddings_address, sentences_address
from pipeline.corpus.manifest import Document, DocumentPair
from pipeline.store import schema
from pipeline.store.store import Places, Shelf, Store

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from stages.corrections import Corrections
    from stages.data import AlignedPair, Beads, Facts, Overlaps, Sentence
    from stages.encode import EncodedOverlaps

WINDOW_PAIRS = 4096
WINDOW_CHARS = 8_000_000
"""Pairs are read together up to so many, and so many characters of both sides."""

TEXTS_ADDRESS = "all"
"""A text is what it is, whatever the config."""


def texts(store: Store) -> Shelf:
    """Return the shelf of normalised texts, by document."""
    return store.shelf("texts", TEXTS_ADDRESS)


def sentences(store: Store, config: RunConfig) -> Shelf:
    """Return the shelf of sentences, by document."""
    return store.shelf("sentences", sentences_address(config))


def embeddings(store: Store, config: RunConfig) -> Shelf:
    """Return the shelf of vectors, by document and overlap size."""
    return store.shelf("embeddings", embeddings_address(config))


def beads(store: Store, config: RunConfig) -> Shelf:
    """Return the shelf of beads, by pair."""
    return store.shelf("beads", beads_address(config))


def overlap_key(document: Document, size: int) -> str:
    """Return what the store knows the overlaps of one size of a document by."""
    return f"{document.id}:{size}"


def provisional_key(pair: DocumentPair) -> str:
    """Return what the store knows the beads of a pair by that lack overlaps which they want encoded."""
    return f"provisional:{pair.key}"


def bead_keys(pair: DocumentPair) -> list[str]:
    """Return what the store may know beads of a pair by, the best first: for its corrections, or from before them."""
    versions = (pair, pair.uncorrected)
    return list(dict.fromkeys(key for version in versions for key in (version.key, provisional_key(version))))


def stored_key(pair: DocumentPair, places: Places) -> str | None:
    """Return by what the best beads of a pair are known that there are."""
    return next((key for key in bead_keys(pair) if key in places), None)


def read_some_pairs(store: Store, config: RunConfig, pairs: Iterable[DocumentPair]) -> Iterator[AlignedPair]:
    """Give those of the pairs that have been aligned, in their order.

    Raises CorruptFile where a stored file fails its checks.
    """
    for window in _windows(pairs):
        yield from _read_window(store, config, window)


def _windows(pairs: Iterable[DocumentPair]) -> Iterator[list[DocumentPair]]:
    """Cut pairs into groups that are read together."""
    window: list[DocumentPair] = []
    n_chars = 0
    for pair in pairs:
        if window and (n_chars + pair.n_chars > WINDOW_CHARS or len(window) == WINDOW_PAIRS):
            yield window
            window, n_chars = [], 0
        window.append(pair)
        n_chars += pair.n_chars
    if window:
        yield window


def _read_window(store: Store, config: RunConfig, pairs: Sequence[DocumentPair]) -> Iterator[AlignedPair]:
    from stages.data import BEAD_ARRAYS, Sentence

    shelf = beads(store, config)
    done = shelf.look_up(key for pair in pairs for key in bead_keys(pair))
    keys = {pair.pair_id: key for pair in pairs if (key := stored_key(pair, done))}
    aligned = [pair for pair in pairs if pair.pair_id in keys]
    documents = dict.fromkeys(side.id for pair in aligned for side in (pair.source, pair.target))
    shelf_of_sentences = sentences(store, config)
    found = {key: _as_sentences(rows) for key, rows in shelf_of_sentences.read_many(documents, Sentence._fields)}
    rows = dict(shelf.read_many(keys.values(), BEAD_ARRAYS))
    facts = shelf.facts_of_many(keys.values())
    for pair in aligned:
        key = keys[pair.pair_id]
        yield _aligned_pair(pair, found[pair.source.id], found[pair.target.id], rows[key], facts[key])


def read_pair(store: Store, config: RunConfig, pair: DocumentPair) -> AlignedPair:
    """Return one aligned pair with its sentences, and with what people have decided about these sentences."""
    return _with_texts(store, config, pair, *_read_beads(store, config, pair))


def read_pair_and_map(
    store: Store, config: RunConfig, pair: DocumentPair
) -> tuple[AlignedPair, NDArray[np.uint8] | None]:
    """Return the same, and its similarity map."""
    rows, facts = _read_beads(store, config, pair)
    return _with_texts(store, config, pair, rows, facts), _map_of(rows)


def _with_texts(store: Store, config: RunConfig, pair: DocumentPair, rows: pa.Table, facts: Facts) -> AlignedPair:
    source, target = (read_sentences(store, config, side) for side in (pair.source, pair.target))
    return _aligned_pair(pair, source, target, rows, facts)


def _aligned_pair(
    pair: DocumentPair, source: list[Sentence], target: list[Sentence], rows: pa.Table, facts: Facts
) -> AlignedPair:
    from stages.data import BEAD_ARRAYS, AlignedPair, Beads

    arrays = {name: rows[name].to_numpy() for name in BEAD_ARRAYS}
    aligned = AlignedPair(
        pair_id=pair.pair_id,
        source_language=pair.source.language,
        target_language=pair.target.language,
        source=source,
        target=target,
        beads=Beads(**arrays, facts=facts),
    )
    return _corrected(aligned, pair.corrections) if pair.corrections else aligned


def _corrected(aligned: AlignedPair, corrections: Corrections) -> AlignedPair:
    from stages.align.constraints.fixed_beads import settle

    sizes = len(aligned.source), len(aligned.target)
    return replace(aligned, beads=settle(aligned.beads, corrections, *sizes))


def read_map(store: Store, config: RunConfig, pair: DocumentPair) -> NDArray[np.uint8] | None:
    """Return the similarity map of an aligned pair: uint8 array of shape (rows, columns); None without a bead."""
    return _map_of(_read_beads(store, config, pair)[0])


def _map_of(rows: pa.Table) -> NDArray[np.uint8] | None:
    import numpy as np

    from stages.report.dotplot import map_shape

    if not rows.num_rows:
        return None
    shape = map_shape(rows["source_stop"][-1].as_py(), rows["target_stop"][-1].as_py())
    return np.frombuffer(rows["similarity_map"][0].as_py(), np.uint8).reshape(shape)


def _read_beads(store: Store, config: RunConfig, pair: DocumentPair) -> tuple[pa.Table, Facts]:
    """Return the rows of the best beads that there are of a pair, and what was said of them."""
    shelf = beads(store, config)
    key = stored_key(pair, shelf.look_up(bead_keys(pair))) or pair.key
    return shelf.read(key), shelf.facts(key)


def read_sentences(store: Store, config: RunConfig, document: Document) -> list[Sentence]:
    """Return the sentences of a document."""
    return _as_sentences(sentences(store, config).read(document.id))


def _as_sentences(rows: pa.Table) -> list[Sentence]:
    from stages.data import Sentence

    columns = (rows[name].to_pylist() for name in Sentence._fields)
    return [Sentence(*row) for row in zip(*columns, strict=True)]


def read_sentence_texts(store: Store, config: RunConfig, document: Document) -> list[str]:
    """Return the texts of a document's sentences."""
    lines: list[str] = sentences(store, config).read(document.id)["text"].to_pylist()
    return lines


def read_overlaps(store: Store, config: RunConfig, document: Document) -> Overlaps:
    """Return a document's sentences with the vectors of all overlaps that the config asks for."""
    shelf = embeddings(store, config)
    encoded: dict[int, EncodedOverlaps] = {}
    for size in range(1, config.encode.max_overlap + 1):
        encoded |= read_vectors(shelf, overlap_key(document, size))
    return with_sentences(store, config, document, encoded)


def with_sentences(
    store: Store,
    config: RunConfig,
    document: Document,
    encoded: Mapping[int, EncodedOverlaps],
    is_complete: bool = True,
) -> Overlaps:
    """Return vectors of a document, by overlap size, together with its sentences; see `assemble_overlaps`."""
    from stages.encode import assemble_overlaps

    rows = sentences(store, config).read(document.id)
    levels = rows["heading"].to_pylist()
    overlaps = assemble_overlaps(rows["text"].to_pylist(), encoded, config.encode.max_overlap, is_complete)
    return replace(overlaps, headings=levels if any(levels) else ())


def read_vectors(shelf: Shelf, key: str) -> dict[int, EncodedOverlaps]:
    """Return the vectors of a key by overlap size; a size without any is left out."""
    from stages.encode import EncodedOverlaps

    rows = shelf.read(key).combine_chunks()
    vectors = rows["vector"].combine_chunks()
    sizes, stops = rows["overlap_size"].to_numpy(), rows["stop"].to_numpy()
    flat = vectors.flatten().to_numpy(zero_copy_only=False).reshape(len(stops), vectors.type.list_size)
    return {size: EncodedOverlaps(stops[sizes == size], flat[sizes == size]) for size in sorted(set(sizes.tolist()))}


def read_text(store: Store, document: Document) -> str:
    """Return the normalised text of a document."""
    text: str = texts(store).read(document.id)["text"][0].as_py()
    return text


def text_rows(document: Document, text: str) -> pa.Table:
    """Return the one row of a document's text."""
    row = {"document": document.id, "language": document.language, "text": text}
    return pa.Table.from_pylist([row], schema=schema.TEXTS)


def sentence_rows(document: Document, found: Sequence[Sentence]) -> pa.Table:
    """Return a row for each sentence."""
    return pa.table(
        {
            "document": [document.id] * len(found),
            "paragraph": [sentence.paragraph for sentence in found],
            "position": range(len(found)),
            "start": [sentence.start for sentence in found],
            "stop": [sentence.stop for sentence in found],
            "text": [sentence.text for sentence in found],
            "heading": [sentence.heading for sentence in found],
        },
        schema=schema.SENTENCES,
    )


def vector_rows(document: Document, size: int, overlaps: EncodedOverlaps, columns: pa.Schema) -> pa.Table:
    """Return a row for each overlap of one size."""
    n_rows, dimensions = overlaps.vectors.shape
    return pa.table(
        {
            "document": [document.id] * n_rows,
            "overlap_size": [size] * n_rows,
            "stop": overlaps.stops,
            "vector": pa.FixedSizeListArray.from_arrays(pa.array(overlaps.vectors.reshape(-1)), dimensions),
        },
        schema=columns,
    )


def bead_rows(pair: DocumentPair, found: Beads, source: Overlaps, target: Overlaps) -> pa.Table:
    """Return a row for each bead, and with the first of them what a plot of the pair is drawn on."""
    from stages.data import BEAD_ARRAYS
    from stages.report.dotplot import similarity_map

    documents = {"source_document": [pair.source.id] * len(found), "target_document": [pair.target.id] * len(found)}
    maps = [similarity_map(source, target).tobytes(), *[None] * len(found)][: len(found)]
    arrays = {name: getattr(found, name) for name in BEAD_ARRAYS}
    return pa.table({**documents, **arrays, "similarity_map": maps}, schema=schema.BEADS)
