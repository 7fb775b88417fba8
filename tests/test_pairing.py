"""Pairing by content: candidates, scores, the choice of pairs, near duplicates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import faiss
import numpy as np
import pytest
from numpy.typing import NDArray

from stages.encode.encoder import to_unit_length
from stages.pairing import candidates as candidates_module
from stages.pairing.candidates import Points, Scored, find_candidates, nearest
from stages.pairing.config import PairingConfig
from stages.pairing.duplicates import find_alike, group_duplicates
from stages.pairing.match import USUAL_SHARE, PairedDocuments, Side, confidences_of, log_odds_of, match_documents
from stages.pairing.pairing import MAX_EDITIONS, Decided, DocumentSide, Pairing, Settled, pair_documents
from stages.pairing.score import score_pair
from stages.pairing.summary import gather, summarise

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
        return Pot([to_unit_length(document).astype(np.float32) for document in noisy])

    return side(LANGUAGE), side(-LANGUAGE)


def pair_pots(source: Pot, target: Pot) -> list[PairedDocuments]:
    """Pair two pots, from sentence vectors to pairs."""
    return pair_documents(side_of(source), side_of(target), PairingConfig()).pairs


class InMemory:
    """The sentences of documents, and which of them were asked for."""

    def __init__(self, pot: Pot) -> None:
        self._read = list(zip(pot.vectors, pot.n_chars, strict=True))
        self.asked: set[int] = set()

    def prepare(self, documents: NDArray[np.int64]) -> None:
        self.asked.update(documents.tolist())

    def read(self, document: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        assert document in self.asked
        return self._read[document]


def side_of(pot: Pot, groups: Sequence[int] | None = None) -> DocumentSide:
    n_documents = len(pot.vectors)
    summaries = gather(map(summarise, pot.vectors, pot.n_chars), n_documents)
    return DocumentSide(summaries, np.array(groups or [0] * n_documents, np.int64), InMemory(pot))


def points_of(vectors: NDArray[np.float32], groups: Sequence[int] | None = None) -> Points:
    everything = np.ones(len(vectors), bool)
    return Points(vectors, everything, everything, np.array(groups or [0] * len(vectors), np.int64))


def pairs_of(pairing: Pairing) -> list[tuple[int, int]]:
    return [(pair.source, pair.target) for pair in pairing.pairs]


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
    assert log_odds_of(0.6, 0.2, 20, 0.1) > log_odds_of(0.6, 0.5, 20, 0.1) > log_odds_of(0.6, 0.5, 20, 1.0)
    assert log_odds_of(0.6, 0.2, 20, 0.1) > log_odds_of(0.6, 0.2, 1, 0.1)


@pytest.mark.parametrize("share", [0.05, 0.4, 0.8])
def test_how_many_of_a_pot_are_right_is_estimated_from_the_pairs(share: float) -> None:
    rng = np.random.default_rng(7)
    is_right = rng.random(4000) < share
    evidence = np.where(is_right, 2.0, -2.0) + 2 * rng.standard_normal(4000)  # the logarithm of a ratio of likelihoods
    usual = np.log(USUAL_SHARE / (1 - USUAL_SHARE))
    confidences = confidences_of(evidence + usual)
    assert confidences.mean() == pytest.approx(is_right.mean(), abs=0.03)
    plain = 1 / (1 + np.exp(-evidence - usual))
    assert ((confidences > 0.5) == is_right).mean() > ((plain > 0.5) == is_right).mean() or share == 0.4


def test_few_pairs_say_little_of_how_many_are_right() -> None:
    assert confidences_of(np.array([6.0]))[0] == pytest.approx(1 / (1 + np.exp(-6)), abs=0.001)
    assert confidences_of(np.array([])).shape == (0,)


def test_a_lone_document_of_one_sentence_finds_its_translation_and_no_stranger() -> None:
    rng = np.random.default_rng(3)
    meanings = rng.standard_normal((20, 1, DIMENSIONS))
    source, target = (
        Pot([to_unit_length(one + 0.5 * rng.standard_normal(one.shape)).astype(np.float32) for one in meanings])
        for _ in range(2)
    )
    for one, other in zip(source.vectors, target.vectors, strict=True):
        assert len(pair_pots(Pot([one]), Pot([other]))) == 1
    for one, other in zip(source.vectors, target.vectors[1:], strict=False):
        assert pair_pots(Pot([one]), Pot([other])) == []


def test_a_score_does_not_mind_order_and_little_what_is_left_out() -> None:
    source, target = make_pots(1, 30, noise=0.3)
    one, other = source.vectors[0] - source.vectors[0].mean(0), target.vectors[0] - target.vectors[0].mean(0)
    one, other = (to_unit_length(side.astype(np.float64)).astype(np.float32) for side in (one, other))
    weights = np.ones(30)
    whole = score_pair(one, other, weights, weights)
    assert score_pair(one[::-1], other, weights, weights) == pytest.approx(whole, abs=1e-6)
    assert score_pair(one[:20], other, weights[:20], weights) > whole - 0.2


def test_candidates_hold_both_directions_once() -> None:
    rng = np.random.default_rng(3)
    source, target = (to_unit_length(rng.standard_normal((n, 16))).astype(np.float32) for n in (50, 20))
    rows, columns = find_candidates(points_of(source), points_of(target), 3)
    similarity = source @ target.T
    naive = {(i, int(j)) for i in range(50) for j in np.argsort(-similarity[i])[:3]}
    naive |= {(int(i), j) for j in range(20) for i in np.argsort(-similarity[:, j])[:3]}
    assert list(zip(rows.tolist(), columns.tolist(), strict=True)) == sorted(naive)


def test_the_approximate_search_finds_nearly_all(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(4)
    keys = to_unit_length(rng.standard_normal((3000, 32))).astype(np.float32)
    queries = to_unit_length(keys[:500] + 0.1 * rng.standard_normal((500, 32))).astype(np.float32)
    exact = nearest(queries, keys, 1)[1][:, 0]
    monkeypatch.setattr(candidates_module, "MAX_EXACT", 100)
    found = []
    before = faiss.omp_get_max_threads()
    try:
        for n_threads in (1, 4):
            faiss.omp_set_num_threads(n_threads)
            found.append(nearest(queries, keys, 1)[1])
            assert faiss.omp_get_max_threads() == n_threads
    finally:
        faiss.omp_set_num_threads(before)
    assert (found[0][:, 0] == exact).mean() > 0.98
    assert np.array_equal(*found)


def test_candidates_are_sought_within_a_group_only() -> None:
    rng = np.random.default_rng(3)
    source, target = (to_unit_length(rng.standard_normal((n, 16))).astype(np.float32) for n in (50, 20))
    groups = [i % 3 for i in range(50)], [j % 4 for j in range(20)]
    found = find_candidates(points_of(source, groups[0]), points_of(target, groups[1]), 2)
    similarity = np.where(np.equal.outer(np.array(groups[0]), np.array(groups[1])), source @ target.T, -np.inf)
    naive = {(i, int(j)) for i in range(50) for j in np.argsort(-similarity[i])[:2]}
    naive |= {(int(i), j) for j in range(20) for i in np.argsort(-similarity[:, j])[:2]}
    naive = {(i, j) for i, j in naive if groups[0][i] == groups[1][j]}
    assert list(zip(*(side.tolist() for side in found), strict=True)) == sorted(naive)
    assert max(groups[0][i] for i, _ in naive) == 2


def test_near_duplicates_are_one_group() -> None:
    rng = np.random.default_rng(6)
    vectors = to_unit_length(rng.standard_normal((30, 32)))
    vectors[[7, 21]] = vectors[3] + 0.01 * rng.standard_normal((2, 32))
    alike = find_alike(points_of(to_unit_length(vectors).astype(np.float32)), 5)
    found, _ = group_duplicates(30, alike, lambda i, j: float(vectors[i] @ vectors[j]), Scored.none())
    expected = np.arange(30)
    expected[[7, 21]] = 3
    assert found.tolist() == expected.tolist()


def test_ten_thousand_near_duplicates_take_no_more_comparisons_than_there_are_documents() -> None:
    rng = np.random.default_rng(8)
    vectors = to_unit_length(1 + 1e-4 * rng.standard_normal((10_000, 8))).astype(np.float32)
    found, compared = group_duplicates(10_000, find_alike(points_of(vectors), 8), lambda *_: 1.0, Scored.none())
    assert len(set(found.tolist())) < 200
    assert len(compared.rows) < 10_000


def test_a_text_in_two_editions_is_paired_once_with_the_better_one() -> None:
    compared = Scored(np.array([0, 0, 1]), np.array([0, 1, 2]), np.array([0.8, 0.79, 0.7]))
    sizes = np.full(3, 10)
    one = Side(sizes[:2], sizes[:2] * 60, np.arange(2))
    other = Side(sizes, sizes * 60, np.array([0, 0, 2]))
    pairs, _ = match_documents(compared, (one, other), frozenset(), None)
    assert [(pair.source, pair.target) for pair in pairs] == [(0, 0), (1, 2)]
    assert pairs[0].second == 0.0  # the other edition is no rival


def test_ten_thousand_near_duplicates_are_compared_with_a_few_each_and_paired_once() -> None:
    source, target = make_pots(6, 3, noise=0.3)
    rng = np.random.default_rng(9)
    versions = source.vectors[0] + 0.01 * rng.standard_normal((10_000, 3, DIMENSIONS)).astype(np.float32)
    pairing = pair_documents(side_of(Pot([*versions, *source.vectors[1:]])), side_of(target), PairingConfig())
    assert [pair[1] for pair in pairs_of(pairing)] == list(range(6))
    assert [pair[0] for pair in pairs_of(pairing)][1:] == list(range(10_000, 10_005))
    assert all(pair.confidence > 0.99 for pair in pairing.pairs)
    assert pairing.n_compared <= 10_005 + 200 * MAX_EDITIONS * 6


def test_where_no_document_has_text_none_is_paired() -> None:
    empty = Pot([np.zeros((0, DIMENSIONS), np.float32)] * 3)
    assert pair_pots(empty, empty) == []


# ---- corrections


def test_what_people_put_together_is_together_and_what_they_keep_apart_is_apart() -> None:
    source, target = make_pots(20, 10)
    decided = Decided(frozenset([(3, 7)]), frozenset([(5, 5)]))
    pairing = pair_documents(side_of(source), side_of(target), PairingConfig(), decided)
    expected = [(index, index) for index in range(20) if index not in (3, 5, 7)]
    assert pairs_of(pairing) == sorted([*expected, (3, 7)])
    assert next(pair for pair in pairing.pairs if pair.source == 3).confidence == 1.0
    assert not [pair for pair in pairing.unsure if pair[:2] == (5, 5)]


def test_what_is_kept_apart_makes_no_other_pair_doubtful() -> None:
    compared = Scored(np.array([0, 0]), np.array([0, 1]), np.array([0.8, 0.79]))
    side = Side(np.full(2, 10), np.full(2, 600), np.arange(2))
    with_rival, _ = match_documents(compared, (side, side), frozenset(), None)
    without, _ = match_documents(compared.without({(0, 0)}), (side, side), frozenset(), None)
    assert (with_rival[0].second, without[0].second) == (0.79, 0.0)


# ---- one night after the other


def again(
    before: Pairing,
    source: Pot,
    target: Pot,
    decided: Decided = Decided(),  # noqa: B008
) -> tuple[Pairing, DocumentSide, DocumentSide]:
    """Pair again, with new documents at the end of both sides."""
    known = before.settled.known
    more = [len(pot.vectors) - len(of_side) for pot, of_side in zip((source, target), known, strict=True)]
    padded = [np.concatenate([of_side, np.zeros(n, bool)]) for of_side, n in zip(known, more, strict=True)]
    settled = before.settled._replace(known=(padded[0], padded[1]))
    sides = side_of(source), side_of(target)
    return pair_documents(*sides, PairingConfig(), decided, settled), *sides


def test_with_nothing_new_nothing_is_compared() -> None:
    source, target = make_pots(25, 6)
    before = pair_documents(side_of(source), side_of(target), PairingConfig())
    pairing, one, other = again(before, source, target)
    assert before.n_compared > 25
    assert (pairing.n_compared, pairing.pairs, pairing.unsure) == (0, before.pairs, before.unsure)
    assert one.sentences.asked == other.sentences.asked == set()  # type: ignore[attr-defined]


def test_a_new_document_is_compared_with_few_and_the_others_stay() -> None:
    source, target = make_pots(40, 6)
    before = pair_documents(side_of(Pot(source.vectors[:39])), side_of(Pot(target.vectors[:38])), PairingConfig())
    assert pairs_of(before) == [(index, index) for index in range(38)]
    pairing, one, _ = again(before, source, target)
    assert pairs_of(pairing) == [(index, index) for index in range(40)]
    assert 0 < pairing.n_compared <= 3 * 8
    assert len(one.sentences.asked) < 30  # type: ignore[attr-defined]


def test_a_pair_stays_though_a_new_document_comes_near_and_goes_where_one_is_nearer() -> None:
    source, target = make_pots(20, 8, noise=0.9)
    _, clean = make_pots(20, 8, noise=0.0)
    before = pair_documents(side_of(source), side_of(target), PairingConfig())
    assert pairs_of(before)[4] == (4, 4)
    for noise, partner in ((1.3, 4), (0.3, 20)):
        size = np.sqrt(DIMENSIONS * 5)  # of a meaning and its language, before they are made unit vectors
        new = clean.vectors[4] + noise / size * np.random.default_rng(7).standard_normal(clean.vectors[4].shape)
        pairing, *_ = again(before, source, Pot([*target.vectors, to_unit_length(new).astype(np.float32)]))
        assert pairs_of(pairing)[4] == (4, partner)
        assert pairing.pairs[4].second > 0.6 * pairing.pairs[4].score


def test_what_was_compared_before_an_end_is_not_compared_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stages.pairing.pairing.COMPARED_AT_ONCE", 20)
    source, target = make_pots(25, 6)
    kept: list[Settled] = []
    whole = pair_documents(side_of(source), side_of(target), PairingConfig(), keep=kept.append)
    assert len(kept) > 4
    rest = pair_documents(side_of(source), side_of(target), PairingConfig(), before=kept[2])
    assert (rest.pairs, rest.unsure) == (whole.pairs, whole.unsure)
    assert rest.n_compared == whole.n_compared - kept[2].n_compared > 0


def test_a_side_that_has_doubled_is_paired_anew() -> None:
    source, target = make_pots(30, 6)
    before = pair_documents(side_of(Pot(source.vectors[:10])), side_of(Pot(target.vectors[:10])), PairingConfig())
    pairing, *_ = again(before, source, target)
    whole = pair_documents(side_of(source), side_of(target), PairingConfig())
    assert (pairing.pairs, pairing.n_compared) == (whole.pairs, whole.n_compared)
