"""A service that really listens, in a thread of the tests: the embedded encoder, small limits, a token."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx2

from pipeline.service.config import LimitsConfig, ServeConfig
from pipeline.service.engine import Engine
from pipeline.service.metrics import Metrics
from pipeline.service.pools import Pool, ThreadPool
from pipeline.service.server import GracefulServer, make_server

TOKEN = "a token that only tests know"
START_SECONDS = 60
LIMITS = LimitsConfig(body_bytes=20_000, characters=10_000, sentences=100, inputs=8, upload_seconds=0.5, jobs=3)
CONFIG = ServeConfig(limits=LIMITS, workers=2)


class Live(NamedTuple):
    url: str
    engine: Engine
    server: GracefulServer

    @property
    def address(self) -> tuple[str, int]:
        host, port = self.url.removeprefix("http://").split(":")
        return host, int(port)

    def client(self, token: str | None = TOKEN) -> httpx2.Client:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        return httpx2.Client(base_url=self.url, headers=headers, timeout=60)

    def health(self) -> str:
        with self.client(None) as client:
            return str(client.get("/health").json()["status"])


@contextmanager
def live_service(jobs: Path, config: ServeConfig = CONFIG, pool: Pool | None = None) -> Iterator[Live]:
    """Serve as `bitext serve` does, on a free port; without a pool, with the real encoder."""
    metrics = Metrics()
    engine = Engine(config, pool or ThreadPool(config, metrics.batch_texts.observe), metrics)
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    server = make_server(engine, "127.0.0.1", port, TOKEN, jobs)
    thread = threading.Thread(target=server.run)
    thread.start()
    live = Live(f"http://127.0.0.1:{port}", engine, server)
    try:
        deadline = time.monotonic() + START_SECONDS
        while not server.has_served or live.health() != "ready":
            assert thread.is_alive()
            assert time.monotonic() < deadline
            time.sleep(0.02)
        yield live
    finally:
        engine.end()
        thread.join(60)
        assert not thread.is_alive()
