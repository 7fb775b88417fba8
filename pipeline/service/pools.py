"""Pools that compute requests: in processes with an encoder each, or in threads that share one.

NumPy's and numba's work holds Python's lock, so an encoder without a GPU gets a process for each core, and one that
takes too long can be ended. A model on a GPU is loaded once: threads share it, their texts are encoded together,
and one that takes too long keeps its place until it is done.
"""

from __future__ import annotations

from collections.abc import Callable, MutableSequence
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from multiprocessing.sharedctypes import RawArray
from typing import TYPE_CHECKING, Any, Protocol

from pipeline.service.config import ServeConfig
from pipeline.tasks.encode import get_encoder
from pipeline.workers import Workers, available_cores
from stages.encode.config import EncodeConfig

if TYPE_CHECKING:
    from pipeline.service.worker import Worker

CLOSE_SECONDS = 1.0
"""For threads to end."""


class Pool(Protocol):
    """Computes so many requests at once; `progress[slot]` is how many characters one has had encoded.

    There is one slot more, for those whose progress nobody asks for.
    """

    n_slots: int
    progress: MutableSequence[int]

    @property
    def n_ready(self) -> int:
        """Return how many requests could be worked on now: fewer than slots while a process is replaced."""

    def submit(self, method: str, slot: int, *arguments: Any) -> Future[Any]:
        """Have a method of a worker called; cancelling it ends a process, and does nothing to a thread."""

    def close(self) -> None:
        """End at once."""


def make_pool(config: ServeConfig, observe: Callable[[int], None] = lambda _: None) -> Pool:
    """Return the pool that fits the encoder; loads a model that is shared. `observe` is told the size of batches.

    Raises ConfigError if the encoder can't be had.
    """
    if config.wants_gpu:
        return ThreadPool(config, observe)
    return ProcessPool(config)


class ProcessPool:
    """Processes with an encoder each; whichever dies is replaced."""

    def __init__(self, config: ServeConfig):
        self.n_slots = config.workers or available_cores()
        self.progress: MutableSequence[int] = RawArray("q", self.n_slots + 1)
        self._workers = Workers(self.n_slots, 1, partial(_start, config.encode, self.progress))

    @property
    def n_ready(self) -> int:
        """Return how many processes are there, with their encoders loaded."""
        return self._workers.n_ready

    def submit(self, method: str, slot: int, *arguments: Any) -> Future[Any]:
        """Have a method called in whichever process is free."""
        self.progress[slot] = 0
        return self._workers.schedule(_call, method, slot, *arguments)

    def close(self) -> None:
        """End all processes, whatever they do."""
        self._workers.close()


class ThreadPool:
    """Threads that share an encoder."""

    def __init__(self, config: ServeConfig, observe: Callable[[int], None]):
        from pebble import ThreadPool as Threads

        from pipeline.service.batching import BatchingEncoder
        from pipeline.service.worker import Worker

        self.n_slots = config.workers or config.deploy.concurrent
        self.progress: MutableSequence[int] = [0] * (self.n_slots + 1)
        self._encoder = BatchingEncoder(get_encoder(config.encode), config.batch_texts, observe)
        self._worker = Worker(self._encoder, self.progress)
        self._worker.warm_up()
        self._threads = Threads(self.n_slots)

    @property
    def n_ready(self) -> int:
        """All threads: none of them dies alone."""
        return self.n_slots

    def submit(self, method: str, slot: int, *arguments: Any) -> Future[Any]:
        """Have a method called in a thread."""
        self.progress[slot] = 0
        return self._threads.schedule(getattr(self._worker, method), (slot, *arguments))

    def close(self) -> None:
        """Begin no more work; a thread that is at some ends with the process, which doesn't wait for it."""
        self._threads.stop()  # type: ignore[no-untyped-call]
        with suppress(TimeoutError):
            self._threads.join(CLOSE_SECONDS)
            self._encoder.close()


_WORKER: list[Worker] = []
"""The worker of this process, once it has started."""


def _start(config: EncodeConfig, progress: MutableSequence[int]) -> None:
    from pipeline.service.worker import Worker

    worker = Worker(get_encoder(config), progress)
    worker.warm_up()
    _WORKER.append(worker)


def _call(method: str, slot: int, *arguments: Any) -> Any:
    return getattr(_WORKER[0], method)(slot, *arguments)
