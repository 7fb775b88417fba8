"""Tasks that misbehave as real ones may; worker processes import this module, so it loads nothing else."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from pipeline.store.run_store import RunStore
from pipeline.tasks.work import Outcome, Task, Work

BAD = 1
"""The number of the document that is bad, in a shard that holds one: shards are numbered by how many they hold."""


def _items(work: Work) -> list[int]:
    """Return the numbers of the documents in a part of a shard, which are dealt in turn."""
    return [item for item in range(work.shard.n_documents) if item % work.n_parts == work.part]


def _is_bad(work: Work) -> bool:
    return work.shard.number == 0 and BAD in _items(work)


def _count(store: RunStore, work: Work, outcome: Outcome) -> None:
    """Do as a task should."""
    outcome.counts.update(documents=len(_items(work)))


def _exit_at_bad(store: RunStore, work: Work, outcome: Outcome) -> None:
    """End the process in the middle of a part that holds the bad document."""
    if _is_bad(work):
        os._exit(7)
    _count(store, work, outcome)


def _raise_at_bad(store: RunStore, work: Work, outcome: Outcome) -> None:
    """Fail outside of what isolates a document."""
    if _is_bad(work):
        raise ZeroDivisionError("a bug")
    _count(store, work, outcome)


def _exit_once(store: RunStore, work: Work, outcome: Outcome) -> None:
    """End the process the first time only."""
    try:
        (store.store.root / "died").touch(exist_ok=False)
    except FileExistsError:
        _count(store, work, outcome)
    else:
        os._exit(1)


def _tell_about_process(store: RunStore, work: Work, outcome: Outcome) -> None:
    """Count the threads that libraries would use, and say what Ctrl-C and a terminal do to this process."""
    import numpy  # noqa: F401 (it reads the environment when it is loaded, as early as anything)
    import threadpoolctl

    outcome.counts["threads"] = max(pool["num_threads"] for pool in threadpoolctl.threadpool_info())
    outcome.counts["hears_ctrl_c"] = int(signal.getsignal(signal.SIGINT) is not signal.SIG_IGN)
    outcome.counts["cleans_up_first"] = int(signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL)


def _name_process(store: RunStore, work: Work, outcome: Outcome) -> None:
    """Count the process, by its number, and by the GPU that it sees."""
    outcome.counts[str(os.getpid())] = 1
    outcome.counts[f"device {os.environ.get('CUDA_VISIBLE_DEVICES')}"] = 1
    time.sleep(0.3)  # so that another has the next


def _sleep(store: RunStore, work: Work, outcome: Outcome) -> None:
    """Work for a long time, and leave the number of the process."""
    store.store.root.mkdir(parents=True, exist_ok=True)
    Path(store.store.root / f"{os.getpid()}.pid").touch()
    time.sleep(600)


COUNT, EXIT_AT_BAD, EXIT_ONCE, RAISE_AT_BAD, TELL_ABOUT_PROCESS, NAME_PROCESS, SLEEP = (
    Task(do.__name__, "split", "split", "split", "documents", do)
    for do in (_count, _exit_at_bad, _exit_once, _raise_at_bad, _tell_about_process, _name_process, _sleep)
)
NAME_ENCODER = Task("name_encoder", "encode", "encode", "encode", "documents", _name_process)
