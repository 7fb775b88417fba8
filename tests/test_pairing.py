"""Pairing by content: candidates, scores, the choice of pairs, near duplicates."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from stages.pairing import candidates as candidates_module
from stages.pairing.candidates import find_candidates, nearest
from stages.pairing.config import PairingConfig
from stages.pairing.duplicates import group_duplicates
from stages.pairing.match import PairedDocuments, Side, confidence_of, match_documents
from stages.pairing.pairing import DocumentSide, pair_documents
from stages.pairing.score import score_pair
from stages.pairing.summary import summarise, to_unit

DIMENSIONS = 64
LANGUAGE = np.random.default_rng(99).standard_normal(DIMENSIONS)
"""What all vectors of one language share."""


class Pot(NamedTuple):
    """Documents of a side: the vectors of their sentences."""

    vectors: list[NDArray[np.float32]]

    @property
    def n_chars(self) -> list[NDArray[np.int64]]:
        return [np.full(len(vectors), 60) for vectors in self.vectors]


def make_pots(n_documents: int, n_sentences: int, noise: float = 0.8, seed: int = 1) -> tuple[Pot, Pot]:
    """Make documents and their translations: the same meanings with noise, and a direction for each language."""
    rng = np.random.default_rng(seed)
    meanings = rng.standard_normal((n_documents, n_sentences, DIMENSIONS))

    def side(direction: NDArray[np.float64]) -> Pot:
        noisy = meanings + noise * rng.standard_normal(meanings.shape) + 2 * direction
        return Pot([to_unit(document).astype(np.float32) for document in noisy])

    return side(LANGUAGE), side(-LANGUAGE)


def pair_pots(source: Pot, target: Pot) -> list[PairedDocuments]:
    """Pair two pots, from sentence vectors to pairs."""
    return pair_documents(side_of(source), side_of(target), PairingConfig()).pairs


def side_of(pot: Pot) -> DocumentSide:
    read = list(zip(pot.vectors, pot.n_chars, strict=True))
    return DocumentSide([summarise(*document) for document in read], read.__getitem__)


def test_every_document_finds_its_translation() -> None:
    source, target = make_pots(40, 12)
    shuffled = np.random.default_rng(2).permutation(40)
    pairs = pair_pots(source, Pot([target.vectors[index] for index in shuffled]))
    assert [(pair.source, shuffled[pair.target]) for pair in pairs] == [(index, index) for index in range(40)]


def test_what_has_no_counterpart_stays_alone() -> None:
    source, target = make_pots(40, 12)
    pairs = pair_pots(Pot(source.vectors[:30]), Pot(target.vectors[10:]))
    assert [(pair.source, pair.target + 10) for pair in pairs] == [(index, index) for index in range(10, 30)]


def test_strangers_are_not_paired() -> None:
    source, _ = make_pots(30, 12, seed=1)
    _, target = make_pots(30, 12, seed=2)
    assert pair_pots(source, target) == []


@pytest.mark.parametrize(("n_source", "n_target"), [(0, 0), (0, 3), (3, 0)])
def test_an_empty_side_has_no_pairs(n_source: int, n_target: int) -> None:
    source, target = make_pots(3, 4)
    assert pair_pots(Pot(source.vectors[:n_source]), Pot(target.vectors[:n_target])) == []


def test_a_document_without_sentences_is_not_paired() -> None:
    source, target = make_pots(10, 8)
    empty = np.zeros((0, DIMENSIONS), np.float32)
    pairs = pair_pots(Pot([empty, *source.vectors]), Pot([*target.vectors, empty]))
    assert [(pair.source, pair.target) for pair in pairs] == [(index + 1, index) for index in range(10)]


def test_when_everything_is_identical_it_is_paired_once() -> None:
    source, target = make_pots(2, 8, noise=0.3)
    one, other = source.vectors, target.vectors
    pairs = pair_pots(Pot([one[0]] * 20 + [one[1]]), Pot([other[1]] + [other[0]] * 20))
    assert [pair[:2] for pair in pairs] == [(0, 1), (20, 0)]


def test_the_order_of_the_documents_changes_nothing() -> None:
    source, target = make_pots(25, 6, noise=1.2)
    order = np.random.default_rng(5).permutation(25)
    plain = {pair[:2] for pair in pair_pots(source, target)}
    mixed = pair_pots(Pot([source.vectors[index] for index in order]), target)
    assert {(order[pair.source], pair.target) for pair in mixed} == plain


def test_sides_can_be_exchanged() -> None:
    source, target = make_pots(25, 6, noise=1.2)
    there = {pair[:2] for pair in pair_pots(source, target)}
    back = {(pair.target, pair.source) for pair in pair_pots(target, source)}
    assert there == back


def test_more_lead_makes_surer_and_odd_lengths_less_sure() -> None:
    assert confidence_of(0.6, 0.2, 20, 0.1) > confidence_of(0.6, 0.5, 20, 0.1) > confidence_of(0.6, 0.5, 20, 1.0)
    assert confidence_of(0.6, 0.2, 20, 0.1) > confidence_of(0.6, 0.2, 1, 0.1)


def test_a_score_does_not_mind_order_and_little_what_is_left_out() -> None:
    source, target = make_pots(1, 30, noise=0.3)
    one, other = source.vectors[0] - source.vectors[0].mean(0), target.vectors[0] - target.vectors[0].mean(0)
    one, other = (to_unit(side.astype(np.float64)).astype(np.float32) for side in (one, other))
    weights = np.ones(30)
    whole = score_pair(one, other, weights, weights)
    assert score_pair(one[::-1], other, weights, weights) == pytest.approx(whole, abs=1e-6)
    assert score_pair(one[:20], other, weights[:20], weights) > whole - 0.2


def test_candidates_hold_both_directions_once() -> None:
    rng = np.random.default_rng(3)
    source, target = (to_unit(rng.standard_normal((n, 16))).astype(np.float32) for n in (50, 20))
    rows, columns = find_candidates(source, target, 3)
    similarity = source @ target.T
    naive = {(i, int(j)) for i in range(50) for j in np.argsort(-similarity[i])[:3]}
    naive |= {(int(i), j) for j in range(20) for i in np.argsort(-similarity[:, j])[:3]}
    assert list(zip(rows.tolist(), columns.tolist(), strict=True)) == sorted(naive)


def test_the_approximate_search_finds_nearly_all(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(4)
    keys = to_unit(rng.standard_normal((3000, 32))).astype(np.float32)
    queries = to_unit(keys[:500] + 0.1 * rng.standard_normal((500, 32))).astype(np.float32)
    exact = nearest(queries, keys, 1)[:, 0]
    monkeypatch.setattr(candidates_module, "MAX_EXACT", 100)
    assert (nearest(queries, keys, 1)[:, 0] == exact).mean() > 0.98


def test_near_duplicates_are_one_group() -> None:
    rng = np.random.default_rng(6)
    vectors = to_unit(rng.standard_normal((30, 32)))
    vectors[[7, 21]] = vectors[3] + 0.01 * rng.standard_normal((2, 32))
    found = group_duplicates(to_unit(vectors).astype(np.float32), 5, lambda i, j: float(vectors[i] @ vectors[j]))
    expected = np.arange(30)
    expected[[7, 21]] = 3
    assert found.tolist() == expected.tolist()


def test_ten_thousand_near_duplicates_take_no_more_comparisons_than_there_are_documents() -> None:
    rng = np.random.default_rng(8)
    vectors = to_unit(1 + 1e-4 * rng.standard_normal((10_000, 8))).astype(np.float32)
    compared = []

    def score(i: int, j: int) -> float:
        compared.append((i, j))
        return 1.0

    assert len(set(group_duplicates(vectors, 8, score).tolist())) < 200
    assert len(compared) < 10_000


def test_a_text_in_two_editions_is_paired_once_with_the_better_one() -> None:
    scores = np.array([0.8, 0.79, 0.7])
    rows, columns = np.array([0, 0, 1]), np.array([0, 1, 2])
    sizes = np.full(3, 10)
    one = Side(sizes[:2], sizes[:2] * 60, np.arange(2))
    other = Side(sizes, sizes * 60, np.array([0, 0, 2]))
    pairs, _ = match_documents(rows, columns, scores, (one, other), PairingConfig())
    assert [(pair.source, pair.target) for pair in pairs] == [(0, 0), (1, 2)]
    assert pairs[0].second == 0.0  # the other edition is no rival
