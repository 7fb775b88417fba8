"""Worker processes on this machine: one thread each, deaf to Ctrl-C, replaced when they die, gone with their parent."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from multiprocessing import active_children
from pathlib import Path

import pytest
import worker_tasks
from processes import all_gone, wait_until
from test_config import config_of
from test_shards import shard_of

from pipeline.flow.local import LocalBackend, available_cores
from pipeline.flow.shards import run_shards
from pipeline.tasks import Outcome, Task
from pipeline.workers import THREAD_LIMITS


class Notes(list[str]):
    def note(self, text: str) -> None:
        self.append(text)

    def advance(self, counts: Mapping[str, int]) -> None:
        """Another shard is done."""


def run(task: Task, root: Path, *shards: tuple[str, ...], workers: int = 2) -> tuple[Outcome, Notes]:
    notes = Notes()
    backend = LocalBackend(root, workers)
    return run_shards(backend, "split", task, config_of(), [shard_of(*names) for names in shards], notes), notes


def test_every_core_has_a_worker_unless_told_otherwise(tmp_path: Path) -> None:
    assert LocalBackend(tmp_path).n_workers == available_cores() >= 1
    assert LocalBackend(tmp_path, 3).n_workers == 3


def test_a_worker_has_one_thread_and_leaves_signals_to_its_parent(tmp_path: Path) -> None:
    before = dict(os.environ)
    outcome, _ = run(worker_tasks.tell_about_process, tmp_path, ("a",))
    assert outcome.counts == {"threads": 1, "hears_ctrl_c": 0, "cleans_up_first": 0}
    assert {name: os.environ.get(name) for name in THREAD_LIMITS} == {name: before.get(name) for name in THREAD_LIMITS}
    assert active_children() == []


@pytest.mark.parametrize("task", [worker_tasks.exit_at_bad, worker_tasks.raise_at_bad])
def test_only_the_guilty_document_fails_and_all_others_are_done(task: Task, tmp_path: Path) -> None:
    outcome, notes = run(task, tmp_path, ("a", "bad"), ("b",), ("c",))
    assert outcome.counts == {"documents": 3}
    assert [failure.name for failure in outcome.failures] == ["bad"]
    what = {"exit_at_bad": "exit code 7", "raise_at_bad": "ZeroDivisionError: a bug"}
    assert what[task.__name__] in outcome.failures[0].reason
    assert "Traceback" in outcome.failures[0].traceback or "ProcessExpired" in outcome.failures[0].traceback
    assert len(notes) == 2  # the shard is tried again, then its documents one by one


def test_a_worker_that_dies_once_is_replaced(tmp_path: Path) -> None:
    outcome, notes = run(worker_tasks.exit_once, tmp_path, ("a",), ("b",), workers=1)
    assert outcome.counts == {"documents": 2}
    assert outcome.failures == []
    assert len(notes) == 1


def test_a_map_that_is_given_up_leaves_no_worker(tmp_path: Path) -> None:
    outcomes = LocalBackend(tmp_path, 2).map(worker_tasks.count, config_of(), [shard_of("a"), shard_of("b")])
    next(outcomes)
    outcomes.close()  # type: ignore[attr-defined]
    assert active_children() == []


def processes_of(backend: LocalBackend, n_shards: int) -> set[str]:
    shards = [shard_of(str(number)) for number in range(n_shards)]
    outcomes = [outcome for _, outcome in backend.map(worker_tasks.name_process, config_of(), shards)]
    return {pid for outcome in outcomes if isinstance(outcome, Outcome) for pid in outcome.counts}


def test_workers_go_on_from_one_stage_to_the_next_where_they_are_kept(tmp_path: Path) -> None:
    before = dict(os.environ)
    with LocalBackend(tmp_path, 1) as backend:
        first = processes_of(backend, n_shards=3)
        assert processes_of(backend, n_shards=2) == first
        assert len(active_children()) == len(first) == 1
    assert active_children() == []
    assert dict(os.environ) == before
    assert processes_of(backend, n_shards=1) != first
    assert active_children() == []


PARENT = """
import sys
from pathlib import Path
import worker_tasks
from pipeline.flow.local import LocalBackend
from test_config import config_of
from test_shards import shard_of

if __name__ == "__main__":
    list(LocalBackend(Path(sys.argv[1]), 2).map(worker_tasks.sleep, config_of(), [shard_of("a"), shard_of("b")]))
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
