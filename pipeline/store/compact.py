"""Put together the small files that many nights leave: the same rows in fewer files."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from pipeline.store.grouping import grouped
from pipeline.store.run_store import RunStore
from pipeline.store.shelf import Shelf

SMALL_BYTES = 8 << 20
"""A smaller file may be put together with others."""

FULL_BYTES = 64 << 20
"""Files are put together until they hold so much."""

MIN_FILES = 8
"""Fewer small files than this aren't worth the trouble."""

COMPRESSED: dict[str, Any] = {"compression": "zstd"}
VECTORS: dict[str, Any] = {"compression": "none", "use_dictionary": ["document", "overlap_size"]}
"""As the stages write them: vectors look random, and don't compress."""


def compact(store: RunStore, min_files: int = MIN_FILES) -> Counter[str]:
    """Compact what a run reads; nothing else may work on the store meanwhile. Return how many files became how few.

    A new file is whole before the old ones go: killed in between, some rows lie in two files, which does no harm.
    """
    counts: Counter[str] = Counter()
    for shelf in (store.texts, store.sentences, store.summaries, store.requested, store.beads):
        counts += _compact_shelf(shelf, COMPRESSED, min_files)
    return counts + _compact_shelf(store.embeddings, VECTORS, min_files)


def _compact_shelf(shelf: Shelf, options: dict[str, Any], min_files: int) -> Counter[str]:
    keys: dict[str, list[str]] = {}
    for key, place in sorted(shelf.places().items(), key=lambda item: item[1].number):
        keys.setdefault(place.file, []).append(key)
    sizes = {file: (shelf.folder / file).stat().st_size for file in sorted(keys)}
    small = [file for file, size in sizes.items() if size < SMALL_BYTES]
    counts: Counter[str] = Counter()
    if len(small) < min_files:
        return counts
    for group in grouped(small, sizes.__getitem__, FULL_BYTES):
        if len(group) == 1:
            continue  # it stays as it is
        counts["files_before"] += len(group)
        counts["files_after"] += 1
        _merge(shelf, {file: keys[file] for file in group}, options)
    shelf.save_index()
    return counts


def _merge(shelf: Shelf, keys: dict[str, list[str]], options: dict[str, Any]) -> None:
    old = {shelf.folder / file for file in keys}
    schema = pq.read_schema(next(iter(old)))
    before = _files(shelf.folder)
    with shelf.write(schema.remove_metadata(), **options) as writer:
        for names in keys.values():
            for key, rows in shelf.read_many(names):
                writer.add(key, rows.replace_schema_metadata(None), shelf.facts(key))
    if _files(shelf.folder) > before:  # else what was written is one of the old ones
        for path in old:
            path.unlink()


def _files(folder: Path) -> set[Path]:
    return set(folder.glob("*.parquet"))
