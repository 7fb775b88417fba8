"""A service on this machine: uvicorn, ended without losing what has been accepted."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import signal
import time
from contextlib import suppress
from pathlib import Path
from types import FrameType

import uvicorn

from pipeline.errors import BitextError, ConfigError
from pipeline.service.app import make_app
from pipeline.service.config import ServeConfig
from pipeline.service.connections import BACKLOG, Connections, quiet_when_full
from pipeline.service.engine import Engine
from pipeline.service.jobs import LocalJobs
from pipeline.service.metrics import Metrics
from pipeline.service.pools import make_pool
from pipeline.service.tokens import check_token
from pipeline.service.wire import TOKEN

LINGER_SECONDS = 0.5
"""How long new work is still answered with 503 after the last work is done: what is on its way gets an answer."""

IDLE_CONNECTION_SECONDS = 30


def serve(config: ServeConfig, host: str, port: int, token: str | None, jobs_folder: Path) -> None:
    """Serve until the process is told to end; raises ConfigError, or BitextError where it can't."""
    check_host(host, token)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    metrics = Metrics()
    engine = Engine(config, make_pool(config, metrics.batch_texts.observe), metrics)
    server = make_server(engine, host, port, token, jobs_folder)
    with suppress(SystemExit):  # uvicorn's way to say that it can't listen
        server.run()
    if not server.has_served:
        raise BitextError(f"{host}:{port} can't be listened on; see the line above, or name another --port")
    if engine.failure is not None:
        raise BitextError(f"the encoder {config.model_name} computes no vector ({engine.failure})")


def make_server(engine: Engine, host: str, port: int, token: str | None, jobs_folder: Path) -> GracefulServer:
    """Return a server that is not yet running."""
    jobs = LocalJobs(jobs_folder, engine, max(1, engine.n_slots - 1))
    options = uvicorn.Config(
        make_app(engine, jobs, token=token, only_loopback=token is None),
        host=host,
        port=port,
        access_log=False,
        log_config=None,
        server_header=False,
        http=Connections(engine.config.limits).protocol(),  # type: ignore[arg-type]
        backlog=BACKLOG,
        timeout_keep_alive=IDLE_CONNECTION_SECONDS,
        timeout_graceful_shutdown=1,
    )
    logging.getLogger("asyncio").addFilter(quiet_when_full)
    logging.getLogger("uvicorn.access").disabled = True  # it would write queries; the guard notes what may be noted
    return GracefulServer(options, engine, jobs)


def check_host(host: str, token: str | None) -> None:
    """Raise ConfigError where anybody could ask, or guess the token."""
    is_loopback = host == "localhost"
    with suppress(ValueError):
        is_loopback = is_loopback or ipaddress.ip_address(host).is_loopback
    if token is not None:
        check_token(token)
    if token is None and not is_loopback:
        raise ConfigError(
            f"--host {host}: others than this machine could ask, and nobody would need a token; set {TOKEN}, "
            "or leave --host at 127.0.0.1"
        )


class GracefulServer(uvicorn.Server):
    """Ends in two steps: new work is refused while accepted work is finished; then connections are closed."""

    def __init__(self, config: uvicorn.Config, engine: Engine, jobs: LocalJobs):
        super().__init__(config)
        self.has_served = False
        self._engine, self._jobs = engine, jobs
        self._ending: asyncio.Task[None] | None = None

    async def startup(self, sockets: object = None) -> None:
        """Listen, and watch over the first vector."""
        await super().startup(sockets)  # type: ignore[arg-type]
        self.has_served = self.started

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to end; a second Ctrl-C ends at once."""
        if self._engine.is_ending and sig == signal.SIGINT:
            super().handle_exit(sig, frame)
        self._engine.end()

    async def on_tick(self, counter: int) -> bool:
        """Look ten times a second whether it is time to end."""
        if self._engine.failure is not None:
            self.should_exit = True
        if self._engine.is_ending and self._ending is None:
            self._ending = asyncio.get_running_loop().create_task(self._finish())
        return await super().on_tick(counter)

    async def _finish(self) -> None:
        deadline = time.monotonic() + self._engine.config.limits.grace_seconds
        await self._jobs.finish(deadline - time.monotonic())
        await self._engine.wait_until_idle(max(0.0, deadline - time.monotonic()))
        await asyncio.sleep(LINGER_SECONDS)
        self.should_exit = True
