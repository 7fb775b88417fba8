"""Backend: this machine, all its cores. Worker processes are spawned, and never share a thread or a file."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, as_completed
from functools import lru_cache
from pathlib import Path
from typing import Concatenate, ParamSpec, Self, TypeVar

from pipeline.config.run_config import RunConfig
from pipeline.errors import ConfigError
from pipeline.installing import pip_install
from pipeline.store.store import Store
from pipeline.tasks import Outcome, Shard, ShardOutcome, Task, encode_shard
from pipeline.workers import Workers, available_cores
from stages.encode.registry import describe

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


class LocalBackend:
    """Runs tasks in processes on this machine; as a context it keeps them from one stage to the next."""

    min_shard_chars = 1

    def __init__(self, root: Path, workers: int | None = None):
        self.store = Store(root)
        self.n_workers = workers or available_cores()
        self._workers: Workers | None = None
        self._keeps_workers = False

    def __enter__(self) -> Self:
        self._keeps_workers = True
        return self

    def __exit__(self, *_: object) -> None:
        self._keeps_workers = False
        self._end_workers()

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
        n_processes, n_threads = (1, self.n_workers) if alone else (min(self.n_workers, len(shards)), 1)
        workers = self._fit_workers(n_processes, n_threads)
        is_done = False
        try:
            futures: dict[Future[Outcome], Shard] = {
                workers.schedule(_work, self.store.root, task, config, shard): shard for shard in shards
            }
            for future in as_completed(futures):
                error = future.exception()
                yield futures[future], error if isinstance(error, Exception) else future.result()
            is_done = True
        finally:
            if not (is_done and self._keeps_workers):
                self._end_workers()

    def _fit_workers(self, n_processes: int, n_threads: int) -> Workers:
        if self._workers is None or not self._workers.can_take(n_processes, n_threads):
            self._end_workers()
            self._workers = Workers(n_processes, n_threads)
        return self._workers

    def _end_workers(self) -> None:
        workers, self._workers = self._workers, None
        if workers is not None:
            workers.close()


def require_stages() -> None:
    """Raise ConfigError, with what to install, where only the base is installed, which can't run the stages."""
    if any(importlib.util.find_spec(name) is None for name in ("numba", "numpy", "pebble")):
        raise ConfigError(f"this installation can only drive Modal; to run here: {pip_install('local')}")


def _work(root: Path, task: Task, config: RunConfig, shard: Shard) -> Outcome:
    return task(_store(root), config, shard)


@lru_cache(maxsize=1)
def _store(root: Path) -> Store:
    """Return the worker's store: its indices stay in memory from one shard to the next."""
    return Store(root)
