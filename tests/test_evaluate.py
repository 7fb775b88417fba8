"""Strict and lax scores as Vecalign defines them, by hand, by a second implementation and by their properties."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pytest
from export_pairs import any_pair
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import ConfigError, MissingError
from pipeline.evaluate.evaluation import evaluate_files, find_gold, read_beads, read_gold
from stages.bead_lines import BeadPositions, parse_beads, parse_gold, positions_of
from stages.data import AlignedPair, Beads
from stages.evaluate.scores import Evaluation, evaluate, sum_evaluations, summarize
from stages.evaluate.table import render_table
from stages.export.render import render

GOLD = ["[0]:[0]", "[1, 2]:[1]", "[3]:[]", "[4]:[2, 3]", "[]:[4]"]


def links(*lines: str) -> list[BeadPositions]:
    return parse_beads(lines)


# --- reading beads ---


def test_beads_are_read_with_and_without_scores_and_spaces():
    read = links("[0, 1]:[0]", "[2,3]:[1]:0.7312", " [4] : [ ] : -1e-3 ", "", "[]:[7, 5]:nan", "[]:[]")
    assert read == [
        BeadPositions((0, 1), (0,)),
        BeadPositions((2, 3), (1,)),
        BeadPositions((4,), ()),
        BeadPositions((), (7, 5)),
        BeadPositions((), ()),
    ]


def test_a_byte_order_mark_and_windows_newlines_are_no_problem(tmp_path: Path):
    (tmp_path / "x.txt").write_bytes(b"\xef\xbb\xbf[0]:[0]\r\n[1]:[1]\r\n")
    assert read_beads(tmp_path / "x.txt") == [BeadPositions((0,), (0,)), BeadPositions((1,), (1,))]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("0:0", "'0:0' is not a bead; one looks like [0, 1]:[0] or [0, 1]:[0]:0.7312"),
        ("[0]:[0", "'[0]:[0' is not a bead; "),
        ("[0] [0]", "'[0] [0]' is not a bead; "),
        ("[0]:[0]:good", "'[0]:[0]:good' is not a bead; "),
        ("[[0]]:[0]", "'[[0]]:[0]' is not a bead; "),
        ("[0]:[-1]", "-1 is not a position; they count from 0"),
        ("[0, 1.5]:[0]", "'1.5' is not a position; positions are whole numbers, separated by commas"),
        ("[0,]:[0]", "'' is not a position; "),
        ("[0 1]:[0]", "'0 1' is not a position; "),
        ("[²]:[0]", "'²' is not a position; "),
        ("[9999999999]:[0]", "'9999999999' is not a position; "),
        ("[0]:[4, 2, 4]", "position 4 stands twice in '[4, 2, 4]'"),
        ("[0]:[" + "7" * 99 + "]", "7777...' is not a position; "),
    ],
)
def test_a_bad_line_is_an_error_with_its_number(line: str, message: str):
    with pytest.raises(ValueError) as error:
        links("[0]:[0]", "", line)
    assert str(error.value).startswith("line 3: ")
    assert message in str(error.value)


def test_every_bad_line_is_named_up_to_a_limit():
    with pytest.raises(ValueError) as error:
        parse_beads(["x"] * 25)
    lines = str(error.value).splitlines()
    assert (len(lines), lines[19][:8], lines[20]) == (21, "line 20:", "and 5 more")


@given(any_pair())
def test_what_is_exported_is_read_back_as_the_same_links(pair: AlignedPair):
    read = parse_beads(render(pair, "beads").splitlines())
    assert read == positions_of(pair.beads)


def test_gold_that_points_outside_the_document_is_refused_by_line():
    gold = ["[0]:[0]", "", "[1, 5]:[1]", "[2]:[9]"]
    assert parse_gold(gold, n_source=6, n_target=10) == parse_beads(gold)
    with pytest.raises(ValueError) as error:
        parse_gold(gold, n_source=5, n_target=9)
    assert str(error.value).splitlines() == [
        "line 3: source 5 is outside the document, whose 5 sentences count from 0",
        "line 4: target 9 is outside the document, whose 9 sentences count from 0",
    ]


# --- scores by hand ---


def test_a_perfect_alignment_scores_one():
    result = evaluate(links(*GOLD), links(*GOLD))
    assert result == Evaluation(5, 5, 5, 3, 3, 3)
    assert result.strict == result.lax == (1, 1, 1)


def test_scores_of_a_small_alignment_computed_by_hand():
    # [0]:[0] is the same; [1]:[1] overlaps; [2]:[] is no null in gold; [3]:[] is one; [4]:[2] overlaps;
    # []:[3] is none in gold; []:[4] is one. Of three full gold beads one is found, and two more are touched.
    predicted = links("[0]:[0]", "[1]:[1]", "[2]:[]", "[3]:[]", "[4]:[2]", "[]:[3]", "[]:[4]")
    result = evaluate(predicted, links(*GOLD))
    assert result == Evaluation(7, 3, 5, 3, 1, 3)
    assert result.strict == pytest.approx((3 / 7, 1 / 3, 3 / 8))
    assert result.lax == pytest.approx((5 / 7, 1, 5 / 6))


def test_lax_wants_both_sides_in_one_gold_bead():
    gold = links("[0]:[0]", "[1]:[1]")
    assert evaluate(links("[0]:[1]"), gold).lax == (0, 0, 0)
    assert evaluate(links("[0, 1]:[1, 2]"), gold).predicted_lax == 1


def test_a_null_bead_is_right_only_if_gold_has_the_very_same():
    gold = links("[0]:[0]", "[1, 2]:[]")
    one_each = evaluate(links("[0]:[0]", "[1]:[]", "[2]:[]"), gold)
    assert (one_each.predicted, one_each.predicted_strict, one_each.predicted_lax) == (3, 1, 1)
    assert one_each.strict.recall == 1, "recall asks only for beads with both sides"
    assert evaluate(links("[0]:[0]", "[1, 2]:[]"), gold).strict.precision == 1


def test_a_null_in_gold_is_not_recalled_and_an_unpredicted_one_costs_nothing():
    assert evaluate(links("[0]:[0]"), links("[0]:[0]", "[1]:[]")).strict == (1, 1, 1)


def test_beads_that_stand_twice_count_once_and_empty_ones_not_at_all():
    assert evaluate(links("[0]:[0]", "[0]:[0]", "[]:[]"), links("[0]:[0]", "[]:[]")) == Evaluation(1, 1, 1, 1, 1, 1)


def test_discontinuous_gold_is_compared_as_it_stands():
    gold = links("[3, 5]:[2]", "[4]:[3]")
    assert evaluate(links("[3, 4, 5]:[2, 3]"), gold) == Evaluation(1, 0, 1, 2, 0, 2)


def test_nothing_against_nothing_scores_zero():
    assert evaluate([], []).strict == evaluate([], links("[0]:[0]")).lax == (0, 0, 0)


def test_counts_are_summed_before_they_are_divided():
    good = evaluate(links(*GOLD), links(*GOLD))
    bad = evaluate(links("[0]:[1]"), links("[0]:[0]"))
    total = sum_evaluations([good, bad])
    assert total == Evaluation(6, 5, 5, 4, 3, 3)
    assert total.strict.precision == 5 / 6


# --- a second implementation, and properties ---


def naive(predicted: list[BeadPositions], gold: list[BeadPositions]) -> Evaluation:
    """Compare every bead with every other, word for word from the definition."""

    def distinct(beads: list[BeadPositions]) -> list[tuple]:
        return list(dict.fromkeys(bead[:2] for bead in beads if bead[0] or bead[1]))

    def agree(bead: tuple, others: list[tuple]) -> tuple[bool, bool]:
        overlaps = [
            any(a == b for a, b in product(bead[0], other[0])) and any(a == b for a, b in product(bead[1], other[1]))
            for other in others
        ]
        return bead in others, bead in others or any(overlaps)

    def count(beads: list[tuple], others: list[tuple]) -> tuple[int, int, int]:
        results = [agree(bead, others) for bead in beads]
        return len(beads), sum(strict for strict, _ in results), sum(lax for _, lax in results)

    def full(beads: list[tuple]) -> list[tuple]:
        return [bead for bead in beads if bead[0] and bead[1]]

    ours, theirs = distinct(predicted), distinct(gold)
    return Evaluation(*count(ours, theirs), *count(full(theirs), full(ours)))


positions = st.lists(st.integers(0, 6), max_size=3, unique=True).map(tuple)
any_links = st.lists(st.builds(BeadPositions, positions, positions), max_size=8)


def swap(beads: list[BeadPositions]) -> list[BeadPositions]:
    return [BeadPositions(bead.target, bead.source) for bead in beads]


@given(any_links, any_links)
def test_scores_equal_those_of_the_naive_twin(predicted: list[BeadPositions], gold: list[BeadPositions]):
    assert evaluate(predicted, gold) == naive(predicted, gold)


@given(any_links, any_links)
def test_scores_have_the_properties_of_scores(predicted: list[BeadPositions], gold: list[BeadPositions]):
    result = evaluate(predicted, gold)
    assert evaluate(swap(predicted), swap(gold)) == result
    assert evaluate(predicted[::-1], gold[::-1]) == result
    assert all(0 <= strict <= lax <= 1 for strict, lax in zip(result.strict, result.lax, strict=True))
    for precision, recall, f1 in (result.strict, result.lax):
        assert f1 == pytest.approx(2 * precision * recall / (precision + recall) if precision + recall else 0)
    itself = evaluate(gold, gold)
    assert itself.gold_strict == itself.gold_lax == itself.gold
    assert itself.predicted_strict == itself.predicted


# --- files ---


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Beads of three pairs and gold for two, one of them named as its pair is."""
    beads, gold = tmp_path / "beads", tmp_path / "gold"
    beads.mkdir()
    gold.mkdir()
    for name in ("one", "two%20b", "three"):
        (beads / f"{name}.beads.txt").write_text("[0]:[0]:0.5000\n[1]:[]:0.0000\n[]:[1]:0.0000\n")
    (gold / "one.gold.txt").write_text("[0]:[0]\n[1]:[1]\n")
    (gold / "two b.gold.txt").write_text("[0]:[0]\n[1]:[]\n[]:[1]\n")
    return beads, gold


def test_folders_are_matched_by_name(folders: tuple[Path, Path]):
    result = evaluate_files(*folders)
    assert result.documents == {"one": Evaluation(3, 1, 1, 2, 1, 1), "two b": Evaluation(3, 3, 3, 1, 1, 1)}
    assert (result.total.strict.precision, result.unjudged) == (4 / 6, 1)


def test_two_files_are_compared_whatever_their_names(folders: tuple[Path, Path]):
    beads, gold = folders
    result = evaluate_files(beads / "three.beads.txt", gold / "two b.gold.txt")
    assert result.documents == {"two b": Evaluation(3, 3, 3, 1, 1, 1)}


def test_gold_is_found_by_file_name_and_by_pair_id(folders: tuple[Path, Path]):
    gold = folders[1]
    assert find_gold(gold, "one") == gold / "one.gold.txt"
    assert find_gold(gold, "two b") == gold / "two b.gold.txt"
    (gold / "two%20b.gold.txt").write_text("")
    assert find_gold(gold, "two b") == gold / "two%20b.gold.txt"
    assert find_gold(gold, "three") is None
    assert find_gold(gold, "../gold/one") is None


def test_gold_without_beads_is_an_error_that_names_it(folders: tuple[Path, Path]):
    beads, gold = folders
    (gold / "four.gold.txt").write_text("[0]:[0]\n")
    with pytest.raises(MissingError, match=r"has no beads for 1 of 3 gold files: four\.gold\.txt; <pair_id>"):
        evaluate_files(beads, gold)


def test_files_that_are_not_there_are_errors_that_name_them(folders: tuple[Path, Path]):
    beads, gold = folders
    with pytest.raises(MissingError, match=r"no\.txt can't be read: No such file"):
        evaluate_files(beads / "no.txt", gold / "one.gold.txt")
    with pytest.raises(MissingError, match="beads holds no gold; expected files <pair_id>"):
        evaluate_files(beads, beads)
    with pytest.raises(ConfigError, match="must be two files or two folders"):
        evaluate_files(beads, gold / "one.gold.txt")


def test_bad_files_are_errors_with_file_and_line(folders: tuple[Path, Path]):
    beads, gold = folders
    (gold / "one.gold.txt").write_text("[0]:[0]\nnonsense\n[1]:[1, 1]\n")
    with pytest.raises(ConfigError) as error:
        evaluate_files(beads, gold)
    head, *problems = str(error.value).splitlines()
    assert head == f"{gold / 'one.gold.txt'} has 2 problems:"
    assert [problem[:9] for problem in problems] == ["  line 2:", "  line 3:"]
    (gold / "one.gold.txt").write_bytes(b"[0]:[0]\n\xff")
    with pytest.raises(ConfigError, match=r"one\.gold\.txt is not UTF-8 at byte 8"):
        evaluate_files(beads, gold)


def test_gold_outside_the_document_is_refused_where_the_beads_tell_its_size(folders: tuple[Path, Path]):
    beads, gold = folders
    (gold / "one.gold.txt").write_text("[0]:[0]\n[1]:[2]\n")
    with pytest.raises(ConfigError, match=r"one\.gold\.txt has a problem:\n  line 2: target 2 is outside the document"):
        evaluate_files(beads, gold)
    (beads / "one.beads.txt").write_text("[0]:[0]\n[1]:[3]\n")  # another program's, without its nulls
    assert evaluate_files(beads, gold).documents["one"] == Evaluation(2, 1, 1, 2, 1, 1)
    with pytest.raises(ConfigError, match="line 2: target 2 is outside"):
        read_gold(gold / "one.gold.txt", n_source=2, n_target=2)


def test_all_gold_at_hand_is_read_and_lies_within_its_documents(shared: Path):
    paths = sorted((shared / "gold").glob("*/*.gold.txt"))
    assert len(paths) == 28
    for path in paths:
        stem = path.name.removesuffix(".gold.txt")
        sizes = [path.with_name(f"{stem}.{side}.txt").read_bytes().count(b"\n") for side in ("source", "target")]
        gold = read_gold(path, *sizes)
        full = [link for link in gold if link.source and link.target]
        assert evaluate(gold, gold) == Evaluation(*[len({link[:2] for link in gold})] * 3, *[len(full)] * 3)


# --- what people and programs read ---


def test_the_table_has_a_line_for_each_document_and_one_over_all():
    documents = {"战争": Evaluation(8, 6, 7, 7, 5, 7), "b": Evaluation(2, 2, 2, 2, 2, 2)}
    assert render_table(documents) == (
        "------- strict -------  --------- lax --------\n"
        "    P       R      F1       P       R      F1   beads    gold  document\n"
        "  0.750   0.714   0.732   0.875   1.000   0.933       8       7  战争\n"
        "  1.000   1.000   1.000   1.000   1.000   1.000       2       2  b\n"
        "  0.800   0.778   0.789   0.900   1.000   0.947      10       9  all (2)\n"
    )
    assert len(render_table({"b": documents["b"]}).splitlines()) == 3


def test_the_summary_has_the_keys_that_scripts_read():
    summary = summarize({"a": Evaluation(8, 6, 7, 7, 5, 7), "b": Evaluation(2, 2, 2, 2, 2, 2)})
    assert list(summary) == ["strict", "lax", "counts", "documents"]
    assert summary["strict"] == {"precision": 0.8, "recall": 7 / 9, "f1": pytest.approx(0.7887, abs=1e-4)}
    assert summary["documents"]["a"]["lax"]["recall"] == 1
    assert summary["counts"]["predicted"] == 10
    assert summary["documents"]["b"]["counts"]["gold_lax"] == 2


def test_a_null_bead_of_several_sentences_becomes_links_of_one_each():
    i32, f32 = np.int32, np.float32
    beads = Beads(
        np.array([0, 2], i32), np.array([2, 3], i32), np.array([0, 0], i32), np.array([0, 2], i32),
        np.zeros(2, f32), np.zeros(2, f32), np.ones(2, f32),
    )  # fmt: skip
    assert positions_of(beads) == [BeadPositions((0,), ()), BeadPositions((1,), ()), BeadPositions((2,), (0, 1))]
