"""A run on Modal: the same flow, the same bytes, and what happens when machines die."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from modal_world import LOOPMODAL, ROOT, ModalWorld, results
from small_corpus import InlineBackend

from pipeline.__main__ import main
from pipeline.commands.console import out_console
from pipeline.commands.finish import finish, keep_record
from pipeline.commands.review import make_desk
from pipeline.config.run_config import load_config
from pipeline.flow.flow import Flow
from pipeline.flow.run import Run
from pipeline.progress import Progress
from pipeline.review.corrections import version_of
from pipeline.store.run_store import RunStore
from pipeline.store.store import Store

pytestmark = [
    pytest.mark.modal,
    pytest.mark.slow,
    pytest.mark.skipif(not LOOPMODAL.exists(), reason="the loopback Modal is not here"),
]

IMAGES = ("clerk", "split", "encode_on_cpu", "align_on_cpu")
TEXTS = {
    "en": ["The house stood on a hill. It was old. Nobody lived there.", "A dog barked all night. We could not sleep."],
    "de": ["Das Haus stand auf einem Hügel. Es war alt. Niemand wohnte dort.", "Ein Hund bellte. Wir schliefen nicht."],
}
CONFIG = """
[corpus]
documents = "{language}/*.txt"
pairs = ["en-de"]
[encode]
encoder = "use-multilingual"
[export]
formats = ["tsv", "beads"]
[compute]
cores = 1
scaledown_seconds = 2
timeout_minutes = 1
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModalWorld]:
    keys = ("--secret", "bitext-bucket:AWS_ACCESS_KEY_ID=none")
    world = ModalWorld(tmp_path_factory.mktemp("modal") / "world", *keys, images=IMAGES)
    yield world
    world.close()


def write_corpus(folder: Path, name: str) -> Path:
    """Write a corpus of two pairs, whose texts hold the name, and return its config."""
    for language, texts in TEXTS.items():
        (folder / language).mkdir(parents=True)
        for number, text in enumerate(texts):
            (folder / language / f"{number}.txt").write_text(f"{name}. {text}", encoding="utf-8")
    (folder / "test.toml").write_text(f'name = "{name}"\n{CONFIG}')
    return folder / "test.toml"


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Return the config of a corpus that no other test has."""
    return write_corpus(tmp_path, tmp_path.name)


@pytest.fixture
def requesting_corpus(corpus: Path) -> Path:
    """Return the config of a corpus whose pairs request overlaps: others are aligned while that is found out."""
    corpus.write_text(corpus.read_text() + "[align]\nrequest_margin = 40\n")
    return corpus


@pytest.fixture(scope="module")
def done(world: ModalWorld, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a corpus and `out`, what a run of it gave; tests copy it."""
    folder = tmp_path_factory.mktemp("done")
    world.run(write_corpus(folder, "done"), folder / "out")
    return folder


@pytest.fixture
def done_corpus(done: Path, tmp_path: Path) -> Path:
    """Return the config of a corpus that has been run once, with its results in `out`."""
    shutil.copytree(done, tmp_path, dirs_exist_ok=True)
    return tmp_path / "test.toml"


def run_locally(config: Path, out: Path, *options: str) -> None:
    arguments = ["run", "--config", str(config), "--out", str(out), "--store", str(out.parent / "store"), *options]
    result = CliRunner().invoke(main, [*arguments, "--workers", "1"])
    assert result.exit_code == 0, result.output


def results_here(config: Path, folder: Path) -> dict[str, bytes]:
    """Return what a run in this process gives: its workers would take longer to start than they work."""
    run = Run(load_config(config), out=folder / "here")
    flow = Flow(run, InlineBackend(folder / "store", 1), Progress())
    flow.carry_out()
    finish(flow, out_console())
    return results(folder / "here")


def test_the_demo_gives_the_same_bytes_as_here(world: ModalWorld, tmp_path: Path) -> None:
    output = world.run(ROOT / "configs/demo.toml", tmp_path / "there")
    run_locally(ROOT / "configs/demo.toml", tmp_path / "here")
    assert results(tmp_path / "there") == results(tmp_path / "here")
    assert "cost: $" in output
    assert "2 of 2 pairs aligned" in output
    assert list(world.volume("bitext-cache").rglob("*.nbc")), "compiled kernels are kept for the next container"


def test_a_book_gives_the_same_bytes_as_here(world: ModalWorld, shared: Path, tmp_path: Path) -> None:
    config = tmp_path / "handbook.toml"
    documents = f'documents = "{shared}/corpora/handbook-en-fr/{{language}}/*.txt"'
    config.write_text(CONFIG.replace('documents = "{language}/*.txt"', documents).replace("en-de", "en-fr"))
    limit = ("--limit", os.environ.get("BITEXT_TEST_PAIRS", "8"))  # 126 are all of it, and take minutes
    world.run(config, tmp_path / "there", *limit)
    run_locally(config, tmp_path / "here", *limit)
    assert len(list((tmp_path / "here/beads").iterdir())) == int(limit[1])
    assert results(tmp_path / "there") == results(tmp_path / "here")


def test_what_is_done_is_not_done_again(world: ModalWorld, done_corpus: Path, tmp_path: Path) -> None:
    before = world.n_started()
    output = world.run(done_corpus, tmp_path / "second")
    assert set(world.started(before)) <= {"clerk"}
    assert "align   nothing to do" in output
    assert results(tmp_path / "out") == results(tmp_path / "second")
    written = {path: path.stat().st_ino for path in (tmp_path / "second").rglob("*")}
    assert "nothing new: the results in" in world.run(done_corpus, tmp_path / "second")
    assert {path: path.stat().st_ino for path in (tmp_path / "second").rglob("*")} == written


def test_align_alone_starts_no_encoder_and_no_splitter(world: ModalWorld, done_corpus: Path, tmp_path: Path) -> None:
    done_corpus.write_text(done_corpus.read_text() + "[align]\nmax_bead = 4\n")
    before = world.n_started()
    world.run(done_corpus, tmp_path / "second", "--stage", "align")
    assert set(world.started(before)) - {"clerk"} == {"align_on_cpu"}


def test_one_new_document_is_all_that_is_encoded(world: ModalWorld, done_corpus: Path, tmp_path: Path) -> None:
    (tmp_path / "de" / "1.txt").write_text("Ein Hund bellte die ganze Nacht. Wir konnten nicht schlafen.")
    output = world.run(done_corpus, tmp_path / "out")
    report = json.loads((tmp_path / "out/report.json").read_text())
    done = {stage["name"]: stage["counts"] for stage in report["stages"]}
    assert done["split"]["documents"] == done["encode"]["documents"] == done["align"]["pairs"] == 1
    n_pairs = done["align"]["beads"] - done["align"].get("nulls", 0)
    assert f"per million sentence pairs (this run aligned {n_pairs})" in output, "not the pair that was there before"


def test_a_removed_pair_is_gone_from_the_exports(world: ModalWorld, done_corpus: Path, tmp_path: Path) -> None:
    assert len(list((tmp_path / "out/beads").iterdir())) == 2
    for language in TEXTS:
        (tmp_path / language / "0.txt").unlink()
    world.run(done_corpus, tmp_path / "out")
    assert [path.name for path in (tmp_path / "out/beads").iterdir()] == ["1.en-de.beads.txt"]
    assert "house" not in (tmp_path / "out/bitext.tsv").read_text()


def test_a_corpus_in_a_bucket_is_read_where_it_is(world: ModalWorld, done_corpus: Path, tmp_path: Path) -> None:
    for language in TEXTS:
        shutil.copytree(tmp_path / language, world.faults / "bucket" / "texts" / language)
    done_corpus.write_text(done_corpus.read_text().replace('"{language}', '"bucket:texts/{language}'))
    refused = world.run(done_corpus, tmp_path / "there", status=2)
    assert "none is mounted: set BITEXT_MODAL_BUCKET" in refused
    output = world.run(done_corpus, tmp_path / "there", BITEXT_MODAL_BUCKET="my-bucket")
    assert "upload" not in output
    assert results(tmp_path / "there") == results(tmp_path / "out")


def test_sentences_changed_in_a_review_here_are_aligned_anew_there(
    world: ModalWorld, done_corpus: Path, tmp_path: Path
) -> None:
    run = Run(load_config(done_corpus), out=tmp_path / "here")
    Flow(run, InlineBackend(tmp_path / "store", 1), Progress()).carry_out()
    store = Store(tmp_path / "store")
    keep_record(RunStore(store, run.config), run)
    desk = make_desk(store, str(done_corpus))
    row = next(number for number, pair in enumerate(desk.pairs) if "0" in pair.pair_id)
    start = desk._read_texts(row)[0].index("It was old.")
    edit = {"side": "source", "start": start, "stop": start + 1, "texts": ["It was", "very, very old."]}
    desk.edit(row, {"version": version_of(""), "edits": [edit]})
    before = world.n_started()
    world.run(done_corpus, tmp_path / "there")
    assert {"encode_on_cpu", "align_on_cpu"} <= set(world.started(before))
    assert "split" not in world.started(before)
    text = (tmp_path / "there/bitext.tsv").read_text()
    assert "very, very old." in text
    assert "It was old." not in text
    assert results(tmp_path / "there") == results_here(done_corpus, tmp_path)


def test_only_a_look_uploads_and_starts_nothing(world: ModalWorld, corpus: Path, tmp_path: Path) -> None:
    world.run(ROOT / "configs/demo.toml", tmp_path / "demo", "--dry-run")  # so that there is a Volume
    before, files = world.n_started(), set(world.volume().rglob("*"))
    output = world.run(corpus, tmp_path / "out", "--dry-run")
    assert "0 of 4 documents done" in output
    assert "align   1 container with 1 cores" in output
    assert set(world.started(before)) == {"clerk"}
    assert not (tmp_path / "out").exists()
    assert set(world.volume().rglob("*")) == files


def test_a_run_stops_before_it_costs_more_than_it_may(world: ModalWorld, corpus: Path, tmp_path: Path) -> None:
    before = world.n_started()
    output = world.run(corpus, tmp_path / "out", "--max-dollars", "0.001", status=1)
    assert "stopped before it costs more than $0.0010" in output
    assert "align_on_cpu" not in world.started(before)
    world.run(corpus, tmp_path / "out", "--max-dollars", "1")


@pytest.mark.parametrize(("task", "kind"), [("encode", "exit"), ("request", "raise")])
def test_a_shard_whose_machine_dies_is_done_elsewhere(
    world: ModalWorld, corpus: Path, tmp_path: Path, task: str, kind: str
) -> None:
    world.strike(task, kind)
    world.run(corpus, tmp_path / "there")
    assert world.has_struck()
    assert results(tmp_path / "there") == results_here(corpus, tmp_path)


def test_a_preempted_shard_is_done_elsewhere(world: ModalWorld, requesting_corpus: Path, tmp_path: Path) -> None:
    world.strike("align", "sleep", seconds=60)
    config = str(requesting_corpus)
    process = world.start("run", "-m", "pipeline.run", "--config", config, "--out", str(tmp_path / "there"))
    while not world.has_struck():
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.1)
    assert world.preempt("align")["preempted"]
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 0, output
    assert results(tmp_path / "there") == results_here(requesting_corpus, tmp_path)


def test_a_document_that_kills_every_machine_is_listed_and_the_others_finish(
    world: ModalWorld, corpus: Path, tmp_path: Path
) -> None:
    corpus.write_text(corpus.read_text() + "retries = 0\n")
    world.poison("encode", "de/0.txt")
    output = world.run(corpus, tmp_path / "out", status=3)
    assert "the 4 items of its shard are tried one by one" in output
    assert "1 of 2 pairs aligned, 2 failures" in output
    failures = (tmp_path / "out/failures.tsv").read_text().splitlines()
    assert [line.split("\t")[:2] for line in failures[1:]] == [["encode", "de/0.txt"], ["align", "0.en-de"]]


def test_ctrl_c_ends_a_run_and_the_same_command_goes_on(
    world: ModalWorld, requesting_corpus: Path, tmp_path: Path
) -> None:
    world.strike("align", "sleep", seconds=60)
    config = str(requesting_corpus)
    process = world.start("run", "-m", "pipeline.run", "--config", config, "--out", str(tmp_path / "there"))
    while not world.has_struck():
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 130, output
    assert "The same command goes on from there" in output
    before = world.n_started()
    world.run(requesting_corpus, tmp_path / "there")
    assert set(world.started(before)) == {"clerk", "align_on_cpu"}


def test_a_shard_that_takes_too_long_is_stopped_and_done_again(world: ModalWorld, corpus: Path, tmp_path: Path) -> None:
    world.strike("encode", "sleep", seconds=3600)
    world.run(corpus, tmp_path / "there")
    assert world.has_struck()
    assert "timeout ta-" in world.log()
    assert results(tmp_path / "there") == results_here(corpus, tmp_path)


def test_a_document_that_cannot_be_read_is_listed_and_the_others_finish(
    world: ModalWorld, corpus: Path, tmp_path: Path
) -> None:
    (corpus.parent / "de" / "0.txt").write_bytes(b"caf\xe9 ")
    output = world.run(corpus, tmp_path / "out", status=3)
    assert "1 of 2 pairs aligned, 2 failures" in output
    assert "de/0.txt is not UTF-8" in (tmp_path / "out/failures.tsv").read_text()


def test_a_wrong_config_is_said_before_anything_is_started(world: ModalWorld, corpus: Path, tmp_path: Path) -> None:
    corpus.write_text(corpus.read_text().replace("cores = 1", "core = 1"))
    before = world.n_started()
    output = world.run(corpus, tmp_path / "out", status=2)
    assert "compute.core: unknown key; did you mean" in output.replace("\n", " ")
    output = world.run(corpus, tmp_path / "out", "--limit", "0", "--max-dollars", "-1", status=2)
    assert "--limit: 0 is not valid; it must be at least 1" in output
    assert "--max-dollars: -1 is not valid; it must be more than 0" in output
    assert world.n_started() == before


def test_every_package_of_every_image_is_pinned_and_the_sources_come_last(world: ModalWorld, corpus: Path) -> None:
    world.run(corpus, corpus.parent / "out", "--dry-run")
    state = world.state()
    commands = [" ".join(image) for image in state["images"].values()]
    installs = [command for command in commands if "-m pip install" in command]
    assert len(installs) >= 6
    for command in installs:
        packages = command.split("-m pip install ")[1].split(" ENV ")[0].split(" FROM ")[0].split()
        assert all("==" in package for package in packages), packages
    assert not any("COPY" in command for command in commands)


def test_results_can_be_fetched_from_the_volume_as_the_readme_says(
    world: ModalWorld, done: Path, tmp_path: Path
) -> None:
    world.modal("volume", "get", "bitext-store", "runs/done/latest", str(tmp_path))
    assert {path.name for path in (tmp_path / "latest").iterdir()} >= {"bitext.tsv", "beads.tar.gz", "run.json"}
