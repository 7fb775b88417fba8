"""What is run every night, and what becomes of it, on this machine."""

from __future__ import annotations

import json
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from in_process import InProcess

from pipeline.cloud.costs import Bill
from pipeline.cloud.nightly_config import load_nightly
from pipeline.cloud.nights import NightFailed, may_start, run_nights
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


class PricedLocal(InProcess):
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


def run_a_night(nightly: Path, open_backend: Callable[..., PricedLocal] | None = None) -> list[Any]:
    settings, configs = load_nightly(nightly)
    return run_nights(settings, configs, open_backend or opener(nightly), nightly.parent / "scratch")


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
    assert history(nightly, "second")[1]["text"] == "2 of 2 pairs aligned"
    report = json.loads((nightly.parent / "store/runs/second/latest/report.json").read_text())
    assert report["costs"]["dollars"] == 0.25


def test_older_nights_are_kept_as_configured(nightly: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for second in (1, 2, 3):
        monkeypatch.setattr("pipeline.cloud.nights.datetime", clock(f"2026-11-0{second}T02-00-00"))
        run_a_night(nightly)
    kept = sorted(path.name for path in (nightly.parent / "store/runs/first/nights").iterdir())
    assert kept == ["2026-11-02T02-00-00", "2026-11-03T02-00-00"]
    assert (nightly.parent / "store/runs/first/nights" / kept[0] / "report.json").exists()
    nightly.write_text(nightly.read_text().replace("keep_nights = 2", "keep_nights = 0"))
    run_a_night(nightly)
    assert list((nightly.parent / "store/runs/first/nights").iterdir()) == []


def clock(text: str) -> Any:
    class Clock:
        @staticmethod
        def now(zone: object) -> Any:
            return type("Now", (), {"strftime": staticmethod(lambda _: text)})

    return Clock


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
    (nightly.parent / "store/first/de/one.txt").write_bytes(b"\xff")
    write_document(nightly.parent, "first", "en", "two", "A tree.")
    write_document(nightly.parent, "first", "de", "two", "Ein Baum.")
    assert [night.status for night in run_a_night(nightly)] == [3, 0]
    assert "the webhook could not be told" in capsys.readouterr().out


def test_a_night_stops_before_it_costs_more_than_it_may_and_leaves_its_record(nightly: Path) -> None:
    nightly.write_text(nightly.read_text() + "max_dollars = 0.4\n")
    given: list[float | None] = []

    class Dear(PricedLocal):
        def map(self, *_: Any) -> Any:
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


class Shared(dict[str, Any]):
    """A modal.Dict of this process."""

    def put(self, key: str, value: Any, *, skip_if_exists: bool = False) -> bool:
        if skip_if_exists and key in self:
            return False
        self[key] = value
        return True


def test_nights_never_overlap(monkeypatch: pytest.MonkeyPatch) -> None:
    lock = Shared()
    assert may_start(lock, "monday")
    assert not may_start(lock, "tuesday")
    assert may_start(lock, "monday"), "a night whose machine was preempted is begun again"
    lock["night"]["since"] -= 25 * 3600
    assert may_start(lock, "wednesday"), "a night that was killed doesn't stop all others"
    lock.pop("night")
    assert may_start(lock, "thursday")


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
