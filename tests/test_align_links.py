"""Mutual nearest neighbours, the supported chain, and the sampled search."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.align.anchors import links as links_module
from stages.align.anchors import windows as sampled
from stages.align.anchors.links import NEIGHBOURS, Links, find_nearest, mutual_links, supported_chain
from stages.align.anchors.windows import search_windows


def unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@given(st.integers(1, 20), st.integers(1, 20), st.integers(0, 99), st.booleans())
@settings(deadline=None)
def test_neighbours_are_the_best_of_the_window_in_both_directions(n: int, t: int, seed: int, narrow: bool) -> None:
    # Small integers: products are exact, and ties are many.
    generator = np.random.default_rng(seed)
    source, target = (generator.integers(-1, 2, (rows, 3)).astype(np.float32) for rows in (n, t))
    start, stop = np.sort(generator.integers(0, t, n)), np.sort(generator.integers(1, t + 1, n))
    stop = np.maximum(start, stop) if narrow else np.full(n, t)
    start = start if narrow else np.zeros(n, np.int64)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(links_module, "ROWS_AT_ONCE", 4)
        nearest = find_nearest(source, target, start, stop)
    products = source @ target.T
    allowed = [[start[i] <= j < stop[i] for j in range(t)] for i in range(n)]
    for i in range(n):
        best = sorted((j for j in range(t) if allowed[i][j]), key=lambda j: (-products[i, j], j))[:NEIGHBOURS]
        assert nearest.source_index[i].tolist() == best + [-1] * (NEIGHBOURS - len(best))
    for j in range(t):
        best = sorted((i for i in range(n) if allowed[i][j]), key=lambda i: (-products[i, j], i))[:NEIGHBOURS]
        assert nearest.target_index[j].tolist() == best + [-1] * (NEIGHBOURS - len(best))


def everywhere(n_source: int, n_target: int) -> tuple[np.ndarray, np.ndarray]:
    return np.zeros(n_source, np.int64), np.full(n_source, n_target)


def test_translations_link_and_strangers_do_not() -> None:
    generator = np.random.default_rng(0)
    text = unit(generator.normal(size=(60, 64)))
    noisy = unit(text + 0.05 * generator.normal(size=text.shape))
    links = mutual_links(find_nearest(text, noisy, *everywhere(60, 60)), 0.0)
    chain = supported_chain(links, 60)
    assert chain.source.tolist() == chain.target.tolist() == list(range(60))
    assert links.typical > 0.8


def test_a_lone_link_has_no_support() -> None:
    close = np.arange(8)
    source, target = np.append(close, 100), np.append(close, 500)
    links = Links(source, target, np.full(9, 0.4), 0.5)
    assert supported_chain(links, 600).source.tolist() == close.tolist()


@pytest.mark.parametrize("sizes", [(1, 1), (1, 9), (2, 2)])
def test_a_few_sentences_may_have_no_links(sizes: tuple[int, int]) -> None:
    n_source, n_target = sizes
    source = unit(np.ones((n_source, 3)))
    links = mutual_links(find_nearest(source, unit(np.ones((n_target, 3))), *everywhere(*sizes)), 0.0)
    assert len(supported_chain(links, n_target).source) == 0


def test_a_sampled_search_looks_near_the_translations_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampled, "SAMPLE_FROM", 500)
    generator = np.random.default_rng(0)
    text, foreword = (unit(generator.normal(size=(n, 64))) for n in (1500, 700))
    source, target = text, np.concatenate([foreword, unit(text + 0.05 * generator.normal(size=text.shape))])
    start, stop = search_windows(source, target, generator.uniform(10, 90, 1500), 0.0)
    inner = np.arange(20, 1480)
    assert (start[inner] <= inner + 700).all()
    assert (stop[inner] > inner + 700).all()
    assert (stop - start)[150:1350].max() < 500  # further out the foreword is still in sight
    assert (np.diff(start) >= 0).all()
    assert (np.diff(stop) >= 0).all()


def test_a_short_document_is_searched_whole() -> None:
    vectors = unit(np.ones((5, 3)))
    start, stop = search_windows(vectors, vectors[:4], np.ones(5), 0.0)
    assert (start.tolist(), stop.tolist()) == ([0] * 5, [4] * 5)
