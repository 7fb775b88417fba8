"""Find the documents of a corpus and match them: by a pattern with languages, by two patterns, or by a table."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from pipeline.config.run_config import AUTO, RunConfig, expand_user, split_pair
from pipeline.corpus.by_name import NamedPair, match_names, name_pair
from pipeline.corpus.formats.names import SEVERAL_LANGUAGES, format_of, has_rows
from pipeline.corpus.languages import parse_language
from pipeline.corpus.patterns import PART, WILDCARD, Match, find_files
from pipeline.corpus.readers import BadRow, Source, join_parts, row_ids
from pipeline.corpus.scratch import open_scratch
from pipeline.corpus.table import IS_PAIR, is_pair, table_rows
from pipeline.corpus.text import known_encoding
from pipeline.errors import ConfigError, is_printable, printable
from pipeline.progress import units

SURROGATES = re.compile("[\udc80-\udcff]")
"""What Python has in place of bytes of a file's name that are not UTF-8."""

MAX_PROBLEMS = 20
"""How many problems of one kind are spelled out."""
MAX_NAMES = 20_000
"""Of more documents than this whose names agree with no other, names are not compared any further."""
ADVICE = "add what is missing, or set [corpus] allow_unmatched = true to leave these documents out"


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
        self._table = open_scratch(f"pairs (number INTEGER PRIMARY KEY, pair_id, {', '.join(sides)})")
        self._n_pairs = 0

    def __len__(self) -> int:
        return self._n_pairs

    def __iter__(self) -> Iterator[PairSource]:
        return map(_pair_of_columns, self._table.execute("SELECT * FROM pairs ORDER BY number"))

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

    def __init__(self, table: sqlite3.Connection, side: int):
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
        return (name for (name,) in rows)


def find_pairs(config: RunConfig) -> Corpus:
    """Find the documents of a corpus and match them.

    Raises ConfigError, which lists the files that don't match, match twice, or aren't there.
    """
    if config.corpus.manifest is not None:
        return _pairs_of_table(config, config.corpus.manifest)
    if config.is_paired_by_content:
        return _documents_alone(config)
    if config.corpus.documents is not None:
        return _pairs_of_languages(config, config.corpus.documents)
    return _pairs_of_sides(config, config.corpus.source or "", config.corpus.target or "")


def input_files(config: RunConfig) -> Iterator[Path]:
    """Give the files of a corpus, as far as they can be listed without being read; only a table of pairs is opened.

    Raises ConfigError where a pattern or the table is wrong.
    """
    corpus = config.corpus
    if corpus.manifest is None:
        for pattern in (corpus.documents, corpus.source, corpus.target):
            if pattern is not None:
                yield from _files_of(config, pattern)
        return
    yield config.resolve(corpus.manifest)
    before: Path | None = None
    for _, row in table_rows(config.resolve(corpus.manifest)):
        for name in filter(None, (row["source_path"], row["target_path"])):
            if PART in name:
                yield from _files_of(config, name)
                continue
            file = name.partition("#")[0]
            path = config.resolve(file if has_rows(config.resolve(file), corpus.format) else name)
            if path != before:
                yield from _files_in(path)
            before = path


def _files_of(config: RunConfig, pattern: str) -> Iterator[Path]:
    for match in find_files(config.resolve("."), str(expand_user(pattern))):
        for path in match.parts or (match.path,):
            yield from _files_in(path)


def _files_in(path: Path) -> Iterator[Path]:
    """Give a file, or the files of a dataset's folder."""
    if path.is_dir():
        yield from sorted(one for one in path.rglob("*") if one.is_file())
    else:
        yield path


# ---- the three ways to name documents


def _pairs_of_languages(config: RunConfig, pattern: str) -> Corpus:
    """Match `books/{language}/*.txt`: documents with the same `*` are a text and its translation."""
    language_pairs = [split_pair(pair) for pair in config.corpus.pairs]
    wanted = {language for pair in language_pairs for language in pair}
    finder = _Finder(config)
    languages = {language: finder.new_side() for language in sorted(wanted)}
    for match in finder.match(pattern):
        language = _language_or_none(match.language)
        if language in wanted:
            finder.add(languages[language], match, language)
    for source, target in language_pairs:
        finder.pair(languages[source], languages[target], (source, target), f".{source}-{target}")
        finder.list_unmatched(languages[source], languages[target], f"in {source}", f"in {target}")
    finder.check_found({f"{pattern} for {language}": found for language, found in languages.items()})
    finder.corpus.has_repeats = len(language_pairs) > 1
    return finder.result("[corpus] documents")


def _pairs_of_sides(config: RunConfig, source: str, target: str) -> Corpus:
    """Match `de/*.txt` with `fr/*.txt`."""
    finder = _Finder(config)
    sides = finder.new_side(), finder.new_side()
    languages = _parsed((config.corpus.source_language or AUTO, config.corpus.target_language or AUTO))
    for pattern, language, found in zip((source, target), languages, sides, strict=True):
        told = Told.of(config, "source" if found is sides[0] else "target")
        for match in finder.match(pattern):
            finder.add(found, match, language, told)
    for pattern, found in zip((source, target), sides, strict=True):
        finder.check_found({pattern: found})
    if "*" not in source + target and all(side.n_documents == 1 for side in sides):
        source_file, target_file = (side.first() for side in sides)
        pair_id = name_pair(
            *(one.path.parent.name if one.parts else one.path.stem for one in (source_file, target_file))
        )
        finder.corpus.pairs.append(PairSource(pair_id, source_file, target_file, *languages))
    else:
        finder.pair(*sides, languages, "")
        finder.list_unmatched(*sides, f"in {source}", f"in {target}")
    return finder.result("[corpus] source and target")


def _documents_alone(config: RunConfig) -> Corpus:
    """List each document as a pair with itself: which belong together is found out when they are encoded."""
    finder = _Finder(config)
    languages = {language for pair in config.corpus.pairs for language in split_pair(pair)}
    for pattern, declared, side in _patterns_of(config):
        for match in finder.match(pattern):
            language = declared or _language_or_none(match.language)
            if language is not None and (declared or language in languages):
                found = finder.new_side()
                finder.add(found, match._replace(key=""), language, Told.of(config, side) if side else UNTOLD)
                for _, document, _ in found.matched(found):
                    name = f"{language}/{document.name}"
                    finder.corpus.pairs.append(PairSource(name, document, document, language, language))
    if not finder.corpus.pairs and not finder.corpus.unreadable:
        finder.problems.append("no file matches; correct the patterns, or add the files")
    return finder.result("[corpus]")


def _patterns_of(config: RunConfig) -> list[tuple[str, str | None, str | None]]:
    """Return the patterns of a corpus, with the language that is declared for each and its side, if there is one."""
    corpus = config.corpus
    if corpus.documents is not None:
        return [(corpus.documents, None, None)]
    languages = _parsed((corpus.source_language or AUTO, corpus.target_language or AUTO))
    return [(corpus.source or "", languages[0], "source"), (corpus.target or "", languages[1], "target")]


def _pairs_of_table(config: RunConfig, manifest: str) -> Corpus:
    """Read a table with a pair in each row."""
    path = config.resolve(manifest)
    corpus = Corpus(has_repeats=True)
    problems: list[str] = []
    names, n_others = _Names(), 0
    for line, row in table_rows(path):
        try:
            if not is_pair(row):
                n_others += 1
                continue
            pair = _pair_of_row(config, row)
            if not pair.pair_id:
                pair = pair._replace(pair_id=names.invent(pair))
            names.add(pair.pair_id, line)
        except (ConfigError, ValueError) as error:
            problems.append(f"line {line}: {error}")
            continue
        corpus.pairs.append(pair)
    if not corpus.pairs and not problems:
        problems.append("it lists no pair")
    if problems:
        raise ConfigError.from_problems(str(path), _capped(problems))
    if n_others:
        corpus.notes.append(f"{path.name}: {units({'rows': n_others})} left out, whose {IS_PAIR} is no")
    return corpus


class _Names:
    """The names of pairs, each in one line of a table; they lie on disk."""

    def __init__(self) -> None:
        self._lines = open_scratch("lines (pair_id PRIMARY KEY, line) WITHOUT ROWID")

    def add(self, pair_id: str, line: int) -> None:
        """Take a name; raises ConfigError where another line has it."""
        if not self._lines.execute("INSERT OR IGNORE INTO lines VALUES (?, ?)", (pair_id, line)).rowcount:
            raise ConfigError(f"pair_id {pair_id!r} stands in line {self._line_of(pair_id)} already")

    def invent(self, pair: PairSource) -> str:
        """Name a pair after its source, and after its target as well where the source is in several."""
        name = pair.source.name
        return name if self._line_of(name) is None else f"{name} {pair.target.name}"

    def _line_of(self, pair_id: str) -> int | None:
        for (line,) in self._lines.execute("SELECT line FROM lines WHERE pair_id = ?", (pair_id,)):
            return int(line)
        return None


def _pair_of_row(config: RunConfig, row: dict[str, str]) -> PairSource:
    pair_id = row.get("pair_id", "")
    for column, cell in (("pair_id", pair_id), *((name, row[name]) for name in ("source_path", "target_path"))):
        if not cell and column != "pair_id":
            raise ConfigError(f"{column} is empty")
        if not is_printable(cell):
            raise ConfigError(f"{column} {cell!r} has a control character; take it out")
    languages = [
        row.get(f"{side}_language") or getattr(config.corpus, f"{side}_language") or "" for side in ("source", "target")
    ]
    if not all(languages):
        raise ConfigError("no language; add the columns source_language and target_language, or set them in [corpus]")
    parsed = _parsed((languages[0], languages[1]))
    source, target = (
        _source_of_path(config, row[f"{side}_path"], language, _told_of_row(config, row, side))
        for side, language in zip(("source", "target"), parsed, strict=True)
    )
    return PairSource(pair_id, source, target, *parsed)


def _told_of_row(config: RunConfig, row: dict[str, str], side: str) -> Told:
    told = Told.of(config, side)
    if encoding := row.get(f"{side}_encoding"):
        known_encoding(encoding)
        return told._replace(encoding=encoding)
    return told


def _source_of_path(config: RunConfig, name: str, language: str, told: Told) -> Source:
    """Read `books/07.txt`, or `pages.jsonl#17` for the row whose id is 17."""
    if PART in name:
        for match in find_files(config.resolve("."), str(expand_user(name))):
            source = _source_of_file(config, match.path, name, language, told)
            return source._replace(parts=join_parts(match.parts))
        raise ConfigError(f"no file matches {name} (in {config.resolve('.')})")
    file, _, row = name.partition("#")
    if not has_rows(config.resolve(file), config.corpus.format):
        return _source_of_file(config, config.resolve(name), name, language, told)
    if not row:
        raise ConfigError(f"{file} holds a document in each row; name one of them by its id: {file}#ID")
    return Source(config.resolve(file), row, name)


def _source_of_file(config: RunConfig, path: Path, name: str, language: str, told: Told) -> Source:
    """Return a file as a document; a TMX file, or a table, is one for each of its languages."""
    if format_of(path, config.corpus.format) not in SEVERAL_LANGUAGES:
        return Source(path, None, name, told.encoding)
    if language == AUTO:
        raise ConfigError(f"{name} holds several languages; name the two to read: source_language, target_language")
    return Source(path, language, f"{name}#{language}", *told)


def _with_parts(source: Source, match: Match) -> Source:
    """Name a document in several files by the first and the last of them."""
    if not match.parts:
        return source
    last = f" … {match.parts[-1].name}" if len(match.parts) > 1 else ""
    return source._replace(name=source.name + last, parts=join_parts(match.parts))


# ---- matching


class _Finder:
    """Finds the files of patterns and pairs them, gathering what is wrong on the way."""

    def __init__(self, config: RunConfig):
        self.config = config
        self.corpus = Corpus()
        self.problems: list[str] = []
        self._of_file: ConfigError | None = None
        self._documents = open_scratch(
            f"found (side, key, {', '.join(Source._fields)}, PRIMARY KEY (side, key)) WITHOUT ROWID"
        )
        self._n_sides = 0

    def new_side(self) -> Found:
        """Return a place for the documents of one more language."""
        self._n_sides += 1
        return Found(self._documents, self._n_sides)

    def match(self, pattern: str) -> Iterator[Match]:
        """Give the files that match a pattern; a name that can't be written is listed as unreadable."""
        for match in find_files(self.config.resolve("."), str(expand_user(pattern))):
            name = self._name(match.path)
            if is_printable(name):
                yield match
            else:
                shown = printable(os.fsencode(name).decode(errors="backslashreplace"))
                what = "is not UTF-8" if SURROGATES.search(name) else "has a control character"
                self.corpus.unreadable.append((shown, f"{shown}: the name of this file {what}; rename it"))

    def add(self, found: Found, match: Match, language: str, told: Told = UNTOLD) -> None:
        """Add a file, or several that are one document, or each row of a file of rows."""
        path, key = match.path, match.key
        name = self._name(path)
        if not has_rows(path, self.config.corpus.format):
            source = _source_of_file(self.config, path, name, language, told)
            self._add(found, key, _with_parts(source, match))
            return
        if match.parts:
            self.problems.append(f"{name} holds a document in each row; {PART} joins files that are a document each")
            return
        try:
            for row in row_ids(path, name, self.config.corpus):
                if isinstance(row, BadRow):
                    self.corpus.unreadable.append((row.name, row.reason))
                else:
                    self._add(found, f"{key}/{row}" if key else row, Source(path, row, f"{name}#{row}"))
        except ConfigError as error:  # of all files, perhaps; or of one among many
            self.corpus.unreadable.append((name, str(error)))
            self._of_file = self._of_file or error

    def _add(self, found: Found, key: str, source: Source) -> None:
        first = found.add(key, source)
        if first == source.name:
            self.problems.append(f"{source.name}: more than one row has this id; give each its own")
        elif first is not None:
            self.problems.append(f"{first} and {source.name} both match as {key!r}; rename or leave out one")

    def pair(self, source: Found, target: Found, languages: tuple[str, str], suffix: str) -> None:
        """Pair the documents that have the same key, or keys that agree as far as names go."""
        self._match_names(source, target, languages)
        for key, one, other in source.matched(target):
            pair_id = f"{key}{suffix}" if key else suffix.removeprefix(".")
            self.corpus.pairs.append(PairSource(pair_id, one, other, *languages))

    def _match_names(self, source: Found, target: Found, languages: tuple[str, str]) -> None:
        """Give documents that belong together by their names the same key, and note by what; see `by_name`."""
        lonely = source.lonely(self._n_sides), target.lonely(self._n_sides)
        if not all(lonely) or max(map(len, lonely)) > MAX_NAMES:
            return
        known = (None if language == AUTO else language for language in languages)
        match = match_names(list(lonely[0]), list(lonely[1]), *known)
        for pair in match.pairs:
            target.rename(pair.target, pair.source)
        by_reason: dict[str, list[NamedPair]] = {}
        for pair in match.pairs:
            by_reason.setdefault(pair.reason, []).append(pair)
        for reason, pairs in by_reason.items():
            names = f"{lonely[0][pairs[0].source].name} with {lonely[1][pairs[0].target].name}"
            self.corpus.notes.append(f"{units({'pairs': len(pairs)})} found by {reason}, such as {names}")
        if not self.config.corpus.allow_unmatched:
            for group in match.ambiguous:
                one, other = (" or ".join(names) for names in group)
                self.problems.append(f"{one} may belong to {other}: their names don't tell; rename them, or list pairs")

    def list_unmatched(self, source: Found, target: Found, in_source: str, in_target: str) -> None:
        """Count the documents without a counterpart, and name the first and where it is missing."""
        if source.n_documents and target.n_documents:
            for found, other, where in ((source, target, in_target), (target, source, in_source)):
                for name in found.alone(other):
                    self.corpus.n_unmatched += 1
                    if self.corpus.n_unmatched <= MAX_PROBLEMS:
                        self.corpus.unmatched.append(f"{name} has no counterpart {where}")

    def check_found(self, sides: dict[str, Found]) -> None:
        for pattern, found in sides.items():
            if not found.n_documents and not self.corpus.unreadable:
                self.problems.append(self._nothing_matches(pattern))

    def _nothing_matches(self, pattern: str) -> str:
        if not WILDCARD.search(pattern):
            path = self.config.resolve(pattern)
            what = "is a folder; name the files in it" if path.is_dir() else "does not exist"
            return f"{path} {what}"
        return f"no file matches {pattern} (in {self.config.resolve('.')}); correct the pattern, or add the files"

    def result(self, where: str) -> Corpus:
        """Return what was found; raises ConfigError where something is wrong with all of it."""
        if self._of_file and not len(self.corpus.pairs):
            raise self._of_file
        # A row that can't be read has no name, so its counterpart has to be forgiven.
        strict = not self.config.corpus.allow_unmatched and not self.corpus.unreadable
        if strict and self.corpus.unmatched:
            self.problems.extend(_capped(self.corpus.unmatched, n_problems=self.corpus.n_unmatched))
        if self.problems:
            error = ConfigError.from_problems(where, _capped(self.problems, MAX_PROBLEMS + 1))
            raise ConfigError(f"{error}\n  {ADVICE}") if strict and self.corpus.unmatched else error
        return self.corpus

    def _name(self, path: Path) -> str:
        try:
            return path.relative_to(self.config.resolve(".")).as_posix()
        except ValueError:
            return str(path)


def _language_or_none(tag: str) -> str | None:
    try:
        return parse_language(tag)
    except ConfigError:
        return None


def _parsed(languages: tuple[str, str]) -> tuple[str, str]:
    source, target = (AUTO if language == AUTO else parse_language(language) for language in languages)
    return source, target


def _capped(problems: list[str], most: int = MAX_PROBLEMS, n_problems: int = 0) -> list[str]:
    n_more = max(len(problems), n_problems) - most
    return problems if n_more <= 0 else [*problems[:most], f"... and {n_more:,} more"]
