"""Alignment of real text against what people aligned; needs the evaluation corpora."""

from __future__ import annotations

from pathlib import Path

import pytest
from gold_pairs import GoldPair, encoded, read_lines
from robustness import boundary, edit

from stages.align import AlignConfig, align_pair
from stages.bead_lines import parse_beads, positions_of
from stages.evaluate.scores import Evaluation, evaluate, sum_evaluations

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def pairs(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> list[GoldPair]:
    """The three shortest yearbooks, encoded once."""
    cache = tmp_path_factory.mktemp("vectors")
    folder, found = shared / "gold" / "textberg-de-fr", []
    for name in ("003", "004", "005"):
        source, target = (
            encoded(read_lines(folder / f"{name}.{side}.txt"), language, cache)
            for side, language in (("source", "de"), ("target", "fr"))
        )
        found.append(GoldPair(name, source, target, parse_beads(read_lines(folder / f"{name}.gold.txt"))))
    return found


def score(pairs: list[GoldPair], config: AlignConfig) -> Evaluation:
    return sum_evaluations(
        evaluate(positions_of(align_pair(pair.source, pair.target, config)), pair.gold) for pair in pairs
    )


@pytest.mark.parametrize("method", ["bitext", "bertalign"])
def test_real_text_is_aligned_as_people_did(pairs: list[GoldPair], method: str) -> None:
    result = score(pairs, AlignConfig(method=method))
    assert result.strict.f1 > 0.88
    assert result.lax.f1 > 0.97


def test_single_sentences_are_nearly_enough(pairs: list[GoldPair]) -> None:
    alone = [
        pair._replace(
            source=type(pair.source)(pair.source.sentences, pair.source.vectors[:1]),
            target=type(pair.target)(pair.target.sentences, pair.target.vectors[:1]),
        )
        for pair in pairs
    ]
    assert score(alone, AlignConfig(max_side=4)).strict.f1 > 0.87


def test_a_foreign_block_changes_hardly_a_bead_far_from_it(pairs: list[GoldPair]) -> None:
    host, foreign = pairs[1], pairs[0].target
    n, t, at = len(host.source.sentences), len(host.target.sentences), boundary(host, 0.5)[1]
    block = len(foreign.sentences)
    case = edit("block", host, None, [(host.target, 0, at), (foreign, 0, block), (host.target, at, t)])
    plain = beads_far_from(align_pair(host.source, host.target, AlignConfig()), at, 0)
    edited = beads_far_from(align_pair(case.source, case.target, AlignConfig()), at, block)
    assert len(plain) > n / 2
    assert len(plain & edited) >= 0.99 * len(plain)


def beads_far_from(beads, at: int, block: int) -> set[tuple[int, int, int, int]]:
    """Beads with both sides whose target lies more than 20 sentences from a place, as if no block stood there."""
    return {
        (a, b, c - block, d - block) if c >= at + block else (a, b, c, d)
        for a, b, c, d in zip(beads.source_start, beads.source_stop, beads.target_start, beads.target_stop, strict=True)
        if a < b and c < d and (d <= at - 20 or c >= at + block + 20)
    }
