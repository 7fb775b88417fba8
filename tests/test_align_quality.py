"""Verdicts on pairs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from aligned_pairs import CONFIG, document, with_overlaps

from stages.align import align_pair
from stages.align.anchors.links import Links
from stages.align.anchors.quality import judge_pair
from stages.align.untranslated import is_untranslated
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


def test_a_translation_that_lacks_little_says_how_many_sentences_it_has() -> None:
    assert facts_of(pasted(TEXT, document(4, 2, dimensions=64)), TEXT)["reason"] == (
        "120 of 124 source sentences have a translation"
    )


def test_another_document_is_unrelated() -> None:
    facts = facts_of(FOREIGN, OTHER)
    assert facts["verdict"] == "unrelated"
    assert facts["quality"] < 0.05
    assert "hardly match" in facts["reason"]


def test_half_a_translation_is_partial_and_says_which_half_is_missing() -> None:
    facts = facts_of(pasted(TEXT, FOREIGN), TEXT)
    assert facts["verdict"] == "partial"
    assert facts["reason"] == "abridged: 29% of the source has a translation"
    assert facts["quality"] == pytest.approx(120 / 420, abs=0.01)
    assert facts_of(TEXT, pasted(TEXT, FOREIGN))["reason"] == "enlarged: 29% of the target translates the source"


def test_a_translated_chapter_among_foreign_ones_is_partial() -> None:
    facts = facts_of(pasted(FOREIGN, TEXT), pasted(TEXT, OTHER))
    assert facts["verdict"] == "partial"
    assert 0 < facts["quality"] < 0.4
    assert facts["reason"] == "partly translated: 29% of the source and 29% of the target have a counterpart"


def test_a_sentence_or_two_are_given_the_benefit_of_the_doubt() -> None:
    for n_sentences in (1, 2):
        few = with_overlaps(TEXT.sentences[:n_sentences], TEXT.vectors[0][:n_sentences])
        facts = facts_of(few, few)
        assert (facts["verdict"], facts["reason"]) == ("ok", "too few sentences to judge")


def test_a_few_sentences_are_judged_by_their_beads() -> None:
    few = with_overlaps(TEXT.sentences[:4], TEXT.vectors[0][:4])
    assert facts_of(few, few)["verdict"] == "ok"


def test_a_few_sentences_of_strangers_are_unrelated() -> None:
    """Whatever weights they were aligned by: those of free translations make any bead worth more."""
    for first in range(0, 96, 8):
        few, strangers = (
            with_overlaps(whole.sentences[first : first + 8], whole.vectors[0][first : first + 8])
            for whole in (FOREIGN, OTHER)
        )
        facts = facts_of(few, strangers)
        assert facts["quality"] < 0.3
        assert facts["verdict"] != "ok"


def in_words(document: Overlaps, name: str) -> Overlaps:
    """The same sentences, each of some words that no other document has."""
    return Overlaps([f"{name} says {sentence} here" for sentence in document.sentences], document.vectors)


def half_untranslated() -> tuple[Overlaps, Overlaps]:
    source, target = in_words(TEXT, "this one"), in_words(TEXT, "that one")
    both = zip(source.sentences, target.sentences, strict=True)
    kept = [theirs if n % 2 else ours for n, (ours, theirs) in enumerate(both)]
    return source, Overlaps(kept, target.vectors)


def test_text_that_is_the_same_on_both_sides_is_told_and_is_no_translation() -> None:
    facts = facts_of(*half_untranslated())
    assert facts["verdict"] == "partial"
    assert facts["reason"] == "half untranslated: 50% of the beads are the same on both sides"
    assert facts["quality"] == pytest.approx(0.5, abs=0.02)
    whole = facts_of(in_words(TEXT, "this one"), in_words(TEXT, "this one"))
    assert (whole["verdict"], whole["quality"]) == ("partial", 0)
    assert whole["reason"] == "mostly untranslated: 100% of the beads are the same on both sides"


def test_names_and_numbers_that_are_the_same_on_both_sides_are_nothing_to_tell() -> None:
    assert is_untranslated("See the manual of Debian.", "See the manual of Debian.")
    assert not is_untranslated("See the manual of Debian.", "See the Manual of Debian.")
    for text in ("", "Debian GNU", "12 34 56 78", "* * *", "RFC 2822"):
        assert not is_untranslated(text, text)


def test_untranslated_text_tells_nothing_of_the_encoder() -> None:
    """What is the same on both sides has similarity 1; the translations here have less."""
    source, target = half_untranslated()
    noise = np.random.default_rng(5).normal(0, 0.7, target.vectors[0].shape) / np.sqrt(target.vectors.shape[2])
    noise[::2] = 0
    facts = facts_of(source, with_overlaps(list(target.sentences), target.vectors[0] + noise))
    assert facts["anchor_similarity"] == pytest.approx(1 / np.sqrt(1 + 0.7**2), abs=0.05)
    assert facts_of(in_words(TEXT, "this one"), in_words(TEXT, "this one"))["separation"] == 0


def test_an_empty_side_is_unrelated() -> None:
    assert facts_of(document(0), TEXT)["reason"] == "the source has no sentences"
    assert facts_of(TEXT, document(0))["reason"] == "the target has no sentences"


@pytest.mark.parametrize(("mean", "verdict"), [(0.5, "ok"), (0.1, "unrelated")])
def test_without_anchors_short_documents_count_by_similarity(mean: float, verdict: str) -> None:
    none, spans = np.empty(0, np.int64), np.array([[i, i + 1, i, i + 1] for i in range(5)])
    facts = judge_pair(
        Links(none, none, np.empty(0), 0.0), spans, np.full(5, mean, np.float32), np.zeros(5, bool), 5, 5
    )
    assert facts["verdict"] == verdict


def test_facts_tell_how_well_the_encoder_separates() -> None:
    facts = facts_of(TEXT, TEXT)
    assert facts["anchor_similarity"] == pytest.approx(1.0, abs=0.05)
    assert facts["separation"] > 3.9
