"""Aligning whole pairs: partition, empty positions, and the edges by name."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from aligned_pairs import CLASSIC, CONFIG, assert_partition, configs, document, spans_of, with_overlaps
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.align import AlignConfig, align_pair
from stages.data import Beads, Overlaps

both = pytest.mark.parametrize("config", [CONFIG, CLASSIC], ids=["bitext", "bertalign"])


def with_empty(whole: Overlaps, is_kept: list[bool]) -> Overlaps:
    """Put the sentences at the kept positions, and empty positions everywhere else."""
    positions = np.flatnonzero(is_kept)
    sentences, vectors = [""] * len(is_kept), np.zeros((whole.max_overlap, len(is_kept), whole.vectors.shape[2]))
    for rank, position in enumerate(positions):
        sentences[position] = whole.sentences[rank]
        vectors[:, position] = whole.vectors[:, rank]
    return Overlaps(sentences, vectors)


@given(st.integers(0, 25), st.integers(0, 25), st.integers(0, 99), configs)
@settings(deadline=None)  # the first example waits for the compiler
def test_beads_cover_both_sides_once_and_in_order(n_source: int, n_target: int, seed: int, config: AlignConfig) -> None:
    beads = align_pair(document(n_source, seed), document(n_target, seed + 1000), config)
    assert_partition(beads, n_source, n_target)


@given(st.lists(st.booleans(), max_size=30), st.lists(st.booleans(), max_size=30), st.integers(0, 99), configs)
@settings(deadline=None)  # the first example waits for the compiler
def test_empty_positions_never_change_the_alignment(
    source: list[bool], target: list[bool], seed: int, config: AlignConfig
) -> None:
    source_text, target_text = document(sum(source), seed), document(sum(target), seed)
    plain = align_pair(source_text, target_text, config)
    beads = align_pair(with_empty(source_text, source), with_empty(target_text, target), config)
    assert_partition(beads, len(source), len(target))
    assert texts_of(beads, source, target) == texts_of(plain, [True] * sum(source), [True] * sum(target))


def texts_of(beads: Beads, source: list[bool], target: list[bool]) -> list[tuple[object, ...]]:
    """The beads by rank among the sentences with text, without those that hold empty positions only."""
    source_rank, target_rank = np.cumsum([0, *source]), np.cumsum([0, *target])
    rows = []
    for (a, b, c, d), score in zip(spans_of(beads), beads.score, strict=True):
        row = (int(source_rank[a]), int(source_rank[b]), int(target_rank[c]), int(target_rank[d]))
        if row[0] < row[1] or row[2] < row[3]:
            # A null bead's empty side says where it stands; only what it holds is compared.
            rows.append((row[:2] if row[0] < row[1] else (), row[2:] if row[2] < row[3] else (), float(score)))
    return rows


@both
def test_an_empty_position_inside_a_bead_belongs_to_it(config: AlignConfig) -> None:
    single = np.eye(4)
    source = with_overlaps(["aa", "", "bb", "cccc"], np.stack([single[0], single[3], single[1], single[2]]))
    target = with_overlaps(["aabb", "cccc"], np.stack([single[0] + single[1], single[2]]))
    assert spans_of(align_pair(source, target, config)) == [(0, 3, 0, 1), (3, 4, 1, 2)]


@both
def test_two_empty_sides_have_no_beads(config: AlignConfig) -> None:
    assert len(align_pair(document(0), document(0), config)) == 0


@both
def test_an_empty_side_leaves_only_null_beads(config: AlignConfig) -> None:
    assert spans_of(align_pair(document(0), document(2), config)) == [(0, 0, 0, 1), (0, 0, 1, 2)]
    assert spans_of(align_pair(document(2), document(0), config)) == [(0, 1, 0, 0), (1, 2, 0, 0)]


@both
def test_one_sentence_against_its_copy_is_one_bead(config: AlignConfig) -> None:
    beads = align_pair(document(1), document(1), config)
    assert spans_of(beads) == [(0, 1, 0, 1)]
    assert beads.similarity.tolist() == pytest.approx([1.0])


@pytest.mark.parametrize(("n_source", "n_target"), [(1, 701), (701, 1), (1, 1000), (3000, 3), (3, 3003)])
@both
def test_one_side_a_thousand_times_longer_is_aligned(n_source: int, n_target: int, config: AlignConfig) -> None:
    longer, n_shared = document(max(n_source, n_target), dimensions=64), min(n_source, n_target)
    picked = [300 + k for k in range(n_shared)]
    shorter = with_overlaps([longer.sentences[i] for i in picked], longer.vectors[0][picked])
    pair = (shorter, longer) if n_source < n_target else (longer, shorter)
    beads = align_pair(*pair, config)
    assert_partition(beads, n_source, n_target)
    matched = [bead for bead in spans_of(beads) if bead[0] < bead[1] and bead[2] < bead[3]]
    expected = [(k, k + 1, i, i + 1) for k, i in enumerate(picked)]
    assert matched == (expected if n_source < n_target else [(c, d, a, b) for a, b, c, d in expected])


def test_equal_sentences_are_aligned_along_the_diagonal() -> None:
    n = 1500
    same = with_overlaps(["same"] * n, np.ones((n, 4)))
    beads = align_pair(same, same, AlignConfig(method="bertalign", use_margin=False))
    assert_partition(beads, n, n)
    assert spans_of(beads) == [(i, i + 1, i, i + 1) for i in range(n)]


@both
def test_unrelated_documents_are_aligned_without_an_error(config: AlignConfig) -> None:
    beads = align_pair(document(400, 1), document(300, 2), config)
    assert_partition(beads, 400, 300)


@given(st.integers(0, 25), st.integers(0, 25), st.integers(0, 99))
@settings(deadline=None)
def test_the_two_sides_exchanged_give_the_mirror_image(n_source: int, n_target: int, seed: int) -> None:
    source, target = document(n_source, seed), document(n_target, seed + 1000)
    one, other = table_of(align_pair(source, target, CONFIG)), table_of(align_pair(target, source, CONFIG))
    assert one == {(*bead[2:], *bead[:2]): values for bead, values in other.items()}


def table_of(beads: Beads) -> dict[tuple[int, int, int, int], list[float]]:
    """Beads with their numbers, without where the empty side of a null bead stands: the order of a run decides that."""
    values = np.stack([beads.similarity, beads.score, beads.confidence], axis=1).tolist()
    return {
        (a, b, c, d) if a < b and c < d else (a, b, -1, -1) if a < b else (-1, -1, c, d): row
        for (a, b, c, d), row in zip(spans_of(beads), values, strict=True)
    }


@both
def test_a_foreword_on_one_side_moves_no_bead(config: AlignConfig) -> None:
    n, n_foreword = 200, 1500
    text = document(n, 5, dimensions=32)
    foreword = document(n_foreword, 6, dimensions=32)
    source = Overlaps([*foreword.sentences, *text.sentences], np.concatenate([foreword.vectors, text.vectors], axis=1))
    beads = align_pair(source, text, config)
    kept = {(i + n_foreword, i + n_foreword + 1, i, i + 1) for i in range(20, n)}
    assert kept <= set(spans_of(beads))


def test_overlaps_of_different_dimensions_are_refused() -> None:
    with pytest.raises(ValueError, match="source vectors have 8 dimensions and target vectors 16"):
        align_pair(document(3, dimensions=8), document(3), CONFIG)


def test_a_vector_that_is_not_finite_is_refused_by_position() -> None:
    broken = document(5)
    broken.vectors[1, 3, 0] = np.nan
    with pytest.raises(ValueError, match="target vector of 2 sentences ending with position 3 is not finite"):
        align_pair(document(5), broken, CONFIG)


def run_program(lines: str, **environment: str) -> str:
    """Run lines of Python, after `import test_align_pair as t`, in a process of their own."""
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, 'tests')\nimport test_align_pair as t\n{lines}"]
    root = Path(__file__).resolve().parents[1]
    run = subprocess.run(command, cwd=root, env=os.environ | environment, capture_output=True, text=True, check=True)
    return run.stdout


def describe(config: AlignConfig) -> str:
    """Return the beads of two documents with their scores."""
    beads = align_pair(document(30, 1), document(33, 2), config)
    return f"{spans_of(beads)} {beads.score.round(3).tolist()} {beads.confidence.round(3).tolist()}"


def test_kernels_that_are_not_compiled_give_the_same_beads() -> None:
    printed = run_program("print(t.describe(t.CONFIG)); print(t.describe(t.CLASSIC))", NUMBA_DISABLE_JIT="1")
    assert printed.splitlines() == [describe(CONFIG), describe(CLASSIC)]


def test_compiled_kernels_are_kept_in_the_folder_that_numba_is_told(tmp_path: Path) -> None:
    run_program("t.align_pair(t.document(3, 1), t.document(3, 2), t.CLASSIC)", NUMBA_CACHE_DIR=str(tmp_path))
    assert any(tmp_path.rglob("*.nbi"))


def test_importing_the_stage_loads_no_numba_and_no_faiss() -> None:
    program = "import sys, stages.align; sys.exit(bool({'numba', 'faiss', 'numpy'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
