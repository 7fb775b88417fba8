"""A GPU on which faiss answers wrongly is found out, and the CPU searches instead."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import pytest
from small_corpus import InlineBackend

from pipeline.config.run_config import load_config
from pipeline.flow.flow import Flow, Run
from pipeline.progress import Progress
from stages.align.anchors import faiss_index, links, neighbours
from stages.align.anchors.faiss_index import FINDING, GpuCheck, check_gpu, find_problem, flat_index, remember_check
from stages.align.anchors.links import find_nearest
from stages.align.anchors.neighbours import nearest_keys

ROOT = Path(__file__).resolve().parents[1]


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
def forget_the_check(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv(FINDING, raising=False)
    check_gpu.cache_clear()
    yield
    check_gpu.cache_clear()


def pretend_gpu(monkeypatch: pytest.MonkeyPatch, index: str, preamble: str = "") -> None:
    """Let faiss see a GPU here and in the process that tries it, where `index` makes its indices."""
    monkeypatch.setattr(faiss, "get_num_gpus", lambda: 1)
    code = f"from stages.align.anchors import faiss_index\n{preamble}\nfaiss_index._gpu_index = {index}\n"
    monkeypatch.setattr(faiss_index, "TRY", f"{code}print(faiss_index.try_gpu())")


def test_without_a_gpu_the_cpu_searches() -> None:
    assert not check_gpu().works
    assert "no GPU" in check_gpu().finding
    assert type(flat_index(8)) is faiss.IndexFlatIP


def test_a_gpu_that_gives_zeros_is_found_out_and_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend_gpu(monkeypatch, "test_faiss_index.LyingIndex", "import test_faiss_index")
    assert not check_gpu().works
    assert "WRONG" in check_gpu().finding
    keys = np.eye(4, dtype=np.float32)
    found, _ = nearest_keys(keys, keys, 1)
    assert found[:, 0].tolist() == [0, 1, 2, 3]


BROKEN = """
def broken(dimensions):
    raise RuntimeError("CUDA error 209 no kernel image\\nat line 7")
"""


def test_a_gpu_that_raises_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend_gpu(monkeypatch, "broken", BROKEN)
    assert check_gpu().finding == (
        "faiss is WRONG on this GPU (CUDA error 209 no kernel image); it searches on the CPU instead"
    )


def test_a_gpu_on_which_faiss_ends_the_process_is_not_used_and_tried_once(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend_gpu(monkeypatch, "lambda _: __import__('os').abort()")
    assert remember_check().finding == (
        "faiss is WRONG on this GPU (it ended its process: status -6); it searches on the CPU instead"
    )
    check_gpu.cache_clear()
    monkeypatch.setattr(faiss_index, "_ask_process", lambda: pytest.fail("it was tried again"))
    assert not check_gpu().works


def test_a_gpu_that_answers_rightly_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []

    def working(dimensions: int) -> Any:
        made.append(dimensions)
        return faiss.IndexFlatIP(dimensions)

    pretend_gpu(monkeypatch, "faiss.IndexFlatIP", "import faiss")
    monkeypatch.setattr(faiss_index, "_gpu_index", working)
    assert check_gpu().works
    flat_index(8)
    assert made == [8]


@pytest.mark.parametrize("repeated", [1, 40])
def test_neighbours_are_the_same_by_faiss_and_by_one_matrix_product(
    monkeypatch: pytest.MonkeyPatch, repeated: int
) -> None:
    """With sentences that stand many times, between which faiss and BLAS choose by chance."""
    generator = np.random.default_rng(0)
    source, target = (generator.standard_normal((n, 64)).astype(np.float32) for n in (300, 400))
    target[:300] += 2 * source
    source, target = (rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (source, target))
    source[generator.permutation(300)[:repeated]] = source[0]
    target[generator.permutation(400)[:repeated]] = target[1]
    everywhere = np.zeros(300, np.int64), np.full(300, 400)
    by_products = find_nearest(source, target, *everywhere)
    monkeypatch.setattr(neighbours, "MIN_GPU_CELLS", 0)
    monkeypatch.setattr(neighbours, "check_gpu", lambda: GpuCheck(True, "pretended"))
    monkeypatch.setattr(links, "search_by_products", lambda *_: pytest.fail("the CPU searched"))
    by_faiss = find_nearest(source, target, *everywhere)
    assert [part.tobytes() for part in by_faiss] == [part.tobytes() for part in by_products]


@pytest.mark.slow
def test_the_demo_and_a_chapter_give_the_same_beads_by_faiss_and_by_one_matrix_product(
    monkeypatch: pytest.MonkeyPatch, shared: Path, tmp_path: Path
) -> None:
    documents = f'"{shared}/corpora/handbook-en-de/{{language}}/*.txt"'
    chapter = f'[corpus]\ndocuments = {documents}\npairs = ["en-de"]\n[encode]\nencoder = "use-multilingual"\n'
    (tmp_path / "chapter.toml").write_text(chapter)
    configs = [ROOT / "configs/demo.toml", tmp_path / "chapter.toml"]
    by_products = [beads_of(config, tmp_path / "products") for config in configs]
    searched: list[int] = []
    search = neighbours.search_both_by_faiss
    monkeypatch.setattr(neighbours, "search_both_by_faiss", lambda *of: searched.append(1) or search(*of))
    monkeypatch.setattr(neighbours, "MIN_GPU_CELLS", 0)
    monkeypatch.setattr(neighbours, "check_gpu", lambda: GpuCheck(True, "pretended"))
    by_faiss = [beads_of(config, tmp_path / "faiss") for config in configs]
    assert len(searched) >= 3
    assert by_faiss == by_products
    assert all(by_faiss)


def beads_of(config: Path, folder: Path) -> dict[str, bytes]:
    """Return what a run of a config in this process writes, but for its record; of a corpus one pair, or two."""
    run = Run(load_config(config), limit=2, out=folder / config.stem)
    Flow(run, InlineBackend(folder / "store", 1), Progress()).carry_out()
    return {path.name: path.read_bytes() for path in sorted(run.out.rglob("*")) if path.is_file()}


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
