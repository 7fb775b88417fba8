"""Align the pairs of a shard; with overlaps on demand, as far as what they request is known and encoded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from pipeline.config.run_config import RunConfig, which_overlaps
from pipeline.manifest import Document, DocumentPair
from pipeline.store import schema
from pipeline.store.requested_overlaps import (
    is_requested,
    requested_keys,
    requested_vectors,
    vectors_key,
    write_requested,
)
from pipeline.store.rows import bead_keys, bead_rows, overlap_key, provisional_key
from pipeline.store.run_store import RunStore
from pipeline.store.shard_file import ShardWriter
from pipeline.store.shelf import Places
from pipeline.tasks.work import Blocked, Outcome, Task, Work, own_pairs

if TYPE_CHECKING:
    from stages.align import AlignConfig
    from stages.align.on_demand import RequestedOverlaps
    from stages.data import Beads, Facts, Overlaps

Sides = tuple["Overlaps", "Overlaps"]


class Writers(NamedTuple):
    """The files of a part of a shard of pairs: for beads, and for the overlaps that they request."""

    beads: ShardWriter
    requested: ShardWriter


class Stored(NamedTuple):
    """What lay on the shelves of a part's pairs when it began."""

    requested: Places
    vectors: Places
    beads: Places


def align_pairs(store: RunStore, work: Work, outcome: Outcome) -> None:
    """Align the pairs that have no beads, or only provisional ones, or from before their corrections."""
    pairs = own_pairs(store, work)
    beads = store.beads.look_up(key for pair in pairs for key in bead_keys(pair))
    outcome.note_places("beads", store.beads, {key: place for key, place in beads.items() if ":" in key})
    todo = [pair for pair in pairs if pair.key not in beads]
    outcome.n_todo = len(todo)
    if not todo:
        return
    compile_for(store.config.align)
    lacking = lacking_vectors(store, todo)
    stored = _look_up(store, [pair for pair in todo if pair.pair_id not in lacking], beads)
    with pair_files(store, outcome) as writers:
        for pair in todo:
            if pair.pair_id in lacking:
                outcome.blocked.append(Blocked(pair.pair_id, lacking[pair.pair_id]))
                outcome.n_open += 1
            elif _is_waiting(store, pair, stored):
                outcome.n_provisional += 1
                outcome.n_open += 1
            else:
                with outcome.isolate("align", pair.pair_id):
                    _align_versions(store, pair, stored, writers, outcome)


def _align_versions(store: RunStore, pair: DocumentPair, stored: Stored, writers: Writers, outcome: Outcome) -> None:
    """Align a pair, and around the corrections: beside the other beads, which tell how good the aligner is."""
    counts: dict[str, int] = {}
    if pair.uncorrected.key not in stored.beads:
        counts = _align(store, pair.uncorrected, stored, writers)
        outcome.counts.update({"edited_pairs": 1} if pair.is_edited else counts)
    if pair.corrections:
        counts = _align(store, pair, stored, writers)
        outcome.counts.update(corrected_pairs=1, provisional_pairs=counts.get("provisional_pairs", 0))
    outcome.n_provisional += counts.get("provisional_pairs", 0)
    outcome.n_open += counts.get("provisional_pairs", 0)


def _align(store: RunStore, pair: DocumentPair, stored: Stored, writers: Writers) -> dict[str, int]:
    from stages.align import align_pair

    which = which_overlaps(store.config)
    if which == "on-demand":
        return _align_on_demand(store, pair, stored, writers)
    sides = store.read_all_overlaps(pair) if which == "all" else store.read_sides(pair)
    return write_beads(pair, align_pair(*sides, store.config.align, corrections=pair.corrections), sides, writers)


def _align_on_demand(store: RunStore, pair: DocumentPair, stored: Stored, writers: Writers) -> dict[str, int]:
    """Align a pair as far as its vectors reach, and return counts.

    With all that it requests encoded, the pair is aligned for good. Else its beads are provisional: those of the
    alignment by sums, so that they don't depend on what else has been encoded.
    """
    from stages.align import align_pair

    config = store.config
    if is_requested(pair, stored.requested):
        found = store.read_requested(pair)
    else:
        sides = store.read_sides(pair)
        found = request_overlaps(config, pair, sides, writers)
        if found.beads is not None and not pair.corrections:
            return write_beads(pair, found.beads, sides, writers)
    is_ready = _is_encoded(store, pair, found, stored.vectors)
    source, target = store.read_sides(pair, found if is_ready else None)
    beads = align_pair(source, target, config.align, on_demand=True, corrections=pair.corrections)
    if is_ready:
        return write_beads(pair, beads, (source, target), writers)
    n_beads = found.count_beads(beads, source, target)
    if provisional_key(pair) not in stored.beads:
        rows = bead_rows(pair, beads, source, target)
        writers.beads.add(provisional_key(pair), rows, beads.facts | {"provisional_beads": n_beads})
    return _bead_counts(beads) | {"provisional_pairs": 1, "provisional_beads": n_beads}


# ---- what a pair has, and lacks


def lacking_vectors(store: RunStore, pairs: Sequence[DocumentPair]) -> dict[str, tuple[str, ...]]:
    """Return, by pair_id, the paths of documents that lack sentences or vectors; pairs that have all are left out."""
    documents = {side.id: side for pair in pairs for side in (pair.source, pair.target)}
    done = store.sentences.look_up(documents)
    vectors = store.embeddings.look_up(
        overlap_key(document, size) for document in documents.values() for size in whole_sizes(store.config)
    )
    bad = {one.id for one in documents.values() if one.id not in done or missing_sizes(store.config, vectors, one)}
    lacking = {
        pair.pair_id: tuple(side.path for side in (pair.source, pair.target) if side.id in bad) for pair in pairs
    }
    return {pair_id: paths for pair_id, paths in lacking.items() if paths}


def whole_sizes(config: RunConfig) -> range:
    """Return the overlap sizes that are encoded whole."""
    return range(1, (config.encode.max_overlap if which_overlaps(config) == "all" else 1) + 1)


def missing_sizes(config: RunConfig, places: Places, document: Document) -> list[int]:
    """Return the overlap sizes of a document that are encoded whole, and have no vectors yet."""
    return [size for size in whole_sizes(config) if overlap_key(document, size) not in places]


def _look_up(store: RunStore, pairs: Sequence[DocumentPair], beads: Places) -> Stored:
    if which_overlaps(store.config) != "on-demand":
        return Stored({}, {}, beads)
    requested = store.requested.look_up(requested_keys(pairs))
    known = [pair for pair in pairs if is_requested(pair, requested)]
    keys = [key for pair in known for _, key in requested_vectors(pair, store.requested)]
    return Stored(requested, store.embeddings.look_up(keys), beads)


def _is_waiting(store: RunStore, pair: DocumentPair, stored: Stored) -> bool:
    """Say whether a pair has provisional beads, and still lacks the vectors for better ones."""
    if provisional_key(pair) not in stored.beads or not is_requested(pair, stored.requested):
        return False
    return any(key not in stored.vectors for _, key in requested_vectors(pair, store.requested))


def _is_encoded(store: RunStore, pair: DocumentPair, found: RequestedOverlaps, places: Places) -> bool:
    sides = ((pair.source, found.source), (pair.target, found.target))
    keys = [vectors_key(document, stops) for document, stops in sides if stops]
    return all(key in places for key in keys) or len(store.embeddings.look_up(keys)) == len(set(keys))


# ---- what a pair leaves


def compile_for(config: AlignConfig) -> None:
    """Compile what alignments run, or wait until another process has."""
    if config.method != "bertalign":
        from stages.align.kernels import compile_kernels

        compile_kernels()


@contextmanager
def pair_files(store: RunStore, outcome: Outcome) -> Iterator[Writers]:
    """Open a file for the beads of a part of a shard, and one for what its pairs request."""
    with (
        store.beads.write(schema.BEADS, compression="zstd") as beads,
        store.requested.write(schema.REQUESTED, compression="zstd") as requested,
    ):
        yield Writers(beads, requested)
    outcome.note_writer("beads", store.beads, beads)
    outcome.note_writer("requested", store.requested, requested)


def request_overlaps(config: RunConfig, pair: DocumentPair, sides: Sides, writers: Writers) -> RequestedOverlaps:
    """Find out which overlaps a pair requests, and write it down."""
    from stages.align import find_requested_overlaps

    found = find_requested_overlaps(*sides, config.align)
    write_requested(writers.requested, pair, found)
    return found


def write_beads(pair: DocumentPair, found: Beads, sides: Sides, writers: Writers) -> dict[str, int]:
    """Write the beads of a pair that is aligned for good; return counts."""
    writers.beads.add(pair.key, bead_rows(pair, found, *sides), found.facts | _other_languages(pair, sides))
    return _bead_counts(found)


def _other_languages(pair: DocumentPair, sides: Sides) -> Facts:
    """Name the language of each side that is plainly in another one than it is said to be."""
    from pipeline.corpus.languages import other_language

    found: Facts = {}
    for side, document, said in zip(
        ("source", "target"), sides, (pair.source.language, pair.target.language), strict=True
    ):
        other = other_language("\n".join(document.sentences), said)
        if other is not None:
            found[f"{side}_seems_in"] = other
    return found


def _bead_counts(found: Beads) -> dict[str, int]:
    """Return what a pair adds to the counts of a run."""
    return {"pairs": 1, "beads": len(found), "nulls": int(found.is_null.sum())}


ALIGN = Task("align", "align", "align", "align", "pairs", align_pairs)
