"""Find what of a run is done, and what is missing: shard by shard, from one entry for each.

    <root>/runs/<name>/done/<task>-<address>.json    by the digest of a shard: in which files its results lie

An entry is a shortcut: it counts as long as the shard is the same and the files are there. Without it a worker looks
for what its shard has, and finds it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.errors import StoreError
from pipeline.manifest import Document, DocumentPair, ListedPair, Shard
from pipeline.store.files import write_text
from pipeline.store.manifest_files import unpack_shard
from pipeline.store.rows import bead_keys, overlap_key
from pipeline.store.run_store import RunStore
from pipeline.store.sealed import seal, unseal
from pipeline.tasks import address_of, tasks_of
from pipeline.tasks.align import ALIGN, missing_sizes, whole_sizes
from pipeline.tasks.edit import EDIT
from pipeline.tasks.work import Files, Reviews, Task

Completions = dict[str, dict[int, Files]]
"""For each task, by the numbers of the shards that it is done to, the files in which the results lie."""

ShardReviews = Mapping[int, Reviews]
"""The corrections of pairs, by the numbers of their shards."""


def read_completions(store: RunStore, shards: Sequence[Shard], reviews: ShardReviews) -> Completions:
    """Say which shards each task is done to. One entry a shard is read, and each folder of the store listed once."""
    there = {table: shelf.sizes() for table, shelf in store.shelves().items()}
    done: Completions = {}
    left = {shard.number: shard for shard in shards}
    for task in tasks_of(store.config):  # where one is not done, those that build on it are not either
        entries = _read_entries(store, task)
        done[task.name] = {}
        for number, shard in left.items():
            told, entry = _told(task, reviews.get(number)), entries.get(shard.digest)
            if task.name == EDIT.name and not told:
                done[task.name][number] = {}  # nobody has changed a sentence
            elif entry and entry["reviews"] == told and _are_there(entry["files"], there):
                done[task.name][number] = entry["files"]
        left = {number: left[number] for number in done[task.name]}
    return done


def write_completions(store: RunStore, done: Mapping[str, Mapping[str, Files]], reviews: Mapping[str, Reviews]) -> None:
    """Remember that tasks are done to shards, which are named by their digests."""
    for task in tasks_of(store.config):
        if new := done.get(task.name):
            entries = _read_entries(store, task)
            told = {digest: _told(task, reviews.get(digest)) for digest in new}
            entries |= {digest: {"files": files, "reviews": told[digest]} for digest, files in new.items()}
            write_text(_path(store, task), seal(entries))


def save_indices(store: RunStore) -> None:
    """Keep the indices of what has been written, for the next run."""
    for shelf in store.shelves().values():
        with suppress(StoreError):  # it is only a shortcut, and a full disk will be met with soon enough
            shelf.save_index()


def _told(task: Task, reviews: Reviews | None) -> str:
    """Return what tells one state of the corrections from another, as far as a task heeds it; else nothing."""
    if task.unit == "documents" or not reviews:
        return ""
    heeded: Mapping[str, Sequence[Any]] = reviews
    if task.name != ALIGN.name:
        edits = {pair: [(one.source, one.target, one.edits) for one in of if one.edits] for pair, of in reviews.items()}
        heeded = {pair: of for pair, of in edits.items() if of}
    return hashlib.sha256(repr(sorted(heeded.items())).encode()).hexdigest()[:16] if heeded else ""


def _are_there(files: Files, there: Mapping[str, Mapping[str, int]]) -> bool:
    return all(there[table].get(name) == size for table, of_table in files.items() for name, size in of_table.items())


def _read_entries(store: RunStore, task: Task) -> dict[str, dict[str, Any]]:
    with suppress(OSError, ValueError):
        return unseal(_path(store, task).read_text(encoding="utf-8"))
    return {}


def _path(store: RunStore, task: Task) -> Path:
    return store.folder / "done" / f"{task.name.replace(' ', '-')}-{address_of(task, store.config)}.json"


# ---- in numbers


@dataclass
class Todo:
    """What a stage has still to do, in numbers."""

    n_items: int = 0
    n_chars: int = 0
    effort: float = 0.0
    """Characters of a language like English."""

    def add(self, items: Iterable[Document | DocumentPair]) -> None:
        """Add documents or pairs."""
        for item in items:
            self.n_items += 1
            self.n_chars += item.n_chars
            self.effort += item.effort

    def __iadd__(self, other: Todo) -> Todo:
        self.n_items += other.n_items
        self.n_chars += other.n_chars
        self.effort += other.effort
        return self


@dataclass
class Missing:
    """What each stage of a run has still to do."""

    split: Todo = field(default_factory=Todo)
    encode: Todo = field(default_factory=Todo)
    align: Todo = field(default_factory=Todo)
    n_without_beads: int = 0
    """Pairs that have no beads, not even provisional ones, or from before their corrections."""

    def __iadd__(self, other: Missing) -> Missing:
        self.split += other.split
        self.encode += other.encode
        self.align += other.align
        self.n_without_beads += other.n_without_beads
        return self


def count_missing(
    store: RunStore, shards: Sequence[Shard], reviews: ShardReviews, files: Iterable[bytes] | None = None
) -> Missing:
    """Count what is missing of some shards; `files` are those of the shards where the store doesn't hold them."""
    missing = Missing()
    done = read_completions(store, shards, reviews)
    names = [task.name for task in tasks_of(store.config)]
    given = None if files is None else iter(files)
    for shard in shards:
        data = next(given) if given is not None else b""
        if all(shard.number in done[name] for name in names):
            continue
        listed = unpack_shard(data) if data else store.manifest.read(shard)
        missing += _count_shard(store, listed, reviews.get(shard.number, {}))
    return missing


def _count_shard(store: RunStore, listed: Sequence[ListedPair], reviews: Reviews) -> Missing:
    missing = Missing()
    sides = [(one.pair.source, one.source_is_here) for one in listed]
    sides += [(one.pair.target, one.target_is_here) for one in listed]
    documents = {document.id: document for document, is_here in sides if is_here}
    split = store.sentences.look_up(documents)
    missing.split.add(document for document in documents.values() if document.id not in split)
    sizes = whole_sizes(store.config)
    encoded = store.embeddings.look_up(overlap_key(one, size) for one in documents.values() for size in sizes)
    missing.encode.add(one for one in documents.values() if missing_sizes(store.config, encoded, one))
    pairs = store.with_reviews([one.pair for one in listed], reviews)
    beads = store.beads.look_up(key for pair in pairs for key in bead_keys(pair))
    missing.align.add(pair for pair in pairs if pair.key not in beads)
    missing.n_without_beads = sum(not any(key in beads for key in bead_keys(pair)) for pair in pairs)
    return missing


def find_unaligned(store: RunStore, shards: Sequence[Shard], reviews: ShardReviews) -> list[tuple[str, str]]:
    """Return the ids and keys of pairs that have no beads, not even provisional ones or from before corrections."""
    unaligned = []
    for shard in shards:
        pairs = store.with_reviews([one.pair for one in store.manifest.read(shard)], reviews.get(shard.number, {}))
        beads = store.beads.look_up(key for pair in pairs for key in bead_keys(pair))
        lacking = (pair for pair in pairs if not any(key in beads for key in bead_keys(pair)))
        unaligned += [(pair.pair_id, pair.uncorrected.key) for pair in lacking]
    return unaligned
