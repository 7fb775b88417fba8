"""Load a service and tell how fast it answers, and how much memory it takes; a program, not a test.

    bitext serve --port 8765 &
    python tests/load_service.py --url http://127.0.0.1:8765 --seconds 60 --concurrency 4 --concurrency 8
    python tests/load_service.py --requests 10000 --concurrency 8 --pid <of bitext serve>

Each client asks, waits for the answer, and asks again. `--kind align` sends a pair of about 30 sentences, `embed` a
text.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
import httpx2
import numpy as np

STORY = Path(__file__).parents[1] / "configs" / "demo"
N_LINES = 12
"""Of the story: 30 sentences or so."""


@dataclass
class Figures:
    """What came of it: seconds of each answered request, and how many had which status."""

    seconds: list[float] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)

    def report(self, elapsed: float) -> str:
        median, most, nearly_all = np.percentile(self.seconds or [0], [50, 95, 99]) * 1000
        return (
            f"{len(self.seconds) / elapsed:8.1f} a second   p50 {median:7.1f} ms   p95 {most:7.1f} ms   "
            f"p99 {nearly_all:7.1f} ms   {dict(self.statuses)}"
        )


def bodies(kind: str) -> tuple[str, list[dict[str, Any]]]:
    """Return the path and some bodies to send in turn."""
    texts = {lang: (STORY / lang / "lighthouse.txt").read_text(encoding="utf-8").splitlines() for lang in ("en", "de")}
    if kind == "align":
        source, target = ("\n".join(lines[:N_LINES]) for lines in (texts["en"], texts["de"]))
        return "/v1/align", [{"source": source, "target": target, "source_language": "en", "target_language": "de"}]
    lines = [line for line in texts["en"] if line]
    return "/v1/embeddings", [
        {"model": "use-multilingual", "input": line, "encoding_format": "base64"} for line in lines
    ]


async def ask(client: httpx2.AsyncClient, path: str, sent: Any, until: Callable[[], bool], figures: Figures) -> None:
    while until():
        started = time.monotonic()
        try:
            answer = await client.post(path, json=next(sent))
        except httpx2.TransportError as error:
            figures.statuses[type(error).__name__] += 1
            continue
        figures.statuses[str(answer.status_code)] += 1
        if answer.status_code == 200:
            figures.seconds.append(time.monotonic() - started)
        elif answer.status_code == 429:
            await asyncio.sleep(float(answer.headers["Retry-After"]))


async def load(url: str, kind: str, n_clients: int, until: Callable[[], bool]) -> Figures:
    figures, (path, sent) = Figures(), bodies(kind)
    token = os.environ.get("BITEXT_API_TOKEN")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    limits = httpx2.Limits(max_connections=n_clients, max_keepalive_connections=n_clients)
    async with httpx2.AsyncClient(base_url=url, headers=headers, limits=limits, timeout=120) as client:
        turns = itertools.cycle(sent)
        await asyncio.gather(*(ask(client, path, turns, until, figures) for _ in range(n_clients)))
    return figures


def memory(pid: int) -> float:
    """Return the MB that a process and its children hold."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    pages = [int(Path(f"/proc/{process}/statm").read_text().split()[1]) for process in (pid, *map(int, children))]
    return sum(pages) * os.sysconf("SC_PAGE_SIZE") / 1e6


@click.command()
@click.option("--url", default="http://127.0.0.1:8765", show_default=True)
@click.option("--kind", type=click.Choice(["align", "embed"]), default="align", show_default=True)
@click.option(
    "--concurrency", type=int, multiple=True, default=[1, 2, 4, 8, 16], help="Clients; give it again for more."
)
@click.option("--seconds", default=60.0, show_default=True, help="For each concurrency.")
@click.option("--requests", type=int, help="Send so many in place of so long, and tell the memory at each tenth.")
@click.option("--pid", type=int, help="Of `bitext serve`.")
def main(
    url: str, kind: str, concurrency: tuple[int, ...], seconds: float, requests: int | None, pid: int | None
) -> None:
    for n_clients in concurrency:
        started = time.monotonic()
        until = for_so_long(seconds) if requests is None else for_so_many(requests, pid)
        figures = asyncio.run(load(url, kind, n_clients, until))
        click.echo(f"{n_clients:3} clients {figures.report(time.monotonic() - started)}")


def for_so_long(seconds: float) -> Callable[[], bool]:
    stop = time.monotonic() + seconds
    return lambda: time.monotonic() < stop


def for_so_many(requests: int, pid: int | None) -> Callable[[], bool]:
    """Go on for so many requests; and tell the memory now and then."""
    counted = itertools.count()

    def go_on() -> bool:
        count = next(counted)
        if pid is not None and count <= requests and count % max(1, requests // 10) == 0:
            click.echo(f"{count:7,} requests  {memory(pid):8.1f} MB")
        return count < requests

    return go_on


if __name__ == "__main__":
    main()
