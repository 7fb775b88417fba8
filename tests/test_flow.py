"""A run does what is missing, once; what comes out depends on the documents and the config alone."""

from __future__ import annotations

import os
import random
import shutil
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from small_corpus import CONFIG, InlineBackend, make_texts, read_exports, write_corpus

from pipeline.config.run_config import load_config
from pipeline.errors import MissingError, StoreError
from pipeline.flow.flow import Flow
from pipeline.flow.run import STAGES, Run
from pipeline.runs.record import make_report, verdict, write_record, write_tables
from pipeline.store.files import publish
from pipeline.store.shelf import Shelf
from pipeline.tasks.encode import ENCODE_REQUESTS
from pipeline.tasks.work import Outcome, Task, Work

N_PAIRS = 3
ALL = CONFIG.replace("max_overlap = 2", 'max_overlap = 2\noverlaps = "all"')
"""Every overlap is encoded, so that what a run has to do can be counted; see the end of this file for the others."""


class Listener:
    """Remembers what a run says."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)

    def advance(self, counts: Mapping[str, int]) -> None:
        """Another shard is done."""

    @contextmanager
    def stage(self, name: str, n_shards: int) -> Iterator[Listener]:
        yield self


class Idle(InlineBackend):
    """A backend that must not be asked to compute."""

    def submit(self, task: Task, work: Work) -> Future[Outcome]:
        raise AssertionError(f"{task.name} was asked for, of shard {work.shard.number}")


class Place:
    """A corpus with its store and its exports."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.store, self.out = folder, folder / "store", folder / "out"
        self.config = write_corpus(folder, N_PAIRS, config=ALL)
        self.listener = Listener()

    def run(
        self, changes: str = "", backend: type[InlineBackend] = InlineBackend, workers: int = 2, **options: Any
    ) -> Run:
        """Run as a new process would, perhaps with another config."""
        if changes:
            self.config.write_text(changes, encoding="utf-8")
        run = Run(load_config(self.config), out=self.out, **options)
        self.listener = Listener()
        return Flow(run, backend(self.store, workers), self.listener).carry_out()

    def exports(self) -> dict[str, bytes]:
        return read_exports(self.out)

    def files(self, table: str) -> list[Path]:
        return sorted(path for path in (self.store / table).rglob("*.parquet"))


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The exports of a run that nothing has happened to."""
    place = Place(tmp_path_factory.mktemp("undisturbed"))
    assert place.run().exit_status == 0
    return place.exports()


def done(run: Run) -> dict[str, int]:
    """Return how many documents or pairs each stage has computed."""
    stages = {name: record.counts for name, record in run.records.items() if name in ("split", "encode", "align")}
    return {name: counts["pairs" if name == "align" else "documents"] for name, counts in stages.items()}


# ---- the same in, the same out


def test_the_index_is_saved_while_much_is_read_and_done(
    place: Place, undisturbed: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else what is not in it would fill the memory of all who look something up."""
    for module in ("flow.shards", "corpus.intake"):
        monkeypatch.setattr(f"pipeline.{module}.UNSAVED_KEYS", 3)
    saved: Counter[str] = Counter()
    save = Shelf.save_index
    monkeypatch.setattr(Shelf, "save_index", lambda shelf: saved.update([shelf.folder.parent.name]) or save(shelf))
    place.run(ALL + "\n[compute]\nshard_chars = 1\n")
    assert saved["sentences"] > 2
    assert saved["texts"] > 1
    assert place.exports() == undisturbed


def test_a_run_does_every_stage_once_and_exports_every_pair(place: Place, undisturbed: dict[str, bytes]) -> None:
    run = place.run()
    assert done(run) == {"split": 2 * N_PAIRS, "encode": 2 * N_PAIRS, "align": N_PAIRS}
    assert run.exit_status == 0
    assert verdict(run) == f"{N_PAIRS} of {N_PAIRS} pairs aligned"
    assert place.exports() == undisturbed
    assert len([name for name in undisturbed if name.startswith("beads/")]) == N_PAIRS


@pytest.mark.parametrize(("workers", "shard_chars"), [(1, 1), (3, 1), (1, 400), (3, 1_000_000)])
def test_exports_are_the_same_however_the_work_is_cut(
    workers: int, shard_chars: int, place: Place, undisturbed: dict[str, bytes]
) -> None:
    place.run(f"{ALL}\n[compute]\nshard_chars = {shard_chars}\n", workers=workers)
    assert place.exports() == undisturbed


def table_of(pairs: Sequence[int]) -> str:
    lines = ["pair_id\tsource_path\ttarget_path", *(f"{n:02}.en-de\ten/{n:02}.txt\tde/{n:02}.txt" for n in pairs)]
    return "\n".join(lines) + "\n"


def test_exports_of_documents_in_another_order_differ_in_nothing_but_that_order(
    place: Place, undisturbed: dict[str, bytes]
) -> None:
    order = list(range(N_PAIRS))
    random.Random(1).shuffle(order)
    (place.folder / "pairs.tsv").write_text(table_of(order))
    way = 'manifest = "pairs.tsv"\nsource_language = "en"\ntarget_language = "de"'
    place.run(ALL.replace('documents = "{language}/*.txt"\npairs = ["en-de"]', way))
    exports = place.exports()
    assert exports.keys() == undisturbed.keys()
    for name, data in exports.items():
        if name.startswith("beads/"):
            assert data == undisturbed[name]
        elif name == "bitext.parquet":
            both = (pq.read_table(place.out / name).to_pylist(), undisturbed_rows(undisturbed[name], place.folder))
            assert Counter(map(str, both[0])) == Counter(map(str, both[1]))
            assert both[0][0]["pair_id"] == f"{order[0]:02}.en-de"
        elif name != "bitext.tmx":
            assert Counter(data.splitlines()) == Counter(undisturbed[name].splitlines())
    assert exports["bitext.tsv"] != undisturbed["bitext.tsv"]


def undisturbed_rows(data: bytes, folder: Path) -> list[dict[str, Any]]:
    path = folder / "undisturbed.parquet"
    path.write_bytes(data)
    rows: list[dict[str, Any]] = pq.read_table(path).to_pylist()
    return rows


def test_no_export_knows_where_or_when_it_was_made(undisturbed: dict[str, bytes], place: Place) -> None:
    place.run()
    assert place.exports().keys() == undisturbed.keys()
    for data in place.exports().values():
        assert str(place.folder).encode() not in data
        assert str(time.gmtime().tm_year).encode() not in data


# ---- only what is new


def test_a_second_run_computes_nothing_and_writes_the_same(place: Place) -> None:
    place.run()
    first = place.exports()
    shutil.rmtree(place.out)
    again = place.run(backend=Idle)
    assert done(again) == {}
    assert place.exports() == first
    assert place.listener.notes == [
        f"split   nothing to do, {2 * N_PAIRS} documents done before",
        f"encode  nothing to do, {2 * N_PAIRS} documents done before",
        f"align   nothing to do, {N_PAIRS} pairs done before",
    ]


def test_one_changed_document_is_one_document_of_work(place: Place) -> None:
    place.run()
    path = place.folder / "en" / "02.txt"
    path.write_text(path.read_text() + "And one more thing.\n")
    assert done(place.run()) == {"split": 1, "encode": 1, "align": 1}


def test_one_more_pair_is_two_documents_of_work(place: Place) -> None:
    place.run()
    before = place.files("embeddings")
    write_corpus(place.folder, N_PAIRS + 1, config=ALL)
    assert done(place.run()) == {"split": 2, "encode": 2, "align": 1}
    assert set(before) < set(place.files("embeddings"))


def test_a_larger_max_overlap_encodes_the_new_sizes_only(place: Place) -> None:
    place.run()
    run = place.run(ALL.replace("max_overlap = 2", "max_overlap = 3"))
    n_sentences = sum(path.read_text().count(".") - 1 for path in place.folder.glob("*/0*.txt"))  # less the number
    assert "split" not in done(run)
    assert run.records["encode"].counts["texts"] == n_sentences - 2 * (2 * N_PAIRS)
    assert done(run)["align"] == N_PAIRS


def test_a_smaller_max_overlap_encodes_nothing(place: Place) -> None:
    place.run()
    assert done(place.run(ALL.replace("max_overlap = 2", "max_overlap = 1"))) == {"align": N_PAIRS}


@pytest.mark.parametrize("stage", [None, "align"])
def test_another_max_bead_encodes_nothing(stage: Any, place: Place) -> None:
    place.run()
    assert done(place.run(ALL.replace("max_bead = 3", "max_bead = 4"), stage=stage)) == {"align": N_PAIRS}


def test_going_back_to_an_earlier_config_computes_nothing(place: Place) -> None:
    place.run()
    place.run(ALL.replace("max_bead = 3", "max_bead = 4"))
    assert done(place.run(ALL, backend=Idle)) == {}


def test_compute_is_in_no_address(place: Place) -> None:
    place.run()
    assert done(place.run(ALL + "\n[compute]\nworkers = 1\n", backend=Idle)) == {}
    assert done(place.run(ALL + "\n[compute]\nworkers = 1\nshard_chars = 100\n")) == {}


def test_a_renamed_pair_costs_nothing(place: Place) -> None:
    place.run()
    for language in ("en", "de"):
        (place.folder / language / "00.txt").rename(place.folder / language / "prologue.txt")
    assert done(place.run()) == {}
    assert "beads/prologue.en-de.beads.txt" in place.exports()
    assert "beads/00.en-de.beads.txt" not in place.exports()


def test_a_document_in_several_pairs_is_encoded_once(place: Place) -> None:
    run = place.run(ALL.replace('["en-de"]', '["en-de", "de-en"]'))
    assert done(run) == {"split": 2 * N_PAIRS, "encode": 2 * N_PAIRS, "align": 2 * N_PAIRS}


def test_one_source_has_several_targets_and_equal_documents_are_one(place: Place) -> None:
    shutil.copy(place.folder / "de" / "00.txt", place.folder / "de" / "copy.txt")
    rows = "".join(f"{n}\ten/00.txt\tde/{n}.txt\n" for n in ("00", "01", "copy"))
    (place.folder / "pairs.tsv").write_text("pair_id\tsource_path\ttarget_path\n" + rows)
    way = 'manifest = "pairs.tsv"\nsource_language = "en"\ntarget_language = "de"'
    run = place.run(ALL.replace('documents = "{language}/*.txt"\npairs = ["en-de"]', way))
    assert done(run) == {"split": 3, "encode": 3, "align": 2}
    assert place.exports()["beads/00.beads.txt"] == place.exports()["beads/copy.beads.txt"]
    assert verdict(run).startswith("3 of 3 pairs aligned")


def test_equal_texts_in_two_languages_are_two_documents(place: Place) -> None:
    for number in range(N_PAIRS):
        shutil.copy(place.folder / "en" / f"{number:02}.txt", place.folder / "de" / f"{number:02}.txt")
    assert done(place.run())["split"] == 2 * N_PAIRS


def test_a_limit_does_the_first_pairs_only(place: Place) -> None:
    assert done(place.run(limit=1)) == {"split": 2, "encode": 2, "align": 1}
    assert done(place.run()) == {"split": 4, "encode": 4, "align": 2}


# ---- one stage


def test_each_stage_goes_on_from_what_the_stage_before_it_left(place: Place, undisturbed: dict[str, bytes]) -> None:
    for stage in STAGES[:3]:
        run = place.run(stage=stage)
        assert set(done(run)) == {stage}
        assert run.exported is None
        assert not place.out.exists()
    place.run(stage="export")
    assert place.exports() == undisturbed


def test_the_report_stage_writes_no_exports(place: Place) -> None:
    place.run()
    shutil.rmtree(place.out)
    run = place.run(stage="report")
    assert run.exported is not None
    assert run.exported.n_pairs == N_PAIRS
    assert not place.out.exists()


def test_a_stage_lists_what_the_stage_before_it_has_not_done(place: Place) -> None:
    place.run(limit=1)
    run = place.run(ALL.replace("max_bead = 3", "max_bead = 4"), stage="align")
    assert done(run) == {"align": 1}
    assert run.exit_status == 3
    assert len(run.failures) == N_PAIRS - 1
    assert run.failures[0].reason == (
        "en/01.txt has no vectors in the store; run --stage encode first, or run without --stage; "
        "de/01.txt has no vectors in the store; run --stage encode first, or run without --stage"
    )


# ---- damage


def damage(path: Path, how: str) -> None:
    data = bytearray(path.read_bytes())
    if how == "bit":
        texts = pq.read_metadata(path).row_group(0).column(pq.read_metadata(path).num_columns - 1)
        data[(texts.dictionary_page_offset or texts.data_page_offset) + texts.total_compressed_size // 2] ^= 8
    else:
        del data[{"cut": len(data) // 2, "empty": 0}[how] :]
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("table", "needed_again", "how"),
    [
        ("texts", ("sentences", "beads"), "bit"),
        ("texts", ("sentences", "beads"), "empty"),
        ("sentences", (), "bit"),
        ("sentences", (), "cut"),
        ("embeddings", ("beads",), "bit"),
        ("embeddings", ("beads",), "empty"),
        ("beads", (), "bit"),
        ("beads", (), "cut"),
    ],
)
def test_a_damaged_file_is_set_aside_said_counted_and_made_again(
    table: str, needed_again: tuple[str, ...], how: str, place: Place, undisturbed: dict[str, bytes]
) -> None:
    place.run()
    for stale in needed_again:  # so that the damaged file is read
        shutil.rmtree(place.store / stale)
    path = place.files(table)[0]
    damage(path, how)
    run = place.run()
    assert run.exit_status == 0
    assert place.exports() == undisturbed
    assert path.with_name(path.name + ".corrupt").exists()
    (said,) = run.set_aside
    assert said.startswith(f"{path}: ")
    assert said.endswith(f"set aside as {path.name}.corrupt, to be made again by a run")
    assert said in place.listener.notes
    assert make_report(run, {})["set_aside"] == [said]
    assert verdict(run) == f"{N_PAIRS} of {N_PAIRS} pairs aligned, 1 damaged file made again"
    assert done(place.run(backend=Idle)) == {}


def test_only_what_lay_in_the_damaged_file_is_made_again(place: Place) -> None:
    place.run(f"{ALL}\n[compute]\nshard_chars = 1\n")
    damage(place.files("beads")[0], "bit")
    assert done(place.run()) == {"align": 1}


def test_a_stage_alone_can_not_mend_its_input_and_says_so(place: Place, undisturbed: dict[str, bytes]) -> None:
    place.run()
    shutil.rmtree(place.store / "beads")
    damage(place.files("embeddings")[0], "bit")
    with pytest.raises(MissingError, match=r"set aside as .*; run without --stage"):
        place.run(stage="align")
    assert place.run().exit_status == 0
    assert place.exports() == undisturbed


def test_a_stage_alone_mends_its_own_output(place: Place) -> None:
    place.run(f"{ALL}\n[compute]\nshard_chars = 1\n")
    damage(place.files("beads")[0], "cut")
    run = place.run(stage="align")
    assert done(run) == {"align": 1}
    assert len(run.set_aside) == 1


def test_a_disk_that_damages_all_it_is_given_is_blamed(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.run()

    def publish_damaged(temporary: Path, path: Path) -> None:
        publish(temporary, path)
        if "beads" in path.parts:
            damage(path, "bit")

    monkeypatch.setattr("pipeline.store.shard_file.publish", publish_damaged)
    shutil.rmtree(place.store / "beads")
    with pytest.raises(StoreError, match="this has happened again and again: is the disk sound"):
        place.run()


def test_a_damaged_index_is_no_loss(place: Place) -> None:
    place.run()
    for index in place.store.rglob("*.index"):
        index.write_bytes(b"nonsense")
    run = place.run(backend=Idle)
    assert run.exit_status == 0
    assert run.set_aside == []


def test_a_run_sweeps_what_killed_runs_left_long_ago(place: Place) -> None:
    place.run()
    left = place.files("beads")[0].with_name(".tmp-left")
    left.write_text("half a file")
    os.utime(left, (0, 0))
    place.run()
    assert not left.exists()


# ---- failures


def break_stage(monkeypatch: pytest.MonkeyPatch, target: str, breaks_at: str) -> None:
    """Make a stage fail on the documents that hold a text."""
    module, _, name = target.rpartition(".")
    works = getattr(__import__(module, fromlist=[name]), name)

    def fails(first: Any, *others: Any, **options: Any) -> Any:
        if breaks_at in (first if isinstance(first, str) else " ".join(getattr(first, "sentences", first))):
            raise RuntimeError("something is wrong with this document")
        return works(first, *others, **options)

    monkeypatch.setattr(target, fails)


@pytest.mark.parametrize(
    ("stage", "target", "names"),
    [
        ("split", "stages.split.split_document", ["en/02.txt", "02.en-de"]),
        ("encode", "stages.encode.encode_overlaps", ["en/02.txt", "02.en-de"]),
        ("align", "stages.align.align_pair", ["02.en-de"]),
    ],
)
def test_one_bad_document_sinks_nothing_else_and_is_tried_again(
    stage: str,
    target: str,
    names: list[str],
    place: Place,
    monkeypatch: pytest.MonkeyPatch,
    undisturbed: dict[str, bytes],
) -> None:
    text = (place.folder / "en" / "02.txt").read_text()
    beginning = text.splitlines()[0].partition(". ")[2][:40]
    with monkeypatch.context() as patch:
        break_stage(patch, target, beginning)
        run = place.run()
    assert [failure.name for failure in run.failures] == names
    assert all("RuntimeError: something is wrong with this document" in failure.reason for failure in run.failures)
    assert 'raise RuntimeError("something is wrong' in run.failures[0].traceback
    assert run.exit_status == 3
    assert verdict(run).startswith(f"{N_PAIRS - 1} of {N_PAIRS} pairs aligned, {len(names)} failure")
    assert place.exports().keys() == undisturbed.keys() - {"beads/02.en-de.beads.txt"}

    write_tables(run, place.folder / "record")
    listed = pq.read_table(place.folder / "record" / "failures.parquet").to_pylist()
    assert [(row["stage"], row["name"]) for row in listed] == [(f.stage, f.name) for f in run.failures]
    assert "Traceback" in listed[0]["traceback"]

    again = place.run()
    assert again.exit_status == 0
    assert done(again)["align"] == 1
    assert place.exports() == undisturbed


def test_both_names_of_a_pair_that_failed_are_listed_with_the_reason(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = "".join(f"{name}\ten/00.txt\tde/00.txt\n" for name in ("one", "two"))
    (place.folder / "pairs.tsv").write_text(
        "pair_id\tsource_path\ttarget_path\n" + rows + "three\ten/01.txt\tde/01.txt\n"
    )
    way = 'manifest = "pairs.tsv"\nsource_language = "en"\ntarget_language = "de"'
    break_stage(monkeypatch, "stages.align.align_pair", (place.folder / "en" / "00.txt").read_text()[3:30])
    run = place.run(ALL.replace('documents = "{language}/*.txt"\npairs = ["en-de"]', way))
    assert sorted(failure.name for failure in run.failures) == ["one", "two"]
    assert len({failure.reason for failure in run.failures}) == 1
    assert verdict(run) == "1 of 3 pairs aligned, 2 failures"


def test_a_run_in_which_everything_fails_leaves_good_exports_as_they_are(
    place: Place, undisturbed: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sources that were damaged overnight made a corpus of a year's work an empty file."""
    write_record(place.run(), place.out)
    for path in place.folder.glob("??/*.txt"):
        path.write_bytes(b"\xff\xfe\x00" + path.read_bytes()[:3])
    with monkeypatch.context() as patch:
        break_stage(patch, "stages.split.split_document", "")
        run = place.run()
    assert run.exit_status == 1
    assert {name: data for name, data in place.exports().items() if name != "failures.tsv"} == undisturbed
    assert f"no pair is done: the exports of an earlier run in {place.out} stay as they are" in run.notes


def test_a_run_in_which_most_fails_says_how_many_pairs_there_were_before(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_record(place.run(), place.out)
    for path in sorted(place.folder.glob("en/*.txt"))[1:]:
        path.write_text(path.read_text() + "It is broken.\n")
    break_stage(monkeypatch, "stages.split.split_document", "It is broken.")
    run = place.run()
    assert run.exit_status == 3
    assert f"the exports hold 1 pairs, those of the run before held {N_PAIRS}: see what has failed" in run.notes


@pytest.mark.parametrize("table", ["texts", "sentences", "embeddings", "beads"])
def test_what_is_pruned_during_a_run_is_made_again(
    table: str, place: Place, undisturbed: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store's lock keeps that from happening where there are locks; a person may still remove a folder."""
    once = iter([True])
    read_many, following = Shelf.read_many, Shelf._following

    def prune(shelf: Shelf) -> None:
        if shelf.folder.parent.name == table and shelf.places() and next(once, False):
            shutil.rmtree(shelf.folder)

    monkeypatch.setattr(Shelf, "read_many", lambda shelf, *rest: prune(shelf) or read_many(shelf, *rest))
    monkeypatch.setattr(Shelf, "_following", lambda shelf, *rest: prune(shelf) or following(shelf, *rest))
    run = place.run()
    assert next(once, None) is None, "nothing was pruned"
    assert run.exit_status == 0
    assert place.exports() == undisturbed
    assert any("the store was pruned meanwhile" in said for said in run.set_aside)


def test_a_run_in_which_nothing_could_be_aligned_has_failed(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    break_stage(monkeypatch, "stages.align.align_pair", "")
    assert place.run().exit_status == 1


# ---- what is said of the corpus


def test_a_language_that_the_encoder_does_not_know_is_said_with_the_pair(place: Place) -> None:
    (place.folder / "en").rename(place.folder / "is")
    place.run(ALL.replace('"en-de"', '"is-de"'), limit=1)
    assert place.listener.notes[0] == "pair 00.is-de: use-multilingual does not know is; expect bad beads"


def test_documents_left_out_are_counted_and_one_is_named(place: Place) -> None:
    (place.folder / "en" / "extra.txt").write_text("Alone.")
    run = place.run(ALL.replace('["en-de"]', '["en-de"]\nallow_unmatched = true'))
    assert run.exit_status == 0
    assert run.notes == ["1 document without a counterpart left out, such as: en/extra.txt has no counterpart in de"]


# ---- overlaps on demand: those that alignments turn on are encoded, in a second round


@pytest.fixture(scope="module")
def on_demand(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The exports of an undisturbed run that requests some overlaps."""
    place = Place(tmp_path_factory.mktemp("on-demand"))
    run = place.run(CONFIG)
    assert run.exit_status == 0
    assert run.records["request"].counts["requested_overlaps"] > 20
    return place.exports()


@pytest.mark.parametrize(("workers", "shard_chars"), [(1, 1), (3, 400), (1, 1_000_000)])
def test_exports_on_demand_are_the_same_however_the_work_is_cut(
    workers: int, shard_chars: int, place: Place, on_demand: dict[str, bytes]
) -> None:
    place.run(f"{CONFIG}\n[compute]\nshard_chars = {shard_chars}\n", workers=workers)
    assert place.exports() == on_demand


def test_pieces_of_long_lines_are_the_same_however_the_work_is_cut(place: Place) -> None:
    for number in range(N_PAIRS):
        for language, text, per_line in zip(("en", "de"), make_texts(24, number), (1, 4), strict=True):
            sentences = [f"{part}." for part in text.replace("\n", " ").split(".")[:-1]]
            lines = ["".join(sentences[k : k + per_line]).strip() for k in range(0, 24, per_line)]
            (place.folder / language / f"{number:02}.txt").write_text("\n".join(lines), encoding="utf-8")
    config = CONFIG.replace("[encode]", "is_split = true\n[encode]")
    at_once = place.run(config, workers=1)
    assert at_once.records["request"].counts["requested_overlaps"] == 24 * N_PAIRS
    expected = place.exports()
    shutil.rmtree(place.store)
    place.run(f"{config}\n[compute]\nshard_chars = 400\n", workers=3)
    assert place.exports() == expected


def test_a_second_run_on_demand_computes_nothing(place: Place, on_demand: dict[str, bytes]) -> None:
    place.run(CONFIG)
    again = place.run(CONFIG, backend=Idle)
    assert again.exit_status == 0
    assert place.exports() == on_demand


def test_what_was_run_before_changes_nothing_though_pairs_share_documents(place: Place, tmp_path: Path) -> None:
    """The embedded encoder's last bits depend on what is in a call: a pair must not get another pair's."""
    shutil.copytree(place.folder / "de", place.folder / "fr")  # a German that calls itself French asks for other things
    for path in (place.folder / "fr").iterdir():
        path.write_text(path.read_text().replace("jeden Winter", "jeden langen kalten Winter"))
    both = CONFIG.replace('["en-de"]', '["en-de", "en-fr", "de-fr"]')
    place.run(both)
    at_once = place.exports()
    shutil.rmtree(place.store)
    place.run(both, limit=3)
    place.run(CONFIG)
    place.run(CONFIG.replace("en-de", "de-fr"))
    place.run(both)
    assert place.exports() == at_once


@pytest.mark.parametrize("table", ["requested", "embeddings", "sentences", "beads"])
def test_damage_is_made_good_on_demand(table: str, place: Place, on_demand: dict[str, bytes]) -> None:
    place.run(CONFIG)
    if table != "beads":
        shutil.rmtree(place.store / "beads")
    for path in place.files(table):
        damage(path, "cut")
    run = place.run(CONFIG)
    assert run.exit_status == 0
    assert run.set_aside
    assert place.exports() == on_demand


@pytest.mark.parametrize("table", ["requested", "embeddings"])
def test_flipped_bits_are_made_good_on_demand(table: str, place: Place, on_demand: dict[str, bytes]) -> None:
    place.run(CONFIG)
    shutil.rmtree(place.store / "beads")
    for path in place.files(table):
        damage(path, "bit")
    run = place.run(CONFIG)
    assert run.exit_status == 0
    assert place.exports() == on_demand


def test_align_alone_encodes_nothing_and_a_full_run_makes_its_beads_final(
    place: Place, on_demand: dict[str, bytes]
) -> None:
    place.run(CONFIG.replace("request_margin = 40", "request_margin = 0.1"))
    vectors = place.files("embeddings")
    run = place.run(CONFIG, stage="align")
    assert place.files("embeddings") == vectors
    assert any("with provisional beads: run without --stage" in note for note in run.notes)
    assert place.run(CONFIG).exit_status == 0
    assert place.exports() == on_demand


@pytest.mark.parametrize("step", ["find_requested_overlaps", "align_pair"])
def test_one_bad_pair_sinks_nothing_else_on_demand(
    step: str, place: Place, monkeypatch: pytest.MonkeyPatch, on_demand: dict[str, bytes]
) -> None:
    text = (place.folder / "en" / "02.txt").read_text().splitlines()[0].partition(". ")[2][:40]
    with monkeypatch.context() as patch:
        break_stage(patch, f"stages.align.{step}", text)
        run = place.run(CONFIG)
    assert {failure.name for failure in run.failures} == {"02.en-de"}
    assert "something is wrong with this document" in run.failures[0].reason
    assert run.exit_status == 3
    assert place.exports().keys() == on_demand.keys() - {"beads/02.en-de.beads.txt"}
    assert place.run(CONFIG).exit_status == 0
    assert place.exports() == on_demand


class InterruptedBeforeRequestsAreEncoded(InlineBackend):
    def submit(self, task: Task, work: Work) -> Future[Outcome]:
        if task.name == ENCODE_REQUESTS.name:
            raise KeyboardInterrupt
        return super().submit(task, work)


def test_a_step_that_had_nothing_to_go_on_is_not_taken_to_be_done(
    place: Place, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A stage alone, on a store that lacks what it needs, left the mark of a finished step. A later run believed it
    once the steps before were done, and pairs kept provisional beads for ever."""
    other = Place(tmp_path_factory.mktemp("other"))
    other.run(CONFIG)
    with pytest.raises(MissingError, match="no document to encode has sentences"):
        place.run(CONFIG, stage="encode")
    with pytest.raises(KeyboardInterrupt):
        place.run(backend=InterruptedBeforeRequestsAreEncoded)
    place.run()
    assert place.exports() == other.exports()
