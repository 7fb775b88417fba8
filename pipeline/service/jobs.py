"""Alignments that run by themselves and are asked for later.

A record and, once it is done, a result lie in a folder of the user's own; the texts that were sent are never written.
A record that says it isn't finished when the service starts belongs to a service that was killed: the job has failed.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from pydantic import ValidationError

from pipeline.service.engine import Engine, Ticket
from pipeline.service.guard import log_bug
from pipeline.service.problems import Busy, Ending, Problem
from pipeline.service.wire import AlignRequest, Job, State
from pipeline.store.files import TEMPORARY, write_text

RETRY_SECONDS = 30
SWEEP_SECONDS = 30.0
UNFINISHED: tuple[State, ...] = ("queued", "running")


class JobStore(Protocol):
    """Where jobs are kept and run: on this machine, or on Modal."""

    async def start(self) -> None:
        """Find the jobs of earlier."""

    async def submit(self, request: AlignRequest) -> Job:
        """Accept an alignment; raises Busy if there are too many, Ending if the service is about to end."""

    async def find(self) -> list[Job]:
        """Return all jobs, the oldest first."""

    async def get(self, job_id: str) -> tuple[Job, bytes | None]:
        """Return a job and its result as JSON; raises KeyError if there is none."""

    async def delete(self, job_id: str) -> None:
        """Cancel a job if it isn't finished, and forget it; raises KeyError if there is none."""

    async def finish(self, seconds: float) -> None:
        """Let unfinished jobs go on for so long; those that don't end are failed."""


class LocalJobs:
    """Jobs on this machine, run by the service's own engine; some workers are left to short requests."""

    def __init__(self, folder: Path, engine: Engine, n_at_once: int):
        self._folder, self._engine = folder, engine
        self._at_once = asyncio.Semaphore(n_at_once)
        self._jobs: dict[str, Job] = {}
        self._tickets: dict[str, Ticket] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._sweeper: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Read the records that are there; the folder is for its owner only, because results hold texts."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for stale in self._folder.glob(f"{TEMPORARY}*"):
            stale.unlink(missing_ok=True)
        for path in self._folder.glob("*.job.json"):
            with suppress(ValidationError, OSError):
                job = Job.model_validate_json(path.read_bytes())
                self._jobs[job.id] = job
        for job in self._unfinished():
            self._end(job, "failed", "the service ended before the job did; send it again")
        self._sweep()
        self._sweeper = asyncio.get_running_loop().create_task(self._sweep_for_ever())

    async def submit(self, request: AlignRequest) -> Job:
        """Accept an alignment."""
        if self._engine.is_ending:
            raise Ending
        self._engine.check(request)
        self._make_room()
        job = Job(id=uuid.uuid4().hex, state="queued", created=time.time())
        self._write(job)
        self._tickets[job.id] = Ticket(request)
        self._tasks[job.id] = asyncio.get_running_loop().create_task(self._run(job))
        return job

    async def find(self) -> list[Job]:
        """Return all jobs, the oldest first."""
        self._sweep()
        return sorted((self._with_progress(job) for job in self._jobs.values()), key=lambda job: job.created)

    async def get(self, job_id: str) -> tuple[Job, bytes | None]:
        """Return a job and its result."""
        self._sweep()
        job = self._with_progress(self._jobs[job_id])
        return job, await asyncio.to_thread(self._result(job_id).read_bytes) if job.state == "done" else None

    async def delete(self, job_id: str) -> None:
        """Cancel a job and forget it."""
        job = self._jobs[job_id]
        task = self._tasks.pop(job_id, None)
        if task is not None and not task.done():
            task.cancel()
            self._engine.metrics.jobs.labels("cancelled").inc()
        self._forget(job.id)

    async def finish(self, seconds: float) -> None:
        """Let unfinished jobs go on for a while."""
        if self._sweeper is not None:
            self._sweeper.cancel()
        tasks = list(self._tasks.values())
        if tasks:
            await asyncio.wait(tasks, timeout=seconds)
        for task in tasks:
            task.cancel()
        for job in self._unfinished():
            self._end(job, "failed", "the service ended before the job did; send it again")

    async def _run(self, job: Job) -> None:
        seconds = self._engine.config.limits.job_minutes * 60
        try:
            async with self._at_once:
                answer = await self._engine.align(self._tickets[job.id], seconds, is_accepted=True)
            await asyncio.to_thread(self._write_result, job.id, answer)
            self._end(job, "done")
        except Problem as problem:
            self._end(job, "failed", problem.detail)
        except Exception as error:  # noqa: BLE001 - a job ends with an error, not the service; no text is told
            log_bug(error, job.id)
            self._end(job, "failed", f"an error within the service: {type(error).__name__}")
        finally:
            self._tickets.pop(job.id, None)
            self._tasks.pop(job.id, None)

    def _end(self, job: Job, state: State, error: str | None = None) -> None:
        if job.id not in self._jobs:  # it has been deleted meanwhile
            self._forget(job.id)
            return
        self._engine.metrics.jobs.labels(state).inc()
        self._write(job.model_copy(update={"state": state, "error": error, "finished": time.time()}))

    def _with_progress(self, job: Job) -> Job:
        ticket = self._tickets.get(job.id)
        if ticket is None or job.state not in UNFINISHED:
            return job
        progress = self._engine.progress(ticket)
        return job.model_copy(update={"state": progress.state, "progress": progress})

    def _unfinished(self) -> list[Job]:
        return [job for job in self._jobs.values() if job.state in UNFINISHED]

    def _make_room(self) -> None:
        """Forget the oldest finished jobs where there are too many; raises Busy if none is finished."""
        self._sweep()
        finished = sorted((job for job in self._jobs.values() if job.finished), key=lambda job: job.finished or 0)
        for _ in range(len(self._jobs) - self._engine.config.limits.jobs + 1):
            if not finished:
                raise Busy(RETRY_SECONDS)
            self._forget(finished.pop(0).id)

    async def _sweep_for_ever(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            self._sweep()

    def _sweep(self) -> None:
        """Forget what has been kept long enough."""
        oldest = time.time() - self._engine.config.limits.keep_minutes * 60
        for job in list(self._jobs.values()):
            if job.finished is not None and job.finished < oldest:
                self._forget(job.id)
        for path in self._folder.glob("*.result.json"):  # of a job that was deleted while its result was written
            if path.name.partition(".")[0] not in self._jobs:
                path.unlink(missing_ok=True)

    def _forget(self, job_id: str) -> None:
        self._jobs.pop(job_id, None)
        self._record(job_id).unlink(missing_ok=True)
        self._result(job_id).unlink(missing_ok=True)

    def _write(self, job: Job) -> None:
        self._jobs[job.id] = job
        write_text(self._record(job.id), job.model_dump_json())

    def _write_result(self, job_id: str, answer: bytes) -> None:
        write_text(self._result(job_id), answer.decode())

    def _record(self, job_id: str) -> Path:
        return self._folder / f"{job_id}.job.json"

    def _result(self, job_id: str) -> Path:
        return self._folder / f"{job_id}.result.json"
