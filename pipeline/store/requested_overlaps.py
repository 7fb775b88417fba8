"""Overlaps on demand, in the store: what pairs want encoded, which of it is there, and reading it again.

    contested/   by document, side and pair: the overlaps that the pair wants of the document
    embeddings/  by document and a digest of these overlaps: their vectors, all together

A pair reads exactly the vectors that it has asked for, whatever else the store holds. What it asks for that others have
asked for before is copied, not encoded again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa

from pipeline.config.run_config import RunConfig, beads_address
from pipeline.corpus.manifest import Document, DocumentPair
from pipeline.store import schema
from pipeline.store.rows import embeddings, overlap_key, read_vectors, with_sentences
from pipeline.store.shard_file import ShardWriter
from pipeline.store.store import Places, Shelf, Store

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from stages.align.on_demand import RequestedOverlaps, Stops
    from stages.data import Facts, Overlaps
    from stages.encode import EncodedOverlaps

SIDES = ("source", "target")


def contested(store: Store, config: RunConfig) -> Shelf:
    """Return the shelf of contested overlaps, by document, side and pair."""
    return store.shelf("contested", beads_address(config))


def contested_key(pair: DocumentPair, side: str) -> str:
    """Return what the store knows the contested overlaps of one side of a pair by: the document comes first.

    What people have decided about a pair changes nothing of what is encoded for it.
    """
    document: Document = getattr(pair, side)
    return f"{document.id}:{side}:{pair.uncorrected.key}"


def write_contested(writer: ShardWriter, pair: DocumentPair, found: RequestedOverlaps) -> None:
    """Write what a pair contests, with the keys under which the vectors will lie."""
    for side in SIDES:
        document: Document = getattr(pair, side)
        stops: Stops = getattr(found, side)
        facts: Facts = {"vectors": vectors_key(document, stops) if stops else ""}
        writer.add(contested_key(pair, side), _rows(document, stops), facts)


def vectors_key(document: Document, stops: Stops) -> str:
    """Return what the store knows the vectors of these overlaps of a document by."""
    listed = ";".join(f"{size}:{','.join(map(str, stops[size].tolist()))}" for size in sorted(stops))
    return f"{document.id}:+{hashlib.sha256(listed.encode()).hexdigest()[:16]}"


class Asked(NamedTuple):
    """Overlaps of a document that a pair wants: their stops, and the key of their vectors."""

    key: str
    stops: Stops


Known = dict[tuple[int, int], "NDArray[np.floating]"]
"""Vectors by overlap size and stop."""


def keys_by_document(places: Places) -> dict[str, list[str]]:
    """Return keys by the document that each begins with, in order."""
    keys: dict[str, list[str]] = {}
    for key in sorted(places):
        keys.setdefault(key.partition(":")[0], []).append(key)
    return keys


def find_asked(shelf: Shelf, keys: Iterable[str], done: Places) -> list[Asked]:
    """Return what pairs have asked for under these keys of the shelf of contested overlaps, and is not done.

    Raises CorruptFile.
    """
    asked = {}
    for key in keys:
        wanted = str(shelf.facts(key)["vectors"])
        if wanted and wanted not in done and wanted not in asked:
            asked[wanted] = Asked(wanted, _stops(shelf.read(key)))
    return list(asked.values())


def find_known(shelf: Shelf, keys: Iterable[str], asked: Iterable[Asked]) -> Known:
    """Return the vectors, of those asked for, that lie under other keys of the shelf of vectors."""
    wanted = {(size, int(stop)) for one in asked for size, stops in one.stops.items() for stop in stops}
    known: Known = {}
    for key in keys:
        if ":+" in key and not wanted <= known.keys():
            known |= {name: vector for name, vector in by_name(read_vectors(shelf, key)).items() if name in wanted}
    return known


def by_name(overlaps: Mapping[int, EncodedOverlaps]) -> Known:
    """Return vectors by size and stop."""
    return {
        (size, int(stop)): vector
        for size, (stops, vectors) in overlaps.items()
        for stop, vector in zip(stops, vectors, strict=True)
    }


def unknown_stops(asked: Iterable[Asked], known: Known) -> dict[int, NDArray[np.int32]]:
    """Return the overlaps that have to be encoded, each once: stops by size."""
    import numpy as np

    stops: dict[int, set[int]] = {}
    for one in asked:
        for size, of_size in one.stops.items():
            stops.setdefault(size, set()).update(stop for stop in of_size.tolist() if (size, stop) not in known)
    return {size: np.array(sorted(stops[size]), dtype=np.int32) for size in sorted(stops) if stops[size]}


def asked_rows(document: Document, stops: Stops, known: Known, columns: pa.Schema) -> pa.Table:
    """Return the rows of the vectors that were asked for."""
    import numpy as np

    names = [(size, stop) for size in sorted(stops) for stop in stops[size].tolist()]
    vectors = np.stack([known[name] for name in names]).astype(np.float16)
    return pa.table(
        {
            "document": [document.id] * len(names),
            "overlap_size": [size for size, _ in names],
            "stop": [stop for _, stop in names],
            "vector": pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1)), vectors.shape[1]),
        },
        schema=columns,
    )


def is_contested(pair: DocumentPair, places: Places) -> bool:
    """Return whether it has been found out what a pair contests."""
    return all(contested_key(pair, side) in places for side in SIDES)


def contested_keys(pairs: Iterable[DocumentPair]) -> Iterator[str]:
    """Give what the store knows the contested overlaps of pairs by, both sides of each."""
    return (contested_key(pair, side) for pair in pairs for side in SIDES)


def lacking_documents(pair: DocumentPair, shelf: Shelf, places: Places, encoded: Places) -> list[Document]:
    """Return the documents of a pair of which contested overlaps have no vectors."""
    lacking = []
    for side in SIDES:
        key = contested_key(pair, side)
        vectors = shelf.facts(key)["vectors"] if key in places else ""
        if vectors and vectors not in encoded:
            lacking.append(getattr(pair, side))
    return lacking


def read_contested(store: Store, config: RunConfig, pair: DocumentPair) -> RequestedOverlaps:
    """Return what a pair contests; raises KeyError, CorruptFile."""
    from stages.align.on_demand import RequestedOverlaps

    shelf = contested(store, config)
    source, target = (_stops(shelf.read(contested_key(pair, side))) for side in SIDES)
    return RequestedOverlaps(source, target)


def read_singles(store: Store, config: RunConfig, document: Document, stops: Stops | None = None) -> Overlaps:
    """Return a document's sentences with their vectors, and those of larger overlaps that stop at `stops`."""
    shelf = embeddings(store, config)
    encoded = read_vectors(shelf, overlap_key(document, 1))
    if stops:
        encoded |= read_vectors(shelf, vectors_key(document, stops))
    return with_sentences(store, config, document, encoded, is_complete=False)


def read_sides(
    store: Store, config: RunConfig, pair: DocumentPair, wanted: RequestedOverlaps | None = None
) -> tuple[Overlaps, Overlaps]:
    """Return both sides of a pair with the vectors of their sentences, and of the larger overlaps that are wanted."""
    return (
        read_singles(store, config, pair.source, wanted.source if wanted else None),
        read_singles(store, config, pair.target, wanted.target if wanted else None),
    )


def _rows(document: Document, stops: Stops) -> pa.Table:
    rows = [(size, stop) for size in sorted(stops) for stop in stops[size].tolist()]
    columns = {
        "document": [document.id] * len(rows),
        "overlap_size": [size for size, _ in rows],
        "stop": [stop for _, stop in rows],
    }
    return pa.table(columns, schema=schema.CONTESTED)


def _stops(rows: pa.Table) -> Stops:
    sizes, stops = rows["overlap_size"].to_numpy(), rows["stop"].to_numpy()
    return {int(size): stops[sizes == size] for size in sorted(set(sizes.tolist()))}
