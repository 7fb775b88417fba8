"""Check every request on its way in and out: who it is from, how large it is, and what is noted of it.

The log has method, route, status, time and the request's id: never a text, a query or a token.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import re
import time
import traceback
import uuid
from collections.abc import Mapping
from typing import Any

from pipeline.service.config import LimitsConfig
from pipeline.service.metrics import Metrics
from pipeline.service.problems import MEDIA_TYPE, Problem
from pipeline.service.wire import TOKEN

LOG = logging.getLogger("bitext.serve")
DOCS = "/docs"
"""The page that says what can be asked."""

OPEN = frozenset({"/health", "/", DOCS, "/openapi.json"})
"""What anybody may see: it says nothing about users, and a browser can't send a token."""

QUIET = frozenset({"/health", "/metrics"})
"""Asked for every few seconds by machines."""

LOOPBACK = re.compile(r"(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?")
OWN_ID = re.compile(r"[\w.-]{1,64}", re.ASCII)
FRAME = "  File "
"""How a line of a traceback begins that says where it is; the one of a worker process comes as text."""

JSON_TYPE = re.compile(r"application/([\w.-]+\+)?json\s*(;.*)?", re.IGNORECASE)


class Guard:
    """ASGI middleware around the whole application.

    Without a token only names of this machine are answered to, so that no web page that the user looks at can reach
    the service under a name of its own (DNS rebinding); and only JSON is taken, which a page can't send unasked.
    """

    def __init__(self, app: Any, limits: LimitsConfig, metrics: Metrics, token: str | None, only_loopback: bool):
        self._app, self._limits, self._metrics = app, limits, metrics
        self._token = None if token is None else token.encode()
        self._only_loopback = only_loopback

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Pass a request on if it may be, and answer it in any case."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(scope, send)
        try:
            self._check(scope, exchange.headers)
            body = await self._read(scope, exchange.headers, receive)
            await self._app(scope, _Replay(body, receive), exchange.send)
        except _Gone:
            pass
        except Problem as problem:
            await exchange.answer(problem)
        except Exception as error:  # noqa: BLE001 - a bug is logged without what a user has sent
            log_bug(error, exchange.request_id)
            await exchange.answer(Problem(500, "an error within the service; its log says more under this request_id"))
        finally:
            self._note(exchange)

    def _check(self, scope: Mapping[str, Any], headers: Mapping[str, str]) -> None:
        if self._only_loopback and not LOOPBACK.fullmatch(headers.get("host", "")):
            raise Problem(403, "without a token only this machine is answered to, by the name localhost")
        if self._token is not None and scope["path"] not in OPEN:
            scheme, _, given = headers.get("authorization", "").partition(" ")
            is_right = hmac.compare_digest(given.strip().encode("utf-8", "surrogateescape"), self._token)
            if scheme.lower() != "bearer" or not is_right:
                raise Problem(
                    401,
                    f"a token is needed: Authorization: Bearer <{TOKEN}>",
                    headers={"WWW-Authenticate": "Bearer"},
                )

    async def _read(self, scope: Mapping[str, Any], headers: Mapping[str, str], receive: Any) -> bytes:
        """Read a body that is small enough, in time."""
        if scope["method"] in ("GET", "HEAD", "OPTIONS"):
            return b""
        length = headers.get("content-length", "0")
        if length.isdecimal() and int(length) > self._limits.body_bytes:
            raise self._too_large()
        try:
            body = await asyncio.wait_for(self._receive(receive), self._limits.upload_seconds)
        except TimeoutError:
            seconds = self._limits.upload_seconds
            raise Problem(408, f"the request took longer than {seconds:g} s to arrive", headers=CLOSE) from None
        if body and not JSON_TYPE.fullmatch(headers.get("content-type", "")):
            raise Problem(415, "the body must be JSON: Content-Type: application/json")
        return body

    async def _receive(self, receive: Any) -> bytes:
        parts, n_bytes = [], 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise _Gone
            parts.append(message.get("body", b""))
            n_bytes += len(parts[-1])
            if n_bytes > self._limits.body_bytes:
                raise self._too_large()
            if not message.get("more_body"):
                return b"".join(parts)

    def _too_large(self) -> Problem:
        return Problem(
            413, f"the body is too large; at most {self._limits.body_bytes:,} bytes are taken", headers=CLOSE
        )

    def _note(self, exchange: _Exchange) -> None:
        method, route, seconds = exchange.method, exchange.route, time.monotonic() - exchange.started
        self._metrics.requests.labels(method, route, str(exchange.status)).inc()
        self._metrics.seconds.labels(method, route).observe(seconds)
        level = logging.DEBUG if route in QUIET else logging.INFO
        LOG.log(level, "%s %s %s %.0f ms id=%s", method, route, exchange.status, seconds * 1000, exchange.request_id)


CLOSE = {"Connection": "close"}
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
CLIENT_GONE = 499
"""What is noted of a request whose client went away before it was answered, as nginx has it."""


class _Gone(Exception):  # noqa: N818 - no error: the client went away
    """Nobody waits for an answer."""


class _Exchange:
    """A request and its answer, as far as they are noted."""

    def __init__(self, scope: Mapping[str, Any], send: Any):
        self._scope, self._send = scope, send
        self.started = time.monotonic()
        self.headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        given = self.headers.get("x-request-id", "")
        self.request_id = given if OWN_ID.fullmatch(given) else uuid.uuid4().hex
        self.status = CLIENT_GONE
        self.method = scope["method"] if scope["method"] in METHODS else "other"
        scope.setdefault("state", {})["request_id"] = self.request_id  # type: ignore[attr-defined]

    @property
    def route(self) -> str:
        """Return the route's template, which is one of few, not the path, which anyone may make up."""
        return getattr(self._scope.get("route"), "path", "unknown")

    async def send(self, message: dict[str, Any]) -> None:
        """Send a part of the answer, with the request's id."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = [*message.get("headers", []), (b"x-request-id", self.request_id.encode())]
        await self._send(message)

    async def answer(self, problem: Problem) -> None:
        """Answer with a problem; an answer that has begun is cut off instead."""
        if self.status != CLIENT_GONE:
            return
        body = problem.answer(self.request_id).model_dump_json().encode()
        headers = {"Content-Type": MEDIA_TYPE, "Content-Length": str(len(body)), **problem.headers}
        encoded = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        await self.send({"type": "http.response.start", "status": problem.status, "headers": encoded})
        await self.send({"type": "http.response.body", "body": body})


class _Replay:
    """Gives the application a body that has been read, and then whatever comes after it."""

    def __init__(self, body: bytes, receive: Any):
        self._body: bytes | None = body
        self._receive = receive

    async def __call__(self) -> dict[str, Any]:
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": False}
        message: dict[str, Any] = await self._receive()
        return message


def log_bug(error: Exception, request_id: str) -> None:
    """Log where a bug is, in this process or a worker; an error's text may hold what a user sent, and is left out."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    frames += "\n".join(line for line in str(getattr(error, "traceback", "")).splitlines() if line.startswith(FRAME))
    LOG.error("%s id=%s\n%s", type(error).__name__, request_id, frames)
