"""Anchors and the search for neighbours."""

from __future__ import annotations

import itertools

import naive
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.align.anchors.chain import chain_links
from stages.align.anchors.neighbours import nearest_keys
from stages.align.bertalign.first_pass import first_pass

links = st.lists(
    st.tuples(st.integers(0, 6), st.integers(0, 6), st.integers(1, 5).map(float)), max_size=9, unique_by=lambda x: x[:2]
)


def chain_of(drawn: list[tuple[int, int, float]]) -> list[tuple[int, int, float]]:
    source = np.array([link[0] for link in drawn], np.int64)
    target = np.array([link[1] for link in drawn], np.int64)
    weight = np.array([link[2] for link in drawn], np.float64)
    return [drawn[index] for index in chain_links(source, target, weight, 7)]


@given(links)
@settings(deadline=None)  # the first example waits for the compiler
def test_the_chain_increases_strictly_and_is_as_heavy_as_any(drawn: list[tuple[int, int, float]]) -> None:
    chain = chain_of(drawn)
    assert all(a[0] < b[0] and a[1] < b[1] for a, b in itertools.pairwise(chain))
    assert sum(link[2] for link in chain) == naive.heaviest_chain(drawn)


def test_no_links_make_no_chain() -> None:
    assert chain_of([]) == []


@given(st.integers(1, 8), st.integers(1, 30), st.integers(1, 12), st.integers(0, 99))
@settings(deadline=None)  # the first example waits for the compiler
def test_neighbours_are_ordered_by_similarity_then_index(n_queries: int, n_keys: int, k: int, seed: int) -> None:
    # Few distinct integer vectors, so that there are many exact ties.
    generator = np.random.default_rng(seed)
    queries, keys = generator.integers(-1, 2, (n_queries, 3)), generator.integers(-1, 2, (n_keys, 3))
    found, similarity = nearest_keys(queries.astype(np.float32), keys.astype(np.float32), k)
    # faiss may leave tied keys out when more than k + EXTRA tie, so only the similarities are certain then.
    expected = naive.nearest_keys(queries, keys, k)
    products = np.take_along_axis(queries @ keys.T, np.array(expected), axis=1)
    assert similarity.tolist() == products.tolist()
    assert all(
        list(row) == sorted(row, key=lambda key: (-query @ keys[key], key))
        for row, query in zip(found, queries, strict=True)
    )


def test_ties_go_to_the_first_key() -> None:
    found, _ = nearest_keys(np.eye(4, dtype=np.float32), np.repeat(np.eye(4, dtype=np.float32), 2, axis=0), 3)
    assert found[:, :2].tolist() == [[0, 1], [2, 3], [4, 5], [6, 7]]


def test_a_foreword_of_a_thousand_sentences_moves_no_anchor() -> None:
    generator = np.random.default_rng(1)
    text = generator.normal(size=(100, 32))
    foreword = generator.normal(size=(1000, 32))
    text /= np.linalg.norm(text, axis=1, keepdims=True)
    foreword /= np.linalg.norm(foreword, axis=1, keepdims=True)
    source, target = first_pass(np.concatenate([foreword, text]), text, 3)
    assert set(zip((source - 1000).tolist(), target.tolist(), strict=True)) >= {(i, i) for i in range(1, 100)}
