"""Databases on disk, gone with their owner, for what a corpus has too much of to be kept in memory."""

from __future__ import annotations

import sqlite3
import weakref
from collections.abc import Sequence
from typing import Any

CACHE_BYTES = 16 << 20
"""What is kept in memory of a database; the rest lies in a file without a name."""


class Scratch:
    """A new database with some tables, in a transaction that never ends: nothing of it is to outlive its owner.

    Any thread may use it, but one at a time.
    """

    def __init__(self, *tables: str):
        self._connection = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        # A connection and what it keeps of its statements hold each other, and would stay when its owner is gone.
        self.close = weakref.finalize(self, self._connection.close)
        for pragma in (
            f"cache_size = -{CACHE_BYTES >> 10}",
            "journal_mode = OFF",
            "synchronous = OFF",
            "temp_store = FILE",
        ):
            self.execute(f"PRAGMA {pragma}")
        for table in tables:
            self.execute(f"CREATE TABLE {table}")
        self.execute("BEGIN")

    def execute(self, statement: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        """Carry out a statement of SQL; its rows can be read as long as somebody holds this object."""
        return self._connection.execute(statement, values)


class DiskDict:
    """A dictionary on disk, of texts or numbers by texts."""

    def __init__(self) -> None:
        self._table = Scratch("items (key PRIMARY KEY, value) WITHOUT ROWID")

    def __setitem__(self, key: str, value: Any) -> None:
        self._table.execute("INSERT OR REPLACE INTO items VALUES (?, ?)", (key, value))

    def get(self, key: str) -> Any:
        """Return the value of a key, or None."""
        for (value,) in self._table.execute("SELECT value FROM items WHERE key = ?", (key,)):
            return value
        return None
