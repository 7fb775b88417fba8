"""Workers as processes: whatever one does, the others and the pool go on."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from multiprocessing import Pipe
from pathlib import Path

import pytest
from processes import all_gone, wait_until

from pipeline.workers import Worker, WorkerDied, Workers, retire


def get_ready() -> None:
    """Have nothing to load."""


def pid() -> int:
    return os.getpid()


def sleep(seconds: float) -> int:
    time.sleep(seconds)
    return os.getpid()


def leave(exitcode: int) -> None:
    os._exit(exitcode)


def die_of(number: int) -> None:
    os.kill(os.getpid(), number)


def fail(text: str) -> None:
    raise ValueError(text)


def retire_after() -> int:
    retire()
    return os.getpid()


def count(n: int) -> Iterator[int]:
    yield from range(n)


def die_after(n: int) -> Iterator[int]:
    yield from range(n)
    os._exit(0)


@pytest.fixture
def workers() -> Iterator[Workers]:
    pool = Workers(2, 1, get_ready)
    yield pool
    pool.close()


@pytest.mark.parametrize("exitcode", [0, 1, 7])
def test_a_worker_that_ends_by_itself_fails_its_call_and_no_other(workers: Workers, exitcode: int) -> None:
    calls = [workers.schedule(leave, exitcode) if number == 3 else workers.schedule(pid) for number in range(8)]
    with pytest.raises(WorkerDied) as died:
        calls.pop(3).result(60)
    assert died.value.exitcode == exitcode
    assert all(call.result(60) for call in calls)


def test_an_idle_worker_that_is_killed_is_replaced_and_nobody_notices(workers: Workers) -> None:
    assert wait_until(lambda: workers.n_ready == 2, 60)
    for _ in range(5):
        killed = workers.schedule(pid).result(60)
        os.kill(killed, signal.SIGKILL)
        assert all(call.result(60) != killed for call in [workers.schedule(pid) for _ in range(10)])
    assert wait_until(lambda: workers.n_ready == 2, 60)


def test_a_process_that_is_dying_and_looks_alive_is_replaced() -> None:
    """Its end of the pipe is closed a moment before it is gone: a busy machine saw a call fail with BrokenPipeError."""
    worker = Worker()
    first = worker.call(pid)
    assert worker._pipe is not None
    worker._pipe.close()
    worker._pipe, other = Pipe()
    other.close()
    try:
        assert worker.call(pid) != first
    finally:
        worker.end()


def test_a_pool_says_how_many_are_ready(workers: Workers) -> None:
    assert wait_until(lambda: workers.n_ready == 2, 60)
    call = workers.schedule(die_of, signal.SIGSTOP)
    stopped = workers.schedule(sleep, 0.5).result(60)
    os.kill(stopped, signal.SIGKILL)
    assert wait_until(lambda: workers.n_ready < 2, 60)
    call.cancel()
    assert wait_until(lambda: workers.n_ready == 2, 60)


def test_a_call_that_is_cancelled_ends_its_process_only(workers: Workers) -> None:
    long = workers.schedule(sleep, 600)
    assert wait_until(long.running, 60)
    pids = {workers.schedule(pid).result(60) for _ in range(5)}
    long.cancel()
    with pytest.raises(WorkerDied):
        long.result(60)
    assert len(pids) == 1
    assert workers.schedule(pid).result(60)


def test_what_waits_and_is_cancelled_is_never_begun() -> None:
    pool = Workers(1, 1)
    long, waits = pool.schedule(sleep, 600), pool.schedule(leave, 1)
    assert waits.cancel()
    long.cancel()
    assert pool.schedule(pid).result(60)
    pool.close()


def test_a_call_that_takes_too_long_is_ended() -> None:
    pool = Workers(1, 1, max_seconds=0.2)
    with pytest.raises(TimeoutError):
        pool.schedule(sleep, 600).result(60)
    pool.close()


def test_an_error_travels_with_its_traceback(workers: Workers) -> None:
    with pytest.raises(ValueError, match="bad") as raised:
        workers.schedule(fail, "bad").result(60)
    assert "in fail" in str(raised.value.__cause__)


def test_a_worker_that_retires_has_done_its_work() -> None:
    pool = Workers(1, 1)
    pids = [pool.schedule(retire_after).result(60) for _ in range(3)]
    assert len(set(pids)) == 3
    pool.close()
    assert all_gone(pids)


def test_a_stream_gives_one_after_the_other_and_tells_of_a_death() -> None:
    worker = Worker()
    assert list(worker.stream(count, 3)) == [0, 1, 2]
    stream = worker.stream(die_after, 2)
    assert [next(stream), next(stream)] == [0, 1]
    with pytest.raises(WorkerDied):
        next(stream)
    assert next(worker.stream(count, 10**9)) == 0, "what nobody listens to any more is ended"
    assert worker.call(pid) != os.getpid()
    worker.end()


def test_closing_waits_for_nothing(tmp_path: Path) -> None:
    pool = Workers(2, 1)
    calls = [pool.schedule(sleep, 600) for _ in range(4)]
    assert wait_until(calls[0].running, 60)
    closing = threading.Thread(target=pool.close)
    closing.start()
    closing.join(30)
    assert not closing.is_alive()
    assert all(call.done() for call in calls)


def test_an_initialiser_that_fails_is_told_to_whoever_schedules() -> None:
    pool = Workers(1, 1, never_ready)
    with pytest.raises(ValueError, match="no model"):
        pool.schedule(pid).result(60)
    assert pool.n_ready == 0
    pool.close()


def never_ready() -> None:
    raise ValueError("no model")
