"""Corrections: the file that people edit, and what runs, exports and evaluations make of it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from in_memory import read_all
from small_corpus import bitext, read_exports, run_inline, write_corpus

from pipeline.config.run_config import load_config
from pipeline.errors import ChangedMeanwhile, ConfigError
from pipeline.flow.run import Run
from pipeline.progress import Progress
from pipeline.review.corrections import SUFFIX, corrections_path, read_reviews, version_of, write_corrections
from pipeline.store.run_store import RunStore
from pipeline.store.store import Store
from stages.bead_lines import BeadPositions
from stages.corrections import (
    Corrections,
    Review,
    describe_text,
    judged_beads,
    make_bead_span,
    make_corrections,
    make_review,
    parse_reviews,
    place_reviews,
    render_reviews,
    reviewed_runs,
)
from stages.data import Sentence

SOURCE = ["It rained.", "We left # early.", "Nobody saw us.", "", "The end."]
TARGET = ["Es regnete.", "Wir gingen früh.", "Niemand sah uns.", "Ende."]
TEXTS = describe_text(SOURCE), describe_text(TARGET)


def corrections(good: list[tuple[int, ...]], bad: list[tuple[int, ...]]) -> Corrections:
    return make_corrections([make_bead_span(*bead) for bead in good], [make_bead_span(*bead) for bead in bad], *TEXTS)


def review(good: list[tuple[int, ...]], bad: list[tuple[int, ...]]) -> Review:
    return make_review(
        [make_bead_span(*bead) for bead in good], [make_bead_span(*bead) for bead in bad], SOURCE, TARGET
    )


def test_what_corrections_are_known_by_stays_the_same() -> None:
    """Beads are stored by it: another digest has every corrected pair aligned again."""
    source, target = describe_text(["a"] * 5), describe_text(["b"] * 6)
    made = make_corrections([make_bead_span(0, 1, 0, 2)], [make_bead_span(3, 4, 3, 4)], source, target)
    assert made.digest == "306616d4ca6aecdf"


# ---- the file


def test_a_file_reads_like_this() -> None:
    text = render_reviews(review([(1, 3, 1, 2), (4, 5, 0, 0)], [(0, 1, 0, 1)]), head="Pair 1")
    assert text.splitlines() == [
        "# Pair 1",
        "# A line is a bead, good or bad, and a digest of each of its sentences (* where there are several such).",
        "# By the digests they are found again when a document changes; leave them out of lines of your own.",
        "# Sentences count from 0. What stands after # is for people.",
        "source: 5 sentences, 6d7d94d1c0f8d0fc",
        "target: 4 sentences, 219e7841f40e4de6",
        "",
        "[0]:[0]  bad  cf534d19 ed4631a5  # It rained. | Es regnete.",
        "[1, 2]:[1]  good  f1aaf5ab 482bf7ff b0a80fdb  # We left # early. Nobody saw us. | Wir gingen früh.",
        "[4]:[]  good  f8ae3672  # The end. |",
    ]


def span(start: int, size: int, target_start: int, target_size: int) -> tuple[int, ...]:
    return start, min(start + size, len(SOURCE)), target_start, min(target_start + target_size, len(TARGET))


small = st.integers(0, 2)
spans = st.builds(span, st.integers(0, 4), small, st.integers(0, 3), small).filter(lambda b: b[0] < b[1] or b[2] < b[3])


@given(st.lists(spans, max_size=3), st.lists(spans, max_size=3))
def test_a_file_says_what_it_was_written_from(good: list[tuple[int, ...]], bad: list[tuple[int, ...]]) -> None:
    try:
        made = review(good, bad)
    except ValueError:
        return
    (read,) = parse_reviews(render_reviews(made)) if good or bad else (made,)
    assert read == made
    assert place_reviews([read], SOURCE, TARGET) == corrections(good, bad)


def test_a_file_edited_by_hand_may_have_any_order_and_spaces() -> None:
    edited = "\ufeff" + "\r\n".join([HEAD, "  [2]:[2]   good", "", "# my note", "[ 0 ] : [0]  bad#no"])
    assert place_reviews(parse_reviews(edited), SOURCE, TARGET) == corrections([(2, 3, 2, 3)], [(0, 1, 0, 1)])


HEAD = f"source: 5 sentences, {TEXTS[0].digest}\ntarget: 4 sentences, {TEXTS[1].digest}\n"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[0]:[0] good", "no line `source: … sentences, …` says which text it is about"),
        (HEAD + "[0]:[0]", "line 3: '[0]:[0]' is not a correction; one looks like [3, 4]:[5]  good, or ends with bad"),
        (HEAD + "[0]:[0] fine", "line 3: '[0]:[0] fine' is not a correction"),
        (HEAD + "[0, 2]:[0] good", "line 3: [0, 2] are not sentences that follow each other"),
        (HEAD + "[a]:[0] good", "line 3: 'a' is not a position; positions are whole numbers, separated by commas"),
        (HEAD + "[]:[] good", "line 3: a bead needs a sentence on one side at least"),
        (HEAD + "[7]:[0] good", "[7]:[0] is outside the documents, which have 5 and 4 sentences; they count from 0"),
        (HEAD + "[0]:[0] good\n[0, 1]:[1] good", "[0]:[0] and [0, 1]:[1] share a source sentence"),
        (HEAD + "[0]:[1] good\n[1]:[0] good", "[0]:[1] and [1]:[0] cross"),
        (HEAD + "[0]:[0] good\n[0]:[0] bad", "[0]:[0] is good and bad"),
        (HEAD + "[0]:[0] good 0a1b2c3d", "line 3: [0]:[0] has 2 sentences and 1 digests; where you have changed the"),
        (HEAD + "[0]:[0] good 0a1b", "line 3: '[0]:[0] good 0a1b' is not a correction"),
        (
            HEAD + "[0]:[0] good\n" + HEAD + "[0]:[0] good\n[0]:[1] good",
            "below line 4: [0]:[0] and [0]:[1] share a source",
        ),
        (HEAD.replace("target", "source"), "line 2: `source:` stands here twice: keep the line that what is below was"),
        (HEAD + "source: 9 sentences, 0123456789abcdef\n[0]:[0] good", "no line `target: … sentences, …` says"),
        (
            HEAD + "<<<<<<< HEAD",
            "line 3: '<<<<<<< HEAD' was left by a merge: keep the lines that are right, below",
        ),
        (HEAD + "[0]:[0] good\n" + HEAD.partition("\n")[0] + "\n[0]:[0] good", "no line `target: … sentences, …` says"),
    ],
)
def test_what_is_wrong_with_a_file_is_named(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "a.corrections.txt"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        read_reviews(path)
    assert str(path) in str(caught.value)
    assert problem in str(caught.value)


def test_a_file_that_changed_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.corrections.txt"
    first = write_corrections(path, "one\n", version_of(""))
    path.write_text("by hand\n", encoding="utf-8")
    with pytest.raises(ChangedMeanwhile, match="changed by another program"):
        write_corrections(path, "two\n", first)
    assert path.read_text(encoding="utf-8") == "by hand\n"
    assert write_corrections(path, "", version_of("by hand\n")) == version_of("")
    assert not path.exists()


def test_sentences_that_are_cut_differently_are_other_sentences() -> None:
    assert describe_text(["ab", "c"]) != describe_text(["a", "bc"])
    assert describe_text(["a\udc80"]).n_sentences == 1


def test_only_judged_beads_count_as_gold() -> None:
    judged, gold = judged_beads(
        corrections([(1, 3, 1, 2), (4, 5, 0, 0)], [(0, 1, 0, 1)]),
        [
            BeadPositions((0,), (0,)),
            BeadPositions((1,), (1,)),
            BeadPositions((2,), ()),
            BeadPositions((3,), (3,)),
            BeadPositions((4,), ()),
        ],
    )
    assert judged == [
        BeadPositions((0,), (0,)),
        BeadPositions((1,), (1,)),
        BeadPositions((2,), ()),
        BeadPositions((4,), ()),
    ]
    assert gold == [BeadPositions((1, 2), (1,)), BeadPositions((4,), ())]


def test_only_runs_of_good_beads_are_gold_to_learn_from() -> None:
    links = reviewed_runs(corrections([(0, 1, 0, 1), (1, 2, 1, 2), (2, 3, 0, 0), (4, 5, 3, 4)], [(2, 3, 2, 3)]), 2)
    assert links == [
        BeadPositions((0,), (0,)),
        BeadPositions((1,), (1,)),
    ]  # nothing was said of [3] and [2]; a null bead ends no run
    null = [(0, 1, 0, 1), (1, 2, 0, 0), (2, 3, 1, 2), (0, 0, 2, 3), (3, 5, 3, 4)]
    links = reviewed_runs(corrections(null, []), 3)
    assert sorted(links) == [
        BeadPositions((), (2,)),
        BeadPositions((0,), (0,)),
        BeadPositions((1,), ()),
        BeadPositions((2,), (1,)),
        BeadPositions((3, 4), (3,)),
    ]
    assert reviewed_runs(corrections(null, []), 4) == []


# ---- what a run makes of it


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two pairs."""
    folder = tmp_path_factory.mktemp("done")
    write_corpus(folder, n_pairs=2, n_sentences=6)
    assert run(folder).exit_status == 0
    return folder


def run(folder: Path) -> Run:
    return run_inline(folder / "run.toml", folder / "store", folder / "out", Progress())


def read_beads(folder: Path, pair_id: str) -> list[str]:
    lines = (folder / "out" / "beads" / f"{pair_id}.beads.txt").read_text().splitlines()
    return [line.rpartition(":")[0] for line in lines]


def decide(folder: Path, pair_id: str, good: list[str], bad: Sequence[str] = (), change: str = "") -> Path:
    """Write corrections as a person would by hand, under the texts that the run has split."""
    pair = read_one(folder, pair_id)
    source, target = (describe_text([*(one.text for one in side), *([change] if change else [])]) for side in pair)
    lines = [f"{side}: {text.n_sentences} sentences, {text.digest}" for side, text in
             (("source", source), ("target", target))]  # fmt: skip
    lines += [f"{bead}  good" for bead in good] + [f"{bead}  bad" for bead in bad]
    path = corrections_path(folder / "run.corrections", pair_id)
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def read_one(folder: Path, pair_id: str) -> tuple[Sequence[Sentence], Sequence[Sentence]]:
    config, store = load_config(folder / "run.toml"), Store(folder / "store")
    (pair,) = (RunStore(store, config).read_pair(pair) for pair in read_all(config)[1].pairs if pair.pair_id == pair_id)
    return pair.source, pair.target


@pytest.fixture
def corrected(done: Path, tmp_path: Path) -> Path:
    """The run with a 1-2 bead for its first pair, and a bad bead, which the aligner has not been told of yet."""
    folder = Path(shutil.copytree(done, tmp_path / "corrected"))
    decide(folder, PAIR, good=["[2]:[2, 3]", "[3]:[]"], bad=["[5]:[5]"])
    return folder


PAIR, OTHER = "00.en-de", "01.en-de"


def test_an_export_holds_what_was_decided_before_any_run(corrected: Path) -> None:
    result = bitext("export", "--config", corrected / "run.toml", "--store", corrected / "store",
                    "--format", "beads", "-o", corrected / "out")  # fmt: skip
    assert result.exit_code == 0
    assert "2 good beads, 1 bad bead" in result.output
    beads = read_beads(corrected, PAIR)
    assert {"[2]:[2, 3]", "[3]:[]", "[5]:[]", "[]:[5]"} <= set(beads)
    assert "[5]:[5]" not in beads


def test_a_run_aligns_the_rest_around_it_and_does_nothing_else_again(corrected: Path, done: Path) -> None:
    aligned = run(corrected)
    assert aligned.records["align"].counts == {"corrected_pairs": 1, "provisional_pairs": 0}
    assert not {"split", "encode", "request"} & aligned.records.keys()
    assert aligned.exported is not None
    assert (aligned.exported.counts["good_beads"], aligned.exported.counts["bad_beads"]) == (2, 1)
    beads = read_beads(corrected, PAIR)
    assert {"[2]:[2, 3]", "[3]:[]", "[0]:[0]", "[1]:[1]"} <= set(beads)
    assert "[5]:[5]" not in beads
    assert read_beads(corrected, OTHER) == read_beads(done, OTHER)
    again = run(corrected)
    assert "align" not in again.records
    assert read_beads(corrected, PAIR) == beads


def test_a_run_with_another_config_keeps_what_was_decided(corrected: Path) -> None:
    config = corrected / "run.toml"
    config.write_text(config.read_text().replace("max_bead = 3", "max_bead = 2"), encoding="utf-8")
    assert run(corrected).exit_status == 0
    assert "[2]:[2, 3]" in read_beads(corrected, PAIR)  # though the aligner may join no three sentences


def test_without_corrections_a_run_is_what_it_was(corrected: Path, done: Path) -> None:
    run(corrected)
    assert read_beads(corrected, PAIR) != read_beads(done, PAIR)
    shutil.rmtree(corrected / "run.corrections")
    assert "align" not in run(corrected).records
    assert read_exports(corrected / "out") == read_exports(done / "out")


def test_lines_without_digests_are_set_aside_and_told_of_where_the_sentences_are_others(
    corrected: Path, done: Path
) -> None:
    path = decide(corrected, PAIR, good=["[2]:[2, 3]", "[3]:[]"], change="A sentence that is gone.")
    text = path.read_text(encoding="utf-8")
    unknown = "it has no digests to find its sentences by"
    aligned = run(corrected)
    assert aligned.notes[-1] == (
        f"2 corrections set aside, and kept on file: {PAIR} [2]:[2, 3] good ({unknown}), [3]:[] good ({unknown})"
    )
    assert aligned.exported is not None
    assert aligned.exported.counts["set_aside_corrections"] == 2
    assert "align" not in aligned.records  # they say nothing
    assert path.read_text(encoding="utf-8") == text
    assert read_beads(corrected, PAIR) == read_beads(done, PAIR)


@pytest.fixture
def reviewed(done: Path, tmp_path: Path) -> Path:
    """The run with the same corrections, in a file as a review leaves it."""
    folder = Path(shutil.copytree(done, tmp_path / "reviewed"))
    source, target = ([sentence.text for sentence in side] for side in read_one(folder, PAIR))
    good, bad = [make_bead_span(2, 3, 2, 4), make_bead_span(3, 4, 0, 0)], [make_bead_span(5, 6, 5, 6)]
    path = corrections_path(folder / "run.corrections", PAIR)
    path.parent.mkdir()
    path.write_text(render_reviews(make_review(good, bad, source, target)), encoding="utf-8")
    return folder


def change(folder: Path, before: str, after: str) -> None:
    path = folder / "en" / "00.txt"
    path.write_text(path.read_text(encoding="utf-8").replace(before, after, 1), encoding="utf-8")


def test_corrections_hold_where_their_sentences_now_stand(reviewed: Path) -> None:
    change(reviewed, "0. ", "Somebody has put this in front. 0. ")
    aligned = run(reviewed)
    assert {"[3]:[2, 3]", "[4]:[]"} <= set(read_beads(reviewed, PAIR))
    assert "[6]:[5]" not in read_beads(reviewed, PAIR)
    assert aligned.notes[-1] == f"3 corrections found again in documents that have changed since: {PAIR}"
    beads = read_beads(reviewed, PAIR)
    decide(reviewed, PAIR, good=["[3]:[2, 3]", "[4]:[]"], bad=["[6]:[5]"])  # what they say now is what is stored
    assert "align" not in run(reviewed).records
    assert read_beads(reviewed, PAIR) == beads


def test_what_is_set_aside_is_named_wherever_a_run_is_told_of(reviewed: Path) -> None:
    change(reviewed, read_one(reviewed, PAIR)[0][2].text, "This is another sentence.")
    change(reviewed, "0. ", "Somebody has put this in front. 0. ")
    told = f"1 correction set aside, and kept on file: {PAIR} [2]:[2, 3] good (its sentences have changed or moved)"
    assert run(reviewed).notes[-1] == told
    assert "[4]:[]" in read_beads(reviewed, PAIR)
    place = ("--config", reviewed / "run.toml", "--store", reviewed / "store")
    outputs = [
        bitext("status", *place).output,
        bitext("export", *place, "--format", "beads", "-o", reviewed / "beads").output,
    ]
    command = bitext("run", *place, "--out", reviewed / "out", "--workers", "1")
    outputs += [" ".join(command.output.split()), (reviewed / "out" / "report.md").read_text(encoding="utf-8")]
    assert [told in output for output in outputs] == [True] * 4


def test_damaged_sentences_are_made_again_before_corrections_are_found_in_them(reviewed: Path) -> None:
    for path in (reviewed / "store" / "sentences").rglob("*.parquet"):
        data = bytearray(path.read_bytes())
        data[10 : len(data) // 2] = bytes(len(data) // 2 - 10)
        path.write_bytes(data)
    mended = run(reviewed)
    assert mended.set_aside
    assert mended.records["split"].counts["documents"] == 4
    assert {"[2]:[2, 3]", "[3]:[]"} <= set(read_beads(reviewed, PAIR))


def test_before_a_changed_document_is_split_status_tells_of_no_corrections(reviewed: Path) -> None:
    change(reviewed, "0. ", "Somebody has put this in front. 0. ")
    place = ("--config", reviewed / "run.toml", "--store", reviewed / "store")
    result = bitext("status", *place)
    assert result.exit_code == 0
    assert "corrections" not in result.output


def test_corrections_that_no_pair_reads_are_named(reviewed: Path) -> None:
    path = corrections_path(reviewed / "run.corrections", PAIR)
    stray = path.rename(path.with_name(f"old.en-de{SUFFIX}"))
    told = (
        f"corrections of no pair of this run in {reviewed / 'run.corrections'}: {stray.name}; "
        "if a pair has a new name, rename its file"
    )
    assert told in run(reviewed).notes
    place = ("--config", reviewed / "run.toml", "--store", reviewed / "store")
    assert told in bitext("status", *place).output
    assert told not in bitext("status", *place, "--limit", "1").output
    for command in ("eval", "fit"):
        result = bitext(command, *place, "--gold", reviewed / "run.corrections")
        assert result.exit_code == 1
        assert "holds no corrections of a pair of this run" in result.output
    stray.rename(path)
    (reviewed / "en" / "00.txt").write_bytes(b"\xff")  # a pair that can't be read is one all the same
    assert not any("of no pair" in note for note in run(reviewed).notes)


def test_align_has_no_corrections(done: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There may be a config of the same name where it is called."""
    (tmp_path / "align.corrections").mkdir()
    (tmp_path / "align.corrections" / f"00{SUFFIX}").write_text("nonsense", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    texts = done / "en" / "00.txt", done / "de" / "00.txt"
    result = bitext("align", *texts, "--store", done / "store", "--workers", "1", "-o", tmp_path / "beads.tsv")
    assert result.exit_code == 0
    assert "of no pair" not in result.output


def test_a_file_that_is_not_one_ends_the_run_before_it_begins(corrected: Path) -> None:
    path = decide(corrected, PAIR, good=["[2]:[2, 4]"])
    with pytest.raises(ConfigError) as caught:
        run(corrected)
    assert str(caught.value) == (f"{path} has a problem:\n  line 3: [2, 4] are not sentences that follow each other")


def test_eval_against_gold_tells_of_the_aligner_and_not_of_the_people_who_corrected_it(corrected: Path) -> None:
    gold, found = corrected / "gold", corrected / "out" / "beads" / f"{PAIR}.beads.txt"
    gold.mkdir()
    before = Path(shutil.copy(found, gold / f"{PAIR}.gold.txt"))
    run(corrected)
    assert found.read_text() != before.read_text()
    result = bitext("eval", "--config", corrected / "run.toml", "--store", corrected / "store",
                    "--gold", gold, "--json")  # fmt: skip
    assert json.loads(result.stdout)["strict"]["f1"] == 1


def test_eval_takes_corrections_as_gold_for_what_was_judged(corrected: Path) -> None:
    for _ in range(2):  # before the run that knows of them and after it: the aligner's own beads are what counts
        result = bitext("eval", "--config", corrected / "run.toml", "--store", corrected / "store",
                        "--gold", corrected / "run.corrections", "--json")  # fmt: skip
        assert result.exit_code == 0
        scores = json.loads(result.stdout)
        # judged are the aligner's [2]:[2], [3]:[3] and the bad [5]:[5]; the one link in gold is [2]:[2, 3]
        assert (scores["counts"]["predicted"], scores["counts"]["gold"]) == (3, 1)
        assert scores["counts"]["predicted_strict"] == scores["counts"]["gold_strict"] == 0
        assert list(scores["documents"]) == [PAIR]
        run(corrected)
