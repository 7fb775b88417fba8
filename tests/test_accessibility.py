"""Every page by axe-core, light and dark, on a desk and on a phone: no violation of what it knows.

axe-core comes from npm (tests/page); without it, or without Chromium, these tests are skipped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from live_review import live_review
from live_service import live_service
from made_pages import CHROMIUM, FLAGS, cells_of, story, write_page
from made_runs import exported, run_of
from small_corpus import InlineBackend, bitext, run_inline, write_corpus, write_pot

from pipeline.commands.finish import keep_record
from pipeline.progress import Progress
from pipeline.review.server import ReviewServer
from pipeline.runs.record import make_report
from pipeline.store.run_store import RunStore
from pipeline.store.store import Store
from stages.evaluate.reliability import measure_reliability
from stages.report.page_data import pack, pair_data
from stages.report.pages import render_page

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
AXE = Path(__file__).parent / "page" / "node_modules" / "axe-core" / "axe.min.js"
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here"),
    pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not here: make lint-page fetches it with npm"),
]

DESK, PHONE = {"width": 1400, "height": 900}, {"width": 420, "height": 860}
ViolationsOf = Callable[..., list[str]]


@pytest.fixture(scope="module")
def violations_of() -> Iterator[ViolationsOf]:
    """Open an address, do something, and say what axe-core finds, on a desk in the light and on a phone in the dark."""
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))

        def look(address: str, wait_for: str, do: Callable[[Any], None] = lambda _: None) -> list[str]:
            found = []
            for window, scheme in ((DESK, "light"), (PHONE, "dark")):
                page = chromium.new_page(viewport=window, color_scheme=scheme)
                page.goto(address)
                page.wait_for_selector(wait_for)
                do(page)
                if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                    found.append(f"{scheme}: the page is wider than the window")
                page.evaluate(AXE.read_text(encoding="utf-8"))
                for violation in page.evaluate("axe.run(document)")["violations"]:
                    first = violation["nodes"][0]
                    found.append(f"{scheme}: {violation['id']}: {violation['help']}: {first['html'][:200]}")
                page.close()
            return found

        yield look
        chromium.close()


def test_axe_finds_what_is_wrong(violations_of: ViolationsOf, tmp_path: Path) -> None:
    (tmp_path / "bad.html").write_text("<p><img src=x>", encoding="utf-8")
    assert any("image-alt" in one for one in violations_of((tmp_path / "bad.html").as_uri(), "p"))


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    run = run_of(1, exported=exported(story()), failures=1, notes=["a note"])
    told = make_report(run, {}) | {
        "reliability": measure_reliability([(0.55, True), (0.95, True), (0.9, False)]),
        "gold": [{"name": "sea/story", "strict": [1, 1, 1], "lax": [1, 1, 1], "found": 3, "gold": 3}],
    }
    path = tmp_path_factory.mktemp("report") / "report.html"
    pages = {"sea/story": pack(pair_data(story(), cells_of(story())))}
    path.write_text(render_page(told, "html", pages, ["bitext.tsv", "beads/"]), encoding="utf-8")
    return path.as_uri()


def test_a_report(violations_of: ViolationsOf, report: str) -> None:
    assert violations_of(report, "#report") == []


def test_a_list_of_segment_pairs(violations_of: ViolationsOf, report: str) -> None:
    assert violations_of(f"{report}#type=2-1", ".listing") == []


def test_the_page_of_a_pair(violations_of: ViolationsOf, tmp_path: Path) -> None:
    address = write_page(tmp_path, story()).as_uri()
    assert violations_of(address, ".bead") == []
    assert violations_of(address, ".bead", lambda page: page.keyboard.press("?")) == []


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReviewServer]:
    folder = tmp_path_factory.mktemp("review")
    write_corpus(folder, n_pairs=2, n_sentences=6)
    done = run_inline(folder / "run.toml", folder / "store", folder / "out", Progress())
    keep_record(RunStore(Store(folder / "store"), done.config), done)
    with live_review(folder, "run.toml") as server:
        yield server


def test_the_list_of_a_review(violations_of: ViolationsOf, server: ReviewServer) -> None:
    assert violations_of(server.address(), "table") == []


def test_a_pair_in_a_review(violations_of: ViolationsOf, server: ReviewServer) -> None:
    def decide(page: Any) -> None:
        page.keyboard.press("g")
        page.keyboard.press("j")
        page.keyboard.press("b")
        page.wait_for_selector('.review .state[data-state="saved"]')

    assert violations_of(server.address(0), ".review ~ .beads .bead", decide) == []


def test_the_sentences_of_a_pair_while_they_are_edited(violations_of: ViolationsOf, server: ReviewServer) -> None:
    assert violations_of(server.address(1), ".review ~ .beads .bead", lambda page: page.keyboard.press("e")) == []


def test_which_documents_belong_together(
    violations_of: ViolationsOf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.commands.options.LocalBackend", InlineBackend)
    bitext("run", write_pot(tmp_path), "--store", tmp_path / "store", "--out", tmp_path / "out")

    def decide(page: Any) -> None:
        together, apart = page.locator('[data-answer="together"]').first, page.locator('[data-answer="apart"]').last
        for button in (together, apart):
            if button.get_attribute("aria-pressed") != "true":  # else a click would take it back
                button.click()
            page.wait_for_function("button => button.ariaPressed === 'true'", arg=button.element_handle())

    with live_review(tmp_path, "pot.toml") as server:
        assert violations_of(f"{server.address()}documents/", "td.answer", decide) == []


def test_what_can_be_asked_of_the_service(violations_of: ViolationsOf, tmp_path: Path) -> None:
    with live_service(tmp_path) as live:
        assert violations_of(f"{live.url}/docs", ".operation") == []
