"""What is run every night, and what becomes of it, on this machine."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from small_corpus import InlineBackend

from pipeline.cloud.costs import Bill
from pipeline.cloud.night_lock import STALE_SECONDS, NightLock
from pipeline.cloud.nightly_config import load_nightly
from pipeline.cloud.nights import NightFailed, Nightly
from pipeline.config.run_config import RunConfig
from pipeline.errors import BudgetError, ConfigError

RUN = """
[corpus]
documents = "volume:{name}/{{language}}/*.txt"
pairs = ["en-de"]
[encode]
encoder = "use-multilingual"
max_overlap = 1
[align]
max_bead = 2
"""


class Shared(dict[str, Any]):
    """A modal.Dict of this process."""

    def put(self, key: str, value: Any, *, skip_if_exists: bool = False) -> bool:
        if skip_if_exists and key in self:
            return False
        self[key] = value
        return True


class PricedLocal(InlineBackend):
    """This machine, at a price."""

    was_stopped = False

    def bills(self) -> list[Bill]:
        return [Bill("clerk", 1, 10.0, 5.0, 0.25)]

    def stop(self) -> None:
        self.was_stopped = True


@pytest.fixture
def nightly(tmp_path: Path) -> Path:
    """Return a nightly config of two runs over corpora in the store."""
    for name in ("first", "second"):
        (tmp_path / f"{name}.toml").write_text(RUN.format(name=name))
        for language, text in (("en", f"A {name} house."), ("de", f"Ein {name} Haus.")):
            write_document(tmp_path, name, language, "one", text)
    path = tmp_path / "nightly.toml"
    path.write_text('configs = ["first.toml", "second.toml"]\nkeep_nights = 2\n')
    return path


def write_document(folder: Path, corpus: str, language: str, name: str, text: str) -> None:
    path = folder / "store" / corpus / language / f"{name}.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def run_a_night(
    nightly: Path,
    open_backend: Callable[..., PricedLocal] | None = None,
    shared: Shared | None = None,
    call: str = "tonight",
) -> list[Any]:
    settings, configs = load_nightly(nightly)
    lock = NightLock(Shared() if shared is None else shared, settings.app_name, call)
    return Nightly(settings, configs, open_backend or opener(nightly)).run(lock, nightly.parent / "scratch")


def opener(nightly: Path) -> Callable[[RunConfig, float | None], PricedLocal]:
    return lambda config, max_dollars: PricedLocal(nightly.parent / "store", workers=1)


def history(nightly: Path, name: str) -> list[dict[str, Any]]:
    lines = (nightly.parent / "store/runs" / name / "history.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def test_a_night_leaves_a_record_and_only_the_next_one_s_news_are_done(nightly: Path) -> None:
    nights = run_a_night(nightly)
    assert [(night.name, night.status, night.encoded_documents) for night in nights] == [
        ("first", 0, 2),
        ("second", 0, 2),
    ]
    write_document(nightly.parent, "second", "en", "two", "A tree.")
    write_document(nightly.parent, "second", "de", "two", "Ein Baum.")
    run_a_night(nightly)
    assert [night["encoded_documents"] for night in history(nightly, "first")] == [2, 0]
    assert [night["encoded_documents"] for night in history(nightly, "second")] == [2, 2]
    assert [night["text"] for night in history(nightly, "first")] == ["1 of 1 pair aligned", "nothing new"]
    assert len(list((nightly.parent / "store/runs/first/nights").iterdir())) == 1, "what is not new is not kept again"
    assert history(nightly, "second")[1]["text"] == "2 of 2 pairs aligned"
    report = json.loads((nightly.parent / "store/runs/second/latest/report.json").read_text())
    assert report["costs"]["dollars"] == 0.25


def test_a_night_with_nothing_new_writes_a_line_of_its_history_and_nothing_else(nightly: Path) -> None:
    age(nightly)
    run_a_night(nightly)
    before = states(nightly)
    run_a_night(nightly)
    assert [path.name for path, state in states(nightly).items() if before.get(path) != state] == ["history.jsonl"] * 2
    (nightly.parent / "store/runs/first/latest/report.md").unlink()
    run_a_night(nightly)
    assert (nightly.parent / "store/runs/first/latest/report.md").exists()
    assert [night["text"] for night in history(nightly, "first")][1:] == ["nothing new", "1 of 1 pair aligned"]
    assert [night["text"] for night in history(nightly, "second")][1:] == ["nothing new", "nothing new"]


def age(nightly: Path) -> None:
    """Have the documents been written a while ago: fresher ones are read again."""
    for path in (nightly.parent / "store").glob("*/*/*.txt"):
        os.utime(path, (path.stat().st_mtime - 60,) * 2)


def states(nightly: Path) -> dict[Path, int]:
    files = (path for path in (nightly.parent / "store").rglob("*") if path.is_file())
    return {path: path.stat().st_mtime_ns for path in files}


def test_older_nights_are_kept_as_configured(nightly: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for day in (1, 2, 3):
        at(monkeypatch, datetime(2026, 11, day, 2, tzinfo=UTC).timestamp())
        write_document(nightly.parent, "first", "en", "one", f"A first house, {day}.")
        run_a_night(nightly)
    kept = sorted(path.name for path in (nightly.parent / "store/runs/first/nights").iterdir())
    assert kept == ["2026-11-02T02-00-00", "2026-11-03T02-00-00"]
    assert (nightly.parent / "store/runs/first/nights" / kept[0] / "report.json").exists()
    nightly.write_text(nightly.read_text().replace("keep_nights = 2", "keep_nights = 0"))
    write_document(nightly.parent, "first", "en", "one", "A first house.")
    run_a_night(nightly)
    assert list((nightly.parent / "store/runs/first/nights").iterdir()) == []


def test_a_config_that_fails_is_told_and_the_others_run(nightly: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    posted: list[dict[str, str]] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            return

    for path in (nightly.parent / "store/first").rglob("*.txt"):
        path.unlink()
    with HTTPServer(("127.0.0.1", 0), Hook) as server:
        Thread(target=server.handle_request, daemon=True).start()
        monkeypatch.setenv("BITEXT_WEBHOOK_URL", f"http://127.0.0.1:{server.server_port}/hook")
        with pytest.raises(NightFailed, match="no file matches"):
            run_a_night(nightly)
    assert history(nightly, "first")[0]["status"] == 2
    assert history(nightly, "second")[0]["status"] == 0
    assert "first: exit status 2" in posted[0]["text"]
    assert "second" not in posted[0]["text"]


def test_a_webhook_that_is_down_is_no_failure(
    nightly: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BITEXT_WEBHOOK_URL", "http://127.0.0.1:9/")
    (nightly.parent / "store/first/de/one.txt").write_bytes(b"%PDF-1.7 and no more")
    write_document(nightly.parent, "first", "en", "two", "A tree.")
    write_document(nightly.parent, "first", "de", "two", "Ein Baum.")
    assert [night.status for night in run_a_night(nightly)] == [3, 0]
    assert "the webhook could not be told" in capsys.readouterr().out


def test_a_night_stops_before_it_costs_more_than_it_may_and_leaves_its_record(nightly: Path) -> None:
    nightly.write_text(nightly.read_text() + "max_dollars = 0.4\n")
    given: list[float | None] = []

    class Dear(PricedLocal):
        def submit(self, *_: Any) -> Any:
            raise BudgetError("stopped before it costs more than $0.15")

    def open_backend(config: RunConfig, max_dollars: float | None) -> PricedLocal:
        given.append(max_dollars)
        kind = PricedLocal if config.name == "first" else Dear
        backends.append(kind(nightly.parent / "store", workers=1))
        return backends[-1]

    backends: list[PricedLocal] = []
    with pytest.raises(NightFailed, match="second: exit status 1, stopped before it costs more"):
        run_a_night(nightly, open_backend)
    assert given == [pytest.approx(0.4), pytest.approx(0.15)], "what the first config left"
    assert [backend.was_stopped for backend in backends] == [False, True]
    assert [history(nightly, name)[-1]["status"] for name in ("first", "second")] == [0, 1]


KILLED = datetime(2026, 11, 29, 2, 0, 7, tzinfo=UTC).timestamp()
"""02:00:07, when a night began that was killed an hour later; its lock stays."""


def killed_night(seen: float, dollars: float = 1.5) -> Shared:
    """Return what a night left that was killed: its last sign of life."""
    sign = {"call": "killed", "since": KILLED, "seen": seen, "config": "second", "dollars": dollars}
    return Shared({"bitext-nightly": {**sign, "dollars_before": 0.5}})


def at(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    monkeypatch.setattr("pipeline.cloud.night_lock.time.time", lambda: seconds)


def test_the_night_after_a_killed_one_runs_and_the_history_tells_of_both(
    nightly: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = killed_night(seen=KILLED + 3600)
    at(monkeypatch, KILLED + 24 * 3600 - 2)  # 02:00:05
    assert [night.status for night in run_a_night(nightly, shared=shared)] == [0, 0]
    assert [(night["started"], night["status"], night["dollars"]) for night in history(nightly, "second")] == [
        ("2026-11-29T02-00-07", 1, 1.5),
        ("2026-11-30T02-00-05", 0, 0.25),
    ]
    assert history(nightly, "second")[0]["text"] == "broken off: no sign of life after 2026-11-29T03-00-07 UTC"
    assert [night["status"] for night in history(nightly, "first")] == [0]
    assert not shared, "the lock is free again"


def test_a_night_that_is_left_out_is_seen(nightly: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr("pipeline.cloud.nights._tell_webhook", told.append)
    shared = killed_night(seen=KILLED + 3600)
    at(monkeypatch, KILLED + 3600 + STALE_SECONDS - 1)
    with pytest.raises(NightFailed, match="left out: the night of 2026-11-29T02-00-07 UTC is still at work"):
        run_a_night(nightly, shared=shared)
    assert [history(nightly, name)[-1]["status"] for name in ("first", "second")] == [1, 1]
    assert "left out" in told[0]
    assert shared["bitext-nightly"]["call"] == "killed", "the other one keeps its lock"


def test_a_night_whose_machine_was_taken_away_goes_on_with_what_is_left_of_its_money(
    nightly: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nightly.write_text(nightly.read_text() + "max_dollars = 3\n")
    given: list[float | None] = []

    def open_backend(config: RunConfig, max_dollars: float | None) -> PricedLocal:
        given.append(max_dollars)
        return PricedLocal(nightly.parent / "store", workers=1)

    at(monkeypatch, KILLED + 3660)
    run_a_night(nightly, open_backend, killed_night(seen=KILLED + 3600), call="killed")
    assert given[-2:] == [pytest.approx(1.0), pytest.approx(0.75)]


def test_a_night_gives_signs_of_life_that_say_what_it_has_spent(nightly: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.cloud.night_lock.BEAT_SECONDS", 0.01)
    signs: list[dict[str, Any]] = []

    class Watched(Shared):
        def put(self, key: str, value: Any, *, skip_if_exists: bool = False) -> bool:
            signs.append(value)
            return super().put(key, value, skip_if_exists=skip_if_exists)

    run_a_night(nightly, shared=Watched())
    assert {sign["config"] for sign in signs} >= {None, "first", "second"}
    assert max(sign["dollars_before"] for sign in signs if sign["config"] == "second") == 0.25
    assert max(sign["dollars"] for sign in signs) == 0.25


def test_a_lock_of_an_older_release_is_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    shared = Shared({"key": {"call": "monday", "since": KILLED}})
    at(monkeypatch, KILLED + 60)
    assert not NightLock(shared, "key", "tuesday").take()
    at(monkeypatch, KILLED + STALE_SECONDS)
    assert NightLock(shared, "key", "tuesday").take()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("configs = []", "configs: [] is not valid; it must not be empty"),
        (
            'configs = ["first.toml"]\nschedule = "0 2 * *"',
            "schedule: '0 2 * *' is not valid; it must have five fields",
        ),
        ('configs = ["first.toml"]\ntime_zone = "Berlin"', "time_zone: 'Berlin' is not known"),
        ('configs = ["first.toml"]\nkeep_night = 3', "keep_night: unknown key; did you mean keep_nights?"),
        ('configs = ["first.toml"]\nmax_dollars = 0', "max_dollars: 0 is not valid; it must be greater than 0"),
        ('configs = ["none.toml"]', "there is no such file"),
        ('configs = ["here.toml"]', "configs: the corpus of 'here.toml' is on this machine"),
        ('configs = ["first.toml", "twin.toml"]', "have the same name, 'first'"),
    ],
)
def test_a_wrong_nightly_config_is_refused(nightly: Path, text: str, problem: str) -> None:
    (nightly.parent / "here.toml").write_text(RUN.format(name="first").replace("volume:", ""))
    (nightly.parent / "twin.toml").write_text('name = "first"\n' + RUN.format(name="first"))
    nightly.write_text(text)
    with pytest.raises(ConfigError) as refused:
        load_nightly(nightly)
    assert problem in str(refused.value)
