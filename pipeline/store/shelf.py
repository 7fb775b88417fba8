"""A shelf: one table of the store at one address, Parquet files that hold the rows of many keys each.

A key is a document, a document and an overlap size, or a pair; with it lie facts about its rows. Each file has a table
of its keys; an index of all is kept beside the files (see `index`), which is only a shortcut. To look something up
costs what it costs to look up the keys that are asked for, however many there are.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from itertools import accumulate, chain
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq
from cachetools import LRUCache

from pipeline.errors import CorruptFile, StoreError, Vanished
from pipeline.store import index
from pipeline.store.files import TEMPORARY
from pipeline.store.grouping import grouped
from pipeline.store.index import PLACES, Files, Index, Outdated
from pipeline.store.shard_file import (
    DAMAGE,
    FACTS,
    SUFFIX,
    ShardWriter,
    is_damage,
    is_former,
    open_rows,
    read_footer,
    read_keys,
    unreadable,
    write_shard,
)
from stages.data import Facts

CORRUPT = ".corrupt"
"""How the name of a file ends that failed its checks and was set aside."""

FORMER_INDEX = "index.parquet"
"""What the index was called when each key had a row group of its own."""

FORMER = (
    "{folder} was written by an earlier version, which laid its files out in another way. Nothing in it is lost that "
    "can't be made again: bitext store --prune empties the store (or name another folder with --store); then run again"
)

WINDOW_BYTES = 32 << 20
"""How much `read_many` holds at once: whatever the order of the keys, it reads a row group once for so much."""

MAX_TRIES = 10
"""How often a look-up begins anew because others have put the index together meanwhile."""

MAX_KEPT_BYTES = 8 << 20
"""Row groups that were read last, and likewise facts, are kept up to this."""

MAX_KEPT_ROW_GROUPS = 2000
"""Row groups whose footers are kept, some 7 kB each; a file has few, so that to read its footer again takes little."""

MAX_KEPT_PLACES = 100_000
"""Keys of which it is remembered where they lie, until other work begins; see `expect`."""


class Place(NamedTuple):
    """Where the rows of a key lie."""

    row_group: int
    first_row: int
    n_rows: int
    n_bytes: int
    """What the rows take in memory."""
    number: int
    """Counts the keys of a file."""
    file: str


Places = dict[str, Place]
Result = TypeVar("Result")


class Shelf:
    """One table at one address."""

    def __init__(self, folder: Path):
        self.folder = folder
        self._index = Index(folder, self._read_keys)
        self._listed: tuple[Files, list[str]] | None = None
        self._footers: LRUCache[str, pq.FileMetaData] = LRUCache(
            MAX_KEPT_ROW_GROUPS, lambda footer: footer.num_row_groups
        )
        self._facts: LRUCache[str, pa.ChunkedArray] = LRUCache(MAX_KEPT_BYTES, lambda facts: facts.nbytes)
        self._row_groups: LRUCache[tuple[str, ...], pa.Table] = LRUCache(MAX_KEPT_BYTES, lambda rows: rows.nbytes)
        self._asked: LRUCache[str, Place] = LRUCache(MAX_KEPT_PLACES)
        self._expected: list[str] = []
        self._tables: dict[str, Places] = {}
        self._set_aside_files: list[str] = []

    def look_up(self, keys: Iterable[str]) -> Places:
        """Return where those of the keys lie that are there, as of now; damaged files are set aside."""
        asked = list(dict.fromkeys(keys))
        found = self._find_expected(asked)
        rest = [key for key in asked if key not in found]
        return found | (self._find(lambda: self._index.find(rest)) if rest else {})

    def look_up_documents(self, documents: Iterable[str]) -> Places:
        """Return where all keys lie that are a document's id, or begin with it and a colon."""
        asked = list(dict.fromkeys(documents))
        return self._find(lambda: self._index.find_documents(asked)) if asked else {}

    def expect(self, files: Iterable[str]) -> None:
        """Say in which files what is asked for next is likely to lie: these are looked into before the index is.

        Where other things lie, that were asked for before, is forgotten.
        """
        self._expected = list(files)
        self._tables = {name: self._tables[name] for name in self._expected if name in self._tables}
        self._asked.clear()

    def sizes(self) -> Files:
        """Return the sizes in bytes of all files, by name."""
        return self._list_files()[0]

    def size_of(self, name: str) -> int | None:
        """Return the size of a file in bytes; None where it is gone."""
        with contextlib.suppress(OSError):
            return (self.folder / name).stat().st_size
        return None

    def places(self) -> Places:
        """Return where every key lies: for what must list everything."""
        return self._find(self._index.list)

    def read(self, key: str, columns: Sequence[str] | None = None) -> pa.Table:
        """Return the rows of a key, their checksums verified; perhaps only some columns.

        The row groups read last are kept, for the keys beside this one. To read many keys, there is `read_many`.
        Raises KeyError where the key is missing, CorruptFile (and sets the file aside) where the file is damaged,
        StoreError where it can't be read for another reason.
        """
        return self._following(key, lambda place: self._read(place, columns))

    def read_many(self, keys: Iterable[str], columns: Sequence[str] | None = None) -> Iterator[tuple[str, pa.Table]]:
        """Give the rows of keys, in the order of the keys, whatever the order of the files: see WINDOW_BYTES.

        Raises as `read` does.
        """
        asked = list(keys)
        places = self.look_up(asked)
        self._require(asked, places)
        for window in grouped(asked, lambda key: places[key].n_bytes, WINDOW_BYTES):
            try:
                rows = self._read_window({key: places[key] for key in window}, columns)
            except FileNotFoundError:  # another run has put its files together
                rows = self._read_window(self._find_again(window), columns)
            yield from ((key, rows[key]) for key in window)

    def facts(self, key: str) -> Facts:
        """Return what the stage said of the rows of a key; raises as `read` does."""
        return self._following(key, self._read_facts)

    def facts_of_many(self, keys: Iterable[str]) -> dict[str, Facts]:
        """Return what the stage said of the rows of each key, each file opened once."""
        places = self.look_up(keys)
        by_file = sorted(places, key=lambda key: places[key].file)
        return {key: self.facts(key) for key in by_file}

    def write(self, schema: pa.Schema, **options: Any) -> AbstractContextManager[ShardWriter]:
        """Write one file: it appears when the block ends well, and not at all without keys."""
        return write_shard(self.folder, schema, **options)

    def save_index(self) -> None:
        """Keep the index of what has been written, so that the next reader needn't open each file."""
        self._find(lambda: iter(()))
        with contextlib.suppress(Outdated):
            self._index.save()
        self._listed = None

    def take_set_aside(self) -> list[str]:
        """Return what was said of the files that look-ups have found damaged since it was last asked."""
        taken, self._set_aside_files = self._set_aside_files, []
        return taken

    def _find_expected(self, asked: Sequence[str]) -> Places:
        """Return where those of the keys lie that are in the files which have been named, as far as these are there."""
        found: Places = {}
        for name in self._expected if asked else ():
            if self.size_of(name) is None:
                continue
            if name not in self._tables:
                table = self._read_keys(name)
                rows = [] if table is None else zip(*table.to_pydict().values(), strict=True)
                self._tables[name] = {key: Place(*place) for key, *place in rows}
            places = self._tables[name]
            found |= {key: places[key] for key in asked if key in places}
        self._asked.update(list(found.items())[-MAX_KEPT_PLACES:])
        return found

    def _find(self, ask: Callable[[], Iterator[tuple[Any, ...]]]) -> Places:
        for _ in range(MAX_TRIES):
            listed = self._list_files()
            if listed != self._listed:
                self._index.update(*listed)
                self._listed = listed
            try:
                found = [(key, Place(*place)) for key, *place in ask()]
            except Outdated:
                self._listed = None
                continue
            # Two runs at once may cut differently, and write a key twice: the rows are equal, the first file is taken.
            found.sort(key=lambda one: one[1].file, reverse=True)
            places = {key: place for key, place in found if place.file in self._index.files}
            self._asked.update(list(places.items())[-MAX_KEPT_PLACES:])
            return places
        raise StoreError(f"{self.folder}: its index changes again and again; are many runs at work? Run again")

    def _following(self, key: str, read: Callable[[Place], Result]) -> Result:
        """Read something of a key; once more where it lies elsewhere by now, as after a compaction."""
        for _ in range(2):
            place = self._asked.get(key) or self.look_up([key]).get(key)
            if place is None:
                break
            try:
                return read(place)
            except FileNotFoundError:
                self._asked.pop(key, None)
        raise vanished(self.folder, key)

    def _require(self, keys: Iterable[str], places: Places) -> None:
        for key in keys:
            if key not in places:
                raise vanished(self.folder, key)

    def _find_again(self, keys: Sequence[str]) -> Places:
        places = self.look_up(keys)
        self._require(keys, places)
        return places

    def _read(self, place: Place, columns: Sequence[str] | None) -> pa.Table:
        name = (place.file, str(place.row_group), *(columns or ()))
        if name in self._row_groups:
            rows = self._row_groups[name]
        else:
            with self._opened(place.file) as file:
                rows = file.read_row_group(place.row_group, columns, use_threads=False)
            with contextlib.suppress(ValueError):  # it is too large to be kept
                self._row_groups[name] = rows
        return rows.slice(place.first_row, place.n_rows)

    def _read_window(self, places: Places, columns: Sequence[str] | None) -> dict[str, pa.Table]:
        """Read what keys need of each row group at once."""
        groups: dict[str, dict[int, Places]] = {}
        for key, place in places.items():
            groups.setdefault(place.file, {}).setdefault(place.row_group, {})[key] = place
        found: dict[str, pa.Table] = {}
        for name, numbers in sorted(groups.items()):
            with self._opened(name) as file:
                for number, of_group in sorted(numbers.items()):
                    found.update(_pick(file.read_row_group(number, columns, use_threads=False), of_group))
        return found

    def _read_facts(self, place: Place) -> Facts:
        if place.file not in self._facts:
            with self._watched(place.file) as path:
                facts = read_keys(path, self._footer(path), [FACTS.name])[FACTS.name]
            with contextlib.suppress(ValueError):
                self._facts[place.file] = facts
        else:
            facts = self._facts[place.file]
        said: Facts = json.loads(facts[place.number].as_py())
        return said

    def _read_keys(self, name: str) -> pa.Table | None:
        """Return the key table of a file for the index; None where it is gone, or damaged and now set aside."""
        try:
            with self._watched(name) as path:
                footer = self._footer(path)
                if is_former(footer):
                    raise StoreError(FORMER.format(folder=self.folder))
                table = read_keys(path, footer)
        except FileNotFoundError:
            return None
        except CorruptFile as error:
            self._set_aside_files.append(str(error))
            return None
        return table.append_column(PLACES.field("file"), pa.repeat(name, table.num_rows))

    @contextlib.contextmanager
    def _opened(self, name: str) -> Iterator[pq.ParquetFile]:
        with self._watched(name) as path, open_rows(path, self._footer(path)) as file:
            yield file

    @contextlib.contextmanager
    def _watched(self, name: str) -> Iterator[Path]:
        """Set a file aside where reading it shows that it is damaged."""
        path = self.folder / name
        try:
            yield path
        except FileNotFoundError:
            raise
        except DAMAGE as error:
            if is_damage(error):
                raise self._set_aside(name, error) from error
            raise unreadable(path, error) from error

    def _footer(self, path: Path) -> pq.FileMetaData:
        if path.name not in self._footers:
            footer = read_footer(path)
            with contextlib.suppress(ValueError):
                self._footers[path.name] = footer
            return footer
        return self._footers[path.name]

    def _list_files(self) -> tuple[Files, list[str]]:
        """Return the files of the shelf with their sizes, and the segments of its index."""
        files: Files = {}
        segments = []
        try:
            with os.scandir(self.folder) as entries:
                for entry in entries:
                    if entry.name == FORMER_INDEX:
                        raise StoreError(FORMER.format(folder=self.folder))
                    if entry.name.startswith(TEMPORARY):
                        continue
                    if entry.name.endswith(SUFFIX):
                        with contextlib.suppress(FileNotFoundError):
                            files[entry.name] = entry.stat().st_size
                    elif entry.name.endswith(index.SUFFIX):
                        segments.append(entry.name)
        except FileNotFoundError:
            return {}, []
        except OSError as error:
            raise unreadable(self.folder, error) from error
        return files, sorted(segments)

    def _set_aside(self, file: str, error: Exception) -> CorruptFile:
        """Rename a damaged file, so that its keys are missing and made again."""
        path = self.folder / file
        self._footers.pop(file, None)
        try:
            path.rename(path.with_name(file + CORRUPT))
        except FileNotFoundError:
            pass
        except OSError as refusal:
            raise StoreError(
                f"{path}: {_first_line(error)}; it can't be set aside, to be made again: {refusal.strerror}; "
                "fix that, or name another folder with --store"
            ) from error
        return CorruptFile(f"{path}: {_first_line(error)}; set aside as {file}{CORRUPT}, to be made again by a run")


def vanished(folder: Path, key: str) -> Vanished:
    """Say that the rows of a key are not there."""
    return Vanished(f"{folder} no longer holds {key}: the store was pruned meanwhile; to be made again by a run")


def _pick(rows: pa.Table, places: Places) -> Iterator[tuple[str, pa.Table]]:
    """Give the rows of keys of a row group; where they are few, no others are kept in memory."""
    starts = {key: place.first_row for key, place in places.items()}
    if 2 * sum(place.n_rows for place in places.values()) < rows.num_rows:
        spans = [range(place.first_row, place.first_row + place.n_rows) for place in places.values()]
        starts = dict(zip(places, accumulate(map(len, spans), initial=0), strict=False))
        rows = rows.take(pa.array(list(chain.from_iterable(spans)), pa.int32()))
    return ((key, rows.slice(starts[key], place.n_rows)) for key, place in places.items())


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
