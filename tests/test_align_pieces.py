"""Long lines of a side that is hardly split: cut into pieces, encoded, aligned, and folded again."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from aligned_pairs import assert_partition, spans_of
from growth import TIMES, grows_linearly
from hypothesis import given
from hypothesis import strategies as st

from stages.align import AlignConfig, align_pair, find_requested_overlaps
from stages.align.constraints.fixed_beads import FixedBeads
from stages.align.on_demand import RequestedOverlaps
from stages.align.pieces import MOST_ENCODED, in_pieces
from stages.bead_lines import positions_of
from stages.corrections import Corrections, describe_text, make_bead_span, make_corrections
from stages.data import Beads, Overlaps
from stages.encode import assemble_overlaps
from stages.encode.overlaps import list_overlaps, overlap_stops
from stages.pieces import PIECES, count_pieces, cut_pieces, piece_stops

CONFIG = AlignConfig()
Spans = list[tuple[int, int, int, int]]


# ---- cutting


@pytest.mark.parametrize(
    ("line", "pieces"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("“Go.” She went… Why? (He knew.) 12 left.", ["“Go.”", "She went…", "Why?", "(He knew.)", "12 left."]),
        ("“Who?” he asked. Nobody.", ["“Who?” he asked.", "Nobody."]),
        ("It is 3.14 at www.example.org today", ["It is 3.14 at www.example.org today"]),
        ("天黑了。他说：“走吧！”没有人动。", ["天黑了。", "他说：“走吧！”", "没有人动。"]),
        ("ذهب إلى البيت. من هناك؟ لا أحد.", ["ذهب إلى البيت.", "من هناك؟", "لا أحد."]),
        ("वह गया। कौन? कोई नहीं।", ["वह गया।", "कौन?", "कोई नहीं।"]),
        ("Two\nlines. One\nmore.", ["Two\nlines.", "One\nmore."]),
        ("", []),
        (" . ", ["."]),
    ],
)
def test_a_line_is_cut_after_the_marks_of_its_language(line: str, pieces: list[str]) -> None:
    assert cut_pieces(line) == pieces


@given(st.text(alphabet="aB .!?。”\n1", max_size=30))
def test_pieces_hold_all_of_a_line_in_order(line: str) -> None:
    assert "".join("".join(cut_pieces(line)).split()) == "".join(line.split())
    assert (len(cut_pieces(line)) == 0) == (line == "")


@pytest.mark.parametrize("fill", [".", ". ", '.")', "!’", "。", ". a", "? - "])
def test_cutting_takes_no_longer_than_a_line_is_long(fill: str) -> None:
    few, many = ("a" + fill * n + "b" for n in (2_500, TIMES * 2_500))
    assert grows_linearly(lambda: cut_pieces(few), lambda: cut_pieces(many))


# ---- their vectors

LINES = ["One. Two.", "", "Three", "Four! Five! Six."]


def test_pieces_are_encoded_as_overlaps_of_their_own_size() -> None:
    assert piece_stops(LINES).tolist() == overlap_stops(LINES, PIECES).tolist() == [1, 2, 4, 5, 6]
    assert count_pieces(LINES).tolist() == [2, 0, 1, 3]
    some = np.array([1, 5], np.int32)
    assert list_overlaps(LINES, "en", PIECES, some, 4).texts == ["One.", "Five"]
    with pytest.raises(ValueError, match="no overlaps of size 0 that stop at 3"):
        list_overlaps(LINES, "en", PIECES, np.array([3], np.int32), 100)


def test_what_was_not_encoded_of_a_line_is_what_is_left_of_it() -> None:
    vectors = np.eye(8, dtype=np.float32)
    weights = np.sqrt([5, 5, 5])
    whole = (weights[:, None] * vectors[3:6]).sum(axis=0) / np.sqrt(weights @ weights)
    encoded = {1: (np.array([1, 3, 4], np.int32), np.stack([vectors[0], vectors[2], whole]).astype(np.float16))}
    assert assemble_overlaps(LINES, encoded, 1).pieces is None
    stops = np.array([1, 2, 4, 6], np.int32)
    found = assemble_overlaps(LINES, encoded | {PIECES: (stops, vectors[[0, 1, 3, 5]])}, 1, is_complete=False)
    assert found.pieces is not None
    assert found.pieces.any(axis=1).tolist() == [True, True, True, True, False, True]
    assert np.allclose(found.pieces[2], vectors[2])
    document, starts = in_pieces(found)
    assert starts.tolist() == [0, 2, 2, 3, 6]
    assert list(document.sentences) == ["One.", "Two.", "Three", "Four!", "Five!", "Six."]
    assert np.allclose(document.vectors[0, [0, 1, 2, 3, 5]], vectors[[0, 1, 2, 3, 5]])
    assert document.vectors[0, 4].argmax() == 4
    with pytest.raises(ValueError, match="not of this document"):
        assemble_overlaps(LINES, encoded | {PIECES: (np.array([3], np.int32), vectors[:1])}, 1, is_complete=False)


# ---- made-up documents


def long_lines(
    seed: int = 1, n_beads: int = 120, size: int = 4, crossing: bool = False, noise: float = 0.5
) -> tuple[Overlaps, Overlaps, Spans]:
    """Sentences, a translation that has `size` of them in a line, and the beads.

    With `crossing` every fourth line ends within a sentence that has two pieces, so that two lines are one bead.
    """
    generator = np.random.default_rng(seed)
    meanings, lengths = generator.normal(size=(n_beads, 64)), generator.integers(20, 90, n_beads)

    def vector_of(meaning: np.ndarray) -> np.ndarray:
        noisy = meaning + noise * generator.normal(size=64)
        return noisy / np.linalg.norm(noisy)

    source = ["S" + "s" * int(length * np.exp(generator.normal(0, 0.1))) + "." for length in lengths]
    lines: list[list[str]] = []
    of_lines: list[np.ndarray] = []
    pieces: list[np.ndarray] = []
    beads: Spans = []
    halved = None
    for number, first in enumerate(range(0, n_beads, size)):
        group = range(first, min(first + size, n_beads))
        line = [] if halved is None else ["T" + "t" * int(lengths[halved] // 2) + "."]
        pieces += [] if halved is None else [vector_of(meanings[halved])]
        total = 0 if halved is None else np.sqrt(lengths[halved] / 2) * meanings[halved]
        start = first if halved is None else beads.pop()[0]
        line_start = number if halved is None else number - 1
        halved = group[-1] if crossing and number % 4 == 0 and group[-1] + 1 < n_beads else None
        for at in group:
            length = lengths[at] // 2 if at == halved else lengths[at]
            line.append("T" + "t" * int(length) + ".")
            pieces.append(vector_of(meanings[at]))
            total = total + np.sqrt(length) * meanings[at]
        lines.append(line)
        of_lines.append(vector_of(total / np.linalg.norm(total) * 8))
        beads.append((start, group[-1] + 1, line_start, number + 1))
    fine = Overlaps(source, np.stack([vector_of(meaning) for meaning in meanings])[None].astype(np.float32))
    coarse = Overlaps(
        [" ".join(line) for line in lines],
        np.stack(of_lines)[None].astype(np.float32),
        pieces=np.array(pieces, np.float32),
    )
    return fine, coarse, beads


def text_spans(beads: Beads) -> Spans:
    return [span for span in spans_of(beads) if span[0] < span[1] and span[2] < span[3]]


def mirrored(spans: Spans) -> Spans:
    return [span[2:] + span[:2] for span in spans]


def aligned(source: Overlaps, target: Overlaps, corrections: Corrections | None = None) -> Beads:
    """Align with the pieces that are requested, as a run does."""
    wanted = find_requested_overlaps(source, target, CONFIG)
    return align_pair(*wanted.keep(source, target), CONFIG, on_demand=True, corrections=corrections)


@pytest.mark.parametrize("size", [2, 3, 6, 12])
@pytest.mark.parametrize("crossing", [False, True])
def test_lines_are_aligned_by_their_pieces(size: int, crossing: bool) -> None:
    source, target, gold = long_lines(size=size, crossing=crossing, n_beads=240)
    beads = aligned(source, target)
    assert_partition(beads, len(source.sentences), len(target.sentences))
    right = [span in gold for span in text_spans(beads)]
    assert sum(right) >= 0.95 * len(gold)
    sure = beads.confidence[~beads.is_null]
    assert abs(float(sure.mean()) - np.mean(right)) < 0.06
    assert beads.similarity[~beads.is_null].min() > 0.3
    assert text_spans(aligned(target, source)) == mirrored(text_spans(beads))


def test_pieces_find_more_than_whole_lines_do() -> None:
    source, target, gold = long_lines(size=12, n_beads=600, noise=1.0)
    whole = align_pair(source, replace(target, pieces=None), CONFIG)
    assert len(set(text_spans(whole)) & set(gold)) < 0.8 * len(gold)
    assert len(set(text_spans(aligned(source, target))) & set(gold)) > 0.95 * len(gold)


def test_pieces_are_requested_of_the_side_that_is_hardly_split_only() -> None:
    source, target, _ = long_lines()
    wanted = find_requested_overlaps(source, target, CONFIG)
    assert dict(wanted.source) == {}
    assert list(wanted.target) == [PIECES]
    assert wanted.beads is None
    other = find_requested_overlaps(target, source, CONFIG)
    assert (dict(other.target), other.source[PIECES].tolist()) == ({}, wanted.target[PIECES].tolist())
    beads = align_pair(source, replace(target, pieces=None), CONFIG)
    assert wanted.count_beads(beads, source, target) == len(text_spans(beads))
    assert wanted.keep(source, target)[1].pieces is not None
    assert RequestedOverlaps({}, {}).keep(source, target)[1].pieces is None
    unmarked = replace(target, sentences=[line.replace(". ", ", ") for line in target.sentences])
    assert find_requested_overlaps(source, unmarked, CONFIG).n_overlaps == 0
    halves = long_lines(size=1)
    assert PIECES not in find_requested_overlaps(*halves[:2], CONFIG).target


def test_pieces_have_at_most_half_the_text_and_those_left_out_are_within_their_lines() -> None:
    source, target, gold = long_lines(size=6, n_beads=240)
    source = replace(source, sentences=[line[: len(line) // 3] + "." for line in source.sentences])
    stops = find_requested_overlaps(source, target, CONFIG).target[PIECES]
    pieces = [piece for line in target.sentences for piece in cut_pieces(line)]
    n_text = sum(map(len, (*source.sentences, *target.sentences)))
    n_encoded = sum(len(pieces[stop - 1]) for stop in stops)
    assert 0.9 * MOST_ENCODED * n_text < n_encoded <= MOST_ENCODED * n_text
    left_out = sorted(set(range(1, len(pieces) + 1)) - set(stops.tolist()))
    starts = in_pieces(target).starts
    assert left_out
    assert not {stop - 1 for stop in left_out} & {*starts.tolist(), *(starts - 1).tolist()}
    kept = np.zeros_like(target.pieces)
    kept[stops - 1] = target.pieces[stops - 1]
    beads = align_pair(source, replace(target, pieces=kept), CONFIG, on_demand=True)
    assert len(set(text_spans(beads)) & set(gold)) > 0.9 * len(gold)


def test_sentences_without_a_translation_stay_alone_at_the_edge_of_a_line_only() -> None:
    source, target, _ = long_lines(size=4)
    generator = np.random.default_rng(8)
    foreign = generator.normal(size=(2, 64)) / 8
    at = (40, 62)  # between two lines, and within one
    vectors = np.insert(source.vectors[0], at, foreign, axis=0)[None].astype(np.float32)
    strange = "Strange " * 12
    sentences = [*source.sentences[:40], strange, *source.sentences[40:62], strange, *source.sentences[62:]]
    source = Overlaps(sentences, vectors)
    beads = aligned(source, target)
    nulls = [span for span in spans_of(beads) if span[2] == span[3]]
    assert nulls == [(40, 41, 10, 10)]
    assert beads.confidence[spans_of(beads).index(nulls[0])] > 0.5
    assert (61, 66, 15, 16) in spans_of(beads)
    texts = describe_text(sentences), describe_text(target.sentences)
    wanted = make_corrections([], [make_bead_span(40, 41, 0, 0)], *texts)
    held = [span for span in text_spans(aligned(source, target, wanted)) if span[0] <= 40 < span[1]]
    assert len(held) == 1


def test_empty_positions_change_nothing() -> None:
    source, target, _ = long_lines()
    before = text_spans(aligned(source, target))

    def with_empty(side: Overlaps, at: int) -> Overlaps:
        lines = [*side.sentences[:at], "", *side.sentences[at:]]
        return Overlaps(lines, np.insert(side.vectors, at, 0, axis=1), pieces=side.pieces)

    after = text_spans(aligned(with_empty(source, 8), with_empty(target, 20)))
    shifted = [
        (i + (i >= 8), i_stop + (i_stop > 8), j + (j >= 20), j_stop + (j_stop > 20)) for i, i_stop, j, j_stop in before
    ]
    assert after == shifted


def test_units_are_kept() -> None:
    source, target, _ = long_lines()
    of_lines = [1 + line // 3 for line in range(len(target.sentences))]
    of_source = [of_lines[min((at + 1) // 4, len(of_lines) - 1)] for at in range(len(source.sentences))]  # one late
    beads = aligned(replace(source, units=of_source), replace(target, units=of_lines))
    for i, i_stop, j, j_stop in text_spans(beads):
        assert len({*of_source[i:i_stop], *of_lines[j:j_stop]}) == 1
    assert len(text_spans(beads)) > 25


def test_corrections_hold_for_lines_in_pieces() -> None:
    source, target, _ = long_lines()
    found = text_spans(aligned(source, target))
    texts = describe_text(source.sentences), describe_text(target.sentences)
    good, alone, wrong = (17, 22, 4, 5), (60, 61, 0, 0), found[20]
    corrections = make_corrections([make_bead_span(*bead) for bead in (good, alone)], [make_bead_span(*wrong)], *texts)
    beads = aligned(source, target, corrections)
    assert_partition(beads, len(source.sentences), len(target.sentences))
    spans = spans_of(beads)
    assert good in spans
    assert (60, 61) in {span[:2] for span in spans if span[2] == span[3]}
    assert wrong not in spans
    number = found.index(wrong)
    assert set(found[number + 3 :]) <= set(spans)
    assert any(span[2] <= wrong[2] < span[3] for span in text_spans(beads))  # the line has another bead
    back = aligned(target, source, _exchanged(corrections, target, source))
    assert text_spans(back) == mirrored(text_spans(beads))


def _exchanged(corrections: Corrections, source: Overlaps, target: Overlaps) -> Corrections:
    texts = describe_text(source.sentences), describe_text(target.sentences)
    sides = ([bead.mirrored for bead in beads] for beads in (corrections.good, corrections.bad))
    return make_corrections(*sides, *texts)


def test_headings_are_aligned_with_headings() -> None:
    source, target, _ = long_lines(size=5)
    source_levels, target_levels = [0] * len(source.sentences), [0] * len(target.sentences)
    vectors, coarse = source.vectors.copy(), target.vectors.copy()
    pieces = target.pieces.copy()
    lines = list(target.sentences)
    lines[6] = "Heading"
    pieces = np.delete(pieces, range(31, 35), axis=0)
    pieces[30] = coarse[0, 6] = vectors[0, 32] = np.eye(64)[5]
    source_levels[32] = target_levels[6] = 1
    beads = aligned(
        Overlaps(source.sentences, vectors, source_levels), Overlaps(lines, coarse, target_levels, pieces=pieces)
    )
    assert (32, 33, 6, 7) in spans_of(beads)


@given(st.lists(st.integers(1, 5), max_size=6), st.integers(0, 20), st.integers(1, 6))
def test_a_bead_crosses_the_ends_within_it_next_to_which_a_sentence_is_cut(
    steps: list[int], start: int, size: int
) -> None:
    starts = np.cumsum([0, *steps]).astype(np.int64)
    spans, corners = np.array([(start, start + size, 2, 3)]), np.array([(start, 2)])
    pairs = zip(starts[1:-1].tolist(), pairwise(steps), strict=True)
    expected = sum(start < end < start + size and max(sizes) > 1 for end, sizes in pairs)
    fixed = FixedBeads(source_starts=starts)
    assert fixed.n_crossed(spans).tolist() == [expected]
    assert fixed.mirrored.n_crossed(spans[:, [2, 3, 0, 1]]).tolist() == [expected]
    assert fixed.lies_within(corners).tolist() == [start not in starts]
    assert fixed.mirrored.lies_within(corners[:, ::-1]).tolist() == [start not in starts]
    assert not FixedBeads().lies_within(corners).any()


def test_positions_of_all_are_told() -> None:
    source, target, gold = long_lines(size=3)
    found = positions_of(aligned(source, target))
    assert sorted(at for bead in found for at in bead.target) == list(range(len(target.sentences)))
    assert len(found) >= len(gold)
