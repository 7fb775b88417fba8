"""One file of the store: a row group for each key, and a footer that names the keys and by whose digest it is named.

Parquet keeps a checksum of each page, but none of the footer that says what the pages are. So the file's name is the
digest of its footer: what is read is what was written, or the file is damaged.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.errors import StoreError
from pipeline.store.files import publish, unfinished_file, unwritable
from stages.data import Facts

KEYS = "bitext.keys"
"""Where a footer names the keys of the row groups, with their facts."""

SUFFIX = ".parquet"
DAMAGE = (OSError, KeyError, TypeError, ValueError, pa.ArrowException)
"""What reading a damaged file raises; see `is_damage`."""

TAIL_BYTES = 8
"""A Parquet file ends with the footer, its length in 4 bytes, and `PAR1`."""


class Footer(NamedTuple):
    """What a file says of itself: its keys in the order of their row groups, with facts about them."""

    metadata: pq.FileMetaData
    keys: dict[str, tuple[int, Facts]]


class ShardWriter:
    """Adds row groups to a file that is being written."""

    def __init__(self, parquet: pq.ParquetWriter, folder: Path):
        self.keys: list[tuple[str, Facts]] = []
        self._parquet = parquet
        self._folder = folder

    def add(self, key: str, table: pa.Table, facts: Facts | None = None) -> None:
        """Write the rows of a key, as one row group; raises StoreError where the disk is full."""
        try:
            self._parquet.write_table(table, row_group_size=max(1, table.num_rows))
        except OSError as error:
            raise unwritable(self._folder, error) from error
        self.keys.append((key, facts or {}))


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
            parquet.add_key_value_metadata({KEYS: json.dumps(writer.keys)})
        if writer.keys:
            publish(temporary, folder / f"{_digest_footer(temporary)}{SUFFIX}")


def read_footer(path: Path) -> Footer:
    """Read and check the footer of a file; raises an error of which `is_damage` is true where it is not as written."""
    if _digest_footer(path) != path.name.removesuffix(SUFFIX):
        raise ValueError("checksum mismatch in the footer")
    metadata = pq.read_metadata(path)
    keys = json.loads(metadata.metadata[KEYS.encode()])
    if len(keys) != metadata.num_row_groups:
        raise ValueError(f"{len(keys)} keys, but {metadata.num_row_groups} row groups")
    return Footer(metadata, {key: (row_group, facts) for row_group, (key, facts) in enumerate(keys)})


def read_rows(path: Path, footer: Footer, key: str) -> pa.Table:
    """Read the rows of a key, the checksums of their pages verified.

    In this thread: to hand a few pages to others takes longer than to read them, and workers have a core each.
    """
    with (
        pa.OSFile(str(path)) as opened,
        pq.ParquetFile(opened, metadata=footer.metadata, page_checksum_verification=True) as file,
    ):
        return file.read_row_group(footer.keys[key][0], use_threads=False)


def is_damage(error: Exception) -> bool:
    """Say whether one of these errors tells of a damaged file, and not of a lack of rights, memory or open files."""
    if isinstance(error, OSError):  # Arrow's own have no number
        return error.errno in (None, errno.EIO)
    return not isinstance(error, MemoryError)


def unreadable(path: Path, error: Exception) -> StoreError:
    """Say why a file or folder of the store can't be read, and what to do."""
    why = getattr(error, "strerror", None) or error
    return StoreError(f"{path} can't be read: {why}; mend that, or name another folder with --store")


def _digest_footer(path: Path) -> str:
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - TAIL_BYTES))
        n_bytes = int.from_bytes(file.read(4), "little") + TAIL_BYTES
        if not TAIL_BYTES < n_bytes <= size:
            raise ValueError(f"the file is cut off: it has {size:,} bytes")
        file.seek(size - n_bytes)
        return hashlib.sha256(file.read()).hexdigest()[:16]
