"""`bitext serve` as a process: told to end, killed, and started again."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest

from pipeline.service.wire import ENGLISH, GERMAN

START_SECONDS = 120
PAIR = {"source": ENGLISH, "target": GERMAN, "source_language": "en", "target_language": "de"}
LONG = {**PAIR, "source": ENGLISH * 150, "target": GERMAN * 150}


class Served:
    """A service in a process of its own, always on the same port."""

    def __init__(self, folder: Path, port: int = 0):
        self.jobs = folder / "jobs"
        self._log = (folder / "log").open("w+")
        (folder / "serve.toml").write_text("workers = 1\n[limits]\nqueue = 200\n")
        command = [sys.executable, "-m", "pipeline", "serve", "--port", str(port), "--jobs", str(self.jobs)]
        environment = {name: value for name, value in os.environ.items() if name != "BITEXT_API_TOKEN"}
        self.process = subprocess.Popen(
            [*command, "--config", str(folder / "serve.toml")], stderr=self._log, stdout=self._log, env=environment
        )
        self.port = port or self._find_port()
        self.client = httpx2.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=60)
        self._wait_until_ready()

    def log(self) -> str:
        self._log.seek(0)
        return self._log.read()

    def _find_port(self) -> int:
        for _ in range(START_SECONDS * 10):
            found = re.search(r"running on http://127.0.0.1:(\d+)", self.log())
            if found:
                return int(found[1])
            assert self.process.poll() is None, self.log()
            time.sleep(0.1)
        raise AssertionError(self.log())

    def _wait_until_ready(self) -> None:
        for _ in range(START_SECONDS * 10):
            try:
                if self.client.get("/health").status_code == 200:
                    return
            except httpx2.TransportError:
                assert self.process.poll() is None, self.log()
            time.sleep(0.1)
        raise AssertionError(self.log())

    def end(self, sign: signal.Signals) -> int:
        self.process.send_signal(sign)
        status = self.process.wait(60)
        self.client.close()
        with self._log:
            self.last_words = self.log()
        return status


@pytest.mark.slow
def test_after_a_kill_jobs_are_failed_and_after_an_end_nothing_is_lost(tmp_path: Path) -> None:
    first = Served(tmp_path)
    check_a_worker_is_replaced(first)
    jobs = [first.client.post("/v1/jobs", json=LONG).json()["id"] for _ in range(2)]
    finished = first.client.post("/v1/align", json=PAIR).json()
    children = subprocess.run(["pgrep", "-P", str(first.process.pid)], capture_output=True, text=True).stdout.split()
    assert first.end(signal.SIGKILL) == -signal.SIGKILL
    assert children
    assert "ferry" not in "".join(
        path.read_text() for path in (tmp_path / "jobs").iterdir() if "result" not in path.name
    )

    second = Served(tmp_path, first.port)
    found = {job["id"]: job["state"] for job in second.client.get("/v1/jobs").json()["jobs"]}
    assert set(found) == set(jobs)
    assert "failed" in found.values()
    assert second.client.post("/v1/align", json=PAIR).json() == finished, "the same bytes, whichever process"

    check_end_under_load(second, finished)
    assert not [line for line in second.last_words.splitlines() if "Traceback" in line or "ERROR" in line]


def check_a_worker_is_replaced(served: Served) -> None:
    """Cancel a job that a worker is at: the worker ends, and another one answers."""
    job = served.client.post("/v1/jobs", json=LONG).json()["id"]
    while served.client.get(f"/v1/jobs/{job}").json()["state"] == "queued":
        time.sleep(0.02)
    assert served.client.delete(f"/v1/jobs/{job}").status_code == 204
    started = time.monotonic()
    assert served.client.post("/v1/align", json=PAIR).status_code == 200
    assert "bitext_running_requests 0.0" in served.client.get("/metrics").text
    assert time.monotonic() - started < START_SECONDS


def check_end_under_load(served: Served, expected: dict[str, object]) -> None:
    """Ask from many threads, tell it to end, and see that every request is answered or refused."""
    statuses: list[int | str] = []
    stop = threading.Event()

    def ask() -> None:
        with httpx2.Client(base_url=served.client.base_url, timeout=60) as client:
            while not stop.is_set():
                try:
                    answer = client.post("/v1/align", json=PAIR)
                except httpx2.ConnectError:
                    statuses.append("not connected")
                    return
                except httpx2.TransportError as error:
                    statuses.append(f"lost: {error!r}")
                    return
                statuses.append(answer.status_code)
                assert answer.status_code != 200 or answer.json() == expected
                if answer.status_code == 503:
                    return  # as it is told to: Retry-After

    with ThreadPoolExecutor(8) as threads:
        asking = [threads.submit(ask) for _ in range(8)]
        while 200 not in statuses:
            time.sleep(0.02)
        job = served.client.post("/v1/jobs", json=PAIR).json()["id"]
        status = served.end(signal.SIGTERM)
        stop.set()
        for future in asking:
            future.result()
    assert status == 0
    assert (served.jobs / f"{job}.result.json").is_file()
    assert {200, 503} <= set(statuses), set(statuses)
    assert set(statuses) <= {200, 503, "not connected"}, set(statuses)
