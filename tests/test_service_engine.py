"""The queue in front of the workers: who waits, who is sent away, what is encoded together."""

from __future__ import annotations

import asyncio
import pickle
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest
from live_service import TOKEN, live_service

from pipeline.errors import BitextError, ConfigError
from pipeline.service import server
from pipeline.service.app import make_app
from pipeline.service.batching import BatchingEncoder
from pipeline.service.config import LimitsConfig, ServeConfig
from pipeline.service.engine import Engine, Ticket
from pipeline.service.guard import log_bug
from pipeline.service.jobs import LocalJobs
from pipeline.service.metrics import Metrics
from pipeline.service.modal_containers import Container
from pipeline.service.problems import Busy, Ending, Problem, Refused, TimedOut
from pipeline.service.server import check_host
from pipeline.service.wire import AlignRequest, Job
from pipeline.service.worker import Embedded
from stages.encode.encoder import EncodedTexts, Timing
from stages.encode.registry import EncoderInfo

REQUEST = AlignRequest(source="x", target="y")


class SlowPool:
    """A pool whose alignments end when they are told to."""

    def __init__(self, n_slots: int = 1):
        self.n_slots = n_slots
        self.progress = [0] * (n_slots + 1)
        self.go_on = threading.Event()
        self.batches: list[list[list[str]]] = []
        self._threads = ThreadPoolExecutor(n_slots + 1)

    @property
    def n_ready(self) -> int:
        return self.n_slots

    def submit(self, method: str, slot: int, *arguments: Any) -> Future[Any]:
        return self._threads.submit(getattr(self, method), slot, *arguments)

    def check(self, slot: int) -> int:
        return 3

    def align(self, slot: int, request: AlignRequest, *_: Any) -> bytes:
        assert self.go_on.wait(20)
        if request.source == "a bug":
            raise RuntimeError("verysecret")
        return b"{}"

    def embed(self, slot: int, requests: Sequence[tuple[list[str], str]]) -> list[Embedded]:
        assert self.go_on.wait(20)
        self.batches.append([texts for texts, _ in requests])
        return [Embedded(b"[]", len(texts)) for texts, _ in requests]

    def close(self) -> None:
        self.go_on.set()
        self._threads.shutdown()


def config(**limits: Any) -> ServeConfig:
    return ServeConfig(batch_texts=4, limits=LimitsConfig(**limits))


def with_engine(test: Callable[[Engine, SlowPool], Awaitable[None]], **limits: Any) -> None:
    """Run a test in a loop of its own, with an engine that has started."""

    async def run() -> None:
        pool = SlowPool()
        engine = Engine(config(**limits), pool, Metrics())
        engine.start()
        try:
            await asyncio.wait_for(test(engine, pool), 20)
        finally:
            pool.go_on.set()
            await engine.close()

    asyncio.run(run())


async def begin(work: Any) -> asyncio.Task[Any]:
    """Start something and let it get as far as it can."""
    task = asyncio.create_task(work)
    await asyncio.sleep(0.02)
    return task


def test_what_finds_the_queue_full_is_told_when_to_come_again() -> None:
    async def test(engine: Engine, pool: SlowPool) -> None:
        accepted = [await begin(engine.align(Ticket(REQUEST), 20)) for _ in range(3)]
        with pytest.raises(Busy) as refused:
            await engine.align(Ticket(REQUEST), 20)
        assert 1 <= int(refused.value.headers["Retry-After"]) <= 60
        pool.go_on.set()
        assert await asyncio.gather(*accepted) == [b"{}"] * 3
        assert await engine.align(Ticket(REQUEST), 20) == b"{}"

    with_engine(test, queue=2)


def test_a_request_that_waits_or_works_too_long_is_given_up_and_its_place_is_free_when_its_thread_ends() -> None:
    async def test(engine: Engine, pool: SlowPool) -> None:
        working = await begin(engine.align(Ticket(REQUEST), 0.1))
        waiting = await begin(engine.align(Ticket(REQUEST), 0.1))
        for task in (working, waiting):
            with pytest.raises(TimedOut):
                await task
        assert engine.n_admitted == 0
        pool.go_on.set()
        assert await engine.align(Ticket(REQUEST), 20) == b"{}"

    with_engine(test)


def test_embeddings_that_wait_are_encoded_together_up_to_a_full_batch() -> None:
    async def test(engine: Engine, pool: SlowPool) -> None:
        first = await begin(engine.embed(["a"], "float"))
        rest = [await begin(engine.embed(texts, "float")) for texts in (["b", "c"], ["d"], ["e", "f"], ["g"] * 9)]
        pool.go_on.set()
        answers = await asyncio.gather(first, *rest)
        assert [answer.n_tokens for answer in answers] == [1, 2, 1, 2, 9]
        assert pool.batches == [[["a"]], [["b", "c"], ["d"]], [["e", "f"]], [["g"] * 9]]

    with_engine(test)


def test_an_embedding_that_nobody_waits_for_any_more_is_left_out() -> None:
    async def test(engine: Engine, pool: SlowPool) -> None:
        working = await begin(engine.align(Ticket(REQUEST), 20))
        with pytest.raises(TimedOut):
            await engine.embed(["late"], "float")
        pool.go_on.set()
        await working
        await engine.embed(["next"], "float")
        assert pool.batches == [[["next"]]]

    with_engine(test, timeout_seconds=0.1)


def test_an_end_refuses_new_work_and_finishes_what_was_accepted() -> None:
    async def test(engine: Engine, pool: SlowPool) -> None:
        accepted = [await begin(engine.align(Ticket(REQUEST), 20)) for _ in range(2)]
        engine.end()
        with pytest.raises(Ending):
            await engine.embed(["x"], "float")
        assert not await engine.wait_until_idle(0.1)
        pool.go_on.set()
        assert await asyncio.gather(*accepted) == [b"{}"] * 2
        assert await engine.wait_until_idle(1)

    with_engine(test)


def test_progress_tells_where_a_request_stands() -> None:
    async def test(engine: Engine, pool: SlowPool) -> None:
        running, waiting = Ticket(REQUEST), Ticket(REQUEST)
        tasks = [await begin(engine.align(ticket, 20)) for ticket in (running, waiting)]
        pool.progress[0] = 2
        assert (engine.progress(running).state, engine.progress(running).encoded_characters) == ("running", 2)
        assert engine.progress(waiting).state == "queued"
        pool.go_on.set()
        await asyncio.gather(*tasks)

    with_engine(test)


# ---- jobs


def test_jobs_that_end_with_the_service_are_failed_and_not_lost(tmp_path: Path) -> None:
    async def test(engine: Engine, pool: SlowPool) -> None:
        jobs = LocalJobs(tmp_path, engine, 1)
        await jobs.start()
        submitted = [await jobs.submit(REQUEST) for _ in range(2)]
        await asyncio.sleep(0.05)
        assert [job.state for job in await jobs.find()] == ["running", "queued"]
        on_disk = [Job.model_validate_json(path.read_bytes()) for path in tmp_path.glob("*.job.json")]
        assert {job.state for job in on_disk} == {"queued"}, "a killed service leaves this"

        after_a_kill = LocalJobs(tmp_path, engine, 1)
        await after_a_kill.start()
        found = await after_a_kill.find()
        assert sorted(job.id for job in found) == sorted(job.id for job in submitted)
        assert {job.state for job in found} == {"failed"}
        assert "send it again" in str(found[0].error)
        for store in (jobs, after_a_kill):
            await store.finish(0.1)

    with_engine(test)


def test_a_job_that_is_deleted_is_cancelled_and_a_bug_in_one_is_told_without_its_text(tmp_path: Path) -> None:
    async def test(engine: Engine, pool: SlowPool) -> None:
        jobs = LocalJobs(tmp_path, engine, 1)
        await jobs.start()
        deleted, broken = await jobs.submit(REQUEST), await jobs.submit(AlignRequest(source="a bug", target="y"))
        await asyncio.sleep(0.05)
        await jobs.delete(deleted.id)
        pool.go_on.set()
        while (await jobs.get(broken.id))[0].state != "failed":
            await asyncio.sleep(0.02)
        assert (await jobs.get(broken.id))[0].error == "an error within the service: RuntimeError"
        assert [job.id for job in await jobs.find()] == [broken.id]
        await jobs.finish(1)

    with_engine(test)


def test_a_result_without_a_record_is_deleted(tmp_path: Path) -> None:
    async def test(engine: Engine, pool: SlowPool) -> None:
        (tmp_path / "0123.result.json").write_text("{}")
        jobs = LocalJobs(tmp_path, engine, 1)
        await jobs.start()
        assert list(tmp_path.iterdir()) == []
        await jobs.finish(0)

    with_engine(test)


def test_too_many_unfinished_jobs_are_refused_and_finished_ones_expire(tmp_path: Path) -> None:
    async def test(engine: Engine, pool: SlowPool) -> None:
        jobs = LocalJobs(tmp_path, engine, 1)
        await jobs.start()
        for _ in range(2):
            await jobs.submit(REQUEST)
        with pytest.raises(Busy):
            await jobs.submit(REQUEST)
        pool.go_on.set()
        deadline = time.monotonic() + 5
        while await jobs.find() and time.monotonic() < deadline:
            await asyncio.sleep(0.02)
        assert list(tmp_path.iterdir()) == []
        await jobs.finish(1)

    with_engine(test, jobs=2, keep_minutes=0.001)


# ---- over HTTP


def test_a_full_queue_is_429_a_bug_is_500_and_both_are_problems(tmp_path: Path) -> None:
    pool = SlowPool()
    with live_service(tmp_path, config(queue=0), pool) as live, live.client() as client:
        answers: list[httpx2.Response] = []
        body = {"source": "a bug", "target": "y"}
        waiting = threading.Thread(target=lambda: answers.append(client.post("/v1/align", json=body)))
        waiting.start()
        while live.engine.n_admitted == 0:
            time.sleep(0.01)
        busy = client.post("/v1/align", json=body)
        streamed = client.post("/v1/align", json={**body, "stream": True})
        pool.go_on.set()
        waiting.join()
    assert busy.status_code == streamed.status_code == 429
    assert int(busy.headers["Retry-After"]) >= 1
    assert answers[0].status_code == 500
    assert "verysecret" not in answers[0].text
    assert answers[0].json()["request_id"]


def test_health_tells_of_the_start_and_the_end(tmp_path: Path) -> None:
    class NotYet(SlowPool):
        def check(self, slot: int) -> int:
            assert self.go_on.wait(20)
            return 3

    pool = NotYet()
    engine = Engine(config(), pool, Metrics())

    async def statuses() -> list[tuple[int, str]]:
        app = make_app(engine, LocalJobs(tmp_path, engine, 1), token=None, only_loopback=True)
        transport = httpx2.ASGITransport(app)
        found = []
        async with (
            app.router.lifespan_context(app),
            httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client,
        ):
            for change in (lambda: None, pool.go_on.set, engine.end):
                change()
                await asyncio.sleep(0.1)
                answer = await client.get("/health")
                found.append((answer.status_code, answer.json()["status"]))
        return found

    assert asyncio.run(statuses()) == [(503, "starting"), (200, "ready"), (503, "ending")]


@pytest.mark.parametrize(("host", "status"), [("evil.example", 403), ("127.0.0.1:8765", 200), ("[::1]:1", 200)])
def test_without_a_token_only_names_of_this_machine_are_answered_to(tmp_path: Path, host: str, status: int) -> None:
    async def ask() -> int:
        engine = Engine(config(), SlowPool(), Metrics())
        app = make_app(engine, LocalJobs(tmp_path, engine, 1), token=None, only_loopback=True)
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return (await client.get("/v1/models", headers={"Host": host})).status_code

    assert asyncio.run(ask()) == status


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org"])
def test_without_a_token_it_listens_to_this_machine_only(host: str) -> None:
    with pytest.raises(ConfigError, match="BITEXT_API_TOKEN"):
        check_host(host, None)
    check_host(host, TOKEN)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.1.2.3", "::1"])
def test_loopback_needs_no_token_but_a_token_that_can_be_guessed_is_refused(host: str) -> None:
    check_host(host, None)
    with pytest.raises(ConfigError, match="16"):
        check_host(host, "hunter2")


@pytest.mark.parametrize("token", [None, "", " " * 20, "hunter2", "ein Schlüssel von Format"])
def test_an_application_that_others_can_reach_is_not_made_without_a_token(tmp_path: Path, token: str | None) -> None:
    engine = Engine(config(), SlowPool(), Metrics())
    with pytest.raises(ConfigError, match="BITEXT_API_TOKEN must have at least 16 ASCII characters"):
        make_app(engine, LocalJobs(tmp_path, engine, 1), token=token, only_loopback=False)


@pytest.mark.parametrize("token", [None, "", "hunter2"])
def test_a_container_without_a_token_ends_before_it_loads_a_model(
    monkeypatch: pytest.MonkeyPatch, token: str | None
) -> None:
    monkeypatch.delenv("BITEXT_API_TOKEN", raising=False)
    if token is not None:
        monkeypatch.setenv("BITEXT_API_TOKEN", token)
    monkeypatch.setattr("pipeline.service.pools.make_pool", lambda *_: pytest.fail("the model was loaded"))
    volume: Any = None
    with pytest.raises(ConfigError, match="BITEXT_API_TOKEN"):
        Container(config(), volume, volume)


# ---- batches of threads


class Doubling:
    """An encoder whose vectors are lengths, and that can be stopped."""

    def __init__(self) -> None:
        self.info = EncoderInfo("test", None, None, wants_gpu=True)
        self.dimensions, self.precision, self.timing = 1, "float32", Timing()
        self.calls: list[list[str]] = []
        self.go_on = threading.Event()

    def encode(self, texts: Sequence[str]) -> EncodedTexts:
        assert self.go_on.wait(20)
        self.calls.append(list(texts))
        if "bad" in texts:
            raise ValueError("a bad text")
        vectors = np.array([[len(text)] for text in texts], np.float32)
        return EncodedTexts(vectors, np.zeros(len(texts), bool), np.ones(len(texts), np.int64))


def test_threads_share_batches_and_each_gets_its_own_rows() -> None:
    encoder = Doubling()
    sizes: list[int] = []
    batching = BatchingEncoder(encoder, 6, sizes.append)
    with ThreadPoolExecutor(5) as threads:
        first = threads.submit(batching.encode, ["first"])
        while not batching._queue.empty():
            time.sleep(0.001)
        others = []
        for texts in (["a", "bb"], ["bb", "ccc", "a"], ["bad"], ["dddd"] * 5):
            others.append(threads.submit(batching.encode, texts))
            while batching._queue.qsize() < len(others):
                time.sleep(0.001)
        encoder.go_on.set()
        assert first.result().vectors.tolist() == [[5]]
        assert others[0].result().vectors.tolist() == [[1], [2]]
        assert others[1].result().vectors.tolist() == [[2], [3], [1]]
        with pytest.raises(ValueError, match="a bad text"):
            others[2].result()
        assert others[3].result().n_tokens == 5
    batching.close()
    assert encoder.calls == [["first"], ["a", "bb", "ccc", "bad"], ["a", "bb"], ["bb", "ccc", "a"], ["bad"], ["dddd"]]
    assert sizes == [1, 6, 5]


def test_the_log_says_where_a_bug_of_a_worker_is_and_not_what_it_was_about(caplog: pytest.LogCaptureFixture) -> None:
    error = ValueError("verysecret")
    error.traceback = 'Traceback:\n  File "worker.py", line 7, in align\n    x\nValueError: verysecret'  # type: ignore[attr-defined]
    log_bug(error, "request-1")
    assert 'File "worker.py", line 7, in align' in caplog.text
    assert "verysecret" not in caplog.text


def test_problems_survive_the_way_between_processes() -> None:
    found = pickle.loads(pickle.dumps(Refused("source", "too long", 413)))
    assert isinstance(found, Problem)
    assert (found.status, found.detail, found.errors[0].field) == (413, "source: too long", "source")


def test_a_port_that_is_taken_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "make_pool", lambda *_: SlowPool())
    monkeypatch.setattr(server.logging, "basicConfig", lambda **_: None)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(BitextError, match="name another --port"):
            server.serve(config(), "127.0.0.1", taken.getsockname()[1], None, tmp_path)
