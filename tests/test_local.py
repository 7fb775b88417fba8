"""Worker processes on this machine: one thread each, deaf to Ctrl-C, replaced when they die, gone with their parent."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from multiprocessing import active_children
from pathlib import Path
from typing import Any

import pytest
import worker_tasks
from made_shards import shard_of
from processes import all_gone, wait_until
from run_configs import config_of

from pipeline.flow.local import LocalBackend, available_cores
from pipeline.flow.retries import Step, finish_step
from pipeline.tasks.work import Outcome, Task, Work
from pipeline.workers import THREAD_LIMITS


class Notes(list[str]):
    def note(self, text: str) -> None:
        self.append(text)

    def advance(self, counts: Mapping[str, int]) -> None:
        """Another shard is done."""


def run(task: Task, root: Path, *n_documents: int, workers: int = 2) -> tuple[Outcome, Notes]:
    """Do a task to shards of so many documents, each called by its number in its shard."""
    notes, total = Notes(), Outcome()
    backend = LocalBackend(root, workers)
    with backend.computing(config_of()):
        for number, n in enumerate(n_documents):
            step = Step(task, [Work(config_of(), shard_of(n, number))])
            total.add(finish_step(backend, step, notes.note, lambda task, work: str(work.part)))
    return total, notes


def test_every_core_has_a_worker_unless_told_otherwise(tmp_path: Path) -> None:
    assert LocalBackend(tmp_path).n_workers == available_cores() >= 1
    assert LocalBackend(tmp_path, 3).n_workers == 3


def test_a_worker_has_one_thread_and_leaves_signals_to_its_parent(tmp_path: Path) -> None:
    before = dict(os.environ)
    outcome, _ = run(worker_tasks.TELL_ABOUT_PROCESS, tmp_path, 1)
    assert outcome.counts == {"threads": 1, "hears_ctrl_c": 0, "cleans_up_first": 0}
    assert {name: os.environ.get(name) for name in THREAD_LIMITS} == {name: before.get(name) for name in THREAD_LIMITS}
    assert active_children() == []


@pytest.mark.parametrize("task", [worker_tasks.EXIT_AT_BAD, worker_tasks.RAISE_AT_BAD], ids=["exit", "raise"])
def test_only_the_guilty_document_fails_and_all_others_are_done(task: Task, tmp_path: Path) -> None:
    outcome, notes = run(task, tmp_path, 2, 1, 1)
    assert outcome.counts == {"documents": 3}
    assert [failure.name for failure in outcome.failures] == [str(worker_tasks.BAD)]
    what = "exit code 7" if task is worker_tasks.EXIT_AT_BAD else "ZeroDivisionError: a bug"
    assert what in outcome.failures[0].reason
    assert "Traceback" in outcome.failures[0].traceback or "ProcessExpired" in outcome.failures[0].traceback
    assert len(notes) == 2  # the shard is tried again, then its documents one by one


def test_a_worker_that_dies_once_is_replaced(tmp_path: Path) -> None:
    outcome, notes = run(worker_tasks.EXIT_ONCE, tmp_path, 1, 1, workers=1)
    assert outcome.counts == {"documents": 2}
    assert outcome.failures == []
    assert len(notes) == 1


def test_work_that_is_given_up_leaves_no_worker(tmp_path: Path) -> None:
    backend = LocalBackend(tmp_path, 2)
    with pytest.raises(KeyboardInterrupt), backend, backend.computing(config_of()):
        backend.submit(worker_tasks.SLEEP, Work(config_of(), shard_of(1)))
        raise KeyboardInterrupt
    assert active_children() == []


def processes_of(
    backend: LocalBackend, n_shards: int, task: Task = worker_tasks.NAME_PROCESS, **config: Any
) -> set[str]:
    """Return the numbers of the processes that have worked, and the devices that they saw."""
    with backend.computing(config_of(**config)):
        works = [Work(config_of(**config), shard_of(1, number)) for number in range(n_shards)]
        outcomes = [future.result() for future in [backend.submit(task, work) for work in works]]
    return {name for outcome in outcomes for name in outcome.counts}


def test_workers_go_on_from_one_pass_to_the_next_where_they_are_kept(tmp_path: Path) -> None:
    before = dict(os.environ)
    with LocalBackend(tmp_path, 1) as backend:
        first = processes_of(backend, n_shards=3)
        assert processes_of(backend, n_shards=2) == first
        assert len(active_children()) == 1
    assert active_children() == []
    assert dict(os.environ) == before
    assert processes_of(backend, n_shards=1) != first
    assert active_children() == []


def test_each_device_has_an_encoding_process_of_its_own_beside_the_cores(tmp_path: Path) -> None:
    labse: dict[str, Any] = {"encode": {"encoder": "labse"}}
    with LocalBackend(tmp_path, 1, n_devices=2) as backend:
        encoders = processes_of(backend, 8, worker_tasks.NAME_ENCODER, **labse)
        others = processes_of(backend, 2, **labse)
    assert {name for name in encoders if name.startswith("device")} == {"device 0", "device 1"}
    assert len([name for name in encoders if name.isdigit()]) == 2
    assert not [name for name in others & encoders if name.isdigit()]


PARENT = """
import sys, time
from pathlib import Path
import worker_tasks
from pipeline.flow.local import LocalBackend
from pipeline.tasks.work import Work
from run_configs import config_of
from made_shards import shard_of

if __name__ == "__main__":
    backend = LocalBackend(Path(sys.argv[1]), 2)
    futures = [backend.submit(worker_tasks.SLEEP, Work(config_of(), shard_of(1, number))) for number in range(2)]
    futures[0].result()
"""


def test_workers_end_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    """A worker that went on alone would hold the cores, and its shard would be worked on twice."""
    (tmp_path / "parent.py").write_text(PARENT)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    parent = subprocess.Popen([sys.executable, tmp_path / "parent.py", tmp_path / "store"], env=environment)
    store = tmp_path / "store"
    try:
        assert wait_until(lambda: len(list(store.glob("*.pid"))) == 2, seconds=60)
    finally:
        parent.kill()
        parent.wait()
    workers = [int(path.stem) for path in store.glob("*.pid")]
    assert wait_until(lambda: all_gone(workers), seconds=5)
