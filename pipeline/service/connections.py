"""Connections from anywhere: so many at once, and so long until a request's headers are there.

uvicorn closes connections that are idle after an answer; one that sends a header a byte at a time it would keep for
ever, and a thousand of them leave no file descriptor for anybody else.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from pipeline.service.config import LimitsConfig

BACKLOG = 128
"""Connections that wait to be accepted; asyncio accepts as many in one go before any is closed."""

SHARE = 2
"""Connections may take half of the file descriptors that this process may have."""

LOG = logging.getLogger("bitext.serve")


class Connections:
    """The connections of a service; of those that wait for headers the oldest makes room for a new one."""

    def __init__(self, limits: LimitsConfig):
        self.header_seconds = limits.header_seconds
        self.most = min(limits.connections, _most_descriptors() // SHARE)
        self._all: set[Connection] = set()
        self._waiting: dict[Connection, None] = {}
        self._is_full = False

    def protocol(self) -> Callable[..., Connection]:
        """Return what uvicorn makes a connection with."""
        return lambda *arguments, **options: Connection(self, *arguments, **options)

    def add(self, connection: Connection) -> bool:
        """Take a connection in; say whether there is room for it."""
        if len(self._all) >= self.most:
            self._note_full()
            if not self._waiting:
                return False
            oldest = next(iter(self._waiting))
            self.remove(oldest)
            oldest.end()
        self._all.add(connection)
        return True

    def remove(self, connection: Connection) -> None:
        """Forget a connection."""
        self._all.discard(connection)
        self._waiting.pop(connection, None)
        self._is_full = self._is_full and len(self._all) > self.most // SHARE

    def note_waiting(self, connection: Connection, is_waiting: bool) -> None:
        """Note whether a connection has begun a request that isn't there yet."""
        if is_waiting and connection in self._all:
            self._waiting.setdefault(connection)
        else:
            self._waiting.pop(connection, None)

    def _note_full(self) -> None:
        """Log once that there are too many, and again when there were few meanwhile."""
        if not self._is_full:
            LOG.warning("%s connections: those without a request make room for new ones", f"{self.most:,}")
        self._is_full = True


class Connection(H11Protocol):
    """A connection that is closed when its next request takes too long to arrive."""

    def __init__(self, connections: Connections, *arguments: Any, **options: Any):
        super().__init__(*arguments, **options)
        self._connections = connections
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take the connection in, or close it at once."""
        super().connection_made(transport)
        if self._connections.add(self):
            self._watch()
        else:
            self.end()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._stop_timer()
        self._connections.remove(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take more of a request."""
        super().data_received(data)
        self._watch()

    def end(self) -> None:
        """Close it now, whatever has been sent."""
        self._stop_timer()
        with suppress(RuntimeError):  # the loop has ended
            self.transport.abort()

    def _watch(self) -> None:
        is_waiting = self.conn.their_state is h11.IDLE
        self._connections.note_waiting(self, is_waiting)
        if not is_waiting:
            self._stop_timer()
        elif self._timer is None:
            self._timer = self.loop.call_later(self._connections.header_seconds, self.end)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _most_descriptors() -> int:
    try:
        import resource
    except ImportError:  # Windows: sockets are no descriptors
        return 1 << 20
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return soft if soft > 0 else 1 << 20


def quiet_when_full(record: logging.LogRecord) -> bool:
    """Leave out what asyncio logs, a page long and a thousand times a second, when descriptors run out."""
    return "out of system resource" not in record.getMessage()
