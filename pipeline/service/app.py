"""The FastAPI application: what can be asked, and what is answered."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse, StreamingResponse
from starlette.exceptions import HTTPException

from pipeline import __version__
from pipeline.service.config import ServeConfig
from pipeline.service.docs import POLICY, render_docs
from pipeline.service.engine import Engine, Ticket
from pipeline.service.guard import DOCS, Guard
from pipeline.service.jobs import JobStore
from pipeline.service.metrics import CONTENT_TYPE
from pipeline.service.problems import MEDIA_TYPE, Problem, ProblemAnswer, Refused, from_validation
from pipeline.service.streams import stream_alignment
from pipeline.service.tokens import check_token
from pipeline.service.wire import (
    AlignAnswer,
    AlignRequest,
    EmbeddingsAnswer,
    EmbeddingsRequest,
    Health,
    Job,
    Jobs,
    Model,
    Models,
    Usage,
)

JSON = "application/json"
REASONS = {
    400: "not JSON",
    401: "no token, or a wrong one",
    403: "not asked from this machine",
    404: "there is none",
    408: "the request arrived too slowly",
    413: "too large",
    415: "not JSON",
    422: "a field is not what was expected",
    429: "the queue is full",
    500: "an error within the service",
    503: "the service starts or ends",
    504: "it took too long",
}
EVENT = {
    "type": "object",
    "required": ["event", "data"],
    "properties": {
        "event": {"enum": ["progress", "result", "error"]},
        "data": {"type": "string", "description": "JSON: a Progress, an AlignAnswer or a ProblemAnswer"},
    },
}
"""A server-sent event."""

EVERYWHERE = (401, 403, 500)
WITH_BODY = (*EVERYWHERE, 400, 408, 413, 415, 422, 429, 503, 504)


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Describe problems for the OpenAPI page."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemAnswer"}}}
    return {status: {"description": REASONS[status], "content": content} for status in sorted(statuses)}


def make_app(engine: Engine, jobs: JobStore, *, token: str | None, only_loopback: bool) -> FastAPI:
    """Return the application; its engine and jobs start and end with it.

    Raises ConfigError where anybody could ask: without a token, unless only this machine is answered to.
    """
    check_token(token, only_loopback)
    config = engine.config

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        engine.start()
        await jobs.start()
        yield
        engine.end()
        await engine.close()

    app = FastAPI(
        title="bitext",
        summary="Find which sentences of a text and its translation correspond.",
        version=__version__,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    app.add_middleware(
        Guard,
        limits=config.limits,
        metrics=engine.metrics,
        token=token,
        only_loopback=only_loopback,
    )
    _tell_problems(app)
    _add_service(app, config, engine)
    _add_alignment(app, engine)
    _add_jobs(app, jobs)
    _add_embeddings(app, config, engine)
    _describe(app, has_token=token is not None)
    return app


def _tell_problems(app: FastAPI) -> None:
    """Let every error be answered as a problem: the guard does so with those that it meets."""

    @app.exception_handler(RequestValidationError)
    async def _(_: Request, error: RequestValidationError) -> Response:
        raise from_validation(error.errors())

    @app.exception_handler(HTTPException)
    async def _(_: Request, error: HTTPException) -> Response:
        raise Problem(error.status_code, str(error.detail), headers=error.headers)


def _add_service(app: FastAPI, config: ServeConfig, engine: Engine) -> None:
    @app.get("/", include_in_schema=False)
    async def root() -> Response:
        return RedirectResponse(DOCS)

    @app.get(DOCS, include_in_schema=False)
    async def docs() -> Response:
        return HTMLResponse(render_docs(app.openapi()), headers={"Content-Security-Policy": POLICY})

    @app.get("/health", tags=["service"], response_model=Health, responses={503: {"model": Health}})
    async def health(response: Response) -> Health:
        """Say whether requests are answered: once a vector has been computed, until the service is told to end.

        Not while no worker is left: those that died are replaced within seconds.
        """
        health = _health(config, engine)
        response.status_code = 200 if health.status == "ready" else 503
        return health

    @app.get("/metrics", tags=["service"], response_class=Response, responses=_text("Prometheus's text format"))
    async def metrics() -> Response:
        """Return figures for Prometheus."""
        return Response(engine.metrics.render(), media_type=CONTENT_TYPE)


def _health(config: ServeConfig, engine: Engine) -> Health:
    if engine.is_ending:
        return Health(status="ending", model=config.model_name)
    if engine.failure is not None:
        return Health(status="failed", model=config.model_name)
    n_ready = engine.n_ready
    is_ready = engine.dimensions is not None and n_ready > 0
    return Health(
        status="ready" if is_ready else "starting",
        model=config.model_name,
        dimensions=engine.dimensions,
        workers=engine.n_slots,
        workers_ready=n_ready,
    )


def _add_alignment(app: FastAPI, engine: Engine) -> None:
    answers: dict[int | str, dict[str, Any]] = {
        200: {"model": AlignAnswer, "content": {"text/event-stream": {"schema": EVENT}}},
        **problems(*WITH_BODY),
    }

    @app.post("/v1/align", tags=["alignment"], responses=answers, response_class=Response)
    async def align(body: AlignRequest, request: Request) -> Response:
        """Align two texts: beads with their texts, spans and scores."""
        ticket = Ticket(body)
        if not body.stream:
            return Response(await engine.align(ticket, engine.config.limits.timeout_seconds), media_type=JSON)
        engine.check(body)
        engine.refuse_if_full()
        events = stream_alignment(engine, ticket, request.state.request_id)
        return StreamingResponse(events, media_type="text/event-stream", headers={"Cache-Control": "no-store"})


def _add_jobs(app: FastAPI, jobs: JobStore) -> None:
    @app.post("/v1/jobs", tags=["jobs"], status_code=202, response_model=Job, responses=problems(*WITH_BODY))
    async def submit(body: AlignRequest, response: Response) -> Job:
        """Accept an alignment to be asked for later."""
        if body.stream:
            raise Refused("stream", "a job has no stream; ask for it at GET /v1/jobs/{id}")
        job = await jobs.submit(body)
        response.headers["Location"] = f"/v1/jobs/{job.id}"
        return job

    @app.get("/v1/jobs", tags=["jobs"], response_model=Jobs, responses=problems(*EVERYWHERE))
    async def listing() -> Jobs:
        """List the jobs that are kept, the oldest first."""
        return Jobs(jobs=await jobs.find())

    described: dict[int | str, dict[str, Any]] = {200: {"model": Job}, **problems(*EVERYWHERE, 404)}

    @app.get("/v1/jobs/{job_id}", tags=["jobs"], responses=described, response_class=Response)
    async def get(job_id: str) -> Response:
        """Return a job: how far it is, or its result."""
        try:
            job, result = await jobs.get(job_id)
        except (KeyError, FileNotFoundError):
            raise _no_job() from None
        record = job.model_dump_json(exclude={"result"}).encode()
        return Response(record[:-1] + b',"result":' + (result or b"null") + b"}", media_type=JSON)

    @app.delete("/v1/jobs/{job_id}", tags=["jobs"], status_code=204, responses=problems(*EVERYWHERE, 404))
    async def delete(job_id: str) -> None:
        """Cancel a job, and delete its result."""
        try:
            await jobs.delete(job_id)
        except KeyError:
            raise _no_job() from None


def _no_job() -> Problem:
    return Problem(404, "there is no such job; finished ones are kept for a while only")


def _add_embeddings(app: FastAPI, config: ServeConfig, engine: Engine) -> None:
    model = Model(id=config.model_name, created=int(time.time()), owned_by="bitext")

    @app.get("/v1/models", tags=["embeddings"], response_model=Models, responses=problems(*EVERYWHERE))
    async def models() -> Models:
        """List the encoder."""
        return Models(data=[model])

    @app.get("/v1/models/{name:path}", tags=["embeddings"], response_model=Model, responses=problems(*EVERYWHERE, 404))
    async def retrieve(name: str) -> Model:
        """Return the encoder."""
        if name != model.id:
            raise _no_model(model.id)
        return model

    answers: dict[int | str, dict[str, Any]] = {200: {"model": EmbeddingsAnswer}, **problems(*WITH_BODY, 404)}

    @app.post("/v1/embeddings", tags=["embeddings"], responses=answers, response_class=Response)
    async def embeddings(body: EmbeddingsRequest) -> Response:
        """Turn texts into vectors, as OpenAI's API does."""
        if body.model != model.id:
            raise _no_model(model.id)
        _check_inputs(body, engine)
        embedded = await engine.embed(body.texts, body.encoding_format)
        usage = Usage(prompt_tokens=embedded.n_tokens, total_tokens=embedded.n_tokens)
        answer = EmbeddingsAnswer(data=[], model=model.id, usage=usage)
        head = answer.model_dump_json(exclude={"data"}).encode()
        return Response(head[:-1] + b',"data":' + embedded.data + b"}", media_type=JSON)


def _no_model(known: str) -> Problem:
    return Refused("model", f"it is not served here; served is {known!r}", 404)


def _check_inputs(body: EmbeddingsRequest, engine: Engine) -> None:
    limits, texts = engine.config.limits, body.texts
    if len(texts) > limits.inputs:
        raise Refused("input", f"it has {len(texts):,} texts; at most {limits.inputs:,} are taken", 413)
    n_characters = sum(map(len, texts))
    if n_characters > limits.characters:
        raise Refused("input", f"it has {n_characters:,} characters; at most {limits.characters:,} are taken", 413)
    if body.dimensions is not None and engine.dimensions not in (None, body.dimensions):
        raise Refused("dimensions", f"the model has {engine.dimensions}, and can't be asked for another number")


def _text(description: str) -> dict[int | str, dict[str, Any]]:
    content = {"text/plain": {"schema": {"type": "string"}}}
    return {200: {"description": description, "content": content}, **problems(*EVERYWHERE)}


def _describe(app: FastAPI, has_token: bool) -> None:
    """Complete the OpenAPI page: problems in place of FastAPI's own errors, and the token."""
    generate: Callable[[], dict[str, Any]] = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is not None:
            return app.openapi_schema
        page = generate()
        schemas = page["components"]["schemas"]
        schemas |= ProblemAnswer.model_json_schema(ref_template="#/components/schemas/{model}").pop("$defs")
        schemas["ProblemAnswer"] = ProblemAnswer.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas["ProblemAnswer"].pop("$defs", None)
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        for operations in page["paths"].values():
            for operation in operations.values():
                if "422" in operation["responses"] and JSON in operation["responses"]["422"]["content"]:
                    del operation["responses"]["422"]
        if has_token:
            page["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
            page["security"] = [{"token": []}]
            page["paths"]["/health"]["get"]["security"] = []
        return page

    app.openapi = openapi  # type: ignore[method-assign]
