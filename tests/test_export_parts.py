"""Exports in parts: wherever a corpus is cut, its files are the same, byte for byte."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from export_pairs import make_pair, with_times
from rich.console import Console
from small_corpus import CONFIG, InlineBackend, read_exports, write_corpus

from pipeline.config.run_config import load_config
from pipeline.errors import ConfigError, StoreError
from pipeline.exports.duplicates import find_repeated
from pipeline.exports.parts import join_file, join_folders, list_digests, write_part
from pipeline.exports.write import exporting, write_exports
from pipeline.flow.flow import Flow
from pipeline.flow.local import LocalBackend
from pipeline.flow.run import Run
from pipeline.progress import Progress
from pipeline.tasks.export import cut_parts
from stages.data import AlignedPair
from stages.evaluate.encoder_check import EncoderCheck
from stages.export.config import ExportConfig, Format
from stages.report.summary import CorpusSummary

EVERY_FORMAT: tuple[Format, ...] = (
    "tsv", "jsonl", "parquet", "sqlite", "hugging-face", "moses", "tmx", "multi-tmx", "tei", "xces", "xlsx",
    "sketch-engine", "srt", "ass", "beads",
)  # fmt: skip
WORDS = ["house", "<tree>", "猫", "a\tb", "new\nline", "\x00", "lamp", "=1", ""]


def make_pairs(n_pairs: int, languages: Sequence[tuple[str, str]], seed: int = 0) -> list[AlignedPair]:
    """Return pairs of which many beads repeat texts; every third has the source of the one before."""
    chance = random.Random(seed)
    pairs: list[AlignedPair] = []
    for number in range(n_pairs):
        size = chance.randrange(5)
        source = [chance.choice(WORDS) for _ in range(size)]
        if number % 3 == 2:
            source = [sentence.text for sentence in pairs[-1].source]
        target = [chance.choice(WORDS) for _ in source]
        scores = [chance.random() for _ in source]
        names = languages[number % len(languages)]
        pair = make_pair(source, target, scores=scores, pair_id=f"p{number:03}", languages=names)
        pairs.append(with_times(pair) if number % 4 else pair)
    return pairs


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def write_in_parts(
    pairs: Sequence[AlignedPair], cuts: Sequence[int], config: ExportConfig, folder: Path
) -> Counter[str]:
    languages = frozenset((pair.source_language, pair.target_language) for pair in pairs)
    parts = [pairs[start:stop] for start, stop in zip([0, *cuts], [*cuts, len(pairs)], strict=True)]
    with exporting(config, languages, folder) as (plan, counts):
        if config.drop_duplicates:
            for number, part in enumerate(parts):
                list_digests(plan, number, part)
            find_repeated([plan.digests(number) for number in range(len(parts))])
        for number in random.Random(len(cuts)).sample(range(len(parts)), len(parts)):  # in whatever order
            counts.update(write_part(plan, number, parts[number]))
        join_folders(plan, len(parts))
        for file in plan.joined_files:
            counts.update(join_file(plan, len(parts), file))
    return counts


ONE, SEVERAL = [("en", "de")], [("en", "de"), ("en", "zh"), ("fr", "de")]


@pytest.mark.parametrize("languages", [ONE, SEVERAL], ids=["one language pair", "several"])
@pytest.mark.parametrize("options", [{}, {"drop_duplicates": True}, {"one_file_per": "document-pair"}], ids=str)
def test_files_are_the_same_wherever_the_corpus_is_cut(
    options: dict[str, object], languages: list[tuple[str, str]], tmp_path: Path
) -> None:
    config = ExportConfig(formats=EVERY_FORMAT, **options)  # type: ignore[arg-type]
    pairs = make_pairs(40, languages)
    whole = write_exports(pairs, config, tmp_path / "whole", language_pairs=languages)
    expected = contents(tmp_path / "whole")
    assert len(expected) > 40
    for cuts in ([1], [0, 0, 20, 40], list(range(1, 40)), [13, 26]):
        assert write_in_parts(pairs, cuts, config, tmp_path / str(len(cuts))) == whole
        assert contents(tmp_path / str(len(cuts))) == expected


def test_duplicates_are_found_over_all_parts_in_several_rounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = make_pairs(60, ONE)
    config = ExportConfig(formats=("tsv",), drop_duplicates=True)
    counts = write_exports(pairs, config, tmp_path / "whole", language_pairs=ONE)
    assert 20 < counts["duplicates_left_out"] < counts["beads"]
    monkeypatch.setattr("pipeline.exports.duplicates.DIGESTS_AT_ONCE", 7)
    assert write_in_parts(pairs, [10, 30, 50], config, tmp_path / "parts") == counts
    assert contents(tmp_path / "parts") == contents(tmp_path / "whole")


def test_each_language_pair_has_its_file_and_each_document_pair_if_asked(tmp_path: Path) -> None:
    pairs = make_pairs(3, SEVERAL)
    config = ExportConfig(formats=("tsv", "jsonl", "parquet", "tmx", "xlsx", "tei", "multi-tmx"))
    write_exports(pairs, config, tmp_path, language_pairs=SEVERAL)
    endings = ("jsonl", "parquet", "tmx", "tsv", "xlsx")
    by_languages = [f"bitext.{name}.{ending}" for name in ("en-de", "en-zh", "fr-de") for ending in endings]
    assert sorted(contents(tmp_path)) == sorted([*by_languages, "bitext.multi.tmx", "bitext.tei.xml"])
    own = config.model_copy(update={"one_file_per": "document-pair", "formats": ("tmx", "moses", "beads", "tsv")})
    write_exports(pairs[:1], own, tmp_path, language_pairs=ONE)
    names = ["pairs/p000.moses.de", "pairs/p000.moses.en", "pairs/p000.tmx", "pairs/p000.tsv", "beads/p000.beads.txt"]
    assert sorted(contents(tmp_path)) == sorted(names), "what is no longer asked for is gone"
    write_exports(pairs[:1], ExportConfig(formats=("tsv",)), tmp_path, language_pairs=ONE)
    assert sorted(contents(tmp_path)) == ["bitext.tsv"]


def test_two_pairs_of_one_name_in_different_parts_are_an_error(tmp_path: Path) -> None:
    pairs = [make_pair(["a"], ["b"]), make_pair(["c"], ["d"])]
    with pytest.raises(ConfigError, match=r"beads/story\.beads\.txt is another pair's already"):
        write_in_parts(pairs, [1], ExportConfig(formats=("beads",)), tmp_path)
    assert contents(tmp_path) == {}


# ---- what the report needs adds up


def test_summaries_add_up_in_the_order_of_the_corpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stages.report.summary.MAX_LISTED", 5)
    pairs = make_pairs(30, SEVERAL) + make_pairs(30, SEVERAL)  # every quality comes twice
    whole, total = CorpusSummary(), CorpusSummary()
    for start in range(0, len(pairs), 7):
        part = CorpusSummary()
        for pair in pairs[start : start + 7]:
            whole.add(pair)
            part.add(pair)
        total.add_all(part)
    assert total.as_dict() == whole.as_dict()
    assert total.most_doubtful() == whole.most_doubtful()
    assert np.array_equal(total.similarities.counts, whole.similarities.counts)


def test_the_encoder_check_adds_up() -> None:
    chance = random.Random(0)
    facts = [{"separation": chance.uniform(3, 5), "anchor_similarity": chance.random()} for _ in range(100)]
    for n_facts in (99, 100):
        whole, total = EncoderCheck(), EncoderCheck()
        for start in range(0, n_facts, 7):
            part = EncoderCheck()
            for one in facts[start : min(start + 7, n_facts)]:
                whole.add(one)
                part.add(one)
            total.add_all(part)
        verdict = total.verdict()
        assert verdict == whole.verdict()
        assert verdict is not None
        assert verdict.n_pairs == n_facts
        assert verdict.separation == pytest.approx(np.median([one["separation"] for one in facts[:n_facts]]), abs=1e-3)


# ---- from the store


@pytest.fixture(scope="module")
def aligned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a corpus of six pairs, aligned: its config, its store and its exports, made as one part."""
    folder = tmp_path_factory.mktemp("aligned")
    write_corpus(
        folder, n_pairs=6, config=CONFIG.replace('"beads"]', '"beads", "xlsx", "tei"]\ndrop_duplicates = true')
    )
    export_from(folder / "run.toml", folder / "out", InlineBackend(folder / "store", 2))
    return folder


def export_from(config: Path, out: Path, backend: LocalBackend) -> Run:
    run = Run(load_config(config), out=out)
    return Flow(run, backend, Progress(Console(quiet=True))).carry_out()


def test_workers_side_by_side_write_what_one_process_writes(
    aligned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LocalBackend, "min_shard_chars", 1)
    monkeypatch.setattr("pipeline.tasks.export.PART_PAIRS", 2)
    config = (aligned / "run.toml").read_text() + "\n[compute]\nshard_chars = 400\n"
    (aligned / "cut.toml").write_text(config.replace("[corpus]", 'name = "run"\n[corpus]'))
    run = export_from(aligned / "cut.toml", tmp_path, LocalBackend(aligned / "store", 2))
    assert len(cut_parts(run.manifest.shards)) > 1
    assert read_exports(tmp_path) == read_exports(aligned / "out")
    assert run.exported is not None
    assert run.exported.n_pairs == 6
    assert run.exported.summary["pairs"] == 6


def test_a_worker_that_dies_is_tried_once_more_and_then_named(aligned: Path, tmp_path: Path) -> None:
    backend, config = LocalBackend(aligned / "store", 2), load_config(aligned / "run.toml")
    mark = tmp_path / "died"
    assert list(backend.spread(config, die_once, [(mark, 1), (tmp_path / "x", 0)])) == [1, 0]
    with pytest.raises(StoreError, match=r"a worker died with exit code 9 .*, twice; run again"):
        list(backend.spread(config, die, [(), ()]))


def test_few_answers_wait_in_memory(aligned: Path, tmp_path: Path) -> None:
    """A part of an export answers with a thousand doubtful pairs: those of all parts are as large as a corpus."""
    backend, config = LocalBackend(aligned / "store", 2), load_config(aligned / "run.toml")
    n_calls = 40
    answers = backend.spread(config, leave_mark, [(tmp_path / str(number), number) for number in range(n_calls)])
    for n_taken in (1, 2, 10):
        while next(answers) < n_taken - 1:
            pass
        time.sleep(0.5)
        assert n_taken <= len(list(tmp_path.iterdir())) <= n_taken + 4
    assert list(answers) == list(range(10, n_calls))


def leave_mark(_: object, mark: Path, answer: int) -> int:
    mark.touch()
    return answer


def die_once(_: object, mark: Path, answer: int) -> int:
    import os

    if answer and not mark.exists():
        mark.touch()
        os._exit(9)
    return answer


def die(_: object) -> None:
    import os

    os._exit(9)
