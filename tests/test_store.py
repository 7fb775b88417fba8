"""The store: what is read is what was written, or it is set aside, made again, said and counted."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import CorruptFile, StoreError
from pipeline.store import schema
from pipeline.store.bloom import BloomFilter, hash_key
from pipeline.store.index import Segment
from pipeline.store.shard_file import KEY_TABLE, digest_footer, is_damage
from pipeline.store.shelf import Shelf
from pipeline.store.store import Store, default_root

ADDRESS = "0123456789abcdef"


def rows(document: str, n_sentences: int) -> pa.Table:
    return pa.table(
        {
            "document": [document] * n_sentences,
            "paragraph": [0] * n_sentences,
            "position": range(n_sentences),
            "start": [10 * i for i in range(n_sentences)],
            "stop": [10 * i + 9 for i in range(n_sentences)],
            "text": [f"Sentence {i} of {document}." for i in range(n_sentences)],
            "heading": [0] * n_sentences,
            "unit": [0] * n_sentences,
        },
        schema=schema.SENTENCES,
    )


def write(shelf: Shelf, **sizes: int) -> None:
    with shelf.write(schema.SENTENCES, compression="zstd") as writer:
        for document, n_sentences in sizes.items():
            writer.add(document, rows(document, n_sentences), {"sentences": n_sentences})


def shelf_in(root: Path) -> Shelf:
    """Return a shelf as a process sees it that has just started."""
    return Store(root).shelf("sentences", ADDRESS)


def only_file(shelf: Shelf) -> Path:
    (path,) = shelf.folder.glob("*.parquet")
    return path


def flip_bit(path: Path, byte: int, bit: int = 0) -> None:
    data = bytearray(path.read_bytes())
    data[byte] ^= 1 << bit
    path.write_bytes(data)


# ---- writing and reading


@given(sizes=st.dictionaries(st.text(min_size=1), st.integers(0, 20), min_size=1, max_size=6))
@settings(deadline=None, max_examples=25)
def test_a_table_reads_back_equal_under_any_key(
    sizes: dict[str, int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = tmp_path_factory.mktemp("store")
    usable = {key: size for key, size in sizes.items() if key.isprintable()}
    write(shelf_in(root), **usable)
    shelf = shelf_in(root)
    assert set(shelf.places()) == set(usable)
    for key, size in usable.items():
        assert shelf.read(key).equals(rows(key, size))
        assert shelf.facts(key) == {"sentences": size}


def test_an_empty_document_is_there_and_has_no_rows(tmp_path: Path) -> None:
    write(shelf_in(tmp_path), empty=0, other=1)
    assert "empty" in shelf_in(tmp_path).places()
    assert shelf_in(tmp_path).read("empty").num_rows == 0


def test_a_missing_key_is_a_key_error(tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        shelf_in(tmp_path).read("nobody")


def test_a_block_that_fails_leaves_no_file(tmp_path: Path) -> None:
    shelf = shelf_in(tmp_path)
    with pytest.raises(ZeroDivisionError), shelf.write(schema.SENTENCES) as writer:
        writer.add("a", rows("a", 1))
        raise ZeroDivisionError
    assert list(shelf.folder.iterdir()) == []


def test_a_block_that_writes_nothing_leaves_no_file(tmp_path: Path) -> None:
    shelf = shelf_in(tmp_path)
    with shelf.write(schema.SENTENCES):
        pass
    assert list(shelf.folder.iterdir()) == []


def test_a_file_is_not_seen_before_it_is_whole(tmp_path: Path) -> None:
    shelf = shelf_in(tmp_path)
    with shelf.write(schema.SENTENCES) as writer:
        writer.add("a", rows("a", 1))
        assert shelf_in(tmp_path).places() == {}
    assert set(shelf_in(tmp_path).places()) == {"a"}


def test_the_same_rows_make_the_same_file(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write(shelf_in(tmp_path / name), a=3, b=2)
    one, two = (only_file(shelf_in(tmp_path / name)) for name in ("one", "two"))
    assert one.name == two.name
    assert one.read_bytes() == two.read_bytes()


def test_two_writers_of_one_key_do_no_harm(tmp_path: Path) -> None:
    first, second = shelf_in(tmp_path), shelf_in(tmp_path)
    with first.write(schema.SENTENCES) as one, second.write(schema.SENTENCES) as two:
        one.add("a", rows("a", 3))
        two.add("a", rows("a", 3))
        two.add("b", rows("b", 2))
    for shelf in (first, second, shelf_in(tmp_path)):
        assert set(shelf.places()) == {"a", "b"}
        assert shelf.read("a").equals(rows("a", 3))
        assert shelf.read("b").equals(rows("b", 2))


def test_a_reader_sees_what_others_have_written_since(tmp_path: Path) -> None:
    reader = shelf_in(tmp_path)
    assert reader.places() == {}
    write(shelf_in(tmp_path), a=1)
    assert reader.read("a").num_rows == 1


def test_a_reader_finds_what_others_have_made_again_elsewhere(tmp_path: Path) -> None:
    write(shelf_in(tmp_path), a=1, b=1)
    reader = shelf_in(tmp_path)
    assert set(reader.places()) == {"a", "b"}
    only_file(reader).unlink()
    write(shelf_in(tmp_path), a=1)
    assert reader.read("a").num_rows == 1
    with pytest.raises(KeyError):
        reader.read("b")


@pytest.mark.parametrize("what", ["MAX_KEPT_ROW_GROUPS", "MAX_KEPT_BYTES", "MAX_KEPT_PLACES"])
@pytest.mark.parametrize("most", [1, 2])
def test_what_is_kept_in_memory_is_bounded_and_changes_nothing(
    what: str, most: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"pipeline.store.shelf.{what}", most)
    for number in range(5):
        write(shelf_in(tmp_path), **{f"{number}a": 1, f"{number}b": 1})
    shelf = shelf_in(tmp_path)
    for _ in range(2):
        for number in range(5):
            assert shelf.read(f"{number}b").equals(rows(f"{number}b", 1))
            assert shelf.facts(f"{number}b") == {"sentences": 1}
    assert any(len(kept) <= most for kept in (shelf._footers, shelf._row_groups, shelf._asked))


# ---- many keys in a row group


@pytest.fixture
def small_row_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    """Row groups of some ten sentences, as if rows were large."""
    monkeypatch.setattr("pipeline.store.shard_file.ROW_GROUP_BYTES", 1000)


def count_reads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list to which each row group that is read adds its number."""
    read: list[int] = []
    read_row_group = pq.ParquetFile.read_row_group
    monkeypatch.setattr(
        "pipeline.store.shelf.pq.ParquetFile.read_row_group",
        lambda file, number, *rest, **options: read.append(number) or read_row_group(file, number, *rest, **options),
    )
    return read


def test_many_documents_lie_in_a_row_group_and_a_large_one_alone(tmp_path: Path) -> None:
    sizes = {f"d{number}": 20 for number in range(2000)} | {"large": 60_000}
    write(shelf_in(tmp_path), **sizes)
    metadata = pq.read_metadata(only_file(shelf_in(tmp_path)))
    n_rows = [metadata.row_group(number).num_rows for number in range(metadata.num_row_groups)]
    assert n_rows[-1] == 60_000
    assert 2 <= len(n_rows) <= 10
    assert shelf_in(tmp_path).read("large").num_rows == 60_000


@pytest.mark.usefixtures("small_row_groups")
def test_in_any_order_each_row_group_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = {f"d{number}": number % 7 for number in range(100)}
    write(shelf_in(tmp_path), **sizes)
    keys = random.Random(1).sample(sorted(sizes), len(sizes))
    n_row_groups = pq.read_metadata(only_file(shelf_in(tmp_path))).num_row_groups
    assert n_row_groups > 10
    read = count_reads(monkeypatch)
    found = list(shelf_in(tmp_path).read_many([*keys, keys[0]]))
    assert [key for key, _ in found] == [*keys, keys[0]]
    assert all(table.equals(rows(key, sizes[key])) for key, table in found)
    assert sorted(read) == list(range(n_row_groups))


@pytest.mark.usefixtures("small_row_groups")
def test_only_the_row_groups_of_what_is_asked_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(shelf_in(tmp_path), **{f"d{number:03}": 5 for number in range(100)})
    read, shelf = count_reads(monkeypatch), shelf_in(tmp_path)
    for key in ("d010", "d011", "d010"):
        assert shelf.read(key, ["text"]).column_names == ["text"]
    assert len(read) <= 2


def test_reading_many_keys_goes_by_windows_of_bounded_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.store.shelf.WINDOW_BYTES", 300)
    sizes = {f"d{number}": number for number in range(20)}
    write(shelf_in(tmp_path), **sizes)
    assert [table.num_rows for _, table in shelf_in(tmp_path).read_many(sizes)] == list(sizes.values())
    assert list(shelf_in(tmp_path).read_many([])) == []
    with pytest.raises(KeyError):
        list(shelf_in(tmp_path).read_many(["d1", "nobody"]))


def test_reading_many_keys_follows_a_compaction_in_the_middle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.store.shelf.WINDOW_BYTES", 1)
    write(shelf_in(tmp_path), a=1)
    write(shelf_in(tmp_path), b=2)
    reading = shelf_in(tmp_path).read_many(["a", "b"])
    assert next(reading)[0] == "a"
    old = list(shelf_in(tmp_path).folder.glob("*.parquet"))
    write(shelf_in(tmp_path), a=1, b=2)
    for path in old:
        path.unlink()
    assert next(reading)[1].equals(rows("b", 2))


def test_the_keys_of_documents_are_found_by_their_beginnings(tmp_path: Path) -> None:
    for keys in (["a:1", "a:2", "ab:1"], ["a:+f", "b:1", "provisional:a:b", "a"]):
        write(shelf_in(tmp_path), **dict.fromkeys(keys, 1))
    for _ in range(2):
        assert set(shelf_in(tmp_path).look_up_documents(["a", "nobody"])) == {"a", "a:1", "a:2", "a:+f"}
        shelf_in(tmp_path).save_index()


def test_facts_of_many_keys_are_those_of_each(tmp_path: Path) -> None:
    write(shelf_in(tmp_path), a=1, b=2)
    write(shelf_in(tmp_path), c=3)
    assert shelf_in(tmp_path).facts_of_many(["c", "a"]) == {"a": {"sentences": 1}, "c": {"sentences": 3}}


# ---- the former layout


def test_a_file_of_the_former_layout_is_named_with_what_to_do(tmp_path: Path) -> None:
    shelf = shelf_in(tmp_path)
    shelf.folder.mkdir(parents=True)
    table = rows("a", 1).replace_schema_metadata({"bitext.keys": '[["a", {}]]'})
    pq.write_table(table, shelf.folder / "x")
    (shelf.folder / "x").rename(shelf.folder / f"{digest_footer(shelf.folder / 'x')}.parquet")
    before = sorted(shelf.folder.iterdir())
    for ask in (lambda: shelf.look_up(["a"]), lambda: shelf.read("a"), shelf.places, shelf.save_index):
        with pytest.raises(StoreError, match=r"written by an earlier version.*bitext store --prune"):
            ask()
    assert sorted(shelf.folder.iterdir()) == before, "nothing is set aside, nothing half read"
    assert Store(tmp_path).prune() > 0


def test_an_index_of_the_former_layout_is_named(tmp_path: Path) -> None:
    write(shelf_in(tmp_path), a=1)
    (shelf_in(tmp_path).folder / "index.parquet").write_bytes(b"whatever")
    with pytest.raises(StoreError, match="written by an earlier version"):
        shelf_in(tmp_path).look_up(["a"])


# ---- damage


def test_a_bit_flipped_anywhere_is_found_or_changes_nothing(tmp_path: Path) -> None:
    """Pages have checksums; the footer has its digest in the file's name: no byte is unguarded."""
    write(shelf_in(tmp_path), a=3, b=2)
    path, expected = only_file(shelf_in(tmp_path)), {"a": rows("a", 3), "b": rows("b", 2)}
    data, chance = path.read_bytes(), random.Random(0)
    n_found = 0
    for byte in range(0, len(data), 3):
        path.write_bytes(data)
        flip_bit(path, byte, chance.randrange(8))
        shelf = shelf_in(tmp_path)
        for key, table in expected.items():
            try:
                assert shelf.read(key).equals(table), byte
                assert shelf.facts(key) == {"sentences": table.num_rows}
            except (KeyError, CorruptFile):
                n_found += 1
    assert n_found > len(data) / 3  # most bytes are of the footer, and make both keys unreadable


@pytest.mark.parametrize("table", ["sentences", "embeddings", "beads"])
def test_a_bit_flipped_in_a_page_sets_the_file_aside_and_its_keys_are_missing(table: str, tmp_path: Path) -> None:
    shelf = Store(tmp_path).shelf(table, ADDRESS)
    write(shelf, a=30, b=2)
    path = only_file(shelf)
    texts = pq.read_metadata(path).row_group(0).column(5)
    flip_bit(path, texts.dictionary_page_offset + texts.total_compressed_size // 2)
    with pytest.raises(CorruptFile, match=rf"{path.name}: .*set aside as {path.name}.corrupt, to be made again"):
        Store(tmp_path).shelf(table, ADDRESS).read("a")
    assert not path.exists()
    assert path.with_name(path.name + ".corrupt").exists()
    assert Store(tmp_path).shelf(table, ADDRESS).places() == {}


@pytest.mark.parametrize(
    "n_bytes", [0, 3, 8, 100, -1], ids=["empty", "3 bytes", "8 bytes", "cut", "the last byte lost"]
)
def test_a_file_that_is_cut_off_is_set_aside_and_said(n_bytes: int, tmp_path: Path) -> None:
    write(shelf_in(tmp_path), a=30)
    path = only_file(shelf_in(tmp_path))
    path.write_bytes(path.read_bytes()[:n_bytes])
    store = Store(tmp_path)
    assert store.shelf("sentences", ADDRESS).places() == {}
    (said,) = store.take_set_aside()
    assert f"{path}: " in said
    assert f"set aside as {path.name}.corrupt" in said
    assert store.take_set_aside() == []


def test_one_damaged_file_leaves_the_others_alone(tmp_path: Path) -> None:
    write(shelf_in(tmp_path), a=3)
    path = only_file(shelf_in(tmp_path))
    write(shelf_in(tmp_path), b=3)
    flip_bit(path, -20)
    shelf = shelf_in(tmp_path)
    assert set(shelf.places()) == {"b"}
    assert shelf.read("b").equals(rows("b", 3))


def test_a_file_under_a_wrong_name_is_set_aside(tmp_path: Path) -> None:
    write(shelf_in(tmp_path), a=3)
    path = only_file(shelf_in(tmp_path))
    path.rename(path.with_name("0" * 16 + ".parquet"))
    assert shelf_in(tmp_path).places() == {}


def test_what_can_not_be_opened_is_no_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(shelf_in(tmp_path), a=3)
    path = only_file(shelf_in(tmp_path))

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pipeline.store.shard_file.pq.ParquetFile", refuse)
    with pytest.raises(StoreError, match="can't be read: Permission denied; fix that") as caught:
        shelf_in(tmp_path).read("a")
    assert not isinstance(caught.value, CorruptFile)
    assert path.exists()


def test_lack_of_memory_is_no_damage_but_a_bad_sector_is() -> None:
    assert not is_damage(pa.ArrowMemoryError("malloc of size 1 failed"))
    assert not is_damage(OSError(24, "Too many open files"))
    assert is_damage(OSError(5, "Input/output error"))
    assert is_damage(OSError("Corrupt snappy compressed data."))
    assert is_damage(pa.ArrowInvalid("Parquet magic bytes not found"))


# ---- the index


def indexed(root: Path) -> Path:
    write(shelf_in(root), a=3, b=0)
    write(shelf_in(root), c=1)
    shelf_in(root).save_index()
    (path,) = shelf_in(root).folder.glob("*.index")
    return path


def test_the_index_says_what_the_footers_say(tmp_path: Path) -> None:
    index = indexed(tmp_path)
    by_index = shelf_in(tmp_path).places()
    index.unlink()
    assert shelf_in(tmp_path).places() == by_index
    assert set(by_index) == {"a", "b", "c"}


def test_with_an_index_no_footer_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    indexed(tmp_path)
    monkeypatch.setattr("pipeline.store.shelf.read_keys", lambda path, *_: pytest.fail(f"{path} was opened"))
    assert set(shelf_in(tmp_path).places()) == {"a", "b", "c"}


def test_an_index_need_not_know_the_newest_files_nor_that_some_are_gone(tmp_path: Path) -> None:
    indexed(tmp_path)
    gone = shelf_in(tmp_path).places()["c"].file
    (shelf_in(tmp_path).folder / gone).unlink()
    write(shelf_in(tmp_path), d=1)
    assert set(shelf_in(tmp_path).places()) == {"a", "b", "d"}


def test_a_bit_flipped_anywhere_in_the_index_never_leads_astray(tmp_path: Path) -> None:
    index = indexed(tmp_path)
    data, chance = index.read_bytes(), random.Random(0)
    expected = {key: shelf_in(tmp_path).read(key) for key in ("a", "b", "c")}
    for byte in range(0, len(data), 3):
        index.write_bytes(data)
        flip_bit(index, byte, chance.randrange(8))
        shelf = shelf_in(tmp_path)
        for key in shelf.places():
            assert shelf.read(key).equals(expected[key]), byte


@pytest.mark.parametrize(
    "content",
    [b"", b"not Parquet", None],
    ids=["empty", "nonsense", "another table"],
)
def test_a_damaged_index_is_made_again_from_the_footers(content: bytes | None, tmp_path: Path) -> None:
    index = indexed(tmp_path)
    if content is None:
        pq.write_table(pa.table({"key": ["a"]}), index)
    else:
        index.write_bytes(content)
    shelf = shelf_in(tmp_path)
    assert set(shelf.places()) == {"a", "b", "c"}
    assert not index.exists()
    shelf.save_index()
    assert pq.read_table(index).num_rows == 3


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The row groups, of ten keys each, that are read of an index of d000 to d499."""
    monkeypatch.setattr("pipeline.store.index.KEYS_IN_ROW_GROUP", 10)
    write(shelf_in(tmp_path), **{f"d{number:03}": 1 for number in range(500)})
    shelf_in(tmp_path).save_index()
    read: list[int] = []
    read_segment = Segment.read
    monkeypatch.setattr(Segment, "read", lambda segment, *what: read.extend(what[0]) or read_segment(segment, *what))
    return read


def test_a_look_up_reads_only_what_of_the_index_can_hold_its_keys(tmp_path: Path, read: list[int]) -> None:
    shelf = shelf_in(tmp_path)
    assert set(shelf.look_up(["d011", "d012", "d499", "nobody"])) == {"d011", "d012", "d499"}
    assert len(read) <= 4


def test_keys_that_are_not_there_are_not_looked_for(tmp_path: Path, read: list[int]) -> None:
    assert shelf_in(tmp_path).look_up(f"d{number:03}-" for number in range(500)) == {}
    assert len(read) <= 3, "the filter of the keys takes one of some 2,000 for one that may be there"


def test_footers_of_the_index_that_were_forgotten_are_read_and_checked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.store.index.MAX_KEPT_FOOTERS", 1)
    monkeypatch.setattr("pipeline.store.index.MAX_KEYS", 1)
    for key in "abc":
        write(shelf_in(tmp_path), **{key: 1})
        shelf_in(tmp_path).save_index()
    shelf = shelf_in(tmp_path)
    assert len(list(shelf.folder.glob("*.index"))) == 3
    assert [set(shelf.look_up([key])) for key in "abcabc"] == [{key} for key in "abcabc"]
    for path in shelf.folder.glob("*.index"):
        path.write_bytes(path.read_bytes()[:-9] + b"x" + path.read_bytes()[-8:])
    assert [set(shelf.look_up([key])) for key in "abc"] == [{key} for key in "abc"]


def test_an_index_without_a_filter_tells_the_same(tmp_path: Path) -> None:
    index = indexed(tmp_path)
    by_index = shelf_in(tmp_path).places()
    table, said = pq.read_table(index), pq.read_metadata(index).metadata
    metadata = {name: value for name, value in said.items() if name in (b"files", b"starts")}
    assert set(said) == {*metadata, b"keys", b"ARROW:schema"}
    index.unlink()
    pq.write_table(table.replace_schema_metadata(metadata), tmp_path / "former")
    former = (tmp_path / "former").rename(index.with_name(f"{digest_footer(tmp_path / 'former')}.index"))
    assert shelf_in(tmp_path).look_up(["a", "b", "c", "d"]) == by_index
    assert former.exists()


@given(st.sets(st.text(max_size=20), max_size=300))
def test_a_filter_of_keys_misses_none(keys: set[str]) -> None:
    held = BloomFilter.of(keys, len(keys))
    assert all(held.may_hold(hash_key(key)) for key in keys)


def test_parts_of_the_index_are_put_together_and_never_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.store.index.KEYS_IN_ROW_GROUP", 4)
    reader = shelf_in(tmp_path)
    for number in range(40):
        write(shelf_in(tmp_path), **{f"{number:02}a": 1, f"{number:02}b": 2})
        shelf_in(tmp_path).save_index()
        assert reader.read(f"{number:02}b").num_rows == 2
    assert len(list(reader.folder.glob("*.index"))) <= 6
    expected = {f"{number:02}{letter}" for number in range(40) for letter in "ab"}
    assert set(shelf_in(tmp_path).places()) == set(reader.places()) == expected
    assert set(shelf_in(tmp_path).look_up(expected)) == expected


def test_a_full_part_of_the_index_is_left_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.store.index.MAX_KEYS", 3)
    for number in range(4):
        write(shelf_in(tmp_path), **{f"{number}a": 1, f"{number}b": 2})
        shelf_in(tmp_path).save_index()
    assert len(list(shelf_in(tmp_path).folder.glob("*.index"))) == 4
    assert len(shelf_in(tmp_path).places()) == 8


def test_a_damaged_index_that_can_not_be_removed_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = indexed(tmp_path)
    flip_bit(index, 30)
    monkeypatch.setattr(Path, "unlink", lambda *_, **__: (_ for _ in ()).throw(PermissionError(13, "denied")))
    assert set(shelf_in(tmp_path).look_up(["a", "b", "c"])) == {"a", "b", "c"}


def test_a_damaged_file_that_can_not_be_set_aside_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(shelf_in(tmp_path), a=3)
    flip_bit(only_file(shelf_in(tmp_path)), -20)
    monkeypatch.setattr(Path, "rename", lambda *_: (_ for _ in ()).throw(OSError(30, "Read-only file system")))
    with pytest.raises(StoreError, match=r"checksum mismatch.*can't be set aside.*Read-only file system"):
        shelf_in(tmp_path).look_up(["a"])


# ---- tidying


def test_usage_and_prune_count_the_same_bytes_and_records_of_runs_stay(tmp_path: Path) -> None:
    write(shelf_in(tmp_path), a=3)
    record = tmp_path / "runs" / "demo" / "latest" / "run.json"
    record.parent.mkdir(parents=True)
    record.write_text("{}")
    store = Store(tmp_path)
    ((table, address, n_files, n_bytes),) = store.usage()
    assert (table, address, n_files) == ("sentences", ADDRESS, 1)
    assert store.prune() == n_bytes > 0
    assert sorted(path.name for path in tmp_path.iterdir()) == [".lock", "runs"]
    assert record.exists()


def test_prune_keeps_what_a_person_has_put_there(tmp_path: Path) -> None:
    """Somebody names the folder of a project as the store: its `texts` are nobody's cache."""
    mine = [
        tmp_path / "texts" / "en" / "a.parquet",
        tmp_path / "texts" / "b.txt",
        tmp_path / "beads" / ADDRESS / "notes",
    ]
    for path in mine:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("mine")
    write(shelf_in(tmp_path), a=3)
    assert Store(tmp_path).prune() > 0
    assert all(path.read_text() == "mine" for path in mine)
    assert not (tmp_path / "sentences").exists()


def test_a_store_is_not_pruned_while_it_is_worked_with_and_the_other_way_round(tmp_path: Path) -> None:
    write(shelf_in(tmp_path), a=3)
    at_work = pytest.raises(StoreError, match="something is at work with it; wait until it has ended")
    with Store(tmp_path).in_use(), Store(tmp_path).in_use(), at_work:
        Store(tmp_path).prune()
    with Store(tmp_path).in_use(alone=True):
        with pytest.raises(StoreError, match="it is being pruned, and try again"), Store(tmp_path).in_use():
            pass
        with pytest.raises(StoreError, match="something is at work"):
            Store(tmp_path).prune()
    assert Store(tmp_path).prune() > 0
    assert Store(tmp_path).prune() == 0


def test_prune_passes_over_folders_and_what_others_prune_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(shelf_in(tmp_path), a=3)
    write(shelf_in(tmp_path), b=3)
    folder = shelf_in(tmp_path).folder
    (folder / "of-a-person.parquet").mkdir()
    with monkeypatch.context() as patched:
        patched.setattr(
            "pipeline.store.store._own_files", lambda folder: [folder / "gone.parquet", folder / "x.parquet"]
        )
        assert Store(tmp_path).prune() == 0
    assert Store(tmp_path).prune() > 0
    assert [path.name for path in folder.iterdir()] == ["of-a-person.parquet"]


def test_a_store_that_can_not_be_written_can_not_be_pruned_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(shelf_in(tmp_path), a=3)
    monkeypatch.setattr(Path, "unlink", lambda *_, **__: (_ for _ in ()).throw(OSError(30, "Read-only file system")))
    with pytest.raises(StoreError, match="can't be written: the file system is read-only"):
        Store(tmp_path).prune()


def test_what_is_gone_is_said_as_a_person_reads_it(tmp_path: Path) -> None:
    write(shelf_in(tmp_path), a=3)
    shelf = shelf_in(tmp_path)
    assert set(shelf.look_up(["a"])) == {"a"}
    Store(tmp_path).prune()
    for ask in (lambda: shelf.read("a"), lambda: shelf.facts("a"), lambda: list(shelf.read_many(["a"]))):
        with pytest.raises(CorruptFile, match="no longer holds a: the store was pruned meanwhile; to be made again"):
            ask()


def test_only_old_unfinished_files_are_swept(tmp_path: Path) -> None:
    write(shelf_in(tmp_path), a=3)
    folder = shelf_in(tmp_path).folder
    old, new = folder / ".tmp-old", folder / ".tmp-new"
    for path in (old, new):
        path.write_text("half a file")
    (folder / ".tmp-folder").mkdir()
    for path in (old, folder / ".tmp-folder"):
        os.utime(path, (0, 0))
    assert Store(tmp_path).sweep() == 2
    assert new.exists()
    assert not old.exists()
    assert set(shelf_in(tmp_path).places()) == {"a"}


def test_the_store_lies_where_the_environment_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BITEXT_STORE", str(tmp_path))
    assert default_root() == tmp_path
    monkeypatch.delenv("BITEXT_STORE")
    assert default_root().name == "bitext-pipeline"


def test_other_programs_can_read_the_rows_and_the_table_of_keys(tmp_path: Path) -> None:
    write(shelf_in(tmp_path), a=3, b=2)
    path = only_file(shelf_in(tmp_path))
    place = json.loads(pq.read_metadata(path).metadata[KEY_TABLE])
    with pa.ipc.open_file(path.read_bytes()[place["start"] :][: place["bytes"]]) as file:
        table = file.read_all()
    assert table.select(["key", "row_group", "first_row", "n_rows"]).to_pydict() == {
        "key": ["a", "b"],
        "row_group": [0, 0],
        "first_row": [0, 3],
        "n_rows": [3, 2],
    }
    assert [json.loads(facts) for facts in table["facts"].to_pylist()] == [{"sentences": 3}, {"sentences": 2}]
    assert pq.read_table(path).num_rows == 5, "any reader of Parquet reads the rows"
