"""Run each config every night, where its corpus lies; leave a report, a history and a trace."""

from __future__ import annotations

import json
import os
import shutil
import time
import traceback
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from pipeline.cloud.costs import Bill, costs_of, dollars_text
from pipeline.cloud.night_lock import NightLock, Sign
from pipeline.cloud.nightly_config import NightlyConfig
from pipeline.commands.finish import keep_record
from pipeline.config.run_config import RunConfig
from pipeline.errors import BitextError
from pipeline.flow.backend import Backend
from pipeline.flow.pairing import carry_out_paired
from pipeline.flow.run import Run
from pipeline.progress import Progress, duration
from pipeline.runs.record import verdict
from pipeline.store.compact import compact
from pipeline.store.files import write_text
from pipeline.store.run_store import LATEST, RunStore

NIGHTS = "nights"
TIME_FORMAT = "%Y-%m-%dT%H-%M-%S"
HISTORY = "history.jsonl"
WEBHOOK = "BITEXT_WEBHOOK_URL"
LONGEST_NIGHT_SECONDS = 24 * 3600
"""Modal stops a function then."""


class PricedBackend(Backend, Protocol):
    """A backend that knows what it costs."""

    def bills(self) -> list[Bill]:
        """Return what each kind of machine has cost so far."""

    def stop(self) -> None:
        """End what is still at work on a run that has been given up."""


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


class Nightly:
    """What is run every night, and how far tonight is."""

    def __init__(
        self,
        settings: NightlyConfig,
        configs: Sequence[RunConfig],
        open_backend: OpenBackend,
        prepare: Callable[[RunConfig], RunConfig] = lambda config: config,
    ):
        self._settings, self._configs, self._open, self._prepare = settings, configs, open_backend, prepare
        self._nights: list[Night] = []
        self._broken_off: list[Night] = []
        self._spent_before = 0.0
        """What tonight has cost before its machine was taken away."""
        self._at: tuple[str, PricedBackend] | None = None

    def run(self, lock: NightLock, scratch: Path) -> list[Night]:
        """Run every config unless another night runs, and tell of one that was killed.

        Raises NightFailed in the end if a night was left out or a config could not be run, or aligned nothing.
        """
        if not lock.take():
            return self._finish(list(self._leave_out(lock)))
        with lock.held(self.spent):
            if lock.broken_off is not None:
                self._tell_of(lock.broken_off, is_tonight=lock.broken_off.call == lock.call)
            for config in self._configs:
                self._nights.append(self._run_config(config, scratch))
            return self._finish(self._nights)

    def spent(self) -> tuple[str | None, float, float]:
        """Return the config that is run now, what it has cost so far, and what those before it have."""
        before = self._spent_before + sum(night.dollars for night in self._nights)
        if self._at is None:
            return None, 0.0, before
        name, backend = self._at
        return name, sum(bill.dollars for bill in backend.bills()), before

    def _run_config(self, config: RunConfig, scratch: Path) -> Night:
        _, _, before = self.spent()
        left = self._settings.max_dollars and max(self._settings.max_dollars - before, 0.0)
        backend = self._open(config, left)
        self._at = config.name, backend
        try:
            return _run_night(config, self._prepare, backend, scratch, self._settings.keep_nights)
        finally:
            self._at = None

    def _leave_out(self, lock: NightLock) -> Iterator[Night]:
        """Leave a line in the history of each config: a night that didn't happen must be seen."""
        assert lock.running is not None
        text = f"left out: the night of {_time_text(lock.running.since)} UTC is still at work"
        for config in self._configs:
            night = Night(config.name, _time_text(time.time()), 1, text, 0.0, 0, 0.0)
            yield self._note(night, config)

    def _tell_of(self, sign: Sign, is_tonight: bool) -> None:
        """Leave a line about a night that was broken off, at the config that it was at."""
        if is_tonight:
            self._spent_before = sign.dollars_before + sign.dollars
        config = next((config for config in self._configs if config.name == sign.config), self._configs[0])
        text = f"broken off: no sign of life after {_time_text(sign.seen)} UTC"
        seconds = round(sign.seen - sign.since, 1)
        night = Night(config.name, _time_text(sign.since), 1, text, seconds, 0, round(sign.dollars, 6))
        self._broken_off.append(self._note(night, config))

    def _note(self, night: Night, config: RunConfig) -> Night:
        self._open(config, None).do(leave_night, config, night, None, self._settings.keep_nights)
        print(night, flush=True)  # noqa: T201
        return night

    def _finish(self, nights: list[Night]) -> list[Night]:
        """Tell the webhook what went wrong; raises NightFailed if tonight did."""
        troubles = [str(night) for night in (*self._broken_off, *nights) if night.status]
        if troubles:
            _tell_webhook("\n".join(troubles))
        if any(night.status not in (0, 3) for night in nights):
            raise NightFailed("\n".join(troubles))
        return nights


def _time_text(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime(TIME_FORMAT)


def _run_night(
    config: RunConfig,
    prepare: Callable[[RunConfig], RunConfig],
    backend: PricedBackend,
    scratch: Path,
    keep_nights: int,
) -> Night:
    started, begun = _time_text(time.time()), time.monotonic()
    run = Run(config, out=scratch / config.name, has_folder=False)
    status, text = _carry_out(run, prepare, backend)
    run.costs = costs_of(run, backend.bills())
    n_encoded = run.count_of("encode", "documents")
    seconds = round(time.monotonic() - begun, 1)
    night = Night(config.name, started, status, text, seconds, n_encoded, run.costs["dollars"])
    backend.do(leave_night, config, night, run if run.exported else None, keep_nights)
    print(night, flush=True)  # noqa: T201
    return night


def _carry_out(run: Run, prepare: Callable[[RunConfig], RunConfig], backend: PricedBackend) -> tuple[int, str]:
    """Carry out a run; return its exit status, and what became of it in words."""
    try:
        run.config = prepare(run.config)
        carry_out_paired(run, backend, Progress())
    except BitextError as error:
        backend.stop()
        return error.exit_status, str(error)
    except Exception as error:  # noqa: BLE001 - one config's trouble must not keep the others from running
        backend.stop()
        print(traceback.format_exc(), flush=True)  # noqa: T201 - a container's log is what it prints
        return 1, f"{type(error).__name__}: {error}"
    return run.exit_status, verdict(run) if run.exported else "nothing new"


def leave_night(store: RunStore, night: Night, run: Run | None, keep_nights: int) -> None:
    """Leave the record of a night, keep a copy of what it exported, forget the oldest, and tidy the store."""
    folder = store.folder
    history = folder / HISTORY
    before = history.read_text(encoding="utf-8", errors="replace") if history.exists() else ""
    write_text(history, before + json.dumps(asdict(night), ensure_ascii=False) + "\n")
    if run is None:
        return
    keep_record(store, run)
    if keep_nights:
        shutil.copytree(folder / LATEST, folder / NIGHTS / night.started, dirs_exist_ok=True)
    for old in sorted((folder / NIGHTS).glob("*"))[: -keep_nights or None]:
        shutil.rmtree(old)
    compact(store)


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
