"""The GPU class on Modal with a model from the Volume of weights, and the smoke test of every machine."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from modal_world import LOOPMODAL, ModalWorld, shared_kernels
from tiny_model import save_tiny_model

pytestmark = [
    pytest.mark.modal,
    pytest.mark.slow,
    pytest.mark.skipif(not LOOPMODAL.exists(), reason="the loopback Modal is not here"),
]

IMAGES = ("clerk", "split", "encode_on_cpu", "encode_on_gpu", "align_on_cpu", "align_on_gpu")
COMMIT = "0123456789abcdef0123456789abcdef01234567"
CONFIG = """
[corpus]
documents = "{{language}}/*.txt"
pairs = ["en-de"]
[encode]
encoder = "{encoder}"
max_overlap = 2
[align]
max_bead = 3
[export]
formats = ["beads"]
[compute]
cores = 1
encode_gpu = "{gpu}"
align_gpu = "none"
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModalWorld]:
    folder = tmp_path_factory.mktemp("modal")
    kernels = shared_kernels(tmp_path_factory.getbasetemp())
    options = ("--bind-volume", f"bitext-weights={weights(folder)}", *kernels, "--env", "HF_HUB_OFFLINE=1")
    options += ("--secret", "huggingface:HF_TOKEN=hf_none")
    world = ModalWorld(folder / "world", *options, images=IMAGES)
    yield world
    world.close()


def weights(folder: Path) -> Path:
    """Return a Volume of weights with a tiny model as the hub's library keeps it, and one that somebody put there."""
    cache = folder / "weights" / "hub" / "models--somebody--tiny"
    shutil.copytree(save_tiny_model(folder / "tiny"), cache / "snapshots" / COMMIT)
    (cache / "refs").mkdir()
    (cache / "refs" / "main").write_text(COMMIT)
    shutil.copytree(folder / "tiny", folder / "weights" / "models" / "own")
    (folder / "weights" / "models" / "empty").mkdir()
    (folder / "weights" / "models" / "empty" / "config.json").touch()
    return folder / "weights"


def write_corpus(folder: Path, encoder: str = "somebody/tiny", gpu: str = "L40S") -> Path:
    for language, text in (("en", "a house. it is old."), ("de", "ein haus. es ist alt.")):
        (folder / language).mkdir()
        (folder / language / "one.txt").write_text(f"{folder.name}. {text}")
    (folder / "test.toml").write_text(CONFIG.format(encoder=encoder, gpu=gpu))
    return folder / "test.toml"


def test_any_gpu_is_the_first_that_is_free(world: ModalWorld, tmp_path: Path) -> None:
    before = len(world.log())
    world.run(write_corpus(tmp_path, gpu="any"), tmp_path / "out")
    starts = [line for line in world.log()[before:].splitlines() if "for encode_on_gpu" in line]
    assert starts
    assert all("['L40S:1', 'A100-40GB:1', 'A100-80GB:1', 'H100:1']" in line for line in starts)
    assert "for align_on_gpu" not in world.log()[before:]
    assert (tmp_path / "out/beads/one.en-de.beads.txt").read_text()


def test_a_preempted_gpu_s_shard_is_done_elsewhere(world: ModalWorld, tmp_path: Path) -> None:
    world.strike("encode", "sleep", seconds=60)
    config = write_corpus(tmp_path)
    process = world.start("run", "-m", "pipeline.run", "--config", str(config), "--out", str(tmp_path / "out"))
    while not world.has_struck():
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.1)
    assert world.preempt("encode_on_gpu")["preempted"]
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 0, output
    assert "1 of 1 pair aligned" in output


def test_a_model_that_cannot_be_had_ends_the_run_at_once(world: ModalWorld, tmp_path: Path) -> None:
    before = world.n_started()
    output = world.run(write_corpus(tmp_path, encoder="nobody/none"), tmp_path / "out", status=2)
    assert "nobody/none (revision main) can't be had" in output
    assert "fetch_weights" in world.started(before)
    assert not [name for name in world.started(before) if "gpu" in name or "align" in name]


def test_weights_are_fetched_once_by_a_machine_without_a_gpu(world: ModalWorld, tmp_path: Path) -> None:
    for path in (world.volume("bitext-weights") / "loaded").glob("*/*"):
        path.unlink()
    config = write_corpus(tmp_path)
    config.write_text(config.read_text() + 'hf_secret = "huggingface"\n')
    before = world.n_started()
    output = world.run(config, tmp_path / "out", "--dry-run")
    assert "weights somebody/tiny (revision main): fetched first, once, by a machine without a GPU" in output
    assert "with the Secret huggingface" in output
    output = world.run(config, tmp_path / "out")
    assert "fetch_weights: 1 container" in output
    assert [name for name in world.started(before) if name in ("fetch_weights", "encode_on_gpu.*")] == [
        "fetch_weights",
        "encode_on_gpu.*",
    ]
    (tmp_path / "en" / "one.txt").write_text("an old house. it is new.")
    before = world.n_started()
    assert "on the Volume bitext-weights" in world.run(config, tmp_path / "out", "--dry-run")
    world.run(config, tmp_path / "out")
    assert "fetch_weights" not in world.started(before)


def test_an_own_model_is_used_from_the_volume_and_known_by_its_files(world: ModalWorld, tmp_path: Path) -> None:
    config = write_corpus(tmp_path, encoder="/weights/models/own")
    output = world.run(config, tmp_path / "out", "--dry-run")
    assert "weights /weights/models/own: " in output
    assert "MB, on the Volume bitext-weights" in output
    assert "1 of 1 pair aligned" in world.run(config, tmp_path / "out")
    before = world.n_started()
    world.run(config, tmp_path / "out")
    assert "encode_on_gpu.*" not in world.started(before)
    (world.volume("bitext-weights") / "models/own/README.md").write_text("trained again")
    world.run(config, tmp_path / "out")
    assert "encode_on_gpu.*" in world.started(before)


def test_a_model_that_rented_machines_do_not_have_is_refused_before_any_is_rented(
    world: ModalWorld, tmp_path: Path
) -> None:
    before = world.n_started()
    folder = save_tiny_model(tmp_path / "mine")
    for number, (encoder, said) in enumerate(
        {
            str(folder): f"modal volume put bitext-weights {folder} models/mine",
            "/weights/models/none": "there is no models/none on the Volume bitext-weights",
            "/weights/models/empty": "is not a sentence-transformers model",
        }.items()
    ):
        (tmp_path / str(number)).mkdir()
        config = write_corpus(tmp_path / str(number), encoder=encoder)
        assert said in " ".join(world.run(config, tmp_path / "out", "--dry-run", status=2).split())
    assert world.n_started() == before


def test_smoke_tries_every_machine_and_tells_what_it_is(world: ModalWorld) -> None:
    before, log_before = world.n_started(), len(world.log())
    output = world.modal("run", "-m", "pipeline.smoke", "--encoder", "somebody/tiny")
    assert "all machines work" in output
    machines = {"clerk", "split", "encode_on_cpu", "encode_on_gpu.*", "align_on_cpu", "align_on_gpu"}
    assert set(world.started(before)) == machines
    assert "for encode_on_gpu.* gpus=['L40S:1']" in world.log()[log_before:]
    assert "for align_on_gpu gpus=['T4:1']" in world.log()[log_before:]
    for machine in machines - {"clerk"}:
        assert f"{machine.removesuffix('.*')}: ready after" in output
    assert "faiss: faiss searches on the CPU: it sees no GPU" in output
    assert "encoder_seconds: " in output
    assert "kernels_seconds: " in output
    assert "torch 2." in output
