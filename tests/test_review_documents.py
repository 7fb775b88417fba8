"""Saying which documents belong together, in the browser or by hand, and every later run going by it."""

from __future__ import annotations

import csv
import http.client
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from live_review import live_review
from small_corpus import POT, InlineBackend, bitext, write_pot

from pipeline.commands.review import make_desk
from pipeline.corpus.paired import Decision
from pipeline.errors import ConfigError
from pipeline.review.decisions import decide, decisions_path, read_decisions
from pipeline.review.server import TOKEN_HEADER, ReviewServer
from pipeline.store.store import Store

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]


@pytest.fixture(autouse=True)
def inline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no process be started for a few sentences."""
    monkeypatch.setattr("pipeline.commands.options.LocalBackend", InlineBackend)


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of documents whose names say nothing: two pairs, and two that stay alone."""
    folder = tmp_path_factory.mktemp("done")
    write_pot(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pipeline.commands.options.LocalBackend", InlineBackend)
        run(folder)
    return folder


def run(folder: Path, *options: str, status: int = 0) -> str:
    result = bitext("run", folder / "pot.toml", "--store", folder / "store", "--out", folder / "out", *options)
    assert result.exit_code == status, result.output
    return result.stderr


@pytest.fixture
def folder(done: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(done, tmp_path / "run"))


@pytest.fixture
def server(folder: Path) -> Iterator[ReviewServer]:
    with live_review(folder, "pot.toml") as server:
        yield server


def ask(server: ReviewServer, path: str, body: Any = None, token: str | None = None) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=20)
    headers = {TOKEN_HEADER: token} if token else {}
    connection.request("GET" if body is None else "POST", f"/{server.token}/{path}", body and json.dumps(body), headers)
    answer = connection.getresponse()
    result = answer.status, answer.read().decode()
    connection.close()
    return result


def say(server: ReviewServer, source: str, target: str, answer: str | None) -> tuple[int, str]:
    return ask(server, "documents/corrections", {"source": source, "target": target, "answer": answer}, server.token)


def rows_of(folder: Path) -> list[dict[str, str]]:
    with (folder / "out" / "pairs.tsv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def pairs_of(folder: Path) -> list[tuple[str, str]]:
    return [(row["source_path"], row["target_path"]) for row in rows_of(folder) if row["is_pair"] == "yes"]


def kept(folder: Path) -> list[Decision]:
    return read_decisions(folder / "pot.corrections")


FOUND = [("en/a.txt", "de/x.txt"), ("en/b.txt", "de/y.txt")]

# ---- what is shown and kept


def test_the_page_shows_pairs_and_what_stays_alone(server: ReviewServer) -> None:
    status, page = ask(server, "documents/")
    assert status == 200
    for path in ("en/a.txt", "de/x.txt", "en/c.txt", "de/z.txt"):
        assert path in page
    assert "Pairs, the least sure first (2)" in page
    assert 'href="documents/"' in ask(server, "")[1]


def test_the_report_shows_how_sure_each_pair_is(folder: Path) -> None:
    report = json.loads((folder / "out" / "report.json").read_text())
    assert report["pairing"]["numbers"]["pair"] == 2
    assert all(row["confidence"] >= 0.5 for row in report["pairing"]["rows"]["pair"])
    assert "Which documents belong together" in (folder / "out" / "report.html").read_text()
    assert "| en/a.txt | de/x.txt |" in (folder / "out" / "report.md").read_text()


def test_what_is_said_is_kept_beside_the_config_and_can_be_taken_back(server: ReviewServer, folder: Path) -> None:
    assert say(server, "en/c.txt", "de/z.txt", "together")[0] == 200
    assert say(server, "en/a.txt", "de/x.txt", "apart")[0] == 200
    assert kept(folder) == [Decision(True, "en/c.txt", "de/z.txt"), Decision(False, "en/a.txt", "de/x.txt")]
    assert ask(server, "documents/")[1].count('aria-pressed="true"') >= 2
    assert say(server, "en/c.txt", "de/z.txt", None)[0] == 200
    assert kept(folder) == [Decision(False, "en/a.txt", "de/x.txt")]
    assert say(server, "en/a.txt", "de/x.txt", None)[0] == 200
    assert not decisions_path(folder / "pot.corrections").exists()


def test_a_document_is_put_together_with_one_other(server: ReviewServer, folder: Path) -> None:
    say(server, "en/c.txt", "de/z.txt", "together")
    say(server, "en/c.txt", "de/x.txt", "together")
    assert kept(folder) == [Decision(True, "en/c.txt", "de/x.txt")]


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ({"source": "en/a.txt", "target": "nowhere.txt", "answer": "together"}, 422, "no document 'nowhere.txt'"),
        ({"source": "en/a.txt", "target": "en/a.txt", "answer": "together"}, 422, "its own translation"),
        ({"source": "en/a.txt", "target": "de/x.txt", "answer": "perhaps"}, 422, "what was decided must be"),
        ({"source": 1}, 422, "what was decided must be"),
    ],
)
def test_nonsense_is_refused(server: ReviewServer, folder: Path, body: Any, status: int, message: str) -> None:
    found = ask(server, "documents/corrections", body, server.token)
    assert found[0] == status
    assert message in found[1]
    assert kept(folder) == []


def test_a_decision_needs_the_token_in_a_header(server: ReviewServer, folder: Path) -> None:
    body = {"source": "en/a.txt", "target": "de/x.txt", "answer": "apart"}
    assert ask(server, "documents/corrections", body)[0] == 403
    assert ask(server, "documents/", body, server.token)[0] == 405
    assert kept(folder) == []


# ---- what later runs do with it


def test_later_runs_go_by_what_was_said(folder: Path) -> None:
    assert pairs_of(folder) == FOUND
    decide(folder / "pot.corrections", "en/c.txt", "de/z.txt", True)
    decide(folder / "pot.corrections", "de/x.txt", "en/a.txt", False)
    run(folder)
    assert pairs_of(folder) == [FOUND[1], ("en/c.txt", "de/z.txt")]
    (by_hand,) = (row for row in rows_of(folder) if row["source_path"] == "en/c.txt" and row["is_pair"] == "yes")
    assert (by_hand["reason"], by_hand["confidence"]) == ("put together by hand", "1.0000")
    decisions_path(folder / "pot.corrections").unlink()
    run(folder)
    assert pairs_of(folder) == FOUND


def test_what_is_said_of_documents_that_are_not_there_is_told(folder: Path) -> None:
    decide(folder / "pot.corrections", "en/gone.txt", "de/z.txt", True)
    assert "decides about what is not here, or not to be paired: en/gone.txt and de/z.txt" in run(folder)
    assert pairs_of(folder) == FOUND


def test_a_file_that_contradicts_itself_is_refused(folder: Path) -> None:
    path = decisions_path(folder / "pot.corrections")
    path.parent.mkdir()
    path.write_text("is_pair\tsource_path\ttarget_path\nyes\ten/a.txt\tde/x.txt\nno\tde/x.txt\ten/a.txt\nno\ta\t\n")
    with pytest.raises(ConfigError, match="line 3: it says the opposite of line 2") as error:
        read_decisions(path.parent)
    assert "line 4: source_path or target_path is empty" in str(error.value)
    path.write_text("is_pair\tsource_path\ttarget_path\nyes\ten/a.txt\tde/x.txt\nyes\ten/b.txt\tde/x.txt\n")
    result = bitext("run", folder / "pot.toml", "--store", folder / "store", "--out", folder / "out")
    assert result.exit_code == 2
    assert "de/x.txt is put together with en/a.txt and with en/b.txt" in result.stderr


def test_documents_that_were_paired_in_vain_can_be_put_together(tmp_path: Path) -> None:
    for language, text in (("en", "The judge gave no reasons."), ("de", "Das Brot im Ofen backen.")):
        (tmp_path / language).mkdir()
        (tmp_path / language / f"{language}1.txt").write_text(text)
    (tmp_path / "pot.toml").write_text(POT)
    run(tmp_path, status=2)
    desk = make_desk(Store(tmp_path / "store"), str(tmp_path / "pot.toml"))
    assert desk.pairs == []
    assert desk.documents is not None
    desk.documents.save({"source": "en/en1.txt", "target": "de/de1.txt", "answer": "together"})
    run(tmp_path)
    assert pairs_of(tmp_path) == [("en/en1.txt", "de/de1.txt")]


# ---- what a person sees and does


@pytest.mark.parametrize("width", [1400, 420])
def test_a_person_decides_in_the_browser(server: ReviewServer, folder: Path, width: int) -> None:
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("there is no Chromium here")
    problems: list[str] = []
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = chromium.new_page(viewport={"width": width, "height": 900})
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(f"{server.address()}documents/")
        page.click('tr[data-source="en/a.txt"][data-target="de/x.txt"] [data-answer="apart"]')
        page.wait_for_selector('tr[data-source="en/a.txt"] [data-answer="apart"][aria-pressed="true"]')
        page.fill("input[name=source]", "en/c.txt")
        page.fill("input[name=target]", "de/x.txt")
        page.click("#two button")
        page.wait_for_selector('#state:has-text("together: en/c.txt and de/x.txt")')
        page.fill("#search", "en/b")
        assert page.locator("tr[data-source]:visible").count() >= 1
        assert page.locator('tr[data-source="en/a.txt"]:visible').count() == 0
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        chromium.close()
    assert problems == []
    assert kept(folder) == [Decision(False, "en/a.txt", "de/x.txt"), Decision(True, "en/c.txt", "de/x.txt")]
