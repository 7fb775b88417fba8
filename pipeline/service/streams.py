"""Server-sent events: how far an alignment is, and its answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from pipeline.service.engine import Engine, Ticket
from pipeline.service.guard import log_bug
from pipeline.service.problems import Problem

EVERY_SECONDS = 0.5


async def stream_alignment(engine: Engine, ticket: Ticket, request_id: str) -> AsyncIterator[bytes]:
    """Yield `progress` events, then `result` or `error`; the work is given up when nobody listens any more."""
    seconds = engine.config.limits.job_minutes * 60
    task = asyncio.get_running_loop().create_task(engine.align(ticket, seconds))
    try:
        while not task.done():
            yield _event("progress", engine.progress(ticket).model_dump_json())
            await asyncio.wait({task}, timeout=EVERY_SECONDS)
        yield _last_event(task, request_id)
    finally:
        task.cancel()


def _last_event(task: asyncio.Task[bytes], request_id: str) -> bytes:
    try:
        return _event("result", task.result().decode())
    except Problem as error:
        problem = error
    except Exception as error:  # noqa: BLE001 - the status has been sent; the client must still be told
        log_bug(error, request_id)
        problem = Problem(500, "an error within the service; its log says more under this request_id")
    return _event("error", problem.answer(request_id).model_dump_json())


def _event(name: str, data: str) -> bytes:
    return f"event: {name}\ndata: {data}\n\n".encode()  # JSON on one line: it has no line break of its own
