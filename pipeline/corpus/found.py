"""What is found of a corpus before anything is read: its documents, and which of them are pairs; they lie on disk."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from pipeline.config.corpus_config import AUTO
from pipeline.config.run_config import RunConfig
from pipeline.corpus.formats.names import SEVERAL_LANGUAGES, format_of
from pipeline.corpus.languages import parse_language
from pipeline.corpus.readers import Source
from pipeline.corpus.scratch import Scratch
from pipeline.errors import ConfigError

MAX_PROBLEMS = 20
"""How many problems of one kind are spelled out."""
MAX_NAMES = 20_000
"""Of more documents than this whose names agree with no other, names are not compared any further."""


class PairSource(NamedTuple):
    """A pair before its documents have been read; a language may be "auto"."""

    pair_id: str
    source: Source
    target: Source
    source_language: str
    target_language: str

    @property
    def source_side(self) -> tuple[Source, str]:
        """Return the source and its language."""
        return self.source, self.source_language

    @property
    def target_side(self) -> tuple[Source, str]:
        """Return the target and its language."""
        return self.target, self.target_language


class Told(NamedTuple):
    """What is said of all documents of one side."""

    encoding: str | None = None
    column: str | None = None

    @classmethod
    def of(cls, config: RunConfig, side: str) -> Told:
        """Return what the config says of "source" or "target"."""
        return cls(*(getattr(config.corpus, f"{side}_{name}") for name in cls._fields))


UNTOLD = Told()


class PairList:
    """Pairs in the order in which they were added, on disk: there may be more than fit into memory."""

    def __init__(self) -> None:
        sides = [f"{side}_{name}" for side in ("source", "target") for name in (*Source._fields, "language")]
        self._table = Scratch(f"pairs (number INTEGER PRIMARY KEY, pair_id, {', '.join(sides)})")
        self._n_pairs = 0

    def __len__(self) -> int:
        return self._n_pairs

    def __iter__(self) -> Iterator[PairSource]:
        # A generator, for it holds the table while it is read.
        yield from map(_pair_of_columns, self._table.execute("SELECT * FROM pairs ORDER BY number"))

    def __getitem__(self, index: int) -> PairSource:
        for columns in self._table.execute("SELECT * FROM pairs WHERE number = ?", (index,)):
            return _pair_of_columns(columns)
        raise IndexError(index)

    def append(self, pair: PairSource) -> None:
        """Add a pair at the end."""
        sides = (*_columns(pair.source), pair.source_language, *_columns(pair.target), pair.target_language)
        values = self._n_pairs, pair.pair_id, *sides
        self._table.execute(f"INSERT INTO pairs VALUES ({', '.join('?' * len(values))})", values)
        self._n_pairs += 1


def _pair_of_columns(columns: tuple[Any, ...]) -> PairSource:
    _, pair_id, *sides = columns
    half = len(sides) // 2
    *source, source_language = sides[:half]
    *target, target_language = sides[half:]
    return PairSource(pair_id, _source(source), _source(target), source_language, target_language)


def _named(table: str) -> str:
    """Return the columns of a document, in an SQL expression."""
    return ", ".join(f"{table}.{name}" for name in Source._fields)


def _source(columns: Sequence[Any]) -> Source:
    path, *rest = columns
    return Source(_path(path), *rest)


_path = lru_cache(maxsize=1024)(Path)
"""Many documents may lie in one file, as its rows."""


def _columns(source: Source) -> tuple[str | None, ...]:
    return (str(source.path), *source[1:])


@dataclass
class Corpus:
    """The pairs that a config names, in a stable order."""

    pairs: PairList = field(default_factory=PairList)
    unmatched: list[str] = field(default_factory=list)
    """The first documents without a counterpart: "de/07.txt has no counterpart in fr"."""
    n_unmatched: int = 0
    unreadable: list[tuple[str, str]] = field(default_factory=list)
    """Rows that can't be read, so that not even their names are known: where, and why."""
    has_repeats: bool = False
    """Whether a document may be in several pairs."""
    notes: list[str] = field(default_factory=list)
    """What was found out by names that agree only in part."""


class Found:
    """The documents of one language, by what stands in the place of their `*`; they lie on disk."""

    def __init__(self, table: Scratch, side: int):
        self._table, self._side = table, side
        self.n_documents = 0

    def add(self, key: str, source: Source) -> str | None:
        """Add a document, or return the name of the one that has this key already."""
        try:
            values = self._side, key, *_columns(source)
            self._table.execute(f"INSERT INTO found VALUES ({', '.join('?' * len(values))})", values)
        except sqlite3.IntegrityError:
            first = self._table.execute("SELECT name FROM found WHERE side = ? AND key = ?", (self._side, key))
            return str(first.fetchone()[0])
        self.n_documents += 1
        return None

    def first(self) -> Source:
        """Return the document with the first key."""
        first = self._table.execute(f"SELECT {_named('found')} FROM found WHERE side = ?", (self._side,))
        return _source(first.fetchone())

    def matched(self, other: Found) -> Iterator[tuple[str, Source, Source]]:
        """Give the keys that both have, in order, with their documents."""
        rows = self._table.execute(
            f"SELECT a.key, {_named('a')}, {_named('b')} FROM found a CROSS JOIN found b "
            "ON b.side = ? AND b.key = a.key WHERE a.side = ? ORDER BY a.key",
            (other._side, self._side),
        )
        for key, *columns in rows:
            half = len(columns) // 2
            yield key, _source(columns[:half]), _source(columns[half:])

    def lonely(self, n_sides: int) -> dict[str, Source]:
        """Return the documents whose key no other of the languages 1 to `n_sides` has, by their keys, in order."""
        others = [side for side in range(1, n_sides + 1) if side != self._side]
        rows = self._table.execute(  # each language is named, so that each key is looked up instead of searched for
            f"SELECT a.key, {_named('a')} FROM found a WHERE side = ? AND NOT EXISTS (SELECT 1 FROM found b "
            f"WHERE b.side IN ({', '.join('?' * len(others))}) AND b.key = a.key) ORDER BY a.key LIMIT ?",
            (self._side, *others, MAX_NAMES + 1),
        )
        return {key: _source(columns) for key, *columns in rows}

    def rename(self, key: str, new: str) -> None:
        """Let a document have the key of its counterpart."""
        self._table.execute("UPDATE found SET key = ? WHERE side = ? AND key = ?", (new, self._side, key))

    def alone(self, other: Found) -> Iterator[str]:
        """Give the names of the documents that the other lacks, in order."""
        rows = self._table.execute(
            "SELECT name FROM found a WHERE side = ? "
            "AND NOT EXISTS (SELECT 1 FROM found b WHERE b.side = ? AND b.key = a.key) ORDER BY name",
            (self._side, other._side),
        )
        for (name,) in rows:
            yield name


def source_of_file(config: RunConfig, path: Path, name: str, language: str, told: Told) -> Source:
    """Return a file as a document; a TMX file, or a table, is one for each of its languages."""
    if format_of(path, config.corpus.format) not in SEVERAL_LANGUAGES:
        return Source(path, None, name, told.encoding)
    if language == AUTO:
        raise ConfigError(f"{name} holds several languages; name the two to read: source_language, target_language")
    return Source(path, language, f"{name}#{language}", *told)


def parsed_languages(languages: tuple[str, str]) -> tuple[str, str]:
    """Return two languages as tags, "auto" as it is; raises ConfigError where one is none."""
    source, target = (AUTO if language == AUTO else parse_language(language) for language in languages)
    return source, target


def capped(problems: list[str], most: int = MAX_PROBLEMS, n_problems: int = 0) -> list[str]:
    """Return the first problems, and how many more there are: of those listed, or of so many in all."""
    n_more = max(len(problems), n_problems) - most
    return problems if n_more <= 0 else [*problems[:most], f"... and {n_more:,} more"]
