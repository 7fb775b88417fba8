"""Look at a corpus and at what of it is missing, and leave nothing behind."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from pipeline.config.run_config import settle_encoder
from pipeline.corpus.intake import look_at_corpus
from pipeline.exports.filenames import file_name
from pipeline.manifest import DocumentPair, Manifest
from pipeline.store.manifest_files import ManifestFolder
from pipeline.store.run_store import RunStore
from pipeline.tasks.missing import Missing, count_missing
from stages.corrections import Review

Said = Mapping[str, tuple[Review, ...]]
"""What files of corrections say, by the names of their pairs' files."""


@dataclass
class Looked:
    """What was seen: the manifest, what of it is missing, and the pairs that people have decided something about."""

    manifest: Manifest
    missing: Missing = field(default_factory=Missing)
    corrected: list[DocumentPair] = field(default_factory=list)


def look(store: RunStore, limit: int | None, said: Said, min_chars: int = 1) -> Looked:
    """Read a corpus that lies with the store, and count what of it is missing."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = ManifestFolder(Path(temporary))
        manifest = look_at_corpus(store, limit, folder, min_chars)
        store = RunStore(store.store, settle_encoder(store.config, manifest.all_languages))
        given = find_said(folder, manifest, said)
        reviews = {number: {pair.pair_id: pair.reviews for pair in pairs} for number, pairs in given.items()}
        missing = count_missing(store, manifest.shards, reviews, map(folder.read_bytes, manifest.shards))
        return Looked(manifest, missing, store.place(pair for pairs in given.values() for pair in pairs))


def find_said(folder: ManifestFolder, manifest: Manifest, said: Said) -> dict[int, list[DocumentPair]]:
    """Return the pairs that files of corrections are about, with what these say, by the numbers of their shards."""
    found: dict[int, list[DocumentPair]] = {}
    for shard in manifest.shards if said else ():
        for listed in folder.read(shard):
            if reviews := said.get(file_name(listed.pair.pair_id)):
                found.setdefault(shard.number, []).append(replace(listed.pair, reviews=reviews))
    return found
