"""Worker processes: spawned, with as many threads as they may have, deaf to Ctrl-C, and gone with their parent."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from multiprocessing import get_context, parent_process
from typing import Any

THREAD_LIMITS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
"""With one thread a process, the bytes are the same whatever the number of workers, and none fights for a core."""


class Workers:
    """A pool of processes, started when the first work is scheduled; each calls `get_ready` before any work."""

    def __init__(self, n_processes: int, n_threads: int, get_ready: Callable[[], object] | None = None):
        from pebble import ProcessPool

        self.n_processes, self.n_threads = n_processes, n_threads
        self._until_closed = ExitStack()
        self._until_closed.enter_context(_environment(dict.fromkeys(THREAD_LIMITS, str(n_threads))))
        self._pool = ProcessPool(
            n_processes, initializer=_start_worker, initargs=(get_ready,), context=get_context("spawn")
        )

    def can_take(self, n_processes: int, n_threads: int) -> bool:
        """Say whether these workers are fit for work that wants so many processes of so many threads."""
        return self._pool.active and self.n_processes >= n_processes and self.n_threads == n_threads

    def schedule(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Have a function run."""
        with _without_ctrl_c():  # the first one starts the workers
            return self._pool.schedule(function, arguments)

    def close(self) -> None:
        """End all workers, now."""
        self._pool.stop()  # type: ignore[no-untyped-call]
        self._pool.join()
        self._until_closed.close()


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


def _start_worker(get_ready: Callable[[], object] | None) -> None:
    """Let a worker end at once when it is told to, and when its parent is killed: all it leaves are whole files."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if get_ready is not None:
        get_ready()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
