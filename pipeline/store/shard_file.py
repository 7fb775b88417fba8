"""One file of the store: row groups of many keys, a table of these keys, and a footer by whose digest it is named.

    row groups    each of about ROW_GROUP_BYTES; the rows of a key lie together, in one of them
    key table     an Arrow file: each key with its row group, its first row there, how many, and facts about them
    footer        Parquet's, which says where the key table lies, and its digest

Any reader of Parquet reads the rows. Parquet keeps a checksum of each page, but none of the footer that says what the
pages are. So the file's name is the digest of its footer: what is read is what was written, or the file is damaged.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.errors import StoreError
from pipeline.store.files import publish, unfinished_file, unwritable
from stages.data import Facts

KEY_TABLE = b"bitext.key_table"
"""Where a footer says where the key table lies: its first byte, how many, and the digest of them."""

FORMER_KEYS = b"bitext.keys"
"""What a footer held when each key had a row group of its own."""

SUFFIX = ".parquet"
DAMAGE = (OSError, KeyError, TypeError, ValueError, pa.ArrowException)
"""What reading a damaged file raises; see `is_damage`."""

TAIL_BYTES = 8
"""A Parquet file ends with the footer, its length in 4 bytes, and `PAR1`."""

ROW_GROUP_BYTES = 1 << 20
"""How large a row group is in memory, unless a single key has more: to read one takes a few milliseconds."""

EXACT_BYTES = 1 << 16
"""What a table takes in memory is counted exactly from here on: to count takes longer than to write a small one."""

NO_FACTS = "{}"

KEYS = pa.schema(
    [
        pa.field("key", pa.string(), nullable=False),
        pa.field("row_group", pa.int32(), nullable=False),
        pa.field("first_row", pa.int32(), nullable=False),
        pa.field("n_rows", pa.int32(), nullable=False),
        pa.field("n_bytes", pa.int64(), nullable=False),  # in memory
        pa.field("number", pa.int32(), nullable=False),  # counts the keys of a file
    ]
)
FACTS = pa.field("facts", pa.string(), nullable=False)


class ShardWriter:
    """Adds the rows of keys to a file that is being written."""

    def __init__(self, parquet: pq.ParquetWriter, folder: Path):
        self.keys: list[str] = []
        self.file: str | None = None
        """The name of the file, once it is whole; none if it got no keys."""
        self._facts: list[str] = []
        self._places: list[tuple[int, int, int, int]] = []
        self._parquet = parquet
        self._folder = folder
        self._waiting: list[pa.Table] = []
        self._n_rows = self._n_bytes = self._row_group = 0

    def add(self, key: str, table: pa.Table, facts: Facts | None = None) -> None:
        """Write the rows of a key, beside those of others; raises StoreError where the disk is full."""
        n_bytes = table.get_total_buffer_size()
        if n_bytes > EXACT_BYTES:  # it may be a slice of a large table
            n_bytes = table.nbytes
        self._make_room(n_bytes)
        self._add_key(key, table.num_rows, n_bytes, json.dumps(facts) if facts else NO_FACTS)
        self._waiting.append(table)

    def add_rows(self, keys: Sequence[str], table: pa.Table, n_bytes: Sequence[int]) -> None:
        """Write one row for each key, which takes so many bytes in memory; raises as `add`."""
        self._make_room(sum(n_bytes))
        for key, of_row in zip(keys, n_bytes, strict=True):
            self._add_key(key, 1, of_row, NO_FACTS)
        self._waiting.append(table)

    def _make_room(self, n_bytes: int) -> None:
        """End the row group where so many bytes no longer fit."""
        if self._n_bytes + n_bytes > ROW_GROUP_BYTES:
            self.flush()

    def _add_key(self, key: str, n_rows: int, n_bytes: int, facts: str) -> None:
        self.keys.append(key)
        self._facts.append(facts)
        self._places.append((self._row_group, self._n_rows, n_rows, n_bytes))
        self._n_rows += n_rows
        self._n_bytes += n_bytes

    def flush(self) -> None:
        """Write the rows that wait as one row group."""
        if not self._waiting:
            return
        try:
            self._parquet.write_table(pa.concat_tables(self._waiting), row_group_size=max(1, self._n_rows))
        except OSError as error:
            raise unwritable(self._folder, error) from error
        self._waiting, self._n_rows, self._n_bytes = [], 0, 0
        self._row_group += 1

    def key_table(self) -> bytes:
        """Return the table of all keys, as it is written."""
        columns = [self.keys, *zip(*self._places, strict=True), range(len(self.keys)), self._facts]
        table = pa.table(dict(zip([*KEYS.names, FACTS.name], columns, strict=True)), schema=KEYS.append(FACTS))
        sink = pa.BufferOutputStream()
        with pa.ipc.new_file(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
            writer.write_table(table)
        written: bytes = sink.getvalue().to_pybytes()
        return written


@contextmanager
def write_shard(folder: Path, schema: pa.Schema, **options: Any) -> Iterator[ShardWriter]:
    """Write one file: it appears when the block ends well, and not at all without keys."""
    with unfinished_file(folder) as temporary:
        # A writer that fails would leave its own file open, and so a full disk full. Nobody asks for statistics, and a
        # footer without them is read in half the time.
        with (
            pa.OSFile(str(temporary), "wb") as file,
            pq.ParquetWriter(file, schema, write_page_checksum=True, write_statistics=False, **options) as parquet,
        ):
            writer = ShardWriter(parquet, folder)
            yield writer
            if not writer.keys:
                return
            writer.flush()
            table = writer.key_table()
            place = {"start": file.tell(), "bytes": len(table), "digest": _digest(table)}
            file.write(table)
            parquet.add_key_value_metadata({KEY_TABLE: json.dumps(place)})
        writer.file = f"{digest_footer(temporary)}{SUFFIX}"
        publish(temporary, folder / writer.file)


def read_footer(path: Path) -> pq.FileMetaData:
    """Read and check the footer of a file; raises an error of which `is_damage` is true where it is not as written."""
    if digest_footer(path) != path.stem:
        raise ValueError("checksum mismatch in the footer")
    return pq.read_metadata(path)


def is_former(footer: pq.FileMetaData) -> bool:
    """Say whether a file was written by a version that laid its files out in another way."""
    return KEY_TABLE not in footer.metadata and FORMER_KEYS in footer.metadata


def read_keys(path: Path, footer: pq.FileMetaData, columns: Sequence[str] = KEYS.names) -> pa.Table:
    """Read columns of the key table of a file."""
    place = json.loads(footer.metadata[KEY_TABLE])
    with path.open("rb") as file:
        file.seek(place["start"])
        table = file.read(place["bytes"])
    if _digest(table) != place["digest"]:
        raise ValueError("checksum mismatch in the table of keys")
    names = [*KEYS.names, FACTS.name]
    options = pa.ipc.IpcReadOptions(included_fields=[names.index(name) for name in columns])
    with pa.ipc.open_file(table, options=options) as opened:
        return opened.read_all()


@contextmanager
def open_rows(path: Path, footer: pq.FileMetaData) -> Iterator[pq.ParquetFile]:
    """Open a file to read row groups, the checksums of their pages verified."""
    with (
        pa.OSFile(str(path)) as opened,
        pq.ParquetFile(opened, metadata=footer, page_checksum_verification=True) as file,
    ):
        yield file


def is_damage(error: Exception) -> bool:
    """Say whether one of these errors tells of a damaged file, and not of a lack of rights, memory or open files."""
    if isinstance(error, OSError):  # Arrow's own have no number
        return error.errno in (None, errno.EIO)
    return not isinstance(error, MemoryError)


def unreadable(path: Path, error: Exception) -> StoreError:
    """Say why a file or folder of the store can't be read, and what to do."""
    why = getattr(error, "strerror", None) or error
    return StoreError(f"{path} can't be read: {why}; fix that, or name another folder with --store")


def digest_footer(path: Path) -> str:
    """Return the digest of a file's footer, by which the file is named."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - TAIL_BYTES))
        n_bytes = int.from_bytes(file.read(4), "little") + TAIL_BYTES
        if not TAIL_BYTES < n_bytes <= size:
            raise ValueError(f"the file is cut off: it has {size:,} bytes")
        file.seek(size - n_bytes)
        return _digest(file.read())


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]
