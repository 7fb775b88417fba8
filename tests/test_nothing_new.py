"""A run with nothing new writes nothing; whatever its results are made of, and all of them are made again."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from in_memory import read_all
from small_corpus import CONFIG, InlineBackend, bitext, make_texts, read_exports, write_corpus

from pipeline.config.run_config import load_config
from pipeline.exports.unchanged import Results, describe_results, digest_program, find_results
from pipeline.review.corrections import corrections_folder, corrections_path
from pipeline.store.run_store import RunStore
from pipeline.store.sealed import seal
from pipeline.store.store import Store
from stages.corrections import describe_text

SIDES = ("source", "target")
NAMES = ("bitext.tsv", "beads/00.en-de.beads.txt", "report.html", "failures.tsv", "run.json")


class Place:
    """A corpus with a store and results."""

    def __init__(self, folder: Path):
        self.folder, self.out, self.store = folder, folder / "out", folder / "store"
        self.config = write_corpus(folder)
        self.age()

    def run(self, *options: str | Path, status: int = 0, out: Path | None = None) -> str:
        """Run the command; return what it prints, in the order of stdout and stderr."""
        done = bitext("run", "--config", self.config, "--store", self.store, "--out", out or self.out, *options)
        assert done.exit_code == status, done.stderr
        return done.stdout + done.stderr

    def age(self) -> None:
        """Have the documents been written a while ago: fresher ones are read again."""
        for path in self.folder.glob("*/*.txt"):
            os.utime(path, (path.stat().st_mtime - 60,) * 2)

    def states(self) -> dict[Path, tuple[int, int]]:
        """Return which files there are of results and of the store, and when they were written."""
        files = [path for path in (*self.out.rglob("*"), *self.store.rglob("*")) if path.is_file()]
        return {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in files}

    def keeps_results(self) -> bool:
        return "nothing new: the results" in self.run()


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setattr("pipeline.commands.options.LocalBackend", InlineBackend)
    return Place(tmp_path)


def test_a_second_run_writes_no_file_and_says_the_same(place: Place) -> None:
    first, before = place.run("--show", "1"), place.states()
    again = place.run("--show", "1")
    assert place.states() == before
    assert "nothing new: the results in" in again
    said = first[: first.index("Next:")]
    assert "2 of 2 pairs aligned" in said
    assert again.startswith(said)


@pytest.mark.parametrize("name", NAMES)
def test_a_result_that_was_deleted_is_made_again(place: Place, name: str) -> None:
    place.run()
    before = read_exports(place.out)
    (place.out / name).unlink()
    assert not place.keeps_results()
    assert (place.out / name).exists()
    assert read_exports(place.out) == before
    assert place.keeps_results()


@pytest.mark.parametrize("name", NAMES)
def test_a_result_that_was_changed_is_made_again(place: Place, name: str) -> None:
    place.run()
    before = read_exports(place.out)
    path = place.out / name
    path.write_bytes(path.read_bytes()[::-1])  # as long as it was
    assert not place.keeps_results()
    assert read_exports(place.out) == before
    assert place.keeps_results()


def test_the_record_in_the_store_is_made_again(place: Place) -> None:
    place.run()
    record = place.store / "runs" / "run" / "latest" / "manifest.json"
    record.with_name("report.json").unlink()
    assert not place.keeps_results()
    place.run("--limit", "1", out=place.folder / "one")
    assert len(json.loads(record.read_text())["languages"][0]) == 4
    assert not place.keeps_results(), "the record in the store was of the other one"
    assert json.loads(record.read_text())["n_listed"] == 2
    assert place.keeps_results()


def change_config(place: Place) -> None:
    place.config.write_text(CONFIG.replace('"tmx", ', ""))


def change_filter(place: Place) -> None:
    place.config.write_text(CONFIG.replace("[export]", "[export]\nmin_score = 0.4"))


def add_pair(place: Place) -> None:
    write_corpus(place.folder, n_pairs=3)


def add_document_alone(place: Place) -> None:
    (place.folder / "en" / "alone.txt").write_text("Nobody translated it.")
    place.config.write_text(CONFIG.replace("[corpus]", "[corpus]\nallow_unmatched = true"))


def correct(place: Place) -> None:
    config = load_config(place.config)
    store = RunStore(Store(place.store), config)
    pair = next(one for one in read_all(config)[1].pairs if one.pair_id == "00.en-de")
    texts = (describe_text(store.read_sentence_texts(side)) for side in (pair.source, pair.target))
    heads = (f"{side}: {text.n_sentences} sentences, {text.digest}" for side, text in zip(SIDES, texts, strict=True))
    path = corrections_path(corrections_folder(config), pair.pair_id)
    path.parent.mkdir()
    path.write_text("\n".join([*heads, "[0]:[0, 1]  good"]))


def empty_store(place: Place) -> None:
    assert bitext("store", "--prune", "--store", place.store).exit_code == 0


@pytest.mark.parametrize("change", [change_config, change_filter, add_pair, add_document_alone, correct, empty_store])
def test_other_results_are_written(place: Place, change: Callable[[Place], None]) -> None:
    place.run()
    change(place)
    place.age()
    assert not place.keeps_results()
    assert place.keeps_results()


def test_another_version_of_the_program_writes_them_anew(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.run()
    monkeypatch.setattr("pipeline.flow.run.digest_program", lambda: "another")
    assert not place.keeps_results()


def test_every_file_of_the_program_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.exports.unchanged.PROGRAM", tmp_path)
    for room in ("pipeline", "stages/report"):
        (tmp_path / room).mkdir(parents=True)
    (tmp_path / "pipeline" / "x.py").write_text("1")
    page = tmp_path / "stages" / "report" / "page.html"
    page.write_text("<p>")
    before = digest_program.__wrapped__()
    kernel = tmp_path / "stages" / "__pycache__" / "kernel.nbc"
    kernel.parent.mkdir()
    kernel.write_text("compiled meanwhile")
    assert digest_program.__wrapped__() == before
    page.write_text("<b>")
    assert digest_program.__wrapped__() != before


def test_gold_is_compared_again_when_it_changes(place: Place) -> None:
    (place.folder / "gold").mkdir()
    gold = place.folder / "gold" / "00.en-de.gold.txt"
    gold.write_text("[0]:[0]\n")
    place.config.write_text(CONFIG.replace("[corpus]", '[corpus]\ngold = "gold"'))
    first = place.run()
    again = place.run()
    assert "nothing new" in again
    assert again[: again.index("Next:")] == first[: first.index("Next:")]
    gold.write_text("[0, 1]:[0]\n")
    changed = place.run()
    assert "nothing new" not in changed
    assert changed[: changed.index("Next:")] != first[: first.index("Next:")]
    gold.write_text("[99]:[0]\n")
    for _ in range(2):  # and is told again as long as it is wrong
        assert "00.en-de: line 1: source 99 is outside" in place.run(status=2)


def test_what_failed_is_tried_and_told_again_and_the_rest_stays(place: Place) -> None:
    (place.folder / "de" / "01.txt").write_bytes(b"\x00\x01")
    place.age()
    first = place.run(status=3)
    before = place.states()
    again = place.run(status=3)
    assert place.states() == before
    assert "nothing new" in again
    assert again[: again.index("Next:")] == first[: first.index("Next:")]
    (place.folder / "de" / "01.txt").write_text(make_texts(4, seed=1)[1])
    assert "2 of 2 pairs aligned" in place.run()


def test_a_run_of_which_nothing_was_done_ends_with_1_again(place: Place) -> None:
    for name in ("00.txt", "01.txt"):
        (place.folder / "de" / name).write_bytes(b"\x00\x01")
    assert all("0 of 2 pairs aligned" in place.run(status=1) for _ in range(2))


def test_a_stage_that_is_asked_for_is_done(place: Place) -> None:
    place.run()
    written = (place.out / "bitext.tsv").stat().st_ino
    place.run("--stage", "export")
    assert (place.out / "bitext.tsv").stat().st_ino != written
    assert not place.keeps_results(), "a single stage may have had less to go on than all of them"


def test_results_are_told_apart_by_size_where_times_say_nothing(tmp_path: Path) -> None:
    path, kept = tmp_path / "bitext.tsv", Results("x", 3)
    path.write_text("one")
    (tmp_path / "run.json").write_text(seal({"results": describe_results(tmp_path, kept, has_times=False)}))
    path.write_text("two")
    assert find_results(tmp_path, has_times=False) == kept
    assert find_results(tmp_path) is None
    path.write_text("three")
    assert find_results(tmp_path, has_times=False) is None


def test_files_of_others_count_for_nothing(place: Place) -> None:
    place.run()
    (place.out / "log.txt").write_text("mine")
    assert place.keeps_results()
