"""Correcting a run in the browser: who is answered, what is kept, and what a person sees and does.

Browser tests drive Chromium with Playwright; a machine without either skips them.
"""

from __future__ import annotations

import http.client
import json
import random
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from live_review import live_review
from small_corpus import bitext, run_inline, write_corpus

from pipeline.commands.finish import keep_record
from pipeline.commands.review import make_desk, make_server
from pipeline.errors import ConfigError
from pipeline.flow.run import Run
from pipeline.progress import Progress
from pipeline.review.corrections import read_reviews
from pipeline.review.server import ReviewServer
from pipeline.store.run_store import RunStore
from pipeline.store.store import Store
from stages.corrections import Corrections, make_corrections

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
PAIR = "00.en-de"
TOKEN = "X-Bitext-Token"
FRESH = "e3b0c44298fc1c14"
"""The version of a file of corrections that isn't there."""


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two pairs."""
    folder = tmp_path_factory.mktemp("done")
    write_corpus(folder, n_pairs=2, n_sentences=12)
    assert run(folder).exit_status == 0
    return folder


def run(folder: Path) -> Run:
    done = run_inline(folder / "run.toml", folder / "store", folder / "out", Progress())
    keep_record(RunStore(Store(folder / "store"), done.config), done)
    return done


@pytest.fixture
def folder(done: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(done, tmp_path / "run"))


@pytest.fixture
def server(folder: Path) -> Iterator[ReviewServer]:
    with live_review(folder, "run.toml") as server:
        yield server


def ask(
    server: ReviewServer, path: str, body: Any = None, token: str | None = None, **headers: str
) -> tuple[int, str, Any]:
    """Return status, text and headers of an answer; a path that begins with ./ is put behind the token."""
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=20)
    sent = {"Host": f"127.0.0.1:{server.server_port}", **({TOKEN: token} if token else {}), **headers}
    data = body if body is None or isinstance(body, str) else json.dumps(body)
    connection.request("GET" if body is None else "POST", path.replace("./", f"/{server.token}/", 1), data, sent)
    answer = connection.getresponse()
    result = answer.status, answer.read().decode(), answer.headers
    connection.close()
    return result


def path_of(folder: Path) -> Path:
    return folder / "run.corrections" / f"{PAIR}.corrections.txt"


def read_kept(folder: Path) -> Corrections:
    (review,) = read_reviews(path_of(folder))
    return make_corrections(review.beads("good"), review.beads("bad"), review.source, review.target)


# ---- who is answered


def test_only_this_machine_is_listened_to(server: ReviewServer) -> None:
    assert server.server_address[0] == "127.0.0.1"
    assert len(server.token) >= 32


@pytest.mark.parametrize("path", ["/", "/pair/0/", "/wrong/", "/wrong/pair/0/", "/%00/"])
def test_nothing_is_told_without_the_token(server: ReviewServer, path: str) -> None:
    status, text, _ = ask(server, path)
    assert (status, text) == (404, "open the address that bitext review has printed")


def test_another_name_for_this_machine_is_refused(server: ReviewServer) -> None:
    """Such as a name that the owner of a web page points at 127.0.0.1."""
    assert ask(server, "./", Host="evil.example")[0] == 421
    assert ask(server, "./", Host=f"evil.example:{server.server_port}")[0] == 421
    assert ask(server, "./", Host=f"localhost:{server.server_port}")[0] == 200


def test_pages_may_load_nothing_and_be_framed_by_nobody(server: ReviewServer) -> None:
    _, _, headers = ask(server, "./")
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "Access-Control-Allow-Origin" not in headers


def test_a_change_needs_the_token_in_a_header_too(server: ReviewServer, folder: Path) -> None:
    assert ask(server, "./pair/0/corrections", {"good": [], "bad": []})[0] == 403
    assert ask(server, "./pair/0/corrections", {"good": [], "bad": []}, token="wrong")[0] == 403
    assert not path_of(folder).exists()


@pytest.mark.parametrize(
    ("path", "body", "status", "reason"),
    [
        ("./pair/2/", None, 404, "there is no pair 2"),
        ("./pair/0/corrections", None, 405, "corrections are only sent here"),
        ("./pair/0/", {}, 405, "nothing is sent here"),
        ("./pair/0/corrections", "[", 422, "Expecting value"),
        ("./pair/0/corrections", "[]", 422, "what was decided must be an object"),
        ("./pair/0/corrections", {"good": [], "bad": 1}, 422, "good and bad must be lists of beads"),
        ("./pair/0/corrections", {"good": [[0, 1, 0]], "bad": []}, 422, "[0, 1, 0] is not a bead; one is four numbers"),
        ("./pair/0/corrections", {"good": [[0, 1, 0, 99]], "bad": []}, 422, "is no bead of 12 and 12 sentences"),
        ("./pair/0/corrections", {"good": [[0, 1, 1, 2], [1, 2, 0, 1]], "bad": []}, 422, "cross"),
        ("./pair/0/edits", None, 405, "edits are only sent here"),
        ("./pair/0/edits", {"version": FRESH}, 422, "edits must be a list of changes"),
        ("./pair/0/edits", {"version": FRESH, "edits": [{"side": "source"}]}, 422, "is no edit; one has a side"),
        (
            "./pair/0/edits",
            {"version": FRESH, "edits": [{"side": "source", "start": 0, "stop": 99, "texts": []}]},
            422,
            "is no span of 12 sentences",
        ),
        ("./pair/0/edits", {"version": FRESH, "restore": ["source", 0]}, 422, "there is no edit 0"),
        ("./pair/0/edits", {"version": FRESH, "restore": "source"}, 422, "restore must be a side"),
        ("./pair/0/edits", {"version": "other", "edits": []}, 409, "has been changed by another program"),
        ("./pair/0/undo", {"version": FRESH}, 422, "nothing to undo"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_reason(
    server: ReviewServer, path: str, body: Any, status: int, reason: str
) -> None:
    found = ask(server, path, body, token=server.token)
    assert found[0] == status
    assert reason in found[1]


def test_a_body_that_is_too_large_is_not_read(server: ReviewServer) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=20)
    connection.putrequest("POST", f"/{server.token}/pair/0/corrections")
    connection.putheader(TOKEN, server.token)
    connection.putheader("Content-Length", str(1 << 40))
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()


# ---- what is kept


def test_decisions_are_in_the_file_at_once_and_a_change_by_hand_is_not_overwritten(
    server: ReviewServer, folder: Path
) -> None:
    first = ask(server, "./pair/0/corrections", decided(server, [[0, 1, 0, 1]]), token=server.token)
    assert first[0] == 200
    assert re.search(
        r"\[0\]:\[0\]  good  [0-9a-f]{8} [0-9a-f]{8}  # 0\. The ", path_of(folder).read_text(encoding="utf-8")
    )
    with path_of(folder).open("a", encoding="utf-8") as file:
        file.write("[3]:[3]  good\n")
    body = {**decided(server, [[1, 2, 1, 2]]), "version": json.loads(first[1])["version"]}
    status, text, _ = ask(server, "./pair/0/corrections", body, token=server.token)
    assert status == 409
    assert "has been changed by another program since it was read; nothing was written" in text
    assert "[3]:[3]  good" in path_of(folder).read_text(encoding="utf-8")


def decided(server: ReviewServer, good: list[list[int]]) -> dict[str, Any]:
    from pipeline.review.corrections import read_file, version_of

    return {"good": good, "bad": [], "version": version_of(read_file(server.desk.path(0)))}


@pytest.mark.parametrize(
    ("good", "problem"),
    [
        ([[0, 10**11, 0, 1]], "is no bead of"),
        ([[0, 1, 0, 10**30]], "is no bead of"),
        ([[0, 1, 0, True]], "is not a bead"),
        (None, "nested too deep"),
    ],
)
def test_what_is_no_bead_is_refused(good: Any, problem: str, server: ReviewServer) -> None:
    body = "[" * 100_000 if good is None else decided(server, good)
    status, text, _ = ask(server, "./pair/0/corrections", body, token=server.token)
    assert status == 422
    assert problem in text


def test_taking_everything_back_removes_the_file(server: ReviewServer, folder: Path) -> None:
    ask(server, "./pair/0/corrections", decided(server, [[0, 1, 0, 1]]), token=server.token)
    assert ask(server, "./pair/0/corrections", decided(server, []), token=server.token)[0] == 200
    assert not path_of(folder).exists()


def test_decisions_about_other_sentences_are_kept_below(server: ReviewServer, folder: Path) -> None:
    path_of(folder).parent.mkdir()
    old = "source: 1 sentences, 0123456789abcdef\ntarget: 1 sentences, 0123456789abcdef\n\n[0]:[0]  good # by hand\n"
    path_of(folder).write_text("# a note\n" + old, encoding="utf-8")
    assert ask(server, "./pair/0/corrections", decided(server, [[0, 1, 0, 1]]), token=server.token)[0] == 200
    text = path_of(folder).read_text(encoding="utf-8")
    assert text.endswith(
        "\n\n# Set aside, as sentences have changed since. What is settled can be deleted; your own lines go above.\n"
        + old
    )
    assert text.count("\n# a note\nsource: ") == 1
    newest, oldest = read_reviews(path_of(folder))
    assert (newest.decisions[0].bead, oldest.decisions[0].line) == ((0, 1, 0, 1), "[0]:[0]  good # by hand")
    assert ask(server, "./pair/0/corrections", decided(server, []), token=server.token)[0] == 200
    assert read_reviews(path_of(folder)) == (oldest,)  # taking back what was decided takes back nothing else


LOST = f"the store no longer has pair {PAIR}: it has been pruned since the review began. Nothing that was decided is"


def test_where_the_store_is_pruned_meanwhile_decisions_are_still_saved_and_pages_say_what_to_do(
    server: ReviewServer, folder: Path
) -> None:
    assert ask(server, "./pair/0/")[0] == 200
    assert bitext("store", "--prune", "--store", folder / "store").exit_code == 0
    saved = ask(server, "./pair/0/corrections", decided(server, [[0, 1, 0, 1]]), token=server.token)
    assert saved[0] == 200
    assert "[0]:[0]  good" in path_of(folder).read_text(encoding="utf-8")
    status, text, _ = ask(server, "./pair/0/")
    assert status == 422
    assert LOST in text
    assert ask(server, "./")[1].count(LOST) == 1
    never_shown = ask(server, "./pair/1/corrections", {"good": [], "bad": [], "version": ""}, token=server.token)
    assert "the store no longer has pair 01.en-de" in never_shown[1]
    run(folder)
    page = ask(server, "./pair/0/")
    assert page[0] == 200


def test_the_list_shows_the_most_doubtful_first_and_what_is_decided(server: ReviewServer, folder: Path) -> None:
    ask(server, "./pair/1/corrections", {**decided(server, [[0, 1, 0, 1]])}, token=server.token)
    rows = server.desk.listed()
    assert [row.quality for row in rows] == sorted(row.quality for row in rows)
    assert {row.pair_id: row.n_good for row in rows} == {PAIR: 0, "01.en-de": 1}
    text = ask(server, "./")[1]
    assert "1 good" in text
    (path_of(folder)).write_text("nonsense", encoding="utf-8")
    assert "&#39;nonsense&#39; is not a correction" in ask(server, "./")[1]
    assert ask(server, "./pair/0/")[0] == 422


def test_the_command_says_what_is_wrong(folder: Path, tmp_path: Path) -> None:
    config, store = folder / "run.toml", folder / "store"
    unknown = bitext("review", config, "--store", store, "--no-open", "--pair", "nobody")
    assert unknown.exit_code == 2
    assert "run run has aligned no pair 'nobody'; leave out --pair for a list of all" in unknown.output
    nothing = bitext("review", config, "--store", tmp_path / "empty", "--no-open")
    assert nothing.exit_code == 1
    assert "holds no run 'run'" in nothing.output
    config.write_text(config.read_text().replace("max_bead = 3", "max_bead = 2"), encoding="utf-8")
    changed = bitext("review", config, "--store", store, "--no-open")
    assert "no pair of run run has beads in the store; run bitext run, and come back" in changed.output


def test_a_bad_file_of_one_pair_is_shown_there_and_stops_no_other(folder: Path) -> None:
    path_of(folder).parent.mkdir()
    path_of(folder).write_text("nonsense", encoding="utf-8")
    desk = make_desk(Store(folder / "store"), str(folder / "run.toml"))
    problems = {row.pair_id: row.problem for row in desk.listed()}
    assert f"{path_of(folder)} has 3 problems" in problems[PAIR]
    assert problems["01.en-de"] == ""
    assert "01.en-de" in desk.page(desk.number_of("01.en-de"))
    place = ("--store", folder / "store", "--no-open")
    assert bitext("view", folder / "run.toml", *place, "--pair", "01.en-de").exit_code == 0
    shown = bitext("view", folder / "run.toml", *place, "--pair", PAIR)
    assert shown.exit_code == 2
    assert "'nonsense' is not a correction" in shown.output


def test_a_port_that_is_taken_is_named(server: ReviewServer) -> None:
    with pytest.raises(ConfigError, match=f"--port {server.server_port}: .* can't be listened on"):
        make_server(server.desk, server.server_port)


# ---- what a person sees and does


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("there is no Chromium here")
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


class Tab:
    """The page of a pair in the browser."""

    def __init__(self, browser: Any, server: ReviewServer):
        self.problems: list[str] = []
        self.page = browser.new_page(viewport={"width": 1400, "height": 900})
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("console", lambda message: self.problems.append(message.text))
        self.page.goto(server.address(server.desk.number_of(PAIR)))
        self.page.wait_for_function("window.bitext?.review")

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def select(self, index: int) -> None:
        self.page.evaluate(f"bitext.page.select({index})")

    def beads(self) -> list[list[Any]]:
        columns = "b.source_start, b.source_stop, b.target_start, b.target_stop, b.mark"
        beads: list[list[Any]] = self.page.evaluate(f"bitext.page.beads.map(b => [{columns}])")
        return beads

    def wait_until_saved(self) -> None:
        self.page.wait_for_selector('.review .state[data-state="saved"]')

    def message(self) -> str:
        return str(self.page.text_content(".review .message"))


@pytest.fixture
def tab(browser: Any, server: ReviewServer) -> Iterator[Tab]:
    tab = Tab(browser, server)
    yield tab
    tab.page.close()
    assert not tab.problems


def test_a_correction_made_in_the_browser_is_in_the_next_export_and_kept_by_the_next_run(
    tab: Tab, folder: Path
) -> None:
    tab.select(2)
    assert tab.beads()[2:5] == [[i, i + 1, i, i + 1, None] for i in (2, 3, 4)]
    tab.press("m")  # [2, 3]:[2, 3]
    tab.press("o")  # its last target sentence goes to the bead below: [2, 3]:[2] and [4]:[3, 4]
    tab.select(6)
    tab.press("b")
    tab.wait_until_saved()
    assert tab.beads()[2:4] == [[2, 4, 2, 3, "good"], [4, 5, 3, 5, "good"]]
    place = ("--config", folder / "run.toml", "--store", folder / "store")
    assert bitext("export", *place, "--format", "beads", "-o", folder / "out").exit_code == 0
    expected = {"[2, 3]:[2]", "[4]:[3, 4]"}
    exported = read_beads(folder)
    assert expected <= exported
    bad = "[{}]:[{}]".format(*tab.beads()[6][::2])
    assert bad not in exported
    assert run(folder).records["align"].counts["corrected_pairs"] == 1
    assert expected <= read_beads(folder)
    assert bad not in read_beads(folder)


def read_beads(folder: Path) -> set[str]:
    lines = (folder / "out" / "beads" / f"{PAIR}.beads.txt").read_text().splitlines()
    return {line.rpartition(":")[0] for line in lines}


def test_what_was_decided_is_shown_when_the_page_is_opened_again(tab: Tab, browser: Any, server: ReviewServer) -> None:
    tab.press("g", "j", "m", "j", "b", "j", "u")
    tab.wait_until_saved()
    again = Tab(browser, server)
    assert again.beads() == tab.beads()
    again.page.close()


def test_what_was_called_bad_stays_in_the_file_when_the_aligner_finds_it_no_more(
    browser: Any, server: ReviewServer, folder: Path
) -> None:
    first = Tab(browser, server)
    first.select(6)
    first.press("b")
    first.wait_until_saved()
    first.page.close()
    run(folder)
    again = Tab(browser, server)
    assert [6, 7, 6, 7] not in [bead[:4] for bead in again.beads()]
    again.select(1)
    again.press("g")
    again.wait_until_saved()
    again.page.close()
    kept = read_kept(folder)
    assert (kept.good, kept.bad) == (((1, 2, 1, 2),), ((6, 7, 6, 7),))


def test_what_is_set_aside_is_counted_in_the_list_and_named_on_the_page(
    browser: Any, server: ReviewServer, folder: Path
) -> None:
    ask(server, "./pair/0/corrections", decided(server, [[0, 1, 0, 1], [2, 3, 2, 3]]), token=server.token)
    text = path_of(folder).read_text(encoding="utf-8")
    text = text.replace(read_reviews(path_of(folder))[0].source.digest, "0" * 16)  # as if it were of another text
    text = re.sub(r"(\[2\]:\[2\]  good  )[0-9a-f]{8}", r"\1ffffffff", text)
    path_of(folder).write_text(text, encoding="utf-8")
    assert "1 set aside" in ask(server, "./")[1]
    tab = Tab(browser, server)
    head, named = tab.message().split("\n")
    assert head == "1 earlier decision set aside, and kept in the file:"
    assert named.startswith("[2]:[2] good: The ")
    assert named.endswith(" (its sentences have changed or moved)")
    assert [bead[4] for bead in tab.beads()[:3]] == ["good", None, None]
    tab.select(1)
    tab.press("g")
    tab.wait_until_saved()
    newest, oldest = read_reviews(path_of(folder))
    assert [one.bead for one in newest.decisions] == [(0, 1, 0, 1), (1, 2, 1, 2)]
    assert [one.bead for one in oldest.decisions] == [(2, 3, 2, 3)]
    tab.select(2)
    tab.press("g")
    tab.wait_until_saved()
    assert len(read_reviews(path_of(folder))) == 1  # it has been decided anew
    tab.page.close()


def test_a_null_bead_that_is_called_bad_is_looked_at_again_by_the_next_run(tab: Tab, folder: Path) -> None:
    tab.select(4)
    tab.press("u", "b")
    assert tab.message() == "the next run looks for its counterpart; or link it yourself, with r"
    tab.wait_until_saved()
    kept = read_kept(folder)
    assert (4, 5, 0, 0) in kept.bad
    assert run(folder).records["align"].counts["corrected_pairs"] == 1
    assert not any(line.startswith("[4]:[]") for line in read_beads(folder))


def test_undo_and_redo_go_through_every_state(tab: Tab, folder: Path) -> None:
    states = [tab.beads()]
    for keys in ("m", "q", "jb", "jjm", "Q", "g", "jjg", "u"):
        tab.press(*keys)
        states.append(tab.beads())
    assert len({json.dumps(state) for state in states}) == len(states)
    for state in reversed(states[:-1]):
        tab.press("z")
        assert tab.beads() == state
    tab.wait_until_saved()
    assert not path_of(folder).exists()
    for state in states[1:]:
        tab.press("y")
        assert tab.beads() == state


def test_a_bead_is_shifted_split_linked_anew_and_unlinked(tab: Tab) -> None:
    tab.select(4)
    tab.press("a")  # takes source 5; target 5 has no counterpart any more
    assert tab.beads()[4:6] == [[4, 6, 4, 5, "good"], [6, 6, 5, 6, "good"]]
    tab.press("l")
    assert tab.beads()[4] == [4, 6, 4, 6, "good"]
    tab.press("s")
    assert tab.beads()[4:6] == [[4, 5, 4, 5, "good"], [5, 6, 5, 6, "good"]]
    tab.press("r")
    tab.select(6)
    tab.press("r")
    assert [4, 5, 6, 7, "good"] in tab.beads()
    assert [5, 6, 7, 7, None] in tab.beads()  # what crosses is unlinked, but nobody has said that this is right
    tab.select([bead[:4] for bead in tab.beads()].index([4, 5, 6, 7]))
    tab.press("u")
    assert {(4, 5, "good"), (6, 7, "good")} <= {
        (*bead[slice(0, 2) if bead[0] < bead[1] else slice(2, 4)], bead[4]) for bead in tab.beads() if bead[4]
    }


def test_what_has_been_read_can_be_called_good_at_once(tab: Tab, folder: Path) -> None:
    tab.select(1)
    tab.press("b")
    tab.select(3)
    tab.press("G")
    assert [bead[4] for bead in tab.beads()[:5]] == ["good", "bad", "good", "good", None]


def test_what_can_not_be_done_is_said(tab: Tab) -> None:
    before = tab.beads()
    for key, why in (
        ("s", "only a pair with two sentences on both sides can be split; send one away instead, or unlink"),
        ("A", "there is no source sentence to take"),
        ("M", "there is no pair to merge with"),
        ("z", "nothing to undo"),
    ):
        tab.press(key)
        assert tab.message() == why
    assert tab.beads() == before


def make_doubtful(tab: Tab, *indices: int) -> None:
    """Let just these beads be doubtful, and none be selected that is."""
    confidences = "bitext.page.beads.map((b, i) => ({ ...b, confidence: wanted.includes(i) ? 0.2 : 0.9 }))"
    tab.page.evaluate(f"(wanted) => bitext.page.setBeads({confidences}, 0)", list(indices))


def counts(tab: Tab) -> tuple[str, str, str]:
    """Return how many are doubtful by the head, the toolbar, and the bar of the review."""
    head = tab.page.text_content(".measures div:has(dt:text-is('doubtful')) dd")
    left = str(tab.page.text_content(".decided")).rpartition(", ")[2]
    return str(head), str(tab.page.text_content(".doubt-count")), left


def test_enter_judges_what_is_doubtful_and_in_view_and_says_when_all_is_reviewed(tab: Tab) -> None:
    make_doubtful(tab, 3, 7)
    assert counts(tab) == ("2", "2", "2 doubtful left")
    tab.press("Enter")
    assert not any(bead[4] for bead in tab.beads()), "it was not doubtful"
    assert tab.page.evaluate("bitext.page.selected()") == 3
    tab.press("Enter")
    assert [at for at, bead in enumerate(tab.beads()) if bead[4]] == [3]
    assert tab.page.evaluate("bitext.page.selected()") == 7
    assert counts(tab) == ("1", "1", "1 doubtful left")
    tab.page.set_viewport_size({"width": 420, "height": 500})
    tab.page.evaluate("new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
    tab.page.evaluate("document.querySelector('.beads').scrollTop = 0")
    tab.page.evaluate("scrollTo(0, 0)")
    tab.press("Enter")
    assert [at for at, bead in enumerate(tab.beads()) if bead[4]] == [3], "it could not be seen"
    tab.press("Enter")
    assert [at for at, bead in enumerate(tab.beads()) if bead[4]] == [3, 7]
    assert counts(tab) == ("0", "none", "no doubtful left")
    tab.press("Enter", "Enter", "Enter", "Enter")
    assert [at for at, bead in enumerate(tab.beads()) if bead[4]] == [3, 7], "nothing is left to judge"
    assert tab.message().startswith("all doubtful pairs are reviewed")
    tab.wait_until_saved()


def test_after_the_last_doubtful_pair_the_next_of_the_list_is_a_click_away(tab: Tab, server: ReviewServer) -> None:
    first, second = [row.number for row in server.desk.listed()]
    tab.page.goto(server.address(first))
    tab.page.wait_for_selector(".review")
    make_doubtful(tab, 1)
    tab.press("j", "Enter")
    tab.wait_until_saved()
    tab.page.click(".review .next")
    tab.page.wait_for_url(server.address(second))
    assert ask(server, f"./pair/{second}/next")[2]["Location"] == server.address()


def test_a_sentence_that_should_not_stand_alone_is_not_struck_through(tab: Tab) -> None:
    tab.select(4)
    tab.press("u", "b")
    row = tab.page.locator('.bead[data-bead="4"]')
    assert row.locator(".absent").inner_text() == "should have a counterpart"
    style = "row => getComputedStyle(row.querySelector('.sentence')).textDecorationLine"
    assert row.evaluate(style) == "none"
    tab.select(0)
    tab.press("b")
    assert tab.page.locator('.bead[data-bead="0"]').evaluate(style) == "line-through"


def test_sentences_are_shifted_with_buttons_that_show_their_keys(tab: Tab) -> None:
    tab.select(4)
    for action, key in (("take-source-below", "a"), ("give-source-below", "q"), ("take-target-above", "L")):
        button = tab.page.locator(f'.review button[data-action="{action}"]')
        assert button.locator("kbd").inner_text() == key
        tab.press(key)
        made = tab.beads()
        tab.press("z")
        button.click()
        assert tab.beads() == made
        tab.press("z")
    assert tab.page.locator(".review button:not(:has(kbd))").count() == 0


def test_a_pair_is_exported_with_all_that_is_decided(tab: Tab, server: ReviewServer) -> None:
    tab.select(2)
    tab.press("m")
    edit_lines(tab, 0, ["Control+a", "A"])
    tab.page.click(".exports summary")
    with tab.page.expect_download() as found:
        tab.page.click(".exports a:text-is('TMX')")
    assert found.value.suggested_filename == f"{PAIR}.tmx"
    assert "<seg>A</seg>" in found.value.path().read_text(encoding="utf-8")
    for suffix in tab.page.locator(".exports a").all_inner_texts():
        assert ask_bytes(server, f"export/{suffix.lower()}"), suffix
    assert "no format is known by the suffix" in ask(server, "./pair/0/export/exe")[1]
    assert ask(server, "./pair/0/export/tmx", {}, token=server.token)[0] == 405


def ask_bytes(server: ReviewServer, path: str) -> bytes:
    answer = httpx2.get(f"{server.address(0)}{path}")
    assert answer.status_code == 200, answer.text
    return answer.content


def test_any_keys_leave_beads_that_cover_both_sides_and_are_saved(tab: Tab, folder: Path) -> None:
    chance = random.Random(7)
    first = tab.beads()
    n_source, n_target = first[-1][1], first[-1][3]
    for _ in range(120):
        tab.press(chance.choice("gbmMsuaAqQlLoOrzyjknp"))
        if chance.random() < 0.2:
            tab.select(chance.randrange(len(tab.beads())))
    i = j = 0
    for source_start, source_stop, target_start, target_stop, _ in tab.beads():
        assert (source_start, target_start) == (i, j)
        assert source_start < source_stop or target_start < target_stop
        i, j = source_stop, target_stop
    assert (i, j) == (n_source, n_target)
    tab.wait_until_saved()
    kept = read_kept(folder)
    good = {tuple(bead[:4]) for bead in tab.beads() if bead[4] == "good" and bead[0] < bead[1] and bead[2] < bead[3]}
    assert {tuple(bead) for bead in kept.good if not bead.is_null} == good


def test_what_is_not_saved_is_seen(tab: Tab, server: ReviewServer, folder: Path) -> None:
    tab.press("g")
    tab.wait_until_saved()
    path_of(folder).write_text(path_of(folder).read_text() + "[3]:[3]  good\n", encoding="utf-8")
    tab.press("j", "g")
    tab.page.wait_for_selector('.review .state[data-state="failed"]')
    state = tab.page.text_content(".review .state")
    assert state.startswith("NOT SAVED: ")
    assert "has been changed by another program" in state
    assert tab.page.is_disabled('.review button[data-action="good"]')
    assert "[1]:[1]" not in path_of(folder).read_text()
    tab.problems = [problem for problem in tab.problems if "409" not in problem]  # the browser logs it


def test_decisions_wait_until_the_program_answers_again(tab: Tab, server: ReviewServer, folder: Path) -> None:
    tab.page.context.set_offline(True)
    tab.press("g")
    tab.page.wait_for_selector('.review .state[data-state="failed"]')
    assert tab.page.text_content(".review .state") == "NOT SAVED: the program does not answer"
    tab.page.context.set_offline(False)
    tab.wait_until_saved()
    assert path_of(folder).exists()
    tab.problems = [problem for problem in tab.problems if "ERR_INTERNET_DISCONNECTED" not in problem]


def test_sentences_are_split_where_the_cursor_stands_joined_corrected_and_dropped(tab: Tab, folder: Path) -> None:
    page = tab.page
    tab.select(2)
    tab.press("g")
    tab.wait_until_saved()
    before = texts_of(tab)
    edit_lines(tab, 0, ["Home", *["ArrowRight"] * 4, "Enter"])
    assert texts_of(tab)["source"][2:4] == [before["source"][2][:3], before["source"][2][4:]]
    assert tab.beads()[2] == [2, 4, 2, 3, "good"], "what was decided goes along"
    assert page.evaluate("bitext.page.selected()") == 2
    assert page.locator('.bead[data-bead="2"] [data-edited]').count() == 2
    assert page.text_content(".changed summary") == "1 change of sentences"
    tab.press("s")
    edit_lines(tab, 1, ["Control+a", "Delete"])
    assert texts_of(tab)["target"] == [*before["target"][:2], *before["target"][3:]]
    with reloaded(tab):
        tab.press("z")
    page.click(".changed summary")
    with reloaded(tab):
        page.click(".changed button")
    assert texts_of(tab) == before
    assert tab.beads()[2] == [2, 3, 2, 3, "good"]
    assert "becomes" not in path_of(folder).read_text(encoding="utf-8")


def edit_lines(tab: Tab, side: int, keys: list[str]) -> None:
    """Press keys in the text area of a side of the selected bead, and save; the page is loaded anew."""
    tab.press("e")
    tab.page.locator(".segments textarea").nth(side).focus()
    tab.press("Control+Home", *keys)
    with reloaded(tab):
        tab.press("Control+Enter")


@contextmanager
def reloaded(tab: Tab) -> Iterator[None]:
    """Wait until the page has been loaded anew."""
    with tab.page.expect_navigation():
        yield
    tab.page.wait_for_selector(".review ~ .beads [aria-selected=true]")


def texts_of(tab: Tab) -> dict[str, list[str]]:
    texts: dict[str, list[str]] = tab.page.evaluate(
        "({ source: bitext.page.source.sentences, target: bitext.page.target.sentences })"
    )
    return texts


def test_the_keys_are_listed_and_the_buttons_do_the_same(tab: Tab) -> None:
    tab.press("?")
    shown = tab.page.text_content(".keys")
    assert "merge with the pair below" in shown
    assert "undo" in shown
    tab.press("Escape")
    tab.page.click('.review button[data-action="good"]')
    assert tab.beads()[0][4] == "good"
    assert tab.page.get_attribute('.bead[data-bead="0"]', "data-mark") == "good"
    tab.press("Enter")  # as a key of the page, and no second click on the button
    assert tab.beads()[0][4] == "good"
