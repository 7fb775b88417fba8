"""Shards that hold no text."""

from __future__ import annotations

from pipeline.manifest import Shard


def shard_of(n_documents: int, number: int = 0) -> Shard:
    return Shard(number, f"{number:016x}", "", n_documents, n_documents, 10 * n_documents, 10.0, 20, 20.0)
