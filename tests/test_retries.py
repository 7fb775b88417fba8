"""What kills a worker is tried again, then taken apart until only the guilty one fails."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future

import pytest
from made_shards import shard_of
from run_configs import config_of

from pipeline.errors import StoreError
from pipeline.flow.retries import Step, finish_step
from pipeline.tasks.work import Outcome, Task, Work

IDLE = Task("split", "split", "split", "split", "documents", lambda *_: None)
Fate = Callable[[Work], Outcome | Exception]


class Told:
    """A backend whose parts come out as told."""

    def __init__(self, fate: Fate) -> None:
        self.fate = fate
        self.tried: list[tuple[int, int]] = []
        self.notes: list[str] = []

    def submit(self, task: Task, work: Work) -> Future[Outcome]:
        self.tried.append((work.part, work.n_parts))
        future: Future[Outcome] = Future()
        result = self.fate(work)
        future.set_exception(result) if isinstance(result, Exception) else future.set_result(result)
        return future

    def run(self, n_documents: int, n_parts: int = 1) -> Outcome:
        step = Step(IDLE, Work(config_of(), shard_of(n_documents)).cut(n_parts))
        return finish_step(self, step, self.notes.append, lambda task, work: f"document {work.part}")


def counted(work: Work) -> Outcome:
    return Outcome(counts=Counter(documents=len(range(work.part, work.shard.n_documents, work.n_parts))))


class Dead(Exception):  # noqa: N818 - what a pool calls ProcessExpired
    exitcode = -9


def dies_of(bad: int) -> Fate:
    return lambda work: Dead("dead") if bad % work.n_parts == work.part else counted(work)


def test_parts_are_added_up() -> None:
    backend = Told(counted)
    assert backend.run(5, n_parts=3).counts == {"documents": 5}
    assert sorted(backend.tried) == [(0, 3), (1, 3), (2, 3)]


def test_only_the_document_that_kills_its_worker_fails() -> None:
    backend = Told(dies_of(1))
    outcome = backend.run(3)
    assert outcome.counts == {"documents": 2}
    assert Counter(backend.tried) == {(0, 1): 2, (0, 3): 1, (1, 3): 1, (2, 3): 1}
    (failure,) = outcome.failures
    assert (failure.stage, failure.name) == ("split", "document 1")
    assert "exit code -9" in failure.reason
    assert failure.reason.endswith(", 2 times")
    assert "Dead: dead" in failure.traceback
    assert outcome.n_open == 1
    assert len(backend.notes) == 2
    assert "a worker died with exit code -9" in backend.notes[0]
    assert backend.notes[0].endswith("its shard of 3 is tried again")
    assert backend.notes[1].endswith("the 3 items of its shard are tried one by one")


def test_a_bug_that_nothing_isolates_is_told_as_it_is() -> None:
    outcome = Told(lambda work: ValueError("a bug")).run(1)
    assert [failure.name for failure in outcome.failures] == ["document 0"]
    assert "ValueError: a bug" in outcome.failures[0].reason


def test_a_worker_that_dies_once_costs_nothing() -> None:
    fates = iter([Dead("dead"), Outcome(counts=Counter(documents=1))])
    outcome = Told(lambda _: next(fates)).run(1)
    assert outcome.counts == {"documents": 1}
    assert outcome.failures == []


def test_what_a_person_can_mend_ends_the_run() -> None:
    with pytest.raises(StoreError, match="the disk is full"):
        Told(lambda _: StoreError("the disk is full")).run(2)
