"""The band around the anchors."""

from __future__ import annotations

import naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.align import band as band_module
from stages.align.band import Band, band_around, cells_within, narrow_band


@st.composite
def anchored_pairs(draw: st.DrawFn) -> tuple[list[tuple[int, int]], int, int, int]:
    n_source, n_target, radius = draw(st.integers(1, 40)), draw(st.integers(1, 40)), draw(st.integers(1, 6))
    size = draw(st.integers(0, min(n_source, n_target)))
    rows = draw(st.lists(st.integers(0, n_source - 1), min_size=size, max_size=size, unique=True))
    columns = draw(st.lists(st.integers(0, n_target - 1), min_size=size, max_size=size, unique=True))
    return list(zip(sorted(rows), sorted(columns), strict=True)), n_source, n_target, radius


def make(anchors: list[tuple[int, int]], n_source: int, n_target: int, radius: int) -> Band:
    pairs = np.array(anchors, np.int64).reshape(-1, 2)
    return band_around(pairs[:, 0], pairs[:, 1], n_source, n_target, radius)


def assert_whole(band: Band, n_source: int, n_target: int) -> None:
    """The band is never torn: row i covers start[i] <= j < stop[i], and neighbouring rows share a cell."""
    assert len(band.start) == len(band.stop) == n_source + 1
    assert band.start[0] == 0
    assert band.stop[-1] == n_target + 1
    assert (np.diff(band.start) >= 0).all()
    assert (np.diff(band.stop) >= 0).all()
    assert (band.start[1:] < band.stop[:-1]).all()
    assert (band.start < band.stop).all()
    assert band.offset.tolist() == [0, *np.cumsum(band.stop - band.start)]


@given(anchored_pairs())
@settings(deadline=None)  # the first example waits for the compiler
def test_the_band_is_never_torn(drawn: tuple[list[tuple[int, int]], int, int, int]) -> None:
    assert_whole(make(*drawn), *drawn[1:3])


@given(anchored_pairs())
@settings(deadline=None)  # the first example waits for the compiler
def test_the_band_is_the_union_of_the_grown_rectangles(drawn: tuple[list[tuple[int, int]], int, int, int]) -> None:
    band = make(*drawn)
    cells = {(i, j) for i in range(len(band.start)) for j in range(band.start[i], band.stop[i])}
    assert cells == naive.band_cells(*drawn)


@given(anchored_pairs())
@settings(deadline=None)  # the first example waits for the compiler
def test_a_band_through_a_wide_gap_is_never_torn(drawn: tuple[list[tuple[int, int]], int, int, int]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(band_module, "MAX_GAP_CELLS", 6)
        patch.setattr(band_module, "GAP_STEP", 3)
        assert_whole(make(*drawn), *drawn[1:3])


@given(anchored_pairs(), st.integers(0, 999))
@settings(deadline=None)
def test_a_band_around_some_cells_is_never_torn_and_lies_within_the_wide_one(
    drawn: tuple[list[tuple[int, int]], int, int, int], seed: int
) -> None:
    wide = make(*drawn)
    is_near = np.random.default_rng(seed).random(wide.n_cells) < 0.1
    band = narrow_band(wide, is_near)
    assert_whole(band, *drawn[1:3])
    assert (band.start >= wide.start).all() and (band.stop <= wide.stop).all()
    kept = cells_within(band, wide)
    assert set(np.flatnonzero(is_near)) <= set(kept)
    places = [(i, j) for i in range(len(band.start)) for j in range(band.start[i], band.stop[i])]
    assert [int(wide.offset[i] + j - wide.start[i]) for i, j in places] == kept.tolist()


def test_a_band_around_a_diagonal_holds_little_else() -> None:
    wide = make([], 50, 50, 5)
    diagonal = np.zeros(wide.n_cells, bool)
    diagonal[wide.offset[:-1] + np.arange(51) - wide.start] = True
    assert narrow_band(wide, diagonal).n_cells <= 2 * 51


def test_memory_grows_with_the_sentences_and_not_with_the_widest_gap() -> None:
    band = make([], 100_000, 100_000, 5)
    assert_whole(band, 100_000, 100_000)
    assert band.n_cells < 100_000 * 4 * band_module.GAP_STEP
