"""The store as a run sees it: the shelves at the addresses of its config, and what lies on them as values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.config.run_config import (
    RunConfig,
    beads_address,
    embeddings_address,
    sentences_address,
    summaries_address,
)
from pipeline.manifest import Document, DocumentPair, edit_document
from pipeline.store.manifest_files import FOLDER, ManifestFolder
from pipeline.store.requested_overlaps import requested_key, stops_of, vectors_key
from pipeline.store.rows import (
    aligned_pair,
    as_sentences,
    bead_keys,
    overlap_key,
    read_vectors,
    similarity_map_of,
    stored_key,
    stored_version,
    windows_of,
)
from pipeline.store.shelf import Shelf
from pipeline.store.store import TABLES, Store
from stages.corrections import Review, edit_texts, place_edits, place_reviews

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from stages.align.on_demand import RequestedOverlaps, Stops
    from stages.data import AlignedPair, Overlaps, Sentence
    from stages.encode import EncodedOverlaps

LATEST = "latest"
"""The folder of a run that holds the record of the last time, and on Modal the exports."""

TEXTS_ADDRESS = "all"
"""A text is what it is, whatever the config."""


class RunStore:
    """Knows a store and a config: where each table of the run lies, and how to read it."""

    def __init__(self, store: Store, config: RunConfig):
        self.store, self.config = store, config

    @property
    def folder(self) -> Path:
        """Return where the run leaves its record."""
        return self.store.run_folder(self.config.name)

    @property
    def manifest(self) -> ManifestFolder:
        """The shards of the run's manifest."""
        return ManifestFolder(self.folder / FOLDER)

    def shelves(self) -> dict[str, Shelf]:
        """Return the shelves by the names of their tables."""
        return {name: getattr(self, name) for name in TABLES}

    def expect(self, files: Mapping[str, Sequence[str]]) -> None:
        """Say in which files what is asked for next is likely to lie, by table; see `Shelf.expect`."""
        for table, shelf in self.shelves().items():
            shelf.expect(files.get(table, ()))

    @property
    def texts(self) -> Shelf:
        """Normalised texts, by document."""
        return self.store.shelf("texts", TEXTS_ADDRESS)

    @cached_property
    def sentences(self) -> Shelf:
        """Sentences, by document."""
        return self.store.shelf("sentences", sentences_address(self.config))

    @cached_property
    def embeddings(self) -> Shelf:
        """Vectors, by document and overlap size, or by document and a digest of the overlaps that a pair requests."""
        return self.store.shelf("embeddings", embeddings_address(self.config))

    @cached_property
    def summaries(self) -> Shelf:
        """Return what is kept of documents to find their counterparts, by document."""
        return self.store.shelf("summaries", summaries_address(self.config))

    @cached_property
    def requested(self) -> Shelf:
        """The overlaps that pairs request, by document, side and pair."""
        return self.store.shelf("requested", beads_address(self.config))

    @cached_property
    def beads(self) -> Shelf:
        """Beads, by pair."""
        return self.store.shelf("beads", beads_address(self.config))

    # ---- documents

    def read_text(self, document: Document) -> str:
        """Return the normalised text of a document."""
        text: str = self.texts.read(document.id)["text"][0].as_py()
        return text

    def read_sentences(self, document: Document) -> list[Sentence]:
        """Return the sentences of a document."""
        return as_sentences(self.sentences.read(document.id))

    def read_sentence_texts(self, document: Document) -> list[str]:
        """Return the texts of a document's sentences."""
        lines: list[str] = self.sentences.read(document.id)["text"].to_pylist()
        return lines

    def _read_overlaps(self, document: Document) -> Overlaps:
        """Return a document's sentences with the vectors of all overlaps that the config asks for."""
        encoded: dict[int, EncodedOverlaps] = {}
        for size in range(1, self.config.encode.max_overlap + 1):
            encoded |= read_vectors(self.embeddings, overlap_key(document, size))
        return self._with_sentences(document, encoded)

    def _read_singles(self, document: Document, stops: Stops | None = None) -> Overlaps:
        """Return a document's sentences with their vectors, and those of larger overlaps that stop at `stops`."""
        encoded = dict(read_vectors(self.embeddings, overlap_key(document, 1)))
        if stops:
            encoded |= read_vectors(self.embeddings, vectors_key(document, stops))
        return self._with_sentences(document, encoded, is_complete=False)

    def _with_sentences(
        self, document: Document, encoded: Mapping[int, EncodedOverlaps], is_complete: bool = True
    ) -> Overlaps:
        """Return vectors of a document, by overlap size, together with its sentences; see `assemble_overlaps`."""
        from stages.encode import assemble_overlaps

        rows = self.sentences.read(document.id)
        levels = rows["heading"].to_pylist()
        max_overlap = self.config.encode.max_overlap
        overlaps = assemble_overlaps(rows["text"].to_pylist(), encoded, max_overlap, is_complete)
        return replace(overlaps, headings=levels if any(levels) else (), units=rows["unit"].to_pylist())

    # ---- pairs

    def read_all_overlaps(self, pair: DocumentPair) -> tuple[Overlaps, Overlaps]:
        """Return both sides of a pair with the vectors of all overlaps that the config asks for."""
        return _with_units(pair, self._read_overlaps(pair.source), self._read_overlaps(pair.target))

    def read_sides(self, pair: DocumentPair, requested: RequestedOverlaps | None = None) -> tuple[Overlaps, Overlaps]:
        """Return both sides of a pair with the vectors of their sentences, and of the larger overlaps requested."""
        return _with_units(
            pair,
            self._read_singles(pair.source, requested.source if requested else None),
            self._read_singles(pair.target, requested.target if requested else None),
        )

    def read_requested(self, pair: DocumentPair) -> RequestedOverlaps:
        """Return which overlaps a pair requests; raises KeyError, CorruptFile."""
        from stages.align.on_demand import RequestedOverlaps

        keys = (requested_key(pair, side) for side in ("source", "target"))
        source, target = (stops_of(self.requested.read(key)) for key in keys)
        return RequestedOverlaps(source, target)

    def with_reviews(
        self, pairs: Sequence[DocumentPair], reviews: Mapping[str, tuple[Review, ...]]
    ) -> list[DocumentPair]:
        """Return pairs with their corrections, by pair_id; see `place`."""
        if not reviews:
            return list(pairs)
        return self.place(replace(pair, reviews=reviews.get(pair.pair_id, ())) for pair in pairs)

    def place(self, pairs: Iterable[DocumentPair]) -> list[DocumentPair]:
        """Find the corrections of the sentences of pairs as they are, where these have been split.

        Raises CorruptFile where a stored file fails its checks.
        """
        pairs = list(pairs)
        reviewed = [pair for pair in pairs if pair.reviews]
        done = self.sentences.look_up(side.id for pair in reviewed for side in (pair.source, pair.target))
        return [
            self._place(pair) if pair.reviews and {pair.source.id, pair.target.id} <= done.keys() else pair
            for pair in pairs
        ]

    def _place(self, pair: DocumentPair) -> DocumentPair:
        source, target = (self.read_sentence_texts(side) for side in (pair.source, pair.target))
        return place_on_pair(pair, pair.reviews, source, target)

    def read_pairs(self, pairs: Iterable[DocumentPair]) -> Iterator[AlignedPair]:
        """Give those of the pairs that have been aligned, in their order, many read at once.

        Raises CorruptFile where a stored file fails its checks.
        """
        from stages.data import BEAD_ARRAYS

        for window in windows_of(pairs):
            for aligned, _ in self._read_window(window, BEAD_ARRAYS):
                yield aligned

    def read_pairs_and_maps(
        self, pairs: Iterable[DocumentPair], at_once: int
    ) -> Iterator[tuple[AlignedPair, NDArray[np.uint8] | None]]:
        """Give the same, so many at once, each with its similarity map."""
        for window in windows_of(pairs, at_once):
            for aligned, rows in self._read_window(window, None):
                yield aligned, similarity_map_of(rows)

    def _read_window(
        self, pairs: Sequence[DocumentPair], columns: Sequence[str] | None
    ) -> Iterator[tuple[AlignedPair, pa.Table]]:
        """Give the pairs that have been aligned, each with the rows of its beads; perhaps only some columns."""
        from stages.data import Sentence

        done = self.beads.look_up(key for pair in pairs for key in bead_keys(pair))
        keys = {pair.pair_id: key for pair in pairs if (key := stored_key(pair, done))}
        aligned = [pair for pair in pairs if pair.pair_id in keys]
        stored = {pair.pair_id: stored_version(pair, keys[pair.pair_id]) for pair in aligned}
        documents = dict.fromkeys(side.id for pair in stored.values() for side in (pair.source, pair.target))
        found = {key: as_sentences(rows) for key, rows in self.sentences.read_many(documents, Sentence._fields)}
        rows = dict(self.beads.read_many(keys.values(), columns))
        facts = self.beads.facts_of_many(keys.values())
        for pair in aligned:
            key, version = keys[pair.pair_id], stored[pair.pair_id]
            sides = found[version.source.id], found[version.target.id]
            is_as_split = pair.is_edited > version.is_edited
            respect_units = self.config.align.respect_units
            yield aligned_pair(pair, *sides, rows[key], facts[key], is_as_split, respect_units), rows[key]

    def read_pair(self, pair: DocumentPair) -> AlignedPair:
        """Return one aligned pair with its sentences, and with the corrections of these sentences."""
        return self._with_texts(pair, self._best_key(pair))

    def read_pair_and_map(self, pair: DocumentPair) -> tuple[AlignedPair, NDArray[np.uint8] | None]:
        """Return the same, and its similarity map."""
        key = self._best_key(pair)
        return self._with_texts(pair, key), similarity_map_of(self.beads.read(key))

    def read_map(self, pair: DocumentPair) -> NDArray[np.uint8] | None:
        """Return the similarity map of an aligned pair: uint8 array of shape (rows, columns); None without a bead."""
        return similarity_map_of(self.beads.read(self._best_key(pair)))

    def _with_texts(self, pair: DocumentPair, key: str) -> AlignedPair:
        version = stored_version(pair, key)
        sides = self.read_sentences(version.source), self.read_sentences(version.target)
        is_as_split = pair.is_edited > version.is_edited
        rows, facts, respect_units = self.beads.read(key), self.beads.facts(key), self.config.align.respect_units
        return aligned_pair(pair, *sides, rows, facts, is_as_split, respect_units)

    def _best_key(self, pair: DocumentPair) -> str:
        """Return by what the best beads are known that there are of a pair."""
        return stored_key(pair, self.beads.look_up(bead_keys(pair))) or pair.key


def _with_units(pair: DocumentPair, source: Overlaps, target: Overlaps) -> tuple[Overlaps, Overlaps]:
    """Return the sides of a pair, without their units where these are not the same ones."""
    if pair.shares_units:
        return source, target
    return replace(source, units=()), replace(target, units=())


def place_on_pair(
    pair: DocumentPair, reviews: tuple[Review, ...], source: Sequence[str], target: Sequence[str]
) -> DocumentPair:
    """Return a pair with what people have decided about it, and with the edits of its sentences.

    source, target : the sentences of its documents, as they are split.
    """
    edits = place_edits(reviews, source, target)
    corrections = place_reviews(reviews, edit_texts(source, edits.source), edit_texts(target, edits.target))
    return replace(
        pair,
        source=edit_document(pair.source, edits.source),
        target=edit_document(pair.target, edits.target),
        reviews=(),
        corrections=replace(
            corrections,
            set_aside=(*corrections.set_aside, *edits.set_aside),
            n_moved=corrections.n_moved + edits.n_moved,
        ),
    )
