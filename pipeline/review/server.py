"""A server for one person on this machine: the list of pairs, their pages, and what is decided on them.

The standard library's server is enough: it has three addresses, and answers nobody but the browser that was given its
token. It listens on the loopback interface; every address begins with the token; a foreign Host is refused (a name that
a web page points at this machine would be one), and so is a change that comes without the token in a header, which no
other page can send.
"""

from __future__ import annotations

import hmac
import json
import re
import secrets
from collections.abc import Callable, Mapping
from functools import lru_cache
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from pipeline.errors import BitextError, ChangedMeanwhile
from pipeline.review.documents import DocumentDesk
from pipeline.review.session import Desk
from stages.report.pages import asset, percent

LOOPBACK = "127.0.0.1"
TOKEN_HEADER = "X-Bitext-Token"
MAX_BODY_BYTES = 32 << 20
"""A million corrections take less."""

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
ROUTE = re.compile(
    r"/(?P<token>[^/]*)/(?:pair/(?P<number>\d{1,9})/|(?P<documents>documents)/)?"
    r"(?P<action>corrections|edits|undo|next|export/[a-z]{2,10})?"
)
HTML, JSON, TEXT = "text/html; charset=utf-8", "application/json", "text/plain; charset=utf-8"


class ReviewServer(ThreadingHTTPServer):
    """Serves a desk until it is shut down."""

    daemon_threads = True

    def __init__(self, desk: Desk, port: int = 0):
        super().__init__((LOOPBACK, port), ReviewHandler)
        self.desk = desk
        self.token = secrets.token_urlsafe(24)
        self.hosts = {f"{name}:{self.server_port}" for name in (LOOPBACK, "localhost")}

    def address(self, number: int | None = None) -> str:
        """Return what to open in a browser: the list, or the page of a pair."""
        place = "" if number is None else f"pair/{number}/"
        return f"http://{LOOPBACK}:{self.server_port}/{self.token}/{place}"


class Route(NamedTuple):
    """What is asked for: a pair, or the documents that belong together, or the list of all; and what to do with it."""

    number: int | None
    is_documents: bool
    action: str | None


class Answer(NamedTuple):
    """What is sent back."""

    kind: str
    content: str | bytes
    status: HTTPStatus = HTTPStatus.OK
    headers: Mapping[str, str] = MappingProxyType({})


class RequestError(Exception):
    """A request that is not answered."""

    def __init__(self, status: HTTPStatus, reason: str):
        super().__init__(reason)
        self.status = status


class ReviewHandler(BaseHTTPRequestHandler):
    """Answers one request."""

    server: ReviewServer
    timeout = 60
    server_version = "bitext"
    sys_version = ""

    def do_GET(self) -> None:
        """Give the list of pairs, or the page of one."""
        self._answer(self._get)

    def do_POST(self) -> None:
        """Keep what was decided about a pair."""
        self._answer(self._post)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name in the base class
        """Log nothing: the addresses hold the token."""

    def _answer(self, method: Callable[[], Answer]) -> None:
        try:
            answer = method()
        except RequestError as error:
            answer = Answer(TEXT, str(error), error.status)
        except ChangedMeanwhile as error:
            answer = Answer(TEXT, str(error), HTTPStatus.CONFLICT)
        except (BitextError, ValueError) as error:
            answer = Answer(TEXT, str(error), HTTPStatus.UNPROCESSABLE_ENTITY)
        content = answer.content
        data = content.encode("utf-8", "replace") if isinstance(content, str) else content
        self.send_response(answer.status)
        told = {**HEADERS, "Content-Type": answer.kind, "Content-Length": str(len(data)), **answer.headers}
        for name, value in told.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def _get(self) -> Answer:
        route, desk = self._route(), self.server.desk
        if route.action and route.number is not None:
            return self._give(route.number, route.action)
        if route.action:
            raise RequestError(HTTPStatus.METHOD_NOT_ALLOWED, f"{route.action} are only sent here")
        if route.is_documents:
            return Answer(HTML, _template("documents").render(name=desk.config.name, **self._documents().page()))
        if route.number is not None:
            return Answer(HTML, desk.page(route.number))
        numbers = desk.documents.numbers() if desk.documents else None
        shown = {"name": desk.config.name, "folder": desk.folder, "rows": desk.listed(), "documents": numbers}
        return Answer(HTML, _template("list").render(shown))

    def _give(self, number: int, action: str) -> Answer:
        """Give what there is to get of a pair beside its page."""
        desk = self.server.desk
        if action == "next":
            return Answer(TEXT, "", HTTPStatus.SEE_OTHER, {"Location": self.server.address(desk.next_pair(number))})
        if not action.startswith("export/"):
            raise RequestError(HTTPStatus.METHOD_NOT_ALLOWED, f"{action} are only sent here")
        name, data = desk.export(number, action.removeprefix("export/"))
        told = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}"}
        return Answer("application/octet-stream", data, headers=told)

    def _post(self) -> Answer:
        route, desk = self._route(), self.server.desk
        if not _is_same(self.headers.get(TOKEN_HEADER, ""), self.server.token):
            raise RequestError(HTTPStatus.FORBIDDEN, f"a change needs the token in {TOKEN_HEADER}")
        does = {"corrections": desk.save, "edits": desk.edit, "undo": desk.undo_edit}
        is_of_documents = route.is_documents and route.action == "corrections"
        if not is_of_documents and (route.number is None or route.action not in does):
            raise RequestError(HTTPStatus.METHOD_NOT_ALLOWED, "nothing is sent here")
        try:
            decided = json.loads(self._body())
        except RecursionError:
            raise ValueError("what was decided is nested too deep") from None
        if not isinstance(decided, dict):
            raise ValueError("what was decided must be an object")
        if route.number is None:
            return Answer(JSON, json.dumps({"file": self._documents().save(decided)}))
        return Answer(JSON, json.dumps({"version": does[str(route.action)](route.number, decided)}))

    def _documents(self) -> DocumentDesk:
        if self.server.desk.documents is None:
            raise RequestError(HTTPStatus.NOT_FOUND, "the documents of this run were not paired by what they say")
        return self.server.desk.documents

    def _route(self) -> Route:
        """Return what is meant; refuse whoever does not know the token."""
        if self.headers.get("Host") not in self.server.hosts:
            raise RequestError(HTTPStatus.MISDIRECTED_REQUEST, "this server answers to its own address only")
        match = ROUTE.fullmatch(self.path)
        if match is None or not _is_same(match["token"], self.server.token):
            raise RequestError(HTTPStatus.NOT_FOUND, "open the address that bitext review has printed")
        number = None if match["number"] is None else int(match["number"])
        if number is not None and number >= len(self.server.desk.pairs):
            raise RequestError(HTTPStatus.NOT_FOUND, f"there is no pair {number}")
        return Route(number, match["documents"] is not None, match["action"])

    def _body(self) -> bytes:
        length = self.headers.get("Content-Length", "")
        if not length.isascii() or not length.isdigit():
            raise RequestError(HTTPStatus.LENGTH_REQUIRED, "a change needs a Content-Length")
        if int(length) > MAX_BODY_BYTES:
            raise RequestError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"more than {MAX_BODY_BYTES:,} bytes")
        return self.rfile.read(int(length))


def _is_same(given: str, token: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), token.encode())


@lru_cache(maxsize=2)
def _template(name: str) -> Template:
    environment = Environment(
        loader=PackageLoader("pipeline.review", ""), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters["percent"] = percent
    environment.globals["base_style"] = asset("base.css")
    return environment.get_template(f"{name}.html.j2")
