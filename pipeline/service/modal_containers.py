"""Do the work of the service's containers on Modal, whose class stands in `pipeline.serve` and has no logic."""

from __future__ import annotations

import asyncio
import json
import os
import time
import uuid
from importlib import import_module
from typing import TYPE_CHECKING, Any

import modal
from pydantic import ValidationError

from pipeline.cloud import container
from pipeline.service.config import ServeConfig
from pipeline.service.tokens import check_token
from pipeline.service.wire import TOKEN, AlignRequest, Job

if TYPE_CHECKING:
    from fastapi import FastAPI

    from pipeline.service.engine import Engine

CALLS_AT_ONCE = 16
"""Of jobs that are asked after for a list."""

LIBRARIES = ("faiss", "fastapi", "numba", "prometheus_client", "pipeline.api", "stages.align.log_linear")


def app_name(config: ServeConfig) -> str:
    """Return what the app of a service is called on Modal."""
    return f"bitext-serve-{config.name}"


def timeout_seconds(config: ServeConfig) -> int:
    """Return how long a call may take: as long as a job."""
    return int(config.limits.job_minutes * 60) + 1


def load_libraries(config: ServeConfig) -> None:
    """Load libraries without touching a GPU, which isn't there while the picture is taken."""
    container.stay_offline(config.encode)
    for name in (*LIBRARIES, *(("torch", "sentence_transformers") if config.wants_gpu else ())):
        import_module(name)


class Container:
    """A warm encoder, and whatever asks it."""

    def __init__(self, config: ServeConfig, weights: modal.Volume, kernels: modal.Volume):
        """Load the encoder; raises ConfigError if the token is none, or too short."""
        from pipeline.service.metrics import Metrics
        from pipeline.service.pools import make_pool

        self._token = os.environ.get(TOKEN)
        check_token(self._token)  # first: a model is not loaded for nothing, again and again
        if config.wants_gpu:
            container.load_encoder(config.encode.model_dump_json())
            container.keep_weights(weights, config.encode)
        elif config.workers is None:  # the machine has more cores than are rented
            config = config.model_copy(update={"workers": int(config.deploy.cores)})
        self._config, self._metrics = config, Metrics()
        self._pool = make_pool(config, self._metrics.batch_texts.observe)
        self._pool.submit("check", self._pool.n_slots).result()
        kernels.commit()

    def align(self, request: dict[str, Any]) -> dict[str, Any]:
        """Align two texts; raises ValueError where the request is wrong."""
        from pipeline.service.problems import Problem, from_validation

        limits, model = self._config.limits, self._config.model_name
        try:
            parsed = AlignRequest.model_validate(request)
            answer = self._pool.submit("align", self._pool.n_slots, parsed, limits, model).result()
        except ValidationError as error:
            raise ValueError(from_validation(error.errors()).detail) from None  # the caller may lack our classes
        except Problem as problem:
            raise ValueError(problem.detail) from None
        return dict(json.loads(answer))

    def embed(self, texts: list[str]) -> list[list[float]]:
        """Turn texts into vectors."""
        (embedded,) = self._pool.submit("embed", self._pool.n_slots, [(texts, "float")]).result()
        return [row["embedding"] for row in json.loads(embedded.data)]

    def web(self) -> FastAPI:
        """Return the application."""
        from pipeline.service.app import make_app
        from pipeline.service.engine import Engine

        engine = Engine(self._config, self._pool, self._metrics)
        jobs = ModalJobs(self._config, engine)
        return make_app(engine, jobs, token=self._token, only_loopback=False)

    def close(self) -> None:
        """End what is left."""
        self._pool.close()


class ModalJobs:
    """Jobs as calls of the class on Modal, which any container can ask after; results are kept by Modal.

    A Dict has the call of each job, so that nobody can ask for other calls of the workspace.
    """

    def __init__(self, config: ServeConfig, engine: Engine):
        self._config, self._engine = config, engine
        self._service = modal.Cls.from_name(app_name(config), "Service")
        self._calls = modal.Dict.from_name(f"{app_name(config)}-jobs", create_if_missing=True)

    async def start(self) -> None:
        """Do nothing: the jobs of earlier are where they were."""

    async def submit(self, request: AlignRequest) -> Job:
        """Have a container align; raises Busy if too many jobs are kept, and none of them is finished."""
        self._engine.check(request)
        await self._make_room()
        call = await self._service().align.spawn.aio(request.model_dump(exclude_unset=True))
        job = Job(id=uuid.uuid4().hex, state="queued", created=time.time())
        await self._calls.put.aio(job.id, {"call": call.object_id, "created": job.created})
        return job

    async def find(self) -> list[Job]:
        """Return all jobs, the oldest first; those that have been seen finished are not asked after again."""
        known = await self._known()
        at_once = asyncio.Semaphore(CALLS_AT_ONCE)

        async def look(job_id: str) -> Job:
            async with at_once:
                return (await self._look(job_id, known[job_id], with_result=False))[0]

        return list(await asyncio.gather(*map(look, known)))

    async def get(self, job_id: str) -> tuple[Job, bytes | None]:
        """Return a job and its result."""
        known = await self._calls.get.aio(job_id)
        if known is None:
            raise KeyError(job_id)
        return await self._look(job_id, known, with_result=True)

    async def delete(self, job_id: str) -> None:
        """Cancel a job and forget it."""
        known = await self._calls.pop.aio(job_id)
        await modal.FunctionCall.from_id(known["call"]).cancel.aio()

    async def finish(self, seconds: float) -> None:
        """Do nothing: the jobs run on."""

    async def _known(self) -> dict[str, dict[str, Any]]:
        """Return what is known of jobs, the oldest first, and forget those that have been kept long enough."""
        limits, now, known = self._config.limits, time.time(), {}
        async for job_id, entry in self._calls.items.aio():
            last = entry.get("finished") or entry["created"] + limits.job_minutes * 60
            if last < now - limits.keep_minutes * 60:
                await self._calls.pop.aio(job_id)
            else:
                known[job_id] = entry
        return dict(sorted(known.items(), key=lambda item: item[1]["created"]))

    async def _make_room(self) -> None:
        """Forget the oldest finished jobs where there are too many; raises Busy if none is finished."""
        n_too_many = len(await self._known()) - self._config.limits.jobs + 1
        if n_too_many <= 0:
            return
        from pipeline.service.jobs import RETRY_SECONDS
        from pipeline.service.problems import Busy

        finished = [job for job in await self.find() if job.finished]
        if len(finished) < n_too_many:
            raise Busy(RETRY_SECONDS)
        for job in finished[:n_too_many]:
            await self._calls.pop.aio(job.id)

    async def _look(self, job_id: str, known: dict[str, Any], with_result: bool) -> tuple[Job, bytes | None]:
        job = Job(id=job_id, state="running", created=known["created"])
        seen: dict[str, Any] = {name: known[name] for name in ("state", "error", "finished") if name in known}
        if seen and not (with_result and seen["state"] == "done"):
            return job.model_copy(update=seen), None
        result = None
        try:
            answer = await modal.FunctionCall.from_id(known["call"]).get.aio(timeout=0)
        except TimeoutError:
            return job, None
        except Exception as error:  # noqa: BLE001 - whatever the call raised is why the job failed
            ended: dict[str, Any] = {"state": "failed", "error": str(error) or type(error).__name__}
        else:
            ended, result = {"state": "done"}, json.dumps(answer).encode()
        ended["finished"] = known.get("finished", time.time())
        if not seen:
            await self._calls.put.aio(job_id, known | ended)
        return job.model_copy(update=ended), result
