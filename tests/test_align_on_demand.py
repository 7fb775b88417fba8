"""Which overlaps are requested, and alignment among the survivors."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from stages.align import AlignConfig, align_pair, find_requested_overlaps
from stages.align.band import band_around
from stages.align.beads import bead_types
from stages.align.constraints.headings import match_headings
from stages.align.on_demand import Survivors, _is_settled, find_survivors
from stages.align.scoring.weights import SUMMED
from stages.align.search.lattice import Lattice, find_best_path, make_lattice
from stages.align.search.max_marginals import bead_marginals, find_max_marginals
from stages.data import BEAD_ARRAYS, Overlaps

CONFIG = AlignConfig(max_bead=4)


def random_lattice(seed: int, n_source: int = 6, n_target: int = 7) -> tuple[Lattice, object]:
    random = np.random.default_rng(seed)
    none = np.empty(0, np.int64)
    band = band_around(none, none, n_source, n_target, 20)
    types = bead_types(4, 3, 3)
    score = random.normal(1, 3, (band.n_cells, len(types))).astype(np.float32)
    for i in range(n_source + 1):
        for j in range(n_target + 1):
            cell = band.offset[i] + j - band.start[i]
            score[cell, (types[:, 0] > i) | (types[:, 1] > j)] = -np.inf
    nulls = (random.normal(-2, 1, n).astype(np.float32) for n in (n_source, n_target))
    return make_lattice(score, types, *nulls, SUMMED, band), band


@pytest.mark.parametrize("seed", range(5))
def test_the_best_path_through_a_bead_is_the_best_one_if_the_bead_were_priceless(seed: int) -> None:
    lattice, band = random_lattice(seed)
    marginals = find_max_marginals(lattice, band)
    way = bead_marginals(marginals.bead_forward, marginals.backward, lattice, band)
    for cell, kind in np.argwhere(np.isfinite(lattice.score))[::17]:
        score = lattice.score.copy()
        score[cell, kind] += 1000.0
        forced = find_best_path(lattice._replace(score=score), band).total - 1000.0
        assert way[cell, kind] == pytest.approx(forced, abs=1e-3)
    assert way.max() == pytest.approx(find_best_path(lattice, band).total, abs=1e-6)


def test_the_best_path_survives_and_a_wider_margin_lets_more_survive() -> None:
    lattice, band = random_lattice(1)
    best = find_best_path(lattice, band)
    narrow, wide = (find_survivors(find_max_marginals(lattice, band), lattice, band, margin) for margin in (0.5, 5.0))
    found = {(*stop, *shape) for stop, shape in zip(narrow.stops.tolist(), narrow.shapes.tolist(), strict=True)}
    on_path = zip(best.stops.tolist(), lattice.types[best.kinds].tolist(), strict=True)
    assert {(*stop, *shape) for stop, shape in on_path} <= {tuple(one) for one in found}
    assert (narrow.is_alive <= wide.is_alive).all()
    assert wide.is_alive.sum() > narrow.is_alive.sum()


def test_beads_that_share_no_sentence_are_settled() -> None:
    stops, shapes = [[1, 1], [3, 2], [3, 3], [5, 4], [6, 5]], [[1, 1], [2, 1], [1, 1], [2, 1], [1, 1]]
    alive = np.zeros((1, 1), dtype=bool)
    settled = _is_settled(Survivors(alive, np.array(stops), np.array(shapes)), 6, 5)
    assert settled.tolist() == [True, False, False, True, True]


def document(vectors: np.ndarray, n_sizes: int = 3, empty_at: int | None = None) -> Overlaps:
    sentences = [f"Sentence {number} of some length." for number in range(len(vectors))]
    whole = np.zeros((n_sizes, len(vectors), vectors.shape[1]), np.float32)
    whole[0] = vectors
    if empty_at is not None:
        sentences.insert(empty_at, "")
        whole = np.insert(whole, empty_at, 0, axis=1)
    return Overlaps(sentences, whole)


def noisy_pair(seed: int = 3, n: int = 14, empty_at: int | None = None) -> tuple[Overlaps, Overlaps]:
    """The second source sentence is split in two, roughly; all vectors are noisy."""
    random = np.random.default_rng(seed)
    source = random.normal(size=(n, 24))
    target = np.insert(source, 2, source[1], axis=0) + random.normal(scale=1.2, size=(n + 1, 24))
    sides = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True) for vectors in (source, target))
    one, other = sides
    return document(one, empty_at=empty_at), document(other)


def test_requested_overlaps_are_larger_ones_that_exist_and_mirror() -> None:
    source, target = noisy_pair()
    config = AlignConfig(max_bead=4, request_margin=6)
    found, mirrored = find_requested_overlaps(source, target, config), find_requested_overlaps(target, source, config)
    assert found.n_overlaps > 0
    for side, other in ((found.source, mirrored.target), (found.target, mirrored.source)):
        assert {size: stops.tolist() for size, stops in side.items()} == {
            size: stops.tolist() for size, stops in other.items()
        }
        for size, stops in side.items():
            assert size in (2, 3)
            assert (np.diff(stops) > 0).all() and stops[0] >= size


def test_stops_count_empty_positions() -> None:
    config = AlignConfig(max_bead=4, request_margin=6)
    plain, shifted = (find_requested_overlaps(*noisy_pair(empty_at=at), config) for at in (None, 4))
    for size, stops in plain.source.items():
        np.testing.assert_array_equal(np.where(stops > 4, stops + 1, stops), shifted.source[size])


def test_only_single_sentences_are_looked_at() -> None:
    source, target = noisy_pair()
    filled = source.vectors.copy()
    filled[1:] = np.random.default_rng(0).normal(size=filled[1:].shape)
    config = AlignConfig(max_bead=4, request_margin=6)
    one, other = (
        find_requested_overlaps(source, target, config),
        find_requested_overlaps(Overlaps(source.sentences, filled), target, config),
    )
    assert {size: stops.tolist() for size, stops in one.source.items()} == {
        size: stops.tolist() for size, stops in other.source.items()
    }


def test_without_encoded_overlaps_the_alignment_is_that_by_sums() -> None:
    source, target = noisy_pair()
    by_sums, on_demand = align_pair(source, target, CONFIG), align_pair(source, target, CONFIG, on_demand=True)
    for name in ("source_start", "source_stop", "target_start", "target_stop", "score", "confidence"):
        np.testing.assert_array_equal(getattr(by_sums, name), getattr(on_demand, name))


@pytest.mark.parametrize("empty_at", [None, 0, 4])
def test_a_pair_that_requests_nothing_is_thereby_aligned(empty_at: int | None) -> None:
    config = AlignConfig(max_bead=4, request_margin=0.01)
    pair = noisy_pair(empty_at=empty_at)
    for source, target in (pair, pair[::-1]):
        found, expected = (
            find_requested_overlaps(source, target, config),
            align_pair(source, target, config, on_demand=True),
        )
        assert found.n_overlaps == 0
        assert found.beads is not None
        assert found.beads.facts == expected.facts
        for name in BEAD_ARRAYS:
            np.testing.assert_array_equal(getattr(found.beads, name), getattr(expected, name))
    assert find_requested_overlaps(*pair, AlignConfig(max_bead=4, request_margin=6)).beads is None


def test_headings_are_left_to_the_alignment_that_puts_them_first() -> None:
    config = AlignConfig(max_bead=4, request_margin=0.01)
    source, target = (replace(side, headings=[1] + [0] * (len(side.sentences) - 1)) for side in noisy_pair())
    assert len(match_headings(source, target)) == 1
    found = find_requested_overlaps(source, target, config)
    assert (found.n_overlaps, found.beads) == (0, None)


def test_encoded_overlaps_decide_and_are_compared_with_their_sums() -> None:
    source, target = noisy_pair()
    config = AlignConfig(max_bead=4, request_margin=6)
    wanted = find_requested_overlaps(source, target, config)
    sides = []
    for side, stops in ((source, wanted.source), (target, wanted.target)):
        vectors = side.vectors.copy()
        for size, of_size in stops.items():
            mean = np.mean([vectors[0, of_size - 1 - back] for back in range(size)], axis=0)
            vectors[size - 1, of_size - 1] = mean / np.linalg.norm(mean, axis=1, keepdims=True)
        sides.append(Overlaps(side.sentences, vectors))
    found = align_pair(*sides, config, on_demand=True)
    assert int(found.facts["compared_sums"]) == sum(len(stops.get(2, ())) for stops in (wanted.source, wanted.target))
    assert float(found.facts["sum_cosine"]) > 0.9
    assert found.source_stop[-1] == len(source.sentences) and found.target_stop[-1] == len(target.sentences)
    assert 0 <= wanted.count_beads(found, source, target) <= len(found)


@pytest.mark.parametrize(("n_source", "n_target"), [(0, 0), (0, 3), (3, 0), (1, 1)])
def test_small_documents_request_nothing_that_does_not_exist(n_source: int, n_target: int) -> None:
    random = np.random.default_rng(0)
    sides = [document(random.normal(size=(n, 24)).reshape(n, 24)) for n in (n_source, n_target)]
    assert find_requested_overlaps(*sides, CONFIG).n_overlaps == 0
    assert align_pair(*sides, CONFIG, on_demand=True).facts.get("compared_sums") is None
