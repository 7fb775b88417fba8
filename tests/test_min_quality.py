"""[align] min_quality: what is left out of the exports is said, stays in the store, and comes back at no cost."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from small_corpus import bitext, read_exports, run_inline

from pipeline.config.run_config import RunConfig, beads_address, load_config
from pipeline.errors import ConfigError
from pipeline.progress import Progress

DEMO = Path(__file__).parents[1] / "configs" / "demo.toml"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, float]]:
    """A folder with a store and an output of the demo, and the quality of each pair, the better one first."""
    folder = tmp_path_factory.mktemp("quality")
    run = run_inline(DEMO, folder / "store", folder / "out", Progress())
    listed = {pair["pair_id"]: pair["quality"] for pair in run.exported.summary["pairs_listed"]}
    ranked = dict(sorted(listed.items(), key=lambda item: -item[1]))
    assert len(set(ranked.values())) == 2
    return folder, ranked


def with_least(quality: float | None) -> RunConfig:
    config = load_config(DEMO)
    return config.model_copy(update={"align": config.align.model_copy(update={"min_quality": quality})})


def test_pairs_below_it_are_left_out_and_listed_with_the_reason(
    whole: tuple[Path, dict[str, float]], tmp_path: Path
) -> None:
    folder, quality = whole
    best, worst = quality
    run = run_inline(with_least(quality[best]), folder / "store", tmp_path, Progress())
    assert run.exit_status == 0
    assert [path.name for path in (tmp_path / "beads").iterdir()] == [f"{best}.beads.txt"]
    tables = [path.read_text(encoding="utf-8") for path in tmp_path.glob("bitext.*.tsv")]
    assert sum(best in table for table in tables) == 1
    assert not any(worst in table for table in tables)
    assert run.exported.counts["pairs_left_out"] == 1
    assert run.exported.n_pairs == 2
    assert run.notes[-2] == f"1 pair left out of the exports, of a quality below [align] min_quality = {quality[best]}"
    assert run.notes[-1].startswith(f"left out: pair {worst}: ok: ")
    assert run.notes[-1].endswith(f" sentences have a translation (quality {quality[worst]:.2f})")


def test_nothing_is_aligned_again_and_nothing_is_left_out_unless_asked(
    whole: tuple[Path, dict[str, float]], tmp_path: Path
) -> None:
    folder, quality = whole
    assert beads_address(with_least(0.5)) == beads_address(with_least(None))
    store = shutil.copytree(folder / "store", tmp_path / "store")
    strict = run_inline(with_least(1.0), store, tmp_path / "out", Progress())
    assert strict.exported.counts["pairs_left_out"] == sum(one < 1 for one in quality.values()) > 0
    again = run_inline(with_least(None), store, tmp_path / "out", Progress())
    assert set(again.records) == {"read", "export"}
    assert read_exports(tmp_path / "out") == read_exports(folder / "out")


def test_a_run_and_an_export_say_what_they_left_out(whole: tuple[Path, dict[str, float]], tmp_path: Path) -> None:
    folder, quality = whole
    best, worst = quality
    config = tmp_path / "strict.toml"
    text = DEMO.read_text(encoding="utf-8").replace('"demo/', f'"{DEMO.parent}/demo/')
    config.write_text(text.replace("[align]", f"[align]\nmin_quality = {quality[best]}"), encoding="utf-8")
    run = bitext("run", "--config", config, "--store", folder / "store", "--out", tmp_path / "out")
    assert "demo: 2 of 2 pairs aligned, 1 left out of the exports" in run.stdout
    assert f"left out: pair {worst}" in (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
    shown = bitext("export", "--config", config, "--store", folder / "store", "-o", tmp_path / "one.tsv")
    assert f"left out: pair {worst}" in shown.stdout
    assert worst not in (tmp_path / "one.tsv").read_text(encoding="utf-8")


def test_the_classic_method_measures_no_quality(tmp_path: Path) -> None:
    text = DEMO.read_text(encoding="utf-8").replace('"demo/', f'"{DEMO.parent}/demo/')
    config = tmp_path / "classic.toml"
    config.write_text(text.replace("[align]", '[align]\nmethod = "bertalign"\nmin_quality = 0.3'), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"align\.min_quality: 0\.3 is not valid with the method bertalign"):
        load_config(config)
