"""Find pairs of a run by their names, among all of its shards."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from pipeline.exports.filenames import file_name
from pipeline.manifest import DocumentPair, Shard
from pipeline.store.run_store import RunStore
from pipeline.tasks.work import Reviews, Work, own_documents, own_pairs


def find_named(
    store: RunStore, shards: Sequence[Shard], names: Collection[str], reviews: Mapping[int, Reviews] | None = None
) -> list[DocumentPair]:
    """Return the pairs whose ids, or the names of whose files, are among `names`, in the order of the corpus.

    With `reviews`, by shard: with the corrections of their sentences.
    """
    found = find_places(store, shards, names)
    by_shard = {number: [pair for place, pair in found if place == number] for number, _ in found}
    given = reviews or {}
    return [pair for number, pairs in by_shard.items() for pair in store.with_reviews(pairs, given.get(number, {}))]


def find_places(store: RunStore, shards: Sequence[Shard], names: Collection[str]) -> list[tuple[int, DocumentPair]]:
    """Return the pairs whose ids, or the names of whose files, are among `names`, with the numbers of their shards."""
    if not names:
        return []
    return [(shard.number, listed.pair) for shard in shards for listed in store.manifest.read(shard, names)]


def gold_of(gold: Mapping[str, Sequence[str]], pair: DocumentPair) -> Sequence[str]:
    """Return the lines of the gold of a pair, which are named by its id, or by the name of its files."""
    name = file_name(pair.pair_id)
    return gold[name] if name in gold else gold[pair.pair_id]


def name_of_item(store: RunStore, shard: Shard, is_pair: bool, number: int) -> str:
    """Return the path of a document, or the id of a pair, that is dealt to a part of its own."""
    n_parts = shard.n_pairs if is_pair else shard.n_documents
    work = Work(store.config, shard, number, n_parts)
    names = (
        [pair.pair_id for pair in own_pairs(store, work)]
        if is_pair
        else [document.path for document in own_documents(store, work)]
    )
    return ", ".join(names)
