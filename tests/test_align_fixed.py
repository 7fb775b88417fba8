"""Aligning around beads that people have fixed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from aligned_pairs import CLASSIC, CONFIG, assert_partition, configs, document, spans_of, with_overlaps
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.align import AlignConfig, align_pair
from stages.align.constraints.fixed_beads import fix_beads, settle, stands_beside
from stages.corrections import BeadSpan, Corrections, describe_text, make_bead_span, make_corrections
from stages.data import Beads, Overlaps


def corrections_of(
    source: Overlaps, target: Overlaps, good: list[tuple[int, ...]], bad: Sequence[tuple[int, ...]] = ()
) -> Corrections:
    texts = describe_text(source.sentences), describe_text(target.sentences)
    return make_corrections([make_bead_span(*bead) for bead in good], [make_bead_span(*bead) for bead in bad], *texts)


def crosses(bead: tuple[int, ...], other: tuple[int, ...]) -> bool:
    """Say from the definition whether two different beads can't stand in one alignment."""
    source = set(range(*bead[:2])) & set(range(*other[:2]))
    target = set(range(*bead[2:])) & set(range(*other[2:]))
    whole = other[0] < other[1] and other[2] < other[3]
    return bool(source or target or (whole and (bead[0] < other[0]) != (bead[2] < other[2])))


def lay_out(steps: list[tuple[int, int, int, int]], n_sentences: int = 12) -> list[tuple[int, ...]]:
    """Turn gaps and sizes into beads of any shape, null beads among them, that share no sentence and do not cross."""
    good: list[tuple[int, ...]] = []
    i = j = 0
    for source_gap, target_gap, m, n in steps:
        i, j = i + source_gap, j + target_gap
        if m + n and i + m <= n_sentences and j + n <= n_sentences:
            good.append((i, i + m, j, j + n))
        i, j = i + m, j + n
    return good


small, sizes = st.integers(0, 3), st.integers(0, 6)
decisions = st.lists(st.tuples(small, small, sizes, sizes), max_size=5).map(lay_out)


@given(decisions, st.sets(st.integers(0, 11)), st.integers(0, 99), configs, st.booleans())
@settings(deadline=None, max_examples=60)
def test_good_beads_are_kept_and_the_rest_still_covers_both_sides(
    good: list[tuple[int, ...]], wanted: set[int], seed: int, config: AlignConfig, on_demand: bool
) -> None:
    source, target = document(12, seed), document(12, seed + 1000)
    nulls = [(i, i + 1, 0, 0) for i in sorted(wanted) if not any(i in range(*bead[:2]) for bead in good)]
    beads = align_pair(source, target, config, on_demand, corrections_of(source, target, good, nulls))
    assert_partition(beads, 12, 12)
    assert {bead for bead in good if bead[0] < bead[1] and bead[2] < bead[3]} <= set(spans_of(beads))
    nulls = {i for i, i_stop, j, j_stop in spans_of(beads) if j == j_stop for i in range(i, i_stop)}
    assert {i for bead in good if bead[2] == bead[3] for i in range(*bead[:2])} <= nulls
    assert np.isfinite(beads.score).all()
    assert (beads.score < 100).all()


@given(decisions, st.lists(st.tuples(*[st.integers(0, 11)] * 2, *[st.integers(1, 3)] * 2), min_size=1, max_size=20))
@settings(deadline=None)
def test_what_stands_beside_fixed_beads_is_as_its_definition_says(
    good: list[tuple[int, ...]], others: list[tuple[int, ...]]
) -> None:
    source = target = document(12)
    fixed = fix_beads(corrections_of(source, target, good), source.has_text, target.has_text)
    beads = [(i, i + m, j, j + n) for i, j, m, n in others]
    expected = [bead in good or not any(crosses(bead, other) for other in good) for bead in beads]
    assert stands_beside(np.array(beads), fixed).tolist() == expected


@pytest.mark.parametrize("config", [CONFIG, CLASSIC], ids=["bitext", "bertalign"])
def test_a_bad_bead_is_not_found_again(config: AlignConfig) -> None:
    source = target = document(20)
    before = align_pair(source, target, config)
    assert (7, 8, 7, 8) in spans_of(before)
    after = align_pair(source, target, config, corrections=corrections_of(source, target, [], [(7, 8, 7, 8)]))
    assert (7, 8, 7, 8) not in spans_of(after)
    assert_partition(after, 20, 20)
    assert set(spans_of(before)) - set(spans_of(after)) < {(i, i + 1, i, i + 1) for i in range(5, 10)}


@pytest.mark.parametrize("side", ["source", "target"])
@pytest.mark.parametrize("on_demand", [False, True])
@pytest.mark.parametrize("n_missing", [8, 14])
def test_a_sentence_of_a_bad_null_bead_is_not_left_alone_again(side: str, on_demand: bool, n_missing: int) -> None:
    whole, missing = document(30), range(10, 10 + n_missing)
    kept = [position for position in range(30) if position not in missing]
    part = with_overlaps([whole.sentences[position] for position in kept], whole.vectors[0][kept])
    source, target = (whole, part) if side == "source" else (part, whole)
    null = (10, 11, 0, 0) if side == "source" else (0, 0, 10, 11)
    assert is_alone(align_pair(source, target, CONFIG, on_demand), *null)
    beads = align_pair(source, target, CONFIG, on_demand, corrections_of(source, target, [], [null]))
    assert_partition(beads, len(source.sentences), len(target.sentences))
    assert not is_alone(beads, *null)
    assert (np.abs(beads.score) < 100).all()
    assert ((beads.confidence >= 0) & (beads.confidence <= 1)).all()


def test_a_sentence_of_a_bad_null_bead_is_left_alone_where_no_bead_can_hold_it() -> None:
    source = document(20)
    kept = [position for position in range(20) if position != 10]
    target = with_overlaps([source.sentences[position] for position in kept], source.vectors[0][kept])
    good: list[tuple[int, ...]] = [(9, 10, 9, 10), (11, 12, 10, 11)]
    beads = align_pair(source, target, CONFIG, corrections=corrections_of(source, target, good, [(10, 11, 0, 0)]))
    assert is_alone(beads, 10, 11, 0, 0)
    assert set(good) <= set(spans_of(beads))


def is_alone(beads: Beads, source_start: int, source_stop: int, target_start: int, target_stop: int) -> bool:
    """Say whether the one sentence of a null bead stands in one."""
    nulls = [bead for bead in spans_of(beads) if bead[0] == bead[1] or bead[2] == bead[3]]
    if source_start < source_stop:
        return any(bead[:2] == (source_start, source_stop) for bead in nulls)
    return any(bead[2:] == (target_start, target_stop) for bead in nulls)


def test_a_fixed_bead_moves_its_neighbours_with_it() -> None:
    """Ten refrains in the source, eleven in the target: only a person knows that the first one is too many."""
    single = np.random.default_rng(5).normal(size=(40, 32))
    single[15:25] = single[15]
    sentences = [f"{'long ' * (i % 7)}sentence" for i in range(40)]
    sentences[15:25] = ["Refrain."] * 10
    twice = [*range(16), 15, *range(16, 40)]
    source = with_overlaps(sentences, single)
    target = with_overlaps([sentences[i] for i in twice], single[twice])
    beads = align_pair(source, target, CONFIG, corrections=corrections_of(source, target, [(15, 16, 16, 17)]))
    assert set(spans_of(beads)) == {
        *((i, i + 1, i, i + 1) for i in range(15)),
        (15, 15, 15, 16),
        *((i, i + 1, i + 1, i + 2) for i in range(15, 40)),
    }


def test_corrections_are_applied_where_nothing_can_be_aligned() -> None:
    """Exports are written by machines that have NumPy and no Numba."""
    code = "import sys; sys.modules['numba'] = None; from stages.align.constraints.fixed_beads import settle"
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[1], check=False).returncode == 0


def test_aligning_the_other_way_round_gives_the_mirror_image() -> None:
    source, target = document(18, 1), document(18, 2)
    there = align_pair(source, target, CONFIG, corrections=corrections_of(source, target, [(3, 5, 4, 5)]))
    back = align_pair(target, source, CONFIG, corrections=corrections_of(target, source, [(4, 5, 3, 5)]))
    whole = {bead for bead in spans_of(there) if bead[0] < bead[1] and bead[2] < bead[3]}
    assert whole == {tuple(BeadSpan(*b).mirrored) for b in spans_of(back) if b[0] < b[1] and b[2] < b[3]}


def test_fixed_beads_are_certain_and_keep_the_numbers_of_what_they_replace() -> None:
    source = target = document(10)
    found = align_pair(source, target, CONFIG)
    corrections = corrections_of(source, target, [(2, 3, 2, 3), (4, 6, 4, 5)], [(8, 9, 8, 9)])
    settled = settle(found, corrections, 10, 10)
    by_span = dict(
        zip(spans_of(settled), zip(settled.similarity, settled.score, settled.confidence, strict=True), strict=True)
    )
    before = dict(zip(spans_of(found), zip(found.similarity, found.score, strict=True), strict=True))
    assert by_span[2, 3, 2, 3] == (*before[2, 3, 2, 3], 1.0)
    assert by_span[4, 6, 4, 5] == (*before[4, 5, 4, 5], 1.0)
    assert {(6, 6, 5, 6), (8, 9, 8, 8), (9, 9, 8, 9)} <= set(by_span)  # what is left over
    assert np.isnan(by_span[8, 9, 8, 8][2])
    assert (settled.facts["good_beads"], settled.facts["bad_beads"]) == (2, 1)


def test_corrections_that_hold_nothing_change_nothing() -> None:
    source, target = document(15, 3), document(14, 4)
    before = align_pair(source, target, CONFIG)
    after = align_pair(source, target, CONFIG, corrections=corrections_of(source, target, []))
    assert spans_of(before) == spans_of(after)
    np.testing.assert_array_equal(before.confidence, after.confidence)
