"""The store: Parquet files that exist only when they are whole, addressed by what made them.

    <root>/<table>/<address>/<shard>.parquet

A table at an address is a `Shelf`. There is no other state: what is there is done.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

import platformdirs

from pipeline.errors import StoreError
from pipeline.store import index
from pipeline.store.files import TEMPORARY, sweep, try_lock, unwritable
from pipeline.store.shard_file import SUFFIX
from pipeline.store.shelf import CORRUPT, Shelf

TABLES = ("texts", "sentences", "embeddings", "summaries", "requested", "beads")
ADDRESS = re.compile(r"[0-9a-f]{16}|all")
LOCK = ".lock"
"""Held by all that work with a store, and by what prunes it."""


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

    @contextlib.contextmanager
    def in_use(self, alone: bool = False) -> Iterator[None]:
        """Keep the store from being pruned meanwhile, or, alone, see to it that nobody works with it.

        Raises StoreError where that can't be. Where a file system knows no locks, there are none.
        """
        with contextlib.ExitStack() as held:
            try:
                try_lock(held.enter_context((self.root / LOCK).open("ab")), is_shared=not alone)
            except BlockingIOError:
                what = "something is at work with it; wait until it has ended" if alone else "it is being pruned"
                raise StoreError(f"{self.root}: {what}, and try again") from None
            except OSError:  # it will be met with where it matters
                pass
            yield

    def sweep(self) -> int:
        """Remove unfinished files that killed processes left; return how many."""
        return sum(sweep(folder) for _, folder in self._folders()) + sweep(self.root / "runs")

    def take_set_aside(self) -> list[str]:
        """Return what was said of the files that look-ups have found damaged since it was last asked."""
        return [text for shelf in self._shelves.values() for text in shelf.take_set_aside()]

    def usage(self) -> Iterator[tuple[str, str, int, int]]:
        """Give each table and address with its number of files and bytes."""
        for table, folder in self._folders():
            sizes = [path.stat().st_size for path in _own_files(folder)]
            yield table, folder.name, len(sizes), sum(sizes)

    def prune(self) -> int:
        """Delete all that can be made again, and return how many bytes it was; records of runs and other files stay."""
        with self.in_use(alone=True):
            return sum(_prune(folder) for _, folder in self._folders())

    def _folders(self) -> Iterator[tuple[str, Path]]:
        for table in TABLES:
            for folder in sorted((self.root / table).glob("*")):
                if folder.is_dir() and ADDRESS.fullmatch(folder.name):
                    yield table, folder


def _prune(folder: Path) -> int:
    n_bytes = 0
    try:
        for path in _own_files(folder):
            with contextlib.suppress(FileNotFoundError):  # another prunes, too
                n_bytes += path.stat().st_size
                path.unlink()
    except OSError as error:
        raise unwritable(folder, error) from error
    for empty in (folder, folder.parent):
        with contextlib.suppress(OSError):  # something that isn't ours lies there
            empty.rmdir()
    return n_bytes


def _own_files(folder: Path) -> list[Path]:
    """Return the files of a folder that the store wrote, whatever else a person may have put there."""
    endings = (SUFFIX, index.SUFFIX, CORRUPT)
    named = (path for path in folder.glob("*") if path.name.endswith(endings) or path.name.startswith(TEMPORARY))
    return [path for path in named if path.is_file()]


def default_root() -> Path:
    """Return `$BITEXT_STORE`, else a folder in the user's cache."""
    named = os.environ.get("BITEXT_STORE")
    return Path(named) if named else platformdirs.user_cache_path("bitext-pipeline")
