"""What beads are judged by in the log-linear method."""

from __future__ import annotations

import naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from naive import fill_missing

from stages.align import AlignConfig
from stages.align.anchors.lengths import Lengths
from stages.align.anchors.links import Links
from stages.align.anchors.scale import Scale, anchored_region, centre_of, measure_scale, scaled_lengths
from stages.align.band import band_around
from stages.align.beads import NO_SCORE, bead_types
from stages.align.scoring import similarity as similarity_module
from stages.align.scoring.features import Sides, collect_features, score_blocks
from stages.align.scoring.punctuation import Punctuation, find_punctuation, trust_punctuation
from stages.align.scoring.similarity import mixed_blocks, similarity_blocks, summed_blocks
from stages.align.scoring.sums import has_encoded_overlaps, measure_sums, overlap_vectors
from stages.align.scoring.weights import BEAD_FEATURES, ENCODED, SUMMED, WEIGHT_NAMES, as_table, changed


def random_vectors(sizes: int, n: int, seed: int) -> np.ndarray:
    vectors = np.random.default_rng(seed).normal(0.3, 1, (sizes, n, 6))
    return (vectors / np.linalg.norm(vectors, axis=2, keepdims=True)).astype(np.float32)


def no_marks(n: int) -> Punctuation:
    return Punctuation(np.zeros((n + 1, 4), np.float32), np.zeros((n, 3), bool))


@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 99))
@settings(deadline=None)  # the first example waits for the compiler
def test_features_are_those_of_the_definition(n_source: int, n_target: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    source, target = random_vectors(3, n_source, seed), random_vectors(2, n_target, seed + 1000)
    source_lengths, target_lengths = generator.uniform(5, 90, n_source), generator.uniform(5, 90, n_target)
    lengths = Lengths(np.append(0, np.cumsum(source_lengths)), np.append(0, np.cumsum(target_lengths)))
    sides = Sides(lengths, no_marks(n_source), no_marks(n_target), np.ones(7, np.float32))
    centres = generator.normal(0, 0.2, (2, 6)).astype(np.float32)
    scale = Scale(*centres, 1.25, 0.05, np.zeros(n_source), np.zeros(n_target))
    none, types = np.empty(0, np.int64), bead_types(5, 3, 2)
    band = band_around(none, none, n_source, n_target, 1)
    features = collect_features(similarity_blocks(source, target, band, scale), sides, band, types)
    found = score_blocks(similarity_blocks(source, target, band, scale), sides, band, types, ENCODED)
    for i in range(n_source + 1):
        for j in range(band.start[i], band.stop[i]):
            for kind, (m, n) in enumerate(types):
                cell = band.offset[i] + j - band.start[i]
                if m > i or n > j:
                    assert np.isnan(features[cell, kind]).all()
                    assert found.score[cell, kind] == NO_SCORE
                    continue
                expected = naive.bead_features(
                    source, target, scale[:2], 1.25, 0.05, source_lengths, target_lengths, (i - m, i, j - n, j)
                )
                assert features[cell, kind, :8] == pytest.approx(expected, abs=1e-4)
                assert features[cell, kind, 8:].tolist() == [0] * 7
                assert found.score[cell, kind] == pytest.approx(features[cell, kind] @ ENCODED.bead, abs=1e-3)


@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 99))
@settings(deadline=None)
def test_products_of_sums_are_those_of_summed_vectors(n_source: int, n_target: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    source, target = random_vectors(1, n_source, seed), random_vectors(1, n_target, seed + 1000)
    lengths = generator.uniform(5, 90, n_source), generator.uniform(5, 90, n_target)
    centres = generator.normal(0, 0.2, (2, 6)).astype(np.float32)
    scale = Scale(*centres, 1.25, 0.05, np.zeros(n_source), np.zeros(n_target))
    none, types = np.empty(0, np.int64), bead_types(5, 3, 2)
    band = band_around(none, none, n_source, n_target, 1)
    sums = measure_sums(source[0], 3, lengths[0], centres[0]), measure_sums(target[0], 2, lengths[1], centres[1])
    vectors = fill_missing(source, 3, lengths[0], centres[0]), fill_missing(target, 2, lengths[1], centres[1])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(similarity_module, "BLOCK_ROWS", 3)
        pairs = zip(
            summed_blocks(source, target, band, scale, sums), similarity_blocks(*vectors, band, scale), strict=True
        )
        for by_products, by_vectors in pairs:
            assert by_products[:4] == by_vectors[:4]
            for i in range(max(by_vectors.row_start, 1), by_vectors.row_stop):
                for j in range(max(band.start[i], 1), band.stop[i]):
                    for m, n in types[(types[:, 0] <= i) & (types[:, 1] <= j)]:
                        place = m - 1, i - 1 - by_vectors.first_source, n - 1, j - 1 - by_vectors.first_target
                        assert by_products.similarity[place] == pytest.approx(by_vectors.similarity[place], abs=1e-4)


@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 99))
@settings(deadline=None)
def test_encoded_overlaps_stand_among_sums_as_their_vectors_would(n_source: int, n_target: int, seed: int) -> None:
    """Some overlaps are encoded, the others are not: the similarities are those of vectors that are all there."""
    generator = np.random.default_rng(seed)
    sides, lengths = [], (generator.uniform(5, 90, n_source), generator.uniform(5, 90, n_target))
    for n_sizes, n_sentences in ((3, n_source), (2, n_target)):
        vectors = random_vectors(n_sizes, n_sentences, seed + n_sizes)
        for size in range(2, n_sizes + 1):
            vectors[size - 1, : size - 1] = 0
            vectors[size - 1, generator.random(n_sentences) < 0.5] = 0
        sides.append(vectors)
    source, target = sides
    centres = generator.normal(0, 0.2, (2, 6)).astype(np.float32)
    scale = Scale(*centres, 1.25, 0.05, np.zeros(n_source), np.zeros(n_target))
    none, types = np.empty(0, np.int64), bead_types(5, 4, 3)
    band = band_around(none, none, n_source, n_target, 1)
    sums = measure_sums(source[0], 4, lengths[0], centres[0]), measure_sums(target[0], 3, lengths[1], centres[1])
    filled = fill_missing(source, 4, lengths[0], centres[0]), fill_missing(target, 3, lengths[1], centres[1])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(similarity_module, "BLOCK_ROWS", 3)
        pairs = zip(
            mixed_blocks(source, target, band, scale, sums), similarity_blocks(*filled, band, scale), strict=True
        )
        for mixed, plain in pairs:
            for i in range(max(plain.row_start, 1), plain.row_stop):
                for j in range(max(band.start[i], 1), band.stop[i]):
                    for m, n in types[(types[:, 0] <= i) & (types[:, 1] <= j)]:
                        place = m - 1, i - 1 - plain.first_source, n - 1, j - 1 - plain.first_target
                        assert mixed.similarity[place] == pytest.approx(plain.similarity[place], abs=1e-4)


def test_there_is_a_weight_for_every_feature() -> None:
    assert len(ENCODED.bead) == len(BEAD_FEATURES)


@pytest.mark.parametrize(
    ("sentence", "counts", "flags"),
    [
        ("Stop! “No!” he said, and left 12 of 30.", [2, 2, 2, 1], [False, False, False]),
        ("他说：“不行！”", [1, 2, 0, 0], [False, True, False]),
        ("'Why not?'", [0, 2, 0, 0], [False, True, False]),
        ("l'été, c'est l'eau", [0, 0, 0, 1], [True, False, True]),
        ("A heading", [0, 0, 0, 0], [True, False, False]),
        ("Ende.“", [0, 1, 0, 0], [False, True, False]),
    ],
)
def test_marks_are_counted(sentence: str, counts: list[int], flags: list[bool]) -> None:
    marks = find_punctuation([sentence])
    assert marks.counts[1].tolist() == counts
    assert marks.flags[0].tolist() == flags


MARKED = st.text(alphabet="ab1٣ \t\n.!?,\"“”'‘’«»)(（）、，。-_—Éß漢😀٬", min_size=2, max_size=9).filter(
    lambda sentence: len(sentence.strip()) > 1
)


@given(st.lists(MARKED, max_size=6))
def test_marks_are_those_of_every_sentence_alone(sentences: list[str]) -> None:
    marks = find_punctuation(sentences)
    assert np.diff(marks.counts, axis=0).tolist() == [naive.count_marks(sentence) for sentence in sentences]
    assert marks.flags.tolist() == [naive.describe_marks(sentence) for sentence in sentences]


def test_quotation_marks_that_only_one_side_writes_are_not_trusted() -> None:
    source = find_punctuation(["“Yes.”", "No."] * 40)
    target = find_punctuation(["Yes.", "No."] * 40)
    anchors = np.arange(80)
    assert trust_punctuation(source, target, anchors, anchors)[[1, 5]].max() < 0.1
    assert trust_punctuation(source, source, anchors, anchors)[[1, 5]].min() > 0.8


def test_without_anchors_marks_are_half_trusted() -> None:
    marks, none = find_punctuation(["Yes."]), np.empty(0, np.int64)
    assert trust_punctuation(marks, marks, none, none).tolist() == [0.5] * 7


def test_a_foreword_moves_no_statistic() -> None:
    text, foreword = random_vectors(1, 60, 1)[0], -random_vectors(1, 400, 2)[0]
    sentences = ["word " * 8] * 60
    anchors = np.arange(60)
    plain = Links(anchors, anchors, np.ones(60), 0.5)
    moved = Links(anchors + 400, anchors, np.ones(60), 0.5)
    with_foreword = np.concatenate([foreword, text])
    region, whole = anchored_region(moved, 460, 60), anchored_region(plain, 60, 60)
    assert np.flatnonzero(region.source).tolist() == (anchors + 400).tolist()
    found, expected = measure_scale(with_foreword, text, moved, region), measure_scale(text, text, plain, whole)
    assert found.source_typical[400:] == pytest.approx(expected.source_typical, abs=1e-5)
    for name in ("source_centre", "target_centre", "stretch", "background", "target_typical", "separation"):
        assert getattr(found, name) == pytest.approx(getattr(expected, name), abs=1e-4)
    lengths = scaled_lengths([*["x"] * 400, *sentences], sentences, region)
    assert np.diff(lengths.source)[-1] == pytest.approx(np.diff(lengths.target)[-1])


def test_one_sentence_says_little_about_how_long_translations_are() -> None:
    many = ["word " * 8] * 500
    for n, most in ((1, 1.5), (3, 2.2), (200, 4.0)):
        source = ["word " * 32] * n
        links = Links(np.arange(1), np.arange(1), np.ones(1), 0.5)
        lengths = scaled_lengths(source, many, anchored_region(links, n, 500))
        unit = (160 / np.diff(lengths.source)[0]) / (40 / np.diff(lengths.target)[0])
        assert 1 < unit <= most


def test_fewer_full_stops_do_not_make_a_short_text_half_untranslated() -> None:
    source, target = ["word " * 32] * 6, ["word " * 8] * 24
    links = Links(np.arange(1), np.arange(1), np.ones(1), 0.5)
    for sides in ((source, target), (target, source)):
        lengths = scaled_lengths(*sides, anchored_region(links, *map(len, sides)))
        assert lengths.source[-1] == pytest.approx(lengths.target[-1])


def test_few_anchors_leave_the_scale_alone() -> None:
    vectors = random_vectors(1, 8, 1)[0]
    links = Links(np.arange(8), np.arange(8), np.ones(8), 0.5)
    region = anchored_region(links, 8, 8)
    assert region.source.all()
    assert measure_scale(vectors, vectors, links, region).stretch == 1.0


def test_stand_ins_are_sums_and_encoded_overlaps_are_kept() -> None:
    encoded = random_vectors(2, 5, 1)
    encoded[1, 0] = 0  # no overlap of two ends with the first sentence
    encoded[1, 3] = 0  # this one was not encoded
    lengths, centre = np.array([4.0, 9.0, 16.0, 25.0, 36.0]), centre_of(encoded[0])
    filled = fill_missing(encoded, 3, lengths, centre)
    assert filled[0].tolist() == encoded[0].tolist()
    assert filled[1, [0, 1, 2, 4]].tolist() == encoded[1, [0, 1, 2, 4]].tolist()
    assert not filled[2, :2].any()

    def direction(position: int) -> np.ndarray:
        return (encoded[0, position] - centre) / np.linalg.norm(encoded[0, position] - centre)

    for size, stop in ((2, 4), (3, 3), (3, 5)):
        total = sum(np.sqrt(lengths[p]) * direction(p) for p in range(stop - size, stop))
        assert filled[size - 1, stop - 1] - centre == pytest.approx(total / np.linalg.norm(total), abs=1e-5)


def test_an_overlap_is_its_own_vector_or_the_sum_in_its_place() -> None:
    single, lengths = random_vectors(1, 6, 1), np.array([4.0, 9.0, 16.0, 25.0, 36.0, 49.0])
    centre = centre_of(single[0])
    filled, sums = fill_missing(single, 3, lengths, centre), measure_sums(single[0], 3, lengths, centre)
    sizes, lasts = np.array([1, 3, 2, 3]), np.array([0, 2, 4, 5])
    for vectors in (single, filled):
        found = overlap_vectors(vectors, sizes, lasts, sums.weights, centre)
        np.testing.assert_allclose(found, filled[sizes - 1, lasts], atol=1e-6)


def test_overlaps_of_two_and_more_count_as_encoded() -> None:
    encoded = random_vectors(2, 5, 1)
    assert has_encoded_overlaps(encoded)
    assert not has_encoded_overlaps(encoded[:1])


def test_weights_by_name_replace_the_shipped_ones() -> None:
    other = changed(ENCODED, {"similarity": 9.0, "null_constant": -7.0, "skip_edge": -1.0})
    assert {name for name in WEIGHT_NAMES if as_table(other)[name] != as_table(ENCODED)[name]} == {
        "similarity",
        "null_constant",
        "skip_edge",
    }
    assert changed(SUMMED, as_table(ENCODED)) == ENCODED


def test_an_unknown_weight_is_refused() -> None:
    with pytest.raises(ValueError, match="no weight is called similarty; there are similarity_by_size"):
        AlignConfig(weights={"encoded": {"similarty": 1.0}})
