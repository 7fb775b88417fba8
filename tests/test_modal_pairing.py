"""Documents on Modal that nobody has paired, from here or already on the Volume; units of bilingual files there."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest
from modal_world import LOOPMODAL, ModalWorld, results
from small_corpus import InlineBackend, read_exports, run_inline

from pipeline.commands.console import out_console
from pipeline.commands.finish import finish
from pipeline.config.run_config import load_config
from pipeline.flow.pairing import carry_out_paired
from pipeline.flow.run import Run
from pipeline.progress import Progress

pytestmark = [
    pytest.mark.modal,
    pytest.mark.slow,
    pytest.mark.skipif(not LOOPMODAL.exists(), reason="the loopback Modal is not here"),
]

TEXTS = {
    "en/a": "The ship left the harbour at dawn. A storm broke the mast. The sailors were rescued by a fisherman.",
    "en/b": "The court rejected the appeal. The company must pay a fine. The judge gave no further reasons.",
    "en/c": "Plant the roses in spring. Water them every evening. Cut the old branches in autumn.",
    "de/x": "Das Gericht wies die Berufung ab. Die Firma muss eine Strafe zahlen. Der Richter nannte keine Gründe.",
    "de/y": "Das Schiff verließ den Hafen im Morgengrauen. Ein Sturm brach den Mast. Ein Fischer rettete die Matrosen.",
}
CONFIG = """
[corpus]
documents = "{place}{{language}}/*.txt"
pairs = ["en-de"]
pairing = "content"
[encode]
encoder = "use-multilingual"
[export]
formats = ["tsv", "beads"]
[compute]
cores = 1
scaledown_seconds = 2
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModalWorld]:
    images = ("clerk", "split", "encode_on_cpu", "align_on_cpu")
    keys = ("--secret", "bitext-bucket:AWS_ACCESS_KEY_ID=none")
    world = ModalWorld(tmp_path_factory.mktemp("modal") / "world", *keys, images=images)
    world.modal("volume", "create", "--version=2", "bitext-store")
    yield world
    world.close()


def write_pot(folder: Path) -> None:
    for name, text in TEXTS.items():
        path = folder / f"{name}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def pairs_of(table: Path) -> list[tuple[str, str]]:
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    return [(row["source_path"], row["target_path"]) for row in rows if row["is_pair"] == "yes"]


def test_documents_from_here_are_paired_as_they_are_here(world: ModalWorld, tmp_path: Path) -> None:
    write_pot(tmp_path)
    (tmp_path / "pot.toml").write_text(CONFIG.format(place=""))
    before = world.run(tmp_path / "pot.toml", tmp_path / "there", "--dry-run")
    assert "pair    to do" in before
    output = world.run(tmp_path / "pot.toml", tmp_path / "there")
    assert "2 pairs found by what documents say" in output
    assert pairs_of(tmp_path / "there" / "pairs.tsv") == [("en/a.txt", "de/y.txt"), ("en/b.txt", "de/x.txt")]
    run = Run(load_config(tmp_path / "pot.toml"), out=tmp_path / "here")
    finish(carry_out_paired(run, InlineBackend(tmp_path / "store", 1), Progress()), out_console())
    assert results(tmp_path / "there") == results(tmp_path / "here")


def test_documents_on_the_volume_are_paired_there_and_only_what_is_new_again(world: ModalWorld, tmp_path: Path) -> None:
    write_pot(tmp_path / "pot")
    for name in TEXTS:
        world.modal("volume", "put", "--force", "bitext-store", str(tmp_path / f"pot/{name}.txt"), f"/pot/{name}.txt")
    (tmp_path / "there.toml").write_text(CONFIG.format(place="volume:pot/"))
    world.run(tmp_path / "there.toml", tmp_path / "out")
    expected = [("pot/en/a.txt", "pot/de/y.txt"), ("pot/en/b.txt", "pot/de/x.txt")]
    assert pairs_of(tmp_path / "out" / "pairs.tsv") == expected
    assert pairs_of(world.volume() / "runs" / "there" / "pairs.tsv") == expected
    before = world.n_started()
    output = world.run(tmp_path / "there.toml", tmp_path / "again")
    assert "(nothing new)" in output
    assert set(world.started(before)) <= {"clerk"}


def test_documents_in_a_bucket_are_paired_though_it_is_only_read(world: ModalWorld, tmp_path: Path) -> None:
    bucket = world.faults / "bucket"
    write_pot(bucket / "pot")
    (tmp_path / "bucket.toml").write_text(CONFIG.format(place="bucket:pot/"))
    mounted = {"BITEXT_MODAL_BUCKET": "my-bucket"}
    world.run(tmp_path / "bucket.toml", tmp_path / "out", **mounted)
    expected = [("pot/en/a.txt", "pot/de/y.txt"), ("pot/en/b.txt", "pot/de/x.txt")]
    assert pairs_of(tmp_path / "out" / "pairs.tsv") == expected
    assert "The ship left the harbour at dawn." in (tmp_path / "out" / "bitext.tsv").read_text()
    assert len(list(bucket.rglob("*.*"))) == len(TEXTS)
    before = world.n_started()
    assert "(nothing new)" in world.run(tmp_path / "bucket.toml", tmp_path / "again", **mounted)
    assert set(world.started(before)) <= {"clerk"}
    (bucket / "pairs.tsv").write_text((tmp_path / "out" / "pairs.tsv").read_text())
    config = CONFIG.format(place="bucket:pot/").replace('pairing = "content"', "").replace('pairs = ["en-de"]', "")
    (tmp_path / "table.toml").write_text(
        config.replace('documents = "bucket:pot/{language}/*.txt"', 'manifest = "bucket:pairs.tsv"')
    )
    world.run(tmp_path / "table.toml", tmp_path / "by-table", **mounted)
    found = results(tmp_path / "out")
    del found["pairs.tsv"]
    assert results(tmp_path / "by-table") == found


TABLE = (
    "en,de\nThe lamp is lit. Nobody saw the ship.,Die Lampe brennt.\n"
    "He left.,Niemand hat das Schiff gesehen. Er ging.\n"
)
LISTED = "pair_id\tsource_path\ttarget_path\ntable\ta.csv\ta.csv\nbook\tchapter {part}.txt\tbook.txt\n"


def test_units_of_a_table_and_files_of_a_document_are_there_what_they_are_here(
    world: ModalWorld, tmp_path: Path
) -> None:
    files = {"a.csv": TABLE, "pairs.tsv": LISTED, "book.txt": "Das Schiff kam.\nEr ging.\n"}
    files |= {"chapter 1.txt": "The ship came.\n", "chapter 2.txt": "He left.\n"}
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    listed = 'manifest = "pairs.tsv"\nsource_language = "en"\ntarget_language = "de"\n[encode]'
    config = "[corpus]\n" + listed + CONFIG.partition("[encode]")[2]
    (tmp_path / "units.toml").write_text(config)
    world.run(tmp_path / "units.toml", tmp_path / "there")
    run_inline(tmp_path / "units.toml", tmp_path / "store", tmp_path / "here", Progress())
    assert read_exports(tmp_path / "there")["bitext.tsv"] == read_exports(tmp_path / "here")["bitext.tsv"]
    rows = [line.split("\t") for line in (tmp_path / "there" / "bitext.tsv").read_text(encoding="utf-8").splitlines()]
    assert ("He left.", "Er ging.") in {(row[0], row[1]) for row in rows}
    assert not any("ship" in row[0] and "Schiff" in row[1] for row in rows if "table" in row)
    assert {row[-2] for row in rows[1:] if "book" in row} == {"chapter 1.txt", "chapter 2.txt"}
