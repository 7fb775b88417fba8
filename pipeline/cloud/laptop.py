"""Backend: rented machines, driven from the user's own, to which texts and exports travel."""

from __future__ import annotations

import tarfile
import tempfile
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from pipeline.cloud import images
from pipeline.cloud.backend import ModalBackend
from pipeline.cloud.exports import ARCHIVES, RUNS, is_export
from pipeline.commands.console import size
from pipeline.config.run_config import RunConfig, settle_encoder
from pipeline.corpus.build import build_manifest
from pipeline.corpus.intake import all_there, digest_inputs, keep_texts, lies_with_store
from pipeline.exports.staging import publish_exports, staging_folder, writing
from pipeline.manifest import Document, ListedPair, Manifest
from pipeline.progress import units
from pipeline.store.manifest_files import ManifestFolder, pack_shard
from pipeline.store.run_store import RunStore
from pipeline.store.store import Store
from pipeline.tasks.export import Exported
from pipeline.tasks.look import Looked, Said, find_said
from pipeline.tasks.missing import Missing, ShardReviews, count_missing

BATCH_CHARS = 16_000_000
"""Characters of new texts that travel at once."""

BATCH_SHARDS = 64
"""Shards that are looked at in one question."""


class LaptopBackend(ModalBackend):
    """Brings texts to the Volume, and exports back from it."""

    def read_corpus(self, config: RunConfig, limit: int | None, is_fresh: bool = False) -> Manifest:
        """Read a corpus here, and bring to the Volume what of its manifest and its texts is not there yet."""
        if lies_with_store(config.corpus):
            return super().read_corpus(config, limit, is_fresh)
        before = None if is_fresh else self.do(read_manifest, config)
        inputs = digest_inputs(config, limit)
        if before is not None and inputs and before.inputs == inputs:
            self.manifest = before
            return before
        known = {shard.digest for shard in before.shards} if before is not None else set()
        with tempfile.TemporaryDirectory() as folder:
            uploader = Uploader(self, config, known, Path(folder))
            manifest = replace(build_manifest(config, uploader, limit, None, self.min_shard_chars), inputs=inputs)
            uploader.flush()
        self.do(write_manifest, config, manifest)
        self.manifest = manifest
        return manifest

    def look(self, config: RunConfig, limit: int | None, said: Said) -> Looked:
        """Read a corpus here, and have counted what of it is missing on the Volume; nothing is kept."""
        if lies_with_store(config.corpus):
            return super().look(config, limit, said)
        with tempfile.TemporaryDirectory() as temporary:
            folder = ManifestFolder(Path(temporary))
            manifest = build_manifest(config, Onlooker(folder), limit, None, self.min_shard_chars)
            config = settle_encoder(config, manifest.all_languages)
            given = find_said(folder, manifest, said)
            reviews = {number: {pair.pair_id: pair.reviews for pair in pairs} for number, pairs in given.items()}
            missing = Missing()
            for start in range(0, len(manifest.shards), BATCH_SHARDS):
                shards = manifest.shards[start : start + BATCH_SHARDS]
                files = [folder.read_bytes(shard) for shard in shards]
                missing += self.do(count_missing, config, shards, reviews, files)
        corrected = [pair for pairs in given.values() for pair in pairs]
        return Looked(manifest, missing, self.do(RunStore.place, config, corrected) if corrected else [])

    def export(self, config: RunConfig, manifest: Manifest, reviews: ShardReviews, folder: Path | None) -> Exported:
        """Write the exports on the Volume, and bring them to a folder here."""
        exported = super().export(config, manifest, reviews, folder)
        if folder is not None:
            fetch_exports(f"{RUNS}/{config.name}/latest", folder)
        return exported


class Onlooker:
    """Keeps shards of a manifest in a folder, and no texts."""

    def __init__(self, folder: ManifestFolder):
        self._folder = folder

    def kept(self, documents: Sequence[Document]) -> set[str]:  # noqa: ARG002 (nobody has been here before)
        """Say that no text is there."""
        return set()

    def keep(self, pairs: Sequence[ListedPair], texts: Sequence[tuple[Document, str]]) -> tuple[str, str]:  # noqa: ARG002
        """Write a shard; return its digest and the name of its file."""
        digest, data = pack_shard(pairs)
        return digest, self._folder.write_shard(data)


class Uploader:
    """Brings shards of a manifest to the Volume, with the texts that it lacks; many travel at once."""

    def __init__(self, backend: ModalBackend, config: RunConfig, known: Collection[str], folder: Path):
        self._backend, self._config, self._known, self._folder = backend, config, known, folder
        self._store = RunStore(Store(folder), config)
        self._texts: list[tuple[Document, str]] = []
        self._n_chars = 0

    def kept(self, documents: Sequence[Document]) -> set[str]:
        """Return the ids of those documents whose texts are on the Volume."""
        return self._backend.do(kept_texts, self._config, [document.id for document in documents])

    def keep(self, pairs: Sequence[ListedPair], texts: Sequence[tuple[Document, str]]) -> tuple[str, str]:
        """Take a shard; return its digest and the name of its file. What the Volume has does not travel again."""
        digest, data = pack_shard(pairs)
        file = self._store.manifest.write_shard(data)
        if digest not in self._known:
            self._texts += texts
            self._n_chars += sum(len(text) for _, text in texts)
        if self._n_chars > BATCH_CHARS:
            self.flush()
        return digest, file

    def flush(self) -> None:
        """Let what has been taken travel."""
        kept = self.kept([document for document, _ in self._texts]) if self._texts else set()
        texts = [(document, text) for document, text in self._texts if document.id not in kept]
        keep_texts(self._store, texts)
        files = sorted(self._folder.rglob("*.parquet"))
        if texts:
            n_bytes = sum(path.stat().st_size for path in files)
            self._backend.note(f"upload  {units({'documents': len(texts)})}, {size(n_bytes)}")
        if files:
            with images.STORE.batch_upload(force=True) as upload:
                for path in files:
                    upload.put_file(path, f"/{path.relative_to(self._folder).as_posix()}")
        for path in files:
            path.unlink()
        self._texts, self._n_chars = [], 0


def read_manifest(store: RunStore) -> Manifest | None:
    """Return the manifest that a run had last, if all of its shards are there."""
    manifest = store.manifest.read_header()
    return manifest if manifest is not None and all_there(store.manifest, manifest) else None


def write_manifest(store: RunStore, manifest: Manifest) -> None:
    """Keep the manifest of a run whose shards are there."""
    store.texts.save_index()
    store.manifest.write_header(manifest)


def kept_texts(store: RunStore, documents: Sequence[str]) -> set[str]:
    """Return the ids of those documents whose texts are there."""
    return set(store.texts.look_up(documents))


def fetch_exports(remote: str, folder: Path) -> None:
    """Bring the exports of a run from the Volume, in place of former ones, all at once."""
    with writing(folder), staging_folder(folder) as staged:
        for entry in images.STORE.listdir(remote):
            if is_export(Path(entry.path).name):
                _fetch(entry.path, staged / Path(entry.path).name)
        for name in ARCHIVES.values():
            if (staged / name).exists():
                with tarfile.open(staged / name) as archive:
                    archive.extractall(staged, filter="data")
                (staged / name).unlink()
        publish_exports(staged, folder)


def _fetch(path: str, target: Path) -> None:
    with target.open("wb") as file:
        for block in images.STORE.read_file(path):
            file.write(block)
