"""A GPU on which faiss answers wrongly is found out, and the CPU searches instead."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import faiss
import numpy as np
import pytest

from stages.align.anchors import faiss_index
from stages.align.anchors.faiss_index import check_gpu, find_problem, flat_index
from stages.align.anchors.neighbours import nearest_keys


class LyingIndex:
    """An index that gives zeros, as faiss on a GPU has been seen to do."""

    def __init__(self, dimensions: int) -> None:
        self.dimensions = dimensions

    def add(self, keys: Any) -> None:
        """Take keys."""

    def search(self, queries: Any, k: int) -> tuple[Any, Any]:
        """Answer nonsense."""
        return np.zeros((len(queries), k), np.float32), np.zeros((len(queries), k), np.int64)


@pytest.fixture(autouse=True)
def forget_the_check() -> Iterator[None]:
    check_gpu.cache_clear()
    yield
    check_gpu.cache_clear()


def pretend_gpu(monkeypatch: pytest.MonkeyPatch, index: Any) -> None:
    monkeypatch.setattr(faiss, "get_num_gpus", lambda: 1)
    monkeypatch.setattr(faiss_index, "_gpu_index", index)


def test_without_a_gpu_the_cpu_searches() -> None:
    assert not check_gpu().works
    assert "no GPU" in check_gpu().finding
    assert type(flat_index(8)) is faiss.IndexFlatIP


def test_a_gpu_that_gives_zeros_is_found_out_and_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend_gpu(monkeypatch, LyingIndex)
    assert not check_gpu().works
    assert "WRONG" in check_gpu().finding
    keys = np.eye(4, dtype=np.float32)
    found, _ = nearest_keys(keys, keys, 1)
    assert found[:, 0].tolist() == [0, 1, 2, 3]


def test_a_gpu_that_raises_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(dimensions: int) -> None:
        raise RuntimeError("CUDA error 209 no kernel image\nat line 7")

    pretend_gpu(monkeypatch, broken)
    assert check_gpu().finding == (
        "faiss is WRONG on this GPU (CUDA error 209 no kernel image); it searches on the CPU instead"
    )


def test_a_gpu_that_answers_rightly_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []

    def working(dimensions: int) -> Any:
        made.append(dimensions)
        return faiss.IndexFlatIP(dimensions)

    pretend_gpu(monkeypatch, working)
    assert check_gpu().works
    flat_index(8)
    assert made == [64, 8]


@pytest.mark.parametrize(
    ("scores", "found", "problem"),
    [
        ([[1.0, 0.0]], [[0, 1]], ""),
        ([[1.0, 0.5]], [[0, 1]], "its scores are off by 0.500"),
        ([[1.0, 0.0]], [[1, 0]], "its scores are off by 1.000"),
        ([[1.0, 0.0]], [[0, -1]], "it names row -1 of 2"),
        ([[1.0, 0.0]], [[0, 7]], "it names row 7 of 2"),
    ],
)
def test_what_is_wrong_with_an_answer_is_said(scores: list[Any], found: list[Any], problem: str) -> None:
    queries, keys = np.array([[1.0, 0.0]]), np.eye(2)
    assert find_problem(queries, keys, np.array(scores), np.array(found)) == problem
