"""The manifest of a corpus with all of its texts, in memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipeline.config.run_config import RunConfig
from pipeline.corpus.build import build_manifest
from pipeline.manifest import Document, DocumentPair, ListedPair, Manifest
from pipeline.store.manifest_files import pack_shard


class Kept:
    """What a manifest is made of: its shards, and the texts of its documents by their ids."""

    def __init__(self) -> None:
        self.shards: list[list[ListedPair]] = []
        self.texts: dict[str, str] = {}

    @property
    def pairs(self) -> list[DocumentPair]:
        return [listed.pair for shard in self.shards for listed in shard]

    def kept(self, documents: Sequence[Document]) -> set[str]:
        return set()

    def keep(self, pairs: Sequence[ListedPair], texts: Sequence[tuple[Document, str]]) -> tuple[str, str]:
        self.shards.append(list(pairs))
        self.texts |= {document.id: text for document, text in texts}
        return pack_shard(pairs)[0], ""


def read_all(config: RunConfig, **options: Any) -> tuple[Manifest, Kept]:
    """Read a corpus; return its manifest, and what it is made of."""
    kept = Kept()
    return build_manifest(config, kept, **options), kept
