"""Find the documents of a corpus and match them: by a pattern with languages, by two patterns, or by a table."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from pipeline.config.run_config import AUTO, RunConfig, expand_user, split_pair
from pipeline.corpus.formats.names import SEVERAL_LANGUAGES, format_of, has_rows
from pipeline.corpus.languages import parse_language
from pipeline.corpus.patterns import WILDCARD, Match, find_files, is_unicode
from pipeline.corpus.readers import BadRow, Source, row_ids
from pipeline.corpus.table import table_rows
from pipeline.corpus.text import known_encoding
from pipeline.errors import ConfigError

MAX_PROBLEMS = 20
"""How many problems of one kind are spelled out."""
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


@dataclass
class Corpus:
    """The pairs that a config names, in a stable order."""

    pairs: list[PairSource] = field(default_factory=list)
    unmatched: list[str] = field(default_factory=list)
    """Documents without a counterpart: "de/07.txt has no counterpart in fr"."""
    unreadable: list[tuple[str, str]] = field(default_factory=list)
    """Rows that can't be read, so that not even their names are known: where, and why."""


Found = dict[str, Source]
"""The documents of one language, by what stands in the place of their `*`."""


def find_pairs(config: RunConfig) -> Corpus:
    """Find the documents of a corpus and match them.

    Raises ConfigError, which lists the files that don't match, match twice, or aren't there.
    """
    if config.corpus.manifest is not None:
        return _pairs_of_table(config, config.corpus.manifest)
    if config.corpus.documents is not None:
        return _pairs_of_languages(config, config.corpus.documents)
    return _pairs_of_sides(config, config.corpus.source or "", config.corpus.target or "")


# ---- the three ways to name documents


def _pairs_of_languages(config: RunConfig, pattern: str) -> Corpus:
    """Match `books/{language}/*.txt`: documents with the same `*` translate each other."""
    language_pairs = [split_pair(pair) for pair in config.corpus.pairs]
    wanted = {language for pair in language_pairs for language in pair}
    finder = _Finder(config)
    languages: dict[str, Found] = {language: {} for language in wanted}
    for path, key, tag in finder.match(pattern):
        language = _language_or_none(tag)
        if language in wanted:
            finder.add(languages[language], path, key, language)
    for source, target in language_pairs:
        finder.pair(languages[source], languages[target], (source, target), f".{source}-{target}")
        finder.list_unmatched(languages[source], languages[target], f"in {source}", f"in {target}")
    finder.check_found({f"{pattern} for {language}": found for language, found in sorted(languages.items())})
    return finder.result("[corpus] documents")


def _pairs_of_sides(config: RunConfig, source: str, target: str) -> Corpus:
    """Match `de/*.txt` with `fr/*.txt`."""
    finder = _Finder(config)
    sides: tuple[Found, Found] = ({}, {})
    languages = _parsed((config.corpus.source_language or AUTO, config.corpus.target_language or AUTO))
    for pattern, language, found in zip((source, target), languages, sides, strict=True):
        told = Told.of(config, "source" if found is sides[0] else "target")
        for path, key, _ in finder.match(pattern):
            finder.add(found, path, key, language, told)
    for pattern, found in zip((source, target), sides, strict=True):
        finder.check_found({pattern: found})
    if "*" not in source + target and all(len(side) == 1 for side in sides):
        (source_file,), (target_file,) = (tuple(side.values()) for side in sides)
        finder.corpus.pairs.append(PairSource(source_file.path.stem, source_file, target_file, *languages))
    else:
        finder.pair(*sides, languages, "")
        finder.list_unmatched(*sides, f"in {source}", f"in {target}")
    return finder.result("[corpus] source and target")


def _pairs_of_table(config: RunConfig, manifest: str) -> Corpus:
    """Read a TSV file with a pair in each line."""
    path = config.resolve(manifest)
    corpus = Corpus()
    problems: list[str] = []
    lines: dict[str, int] = {}
    for line, row in table_rows(path):
        try:
            pair = _pair_of_row(config, row)
        except (ConfigError, ValueError) as error:
            problems.append(f"line {line}: {error}")
            continue
        if pair.pair_id in lines:
            problems.append(f"line {line}: pair_id {pair.pair_id!r} stands in line {lines[pair.pair_id]} already")
        lines.setdefault(pair.pair_id, line)
        corpus.pairs.append(pair)
    if not corpus.pairs and not problems:
        problems.append("it lists no pair")
    if problems:
        raise ConfigError.from_problems(str(path), _capped(problems))
    return corpus


def _pair_of_row(config: RunConfig, row: dict[str, str]) -> PairSource:
    for column in ("pair_id", "source_path", "target_path"):
        if not row[column]:
            raise ConfigError(f"{column} is empty")
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
    return PairSource(row["pair_id"], source, target, *parsed)


def _told_of_row(config: RunConfig, row: dict[str, str], side: str) -> Told:
    told = Told.of(config, side)
    if encoding := row.get(f"{side}_encoding"):
        known_encoding(encoding)
        return told._replace(encoding=encoding)
    return told


def _source_of_path(config: RunConfig, name: str, language: str, told: Told) -> Source:
    """Read `books/07.txt`, or `pages.jsonl#17` for the row whose id is 17."""
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


# ---- matching


class _Finder:
    """Finds the files of patterns and pairs them, gathering what is wrong on the way."""

    def __init__(self, config: RunConfig):
        self.config = config
        self.corpus = Corpus()
        self.problems: list[str] = []

    def match(self, pattern: str) -> Iterator[Match]:
        """Give the files that match a pattern; a name that can't be written is listed as unreadable."""
        for match in find_files(self.config.resolve("."), str(expand_user(pattern))):
            name = self._name(match.path)
            if is_unicode(name):
                yield match
            else:
                shown = os.fsencode(name).decode(errors="backslashreplace")
                self.corpus.unreadable.append((shown, f"{shown}: the name of this file is not UTF-8; rename it"))

    def add(self, found: Found, path: Path, key: str, language: str, told: Told = UNTOLD) -> None:
        """Add a file, or each row of a file of rows."""
        name = self._name(path)
        if not has_rows(path, self.config.corpus.format):
            self._add(found, key, _source_of_file(self.config, path, name, language, told))
            return
        for row in row_ids(path, name, self.config.corpus):
            if isinstance(row, BadRow):
                self.corpus.unreadable.append((row.name, row.reason))
            else:
                self._add(found, f"{key}/{row}" if key else row, Source(path, row, f"{name}#{row}"))

    def _add(self, found: Found, key: str, source: Source) -> None:
        first = found.setdefault(key, source)
        if first.name == source.name and first is not source:
            self.problems.append(f"{source.name}: more than one row has this id; give each its own")
        elif first is not source:
            self.problems.append(f"{first.name} and {source.name} both match as {key!r}; rename or leave out one")

    def pair(self, source: Found, target: Found, languages: tuple[str, str], suffix: str) -> None:
        """Pair the documents that have the same key."""
        for key in sorted(source.keys() & target.keys()):
            pair_id = f"{key}{suffix}" if key else suffix.removeprefix(".")
            self.corpus.pairs.append(PairSource(pair_id, source[key], target[key], *languages))

    def list_unmatched(self, source: Found, target: Found, in_source: str, in_target: str) -> None:
        """List the documents without a counterpart, and where it is missing."""
        if source and target:
            for found, other, where in ((source, target, in_target), (target, source, in_source)):
                alone = sorted(found[key].name for key in found.keys() - other)
                self.corpus.unmatched.extend(f"{name} has no counterpart {where}" for name in alone)

    def check_found(self, sides: dict[str, Found]) -> None:
        for pattern, found in sides.items():
            if not found and not self.corpus.unreadable:
                self.problems.append(self._nothing_matches(pattern))

    def _nothing_matches(self, pattern: str) -> str:
        if not WILDCARD.search(pattern):
            path = self.config.resolve(pattern)
            what = "is a folder; name the files in it" if path.is_dir() else "does not exist"
            return f"{path} {what}"
        return f"no file matches {pattern} (in {self.config.resolve('.')}); correct the pattern, or add the files"

    def result(self, where: str) -> Corpus:
        # A row that can't be read has no name, so its counterpart has to be forgiven.
        strict = not self.config.corpus.allow_unmatched and not self.corpus.unreadable
        if strict and self.corpus.unmatched:
            self.problems.extend(_capped(self.corpus.unmatched))
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


def _capped(problems: list[str], most: int = MAX_PROBLEMS) -> list[str]:
    if len(problems) <= most:
        return problems
    return [*problems[:most], f"... and {len(problems) - most:,} more"]
