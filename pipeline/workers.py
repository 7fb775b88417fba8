"""Worker processes: spawned, with as many threads as they may have, deaf to Ctrl-C, and gone with their parent.

Each has a pipe of its own and shares nothing with the others, so that no moment is a bad one to be killed at: a worker
that dies takes down the call that it is at, and another takes its place. (Pools whose workers share a queue hang or
break where one dies idle, or ends with exit code 0.)
"""

from __future__ import annotations

import os
import pickle
import signal
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait
from queue import Empty, SimpleQueue
from typing import Any

THREAD_LIMITS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
"""With one thread a process, the bytes are the same whatever the number of workers, and none fights for a core."""

MOST_STARTS = 3
"""A call that its worker has not begun when it dies is not to blame, and gets another; but not for ever."""

LOOK_SECONDS = 0.2
"""How often an idle worker that is to be ready is looked after."""

LONGEST_PAUSE_SECONDS = 5.0
"""Between attempts to start one that doesn't start."""

DEATH_SECONDS = 1.0
"""For a process to end whose pipe is closed."""

_STARTING = threading.Lock()
"""While a process is started, the environment is that of the worker."""

GetReady = Callable[[], object]


def available_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class WorkerDied(Exception):  # noqa: N818 - it says what happened
    """A worker ended in the midst of a call: it was killed, ran out of memory, or ended by itself."""

    def __init__(self, exitcode: int | None):
        super().__init__(f"a worker died with exit code {exitcode}")
        self.exitcode = exitcode


class RemoteTraceback(Exception):  # noqa: N818 - the cause of an error from another process
    """Where in its process an error was raised, as text."""

    def __str__(self) -> str:
        return f'\n"""\n{self.args[0]}"""'


class Worker:
    """One process, started at the first call, and anew at the next one after it has died; for one thread at a time.

    Only `give_up` and `close` may be called from another thread.
    """

    def __init__(
        self, n_threads: int = 1, get_ready: GetReady | None = None, environment: Mapping[str, str] | None = None
    ):
        self._environment = {**dict.fromkeys(THREAD_LIMITS, str(n_threads)), **(environment or {})}
        self._get_ready = get_ready
        self._process: Any = None
        self._pipe: Connection | None = None
        self._is_given_up = self._is_closed = False
        self._is_ready = False

    @property
    def is_ready(self) -> bool:
        """Say whether the process lives, and has been ready for work."""
        return self._is_ready and self._is_alive

    @property
    def _is_alive(self) -> bool:
        process = self._process
        with suppress(ValueError, OSError):  # another thread ends it
            return process is not None and not wait([process.sentinel], 0)
        return False

    def start(self) -> None:
        """Start the process, and wait until it is ready; raises what `get_ready` raised, or WorkerDied."""
        self.end()
        context = get_context("spawn")
        self._pipe, other = context.Pipe()
        process = context.Process(target=_work, args=(other, self._get_ready), daemon=True)
        with _STARTING, _without_ctrl_c(), _environment(self._environment):
            process.start()
        self._process = process
        other.close()
        if self._is_closed:
            raise self._death()
        self._receive(None)
        self._is_ready = True

    def call(self, function: Callable[..., Any], *arguments: Any, seconds: float | None = None) -> Any:
        """Return what a function returns; raises what it raises, WorkerDied, or TimeoutError after so many seconds."""
        self._begin(False, function, arguments)
        return self._receive(seconds)[0]

    def stream(self, function: Callable[..., Any], *arguments: Any, seconds: float | None = None) -> Iterator[Any]:
        """Give what a function gives one by one; `seconds` is for each."""
        self._begin(True, function, arguments)
        is_whole = False
        try:
            while found := self._receive(seconds):
                yield found[0]
            is_whole = True
        finally:
            if not is_whole:
                self.end()

    def give_up(self) -> None:
        """Have the call end that the process is at."""
        self._is_given_up = True
        with suppress(ValueError):  # its own thread ends it
            if (process := self._process) is not None:
                process.kill()

    def take_up(self) -> None:
        """Take the next call."""
        self._is_given_up = False

    def close(self) -> None:
        """End the process, and start no other."""
        self._is_closed = True
        self.give_up()

    def end(self) -> None:
        """End the process, and wait for it."""
        self._is_ready = False
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.join()
            process.close()
        if self._pipe is not None:
            self._pipe.close()
            self._pipe = None

    def _begin(self, *task: Any) -> None:
        """Have a process begin a task; one that dies before is replaced."""
        data = pickle.dumps(task)  # what can't be pickled is the caller's fault, not the worker's
        for n_left in reversed(range(MOST_STARTS)):
            try:
                if not self._is_alive:
                    self.start()
                self._send(data)
                self._receive(None)
            except WorkerDied:
                if not n_left or self._is_given_up:
                    raise
            else:
                return

    def _send(self, data: bytes) -> None:
        if self._pipe is None or self._is_given_up:
            raise self._death()
        try:
            self._pipe.send_bytes(data)
        except ConnectionError:  # it is dying, and may still look alive
            raise self._death() from None

    def _receive(self, seconds: float | None) -> tuple[Any, ...]:
        """Return what comes through the pipe next: (value,), or () at the end of a stream."""
        pipe = self._pipe
        if pipe is None:
            raise WorkerDied(None)
        if not wait([pipe, self._process.sentinel], seconds):
            self.end()
            raise TimeoutError
        try:
            is_error, *found = pipe.recv()
        except (EOFError, OSError):
            raise self._death() from None
        if is_error:
            error, text = found
            error.traceback, error.__cause__ = text, RemoteTraceback(text)
            raise error
        return tuple(found)

    def _death(self) -> WorkerDied:
        """End what is left of a process, and say how it ended."""
        exitcode = None
        if self._process is not None:
            self._process.join(DEATH_SECONDS)
            exitcode = self._process.exitcode
        self.end()
        return WorkerDied(exitcode)


class Call(Future[Any]):
    """What a call will return; cancelling it ends the process that is at it."""

    def __init__(self, function: Callable[..., Any], arguments: tuple[Any, ...]):
        super().__init__()
        self._function, self._arguments = function, arguments
        self._lock = threading.Lock()
        self._worker: Worker | None = None

    def cancel(self) -> bool:
        """Have it end without a result, soon."""
        with self._lock:
            if self._worker is not None:
                self._worker.give_up()
        return super().cancel()

    def run(self, worker: Worker, seconds: float | None) -> None:
        """Have a worker do it."""
        if not self.set_running_or_notify_cancel():
            return
        try:
            with self._lent(worker):
                result = worker.call(self._function, *self._arguments, seconds=seconds)
        except Exception as error:  # noqa: BLE001 - whoever has scheduled it is told
            self.set_exception(error)
        else:
            self.set_result(result)

    @contextmanager
    def _lent(self, worker: Worker) -> Iterator[None]:
        worker.take_up()
        with self._lock:
            self._worker = worker
        try:
            yield
        finally:
            with self._lock:
                self._worker = None


class Workers:
    """A pool of processes; a call that takes longer than `max_seconds` is ended with TimeoutError.

    With `get_ready` they start at once, call it before any work, and are replaced when they die; without it each starts
    with its first work.
    """

    def __init__(
        self,
        n_processes: int,
        n_threads: int,
        get_ready: GetReady | None = None,
        max_seconds: float | None = None,
        environment: Mapping[str, str] | None = None,
    ):
        self.n_processes, self.n_threads = n_processes, n_threads
        self._is_kept_ready, self._max_seconds = get_ready is not None, max_seconds
        self._calls: SimpleQueue[Call | None] = SimpleQueue()
        self._is_closed = False
        self._workers = [Worker(n_threads, get_ready, environment) for _ in range(n_processes)]
        self._threads = [threading.Thread(target=self._serve, args=(one,), daemon=True) for one in self._workers]
        for thread in self._threads:
            thread.start()

    @property
    def n_ready(self) -> int:
        """Return how many processes are there and ready."""
        return sum(worker.is_ready for worker in self._workers)

    def schedule(self, function: Callable[..., Any], *arguments: Any) -> Call:
        """Have a function run in whichever process is free next."""
        call = Call(function, arguments)
        self._calls.put(call)
        return call

    def close(self) -> None:
        """End all workers, now."""
        self._is_closed = True
        for worker in self._workers:
            worker.close()
            self._calls.put(None)
        for thread in self._threads:
            thread.join()
        while not self._calls.empty():
            if (call := self._calls.get()) is not None:
                call.cancel()

    def _serve(self, worker: Worker) -> None:
        """Give one worker its work, from a thread of its own."""
        pause = LOOK_SECONDS
        while not self._is_closed:
            if self._is_kept_ready and not worker.is_ready:
                pause = LOOK_SECONDS if _can_start(worker) else min(2 * pause, LONGEST_PAUSE_SECONDS)
            try:
                call = self._calls.get(timeout=pause if self._is_kept_ready else None)
            except Empty:
                continue
            if call is not None:
                call.run(worker, self._max_seconds)
        worker.end()


def _can_start(worker: Worker) -> bool:
    try:
        worker.start()
    except Exception:  # noqa: BLE001 - the next call meets the same, and whoever has scheduled it is told
        return False
    return True


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


# ---- within a worker


_IS_RETIRING = threading.Event()


def retire() -> None:
    """Let this worker end after its work: another takes its place."""
    _IS_RETIRING.set()


def _work(pipe: Connection, get_ready: GetReady | None) -> None:
    """Do one task after the other: say that it is begun, do it, send what it gives."""
    _leave_signals_to_parent()
    try:
        if get_ready is not None:
            get_ready()
    except BaseException as error:  # noqa: BLE001 - the parent is told
        _send_error(pipe, error)
        return
    pipe.send((False,))
    while not _IS_RETIRING.is_set():
        try:
            task = pipe.recv_bytes()
        except EOFError:
            return
        pipe.send((False,))
        try:
            is_stream, function, arguments = pickle.loads(task)
            del task
            if is_stream:
                for found in function(*arguments):
                    pipe.send((False, found))
                pipe.send((False,))
            else:
                pipe.send((False, function(*arguments)))
        except Exception as error:  # noqa: BLE001 - whoever has asked is told
            _send_error(pipe, error)


def _send_error(pipe: Connection, error: BaseException) -> None:
    text = "".join(traceback.format_exception(error))
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # noqa: BLE001 - some errors of libraries can't travel
        error = RuntimeError(f"{type(error).__name__}: {error}")
    pipe.send((True, error, text))


def _leave_signals_to_parent() -> None:
    """Let a worker end at once when it is told to, and when its parent is killed: all it leaves are whole files."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
