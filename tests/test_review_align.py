"""Reviewing two documents without a config: `bitext align --review`, and what `bitext review` says of documents."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import mkepub
import pytest
from processes import wait_until
from small_corpus import InlineBackend, bitext, make_texts

from pipeline.review.server import TOKEN_HEADER, ReviewServer

START_SECONDS = 120


@pytest.fixture
def texts(tmp_path: Path) -> tuple[Path, Path]:
    paths = tmp_path / "book.en.txt", tmp_path / "book.de.txt"
    for path, text in zip(paths, make_texts(8, seed=3), strict=True):
        path.write_text(text, encoding="utf-8")
    return paths


@pytest.fixture
def decide(monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, object]], None]:
    """Let a review, instead of waiting for Ctrl-C, send what is decided and end."""
    monkeypatch.setattr("pipeline.commands.options.LocalBackend", InlineBackend)

    def prepare(decided: dict[str, object]) -> None:
        def serve(server: ReviewServer) -> None:
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
            thread.start()
            page = httpx2.get(server.address(0))
            assert page.status_code == 200
            headers = {TOKEN_HEADER: server.token}
            answer = httpx2.post(f"{server.address(0)}corrections", content=json.dumps(decided), headers=headers)
            server.shutdown()
            thread.join()
            assert answer.status_code == 200, answer.text

        monkeypatch.setattr("pipeline.commands.review.serve", serve)

    return prepare


FRESH = "e3b0c44298fc1c14"
"""The version of a file of corrections that isn't there."""


def test_what_a_review_of_two_documents_decides_is_in_the_output_and_holds_again(
    texts: tuple[Path, Path], tmp_path: Path, decide: Callable[[dict[str, object]], None]
) -> None:
    output, place = tmp_path / "out.txt", ("--store", tmp_path / "store")
    decide({"good": [[2, 4, 2, 3], [4, 5, 3, 5]], "bad": [], "version": FRESH})
    result = bitext("align", *texts, "-o", output, "--review", "--no-open", *place)
    assert result.exit_code == 0
    assert f"What you decide is kept in {tmp_path / 'out.corrections'}" in result.stdout
    first = output.read_text(encoding="utf-8")
    assert {"[2, 3]:[2]", "[4]:[3, 4]"} <= beads_of(first)
    again = bitext("align", *texts, "-o", output, *place)
    assert again.exit_code == 0
    assert output.read_text(encoding="utf-8") == first


def beads_of(text: str) -> set[str]:
    return {line.rpartition(":")[0] for line in text.splitlines()}


def test_without_an_output_corrections_lie_beside_the_first_document_and_hold_for_any_output(
    texts: tuple[Path, Path], tmp_path: Path, decide: Callable[[dict[str, object]], None]
) -> None:
    place = ("--store", tmp_path / "store")
    decide({"good": [[2, 4, 2, 3], [4, 5, 3, 5]], "bad": [], "version": FRESH})
    result = bitext("align", *texts, "--review", "--no-open", *place)
    assert f"What you decide is kept in {tmp_path / 'book.en.corrections'}" in result.stdout
    assert result.stdout.endswith("The same command with -o book.tmx in place of --review writes it to a file\n")
    bitext("align", *texts, "-o", tmp_path / "other.txt", *place)
    assert "[2, 3]:[2]" in beads_of((tmp_path / "other.txt").read_text(encoding="utf-8"))
    assert not (tmp_path / "other.corrections").exists()


def test_the_pairs_of_two_folders_are_reviewed_too(
    texts: tuple[Path, Path], tmp_path: Path, decide: Callable[[dict[str, object]], None]
) -> None:
    for path, name in zip(texts, ("en", "de"), strict=True):
        (tmp_path / name).mkdir()
        path.rename(tmp_path / name / "book.txt")
    decide({"good": [[2, 4, 2, 3], [4, 5, 3, 5]], "bad": [], "version": FRESH})
    place = ("--store", tmp_path / "store")
    folders = tmp_path / "en", tmp_path / "de"
    result = bitext("align", *folders, "-o", tmp_path / "out", "--review", "--no-open", *place)
    assert result.exit_code == 0
    (written,) = (tmp_path / "out" / "beads").iterdir()
    assert "[2, 3]:[2]" in beads_of(written.read_text(encoding="utf-8"))
    for named in (tmp_path / "out", "align"):
        exported = bitext("export", named, "--format", "beads", "-o", tmp_path / "again", *place)
        assert exported.exit_code == 0, exported.output
        (again,) = (tmp_path / "again" / "beads").iterdir()
        is_corrected = again.read_text(encoding="utf-8") == written.read_text(encoding="utf-8")
        assert is_corrected == (named != "align"), "only the folder tells where its corrections lie"


def test_ctrl_c_ends_the_review_and_writes_the_output(texts: tuple[Path, Path], tmp_path: Path) -> None:
    output = tmp_path / "out.tsv"
    command = [sys.executable, "-m", "pipeline", "align", *texts, "--review", "--no-open", "--workers", "1"]
    with (tmp_path / "told").open("w") as told:
        process = subprocess.Popen(
            [*map(str, command), "-o", str(output), "--store", str(tmp_path / "store")], stdout=told
        )
        try:
            assert wait_until(lambda: "Ctrl-C ends" in (tmp_path / "told").read_text(), START_SECONDS)
            first = output.stat().st_mtime_ns
            process.send_signal(signal.SIGINT)
            assert process.wait(START_SECONDS) == 0
        finally:
            process.kill()
    assert output.stat().st_mtime_ns > first
    assert "\nended\n" in (tmp_path / "told").read_text()


@pytest.mark.parametrize("name", ["book.html", "book.epub", "book.tmx", "book.txt"])
def test_what_is_no_run_is_told_from_one(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text("<p>Some text.</p>", encoding="utf-8")
    result = bitext("review", path)
    assert result.exit_code == 2
    assert "is a document, and no run" in result.output
    assert "bitext align SOURCE TARGET --review" in result.output
    two = bitext("review", path, tmp_path / "other.epub")
    assert two.exit_code == 2
    assert f"bitext align {path} {tmp_path / 'other.epub'} --review" in two.output


# ---- from two e-books to a corrected, bilingual one


def write_epub(path: Path, title: str, chapters: dict[str, list[str]]) -> None:
    book = mkepub.Book(title)
    for name, paragraphs in chapters.items():
        book.add_page(name, f"<h1>{name}</h1>" + "".join(f"<p>{text}</p>" for text in paragraphs))
    book.save(str(path))
    book.tempdir.cleanup()


ENGLISH = {
    "The lighthouse": [
        "The old lighthouse stood alone on the rocks. Every evening the keeper climbed the stairs.",
        "He lit the lamp before the sun went down. The sea was calm: the birds slept.",
    ],
    "The storm": ["One night a ship came too close to the shore. The sailors saw the light and turned away."],
}
ENGLISH_END = ["In the morning nobody spoke of the wreck any more. The keeper closed his book and slept."]
GERMAN = {
    "Der Leuchtturm": [
        "Der alte Leuchtturm stand allein auf den Felsen. Jeden Abend stieg der Wärter die Treppe hinauf.",
        "Er zündete die Lampe an, bevor die Sonne unterging. Die See war ruhig. Die Vögel schliefen.",
    ],
    "Der Sturm": ["Eines Nachts kam ein Schiff der Küste zu nahe. Die Matrosen sahen das Licht und drehten aab."],
}
GERMAN_END = ["Am Morgen sprach niemand mehr von dem Wrackk. Der Wärter schloss sein Buch und schlief."]
N_CHAPTERS, CHAPTER_SENTENCES = 30, 100


def make_novels() -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Make a novel and its translation: the chapters above, thirty more, and an end."""
    novels = dict(ENGLISH), dict(GERMAN)
    for number in range(N_CHAPTERS):
        texts = make_texts(CHAPTER_SENTENCES, seed=number)
        for novel, heading, text in zip(novels, ("Chapter", "Kapitel"), texts, strict=True):
            novel[f"{heading} {number + 3}"] = text.splitlines()
    novels[0]["The end"], novels[1]["Das Ende"] = ENGLISH_END, GERMAN_END
    return novels


def test_two_e_books_become_a_corrected_bilingual_one_in_the_browser(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a person does it: align, split a sentence, correct a misprint, judge, end the review, read the book."""
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("there is no Chromium here")
    english, german = make_novels()
    write_epub(tmp_path / "book.en.epub", "The lighthouse", english)
    write_epub(tmp_path / "book.de.epub", "Der Leuchtturm", german)
    seen: list[str] = []

    def review(server: ReviewServer) -> None:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            with playwright.sync_playwright() as driver:
                browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
                page = browser.new_page(viewport={"width": 1400, "height": 900})
                page.on("pageerror", lambda error: seen.append(str(error)))
                correct(page, server.address(0))
                browser.close()
        finally:
            server.shutdown()
            thread.join()

    monkeypatch.setattr("pipeline.commands.options.LocalBackend", InlineBackend)
    monkeypatch.setattr("pipeline.commands.review.serve", review)
    files = tmp_path / "book.en.epub", tmp_path / "book.de.epub"
    place = ("--store", tmp_path / "store", "-o", tmp_path / "book.epub")
    result = bitext("align", *files, "--review", "--no-open", *place)
    assert result.exit_code == 0, result.output
    assert seen == []
    with zipfile.ZipFile(tmp_path / "book.epub") as book:
        text = " ".join(book.read(name).decode() for name in book.namelist() if name.endswith("html"))
    plain = " ".join(re.sub(r"<[^>]+>", " ", text).split())
    assert "drehten ab." in plain
    assert "aab" not in plain
    assert "The storm" in plain
    assert "von dem Wrack. Der Wärter schloss" in plain
    for novel in (english, german):
        assert all(" ".join(text.replace("aab", "ab").replace("kk.", "k.").split()) in plain for text in told(novel))
    kept = (tmp_path / "book.corrections").glob("*.corrections.txt")
    assert [path.read_text(encoding="utf-8").count("becomes") for path in kept] == [3]
    bitext("align", *files, "--store", tmp_path / "store", "-o", tmp_path / "beads.txt")
    unedited = beads_of((tmp_path / "beads.txt").read_text(encoding="utf-8"))
    assert not {"[5]:[5]", "[6]:[6]"} <= unedited, "these corrections belong to another output"
    bitext("align", *files, "--store", tmp_path / "store", "-o", tmp_path / "book.txt")
    assert {"[5]:[5]", "[6]:[6]"} <= beads_of((tmp_path / "book.txt").read_text(encoding="utf-8"))


def told(novel: dict[str, list[str]]) -> list[str]:
    """Return the sentences of the long chapters: they are in the book as they were, each on its own."""
    chapters = list(novel.values())[2:-1]
    return [f"{one}." for chapter in chapters for text in chapter for one in text.strip().removesuffix(".").split(". ")]


def correct(page: Any, address: str) -> None:
    """Split the sentence with a colon, and link its halves with their translations; correct the misprints."""
    page.goto(address)
    page.wait_for_selector(".review ~ .beads .bead")
    chapters = page.locator(".chapters option").all_inner_texts()[1:]
    assert (len(chapters), chapters[:3], chapters[-1]) == (33, ["The lighthouse", "The storm", "Chapter 3"], "The end")
    page.locator(".bead", has_text="The sea was calm").click()
    page.keyboard.press("e")
    area = page.locator(".segments textarea").first
    area.evaluate("(area) => area.setSelectionRange(area.value.indexOf(': ') + 2, area.value.indexOf(': ') + 2)")
    page.keyboard.press("Enter")
    with page.expect_navigation():
        page.click(".segments .save")
    page.wait_for_selector(".review ~ .beads [aria-selected=true]")
    first = page.locator(".bead", has_text="The sea was calm")
    first.click()
    for _ in range(2):  # its second half goes with the second German sentence
        if (kind := first.locator(".type").inner_text()) != "1–1":
            page.keyboard.press("s" if kind == "2–2" else "l")
    assert first.locator(".type").inner_text() == "1–1"
    page.locator(".bead", has_text="drehten aab").click()
    page.keyboard.press("e")
    area = page.locator(".segments textarea").last
    area.fill(area.input_value().replace("aab", "ab"))
    page.wait_for_selector('.review .state[data-state="saved"]')
    with page.expect_navigation():
        page.keyboard.press("Control+Enter")
    page.wait_for_selector(".review ~ .beads [aria-selected=true]")
    page.fill(".search", "Wrackk")
    page.keyboard.press("Enter")
    page.locator(".bead", has_text="Wrackk").click()
    page.keyboard.press("e")
    area = page.locator(".segments textarea").last
    area.fill(area.input_value().replace("Wrackk", "Wrack"))
    with page.expect_navigation():
        page.keyboard.press("Control+Enter")
    page.wait_for_selector(".review ~ .beads [aria-selected=true]")
    assert "Wrack." in page.locator(".bead[aria-selected=true]").inner_text(), "it comes back to where it was"
    page.select_option(".chapters", label="The storm")
    page.locator(".bead", has_text="The sailors saw").click()
    page.click('.review button[data-action="good"]')
    page.wait_for_selector('.review .state[data-state="saved"]')
