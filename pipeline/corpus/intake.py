"""Take a corpus in where the store lies: keep its texts and its manifest, and read only what has changed since."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import astuple, replace

import pyarrow.compute as pc

from pipeline.config.corpus_config import CorpusConfig
from pipeline.config.run_config import BUCKET, BUCKET_FOLDER, RunConfig
from pipeline.corpus.build import build_manifest, file_state
from pipeline.corpus.scratch import DiskDict
from pipeline.corpus.sources import input_files
from pipeline.errors import ConfigError, CorruptFile
from pipeline.manifest import Document, ListedPair, Manifest, Origin
from pipeline.store import schema
from pipeline.store.grouping import grouped
from pipeline.store.index import UNSAVED_KEYS
from pipeline.store.manifest_files import ManifestFolder, pack_shard
from pipeline.store.rows import text_rows
from pipeline.store.run_store import RunStore

VERSION = 8
"""Raise it when the same file gives another document: all files are then read again."""

READING = (
    "format",
    "encoding",
    "min_encoding_confidence",
    "layout",
    "main_text",
    "is_split",
    "id_column",
    "text_column",
    "min_language_confidence",
)
"""What of the config decides which document a file is."""

GROUP_CHARS = 1 << 16
"""Texts go to the store together up to so many characters: a table of its own takes longer to make than to write."""

VOLUME = "volume:"


def lies_with_store(corpus: CorpusConfig) -> bool:
    """Say whether a corpus is already on the Volume (or a bucket), rather than on the user's machine."""
    return any(place.startswith((VOLUME, BUCKET)) for place in _places(corpus).values())


def lies_in_bucket(corpus: CorpusConfig) -> bool:
    """Say whether a corpus lies in a bucket, which is only read."""
    return any(place.startswith(BUCKET) for place in _places(corpus).values())


def read_corpus(store: RunStore, limit: int | None, min_chars: int = 1, is_fresh: bool = False) -> Manifest:
    """Read a corpus that lies with the store, and keep what it needs; where no file has changed, open none.

    `is_fresh` : read it all, as texts may have been lost. Raises as `build_manifest`.
    """
    config = located(store)
    folder = store.manifest
    before = folder.read_header()
    inputs = digest_inputs(config, limit)
    if before is not None and inputs and before.inputs == inputs and not is_fresh and all_there(folder, before):
        return before
    known = KnownFiles(config.corpus, folder, before) if before is not None and not is_fresh else None
    manifest = build_manifest(config, StoreKeeper(store, folder), limit, known, min_chars)
    manifest = replace(manifest, settings=settings_of(config.corpus), inputs=inputs)
    store.texts.save_index()
    folder.write_header(manifest)
    return manifest


def all_there(folder: ManifestFolder, manifest: Manifest) -> bool:
    """Say whether all shards of a manifest are there."""
    return all(folder.has(shard.file) for shard in manifest.shards)


def look_at_corpus(store: RunStore, limit: int | None, folder: ManifestFolder, min_chars: int = 1) -> Manifest:
    """Read a corpus without keeping anything of it but its manifest, in another folder."""
    before = store.manifest
    header, config = before.read_header(), located(store)
    known = KnownFiles(config.corpus, before, header) if header is not None else None
    return build_manifest(config, Onlooker(store, folder), limit, known, min_chars)


def digest_inputs(config: RunConfig, limit: int | None) -> str:
    """Return a digest of the states of a corpus' files and of what the config says of it; empty where it tells nothing.

    The files are listed, and none is opened but a table of pairs.
    """
    settings = [VERSION, limit, config.corpus.model_dump(exclude={"gold"}), config.compute.shard_chars]
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    for path in input_files(config):
        size, changed_ns = file_state(path)
        if size < 0:
            return ""
        digest.update(f"{path}\0{size}\0{changed_ns}\n".encode(errors="surrogateescape"))
    return digest.hexdigest()


class StoreKeeper:
    """Keeps shards of a manifest in the store, and the texts of their documents."""

    def __init__(self, store: RunStore, folder: ManifestFolder):
        self._store, self._folder = store, folder
        self._n_unsaved = 0

    def kept(self, documents: Sequence[Document]) -> set[str]:
        """Return the ids of those documents whose texts the store holds."""
        return set(self._store.texts.look_up(document.id for document in documents))

    def keep(self, pairs: Sequence[ListedPair], texts: Sequence[tuple[Document, str]]) -> tuple[str, str]:
        """Write a shard and the texts that the store lacks; return its digest and the name of its file."""
        kept = self.kept([document for document, _ in texts])
        new = [(document, text) for document, text in texts if document.id not in kept]
        keep_texts(self._store, new)
        self._n_unsaved += len(new)
        if self._n_unsaved > UNSAVED_KEYS:
            self._store.texts.save_index()
            self._n_unsaved = 0
        digest, data = pack_shard(pairs)
        return digest, self._folder.write_shard(data)


class Onlooker(StoreKeeper):
    """Keeps shards only to look at them, and no texts."""

    def keep(self, pairs: Sequence[ListedPair], texts: Sequence[tuple[Document, str]]) -> tuple[str, str]:  # noqa: ARG002
        """Write a shard; return its digest and the name of its file."""
        digest, data = pack_shard(pairs)
        return digest, self._folder.write_shard(data)


def keep_texts(store: RunStore, texts: Sequence[tuple[Document, str]]) -> None:
    """Write normalised texts into one file of the store."""
    with store.texts.write(schema.TEXTS, compression="zstd") as writer:
        for group in grouped(texts, lambda one: len(one[1]), GROUP_CHARS):
            rows = text_rows(*zip(*group, strict=True))
            writer.add_rows([document.id for document, _ in group], rows, pc.binary_length(rows["text"]).to_pylist())


class KnownFiles:
    """Which document each file held when a manifest was made, by its path and its state then; it lies on disk."""

    def __init__(self, corpus: CorpusConfig, folder: ManifestFolder, manifest: Manifest):
        self._documents = DiskDict()
        self._settings = settings_of(corpus)
        if manifest.settings != self._settings:
            return
        for shard in manifest.shards:
            try:
                self._learn(folder.read(shard))
            except CorruptFile:
                continue  # its documents are read again

    def find(self, origin: Origin) -> Document | None:
        """Return the document of a file that is in the same state as it was then."""
        found = self._documents.get(_key(origin)) if origin.size >= 0 else None
        return Document(*json.loads(found)) if found else None

    def _learn(self, pairs: Iterable[ListedPair]) -> None:
        for listed in pairs:
            for document, origin in (
                (listed.pair.source, listed.source_origin),
                (listed.pair.target, listed.target_origin),
            ):
                if origin.size >= 0:
                    self._documents[_key(origin)] = json.dumps(astuple(document))


def settings_of(corpus: CorpusConfig) -> str:
    """Return what of a config decides which document a file is."""
    return json.dumps([VERSION, *(getattr(corpus, name) for name in READING)])


def _key(origin: Origin) -> str:
    return "\0".join(map(str, origin))


def _places(corpus: CorpusConfig) -> dict[str, str]:
    """Return the paths that a corpus names, by their keys."""
    places = {name: getattr(corpus, name) for name in ("documents", "source", "target", "manifest")}
    return {name: place for name, place in places.items() if place is not None}


def located(store: RunStore) -> RunConfig:
    """Return the config with the paths of its corpus relative to the root of the store, or of the bucket, if there."""
    config = store.config
    if not lies_with_store(config.corpus):
        return config
    if lies_in_bucket(config.corpus) and not BUCKET_FOLDER.is_dir():
        raise ConfigError(
            f"[corpus] lies in a bucket ({BUCKET}…), which only rented machines can read: modal run -m pipeline.run "
            "--config … reads it there"
        )
    places = _places(config.corpus)
    for prefix, folder in ((VOLUME, store.store.root), (BUCKET, BUCKET_FOLDER)):
        if all(place.startswith(prefix) for place in places.values()):
            stripped = {name: place.removeprefix(prefix).lstrip("/") for name, place in places.items()}
            corpus = config.corpus.model_copy(update=stripped)
            return config.model_copy(update={"corpus": corpus, "folder": folder})
    raise ConfigError(f"[corpus] {places} must lie in one place: all on the volume, or all in the bucket")
