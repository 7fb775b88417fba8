"""Stages' values as rows of the store, and back: by which key they are known, in which columns they stand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import pyarrow as pa

from pipeline.manifest import Document, DocumentPair, unpack_parts, unpack_times
from pipeline.store import schema
from pipeline.store.shelf import Places, Shelf
from stages.corrections import edit_sentences

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from stages.data import AlignedPair, Beads, Facts, Overlaps, Sentence
    from stages.encode import EncodedOverlaps

WINDOW_PAIRS = 4096
WINDOW_CHARS = 8_000_000
"""Pairs are read together up to so many, and so many characters of both sides."""


def overlap_key(document: Document, size: int) -> str:
    """Return what the store knows the overlaps of one size of a document by."""
    return f"{document.id}:{size}"


def provisional_key(pair: DocumentPair) -> str:
    """Return what the store knows the beads of a pair by that lack overlaps which they want encoded."""
    return f"provisional:{pair.key}"


def bead_keys(pair: DocumentPair) -> list[str]:
    """Return what the store may know beads of a pair by, the best first: for its corrections, or from before them."""
    versions = (pair, pair.uncorrected, pair.as_split)
    return list(dict.fromkeys(key for version in versions for key in (version.key, provisional_key(version))))


def stored_key(pair: DocumentPair, places: Places) -> str | None:
    """Return by what the best beads of a pair are known that there are."""
    return next((key for key in bead_keys(pair) if key in places), None)


def stored_version(pair: DocumentPair, key: str) -> DocumentPair:
    """Return the pair with the documents that beads of a key are about: as they are edited, or as they were split."""
    return pair.as_split if pair.is_edited and key in bead_keys(pair.as_split) else pair


def windows_of(pairs: Iterable[DocumentPair], most: int = WINDOW_PAIRS) -> Iterator[list[DocumentPair]]:
    """Cut pairs into groups that are read together."""
    window: list[DocumentPair] = []
    n_chars = 0
    for pair in pairs:
        if window and (n_chars + pair.n_chars > WINDOW_CHARS or len(window) == most):
            yield window
            window, n_chars = [], 0
        window.append(pair)
        n_chars += pair.n_chars
    if window:
        yield window


def aligned_pair(
    pair: DocumentPair,
    source: list[Sentence],
    target: list[Sentence],
    rows: pa.Table,
    facts: Facts,
    is_as_split: bool = False,
    respect_units: bool = True,
) -> AlignedPair:
    """Return a pair with its sentences and beads, and with their corrections.

    is_as_split : whether sentences and beads are from before people have changed the sentences.
    respect_units : as in the config, for null beads that stand in another order then.
    """
    from stages.data import BEAD_ARRAYS, AlignedPair, Beads

    arrays = {name: rows[name].to_numpy() for name in BEAD_ARRAYS}
    beads = Beads(**arrays, facts=facts)
    if is_as_split or pair.corrections:
        from stages.align.constraints.carry import carry_beads
        from stages.align.constraints.fixed_beads import settle
        from stages.align.constraints.units import find_corners

        n_source, n_target = len(source), len(target)
        if is_as_split:
            source, target = edit_sentences(source, pair.source.edits), edit_sentences(target, pair.target.edits)
        has_units = pair.shares_units and respect_units
        corners = find_corners(*([one.unit for one in side] if has_units else [] for side in (source, target)))
        if is_as_split:
            beads = carry_beads(beads, pair.source.edits, pair.target.edits, n_source, n_target, corners)
        if pair.corrections:
            beads = settle(beads, pair.corrections, len(source), len(target), corners)
    return AlignedPair(
        pair_id=pair.pair_id,
        source_language=pair.source.language,
        target_language=pair.target.language,
        source=source,
        target=target,
        beads=beads,
        source_times=unpack_times(pair.source.times),
        target_times=unpack_times(pair.target.times),
        source_parts=unpack_parts(pair.source.parts),
        target_parts=unpack_parts(pair.target.parts),
    )


def similarity_map_of(rows: pa.Table) -> NDArray[np.uint8] | None:
    """Return the similarity map beside the rows of a pair's beads: shape (rows, columns); None without a bead."""
    import numpy as np

    from stages.report.dotplot import map_shape

    if not rows.num_rows:
        return None
    shape = map_shape(rows["source_stop"][-1].as_py(), rows["target_stop"][-1].as_py())
    return np.frombuffer(rows["similarity_map"][0].as_py(), np.uint8).reshape(shape)


def as_sentences(rows: pa.Table) -> list[Sentence]:
    """Return the sentences of a document."""
    from stages.data import Sentence

    columns = (rows[name].to_pylist() for name in Sentence._fields)
    return [Sentence(*row) for row in zip(*columns, strict=True)]


def read_vectors(shelf: Shelf, key: str) -> Mapping[int, EncodedOverlaps]:
    """Return the vectors of a key by overlap size; a size without any is left out."""
    from stages.encode import EncodedOverlaps

    rows = shelf.read(key).combine_chunks()
    vectors = rows["vector"].combine_chunks()
    sizes, stops = rows["overlap_size"].to_numpy(), rows["stop"].to_numpy()
    flat = vectors.flatten().to_numpy(zero_copy_only=False).reshape(len(stops), vectors.type.list_size)
    return {size: EncodedOverlaps(stops[sizes == size], flat[sizes == size]) for size in sorted(set(sizes.tolist()))}


def text_rows(documents: Sequence[Document], texts: Sequence[str]) -> pa.Table:
    """Return a row for each document, with its text."""
    columns = [one.id for one in documents], [one.language for one in documents], list(texts)
    return pa.table(dict(zip(schema.TEXTS.names, columns, strict=True)), schema=schema.TEXTS)


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
            "unit": [sentence.unit for sentence in found],
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
