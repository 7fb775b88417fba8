"""Overlaps on demand, in the store: which overlaps pairs request, which of them are there, and their vectors.

    requested/   by document, side and pair: the overlaps that the pair requests of the document
    embeddings/  by document and a digest of these overlaps: their vectors, all together

A pair reads exactly the vectors that it has requested, whatever else the store holds. What it requests that others have
requested before is copied, not encoded again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa

from pipeline.manifest import Document, DocumentPair
from pipeline.store import schema
from pipeline.store.rows import read_vectors
from pipeline.store.shard_file import ShardWriter
from pipeline.store.shelf import Places, Shelf

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from stages.align.on_demand import RequestedOverlaps, Stops
    from stages.data import Facts
    from stages.encode import EncodedOverlaps

SIDES = ("source", "target")


def requested_key(pair: DocumentPair, side: str) -> str:
    """Return what the store knows the overlaps by that one side of a pair requests: the document comes first.

    Corrections of a pair change nothing of what is encoded for it.
    """
    document: Document = getattr(pair, side)
    return f"{document.id}:{side}:{pair.uncorrected.key}"


def requested_keys(pairs: Iterable[DocumentPair]) -> Iterator[str]:
    """Give what the store knows the requested overlaps of pairs by, both sides of each."""
    return (requested_key(pair, side) for pair in pairs for side in SIDES)


def write_requested(writer: ShardWriter, pair: DocumentPair, found: RequestedOverlaps) -> None:
    """Write what a pair requests, with the keys under which the vectors will lie."""
    for side in SIDES:
        document: Document = getattr(pair, side)
        stops: Stops = getattr(found, side)
        facts: Facts = {"vectors": vectors_key(document, stops) if stops else ""}
        writer.add(requested_key(pair, side), _rows(document, stops), facts)


def is_requested(pair: DocumentPair, places: Places) -> bool:
    """Return whether it has been found out what a pair requests."""
    return all(requested_key(pair, side) in places for side in SIDES)


def requested_vectors(pair: DocumentPair, shelf: Shelf) -> list[tuple[Document, str]]:
    """Return the documents of a pair of which it requests overlaps, with the keys of their vectors."""
    sides = ((getattr(pair, side), shelf.facts(requested_key(pair, side))["vectors"]) for side in SIDES)
    return [(document, str(key)) for document, key in sides if key]


def vectors_key(document: Document, stops: Stops) -> str:
    """Return what the store knows the vectors of these overlaps of a document by."""
    listed = ";".join(f"{size}:{','.join(map(str, stops[size].tolist()))}" for size in sorted(stops))
    return f"{document.id}:+{hashlib.sha256(listed.encode()).hexdigest()[:16]}"


class Request(NamedTuple):
    """Overlaps of a document that a pair requests: their stops, and the key of their vectors."""

    key: str
    stops: Stops


VectorsByOverlap = dict[tuple[int, int], "NDArray[np.floating]"]
"""Vectors by overlap size and stop."""


Requests = dict[str, tuple[Document, dict[str, Request]]]
"""What is requested of documents, by the id of each, and then by the key of the vectors."""


def add_requests(requests: Requests, pair: DocumentPair, shelf: Shelf, done: Places) -> None:
    """Add what a pair requests, as far as it has no vectors yet; raises CorruptFile."""
    for side in SIDES:
        document: Document = getattr(pair, side)
        key = str(shelf.facts(requested_key(pair, side))["vectors"])
        if key and key not in done:
            found = requests.setdefault(document.id, (document, {}))[1]
            found[key] = Request(key, stops_of(shelf.read(requested_key(pair, side))))


def find_known(shelf: Shelf, keys: Iterable[str], requests: Iterable[Request]) -> VectorsByOverlap:
    """Return the vectors, of those requested, that lie under other keys of the shelf of vectors."""
    wanted = {(size, int(stop)) for one in requests for size, stops in one.stops.items() for stop in stops}
    known: VectorsByOverlap = {}
    for key in keys:
        if ":+" in key and not wanted <= known.keys():
            known |= {name: vector for name, vector in by_name(read_vectors(shelf, key)).items() if name in wanted}
    return known


def by_name(overlaps: Mapping[int, EncodedOverlaps]) -> VectorsByOverlap:
    """Return vectors by size and stop."""
    return {
        (size, int(stop)): vector
        for size, (stops, vectors) in overlaps.items()
        for stop, vector in zip(stops, vectors, strict=True)
    }


def unknown_stops(requests: Iterable[Request], known: VectorsByOverlap) -> dict[int, NDArray[np.int32]]:
    """Return the overlaps that have to be encoded, each once: stops by size."""
    import numpy as np

    stops: dict[int, set[int]] = {}
    for one in requests:
        for size, of_size in one.stops.items():
            stops.setdefault(size, set()).update(stop for stop in of_size.tolist() if (size, stop) not in known)
    return {size: np.array(sorted(stops[size]), dtype=np.int32) for size in sorted(stops) if stops[size]}


def requested_rows(document: Document, stops: Stops, known: VectorsByOverlap, columns: pa.Schema) -> pa.Table:
    """Return the rows of the vectors that were requested."""
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


def _rows(document: Document, stops: Stops) -> pa.Table:
    rows = [(size, stop) for size in sorted(stops) for stop in stops[size].tolist()]
    columns = {
        "document": [document.id] * len(rows),
        "overlap_size": [size for size, _ in rows],
        "stop": [stop for _, stop in rows],
    }
    return pa.table(columns, schema=schema.REQUESTED)


def stops_of(rows: pa.Table) -> Stops:
    """Return the stops of overlaps by size."""
    sizes, stops = rows["overlap_size"].to_numpy(), rows["stop"].to_numpy()
    return {int(size): stops[sizes == size] for size in sorted(set(sizes.tolist()))}
