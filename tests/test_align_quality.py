"""Verdicts on pairs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from test_align_pair import CONFIG, document, with_overlaps

from stages.align import align_pair
from stages.align.anchors.links import Links
from stages.align.anchors.quality import judge_pair
from stages.data import Overlaps


def pasted(*parts: Overlaps) -> Overlaps:
    sentences = [sentence for part in parts for sentence in part.sentences]
    return with_overlaps(sentences, np.concatenate([part.vectors[0] for part in parts]))


def facts_of(source: Overlaps, target: Overlaps) -> dict[str, Any]:
    return align_pair(source, target, CONFIG).facts


TEXT, FOREIGN, OTHER = (document(n, seed, dimensions=64) for n, seed in ((120, 1), (300, 2), (300, 3)))


def test_a_translation_is_ok() -> None:
    facts = facts_of(TEXT, TEXT)
    assert facts["verdict"] == "ok"
    assert facts["quality"] > 0.9
    assert facts["reason"] == "every sentence has a translation"


def test_another_document_is_unrelated() -> None:
    facts = facts_of(FOREIGN, OTHER)
    assert facts["verdict"] == "unrelated"
    assert facts["quality"] < 0.05
    assert "hardly match" in facts["reason"]


def test_half_a_translation_is_partial_and_says_which_half_is_missing() -> None:
    facts = facts_of(pasted(TEXT, FOREIGN), TEXT)
    assert facts["verdict"] == "partial"
    assert facts["reason"] == "71% of the 420 source sentences have no translation"
    assert facts_of(TEXT, pasted(TEXT, FOREIGN))["reason"] == "71% of the 420 target sentences have no translation"


def test_a_translated_chapter_among_foreign_ones_is_partial() -> None:
    facts = facts_of(pasted(FOREIGN, TEXT), pasted(TEXT, OTHER))
    assert facts["verdict"] == "partial"
    assert 0 < facts["quality"] < 0.27


def test_a_sentence_or_two_are_given_the_benefit_of_the_doubt() -> None:
    for n_sentences in (1, 2):
        few = with_overlaps(TEXT.sentences[:n_sentences], TEXT.vectors[0][:n_sentences])
        facts = facts_of(few, few)
        assert (facts["verdict"], facts["reason"]) == ("ok", "too few sentences to judge")


def test_a_few_sentences_are_judged_by_their_beads() -> None:
    few = with_overlaps(TEXT.sentences[:4], TEXT.vectors[0][:4])
    assert facts_of(few, few)["verdict"] == "ok"


def test_an_empty_side_is_unrelated() -> None:
    assert facts_of(document(0), TEXT)["reason"] == "the source has no sentences"
    assert facts_of(TEXT, document(0))["reason"] == "the target has no sentences"


@pytest.mark.parametrize(("mean", "verdict"), [(6.0, "ok"), (1.0, "unrelated")])
def test_without_anchors_short_documents_count_by_score(mean: float, verdict: str) -> None:
    none, spans = np.empty(0, np.int64), np.array([[i, i + 1, i, i + 1] for i in range(5)])
    facts = judge_pair(Links(none, none, np.empty(0), 0.0), spans, np.full(5, mean, np.float32), 5, 5)
    assert facts["verdict"] == verdict


def test_facts_tell_how_well_the_encoder_separates() -> None:
    facts = facts_of(TEXT, TEXT)
    assert facts["anchor_similarity"] == pytest.approx(1.0, abs=0.05)
    assert facts["separation"] > 3.9
