"""Take a corpus in where the store lies: keep its texts, and remember its files so that they need not be read again."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.config.run_config import CorpusConfig, RunConfig
from pipeline.corpus.manifest import Document, Manifest, build_manifest
from pipeline.corpus.readers import Source
from pipeline.errors import ConfigError
from pipeline.store import schema
from pipeline.store.files import whole_file
from pipeline.store.store import Store
from pipeline.tasks import keep_texts, known_texts

VERSION = 4
"""Raise it when the same file gives another document: all files are then read again."""

TEXT_BATCH_CHARS = 16_000_000
"""Characters of new texts that are written to a file of the store."""

READING = (
    "format",
    "encoding",
    "min_encoding_confidence",
    "layout",
    "main_text",
    "is_split",
    "min_language_confidence",
)
"""What of the config decides which document a file is."""

VOLUME = "volume:"
BUCKET = "bucket:"
BUCKET_FOLDER = Path("/bucket")
"""Where a bucket is mounted in the containers: see the README, "A corpus that is already there"."""

FILES = "files.parquet"
TOO_FRESH_SECONDS = 2.0
"""A file that has just been written may be written again within the same tick of its clock: it isn't trusted yet."""


class TextKeeper:
    """Gathers the texts that the store doesn't hold, and has them written many to a file."""

    def __init__(self, known: set[str], write: Callable[[Sequence[tuple[Document, str]]], None]):
        self.known = known
        self._write = write
        self._batch: list[tuple[Document, str]] = []
        self._n_chars = 0

    def __call__(self, document: Document, text: str) -> None:
        """Take one more text."""
        if document.id not in self.known:
            self.known.add(document.id)
            self._batch.append((document, text))
            self._n_chars += len(text)
        if self._n_chars > TEXT_BATCH_CHARS:
            self.flush()

    def flush(self) -> None:
        """Write what has been gathered."""
        if self._batch:
            self._write(self._batch)
        self._batch, self._n_chars = [], 0


def lies_with_store(corpus: CorpusConfig) -> bool:
    """Say whether a corpus is already on the Volume (or a bucket), rather than on the user's machine."""
    return any(place.startswith((VOLUME, BUCKET)) for place in _places(corpus).values())


def read_corpus(store: Store, config: RunConfig, limit: int | None, keep: bool = True) -> Manifest:
    """Read a corpus that lies with the store; files that haven't changed since the last time are not opened."""
    known = known_texts(store)
    keeper = TextKeeper(known, lambda batch: keep_texts(store, batch) if keep else None)
    files = KnownFiles(store.run_folder(config.name) / FILES, config.corpus, known)
    manifest = build_manifest(_relative_to(store.root, config), keeper, limit, files)
    keeper.flush()
    if keep:
        files.save()
    return manifest


class KnownFiles:
    """Which document each file held when it was read last, by its path, size and time of change.

    Rows of JSONL and Parquet files are read every time: a row can change where the file's size doesn't.
    """

    def __init__(self, path: Path, corpus: CorpusConfig, kept: set[str]):
        self._path = path
        self._settings = json.dumps([VERSION, *(getattr(corpus, name) for name in READING)])
        self._kept = frozenset(kept)
        self._before = self._load()
        self._now: dict[tuple[str, str], tuple[tuple[int, int], Document]] = {}
        self._states: dict[Path, tuple[int, int]] = {}

    def find(self, source: Source, language: str) -> Document | None:
        """Return the document of a file that hasn't changed, if the store still has its text."""
        state = self._state(source)
        known = self._before.get((str(source.path), _declared(source, language)))
        if state is None or known is None or known[0] != state or known[1].id not in self._kept:
            return None
        self._now[str(source.path), _declared(source, language)] = known
        return known[1]

    def remember(self, source: Source, language: str, document: Document) -> None:
        """Note which document a file held."""
        state = self._states.get(source.path)
        if source.row is None and state is not None and time.time() - state[1] / 1e9 > TOO_FRESH_SECONDS:
            self._now[str(source.path), _declared(source, language)] = (state, document)

    def save(self) -> None:
        """Keep what is known for the next time."""
        rows = [
            {"file": file, "declared": declared, "size": size, "changed_ns": changed_ns, **vars(document)}
            for (file, declared), ((size, changed_ns), document) in self._now.items()
        ]
        table = pa.Table.from_pylist(rows, schema.FILES).replace_schema_metadata({"settings": self._settings})
        with whole_file(self._path) as temporary:
            pq.write_table(table, temporary, write_page_checksum=True)

    def _load(self) -> dict[tuple[str, str], tuple[tuple[int, int], Document]]:
        try:
            with pq.ParquetFile(self._path, page_checksum_verification=True) as file:
                table = file.read()
        except (OSError, pa.ArrowException):
            return {}  # absent or damaged: the files themselves say the same
        if (table.schema.metadata or {}).get(b"settings") != self._settings.encode():
            return {}
        known = {}
        for row in table.to_pylist():
            file, declared, size, changed_ns = (row.pop(name) for name in ("file", "declared", "size", "changed_ns"))
            known[file, declared] = ((size, changed_ns), Document(**row))
        return known

    def _state(self, source: Source) -> tuple[int, int] | None:
        """Return size and time of change of a file, before it is read."""
        if source.row is not None:
            return None
        try:
            found = source.path.stat()
        except OSError:
            return None  # reading it will say why
        self._states[source.path] = (found.st_size, found.st_mtime_ns)
        return self._states[source.path]


def _declared(source: Source, language: str) -> str:
    """Return what is said of a file by the side or the row of the manifest that names it."""
    return " ".join(filter(None, [language, *source[3:]]))


def _places(corpus: CorpusConfig) -> dict[str, str]:
    """Return the paths that a corpus names, by their keys."""
    places = {name: getattr(corpus, name) for name in ("documents", "source", "target", "manifest")}
    return {name: place for name, place in places.items() if place is not None}


def _relative_to(root: Path, config: RunConfig) -> RunConfig:
    """Return the config with the paths of its corpus relative to the root of the store, or of the bucket."""
    places = _places(config.corpus)
    for prefix, folder in ((VOLUME, root), (BUCKET, BUCKET_FOLDER)):
        if all(place.startswith(prefix) for place in places.values()):
            stripped = {name: place.removeprefix(prefix).lstrip("/") for name, place in places.items()}
            corpus = config.corpus.model_copy(update=stripped)
            return config.model_copy(update={"corpus": corpus, "folder": folder})
    raise ConfigError(f"[corpus] {places} must lie in one place: all on the volume, or all in the bucket")
