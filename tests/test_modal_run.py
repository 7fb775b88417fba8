"""A run on Modal: the same flow, the same bytes, and what happens when machines die."""

from __future__ import annotations

import json
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from modal_world import LOOPMODAL, ROOT, ModalWorld, results

from pipeline.__main__ import main

pytestmark = [
    pytest.mark.modal,
    pytest.mark.slow,
    pytest.mark.skipif(not LOOPMODAL.exists(), reason="the loopback Modal is not here"),
]

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
    world = ModalWorld(tmp_path_factory.mktemp("modal") / "world")
    yield world
    world.close()


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Return the config of a corpus of two pairs, which no other test has."""
    for language, texts in TEXTS.items():
        (tmp_path / language).mkdir()
        for number, text in enumerate(texts):
            (tmp_path / language / f"{number}.txt").write_text(f"{tmp_path.name}. {text}", encoding="utf-8")
    config = tmp_path / "test.toml"
    config.write_text(f'name = "{tmp_path.name}"\n{CONFIG}')
    return config


def run_locally(config: Path, out: Path, *options: str) -> None:
    arguments = ["run", "--config", str(config), "--out", str(out), "--store", str(out.parent / "store"), *options]
    result = CliRunner().invoke(main, [*arguments, "--workers", "1"])
    assert result.exit_code == 0, result.output


def test_the_demo_gives_the_same_bytes_as_here(world: ModalWorld, tmp_path: Path) -> None:
    output = world.run(ROOT / "configs/demo.toml", tmp_path / "there")
    run_locally(ROOT / "configs/demo.toml", tmp_path / "here")
    assert results(tmp_path / "there") == results(tmp_path / "here")
    assert "cost: $" in output
    assert "2 of 2 pairs aligned" in output


def test_what_is_done_is_not_done_again(world: ModalWorld, corpus: Path, tmp_path: Path) -> None:
    world.run(corpus, tmp_path / "first")
    before = world.n_started()
    output = world.run(corpus, tmp_path / "second")
    assert set(world.started(before)) <= {"clerk"}
    assert "align   nothing to do" in output
    assert results(tmp_path / "first") == results(tmp_path / "second")


def test_align_alone_starts_no_encoder_and_no_splitter(world: ModalWorld, corpus: Path, tmp_path: Path) -> None:
    world.run(corpus, tmp_path / "first")
    corpus.write_text(corpus.read_text() + "[align]\nmax_bead = 4\n")
    before = world.n_started()
    world.run(corpus, tmp_path / "second", "--stage", "align")
    assert set(world.started(before)) == {"clerk", "align_on_gpu"}


def test_one_new_document_is_all_that_is_encoded(world: ModalWorld, corpus: Path, tmp_path: Path) -> None:
    world.run(corpus, tmp_path / "out")
    (corpus.parent / "de" / "1.txt").write_text("Ein Hund bellte die ganze Nacht. Wir konnten nicht schlafen.")
    world.run(corpus, tmp_path / "out")
    report = json.loads((tmp_path / "out/report.json").read_text())
    done = {stage["name"]: stage["counts"] for stage in report["stages"]}
    assert done["split"]["documents"] == done["encode"]["documents"] == done["align"]["pairs"] == 1


def test_a_removed_pair_is_gone_from_the_exports(world: ModalWorld, corpus: Path, tmp_path: Path) -> None:
    world.run(corpus, tmp_path / "out")
    assert len(list((tmp_path / "out/beads").iterdir())) == 2
    for language in TEXTS:
        (corpus.parent / language / "0.txt").unlink()
    world.run(corpus, tmp_path / "out")
    assert [path.name for path in (tmp_path / "out/beads").iterdir()] == ["1.en-de.beads.txt"]
    assert "house" not in (tmp_path / "out/bitext.tsv").read_text()


def test_only_a_look_uploads_and_starts_nothing(world: ModalWorld, corpus: Path, tmp_path: Path) -> None:
    world.run(ROOT / "configs/demo.toml", tmp_path / "demo", "--dry-run")  # so that there is a Volume
    before, files = world.n_started(), set(world.volume().rglob("*"))
    output = world.run(corpus, tmp_path / "out", "--dry-run")
    assert "0 of 4 documents done" in output
    assert "align   1 × T4" in output
    assert set(world.started(before)) == {"clerk"}
    assert not (tmp_path / "out").exists()
    assert set(world.volume().rglob("*")) == files


def test_a_run_stops_before_it_costs_more_than_it_may(world: ModalWorld, corpus: Path, tmp_path: Path) -> None:
    before = world.n_started()
    output = world.run(corpus, tmp_path / "out", "--max-dollars", "0.001", status=1)
    assert "stopped before it costs more than $0.0010" in output
    assert "align_on_gpu" not in world.started(before)
    world.run(corpus, tmp_path / "out", "--max-dollars", "1")


@pytest.mark.parametrize(("task", "kind"), [("encode_shard", "exit"), ("align_shard", "raise")])
def test_a_shard_whose_machine_dies_is_done_elsewhere(
    world: ModalWorld, corpus: Path, tmp_path: Path, task: str, kind: str
) -> None:
    world.strike(task, kind)
    world.run(corpus, tmp_path / "there")
    assert world.has_struck()
    run_locally(corpus, tmp_path / "here")
    assert results(tmp_path / "there") == results(tmp_path / "here")


def test_a_preempted_shard_is_done_elsewhere(world: ModalWorld, corpus: Path, tmp_path: Path) -> None:
    world.strike("align_shard", "sleep", seconds=60)
    process = world.start("run", "-m", "pipeline.run", "--config", str(corpus), "--out", str(tmp_path / "there"))
    while not world.has_struck():
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.1)
    assert world.preempt("align")["preempted"]
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 0, output
    run_locally(corpus, tmp_path / "here")
    assert results(tmp_path / "there") == results(tmp_path / "here")


def test_ctrl_c_ends_a_run_and_the_same_command_goes_on(world: ModalWorld, corpus: Path, tmp_path: Path) -> None:
    world.strike("align_shard", "sleep", seconds=60)
    process = world.start("run", "-m", "pipeline.run", "--config", str(corpus), "--out", str(tmp_path / "there"))
    while not world.has_struck():
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 130, output
    assert "The same command goes on from there" in output
    before = world.n_started()
    world.run(corpus, tmp_path / "there")
    assert set(world.started(before)) == {"clerk", "align_on_gpu"}


def test_a_shard_that_takes_too_long_is_stopped_and_done_again(world: ModalWorld, corpus: Path, tmp_path: Path) -> None:
    world.strike("encode_shard", "sleep", seconds=3600)
    world.run(corpus, tmp_path / "there")
    assert world.has_struck()
    assert "timeout ta-" in world.log()
    run_locally(corpus, tmp_path / "here")
    assert results(tmp_path / "there") == results(tmp_path / "here")


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


def test_the_volume_holds_a_few_files_and_shutil_can_copy_it(world: ModalWorld, corpus: Path, tmp_path: Path) -> None:
    world.run(corpus, tmp_path / "out")
    shutil.copytree(world.volume() / "runs" / tmp_path.name, tmp_path / "copy")
    assert {path.name for path in (tmp_path / "copy/latest").iterdir()} >= {"bitext.tsv", "beads.tar.gz", "run.json"}
