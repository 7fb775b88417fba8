"""Compaction: the same exports from fewer files."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from pipeline.__main__ import main
from pipeline.config import load_config
from pipeline.store import compact as compact_module
from pipeline.store.compact import compact
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


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return a config, and the store in which its three documents came one a night."""
    folder = tmp_path_factory.mktemp("nights")
    (folder / "test.toml").write_text(CONFIG)
    for number in range(3):
        for language, text in (("en", "A house. It is old."), ("de", "Ein Haus. Es ist alt.")):
            (folder / language).mkdir(exist_ok=True)
            (folder / language / f"{number}.txt").write_text(f"{number}. {text}")
        run(folder / "test.toml", folder / "store", folder / "out")
    return folder / "test.toml", folder / "store"


def run(config: Path, store: Path, out: Path, *options: str) -> str:
    arguments = ["run", "--config", config, "--store", store, "--out", out, "--workers", "1", *options]
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    return result.output


def files(store: Path) -> list[Path]:
    return [path for path in store.glob("*/*/*.parquet") if path.name != "index.parquet" and path.parts[-3] != "runs"]


def exports(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in out.rglob("*") if path.name.startswith("bitext.")}


def test_compaction_gives_the_same_exports_from_fewer_files(nights: tuple[Path, Path], tmp_path: Path) -> None:
    config, store = nights
    before, n_before = exports(config.parent / "out"), len(files(store))
    counts = compact(Store(store), load_config(config), min_files=2)
    assert len(files(store)) == 5 < n_before
    assert counts["files_before"] == n_before
    assert counts["files_after"] == 5
    output = run(config, store, tmp_path / "out")
    assert exports(tmp_path / "out") == before
    assert output.count("nothing to do") == 3


def test_a_few_files_and_large_ones_are_left_alone(nights: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    config, store = nights
    assert not compact(Store(store), load_config(config))
    monkeypatch.setattr(compact_module, "SMALL_BYTES", 1)
    assert not compact(Store(store), load_config(config), min_files=1)


def test_a_compacted_store_is_stable(nights: tuple[Path, Path]) -> None:
    config, store = nights
    compact(Store(store), load_config(config), min_files=2)
    names = sorted(files(store))
    assert not compact(Store(store), load_config(config), min_files=1)
    assert sorted(files(store)) == names
