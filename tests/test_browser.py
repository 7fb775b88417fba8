"""The report and the page of a pair in a real browser: drawn, linked, found, by keys, in any script, and fast.

Chromium is driven by Playwright, which is told where Debian has it; a machine without it skips these tests.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from export_pairs import make_pair
from made_pages import CHROMIUM, FLAGS, cells_of, story, write_page
from made_runs import exported, run_of

from pipeline.manifest import Failure
from pipeline.runs.record import make_report
from stages.data import AlignedPair
from stages.report.page_data import pack, pair_data
from stages.report.pages import render_page

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")

WINDOW = {"width": 1440, "height": 900}
LEFT, TOP, EDGE = 46, 34, 8
"""Pixels around the plot, as in page/plot.js."""

MAX_OPEN_SECONDS = 2.0


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield chromium
        chromium.close()


class Tab:
    """A page in the browser that keeps what goes wrong in it, and what it asks the network for."""

    def __init__(self, browser: Any, path: Path, **options: Any):
        self.problems: list[str] = []
        self.page = browser.new_page(viewport=WINDOW, **options)
        self.page.on("console", lambda told: self.problems.append(told.text) if told.type == "error" else None)
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("request", lambda asked: self._ask(asked.url))
        self.page.goto(path.as_uri())

    def _ask(self, url: str) -> None:
        if not url.startswith("file:"):
            self.problems.append(f"asked for {url[:100]}")

    def selected(self) -> int:
        self.page.wait_for_function("window.bitext.page")
        index: int = self.page.evaluate("bitext.page.selected()")
        return index

    def text(self, selector: str) -> str:
        found: str = self.page.locator(selector).inner_text()
        return found

    def close(self) -> None:
        self.page.close()
        assert not self.problems


@pytest.fixture(scope="module")
def story_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_page(tmp_path_factory.mktemp("story"), story())


@pytest.fixture
def tab(browser: Any, story_page: Path) -> Iterator[Tab]:
    tab = Tab(browser, story_page)
    tab.page.wait_for_selector(".bead")
    yield tab
    tab.close()


# ---- a pair


def test_a_page_opens_with_its_numbers_and_the_first_bead(tab: Tab) -> None:
    assert tab.text(".pair-name") == "sea/story"
    assert tab.text(".pair-languages") == "English → German"
    assert "40 / 28" in tab.text(".measures")
    assert tab.selected() == 0
    assert "ship number 0" in tab.text("#bead-0 .bead-source")
    assert "„Übung“" in tab.text("#bead-0 .bead-target")


def test_the_plot_is_drawn_with_the_path_over_the_map_and_the_missing_block(tab: Tab) -> None:
    def colours_in(rectangle: str) -> int:
        """Count the different colours in a part of the plot, which is given in CSS pixels."""
        found: int = tab.page.evaluate(
            f"""() => {{ const data = document.querySelector(".plot canvas").getContext("2d")
                .getImageData({rectangle}).data; const found = new Set();
                for (let at = 0; at < data.length; at += 4) found.add(data.slice(at, at + 3).join());
                return found.size; }}"""
        )
        return found

    width, height = plot_size(tab)
    block = f"{LEFT + 5}, {TOP + 16 / 40 * height}, 20, {4 / 40 * height}"
    free = f"{LEFT + 0.8 * width}, {TOP + 4}, 20, 20"
    path = f"{LEFT}, {TOP}, {width / 4}, {height / 4}"
    assert colours_in(block) == colours_in(free) == 1
    assert colours_in(path) > 3
    assert pixel(tab, *(float(part) for part in block.split(", ")[:2])) != pixel(tab, LEFT + 0.8 * width, TOP + 4)
    label = tab.page.get_attribute(".plot canvas[role=img]", "aria-label")
    assert "40 source by 28 target sentences" in label
    assert "source sentences 15 to 26 are unaligned" in label


def plot_size(tab: Tab) -> tuple[float, float]:
    box = tab.page.locator(".plot").bounding_box()
    return box["width"] - LEFT - EDGE, box["height"] - TOP - EDGE


def pixel(tab: Tab, x: float, y: float) -> list[int]:
    found: list[int] = tab.page.evaluate(
        f"""[...document.querySelector(".plot canvas").getContext("2d").getImageData({x}, {y}, 1, 1).data]"""
    )
    return found


def test_an_enlarged_plot_shows_each_pair_as_the_rectangle_of_its_sentences(tab: Tab) -> None:
    tab.page.locator(".beads").press("End")
    tab.page.evaluate("bitext.page.select(26)")  # sentences 26 and 27 with sentence 14
    width, height = plot_size(tab)

    def colours(i: float, j: float, rows: float, columns: float) -> list[list[int]]:
        """Return the colours at the corners of the pair, and beside it; the view begins at sentences i and j."""
        places = [(26.3, 14.3), (26.3, 14.7), (27.7, 14.3), (27.7, 14.7), (27.7, 15.5)]
        return [pixel(tab, LEFT + (b - j) / columns * width, TOP + (a - i) / rows * height) for a, b in places]

    assert len({tuple(colour) for colour in colours(0, 0, 40, 28)}) > 1
    for _ in range(2):
        tab.page.click(".zoom-in")
    rows, columns = 40 * 12 / 28, 12  # no less is shown
    *corners, beside = colours(26 - rows / 2, 14 - columns / 2, rows, columns)
    assert len({tuple(corner) for corner in corners}) == 1
    assert corners[0] != beside


@pytest.mark.parametrize(("i", "j", "bead"), [(7, 7, 7), (36, 24, 35), (20, 14, 20), (27, 14, 26)])
def test_a_click_on_the_plot_shows_its_sentences(tab: Tab, i: int, j: int, bead: int) -> None:
    width, height = plot_size(tab)
    at = {"x": LEFT + (j + 0.5) / 28 * width, "y": TOP + (i + 0.5) / 40 * height}
    tab.page.locator(".plot").click(position=at)
    assert tab.selected() == bead
    row = tab.page.locator("[aria-selected=true]")
    assert f"number {i}." in row.inner_text()
    box, window = row.bounding_box(), tab.page.locator(".beads").bounding_box()
    assert window["y"] <= box["y"] and box["y"] + box["height"] <= window["y"] + window["height"] + 1


def test_a_click_on_a_row_selects_it(tab: Tab) -> None:
    tab.page.locator("#bead-3 .bead-target p").click()
    assert tab.selected() == 3


def test_search_finds_in_both_texts_marks_what_it_finds_and_goes_on(tab: Tab) -> None:
    tab.page.keyboard.press("/")
    tab.page.keyboard.type("LETTER")
    assert tab.text(".search-count") == "1 of 10"
    assert tab.selected() == 2
    assert tab.text("#bead-2 mark") == "letter"
    tab.page.keyboard.press("Enter")
    assert tab.selected() == 6
    tab.page.keyboard.press("Shift+Enter")
    tab.page.keyboard.press("Shift+Enter")
    assert tab.text(".search-count") == "10 of 10"  # before the first comes the last
    tab.page.locator(".search").fill("wort 27")
    assert "Wort 27" in tab.page.locator("[aria-selected=true]").inner_text()
    tab.page.locator(".search").fill("kein solches Wort (")
    assert tab.text(".search-count") == "not found"
    tab.page.keyboard.press("Escape")
    assert tab.text(".search-count") == ""


def test_keys_go_from_bead_to_bead_and_from_doubt_to_doubt(tab: Tab) -> None:
    steps = {"j": 1, "ArrowDown": 2, "k": 1, "n": 5, "End": 38, "p": 30, "Home": 0}
    assert {key: (tab.page.keyboard.press(key), tab.selected())[1] for key in steps} == steps
    for _ in range(3):
        tab.page.keyboard.press("n")
    assert tab.selected() == 30  # there is no third
    assert tab.text(".live") == "nothing doubtful below"
    assert "doubtful" in tab.page.locator("#bead-30 .bead-type").inner_text()
    tab.page.keyboard.press("?")
    assert "next doubtful pair" in tab.text("dialog[open]")


def test_filters_leave_only_some_beads_and_the_table_says_how_many(tab: Tab) -> None:
    rows = {"null": 12, "merged": 2, "doubtful": 2, "all": 39}
    for choice, number in rows.items():
        tab.page.select_option(".filter", choice)
        assert tab.page.get_attribute(".beads", "aria-rowcount") == str(number + 1)
    tab.page.select_option(".filter", "null")
    assert tab.page.locator(".bead .absent").count() == 12
    assert tab.selected() == 14  # the first that is shown
    tab.page.select_option(".doubt", "0.3")
    assert tab.text(".doubt-count") == "2"


def test_a_screen_reader_finds_a_table_and_the_selected_row(tab: Tab) -> None:
    tab.page.keyboard.press("End")
    grid = tab.page.locator("[role=grid]")
    row = tab.page.locator(f"#{grid.get_attribute('aria-activedescendant')}")
    assert row.get_attribute("aria-selected") == "true"
    assert row.get_attribute("aria-rowindex") == "40"
    assert row.locator("[role=gridcell]").count() == 4
    for control in tab.page.locator("button, select, input").all():
        assert control.get_attribute("aria-label") or control.inner_text().strip()
    grid.focus()
    outline = tab.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    tab.page.keyboard.press("Tab")
    assert outline == "solid"


def test_a_script_can_replace_the_beads_and_is_told_of_what_is_selected(tab: Tab) -> None:
    tab.page.evaluate(
        """() => { const page = bitext.page; window.told = [];
        page.addEventListener("select", () => told.push(page.selected()));
        const [one, two, ...others] = page.beads;
        page.setBeads([{ ...one, source_stop: 2, target_stop: 2, mark: "good" }, ...others], 1); }"""
    )
    assert tab.page.evaluate("told") == [1]
    assert "ship number 0.\n" in tab.text("#bead-0 .bead-source") + "\n"
    assert "storm number 1." in tab.text("#bead-0 .bead-source")
    assert tab.page.get_attribute("#bead-0", "data-mark") == "good"


def test_all_beads_are_in_the_page_while_it_is_printed(tab: Tab) -> None:
    tab.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert tab.page.locator(".bead").count() == 39
    tab.page.emulate_media(media="print")
    tab.page.set_viewport_size({"width": 700, "height": 1000})
    assert tab.page.locator(".bead").count() == 39
    assert not tab.page.locator(".toolbar").is_visible()
    assert tab.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    tab.page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert tab.page.locator(".bead").count() < 39


# ---- scripts, colours, sizes


def test_arabic_runs_from_the_right_and_chinese_has_its_language(browser: Any, tmp_path: Path) -> None:
    pair = make_pair(
        ["منارة هولين", "لا أحد يتذكر من بناها."],
        ["霍林的灯塔", "谁也不记得它是什么人建的。"],
        languages=("ar", "zh-Hans"),
    )
    tab = Tab(browser, write_page(tmp_path, pair))
    directions = [
        tab.page.evaluate(f"getComputedStyle(document.querySelector('#bead-1 .bead-{side} p')).direction")
        for side in ("source", "target")
    ]
    assert directions == ["rtl", "ltr"]
    assert tab.page.get_attribute("#bead-1 .bead-target p", "lang") == "zh-Hans"
    assert "CJK SC" in tab.page.evaluate(
        "getComputedStyle(document.querySelector('#bead-1 .bead-target p')).fontFamily"
    )
    tab.close()


def test_a_page_is_dark_where_the_reader_wants_it_dark(browser: Any, story_page: Path) -> None:
    seen = []
    for scheme in ("light", "dark"):
        tab = Tab(browser, story_page, color_scheme=scheme)
        tab.page.wait_for_selector(".bead")
        paper = tab.page.evaluate("getComputedStyle(document.body).backgroundColor")
        seen.append((paper, sum(pixel(tab, LEFT + 200, TOP + 5)[:3])))
        tab.close()
    assert seen[0][0] != seen[1][0]
    assert seen[0][1] > 600 > 200 > seen[1][1]


def unmeasured() -> AlignedPair:
    pair = make_pair(["One."], ["Eins."])
    return replace(pair, beads=replace(pair.beads, confidence=np.array([np.nan], np.float32)))


@pytest.mark.parametrize("pair", [make_pair([], []), make_pair(["One."], [], [(0, 1, 0, 0)]), unmeasured()])
def test_the_smallest_pairs_have_a_page(browser: Any, tmp_path: Path, pair: AlignedPair) -> None:
    tab = Tab(browser, write_page(tmp_path, pair))
    assert tab.selected() == min(0, len(pair.beads) - 1)
    for key in ("n", "p", "j", "+", "0"):
        tab.page.keyboard.press(key)
    tab.close()


def seconds_to_open(tab: Tab) -> float:
    """Load the page again, and return how long it takes until a frame with beads has been drawn."""
    tab.page.reload(wait_until="commit")
    tab.page.wait_for_selector(".bead")
    drawn = tab.page.evaluate("new Promise((done) => requestAnimationFrame(() => done(performance.now())))")
    return float(drawn) / 1000


def test_thirty_thousand_beads_open_in_two_seconds_and_scroll_smoothly(browser: Any, tmp_path: Path) -> None:
    words = np.array(["the", "sea", "was", "grey", "an", "old", "sailor", "walked", "along", "harbour", "letters"])
    chance = np.random.default_rng(0)
    sentences = [" ".join(words[chance.integers(0, len(words), 14)]) for _ in range(30_000)]
    path = write_page(tmp_path, make_pair(sentences, sentences, scores=list(chance.uniform(0.4, 1, 30_000))))
    tab = Tab(browser, path)
    assert any(seconds_to_open(tab) < MAX_OPEN_SECONDS for _ in range(5))  # a busy machine may be slow now and then
    frames = tab.page.evaluate(
        """async () => { const box = document.querySelector(".beads"), frames = [];
        for (let last = performance.now(), step = 0; step < 60; step++) {
          box.scrollTop += 500;
          await new Promise((drawn) => requestAnimationFrame(drawn));
          frames.push(-last + (last = performance.now())); }
        return frames.sort((one, other) => one - other); }"""
    )
    assert frames[15] < 50  # milliseconds; of the others a busy machine may delay some
    assert tab.page.locator(".bead").count() < 60
    tab.page.keyboard.press("End")
    assert tab.page.locator("#bead-29999").inner_text().startswith("30,000")
    tab.close()


# ---- a phone


PHONE = {"width": 420, "height": 860}


@pytest.fixture
def phone(browser: Any, story_page: Path) -> Iterator[Tab]:
    tab = Tab(browser, story_page)
    tab.page.set_viewport_size(PHONE)
    tab.page.wait_for_selector(".bead")
    yield tab
    tab.close()


def test_on_a_phone_the_plot_folds_away_and_languages_stand_below_each_other(phone: Tab) -> None:
    page = phone.page
    assert not page.locator(".plot").is_visible()
    page.click(".fold")
    assert page.locator(".plot").is_visible()
    assert page.get_attribute(".fold", "aria-expanded") == "true"
    page.click(".fold")
    assert not page.locator(".plot").is_visible()
    source, target = (page.locator(f".bead >> nth=0 >> .bead-{side}").bounding_box() for side in ("source", "target"))
    assert source["y"] + source["height"] <= target["y"]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.locator(".sentence").first.evaluate("e => getComputedStyle(e).hyphens") == "auto"
    page.set_viewport_size(WINDOW)
    assert page.locator(".plot").is_visible()
    assert not page.locator(".fold").is_visible()


def test_n_brings_the_bead_into_the_window(phone: Tab) -> None:
    page = phone.page
    page.set_viewport_size({"width": 420, "height": 400})
    page.evaluate("scrollTo(0, 0)")
    page.keyboard.press("n")
    box = page.locator('.bead[data-bead="5"]').bounding_box()
    assert box["y"] >= 0
    assert box["y"] + 40 <= 400


def test_headings_are_bold_and_chapters_lead_to_their_place(browser: Any, tmp_path: Path) -> None:
    pair = make_pair(["One", "a.", "b.", "Two", "c."], ["Eins", "a.", "b.", "Zwei", "c."])
    source = [sentence._replace(heading=int(i in (0, 3))) for i, sentence in enumerate(pair.source)]
    tab = Tab(browser, write_page(tmp_path, replace(pair, source=source)))
    tab.page.wait_for_selector(".bead")
    weight = "e => Number(getComputedStyle(e).fontWeight)"
    assert tab.page.locator('.bead[data-bead="3"] .bead-source .sentence').evaluate(weight) >= 700
    assert tab.page.locator('.bead[data-bead="3"] .bead-target .sentence').evaluate(weight) < 700
    tab.page.locator(".chapters").select_option(label="Two")
    assert tab.selected() == 3
    tab.close()


# ---- the report


@pytest.fixture(scope="module")
def report_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pairs = [story(), *(make_pair(["a"], ["b"], scores=[score], pair_id=f"p{score}") for score in (0.9, 0.5))]
    run = run_of(3, exported=exported(*pairs), notes=["a note"])
    run.failures = [Failure("read", "lost.txt", "lost.txt can't be read: there is no such file")]
    pages = {pair.pair_id: pack(pair_data(pair, cells_of(pair))) for pair in pairs[:2]}
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(render_page(make_report(run, {}), "html", pages), encoding="utf-8")
    return path


@pytest.fixture
def report(browser: Any, report_page: Path) -> Iterator[Tab]:
    tab = Tab(browser, report_page)
    yield tab
    tab.close()


def test_a_report_shows_failures_first_then_numbers_pairs_and_charts(report: Tab) -> None:
    text = report.text("#report")
    places = [
        text.index(part)
        for part in ("1 failure", "there is no such file", "Pairs, the most", "Confidence", "What was done")
    ]
    assert places == sorted(places)
    assert report.page.locator(".chart svg rect").count() >= 3


def test_an_embedded_pair_opens_and_the_way_back_leads_to_the_report(report: Tab) -> None:
    report.page.locator("a.name", has_text="sea/story").click()
    assert report.selected() == 0
    assert report.text(".pair-name") == "sea/story"
    assert not report.page.locator("#report").is_visible()
    report.page.keyboard.press("n")
    assert report.selected() == 5
    report.page.locator(".back").click()
    report.page.wait_for_selector("#report", state="visible")
    assert report.page.evaluate("bitext.page") is None


def test_a_pair_that_is_not_embedded_is_named_with_what_to_type(report: Tab) -> None:
    row = report.page.locator(".pairs tbody tr", has_text="p0.5")
    assert row.locator("a").count() == 0
    assert row.locator("code").inner_text() == "bitext view test --pair p0.5"


def test_pairs_are_sorted_and_filtered(report: Tab) -> None:
    def names() -> list[str]:
        return [name.inner_text() for name in report.page.locator(".pairs tbody tr:visible .name").all()]

    assert names() == ["p0.5", "sea/story", "p0.9"]  # the most doubtful first
    report.page.get_by_role("button", name="sentences").click()
    report.page.get_by_role("button", name="sentences").click()
    assert names()[0] == "sea/story"
    assert report.page.locator("th[aria-sort=descending]").inner_text().strip() == "sentences"
    report.page.fill("#pair-search", "P0")
    assert sorted(names()) == ["p0.5", "p0.9"]
    assert report.text("#pairs-shown") == "2 pairs found"


def test_a_click_on_a_type_lists_its_segment_pairs_and_each_leads_to_its_place(report: Tab) -> None:
    report.page.locator(".types a", has_text="2-1").click()
    assert report.text(".listing h1") == "Segment pairs of 2–1 sentences"
    (row,) = report.page.locator(".listing tbody tr").all()
    assert row.inner_text().split("\t")[1].startswith("The letter number 26.")
    row.locator("a").click()
    report.page.wait_for_selector(".bead")
    assert report.text(".pair-name") == "sea/story"
    assert report.text('.bead[aria-selected="true"] .type') == "2–1"
    report.page.locator(".filter").select_option("2–1")
    assert report.page.locator(".bead").count() == 1


def test_of_many_pairs_the_first_are_shown_until_somebody_asks_for_all(browser: Any, tmp_path: Path) -> None:
    pairs = [make_pair(["a"], ["b"], pair_id=f"p{number:03}") for number in range(40)]
    path = tmp_path / "report.html"
    path.write_text(render_page(make_report(run_of(40, exported=exported(*pairs)), {}), "html"), encoding="utf-8")
    tab = Tab(browser, path)
    visible = tab.page.locator(".pairs tbody tr:visible")
    assert visible.count() == 25
    tab.page.fill("#pair-search", "p03")
    assert visible.count() == 10
    tab.page.fill("#pair-search", "")
    tab.page.get_by_role("button", name="show all 40 pairs").click()
    assert visible.count() == 40
    tab.close()


def test_nothing_in_a_report_scrolls_but_the_page(report: Tab) -> None:
    scrolling = "[...document.querySelectorAll('#report *')].filter((e) => e.scrollHeight > e.clientHeight + 1 && "
    scrolling += "['auto', 'scroll'].includes(getComputedStyle(e).overflowY)).length"
    assert report.page.evaluate(scrolling) == 0
