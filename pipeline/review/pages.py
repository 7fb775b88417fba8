"""The pages of pairs: of any pair of a run, and of those that are embedded in its report."""

from __future__ import annotations

from collections.abc import Iterable

from pipeline.manifest import DocumentPair
from pipeline.store.run_store import RunStore

PACKED_PER_CHAR = 0.2
"""Bytes that a page takes for each character of its texts, at least: what can't fit is not even read."""

PAIRS_AT_ONCE = 250
"""How many pairs are read together, unless their texts are long."""

MAX_MISFITS = 20
"""After so many pairs that were packed in vain, the page is full."""


def pack_pair(store: RunStore, pair: DocumentPair) -> str:
    """Return the packed data of the page of an aligned pair; raises CorruptFile, KeyError where it isn't aligned."""
    from stages.report.page_data import pack, pair_data

    return pack(pair_data(*store.read_pair_and_map(pair)))


def embed_pairs(store: RunStore, pairs: Iterable[DocumentPair]) -> dict[str, str]:
    """Return the packed data of as many pairs, in their order, as the report has room for, by pair_id."""
    from stages.report.page_data import pack, pair_data

    room = int(store.config.report.max_megabytes * 1e6)
    pages: dict[str, str] = {}
    n_misfits = 0
    small = (pair for pair in pairs if pair.n_chars * PACKED_PER_CHAR <= room)
    for pair, cells in store.read_pairs_and_maps(small, PAIRS_AT_ONCE):
        packed = pack(pair_data(pair, cells))
        if len(packed) <= room:
            pages[pair.pair_id] = packed
            room -= len(packed)
        else:
            n_misfits += 1
        if n_misfits == MAX_MISFITS:
            break
    return pages
