"""Overlaps on demand, through the store: two rounds of encoding, and no result depends on what was there before."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from small_corpus import InlineBackend, read_exports, run_inline

from pipeline import align_texts
from pipeline.commands.status import print_status
from pipeline.config.run_config import RunConfig, load_config
from pipeline.errors import ConfigError
from pipeline.flow.run import Run
from pipeline.progress import Progress
from pipeline.store.rows import provisional_key
from pipeline.store.run_store import RunStore
from pipeline.store.store import Store
from stages.pieces import piece_stops
from stages.split import split_document
from stages.split.config import SplitConfig

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


# ---- pieces of long lines


@pytest.fixture(scope="module")
def long_lines(tmp_path_factory: pytest.TempPathFactory) -> tuple[RunConfig, list[str], list[str]]:
    """A config of the demo's story, with six sentences in a line of English and one in one of German, and the lines."""
    folder = tmp_path_factory.mktemp("lines")
    english, german = (
        [sentence.text for sentence in split_document(path.read_text(), code, SplitConfig()).sentences]
        for code, path in ((code, DEMO.parent / "demo" / code / "lighthouse.txt") for code in ("en", "de"))
    )
    english = [" ".join(english[first : first + 6]) for first in range(0, len(english), 6)]
    for code, lines in (("en", english), ("de", german)):
        (folder / code).mkdir()
        (folder / code / "story.txt").write_text("\n".join([*lines, ""]))
    path = folder / "lines.toml"
    path.write_text(
        '[corpus]\ndocuments = "{language}/*.txt"\npairs = ["en-de"]\nis_split = true\n'
        '[encode]\nencoder = "use-multilingual"\n[export]\nformats = ["tsv", "jsonl"]\n'
    )
    return load_config(path), english, german


def test_a_run_looks_into_long_lines_as_the_python_interface_does(
    long_lines: tuple[RunConfig, list[str], list[str]], tmp_path: Path
) -> None:
    config, english, german = long_lines
    run = carry_out(config, tmp_path / "store", tmp_path / "out")
    n_pieces = len(piece_stops(english))
    assert run.records["request"].counts["requested_overlaps"] == n_pieces > 5 * len(english)
    assert n_texts(run) == len(english) + len(german) + n_pieces
    found = align_texts(english, german, source_language="en", target_language="de")
    rows = [json.loads(line) for line in (tmp_path / "out" / "bitext.jsonl").read_text().splitlines()]
    spans = [(row["source_start"], row["source_stop"], row["target_start"], row["target_stop"]) for row in rows]
    beads = [(bead.source_start, bead.source_stop, bead.target_start, bead.target_stop) for bead in found]
    assert spans == [span for span in beads if span[0] < span[1] and span[2] < span[3]]
    assert [row["confidence"] for row in rows] == [
        pytest.approx(bead.confidence, abs=1e-3) for bead in found if bead.source and bead.target
    ]
    assert len(spans) == len(english)
    assert carry_out(config, tmp_path / "store", tmp_path / "out").records.keys() == {"read", "export"}


def test_long_lines_are_aligned_alike_whatever_was_run_before(
    long_lines: tuple[RunConfig, list[str], list[str]], tmp_path: Path
) -> None:
    config = long_lines[0]
    carry_out(config, tmp_path / "store", tmp_path / "out")
    for stage in ("split", "encode", "align", "export"):
        carry_out(config, tmp_path / "steps", tmp_path / "by_steps", stage=stage)
    assert read_exports(tmp_path / "by_steps") == read_exports(tmp_path / "out")
    everything = config.model_copy(update={"encode": config.encode.model_copy(update={"overlaps": "all"})})
    carry_out(everything, tmp_path / "former", tmp_path / "of_all")
    assert read_exports(tmp_path / "of_all") != read_exports(tmp_path / "out")
    alone = carry_out(config, tmp_path / "former", tmp_path / "alone", stage="align")
    assert "1 pair with provisional beads: run without --stage" in " ".join(alone.notes)
    carry_out(config, tmp_path / "former", tmp_path / "after")
    assert read_exports(tmp_path / "after") == read_exports(tmp_path / "out")
