"""Backend: this machine, all its cores and GPUs. Worker processes are spawned, and never share a thread or a file."""

from __future__ import annotations

import importlib.util
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from functools import lru_cache, partial
from itertools import islice
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from pipeline.config.run_config import RunConfig
from pipeline.corpus.intake import read_corpus
from pipeline.errors import ConfigError, StoreError
from pipeline.flow.shards import AHEAD
from pipeline.installing import pip_install
from pipeline.manifest import Manifest
from pipeline.store.run_store import RunStore
from pipeline.store.store import Store
from pipeline.tasks.export import Exported, export_run
from pipeline.tasks.look import Looked, Said, look
from pipeline.tasks.missing import ShardReviews
from pipeline.tasks.work import ComputingStage, Outcome, Task, Work
from pipeline.workers import Workers, available_cores
from stages.encode.registry import describe

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


class LocalBackend:
    """Runs tasks in processes on this machine; as a context it keeps them from one run to the next.

    n_devices : GPUs, each of which gets an encoding process of its own where the encoder wants one. is_on_volume : the
    store lies on a Modal Volume.
    """

    min_shard_chars = 10_000

    def __init__(
        self, root: Path, workers: int | None = None, n_devices: int | None = None, is_on_volume: bool = False
    ):
        self.store = Store(root)
        self._is_on_volume = is_on_volume
        self.n_workers = workers or available_cores()
        self._n_devices = n_devices
        self._workers: Workers | None = None
        self._encoders: list[_Device] = []
        self._keeps_workers = False
        self._in_use, self._is_held = ExitStack(), False

    def __enter__(self) -> Self:
        self._keeps_workers = True
        self._hold_store()
        return self

    def __exit__(self, *_: object) -> None:
        self._keeps_workers = False
        self._end_workers()
        self._in_use.close()

    def _hold_store(self) -> None:
        """Keep the store from being pruned, once there is one, until the context ends.

        On Modal nobody prunes a store, and a Volume can't be committed while a file of it is open.
        """
        if self._keeps_workers and not self._is_held and not self._is_on_volume and self.store.root.is_dir():
            self._in_use.enter_context(self.store.in_use())
            self._is_held = True

    def do(
        self,
        job: Callable[Concatenate[RunStore, Parameters], Result],
        config: RunConfig,
        *arguments: Parameters.args,
        **options: Parameters.kwargs,
    ) -> Result:
        """Do something here and now."""
        return job(RunStore(self.store, config), *arguments, **options)

    def read_corpus(self, config: RunConfig, limit: int | None, is_fresh: bool = False) -> Manifest:
        """Read a corpus, and keep its manifest and its texts in the store."""
        return read_corpus(RunStore(self.store, config), limit, self.min_shard_chars, is_fresh)

    def look(self, config: RunConfig, limit: int | None, said: Said) -> Looked:
        """Read a corpus, keep nothing, and count what of it is missing."""
        return self.do(look, config, limit, said, self.min_shard_chars)

    def export(self, config: RunConfig, manifest: Manifest, reviews: ShardReviews, folder: Path | None) -> Exported:
        """Write the exports of a run into a folder, or none, and sum it up."""
        return self.do(export_run, config, manifest, reviews, folder, partial(self.spread, config))

    def spread(
        self, config: RunConfig, function: Callable[..., Any], calls: Sequence[tuple[Any, ...]]
    ) -> Iterator[Any]:
        """Call a function with the store and each of some arguments; give what it returns in their order.

        A few calls are made ahead: what they return waits in memory, and adds up to more than a corpus may cost.
        """
        if self.n_workers == 1 or len(calls) <= 1:
            yield from (function(RunStore(self.store, config), *arguments) for arguments in calls)
            return
        with self.computing(config):
            called: deque[Future[Any]] = deque()
            left = iter(calls)
            for call in calls:
                called.extend(
                    self._call(config, function, one) for one in islice(left, AHEAD * self.n_workers - len(called))
                )
                yield self._answer(called.popleft(), config, function, call)

    def _call(self, config: RunConfig, function: Callable[..., Any], call: tuple[Any, ...]) -> Future[Any]:
        if self._workers is None:
            self._workers = Workers(self.n_workers, 1)
        return self._workers.schedule(call_in_worker, self.store.root, config, function, call)

    def _answer(
        self, future: Future[Any], config: RunConfig, function: Callable[..., Any], call: tuple[Any, ...]
    ) -> Any:
        """Return what a call gives; where it has killed its worker, it is tried once more."""
        error = future.exception()
        if getattr(error, "exitcode", None) is not None:
            future = self._call(config, function, call)
            error = future.exception()
        exit_code = getattr(error, "exitcode", None)
        if exit_code is not None:
            raise StoreError(
                f"export: a worker died with exit code {exit_code} (killed, or out of memory?), twice; run again, "
                "perhaps with fewer --workers"
            )
        return future.result()

    def n_workers_for(self, stage: ComputingStage, config: RunConfig) -> int:
        """Return how many parts of shards a stage works on at once."""
        return self.n_devices if stage == "encode" and wants_gpu(config) else self.n_workers

    def shares_workers(self, config: RunConfig) -> bool:
        """Say whether the encode stage has the same workers as the others."""
        return not wants_gpu(config)

    @property
    def n_devices(self) -> int:
        """Return how many encoding processes there are where the encoder wants a GPU: one without any, on all cores."""
        if self._n_devices is None:
            self._n_devices = max(1, count_gpus())
        return self._n_devices

    @contextmanager
    def computing(self, config: RunConfig) -> Iterator[None]:  # noqa: ARG002 (all have the same)
        """Have workers at hand, and end in the end what is still at work."""
        is_done = False
        self._hold_store()
        try:
            yield
            is_done = True
        finally:
            if not (is_done and self._keeps_workers):
                self._end_workers()

    def submit(self, task: Task, work: Work) -> Future[Outcome]:
        """Have a task done to a part of a shard; the future raises what killed its worker."""
        if task.machine == "encode" and wants_gpu(work.config):
            return self._idlest_device().schedule(self.store.root, task, work)
        if self._workers is None:
            self._workers = Workers(self.n_workers, 1)
        return self._workers.schedule(do_work, self.store.root, task, work)

    def expect_to_align(self, config: RunConfig) -> None:
        """Do nothing: the first worker that aligns compiles, and others wait for it."""

    def check(self) -> None:
        """Agree: nobody pays for this machine by the second."""

    def _idlest_device(self) -> _Device:
        """Return the GPU with the least to do; a model without one fills the cores with its own threads."""
        if not self._encoders:
            self._encoders = [_Device(number, self.n_devices, self.n_workers) for number in range(self.n_devices)]
        return min(self._encoders, key=lambda device: device.n_at_work)

    def _end_workers(self) -> None:
        for workers in (self._workers, *(device.workers for device in self._encoders)):
            if workers is not None:
                workers.close()
        self._workers, self._encoders = None, []


class _Device:
    """A GPU, and the one process that encodes on it: it sees no other."""

    def __init__(self, number: int, n_devices: int, n_threads: int):
        named = os.environ.get("CUDA_VISIBLE_DEVICES")
        devices = named.split(",") if named else [str(one) for one in range(n_devices)]
        environment = {"CUDA_VISIBLE_DEVICES": devices[number]} if n_devices > 1 else None
        self.workers = Workers(1, n_threads, environment=environment)
        self._calls: list[Future[Outcome]] = []

    @property
    def n_at_work(self) -> int:
        self._calls = [call for call in self._calls if not call.done()]
        return len(self._calls)

    def schedule(self, root: Path, task: Task, work: Work) -> Future[Outcome]:
        call: Future[Outcome] = self.workers.schedule(do_work, root, task, work)
        self._calls.append(call)
        return call


def wants_gpu(config: RunConfig) -> bool:
    """Say whether the encoder of a run fills a GPU by itself."""
    return describe(config.encode).wants_gpu


def require_stages() -> None:
    """Raise ConfigError, with what to install, where only the base is installed, which can't run the stages."""
    if any(importlib.util.find_spec(name) is None for name in ("numba", "numpy", "pebble")):
        raise ConfigError(f"this installation can only drive Modal; to run here: {pip_install('local')}")


def count_gpus() -> int:
    """Return how many GPUs encoding may use here, without loading a library that would hold one."""
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    if named is not None:
        return len([one for one in named.split(",") if one.strip() not in ("", "-1")])
    return len(list(Path("/proc/driver/nvidia/gpus").glob("*")))


def call_in_worker(root: Path, config: RunConfig, function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    """Call a function with the store, in a worker."""
    return function(RunStore(_store(root), config), *arguments)


def do_work(root: Path, task: Task, work: Work) -> Outcome:
    """Do a task in a worker."""
    return task(RunStore(_store(root), work.config), work)


@lru_cache(maxsize=1)
def _store(root: Path) -> Store:
    """Return the worker's store: its indices stay in memory from one shard to the next."""
    return Store(root)
