"""What happens every night: each config is run where its corpus lies, and leaves a report, a history and a trace."""

from __future__ import annotations

import json
import os
import shutil
import time
import traceback
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from pipeline.cloud.costs import Bill, costs_of, dollars_text
from pipeline.cloud.nightly_config import NightlyConfig
from pipeline.commands.finish import keep_record
from pipeline.config.run_config import RunConfig
from pipeline.errors import BitextError
from pipeline.flow.backend import Backend
from pipeline.flow.flow import Flow, Run
from pipeline.progress import Progress, duration
from pipeline.runs.record import verdict
from pipeline.store.compact import compact
from pipeline.store.files import write_text
from pipeline.store.store import Store

NIGHTS = "nights"
HISTORY = "history.jsonl"
WEBHOOK = "BITEXT_WEBHOOK_URL"
LONGEST_NIGHT_SECONDS = 24 * 3600
"""Modal stops a function then: a lock that is older was left by a night that was killed."""


class PricedBackend(Backend, Protocol):
    """A backend that knows what it costs."""

    def bills(self) -> list[Bill]:
        """Return what each kind of machine has cost so far."""

    def stop(self) -> None:
        """End what is still at work on a run that has been given up."""


class Lock(Protocol):
    """A dictionary that all containers share: a modal.Dict."""

    def put(self, key: str, value: Any, *, skip_if_exists: bool = False) -> bool:
        """Set a key, and say whether it was."""

    def get(self, key: str) -> Any:
        """Return the value of a key, or None."""

    def pop(self, key: str) -> Any:
        """Remove a key."""


@dataclass(frozen=True)
class Night:
    """What became of a config in a night, a line of its history."""

    name: str
    started: str
    status: int
    text: str
    seconds: float
    encoded_documents: int
    dollars: float

    def __str__(self) -> str:
        cost = f"{duration(self.seconds)}, {dollars_text(self.dollars)}"
        return f"night {self.started} {self.name}: exit status {self.status}, {self.text}, {cost}"


class NightFailed(Exception):  # noqa: N818 - so that Modal shows the night as failed
    """Some config of a night has failed; its text says which and why."""


OpenBackend = Callable[[RunConfig, float | None], PricedBackend]
"""Opens the backend of a config, which may cost at most so many dollars."""


def run_nights(
    settings: NightlyConfig, configs: Sequence[RunConfig], open_backend: OpenBackend, scratch: Path
) -> list[Night]:
    """Run every config, whatever becomes of the others, print a line for each and tell the webhook what went wrong.

    Raises NightFailed in the end if a config could not be run, or aligned nothing.
    """
    nights: list[Night] = []
    for config in configs:
        left = settings.max_dollars and settings.max_dollars - sum(night.dollars for night in nights)
        nights.append(_run_night(config, open_backend(config, left), scratch, settings.keep_nights))
    troubles = [str(night) for night in nights if night.status]
    if troubles:
        _tell_webhook("\n".join(troubles))
    if any(night.status not in (0, 3) for night in nights):
        raise NightFailed("\n".join(troubles))
    return nights


def may_start(lock: Lock, call: str) -> bool:
    """Say whether a night may start: none is running, or only this very call, begun before its machine was preempted.

    Who may start must call `lock.pop("night")` in the end.
    """
    mine: dict[str, Any] = {"call": call, "since": time.time()}
    if lock.put("night", mine, skip_if_exists=True):
        return True
    running: dict[str, Any] = lock.get("night") or mine
    if running["call"] != call and time.time() - running["since"] < LONGEST_NIGHT_SECONDS:
        return False
    lock.put("night", mine)
    return True


def _run_night(config: RunConfig, backend: PricedBackend, scratch: Path, keep_nights: int) -> Night:
    started, begun = datetime.now(UTC).strftime("%Y-%m-%dT%H-%M-%S"), time.monotonic()
    run = Run(config, out=scratch / config.name)
    status, text = _carry_out(run, backend)
    run.costs = costs_of(run, backend.bills())
    n_encoded = run.records["encode"].counts["documents"] if "encode" in run.records else 0
    seconds = round(time.monotonic() - begun, 1)
    night = Night(config.name, started, status, text, seconds, n_encoded, run.costs["dollars"])
    backend.do(leave_night, night, run if run.exported else None, keep_nights)
    print(night, flush=True)  # noqa: T201
    return night


def _carry_out(run: Run, backend: PricedBackend) -> tuple[int, str]:
    """Carry out a run; return its exit status, and what became of it in words."""
    try:
        Flow(run, backend, Progress()).carry_out()
    except BitextError as error:
        backend.stop()
        return error.exit_status, str(error)
    except Exception as error:  # noqa: BLE001 - one config's trouble must not keep the others from running
        backend.stop()
        print(traceback.format_exc(), flush=True)  # noqa: T201 - a container's log is what it prints
        return 1, f"{type(error).__name__}: {error}"
    return run.exit_status, verdict(run)


def leave_night(store: Store, night: Night, run: Run | None, keep_nights: int) -> None:
    """Leave the record of a night, keep a copy of what it exported, forget the oldest, and tidy the store."""
    folder = store.run_folder(night.name)
    history = folder / HISTORY
    before = history.read_text(encoding="utf-8") if history.exists() else ""
    write_text(history, before + json.dumps(asdict(night), ensure_ascii=False) + "\n")
    if run is None:
        return
    keep_record(store, run)
    if keep_nights:
        shutil.copytree(folder / "latest", folder / NIGHTS / night.started, dirs_exist_ok=True)
    for old in sorted((folder / NIGHTS).glob("*"))[: -keep_nights or None]:
        shutil.rmtree(old)
    compact(store, run.config)


def _tell_webhook(text: str) -> None:
    """Post what went wrong to the address in the environment, as chat programs take it; failing that, print why."""
    url = os.environ.get(WEBHOOK, "")
    if not url.startswith(("https://", "http://")):
        return
    body = json.dumps({"text": text}).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    try:
        urllib.request.urlopen(request, timeout=10).close()
    except OSError as error:
        print(f"the webhook could not be told: {error}", flush=True)  # noqa: T201
