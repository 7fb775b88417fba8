"""Backend: this machine, all its cores. Worker processes are spawned, and never share a thread or a file."""

from __future__ import annotations

import importlib.util
import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, as_completed
from contextlib import contextmanager
from functools import lru_cache
from multiprocessing import get_context, parent_process
from pathlib import Path
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

from pipeline.config import RunConfig
from pipeline.errors import ConfigError
from pipeline.store import Store
from pipeline.tasks import Outcome, Shard, ShardOutcome, Task, encode_shard
from stages.encode.registry import describe

if TYPE_CHECKING:
    from pebble import ProcessPool

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

THREAD_LIMITS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
"""With one thread a process, the bytes are the same whatever the number of workers, and none fights for a core."""


class LocalBackend:
    """Runs tasks in a pool of processes on this machine."""

    min_shard_chars = 1

    def __init__(self, root: Path, workers: int | None = None):
        self.store = Store(root)
        self.n_workers = workers or available_cores()

    def do(
        self,
        task: Callable[Concatenate[Store, Parameters], Result],
        *arguments: Parameters.args,
        **options: Parameters.kwargs,
    ) -> Result:
        """Run one task here and now."""
        return task(self.store, *arguments, **options)

    def map(self, task: Task, config: RunConfig, shards: Sequence[Shard]) -> Iterator[ShardOutcome]:
        """Run a task on every shard and give each outcome as it comes, or what killed its worker."""
        # A model that wants a GPU fills one by itself; without one, its own threads fill the cores.
        alone = task is encode_shard and describe(config.encode).wants_gpu
        n_threads = self.n_workers if alone else 1
        with _environment(dict.fromkeys(THREAD_LIMITS, str(n_threads))):
            pool = _new_pool(1 if alone else min(self.n_workers, len(shards)))
            try:
                with _without_ctrl_c():  # the first one starts the workers
                    futures: dict[Future[Outcome], Shard] = {
                        pool.schedule(_work, (self.store.root, task, config, shard)): shard for shard in shards
                    }
                for future in as_completed(futures):
                    error = future.exception()
                    yield futures[future], error if isinstance(error, Exception) else future.result()
            finally:
                pool.stop()  # type: ignore[no-untyped-call]
                pool.join()


def available_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def require_stages() -> None:
    """Raise ConfigError, with what to install, where only the base is installed, which can't run the stages."""
    if any(importlib.util.find_spec(name) is None for name in ("numba", "numpy", "pebble")):
        raise ConfigError("this installation can only drive Modal; to run here: pip install 'bitext-pipeline[local]'")


def _new_pool(n_workers: int) -> ProcessPool:
    from pebble import ProcessPool

    return ProcessPool(n_workers, initializer=_start_worker, context=get_context("spawn"))


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """Set variables for the processes that are started meanwhile: libraries count the cores when they are loaded."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def _without_ctrl_c() -> Iterator[None]:
    """Start processes that never see Ctrl-C, which a terminal sends to all: the parent ends them."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    from multiprocessing import resource_tracker

    resource_tracker.ensure_running()  # else the first worker would start it, which lets Ctrl-C through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _start_worker() -> None:
    """Let a worker end at once when it is told to, and when its parent is killed: all it leaves are whole files."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _work(root: Path, task: Task, config: RunConfig, shard: Shard) -> Outcome:
    return task(_store(root), config, shard)


@lru_cache(maxsize=1)
def _store(root: Path) -> Store:
    """Return the worker's store: its indices stay in memory from one shard to the next."""
    return Store(root)
