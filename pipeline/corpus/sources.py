"""Find the documents of a corpus and match them: by a pattern with languages, by two patterns, or by a table."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from pipeline.config.corpus_config import AUTO, split_pair
from pipeline.config.run_config import RunConfig, expand_user
from pipeline.corpus.by_name import NamedPair, match_names, name_pair
from pipeline.corpus.formats.names import has_rows
from pipeline.corpus.found import (
    MAX_NAMES,
    MAX_PROBLEMS,
    UNTOLD,
    Corpus,
    Found,
    PairSource,
    Told,
    capped,
    parsed_languages,
    source_of_file,
)
from pipeline.corpus.languages import parse_language
from pipeline.corpus.pair_table import pairs_of_table
from pipeline.corpus.patterns import PART, WILDCARD, Match, find_files
from pipeline.corpus.readers import BadRow, Source, join_parts, row_ids
from pipeline.corpus.scratch import Scratch
from pipeline.corpus.table import table_rows
from pipeline.errors import ConfigError, is_printable, printable
from pipeline.progress import units

SURROGATES = re.compile("[\udc80-\udcff]")
"""What Python has in place of bytes of a file's name that are not UTF-8."""

ADVICE = "add what is missing, or set [corpus] allow_unmatched = true to leave these documents out"


def find_pairs(config: RunConfig) -> Corpus:
    """Find the documents of a corpus and match them.

    Raises ConfigError, which lists the files that don't match, match twice, or aren't there.
    """
    if config.corpus.manifest is not None:
        return pairs_of_table(config, config.corpus.manifest)
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
    languages = parsed_languages((config.corpus.source_language or AUTO, config.corpus.target_language or AUTO))
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
    languages = parsed_languages((corpus.source_language or AUTO, corpus.target_language or AUTO))
    return [(corpus.source or "", languages[0], "source"), (corpus.target or "", languages[1], "target")]


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
        self._documents = Scratch(
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
            source = source_of_file(self.config, path, name, language, told)
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
            self.problems.extend(capped(self.corpus.unmatched, n_problems=self.corpus.n_unmatched))
        if self.problems:
            error = ConfigError.from_problems(where, capped(self.problems, MAX_PROBLEMS + 1))
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
