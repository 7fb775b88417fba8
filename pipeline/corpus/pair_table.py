"""Pairs of documents as a table lists them, one in each row."""

from __future__ import annotations

from pipeline.config.run_config import RunConfig, expand_user
from pipeline.corpus.formats.names import has_rows
from pipeline.corpus.found import Corpus, PairSource, Told, capped, parsed_languages, source_of_file
from pipeline.corpus.patterns import PART, find_files
from pipeline.corpus.readers import Source, join_parts
from pipeline.corpus.scratch import Scratch
from pipeline.corpus.table import IS_PAIR, is_pair, table_rows
from pipeline.corpus.text import known_encoding
from pipeline.errors import ConfigError, is_printable
from pipeline.progress import units


def pairs_of_table(config: RunConfig, manifest: str) -> Corpus:
    """Read a table with a pair in each row; raises ConfigError, which lists the rows that are wrong."""
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
        raise ConfigError.from_problems(str(path), capped(problems))
    if n_others:
        corpus.notes.append(f"{path.name}: {units({'rows': n_others})} left out, whose {IS_PAIR} is no")
    return corpus


class _Names:
    """The names of pairs, each in one line of a table; they lie on disk."""

    def __init__(self) -> None:
        self._lines = Scratch("lines (pair_id PRIMARY KEY, line) WITHOUT ROWID")

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
    parsed = parsed_languages((languages[0], languages[1]))
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
            source = source_of_file(config, match.path, name, language, told)
            return source._replace(parts=join_parts(match.parts))
        raise ConfigError(f"no file matches {name} (in {config.resolve('.')})")
    file, _, row = name.partition("#")
    if not has_rows(config.resolve(file), config.corpus.format):
        return source_of_file(config, config.resolve(name), name, language, told)
    if not row:
        raise ConfigError(f"{file} holds a document in each row; name one of them by its id: {file}#ID")
    return Source(config.resolve(file), row, name)
