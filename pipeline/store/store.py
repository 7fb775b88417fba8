"""The store: Parquet files that exist only when they are whole, addressed by what made them.

    <root>/<table>/<address>/<shard>.parquet

A table at an address is a `Shelf`: many files, each with many row groups, each row group the rows of one key (a
document, a document and an overlap size, a pair). A file's footer names the keys of its row groups, and facts about
them. An index of all footers is kept beside the files; it is only a shortcut, and made again from them where it is
stale. There is no other state: what is there is done.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NamedTuple

import platformdirs
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.errors import CorruptFile
from pipeline.store.files import TEMPORARY, sweep, whole_file
from pipeline.store.shard_file import (
    DAMAGE,
    SUFFIX,
    Footer,
    ShardWriter,
    is_damage,
    read_footer,
    read_rows,
    unreadable,
    write_shard,
)
from stages.data import Facts

TABLES = ("texts", "sentences", "embeddings", "contested", "beads")
ADDRESS = re.compile(r"[0-9a-f]{16}|all")
INDEX = "index.parquet"
CORRUPT = ".corrupt"
"""How the name of a file ends that failed its checks and was set aside."""

MAX_KEPT_ROW_GROUPS = 50_000
"""Row groups whose footers are kept in memory, 7 kB each: to read one again takes longer than to read its rows."""


class Place(NamedTuple):
    """Where the rows of a key lie, and what the stage that made them said of them."""

    file: str
    facts: Facts


Places = dict[str, Place]


class Store:
    """A folder with a shelf for each table and address."""

    def __init__(self, root: Path):
        self.root = root
        self._shelves: dict[tuple[str, str], Shelf] = {}

    def shelf(self, table: str, address: str) -> Shelf:
        """Return the shelf of a table at an address; it need not exist."""
        if (table, address) not in self._shelves:
            self._shelves[table, address] = Shelf(self.root / table / address)
        return self._shelves[table, address]

    def run_folder(self, name: str) -> Path:
        """Return where a run leaves its record."""
        return self.root / "runs" / name

    def sweep(self) -> int:
        """Remove unfinished files that killed processes left; return how many."""
        return sum(sweep(folder) for _, folder in self._folders()) + sweep(self.root / "runs")

    def take_set_aside(self) -> list[str]:
        """Return what was said of the files that `places` has found damaged since it was last asked."""
        return [text for shelf in self._shelves.values() for text in shelf.take_set_aside()]

    def usage(self) -> Iterator[tuple[str, str, int, int]]:
        """Give each table and address with its number of files and bytes."""
        for table, folder in self._folders():
            sizes = [path.stat().st_size for path in _own_files(folder)]
            yield table, folder.name, len(sizes), sum(sizes)

    def prune(self) -> int:
        """Delete all that can be made again, and return how many bytes it was; records of runs and other files stay."""
        n_bytes = 0
        for _, folder in self._folders():
            for path in _own_files(folder):
                n_bytes += path.stat().st_size
                path.unlink()
            for empty in (folder, folder.parent):
                with contextlib.suppress(OSError):  # something that isn't ours lies there
                    empty.rmdir()
        return n_bytes

    def _folders(self) -> Iterator[tuple[str, Path]]:
        for table in TABLES:
            for folder in sorted((self.root / table).glob("*")):
                if folder.is_dir() and ADDRESS.fullmatch(folder.name):
                    yield table, folder


class Shelf:
    """One table at one address."""

    def __init__(self, folder: Path):
        self.folder = folder
        self._files: dict[str, int] = {}
        self._indexed_files: dict[str, int] = {}
        self._places_in_file: dict[str, Places] = {}
        self._places: Places = {}
        self._footers: dict[str, Footer] = {}
        self._set_aside_files: list[str] = []

    def places(self) -> Places:
        """Return where every key lies, as of now; damaged files are set aside."""
        files = self._list_files()
        if files != self._files:
            self._update(files)
        return self._places

    def read(self, key: str) -> pa.Table:
        """Return the rows of a key, their checksums verified.

        Raises KeyError where the key is missing, CorruptFile (and sets the file aside) where the file is damaged,
        StoreError where it can't be read for another reason.
        """
        try:
            return self._read(key, self._places.get(key) or self.places()[key])
        except FileNotFoundError:  # another run has set it aside, and perhaps made it again
            with contextlib.suppress(FileNotFoundError):
                return self._read(key, self.places()[key])
        raise KeyError(key)

    def facts(self, key: str) -> Facts:
        """Return what the stage said of the rows of a key that `places` has."""
        return self._places[key].facts

    def write(self, schema: pa.Schema, **options: Any) -> AbstractContextManager[ShardWriter]:
        """Write one file: it appears when the block ends well, and not at all without keys."""
        return write_shard(self.folder, schema, **options)

    def take_set_aside(self) -> list[str]:
        """Return what was said of the files that `places` has found damaged since it was last asked."""
        taken, self._set_aside_files = self._set_aside_files, []
        return taken

    def _read(self, key: str, place: Place) -> pa.Table:
        path = self.folder / place.file
        try:
            return read_rows(path, self._footer(path), key)
        except FileNotFoundError:
            raise
        except DAMAGE as error:
            if is_damage(error):
                raise self._set_aside(place.file, error) from error
            raise unreadable(path, error) from error

    def _footer(self, path: Path) -> Footer:
        """Return the footer of a file; those read last are kept."""
        footer = self._footers.pop(path.name, None) or read_footer(path)
        self._footers[path.name] = footer
        n_kept = sum(kept.metadata.num_row_groups for kept in self._footers.values())
        for name in list(self._footers)[:-1]:
            if n_kept > MAX_KEPT_ROW_GROUPS:
                n_kept -= self._footers.pop(name).metadata.num_row_groups
        return footer

    def save_index(self) -> None:
        """Keep the index, so that the next reader opens one file rather than every footer."""
        if self._files == self._indexed_files:
            return
        places = [(key, *place) for group in self._places_in_file.values() for key, place in group.items()]
        table = pa.table(
            {
                "key": [key for key, *_ in places],
                "file": [file for _, file, _ in places],
                "facts": [json.dumps(facts) for *_, facts in places],
            }
        )
        with whole_file(self.folder / INDEX) as temporary:
            table = table.replace_schema_metadata({"files": json.dumps(self._files)})
            pq.write_table(table, temporary, write_page_checksum=True)
        self._indexed_files = self._files

    def _update(self, files: dict[str, int]) -> None:
        """Learn where the keys of a changed set of files lie: from the index, and from the footers it doesn't cover."""
        if not self._places_in_file:
            self._load_index()
        known = {name for name, size in files.items() if self._files.get(name) == size}
        places = {name: group for name, group in self._places_in_file.items() if name in known}
        for name in files.keys() - known:
            path = self.folder / name
            try:
                footer = read_footer(path)
            except FileNotFoundError:
                continue
            except DAMAGE as error:
                if not is_damage(error):
                    raise unreadable(path, error) from error
                self._set_aside_files.append(str(self._set_aside(name, error)))
            else:
                places[name] = {key: Place(name, facts) for key, (_, facts) in footer.keys.items()}
        self._files = {name: size for name, size in files.items() if name in places}
        self._places_in_file = places
        # Two runs at once may cut differently, and write a key twice: the rows are equal, the first file is taken.
        self._places = {key: place for name in sorted(places, reverse=True) for key, place in places[name].items()}

    def _load_index(self) -> None:
        try:
            # Not pq.read_table, which may keep the file open for a moment longer: a Volume can't be reloaded then.
            with pq.ParquetFile(self.folder / INDEX, page_checksum_verification=True) as file:
                table = file.read()
            files = json.loads(table.schema.metadata[b"files"])
            places: dict[str, Places] = {name: {} for name in files}
            for row in table.to_pylist():
                places[row["file"]][row["key"]] = Place(row["file"], json.loads(row["facts"]))
        except DAMAGE as error:
            if not isinstance(error, FileNotFoundError) and not is_damage(error):
                raise unreadable(self.folder / INDEX, error) from error
            files, places = {}, {}  # absent or damaged: the footers say the same
        self._files, self._places_in_file = files, places
        self._indexed_files = files

    def _list_files(self) -> dict[str, int]:
        try:
            with os.scandir(self.folder) as entries:
                return {entry.name: entry.stat().st_size for entry in entries if _is_shard(entry.name)}
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise unreadable(self.folder, error) from error

    def _set_aside(self, file: str, error: Exception) -> CorruptFile:
        """Rename a damaged file, so that its keys are missing and made again."""
        path = self.folder / file
        self._footers.pop(file, None)
        with contextlib.suppress(FileNotFoundError):
            path.rename(path.with_name(file + CORRUPT))
        return CorruptFile(f"{path}: {_first_line(error)}; set aside as {file}{CORRUPT}, to be made again by a run")


def _is_shard(name: str) -> bool:
    return name.endswith(SUFFIX) and name != INDEX and not name.startswith(TEMPORARY)


def _own_files(folder: Path) -> list[Path]:
    """Return the files of a folder that the store wrote, whatever else a person may have put there."""
    return [
        path for path in folder.iterdir() if path.name.endswith((SUFFIX, CORRUPT)) or path.name.startswith(TEMPORARY)
    ]


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]


def default_root() -> Path:
    """Return `$BITEXT_STORE`, else a folder in the user's cache."""
    named = os.environ.get("BITEXT_STORE")
    return Path(named) if named else platformdirs.user_cache_path("bitext-pipeline")
