"""A corpus is cut into shards that lie on disk, in its order, and are cut anew only where it has changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.corpus.build import MAX_OVER, _Cutter, _Found
from pipeline.errors import CorruptFile
from pipeline.manifest import Document, ListedPair, Manifest, Origin
from pipeline.store.manifest_files import ManifestFolder, pack_shard, unpack_shard
from pipeline.tasks.work import deal

ORIGIN = Origin("file", None, "en", 1, 1)


class Kept:
    """Keeps shards in memory."""

    def __init__(self) -> None:
        self.shards: list[list[ListedPair]] = []
        self.texts: list[list[str]] = []

    def keep(self, pairs: Sequence[ListedPair], texts: Sequence[tuple[Document, str]]) -> tuple[str, str]:
        self.shards.append(list(pairs))
        self.texts.append([document.id for document, _ in texts])
        return pack_shard(pairs)[0], ""

    def kept(self, documents: Sequence[Document]) -> set[str]:
        return set()


def found(name: str, n_chars: int, language: str = "en") -> _Found:
    return _Found(Document(name, language, False, n_chars, name), ORIGIN)


def cut(pairs: Sequence[tuple[str, _Found, _Found]], max_chars: int = 1000) -> tuple[Kept, _Cutter]:
    kept, texts = Kept(), {side.document.id: "text" for _, *sides in pairs for side in sides}
    cutter = _Cutter(kept, texts, max_chars, min_chars=1000)
    for pair_id, source, target in pairs:
        cutter.add(pair_id, source, target)
    cutter.cut()
    return kept, cutter


def pairs_of(sizes: Sequence[int]) -> list[tuple[str, _Found, _Found]]:
    return [(f"{n}", found(f"s{n}", size), found(f"t{n}", size)) for n, size in enumerate(sizes)]


@settings(deadline=None)
@given(sizes=st.lists(st.integers(0, 700), min_size=1, max_size=80), most=st.integers(1, 900))
def test_shards_hold_every_pair_once_in_order_and_none_but_a_single_one_is_too_large(
    sizes: list[int], most: int
) -> None:
    kept, cutter = cut(pairs_of(sizes), most)
    assert [listed.pair.pair_id for shard in kept.shards for listed in shard] == [str(n) for n in range(len(sizes))]
    assert all(shard.effort <= most or shard.n_pairs == 1 for shard in cutter.shards)
    assert [name for shard in kept.texts for name in shard] == [
        name for n in range(len(sizes)) for name in (f"s{n}", f"t{n}")
    ]
    assert sum(shard.n_documents for shard in cutter.shards) == 2 * len(sizes)


def test_pairs_that_share_a_document_lie_together_and_one_that_an_earlier_shard_has_is_referred_to() -> None:
    source = found("book", 600)
    pairs = [(f"{n}", source, found(f"t{n}", 300)) for n in range(4)]
    pairs += [(f"x{n}", found(f"a{n}", 500), found(f"b{n}", 500)) for n in range(3)] + [
        ("again", source, found("u", 400))
    ]
    kept, cutter = cut(pairs)
    assert [listed.pair.pair_id for listed in kept.shards[0]] == ["0", "1", "2", "3"]
    last = kept.shards[-1][-1]
    assert (last.pair.pair_id, last.source_is_here, last.target_is_here) == ("again", False, True)
    assert cutter.shards[-1].needs == (0,)
    assert Counter(name for shard in kept.texts for name in shard)["book"] == 1


def test_not_even_a_document_of_all_pairs_makes_one_shard_of_them() -> None:
    pairs = [(f"{n}", found("law", 10), found(f"t{n}", 300)) for n in range(100)]
    _, cutter = cut(pairs)
    assert all(shard.effort <= MAX_OVER * 1000 for shard in cutter.shards)


def test_one_more_pair_changes_few_shards() -> None:
    names = [f"page-{n:04}" for n in range(0, 2000, 2)]
    before = {shard.digest for shard in cut([(n, found(f"s{n}", 50), found(f"t{n}", 50)) for n in names])[1].shards}
    names.insert(500, "page-0999")
    after = {shard.digest for shard in cut([(n, found(f"s{n}", 50), found(f"t{n}", 50)) for n in names])[1].shards}
    assert len(before) > 100
    assert len(after - before) <= 3
    names.append("page-9999")
    longer = {shard.digest for shard in cut([(n, found(f"s{n}", 50), found(f"t{n}", 50)) for n in names])[1].shards}
    assert len(longer - after) == 1, "what is added at the end makes the last one grow, or one more"


def test_a_small_corpus_is_cut_finely_and_a_large_one_is_not() -> None:
    _, cutter = cut(pairs_of([100] * 2000), max_chars=20_000)
    assert cutter.shards[0].effort <= 1000
    assert max(shard.effort for shard in cutter.shards[-10:]) > 10_000


@settings(deadline=None)
@given(st.lists(st.integers(0, 100), max_size=30), st.integers(1, 40))
def test_items_are_dealt_to_parts_once_each_and_to_as_many_parts_one_by_one(sizes: list[int], n_parts: int) -> None:
    items = [Document(str(n), "en", False, size, str(n)) for n, size in enumerate(sizes)]
    parts = [deal(items, part, n_parts) for part in range(n_parts)]
    assert Counter(item for part in parts for item in part) == Counter(items)
    if n_parts >= len(items):
        assert all(len(part) <= 1 for part in parts)
    elif items:
        assert max(sum(max(1, item.n_chars) for item in part) for part in parts) <= (
            sum(max(1, item.n_chars) for item in items) / n_parts + max(max(1, item.n_chars) for item in items)
        )


def test_a_shard_reads_back_equal_and_damage_is_noticed(tmp_path: Path) -> None:
    kept, cutter = cut(pairs_of([10, 20]))
    folder = ManifestFolder(tmp_path)
    _, data = pack_shard(kept.shards[0])
    assert unpack_shard(data) == kept.shards[0]
    file = folder.write_shard(data)
    manifest = Manifest(tuple(cutter.shards), languages=cutter.languages, notes=("a note",))
    folder.write_header(manifest)
    assert folder.read_header() == manifest
    path = tmp_path / f"{file}.parquet"
    path.write_bytes(path.read_bytes()[:-9] + b"nonsense!")
    shard = cutter.shards[0].__class__(**{**vars(cutter.shards[0]), "file": file})
    with pytest.raises(CorruptFile, match="checksum mismatch; removed, to be made again"):
        folder.read(shard)
    with pytest.raises(CorruptFile, match="is gone"):
        folder.read(shard)
