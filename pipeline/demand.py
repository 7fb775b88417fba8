"""Align a pair with overlaps on demand: find out what it contests, then align it with that encoded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.config import RunConfig
from pipeline.contested import contested, is_contested, read_contested, read_sides, vectors_key, write_contested
from pipeline.corpus.manifest import DocumentPair
from pipeline.store.rows import bead_rows, beads, embeddings, provisional_key
from pipeline.store.shard_file import ShardWriter
from pipeline.store.store import Store

if TYPE_CHECKING:
    from stages.align.contested import Contested
    from stages.data import Beads


def contest_pair(store: Store, config: RunConfig, pair: DocumentPair, asking: ShardWriter) -> dict[str, int]:
    """Find out what a pair contests and write it down; return counts."""
    from stages.align import find_contested

    wanted = find_contested(*read_sides(store, config, pair), config.align)
    write_contested(asking, pair, wanted)
    return {"pairs": 1, "contested_overlaps": wanted.n_overlaps}


def align_on_demand(
    store: Store, config: RunConfig, pair: DocumentPair, writer: ShardWriter, asking: ShardWriter
) -> dict[str, int]:
    """Align a pair as far as its vectors reach, and return counts.

    With all that it contests encoded, the pair is aligned for good. Else its beads are provisional: those of the
    alignment by sums, so that they don't depend on what else has been encoded.
    """
    from stages.align import align_pair, find_contested

    if is_contested(pair, contested(store, config).places()):
        wanted = read_contested(store, config, pair)
    else:
        wanted = find_contested(*read_sides(store, config, pair), config.align)
        write_contested(asking, pair, wanted)
    is_ready = _is_encoded(store, config, pair, wanted)
    source, target = read_sides(store, config, pair, wanted if is_ready else None)
    found = align_pair(source, target, config.align, on_demand=True, corrections=pair.corrections)
    if is_ready:
        writer.add(pair.key, bead_rows(pair, found, source, target), found.facts)
        return bead_counts(found)
    n_beads = wanted.count_beads(found, source, target)
    if provisional_key(pair) not in beads(store, config).places():
        writer.add(
            provisional_key(pair), bead_rows(pair, found, source, target), found.facts | {"provisional_beads": n_beads}
        )
    return bead_counts(found) | {"provisional_pairs": 1, "provisional_beads": n_beads}


def bead_counts(found: Beads) -> dict[str, int]:
    """Return what a pair adds to the counts of a run."""
    return {"pairs": 1, "beads": len(found), "nulls": int(found.is_null.sum())}


def _is_encoded(store: Store, config: RunConfig, pair: DocumentPair, wanted: Contested) -> bool:
    places = embeddings(store, config).places()
    sides = ((pair.source, wanted.source), (pair.target, wanted.target))
    return all(vectors_key(document, stops) in places for document, stops in sides if stops)
