"""Overlaps on demand, through the store: two rounds of encoding, and no result depends on what was there before."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from small_corpus import InlineBackend, read_exports, run_inline

from pipeline.commands.status import print_status
from pipeline.config.run_config import RunConfig, load_config
from pipeline.errors import ConfigError
from pipeline.flow.run import Run
from pipeline.progress import Progress
from pipeline.store.rows import provisional_key
from pipeline.store.run_store import RunStore
from pipeline.store.store import Store

DEMO = Path(__file__).parents[1] / "configs" / "demo.toml"


def demo(margin: float = 4.0, overlaps: str = "on-demand", **compute: int) -> RunConfig:
    config = load_config(DEMO)
    changes = {
        "align": config.align.model_copy(update={"request_margin": margin}),
        "encode": config.encode.model_copy(update={"overlaps": overlaps}),
        "compute": config.compute.model_copy(update=compute),
    }
    return config.model_copy(update=changes)


def carry_out(config: RunConfig, store: Path, out: Path, stage: str | None = None) -> Run:
    run = run_inline(config, store, out, Progress(), stage=stage)
    assert not run.failures
    return run


def n_texts(run: Run) -> int:
    return run.records["encode"].counts["texts"] if "encode" in run.records else 0


def rows_of(shelf) -> dict[str, dict]:
    return {key: shelf.read(key).to_pydict() for key in shelf.places()}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Run]:
    """A store, an output and a run of the demo with overlaps on demand."""
    folder = tmp_path_factory.mktemp("whole")
    return folder / "store", folder / "out", carry_out(demo(), folder / "store", folder / "out")


def test_a_run_encodes_sentences_then_what_is_requested_and_no_more(whole: tuple[Path, Path, Run]) -> None:
    store, _, run = whole
    n_requested = run.records["request"].counts["requested_overlaps"]
    keys = RunStore(Store(store), demo()).embeddings.places()
    assert sum(key.endswith(":1") for key in keys) == 3
    assert all(key.endswith(":1") or ":+" in key for key in keys)
    assert 242 < n_texts(run) <= 242 + n_requested < 400
    assert run.records["align"].counts["pairs"] == 2
    assert "sums agree with encoded overlaps by 0." in " ".join(run.notes)


def test_a_pair_reads_only_what_it_requested(whole: tuple[Path, Path, Run], tmp_path: Path) -> None:
    """What others left in the store, all overlaps or those of a wider margin, changes no byte."""
    _, out, _ = whole
    for number, former in enumerate((demo(overlaps="all"), demo(margin=9.0))):
        store = tmp_path / f"store{number}"
        carry_out(former, store, tmp_path / "former")
        carry_out(demo(), store, tmp_path / f"out{number}")
        assert read_exports(tmp_path / f"out{number}") == read_exports(out)


def test_neither_beads_nor_vectors_depend_on_how_shards_are_cut(whole: tuple[Path, Path, Run], tmp_path: Path) -> None:
    store, out, _ = whole
    config = demo(shard_chars=1)
    run = carry_out(config, tmp_path / "store", tmp_path / "out")
    assert run.records["encode"].n_shards > 3
    assert read_exports(tmp_path / "out") == read_exports(out)
    one, other = RunStore(Store(tmp_path / "store"), config), RunStore(Store(store), demo())
    for table in ("embeddings", "requested", "beads"):
        assert rows_of(getattr(one, table)) == rows_of(getattr(other, table))


def test_a_wider_margin_encodes_only_what_it_newly_needs(whole: tuple[Path, Path, Run], tmp_path: Path) -> None:
    store = shutil.copytree(whole[0], tmp_path / "store")
    wider = carry_out(demo(margin=5.0), store, tmp_path / "out")
    alone = carry_out(demo(margin=5.0), tmp_path / "alone", tmp_path / "out_alone")
    assert 0 < n_texts(wider) == n_texts(alone) - n_texts(whole[2])
    assert read_exports(tmp_path / "out") == read_exports(tmp_path / "out_alone")


def test_the_align_stage_alone_encodes_nothing_and_a_full_run_makes_good(
    whole: tuple[Path, Path, Run], tmp_path: Path
) -> None:
    store, config = shutil.copytree(whole[0], tmp_path / "store"), demo(margin=5.0)
    n_vectors = len(RunStore(Store(store), config).embeddings.places())
    for _ in range(2):
        alone = carry_out(config, store, tmp_path / "out", stage="align")
        assert "2 pairs with provisional beads: run without --stage" in " ".join(alone.notes)
        assert len(RunStore(Store(store), config).embeddings.places()) == n_vectors
    there = RunStore(Store(store), config)
    facts = [there.beads.facts(provisional_key(pair)) for pair in there.manifest.pairs(alone.manifest)]
    assert all(int(one["provisional_beads"]) > 0 for one in facts)
    assert carry_out(config, store, tmp_path / "out", stage="export").exported.n_pairs == 2
    carry_out(config, store, tmp_path / "out")
    carry_out(config, tmp_path / "fresh", tmp_path / "out_fresh")
    assert read_exports(tmp_path / "out") == read_exports(tmp_path / "out_fresh")


def test_the_encode_stage_alone_is_both_rounds(whole: tuple[Path, Path, Run], tmp_path: Path) -> None:
    store, config = tmp_path / "store", demo()
    for stage in ("split", "encode"):
        encoding = carry_out(config, store, tmp_path / "out", stage=stage)
    assert n_texts(encoding) == n_texts(whole[2])
    aligned = carry_out(config, store, tmp_path / "out", stage="align")
    assert not any("provisional" in note for note in aligned.notes)
    carry_out(config, store, tmp_path / "out", stage="export")
    assert read_exports(tmp_path / "out") == read_exports(whole[1])


def test_pairs_that_request_nothing_are_aligned_when_that_is_found_out(tmp_path: Path, capsys) -> None:
    config = demo(margin=0.001)
    run = carry_out(config, tmp_path / "store", tmp_path / "out")
    assert run.records["request"].counts["pairs_aligned"] == 2
    assert "align" not in run.records
    assert run.count_aligned()["pairs"] == 2
    assert run.count_aligned()["beads"] == run.records["request"].counts["beads"] > 100
    output = capsys.readouterr().err
    assert "2 pairs aligned" in output
    assert "align   nothing left to do\n" in output
    shutil.rmtree(tmp_path / "store" / "beads")
    again = carry_out(config, tmp_path / "store", tmp_path / "again")
    assert again.records["align"].counts["pairs"] == 2
    assert read_exports(tmp_path / "again") == read_exports(tmp_path / "out")


def test_what_is_lost_of_any_table_is_made_again(whole: tuple[Path, Path, Run], tmp_path: Path) -> None:
    for table in ("requested", "embeddings", "beads"):
        store = shutil.copytree(whole[0], tmp_path / table)
        shutil.rmtree(store / table)
        if table == "requested":
            shutil.rmtree(store / "beads")
        carry_out(demo(), store, tmp_path / "out")
        assert read_exports(tmp_path / "out") == read_exports(whole[1])


def test_a_second_run_has_nothing_to_do(whole: tuple[Path, Path, Run], tmp_path: Path, capsys) -> None:
    from pipeline.flow.flow import Flow

    again = carry_out(demo(), whole[0], tmp_path / "out")
    assert set(again.records) == {"read", "export"}
    print_status(Flow(Run(demo()), InlineBackend(whole[0], 1), Progress()))
    assert "align   2 of 2 pairs done" in capsys.readouterr().out


def test_none_encodes_sentences_only(tmp_path: Path) -> None:
    run = carry_out(demo(overlaps="none"), tmp_path / "store", tmp_path / "out")
    assert n_texts(run) == 242
    assert "request" not in run.records


def test_bertalign_has_all_overlaps_and_a_config_that_asks_for_fewer_is_refused(tmp_path: Path) -> None:
    config = demo()
    config = config.model_copy(update={"align": config.align.model_copy(update={"method": "bertalign"})})
    run = carry_out(config, tmp_path / "store", tmp_path / "out")
    assert n_texts(run) > 4 * 230
    path = tmp_path / "run.toml"
    text = DEMO.read_text(encoding="utf-8").replace("[align]", 'overlaps = "none"\n[align]\nmethod = "bertalign"')
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=r'encode\.overlaps: "none" is not valid with the method bertalign'):
        load_config(path)
