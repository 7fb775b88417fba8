"""Align a pair with overlaps on demand: find out what it contests, then align it with that encoded."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from pipeline.config.run_config import RunConfig
from pipeline.corpus.manifest import DocumentPair
from pipeline.store.requested_overlaps import (
    contested,
    contested_keys,
    is_contested,
    read_contested,
    read_sides,
    vectors_key,
    write_contested,
)
from pipeline.store.rows import bead_keys, bead_rows, beads, embeddings, provisional_key
from pipeline.store.shard_file import ShardWriter
from pipeline.store.store import Places, Store

if TYPE_CHECKING:
    from stages.align.on_demand import RequestedOverlaps
    from stages.data import Beads, Overlaps


class Stored(NamedTuple):
    """What lay on the shelves of a shard's pairs when it began."""

    contested: Places
    vectors: Places
    beads: Places


def look_up(store: Store, config: RunConfig, pairs: Sequence[DocumentPair]) -> Stored:
    """Say what lies on the shelves now of some pairs and their documents."""
    documents = {side.id for pair in pairs for side in (pair.source, pair.target)}
    return Stored(
        contested(store, config).look_up(contested_keys(pairs)),
        embeddings(store, config).look_up_documents(documents),
        beads(store, config).look_up(chain.from_iterable(map(bead_keys, pairs))),
    )


def contest_pair(
    store: Store, config: RunConfig, pair: DocumentPair, stored: Stored, writer: ShardWriter, asking: ShardWriter
) -> dict[str, int]:
    """Find out what a pair contests and write it down, or its beads where it contests nothing; return counts."""
    sides = read_sides(store, config, pair)
    wanted = _ask(config, pair, sides, asking)
    counts = {"pairs": 1, "contested_overlaps": wanted.n_overlaps}
    if wanted.beads is None or pair.uncorrected.key in stored.beads:
        return counts
    settled = write_beads(pair.uncorrected, wanted.beads, sides, writer)
    return counts | {"pairs_aligned": 1} | settled


def align_on_demand(
    store: Store, config: RunConfig, pair: DocumentPair, stored: Stored, writer: ShardWriter, asking: ShardWriter
) -> dict[str, int]:
    """Align a pair as far as its vectors reach, and return counts.

    With all that it contests encoded, the pair is aligned for good. Else its beads are provisional: those of the
    alignment by sums, so that they don't depend on what else has been encoded.
    """
    from stages.align import align_pair

    if is_contested(pair, stored.contested):
        wanted = read_contested(store, config, pair)
    else:
        sides = read_sides(store, config, pair)
        wanted = _ask(config, pair, sides, asking)
        if wanted.beads is not None and not pair.corrections:
            return write_beads(pair, wanted.beads, sides, writer)
    is_ready = _is_encoded(pair, wanted, stored.vectors)
    source, target = read_sides(store, config, pair, wanted if is_ready else None)
    found = align_pair(source, target, config.align, on_demand=True, corrections=pair.corrections)
    if is_ready:
        return write_beads(pair, found, (source, target), writer)
    n_beads = wanted.count_beads(found, source, target)
    if provisional_key(pair) not in stored.beads:
        writer.add(
            provisional_key(pair), bead_rows(pair, found, source, target), found.facts | {"provisional_beads": n_beads}
        )
    return _bead_counts(found) | {"provisional_pairs": 1, "provisional_beads": n_beads}


def _ask(
    config: RunConfig, pair: DocumentPair, sides: tuple[Overlaps, Overlaps], asking: ShardWriter
) -> RequestedOverlaps:
    from stages.align import find_requested_overlaps

    wanted = find_requested_overlaps(*sides, config.align)
    write_contested(asking, pair, wanted)
    return wanted


def write_beads(
    pair: DocumentPair, found: Beads, sides: tuple[Overlaps, Overlaps], writer: ShardWriter
) -> dict[str, int]:
    """Write the beads of a pair that is aligned for good; return counts."""
    writer.add(pair.key, bead_rows(pair, found, *sides), found.facts)
    return _bead_counts(found)


def _bead_counts(found: Beads) -> dict[str, int]:
    """Return what a pair adds to the counts of a run."""
    return {"pairs": 1, "beads": len(found), "nulls": int(found.is_null.sum())}


def _is_encoded(pair: DocumentPair, wanted: RequestedOverlaps, places: Places) -> bool:
    sides = ((pair.source, wanted.source), (pair.target, wanted.target))
    return all(vectors_key(document, stops) in places for document, stops in sides if stops)
