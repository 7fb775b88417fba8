"""What the service does when its workers are killed, and when its clients mean harm.

python tests/test_service_attacked.py 30        kills workers for so many seconds beside eight clients, and 1,100 slow
                                                connections after that; tells what these had
"""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx2
import pytest
from live_service import CONFIG, live_service
from processes import children_of, command_of, wait_until
from pydantic import ValidationError

from pipeline.service.config import LimitsConfig, ServeConfig
from pipeline.service.pools import ProcessPool
from pipeline.service.problems import Refused, from_validation
from pipeline.service.wire import AlignRequest
from pipeline.service.worker import _check_size

PAIR = {"source": "One. Two.", "target": "Eins. Zwei.", "source_language": "en", "target_language": "de"}
SMALL = LimitsConfig(header_seconds=1, connections=40)


class Answers:
    """Clients that ask, wait for the answer, and ask again; what they had."""

    def __init__(self, client: httpx2.Client, n_clients: int):
        self.statuses: Counter[int | str] = Counter()
        self.seconds: list[float] = []
        self._client, self._is_over = client, threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(n_clients)]

    def __enter__(self) -> Answers:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join(120)
            assert not thread.is_alive(), "a request hangs"

    def _ask(self) -> None:
        while not self._is_over.is_set():
            started = time.monotonic()
            try:
                self.statuses[self._client.post("/v1/align", json=PAIR).status_code] += 1
            except httpx2.TransportError as error:
                self.statuses[type(error).__name__] += 1
            self.seconds.append(time.monotonic() - started)


@contextmanager
def slow_connections(address: tuple[str, int], n: int) -> Iterator[list[socket.socket]]:
    """Open connections that have each sent half a header."""
    sockets = []
    try:
        for _ in range(n):
            one = socket.create_connection(address, timeout=30)
            one.sendall(b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nX-")
            sockets.append(one)
        yield sockets
    finally:
        for one in sockets:
            one.close()


def is_closed(one: socket.socket) -> bool:
    one.settimeout(30)
    try:
        return one.recv(1) == b""
    except ConnectionError:
        return True


@pytest.mark.slow
def test_workers_that_are_killed_idle_or_busy_cost_their_request_only(tmp_path: Path) -> None:
    config = ServeConfig(workers=2)
    with live_service(tmp_path, config, ProcessPool(config)) as live, live.client() as client:
        assert wait_until(lambda: client.get("/health").json()["workers_ready"] == 2, 120)
        for _ in range(3):  # idle
            os.kill(random.choice(children_of_pool(2)), signal.SIGKILL)
            assert client.post("/v1/align", json=PAIR).status_code == 200
        assert wait_until(lambda: client.get("/health").json()["workers_ready"] == 2, 120)
        with Answers(client, 4) as answers:
            for _ in range(3):  # busy
                os.kill(random.choice(children_of_pool(1)), signal.SIGKILL)
                assert wait_until(lambda: client.get("/health").json()["workers_ready"] < 2, 30)
                assert wait_until(lambda: client.get("/health").json()["workers_ready"] == 2, 120)
        assert set(answers.statuses) <= {200, 500}
        assert answers.statuses[500] <= 3 < answers.statuses[200]
        for pid in children_of_pool(2):
            os.kill(pid, signal.SIGKILL)
        assert wait_until(lambda: client.get("/health").json()["status"] == "starting", 30), "it isn't ready"
        assert wait_until(lambda: client.get("/health").status_code == 200, 120)
        assert client.post("/v1/align", json=PAIR).status_code == 200


def children_of_pool(at_least: int) -> list[int]:
    """Return the workers of this process, as soon as there are so many."""
    found: list[int] = []

    def are_there() -> bool:
        found[:] = workers_of(os.getpid())
        return len(found) >= at_least

    assert wait_until(are_there, 120)
    return found


def workers_of(pid: int) -> list[int]:
    """Return the processes that work for one; another of its children keeps account of shared memory."""
    return [one for one in children_of(pid) if "spawn_main" in command_of(one)]


def test_slow_connections_make_room_and_are_closed_in_time(tmp_path: Path) -> None:
    with live_service(tmp_path, CONFIG.model_copy(update={"limits": SMALL})) as live, live.client() as client:
        assert client.get("/health").status_code == 200
        with slow_connections(live.address, 3 * SMALL.connections) as slow:
            started = time.monotonic()
            assert all(client.post("/v1/align", json=PAIR).status_code == 200 for _ in range(5))
            with live.client() as another:
                assert another.get("/health").status_code == 200
            assert all(map(is_closed, slow))
            assert time.monotonic() - started < 30


def test_headers_may_come_in_pieces(tmp_path: Path) -> None:
    with (
        live_service(tmp_path, CONFIG.model_copy(update={"limits": SMALL})) as live,
        slow_connections(live.address, 1) as (one,),
    ):
        for _ in range(2):  # the second request is given its own time
            time.sleep(0.6)
            one.sendall(b"A: b\r\n\r\n")
            answer = b""
            while not answer.endswith(b"}"):
                answer += one.recv(1 << 16)
            assert answer.startswith(b"HTTP/1.1 200")
            one.sendall(b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nX-")


@pytest.mark.parametrize(
    ("request_", "problem"),
    [
        ({"source": [1] * 100_000, "target": "x"}, "source.0: it must be a valid string"),
        ({**PAIR, **{f"k{n}": 1 for n in range(100_000)}}, "body: it has 100,004 fields, of which 7 at most are known"),
        ({**PAIR, "options": {f"k{n}": 1 for n in range(100_000)}}, "options: it has 100,000 fields"),
        (
            {**PAIR, "options": {"weights": {"encoded": {f"k{n}": 1 for n in range(100_000)}}}},
            "options: it has 100,000",
        ),
        ({**PAIR, "n" * 1_000_000: 1}, "n" * 100 + ": unknown field"),
    ],
)
def test_a_request_with_a_million_problems_is_told_a_few(request_: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError) as wrong:
        AlignRequest.model_validate(request_)
    assert wrong.value.error_count() <= 1
    told = from_validation(wrong.value.errors())
    assert told.detail.startswith(problem)
    assert len(told.answer("id").model_dump_json()) < 2000


class Size(NamedTuple):
    n_sentences: int
    options: dict[str, Any]
    max_overlap: int = 4


@pytest.mark.parametrize("size", [Size(5000, {}), Size(300, {"max_bead": 16, "band_radius": 1000}, 8)])
def test_what_takes_little_memory_is_not_refused(size: Size) -> None:
    _check_size(asked(size), LimitsConfig(), 512)


def test_options_that_would_take_gigabytes_are_refused_with_the_name_of_the_limit() -> None:
    with pytest.raises(Refused, match="alignment_mb = 3,500"):
        _check_size(asked(Size(2000, {"max_bead": 16, "band_radius": 1000}, 8)), LimitsConfig(), 512)


def asked(size: Size) -> AlignRequest:
    sentences = ["A sentence."] * size.n_sentences
    return AlignRequest(
        source=sentences,
        target=sentences,
        source_language="en",
        target_language="de",
        max_overlap=size.max_overlap,
        options=size.options,  # type: ignore[arg-type]
    )


def attack(seconds: float) -> None:
    """Kill workers of a service beside eight clients, then have 1,100 slow connections beside them."""
    with tempfile.TemporaryDirectory() as folder, socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
        found.close()
        command = [sys.executable, "-m", "pipeline", "serve", "--port", str(port)]
        environment = {**os.environ, "XDG_DATA_HOME": folder, "XDG_CACHE_HOME": folder}
        with (Path(folder) / "log").open("w") as log, subprocess.Popen(command, stderr=log, env=environment) as served:
            try:
                with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=120) as client:
                    assert wait_until(lambda: is_ready(client), 120), "the service doesn't start"
                    tell("alone", client, seconds, lambda: time.sleep(0.1))
                    tell("a worker killed each second", client, seconds, lambda: kill_one(served.pid))
                    assert wait_until(lambda: client.get("/health").json().get("workers_ready") == os.cpu_count(), 60)
                    with slow_connections(("127.0.0.1", port), 1100):
                        tell("beside 1,100 slow connections", client, seconds, lambda: time.sleep(0.1))
            finally:
                served.send_signal(signal.SIGTERM)
                served.wait(60)
            print(f"log: {(Path(folder) / 'log').stat().st_size:,} bytes")  # noqa: T201


def is_ready(client: httpx2.Client) -> bool:
    try:
        return client.get("/health").json()["status"] == "ready"
    except httpx2.TransportError:
        return False


def kill_one(pid: int) -> None:
    workers = workers_of(pid)
    if workers:
        os.kill(random.choice(workers), signal.SIGKILL)
    time.sleep(1)


def tell(name: str, client: httpx2.Client, seconds: float, meanwhile: Any) -> None:
    end = time.monotonic() + seconds
    with Answers(client, 8) as answers:
        while time.monotonic() < end:
            meanwhile()
    ordered = sorted(answers.seconds) or [0.0]
    half, most = ordered[len(ordered) // 2], ordered[int(0.99 * (len(ordered) - 1))]
    print(f"{name}: {dict(answers.statuses)}, p50 {half:.2f} s, p99 {most:.2f} s")  # noqa: T201


if __name__ == "__main__":
    attack(float(sys.argv[1]))
