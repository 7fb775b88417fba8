"""The store: Parquet files that exist only when they are whole, addressed by what made them.

    <root>/<table>/<address>/<shard>.parquet

A table at an address is a `Shelf`: many files, each with many row groups, each row group the rows of one key (a
document, a document and an overlap size, a pair). A file's footer names the keys of its row groups, and facts about
them. An index of all footers is kept beside the files; it is only a shortcut, and made again from them where it is
stale. There is no other state: what is there is done.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import platformdirs
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.errors import CorruptFile
from pipeline.files import TEMPORARY, publish, sweep, unfinished_file, whole_file
from stages.data import Facts

KEYS = "bitext.keys"
"""Where a file's footer names the keys of its row groups, with their facts."""

TABLES = ("texts", "sentences", "embeddings", "contested", "beads")
INDEX = "index.parquet"
CORRUPT = ".corrupt"
"""How the name of a file ends that failed its checks and was set aside."""


class Place(NamedTuple):
    """Where the rows of a key lie, and what the stage that made them said of them."""

    file: str
    row_group: int
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
        return sweep(self.root)

    def usage(self) -> Iterator[tuple[str, str, int, int]]:
        """Give each table and address with its number of files and bytes."""
        for table in TABLES:
            for folder in sorted((self.root / table).glob("*")):
                sizes = [path.stat().st_size for path in folder.iterdir()]
                yield table, folder.name, len(sizes), sum(sizes)

    def prune(self) -> int:
        """Delete all that can be made again, and return how many bytes it was; the records of runs stay."""
        n_bytes = sum(n_bytes for *_, n_bytes in self.usage())
        for table in TABLES:
            shutil.rmtree(self.root / table, ignore_errors=True)
        return n_bytes


class Shelf:
    """One table at one address."""

    def __init__(self, folder: Path):
        self.folder = folder
        self._files: dict[str, int] = {}
        self._indexed_files: dict[str, int] = {}
        self._places_in_file: dict[str, Places] = {}
        self._places: Places = {}

    def places(self) -> Places:
        """Return where every key lies, as of now."""
        files = self._list_files()
        if files != self._files:
            self._update(files)
        return self._places

    def read(self, key: str) -> pa.Table:
        """Return the rows of a key, their checksums verified.

        Raises KeyError where the key is missing, CorruptFile (and sets the file aside) where its rows are damaged.
        """
        place = self._places.get(key) or self.places()[key]
        try:
            with pq.ParquetFile(self.folder / place.file, page_checksum_verification=True) as file:
                return file.read_row_group(place.row_group)
        except FileNotFoundError:
            raise KeyError(key) from None
        except (OSError, pa.ArrowException) as error:
            raise self._set_aside(place.file, error) from error

    @contextmanager
    def write(self, schema: pa.Schema, **options: Any) -> Iterator[ShardWriter]:
        """Write one file, named by its keys: it appears when the block ends well, and not at all without keys."""
        with unfinished_file(self.folder) as temporary:
            with pq.ParquetWriter(temporary, schema, write_page_checksum=True, **options) as parquet:
                writer = ShardWriter(parquet)
                yield writer
                parquet.add_key_value_metadata({KEYS: json.dumps(writer.keys)})
            if writer.keys:
                publish(temporary, self.folder / _shard_name(key for key, _ in writer.keys))

    def save_index(self) -> None:
        """Keep the index, so that the next reader opens one file rather than every footer."""
        if self._files == self._indexed_files:
            return
        places = [(key, *place) for group in self._places_in_file.values() for key, place in group.items()]
        table = pa.table(
            {
                "key": [key for key, *_ in places],
                "file": [file for _, file, *_ in places],
                "row_group": [row_group for *_, row_group, _ in places],
                "facts": [json.dumps(facts) for *_, facts in places],
            }
        )
        with whole_file(self.folder / INDEX) as temporary:
            pq.write_table(table.replace_schema_metadata({"files": json.dumps(self._files)}), temporary)
        self._indexed_files = self._files

    def _update(self, files: dict[str, int]) -> None:
        """Learn where the keys of a changed set of files lie: from the index, and from the footers it doesn't cover."""
        if not self._places_in_file:
            self._load_index()
        known = {name for name, size in files.items() if self._files.get(name) == size}
        places = {name: group for name, group in self._places_in_file.items() if name in known}
        for name in files.keys() - known:
            try:
                places[name] = _read_footer(self.folder / name)
            except FileNotFoundError:
                continue
            except (OSError, KeyError, ValueError, pa.ArrowException) as error:
                self._set_aside(name, error)
        self._files = {name: size for name, size in files.items() if name in places}
        self._places_in_file = places
        # Two runs at once may cut differently, and write a key twice: the rows are equal, the first file is taken.
        self._places = {key: place for name in sorted(places, reverse=True) for key, place in places[name].items()}

    def _load_index(self) -> None:
        try:
            table = pq.read_table(self.folder / INDEX)
            self._files = json.loads(table.schema.metadata[b"files"])
            for row in table.to_pylist():
                place = Place(row["file"], row["row_group"], json.loads(row["facts"]))
                self._places_in_file.setdefault(place.file, {})[row["key"]] = place
        except (OSError, KeyError, ValueError, pa.ArrowException):
            self._files, self._places_in_file = {}, {}  # absent or damaged: the footers say the same
        self._indexed_files = self._files

    def _list_files(self) -> dict[str, int]:
        try:
            with os.scandir(self.folder) as entries:
                return {entry.name: entry.stat().st_size for entry in entries if _is_shard(entry.name)}
        except FileNotFoundError:
            return {}

    def _set_aside(self, file: str, error: Exception) -> CorruptFile:
        """Rename a damaged file, so that its keys are missing and made again."""
        path = self.folder / file
        with contextlib.suppress(FileNotFoundError):
            path.rename(path.with_name(file + CORRUPT))
        return CorruptFile(f"{path}: {_first_line(error)}; set aside as {file}{CORRUPT}")


class ShardWriter:
    """Adds row groups to a file that is being written."""

    def __init__(self, parquet: pq.ParquetWriter):
        self.keys: list[tuple[str, Facts]] = []
        self._parquet = parquet

    def add(self, key: str, table: pa.Table, facts: Facts | None = None) -> None:
        """Write the rows of a key, as one row group."""
        self._parquet.write_table(table, row_group_size=max(1, table.num_rows))
        self.keys.append((key, facts or {}))


def _read_footer(path: Path) -> Places:
    metadata = pq.read_metadata(path)
    keys = json.loads(metadata.metadata[KEYS.encode()])
    if len(keys) != metadata.num_row_groups:
        raise ValueError(f"{len(keys)} keys, but {metadata.num_row_groups} row groups")
    return {key: Place(path.name, row_group, facts) for row_group, (key, facts) in enumerate(keys)}


def _shard_name(keys: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(keys).encode()).hexdigest()[:16] + ".parquet"


def _is_shard(name: str) -> bool:
    return name.endswith(".parquet") and name != INDEX and not name.startswith(TEMPORARY)


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]


def default_root() -> Path:
    """Return `$BITEXT_STORE`, else a folder in the user's cache."""
    named = os.environ.get("BITEXT_STORE")
    return Path(named) if named else platformdirs.user_cache_path("bitext-pipeline")
