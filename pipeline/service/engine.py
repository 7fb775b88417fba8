"""Queue requests in front of a pool: choose the next, let others wait, refuse those that are too many."""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from pipeline.service.config import ServeConfig
from pipeline.service.guard import log_bug
from pipeline.service.metrics import Metrics
from pipeline.service.pools import Pool
from pipeline.service.problems import Busy, Ending, Refused, TimedOut
from pipeline.service.wire import AlignRequest, Progress, State
from pipeline.service.worker import Embedded

SMOOTHING = 0.1
"""The weight of the latest request in the mean time that Retry-After is estimated from."""

LONGEST_RETRY = 60
"""Seconds."""


@dataclass
class Ticket:
    """An alignment on its way: where it stands can be asked at any time."""

    request: AlignRequest
    started: float = field(default_factory=time.monotonic)
    slot: int | None = None
    encoded_characters: int = 0
    """What is known once the slot has been given to another."""


@dataclass(frozen=True)
class _Embedding:
    texts: list[str]
    form: str
    answer: asyncio.Future[Embedded]


class Engine:
    """Answers requests with a pool. `align` and `embed` raise Busy, Ending or TimedOut, and what the pool raises."""

    def __init__(self, config: ServeConfig, pool: Pool, metrics: Metrics):
        self.config, self.metrics = config, metrics
        self.dimensions: int | None = None
        self.failure: str | None = None
        self.is_ending = False
        self.n_admitted = 0
        self._pool = pool
        self._mean_seconds = 0.1
        self._free: asyncio.Queue[int] = asyncio.Queue()
        self._embeddings: deque[_Embedding] = deque()
        self._has_embeddings = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def n_slots(self) -> int:
        """Return how many requests are worked on at once."""
        return self._pool.n_slots

    @property
    def n_ready(self) -> int:
        """Return how many could be worked on now: fewer while a worker that died is replaced."""
        return self._pool.n_ready

    # ---- from start to end

    def start(self) -> None:
        """Compute a first vector, in the background, and begin to work on requests."""
        for slot in range(self.n_slots):
            self._free.put_nowait(slot)
        self._keep(self._check())
        self._keep(self._embed_batches())

    async def close(self) -> None:
        """End at once, whatever is still worked on."""
        for task in self._tasks:
            task.cancel()
        await asyncio.to_thread(self._pool.close)

    def end(self) -> None:
        """Refuse new work from now on."""
        self.is_ending = True

    async def wait_until_idle(self, seconds: float) -> bool:
        """Wait for what has been accepted; say whether all of it is done."""
        deadline = time.monotonic() + seconds
        while self.n_admitted and time.monotonic() < deadline:
            await asyncio.sleep(0.05)
        return not self.n_admitted

    async def _check(self) -> None:
        try:
            self.dimensions = await asyncio.wrap_future(self._pool.submit("check", self.n_slots))
        except Exception as error:  # noqa: BLE001 - whatever it is, /health tells it
            log_bug(error, "start")
            self.failure = type(error).__name__

    # ---- requests

    async def align(self, ticket: Ticket, seconds: float, is_accepted: bool = False) -> bytes:
        """Align two texts; the answer is JSON. One that has been accepted as a job is not refused now."""
        self.check(ticket.request)
        async with self._admitted(is_accepted):
            deadline = time.monotonic() + seconds
            slot = await self._next_slot(deadline, seconds)
            ticket.slot, arguments = slot, (ticket.request, self.config.limits, self.config.model_name)
            try:
                answer: bytes = await self._run(slot, deadline, seconds, "align", *arguments)
            finally:
                ticket.encoded_characters, ticket.slot = self._pool.progress[slot], None
        self.metrics.characters.inc(ticket.request.n_characters)
        return answer

    async def embed(self, texts: list[str], form: str) -> Embedded:
        """Encode texts, together with those of other requests that wait."""
        seconds = self.config.limits.timeout_seconds
        async with self._admitted():
            asked = _Embedding(texts, form, asyncio.get_running_loop().create_future())
            self._embeddings.append(asked)
            self._has_embeddings.set()
            done, _ = await asyncio.wait({asked.answer}, timeout=seconds)
            if not done:
                asked.answer.cancel()
                self.metrics.timeouts.inc()
                raise TimedOut(seconds)
        embedded = asked.answer.result()
        self.metrics.tokens.inc(embedded.n_tokens)
        return embedded

    def progress(self, ticket: Ticket) -> Progress:
        """Say how far an alignment is."""
        slot = ticket.slot
        state: State = "queued" if slot is None else "running"
        return Progress(
            state=state,
            elapsed_seconds=round(time.monotonic() - ticket.started, 2),
            characters=ticket.request.n_characters,
            encoded_characters=ticket.encoded_characters if slot is None else self._pool.progress[slot],
        )

    def check(self, request: AlignRequest) -> None:
        """Refuse what is beyond the limits before it waits."""
        limits = self.config.limits
        if request.max_overlap > limits.max_overlap:
            raise Refused("max_overlap", f"it is {request.max_overlap}; at most {limits.max_overlap} is taken")
        if request.n_characters > limits.characters:
            counted = f"with the target it has {request.n_characters:,} characters"
            raise Refused("source", f"{counted}; at most {limits.characters:,} are taken", 413)

    # ---- the queue

    @asynccontextmanager
    async def _admitted(self, is_accepted: bool = False) -> AsyncIterator[None]:
        """Let a request in if there is room, and measure how long it takes."""
        if not is_accepted:
            self.refuse_if_full()
        self.n_admitted += 1
        started = time.monotonic()
        try:
            yield
            self._mean_seconds += SMOOTHING * (time.monotonic() - started - self._mean_seconds)
        finally:
            self.n_admitted -= 1

    def refuse_if_full(self) -> None:
        """Raise Busy or Ending where no work is taken on."""
        if self.is_ending:
            raise Ending
        if self.n_admitted >= self.n_slots + self.config.limits.queue:
            self.metrics.refused.inc()
            raise Busy(self._retry_seconds())

    def _retry_seconds(self) -> int:
        """Estimate when there will be room: a request's time, waiting included, is the time to go through the queue."""
        return min(LONGEST_RETRY, max(1, math.ceil(self._mean_seconds)))

    async def _next_slot(self, deadline: float, seconds: float) -> int:
        self.metrics.waiting.inc()
        try:
            return await asyncio.wait_for(self._free.get(), deadline - time.monotonic())
        except TimeoutError:
            self.metrics.timeouts.inc()
            raise TimedOut(seconds) from None
        finally:
            self.metrics.waiting.dec()

    async def _run(self, slot: int, deadline: float, seconds: float, method: str, *arguments: Any) -> Any:
        """Have the pool work; what is given up, because of its time or its client, is ended where that can be."""
        try:
            future = self._pool.submit(method, slot, *arguments)
        except BaseException:
            self._free.put_nowait(slot)  # nobody else will
            raise
        self.metrics.running.inc()
        future.add_done_callback(_in_loop(self._give_back, slot))
        wrapped = asyncio.wrap_future(future)
        wrapped.add_done_callback(_retrieve)
        try:
            done, _ = await asyncio.wait({wrapped}, timeout=deadline - time.monotonic())
        finally:
            if not future.done():
                future.cancel()
        if not done:
            self.metrics.timeouts.inc()
            raise TimedOut(seconds)
        return wrapped.result()

    def _give_back(self, slot: int) -> None:
        self._free.put_nowait(slot)
        self.metrics.running.dec()

    # ---- embeddings

    async def _embed_batches(self) -> None:
        """Whenever a worker is free, give it a batch of what waits."""
        while True:
            await self._has_embeddings.wait()
            slot = await self._free.get()
            batch = self._take_batch()
            if batch:
                self._keep(self._embed_batch(slot, batch))
            else:
                self._free.put_nowait(slot)

    def _take_batch(self) -> list[_Embedding]:
        batch: list[_Embedding] = []
        n_texts = 0
        while self._embeddings:
            asked = self._embeddings[0]
            if batch and n_texts + len(asked.texts) > self.config.batch_texts:
                return batch
            self._embeddings.popleft()
            if not asked.answer.done():  # nobody waits for one that took too long
                batch.append(asked)
                n_texts += len(asked.texts)
        self._has_embeddings.clear()
        return batch

    async def _embed_batch(self, slot: int, batch: list[_Embedding]) -> None:
        seconds = self.config.limits.timeout_seconds
        self.metrics.batch_texts.observe(sum(len(asked.texts) for asked in batch))
        work = [(asked.texts, asked.form) for asked in batch]
        try:
            answers = await self._run(slot, time.monotonic() + seconds, seconds, "embed", work)
        except Exception as error:  # noqa: BLE001 - whoever asked is told
            for asked in batch:
                if not asked.answer.done():
                    asked.answer.set_exception(error)
                    _retrieve(asked.answer)
            return
        for asked, answer in zip(batch, answers, strict=True):
            if not asked.answer.done():
                asked.answer.set_result(answer)

    def _keep(self, work: Any) -> None:
        """Run something beside; the loop itself keeps no hold of its tasks."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _in_loop(function: Callable[[int], None], slot: int) -> Callable[[Future[Any]], None]:
    """Return a callback that has a function called in this loop, if it is still there, from whichever thread."""
    loop = asyncio.get_running_loop()

    def call(_: Future[Any]) -> None:
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(function, slot)

    return call


def _retrieve(future: asyncio.Future[Any]) -> None:
    """Look at an error, so that asyncio doesn't log it, texts and all, where nobody else did."""
    if not future.cancelled():
        future.exception()
