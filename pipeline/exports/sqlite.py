"""SQLite: a table with a row for each bead, and the columns of TSV; equal exports are equal files."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from stages.data import AlignedPair
from stages.export.units import COLUMNS, Unit, row_of

TABLE = """
pragma journal_mode = off;
pragma synchronous = off;
create table beads (
    source text not null,
    target text not null,
    score real not null,
    similarity real not null,
    confidence real,             -- null where the method has no measure of it
    source_start integer not null,   -- positions of sentences, half-open, from 0
    source_stop integer not null,
    target_start integer not null,
    target_stop integer not null,
    pair_id text not null,
    source_language text not null,
    target_language text not null,
    source_file text not null,   -- of a document in several files: the one, or the first and the last
    target_file text not null
);
begin;
"""
INSERT = f"insert into beads ({', '.join(COLUMNS)}) values ({', '.join(f':{name}' for name in COLUMNS)})"
INDEX = "create index beads_by_pair on beads (pair_id, source_start)"


class SqliteSink:
    """One database with the pairs of a run."""

    def __init__(self, path: Path) -> None:
        self.counts: Counter[str] = Counter()
        path.unlink(missing_ok=True)
        self._database = sqlite3.connect(path, isolation_level=None)
        self._database.executescript(TABLE)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            if kind is None:
                self._database.execute(INDEX)
                self._database.execute("commit")
        finally:
            self._database.close()

    def write(self, pair: AlignedPair, units: Sequence[Unit]) -> None:
        """Add a row for each unit of a pair."""
        self._database.executemany(INSERT, (row_of(pair, unit) for unit in units))
