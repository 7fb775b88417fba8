"""Compaction: ten nights leave many small files; the same exports come from fewer."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest
from small_corpus import InlineBackend

from pipeline.config.run_config import load_config
from pipeline.flow.flow import Flow
from pipeline.flow.run import Run
from pipeline.progress import Progress
from pipeline.store import compact as compact_module
from pipeline.store.compact import compact
from pipeline.store.run_store import RunStore
from pipeline.store.store import Store

CONFIG = """
[corpus]
documents = "{language}/*.txt"
pairs = ["en-de"]
[encode]
encoder = "use-multilingual"
max_overlap = 2
[align]
max_bead = 3
"""
N_NIGHTS = 10


class Nights(NamedTuple):
    """What ten nights left."""

    config: Path
    store: Path
    runs: list[Run]


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> Nights:
    """Run a corpus of ten pairs, and then once for each of its German documents, which changes that night."""
    folder = tmp_path_factory.mktemp("nights")
    config, store = folder / "test.toml", folder / "store"
    config.write_text(CONFIG)
    for number in range(N_NIGHTS):
        for language, text in (("en", "A house. It is old."), ("de", "Ein Haus. Es ist alt.")):
            (folder / language).mkdir(exist_ok=True)
            (folder / language / f"{number}.txt").write_text(f"{number}. {text}")
    runs = [run(config, store, folder / "out")]
    for number in range(N_NIGHTS):
        (folder / "de" / f"{number}.txt").write_text(f"{number}. Ein Haus. Alt ist es.")
        runs.append(run(config, store, folder / "out"))
    return Nights(config, store, runs)


def run(config: Path, store: Path, out: Path) -> Run:
    return Flow(Run(load_config(config), out=out), InlineBackend(store, 1), Progress()).carry_out()


def files(store: Path) -> list[Path]:
    return [path for path in store.glob("*/*/*.parquet") if path.parts[-3] != "runs"]


def exports(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in out.rglob("*") if path.name.startswith("bitext.")}


def test_each_night_does_one_document_and_its_pair(nights: Nights) -> None:
    for night in nights.runs[1:]:
        n_documents = [night.records[stage].counts["documents"] for stage in ("split", "encode")]
        assert [*n_documents, night.count_aligned()["pairs"]] == [1, 1, 1]


def test_ten_nights_give_the_exports_of_one(nights: Nights, tmp_path: Path) -> None:
    run(nights.config, tmp_path / "store", tmp_path / "out")
    assert exports(tmp_path / "out") == exports(nights.config.parent / "out")


def test_compaction_gives_the_same_exports_from_fewer_files(nights: Nights, tmp_path: Path) -> None:
    n_before = len(files(nights.store))
    assert n_before > 4 * N_NIGHTS
    counts = compact(RunStore(Store(nights.store), load_config(nights.config)))
    assert len(files(nights.store)) == 5
    assert (counts["files_before"], counts["files_after"]) == (n_before, 5)
    again = run(nights.config, nights.store, tmp_path / "out")
    assert exports(tmp_path / "out") == exports(nights.config.parent / "out")
    assert set(again.records) == {"read", "export"}, "nothing is done again"


def test_a_few_files_and_large_ones_are_left_alone(nights: Nights, monkeypatch: pytest.MonkeyPatch) -> None:
    compact(RunStore(Store(nights.store), load_config(nights.config)))
    assert not compact(RunStore(Store(nights.store), load_config(nights.config)))
    monkeypatch.setattr(compact_module, "SMALL_BYTES", 1)
    assert not compact(RunStore(Store(nights.store), load_config(nights.config)), min_files=1)


def test_a_compacted_store_is_stable(nights: Nights) -> None:
    compact(RunStore(Store(nights.store), load_config(nights.config)), min_files=2)
    names = sorted(files(nights.store))
    assert not compact(RunStore(Store(nights.store), load_config(nights.config)), min_files=1)
    assert sorted(files(nights.store)) == names
