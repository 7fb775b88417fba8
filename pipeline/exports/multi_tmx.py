"""The export that joins pairs: TMX with several languages. Pairs of one source come far apart, so they wait on disk."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Self

from stages.data import AlignedPair
from stages.export.characters import replace_surrogates
from stages.export.multi_tmx import MultiTmxRenderer, TranslatedSpan, Translation
from stages.export.units import Unit

TABLES = """
pragma journal_mode = off;
pragma synchronous = off;
create table sources (number integer primary key, key text unique, language text, sentences text);
create table translations (number integer primary key, key text, pair_id text, language text, pieces text);
create index translations_by_key on translations (key, number);
"""


class MultiTmxSink:
    """One TMX file, its units by source: in the order in which the sources first came."""

    def __init__(self, path: Path, language_pairs: Iterable[tuple[str, str]]) -> None:
        self._path = path
        self._renderer = MultiTmxRenderer(language_pairs)
        self.counts: Counter[str] = self._renderer.counts
        self._waiting = path.with_name(f"{path.name}.waiting")
        self._database = sqlite3.connect(self._waiting, isolation_level=None)
        self._database.executescript(TABLES)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            if kind is None:
                self._write_file()
        finally:
            self._database.close()
            self._waiting.unlink(missing_ok=True)

    def write(self, pair: AlignedPair, units: Sequence[Unit]) -> None:
        """Keep the units of a pair until all pairs of its source are there."""
        sentences = json.dumps([replace_surrogates(sentence.text)[0] for sentence in pair.source])
        key = sha256(f"{pair.source_language}\n{sentences}".encode()).hexdigest()
        pieces = [(unit.source_start, unit.source_stop, unit.target) for unit in units if unit.source and unit.target]
        self._database.execute(
            "insert or ignore into sources (key, language, sentences) values (?, ?, ?)",
            (key, pair.source_language, sentences),
        )
        self._database.execute(
            "insert into translations (key, pair_id, language, pieces) values (?, ?, ?, ?)",
            (key, json.dumps(pair.pair_id), pair.target_language, json.dumps(pieces)),
        )

    def _write_file(self) -> None:
        with self._path.open("w", encoding="utf-8", newline="\n") as file:
            file.write(self._renderer.header())
            query = "select key, language, sentences from sources order by number"
            for key, language, sentences in self._database.execute(query):
                file.writelines(self._renderer.source(language, json.loads(sentences), list(self._translations(key))))
            file.write(self._renderer.footer())

    def _translations(self, key: str) -> Iterator[Translation]:
        query = "select pair_id, language, pieces from translations where key = ? order by number"
        for pair_id, language, pieces in self._database.execute(query, (key,)):
            yield Translation(json.loads(pair_id), language, [TranslatedSpan(*piece) for piece in json.loads(pieces)])
