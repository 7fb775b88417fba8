"""The program that measures accuracy on gold, and what it counts."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import accuracy
import numpy as np
import pytest
from gold_pairs import read_lines

from stages.align.on_demand import RequestedOverlaps
from stages.bead_lines import BeadPositions, parse_beads
from stages.data import Overlaps
from stages.evaluate.paired import count_found_by_one, sign_test

N_LINES = 40


def shorten(gold: Path, stem: str, folder: Path) -> None:
    """Write the start of a gold document: the beads that lie in its first lines."""
    folder.mkdir(parents=True, exist_ok=True)
    kept = [link for link in parse_beads(read_lines(gold / f"{stem}.gold.txt")) if max(map(max_of, link[:2])) < N_LINES]
    for number, side in enumerate(("source", "target")):
        lines = read_lines(gold / f"{stem}.{side}.txt")[: max(max_of(link[number]) for link in kept) + 1]
        (folder / f"{stem}.{side}.txt").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    beads = "".join(f"{list(link.source)}:{list(link.target)}\n" for link in kept)
    (folder / f"{stem}.gold.txt").write_text(beads, encoding="utf-8")


def max_of(positions: tuple[int, ...]) -> int:
    return max(positions, default=-1)


@pytest.fixture(scope="module")
def rows(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> list[list[str]]:
    """What the program prints of the starts of three documents, two of them held out."""
    folder, capture = tmp_path_factory.mktemp("accuracy"), pytest.MonkeyPatch()
    for name, n_documents in (("mac-dev-zh-en", 2), ("textberg-dev-de-fr", 1)):
        gold = shared / "gold" / name
        for path in sorted(gold.glob("*.gold.txt"))[:n_documents]:
            shorten(gold, path.name.removesuffix(".gold.txt"), folder / "gold" / name)
    printed = folder / "printed.txt"
    options = ["--shared", str(folder), "--cache", str(folder / "cache")]
    with capture.context() as patch, printed.open("w", encoding="utf-8") as stream:
        patch.setattr(sys, "argv", ["accuracy.py", accuracy.HELD_OUT, *options])
        patch.setattr(sys, "stdout", stream)
        patch.setattr(accuracy, "FITTED_TO", (accuracy.HELD_OUT, "textberg-dev-de-fr"))
        accuracy.main()
    lines = printed.read_text(encoding="utf-8").splitlines()
    return [[cell.strip() for cell in line.split("│")[1:-1]] for line in lines if "│" in line]


def test_every_way_of_aligning_has_a_row(rows: list[list[str]]) -> None:
    first = rows[:4]
    assert [row[1:3] for row in first] == [["bertalign", "all"], *(["bitext", one] for one in accuracy.OVERLAPS)]
    assert all(float(row[5]) > 0.8 for row in first), "strict F1"
    assert [row[8] == "" for row in first] == [True, False, False, False], "only the default method has confidences"


def test_what_is_encoded_is_told_per_byte_of_text(rows: list[list[str]]) -> None:
    of_classic, of_all, on_demand, none = (float(row[7]) for row in rows[:4])
    assert of_classic == of_all > 9
    assert 0.98 < none < on_demand < 2


def test_held_out_halves_have_a_spread_over_every_way(rows: list[list[str]]) -> None:
    second = rows[4:]
    assert [row[:2] for row in second] == [[one, "1"] for one in accuracy.OVERLAPS]
    for row in second:
        mean, lowest, highest = (float(figure) for figure in re.findall(r"\d\.\d+", row[2]))
        assert 0.8 < lowest == mean == highest


def test_documents_are_halved_in_every_way_once() -> None:
    assert list(accuracy.halves(4)) == [[0, 1], [0, 2], [0, 3]]
    assert len(list(accuracy.halves(6))) == 10
    assert list(accuracy.halves(3)) == [[0], [1], [2]]


def test_only_gold_beads_with_both_sides_that_one_finds_are_counted() -> None:
    gold = [BeadPositions((0,), (0,)), BeadPositions((1,), (1,)), BeadPositions((2,), (2,)), BeadPositions((3,), ())]
    first = [BeadPositions((0,), (0,)), BeadPositions((1,), (1,)), BeadPositions((2,), ()), BeadPositions((3,), ())]
    second = [BeadPositions((0,), (0,)), BeadPositions((1,), ()), BeadPositions((2,), ()), BeadPositions((3,), (2,))]
    assert count_found_by_one(gold, first, second) == (1, 0)
    assert count_found_by_one(gold, second, first) == (0, 1)


def test_the_sign_test_is_that_of_tables() -> None:
    assert sign_test(0, 0) == sign_test(3, 3) == 1
    assert sign_test(8, 1) == sign_test(1, 8) == 20 / 512
    assert sign_test(0, 10) == 2 / 1024
    assert sign_test(5000, 0) == 0, "beyond what a float holds"


def test_a_document_can_be_had_as_if_less_of_it_was_encoded() -> None:
    vectors = np.random.default_rng(1).normal(size=(3, 5, 4)).astype(np.float32)
    document = Overlaps([*"abcde"], vectors, headings=[1, 0, 0, 0, 0])
    kept, bare = RequestedOverlaps({2: np.array([2, 5], np.int32)}, {}).keep(document, document)
    for side, expected in (
        (kept, [(0, 0), (0, 1), (0, 2), (0, 3), (0, 4), (1, 1), (1, 4)]),
        (bare, [(0, i) for i in range(5)]),
    ):
        assert list(zip(*np.nonzero(side.vectors.any(axis=2)), strict=True)) == expected
        assert side.headings == document.headings
    assert (kept.vectors[1, 4] == vectors[1, 4]).all()
