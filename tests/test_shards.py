"""Work is cut by size; what kills a worker is tried again, then taken apart until only the guilty one fails."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_config import config_of

from pipeline.config.run_config import RunConfig
from pipeline.corpus.manifest import Document, DocumentPair
from pipeline.errors import StoreError
from pipeline.flow.shards import cut_shards, run_shards
from pipeline.tasks import Outcome, Shard, ShardOutcome, Task


def document(name: str, n_chars: int = 10) -> Document:
    return Document(name, "en", False, n_chars, name)


def documents(*sizes: int) -> list[Document]:
    return [document(f"d{number}", n_chars) for number, n_chars in enumerate(sizes)]


# ---- cutting


@given(
    sizes=st.lists(st.integers(0, 5000), min_size=1, max_size=60), workers=st.integers(1, 8), most=st.integers(1, 9000)
)
def test_shards_hold_every_item_once_and_none_but_a_single_item_is_too_large(
    sizes: list[int], workers: int, most: int
) -> None:
    items = documents(*sizes)
    shards = cut_shards(items, config_of(compute={"shard_chars": most}), workers)
    assert Counter(item for shard in shards for item in shard.items) == Counter(items)
    assert all(shard.items for shard in shards)
    assert all(shard.n_chars <= most or len(shard.items) == 1 for shard in shards)


@given(sizes=st.lists(st.integers(1, 5000), min_size=1, max_size=60), workers=st.integers(1, 8))
def test_the_largest_come_first_so_that_none_is_left_for_the_end(sizes: list[int], workers: int) -> None:
    shards = cut_shards(documents(*sizes), config_of(), workers)
    largest = [max(item.n_chars for item in shard.items) for shard in shards]
    assert largest == sorted(largest, reverse=True)


def test_a_small_corpus_is_cut_fine_enough_for_all_workers() -> None:
    assert len(cut_shards(documents(*[100] * 64), config_of(), n_workers=4)) >= 16


def test_the_cut_does_not_depend_on_the_order_of_documents_of_different_size() -> None:
    items = documents(*range(1, 40))
    cut = cut_shards(items, config_of(compute={"shard_chars": 100}), 2)
    assert cut_shards(items[::-1], config_of(compute={"shard_chars": 100}), 2) == cut


def test_nothing_is_no_shard_and_empty_documents_are_one() -> None:
    assert cut_shards([], config_of(), 2) == []
    assert len(cut_shards(documents(0, 0, 0), config_of(), 2)) == 1


# ---- running


class Told:
    """A backend whose shards come out as told; and the progress that listens."""

    n_workers = 2

    def __init__(self, fate: Callable[[Shard], Outcome | Exception]) -> None:
        self.fate = fate
        self.tried: list[tuple[str, ...]] = []
        self.notes: list[str] = []
        self.n_advanced = 0

    def do(self, *_: object, **__: object) -> object:
        raise AssertionError("not asked for")

    def map(self, task: Task, config: RunConfig, shards: Sequence[Shard]) -> Iterator[ShardOutcome]:
        for shard in shards:
            self.tried.append(tuple(item.path for item in shard.documents) or tuple(p.pair_id for p in shard.pairs))
            yield shard, self.fate(shard)

    def advance(self, counts: Mapping[str, int]) -> None:
        self.n_advanced += 1

    def note(self, text: str) -> None:
        self.notes.append(text)

    def run(self, *shards: Shard) -> Outcome:
        return run_shards(self, "split", lambda *_: Outcome(), config_of(), shards, self)  # type: ignore[arg-type]


def counted(shard: Shard) -> Outcome:
    return Outcome(counts=Counter(documents=len(shard.items)))


class Dead(Exception):  # noqa: N818 - what a pool calls ProcessExpired
    exitcode = -9


def dies_of(*names: str) -> Callable[[Shard], Outcome | Exception]:
    return lambda shard: Dead("dead") if any(item.path in names for item in shard.documents) else counted(shard)


def shard_of(*names: str) -> Shard:
    return Shard(tuple(document(name) for name in names))


def test_outcomes_are_added_up() -> None:
    backend = Told(counted)
    assert backend.run(shard_of("a", "b"), shard_of("c")).counts == {"documents": 3}
    assert backend.n_advanced == 2


def test_only_the_document_that_kills_its_worker_fails() -> None:
    backend = Told(dies_of("bad"))
    outcome = backend.run(shard_of("a", "bad", "b"), shard_of("c"))
    assert outcome.counts == {"documents": 3}
    assert backend.tried == [("a", "bad", "b"), ("c",), ("a", "bad", "b"), ("a",), ("bad",), ("b",)]
    (failure,) = outcome.failures
    assert (failure.stage, failure.name) == ("split", "bad")
    assert "exit code -9" in failure.reason
    assert "Dead: dead" in failure.traceback
    assert len(backend.notes) == 2
    assert "a worker died with exit code -9" in backend.notes[0]
    assert backend.notes[0].endswith("its shard of 3 is tried again")
    assert backend.notes[1].endswith("the 3 items of its shard are tried one by one")


def test_a_pair_is_named_by_its_id() -> None:
    pair = DocumentPair("a.en-de", document("a"), document("b"))
    outcome = Told(lambda shard: ValueError("a bug")).run(Shard((pair,)))
    assert [failure.name for failure in outcome.failures] == ["a.en-de"]
    assert "ValueError: a bug" in outcome.failures[0].reason


def test_a_worker_that_dies_once_costs_nothing() -> None:
    fates = iter([Dead("dead"), counted(shard_of("a"))])
    outcome = Told(lambda _: next(fates)).run(shard_of("a"))
    assert outcome.counts == {"documents": 1}
    assert outcome.failures == []


def test_what_a_person_can_mend_ends_the_run() -> None:
    with pytest.raises(StoreError, match="the disk is full"):
        Told(lambda _: StoreError("the disk is full")).run(shard_of("a"), shard_of("b"))
