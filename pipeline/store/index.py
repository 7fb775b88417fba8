"""The index of a shelf: where the rows of every key lie, as tables that are opened for what is asked.

A segment is a Parquet file beside those that it covers: their keys in order, in small row groups, of which a look-up
reads those that can hold what it asks for. A Bloom filter tells which keys a segment lacks. It is only a shortcut: each
file has a table of its own keys, from which the index is made again where it is damaged. Files that no segment covers
yet are known by these tables, until `save`.
"""

from __future__ import annotations

import json
import sys
from base64 import b64decode, b64encode
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from cachetools import LRUCache

from pipeline.store.bloom import BloomFilter, Hash, hash_key
from pipeline.store.files import publish, unfinished_file
from pipeline.store.shard_file import DAMAGE, KEYS, digest_footer, is_damage, unreadable

SUFFIX = ".index"
PLACES = KEYS.append(pa.field("file", pa.string(), nullable=False))

KEYS_IN_ROW_GROUP = 4096
"""Of a segment: what a look-up of one key reads."""

MAX_KEYS = 125_000
"""A segment of so many keys is full: it is never put together with others again, which takes them all in memory."""

MAX_KEPT_FOOTERS = 4
"""Segments whose footers are kept, a megabyte each: what is asked for together mostly was written together."""

UNSAVED_KEYS = 50_000
"""After so many keys whoever drives a run saves the index: until then they are in the memory of all who look up any."""

Files = dict[str, int]
"""Files by name, with their size in bytes."""


class Outdated(Exception):  # noqa: N818 - it says what happened
    """A segment is gone or damaged: what is there has to be listed again."""


class Segment(NamedTuple):
    """A part of the index: the files that it covers, the first key of each row group, and a filter of all keys.

    One that an earlier release wrote has no filter.
    """

    path: Path
    n_keys: int
    files: Files
    starts: list[str]
    keys: BloomFilter | None

    def read(self, row_groups: Sequence[int], footer: pq.FileMetaData) -> pa.Table:
        """Read some row groups, their checksums verified."""
        # Not pq.read_table, which may keep the file open for a moment longer: a Volume can't be reloaded then.
        with (
            pa.OSFile(str(self.path)) as opened,
            pq.ParquetFile(opened, metadata=footer, page_checksum_verification=True) as file,
        ):
            return file.read_row_groups(list(row_groups), use_threads=False)

    def likely(self, hashed: Mapping[str, Hash]) -> list[str]:
        """Return the keys that it may hold, of keys with their hashes."""
        return [key for key, of_key in hashed.items() if self.keys is None or self.keys.may_hold(of_key)]

    def may_hold(self, ranges: Iterable[tuple[str, str]]) -> list[int]:
        """Return the row groups that may hold keys of ranges, both ends included."""
        found: set[int] = set()
        for low, high in ranges:
            found.update(range(max(0, bisect_left(self.starts, low) - 1), bisect_right(self.starts, high)))
        return sorted(found)


class Index:
    """Where the keys of a shelf lie. `read_keys` gives the key table of a file, or None where there is no such file."""

    def __init__(self, folder: Path, read_keys: Callable[[str], pa.Table | None]):
        self.folder = folder
        self._read_keys = read_keys
        self._segments: dict[str, Segment] = {}
        self._footers: LRUCache[str, pq.FileMetaData] = LRUCache(MAX_KEPT_FOOTERS)
        self._recent: dict[str, pa.Table] = {}
        self._damaged: set[str] = set()
        self.files: Files = {}
        """The files whose keys it knows."""

    def update(self, files: Files, segments: Collection[str]) -> None:
        """Learn what there is now."""
        sound = (name for name in segments if name not in self._damaged)
        self._segments = {name: segment for name in sound if (segment := self._open(name))}
        covered = {file for segment in self._segments.values() for file in segment.files.items()}
        known = set(self.files.items())
        recent: dict[str, pa.Table] = {}
        for file in sorted(files.items() - covered):
            name = file[0]
            table = self._recent.get(name) if file in known else None
            table = self._read_keys(name) if table is None else table
            if table is not None:
                recent[name] = table
        self._recent = recent
        self.files = {name: size for name, size in files.items() if (name, size) in covered or name in recent}

    def find(self, keys: Collection[str]) -> Iterator[tuple[Any, ...]]:
        """Give the places of keys, in the columns of PLACES; those of files that are gone, too."""
        asked = pa.array(list(keys), pa.string())
        hashed = {key: hash_key(key) for key in keys} if self._segments else {}
        for table in self._tables(lambda segment: segment.may_hold((key, key) for key in segment.likely(hashed))):
            yield from _rows(table.filter(pc.is_in(table["key"], asked)))

    def find_documents(self, documents: Collection[str]) -> Iterator[tuple[Any, ...]]:
        """Give the places of all keys that are one of these documents, or begin with one and a colon."""
        asked = pa.array(list(documents), pa.string())
        ranges = [(document, f"{document};") for document in documents]  # ";" comes after ":"
        for table in self._tables(lambda segment: segment.may_hold(ranges)):
            heads = pc.list_element(pc.split_pattern(table["key"], ":", max_splits=1), 0)
            yield from _rows(table.filter(pc.is_in(heads, asked)))

    def list(self) -> Iterator[tuple[Any, ...]]:
        """Give the places of all keys."""
        for table in self._tables(lambda segment: range(len(segment.starts))):
            yield from _rows(table)

    def save(self) -> None:
        """Put what no segment covers yet into one, together with others that are no larger."""
        if not self._recent:
            return
        tables = list(self._recent.values())
        n_keys = sum(table.num_rows for table in tables)
        merged = []
        for segment in sorted(self._segments.values(), key=lambda segment: segment.n_keys):
            if segment.n_keys > max(2 * n_keys, KEYS_IN_ROW_GROUP) or n_keys + segment.n_keys > MAX_KEYS:
                break
            tables.append(self._read(segment, range(len(segment.starts))))
            n_keys += segment.n_keys
            merged.append(segment)
        files = {name: self.files[name] for name in self._recent}
        files |= {name: size for segment in merged for name, size in segment.files.items()}
        self._write(pa.concat_tables(tables), {file: files[file] for file in sorted(files) if file in self.files})
        for segment in merged:
            self._drop(segment.path)

    def _tables(self, row_groups_of: Callable[[Segment], Sequence[int]]) -> Iterator[pa.Table]:
        """Give some row groups of each segment, and what no segment covers yet."""
        for segment in list(self._segments.values()):
            if groups := row_groups_of(segment):
                yield self._read(segment, groups)
        if self._recent:
            yield pa.concat_tables(self._recent.values())

    def _read(self, segment: Segment, row_groups: Sequence[int]) -> pa.Table:
        try:
            return segment.read(row_groups, self._footer(segment.path))
        except DAMAGE as error:
            if not isinstance(error, FileNotFoundError):
                self._reject(segment.path, error)
            self._segments.pop(segment.path.name, None)
            raise Outdated from error

    def _footer(self, path: Path) -> pq.FileMetaData:
        """Return the footer of a segment, its digest verified when it is read."""
        footer = self._footers.get(path.name)
        if footer is None:
            if digest_footer(path) != path.stem:
                raise ValueError("checksum mismatch in the footer")
            footer = self._footers[path.name] = pq.read_metadata(path)
        return footer

    def _write(self, table: pa.Table, files: Files) -> None:
        names = pa.array(list(files), pa.string())
        table = table.filter(pc.is_in(table["file"], names)).replace_schema_metadata()
        table = table.sort_by([("key", "ascending"), ("file", "ascending")])
        starts = table["key"].take(pa.array(range(0, table.num_rows, KEYS_IN_ROW_GROUP))).to_pylist()
        keys = b64encode(BloomFilter.of((key.as_py() for key in table["key"]), table.num_rows).bits)
        said = {"files": json.dumps(files), "starts": json.dumps(starts), "keys": keys}
        with unfinished_file(self.folder) as temporary:
            # Not in the schema's metadata, all of which a footer would hold twice.
            with pq.ParquetWriter(
                temporary,
                table.schema,
                compression="zstd",
                use_dictionary=["file"],
                write_page_checksum=True,
                write_statistics=False,
            ) as writer:
                writer.write_table(table, row_group_size=KEYS_IN_ROW_GROUP)
                writer.add_key_value_metadata(said)
            path = self.folder / f"{digest_footer(temporary)}{SUFFIX}"
            publish(temporary, path)
        self._damaged.discard(path.name)
        if segment := self._open(path.name):
            self._segments[path.name] = segment
            self._recent = {}

    def _open(self, name: str) -> Segment | None:
        """Open a segment; a damaged one is removed, and one that is gone passed over."""
        if name in self._segments:
            return self._segments[name]
        path = self.folder / name
        try:
            footer = self._footer(path)
            said = footer.metadata
            files, starts = (json.loads(said[key]) for key in (b"files", b"starts"))
            keys = said.get(b"keys")
        except FileNotFoundError:
            return None
        except DAMAGE as error:
            self._reject(path, error)
            return None
        return Segment(path, footer.num_rows, files, starts, None if keys is None else BloomFilter(b64decode(keys)))

    def _reject(self, path: Path, error: Exception) -> None:
        """Remove a damaged segment; raises StoreError where the error tells of something else."""
        if not is_damage(error):
            raise unreadable(path, error) from error
        self._damaged.add(path.name)
        self._drop(path)

    def _drop(self, path: Path) -> None:
        self._segments.pop(path.name, None)
        self._footers.pop(path.name, None)
        with suppress(OSError):  # a store that is only read keeps it
            path.unlink()


def _rows(table: pa.Table) -> Iterator[tuple[Any, ...]]:
    *columns, files = (table[name].to_pylist() for name in PLACES.names)
    return zip(*columns, map(sys.intern, files), strict=True)  # a name is there once, not once for each key
