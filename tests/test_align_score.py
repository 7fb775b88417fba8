"""Scores of beads in the classic method."""

from __future__ import annotations

import naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.align.anchors.lengths import measure_lengths
from stages.align.band import band_around
from stages.align.beads import NO_SCORE, bead_types
from stages.align.bertalign.score import score_band
from stages.align.scoring import similarity as similarity_module


def random_document(n: int, sizes: int, seed: int) -> tuple[list[str], np.ndarray]:
    generator = np.random.default_rng(seed)
    vectors = generator.normal(size=(sizes, n, 6))
    vectors /= np.linalg.norm(vectors, axis=2, keepdims=True)
    return ["é" * int(length) for length in generator.integers(1, 40, n)], vectors.astype(np.float16)


def test_bead_types_stand_by_size() -> None:
    assert bead_types(4, 2, 3).tolist() == [[1, 1], [1, 2], [2, 1], [1, 3], [2, 2]]


@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 99), st.booleans(), st.booleans())
@settings(deadline=None)  # the first example waits for the compiler
def test_scores_are_those_of_the_definition(
    n_source: int, n_target: int, seed: int, use_margin: bool, use_length: bool
) -> None:
    source_sentences, source = random_document(n_source, 3, seed)
    target_sentences, target = random_document(n_target, 2, seed + 1000)
    none = np.empty(0, np.int64)
    band = band_around(none, none, n_source, n_target, 1)
    anchors = np.arange(min(n_source, n_target, 2))
    types, lengths = bead_types(5, 3, 2), measure_lengths(source_sentences, target_sentences, anchors, anchors)
    scale = len(source_sentences[0]) / len(target_sentences[0]) if len(anchors) == 2 else 1.0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(similarity_module, "BLOCK_ROWS", 3)
        scores = score_band(source, target, lengths, band, types, use_margin, use_length)
    for i in range(n_source + 1):
        for j in range(band.start[i], band.stop[i]):
            for kind, (m, n) in enumerate(types):
                score = scores.score[band.offset[i] + j - band.start[i], kind]
                if m > i or n > j:
                    assert score == NO_SCORE
                    continue
                bead = (i - m, i, j - n, j)
                expected = naive.margin_score(
                    source, target, source_sentences, target_sentences, bead, scale, use_margin, use_length
                )
                assert score == pytest.approx(expected, abs=1e-5)
