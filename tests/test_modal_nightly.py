"""Every night on Modal: deployed, fired, and only what is new is done."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from modal_world import LOOPMODAL, ModalWorld, shared_kernels

pytestmark = [
    pytest.mark.modal,
    pytest.mark.slow,
    pytest.mark.skipif(not LOOPMODAL.exists(), reason="the loopback Modal is not here"),
]

RUN = """
[corpus]
documents = "volume:corpus/{language}/*.txt"
pairs = ["en-de"]
allow_unmatched = true
[encode]
encoder = "use-multilingual"
[export]
formats = ["tsv", "beads"]
[compute]
cores = 1
"""
IMAGES = ("clerk", "split", "encode_on_cpu", "align_on_cpu")
APP, FUNCTION = "bitext-nightly", "nightly"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModalWorld]:
    kernels = shared_kernels(tmp_path_factory.getbasetemp())
    world = ModalWorld(tmp_path_factory.mktemp("modal") / "world", *kernels, images=IMAGES)
    yield world
    world.close()


def put(world: ModalWorld, tmp_path: Path, name: str, english: str, german: str) -> None:
    """Put a pair of documents on the Volume, as a user does."""
    for language, text in (("en", english), ("de", german)):
        (tmp_path / f"{name}.{language}").write_text(text)
        remote = f"corpus/{language}/{name}.txt"
        world.modal("volume", "put", "--force", "bitext-store", str(tmp_path / f"{name}.{language}"), remote)


def nights(world: ModalWorld) -> list[dict[str, object]]:
    lines = (world.volume() / "runs/test/history.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def test_each_night_does_only_what_is_new(world: ModalWorld, tmp_path: Path) -> None:
    (tmp_path / "test.toml").write_text(RUN)
    (tmp_path / "nightly.toml").write_text(
        'schedule = "30 3 * * *"\ntime_zone = "Europe/Berlin"\nconfigs = ["test.toml"]'
    )
    world.modal("volume", "create", "--version=2", "bitext-store")
    put(world, tmp_path, "one", "The house was old. Nobody lived there.", "Das Haus war alt. Niemand wohnte dort.")
    world.modal("deploy", "-m", "pipeline.nightly", BITEXT_NIGHTLY=str(tmp_path / "nightly.toml"))
    schedule = world.state()["schedules"][f"{APP}/{FUNCTION}"]
    assert "30 3 * * *" in schedule
    assert "Europe/Berlin" in schedule

    assert world.fire(APP, FUNCTION)["status"] == "GENERIC_STATUS_SUCCESS", world.log()
    assert nights(world)[-1] | {"encoded_documents": 2, "status": 0} == nights(world)[-1]

    before = world.n_started()
    assert world.fire(APP, FUNCTION)["status"] == "GENERIC_STATUS_SUCCESS", world.log()
    assert set(world.started(before)) <= {"nightly"}, "a night without news rents nothing"
    assert nights(world)[-1]["encoded_documents"] == 0
    assert nights(world)[-1]["text"] == "nothing new"
    assert len(list((world.volume() / "runs/test/nights").iterdir())) == 1, "and copies nothing"

    put(world, tmp_path, "two", "A dog barked all night.", "Ein Hund bellte die ganze Nacht.")
    assert world.fire(APP, FUNCTION)["status"] == "GENERIC_STATUS_SUCCESS", world.log()
    assert nights(world)[-1]["encoded_documents"] == 2
    assert "dog" in (world.volume() / "runs/test/latest/bitext.tsv").read_text()

    (world.volume() / "corpus/de/one.txt").unlink()
    assert world.fire(APP, FUNCTION)["status"] == "GENERIC_STATUS_SUCCESS", world.log()
    assert "house" not in (world.volume() / "runs/test/latest/bitext.tsv").read_text()
    assert len(list((world.volume() / "runs/test/nights").iterdir())) == 3


def test_a_failed_night_is_shown_as_failed(world: ModalWorld) -> None:
    for path in (world.volume() / "corpus").rglob("*.txt"):
        path.unlink()
    fired = world.fire(APP, FUNCTION)
    assert fired["status"] == "GENERIC_STATUS_FAILURE"
    assert "no file matches" in fired["exception"]
    assert nights(world)[-1]["status"] == 2
