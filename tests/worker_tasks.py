"""Tasks that misbehave as real ones may; worker processes import this module, so it loads nothing else."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from pipeline.config.run_config import RunConfig
from pipeline.store.store import Store
from pipeline.tasks import Outcome, Shard


def _each(shard: Shard) -> Outcome:
    outcome = Outcome()
    outcome.counts.update(documents=len(shard.items))
    return outcome


def count(store: Store, config: RunConfig, shard: Shard) -> Outcome:
    """Do as a task should."""
    return _each(shard)


def exit_at_bad(store: Store, config: RunConfig, shard: Shard) -> Outcome:
    """End the process in the middle of a shard that holds a document called bad."""
    if any(document.path == "bad" for document in shard.documents):
        os._exit(7)
    return _each(shard)


def exit_once(store: Store, config: RunConfig, shard: Shard) -> Outcome:
    """End the process the first time only."""
    try:
        (store.root / "died").touch(exist_ok=False)
    except FileExistsError:
        return _each(shard)
    os._exit(1)


def raise_at_bad(store: Store, config: RunConfig, shard: Shard) -> Outcome:
    """Fail outside of what isolates a document."""
    if any(document.path == "bad" for document in shard.documents):
        raise ZeroDivisionError("a bug")
    return _each(shard)


def tell_about_process(store: Store, config: RunConfig, shard: Shard) -> Outcome:
    """Count the threads that libraries would use, and say what Ctrl-C and a terminal do to this process."""
    import numpy  # noqa: F401 (it reads the environment when it is loaded, as early as anything)
    import threadpoolctl

    outcome = Outcome()
    outcome.counts["threads"] = max(pool["num_threads"] for pool in threadpoolctl.threadpool_info())
    outcome.counts["hears_ctrl_c"] = int(signal.getsignal(signal.SIGINT) is not signal.SIG_IGN)
    outcome.counts["cleans_up_first"] = int(signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL)
    return outcome


def name_process(store: Store, config: RunConfig, shard: Shard) -> Outcome:
    """Count the process, by its number."""
    outcome = Outcome()
    outcome.counts[str(os.getpid())] = 1
    return outcome


def sleep(store: Store, config: RunConfig, shard: Shard) -> Outcome:
    """Work for a long time, and leave the number of the process."""
    store.root.mkdir(parents=True, exist_ok=True)
    Path(store.root / f"{os.getpid()}.pid").touch()
    time.sleep(600)
    return _each(shard)
