"""Translations that leave out, add and run together sentences: how they are measured and aligned."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from aligned_pairs import with_overlaps
from free_documents import free_document, n_found
from gold_pairs import GoldTexts
from translation_edits import EDITS, edited, exchanged, is_in_order, made_ordered, omit, stray, unsplit

from pipeline.api import align_texts
from stages.align import AlignConfig, align_pair, find_requested_overlaps
from stages.align.anchors.coarse import count_letters, find_coarse_links, find_window_links, window_sums
from stages.align.anchors.lengths import Lengths
from stages.align.anchors.links import Links
from stages.align.anchors.one_to_one import one_to_one_ratio
from stages.align.anchors.scale import Region, Scale
from stages.align.beads import MANY_TO_MANY, MOST_TYPES, bead_types, with_coarse_types
from stages.align.freedom import measure_freedom, measured_region, missing_shares, null_prior
from stages.align.scoring.weights import COARSER, FREER, SHIPPED, suited
from stages.align.unconsidered import unconsidered_stretches
from stages.bead_lines import BeadPositions
from stages.data import Overlaps

# ---- edits


def texts(n_beads: int = 40, name: str = "maligna-pl/a") -> GoldTexts:
    source = [f"{name} s{n}" for n in range(n_beads)]
    target = [f"{name} t{n}" for n in range(n_beads)]
    return GoldTexts(name, source, target, [BeadPositions((n,), (n,)) for n in range(n_beads)])


@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize("is_exchanged", [False, True])
def test_edited_gold_partitions_both_sides_and_depends_on_the_seed_alone(edit: str, is_exchanged: bool) -> None:
    documents = [texts(name="maligna-pl/a"), texts(name="maligna-pl/b")]
    found = edited(documents, edit, 5, is_exchanged)
    assert all(map(is_in_order, found))
    assert found == edited(documents, edit, 5, is_exchanged)
    if edit.startswith(("omit", "stray")):
        assert found != edited(documents, edit, 6, is_exchanged)


def test_each_edit_does_what_it_says() -> None:
    whole, other = texts(400), texts(name="maligna-pl/b")
    left = omit(0.3)(whole, [other], random.Random(1))
    assert list(left.source) == list(whole.source)
    assert 0.2 < 1 - len(left.target) / 400 < 0.4
    assert all(left.source[bead.source[0]][-1] == left.target[bead.target[0]][-1] for bead in left.gold if all(bead))
    mixed = stray(0.3)(whole, [other], random.Random(1))
    foreign = [text for side in (mixed.source, mixed.target) for text in side if text.startswith("maligna-pl/b")]
    assert 0.2 < len(foreign) / 400 < 0.4
    assert sum(not all(bead) for bead in mixed.gold) == len(foreign)
    joined = unsplit(3)(whole, [other], random.Random(1))
    assert joined.target[0] == " ".join(whole.target[:3])
    assert joined.gold[0] == BeadPositions((0, 1, 2), (0,))
    assert exchanged(joined).gold[0] == BeadPositions((0,), (0, 1, 2))


def test_beads_that_cross_are_made_one() -> None:
    crossed = GoldTexts("x/y", list("abcd"), list("ABCD"), [BeadPositions((0, 2), (1,)), BeadPositions((1,), (0,))])
    ordered = made_ordered(crossed)
    assert ordered.gold[0] == BeadPositions((0, 1, 2), (0, 1))
    assert [tuple(bead) for bead in ordered.gold[1:]] == [((3,), ()), ((), (2,)), ((), (3,))]
    assert is_in_order(ordered)


# ---- made-up documents


@pytest.mark.parametrize(
    "freedom",
    [
        {"left_out": 0.3},
        {"left_out": 0.67},
        {"strays": 0.1},
        {"strays": 0.3},
        {"joined": 3},
        {"joined": 6},
        {"joined": 12},
    ],
    ids=str,
)
@pytest.mark.parametrize("longer", [1.0, 0.4])
def test_free_translations_are_aligned_and_mirrored(freedom: dict[str, float], longer: float) -> None:
    source, target, gold = free_document(7, longer=longer, **freedom)  # type: ignore[arg-type]
    beads = align_pair(source, target, AlignConfig())
    assert n_found(beads, gold) >= 0.9 * len(gold)
    mirrored = align_pair(target, source, AlignConfig())
    assert (mirrored.source_start.tolist(), mirrored.source_stop.tolist()) == (
        beads.target_start.tolist(),
        beads.target_stop.tolist(),
    ) or n_found(mirrored, [BeadPositions(bead.target, bead.source) for bead in gold]) == n_found(beads, gold)


def test_an_abridged_translation_is_called_so() -> None:
    source, target, gold = free_document(3, left_out=0.67)
    facts = align_pair(source, target, AlignConfig()).facts
    assert facts["verdict"] == "partial"
    assert facts["reason"] == f"abridged: {facts['source_share']:.0%} of the source has a translation"
    assert facts["source_share"] == pytest.approx(len(gold) / 200, abs=0.05)
    assert facts["quality"] == pytest.approx(facts["source_share"], abs=0.05)


def test_overlaps_on_demand_have_at_most_half_the_text() -> None:
    for freedom in ({"left_out": 0.3}, {"strays": 0.3}, {"joined": 2}):
        source, target, _ = free_document(5, n_beads=400, **freedom)  # type: ignore[arg-type]
        wanted = find_requested_overlaps(source, target, AlignConfig())
        n_bytes = sum(
            len(text)
            for side, stops in ((source, wanted.source), (target, wanted.target))
            for size, of_size in stops.items()
            for stop in of_size
            for text in side.sentences[stop - size : stop]
        )
        assert n_bytes <= 0.5 * sum(len(text) for side in (source, target) for text in side.sentences)


# ---- what is measured


def test_the_unit_of_length_is_that_of_1_1_beads_however_much_is_missing() -> None:
    for left_out in (0.0, 0.3, 0.67):
        source, target, gold = free_document(2, left_out=left_out, longer=0.6)
        sizes = tuple(np.array([len(text) for text in side.sentences], float) for side in (source, target))
        links = Links(
            np.array([b.source[0] for b in gold]), np.array([b.target[0] for b in gold]), np.ones(len(gold)), 1
        )
        zero = np.zeros(64, np.float32)
        ratio = one_to_one_ratio(
            source.vectors[0], target.vectors[0], sizes, links, Scale(zero, zero, 1, 0, zero, zero)
        )
        assert ratio == pytest.approx(0.6, abs=0.03)


def test_no_unit_of_length_is_told_where_no_anchor_is_a_1_1_bead() -> None:
    source, target, _ = free_document(2, n_beads=8, joined=2)
    sizes = tuple(np.array([len(text) for text in side.sentences], float) for side in (source, target))
    zero = np.zeros(64, np.float32)
    scale = Scale(zero, zero, 1, 0, zero, zero)
    for n_anchors in (0, 4):
        halves = Links(2 * np.arange(n_anchors), np.arange(n_anchors), np.ones(n_anchors), 1)
        assert one_to_one_ratio(source.vectors[0], target.vectors[0], sizes, halves, scale) is None


def test_one_anchor_tells_the_unit_of_length() -> None:
    """In a page of ten sentences of which three are translated there are no more, and the whole texts tell another."""
    vectors, zero = np.eye(4, 64, dtype=np.float32), np.zeros(64, np.float32)
    sizes = np.array([40.0, 10, 90, 70]), np.array([20.0, 60, 60, 10])
    scale, one = Scale(zero, zero, 1, 0, zero, zero), np.array([2])
    ratio = one_to_one_ratio(vectors, vectors, sizes, Links(one, one, np.ones(1), 1), scale)
    assert ratio == pytest.approx(90 / 60)


def test_anchors_of_windows_lie_in_their_beads() -> None:
    fine, coarse, gold = free_document(4, joined=6)
    lengths = np.array([len(text) for text in fine.sentences], float)
    links = find_window_links(fine.vectors[0], coarse.vectors[0], lengths)
    assert links.grain == (200 / len(coarse.sentences), 1.0)
    assert len(links.source) >= 0.9 * len(gold)
    beads = {bead.target[0]: bead.source for bead in gold}
    for i, j in zip(links.source.tolist(), links.target.tolist(), strict=True):
        assert beads[j][0] - 1 <= i <= beads[j][-1] + 1


@pytest.mark.parametrize(
    ("lead", "letters", "is_coarse"), [(0.9, 300, False), (1.05, 100, True), (1.05, 80, False), (1.2, 50, True)]
)
def test_a_side_of_short_lines_is_hardly_split_only_where_windows_say_clearly_more(
    lead: float, letters: int, is_coarse: bool
) -> None:
    """Where two thirds of a text were left out, they say as much as single sentences, and by chance a little more."""
    fine, coarse, _ = free_document(4, joined=6)
    singles = fine.vectors[0], coarse.vectors[0]
    lengths = np.full(len(fine.sentences), 50.0), np.full(len(coarse.sentences), 50.0)
    windows = find_window_links(*singles, lengths[0])
    of_single = windows._replace(typical=windows.typical / lead, grain=(1.0, 1.0))
    texts = ["x" * 50] * len(fine.sentences), ["x" * letters] * len(coarse.sentences)
    found = find_coarse_links(of_single, singles, lengths, texts)
    assert (found.coarseness > 1) == is_coarse


def test_text_is_counted_alike_in_scripts_of_many_bytes() -> None:
    assert count_letters(["The sea was calm.", ""]) == len("The sea was calm.")
    assert count_letters(["Море было спокойно."]) == len("Море было спокойно.")
    assert count_letters(["海面平静"]) == 12


def test_windows_of_many_sentences_are_their_weighted_sums() -> None:
    chance = np.random.default_rng(3)
    fine, weights = chance.normal(size=(300, 70)).astype(np.float32), chance.random(300).astype(np.float32)
    for size in (1, 7, 250):
        naive = np.stack([(fine[i : i + size] * weights[i : i + size, None]).sum(axis=0) for i in range(301 - size)])
        naive /= np.linalg.norm(naive, axis=1, keepdims=True)
        assert window_sums(fine, size, weights) == pytest.approx(naive, abs=1e-5)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(("n_fine", "n_coarse"), [(2000, 6), (600, 6), (900, 30)])
def test_a_side_of_a_few_lines_that_is_no_translation_is_aligned_all_the_same(n_fine: int, n_coarse: int) -> None:
    """More bead types than a back-pointer tells apart were taken for others: the band had no path, or a wrong one."""
    chance = np.random.default_rng(0)
    sides = [
        Overlaps([text.format(k) for k in range(n)], chance.normal(size=(1, n, 32)).astype(np.float32))
        for n, text in ((n_fine, "A"), (n_coarse, "Line {}."))
    ]
    for side in sides:
        side.vectors[:] /= np.linalg.norm(side.vectors, axis=2, keepdims=True)
    beads = align_pair(*sides, AlignConfig(max_bead=16), on_demand=True)
    assert beads.source_stop[-1] == n_fine
    assert beads.target_stop[-1] == n_coarse


def test_there_are_never_more_bead_types_than_a_back_pointer_tells_apart() -> None:
    types = bead_types(16, 15, 15, MANY_TO_MANY)
    assert len(with_coarse_types(types, (15, 30))) == len(types) + 15
    assert len(with_coarse_types(types, (15, 1000))) == MOST_TYPES


def test_what_is_missing_is_measured_between_anchors_only() -> None:
    lengths = Lengths(np.arange(0, 1010, 10.0), np.arange(0, 510, 10.0))
    links = Links(np.array([50, 99]), np.array([10, 34]), np.ones(2), 1.0)
    region = measured_region(Region(np.ones(100, bool), np.ones(50, bool)), links)
    assert region.source.sum(), region.target.sum() == (50, 25)
    assert missing_shares(lengths, region) == (0.5, 0.0)
    nothing = measured_region(Region(np.ones(100, bool), np.ones(50, bool)), links.kept(np.zeros(2, bool)))
    assert missing_shares(lengths, nothing) == (0.0, 0.0)


def test_nulls_get_likelier_with_what_is_missing_and_only_then() -> None:
    assert [null_prior(share) for share in (0.0, 0.05, 0.08)] == [0.0, 0.0, pytest.approx(0.0)]
    assert 0 < null_prior(0.3) < null_prior(0.67) == pytest.approx(np.log(0.67 / 0.33) - np.log(0.08 / 0.92))
    assert null_prior(0.8) == null_prior(0.99)


def test_freedom_is_the_larger_share_of_nulls_in_the_measured_region() -> None:
    region = Region(np.array([True, True, False]), np.array([True, False]))
    assert measure_freedom((np.array([0.0, 0.02, 1.0]), np.array([0.01, 1.0])), region) == 0
    assert measure_freedom((np.array([0.0, 0.02, 1.0]), np.array([0.03, 1.0])), region) == pytest.approx(0.5)
    assert measure_freedom((np.array([0.5, 0.5, 1.0]), np.array([0.0, 1.0])), region) == 1
    assert measure_freedom((np.ones(3), np.ones(2)), Region(np.zeros(3, bool), np.zeros(2, bool))) == 0


def test_weights_move_with_freedom() -> None:
    for kind, shipped in SHIPPED.items():
        assert suited(shipped, kind, 0.0, False) == shipped
        half, whole = suited(shipped, kind, 0.5, False), suited(shipped, kind, 1.0, False)
        assert whole.null[0] == pytest.approx(shipped.null[0] + FREER[kind].null[0])
        assert np.allclose(half.bead, (np.array(shipped.bead) + whole.bead) / 2)
        assert suited(shipped, kind, 1.0, True).bead[0] == pytest.approx(shipped.bead[0] + COARSER.bead[0])


def test_nothing_is_sure_where_no_bead_was_considered_that_could_hold_it() -> None:
    """A dozen sentences of one side against one line, among beads of one sentence each."""
    source, target, _ = free_document(11, n_beads=80)
    sizes = [len(text) for text in target.sentences]
    line = np.sqrt(np.array(sizes[40:52]))[:, None] * target.vectors[0][40:52]
    joined = with_overlaps(
        [*target.sentences[:40], "x" * sum(sizes[40:52]), *target.sentences[52:]],
        np.concatenate([target.vectors[0][:40], line.sum(axis=0, keepdims=True), target.vectors[0][52:]]),
        sizes=4,
    )
    for sides in ((source, joined), (joined, source)):
        beads = align_pair(*sides, AlignConfig())
        lines = (beads.source_start, beads.target_start)[sides[0] is joined]
        within = (lines >= 40) & (lines < 52)
        assert beads.is_null[within].any()
        assert beads.confidence[within].max() <= 0.5
        assert beads.confidence[~within & ~beads.is_null].min() > 0.5


def test_stretches_that_beads_could_hold_are_none() -> None:
    lengths = Lengths(np.arange(0, 210, 10.0), np.array([0, 40.0, 160, 200]))
    types = bead_types(8, 7, 7)

    def found(*spans: tuple[int, int, int, int]) -> list[tuple[slice, slice, slice]]:
        return unconsidered_stretches(np.array(spans, np.int64).reshape(-1, 4), types, lengths)

    assert found((0, 4, 0, 1), (16, 20, 2, 3)) == [(slice(4, 16), slice(1, 2), slice(1, 1))]
    assert found((0, 4, 0, 1), (5, 12, 1, 2), (16, 20, 2, 3)) == [(slice(4, 16), slice(1, 2), slice(1, 2))]
    assert found((0, 4, 0, 1), (4, 10, 1, 2), (16, 20, 2, 3)) == []  # what is left has nothing on the other side
    assert found((0, 6, 0, 1)) == []  # fourteen sentences against two: two beads of eight could hold them
    assert found((0, 4, 0, 1), (4, 5, 2, 3)) == []  # a foreword of one sentence is shorter than the rest


# ---- real cases


def case(shared: Path, folder: str, *names: str) -> list[list[str]]:
    return [(shared / "cases" / folder / name).read_text(encoding="utf-8").split("\n") for name in names]


def test_an_abridged_text_of_seven_sentences_keeps_all_its_pairs(shared: Path) -> None:
    source, target = ([line for line in side if line] for side in case(shared, "01-abridged", "a.en.txt", "a.de.txt"))
    found = align_texts(source, target, source_language="en", target_language="de")
    pairs = [(bead.source, bead.target) for bead in found if bead.source and bead.target]
    assert pairs == [(source[at], target[n]) for n, at in enumerate(range(0, 21, 3))]
    assert (found.verdict, found.reason) == ("partial", "abridged: 33% of the source has a translation")


def test_a_paragraph_without_full_stops_is_no_single_sentence(shared: Path) -> None:
    source, target = ("\n".join(side) for side in case(shared, "02-one-side-unsplit", "th.en.txt", "th.th.txt"))
    found = align_texts(source, target, source_language="en", target_language="th")
    pairs = [(bead.source, bead.target) for bead in found]
    thai = target.split()
    assert [of_target for _, of_target in pairs] == [*thai[:4], f"{thai[4]} {thai[5]}", *thai[6:]]
    assert [of_source for of_source, _ in pairs] == [f"{text.strip()}." for text in source.split(".")[:-1]]


def test_the_same_paragraph_in_one_piece_is_one_bead(shared: Path) -> None:
    source, target = case(shared, "02-one-side-unsplit", "th.en.txt", "th.th.txt")
    sentences = [f"{text}." for line in source for text in line.split(". ") if text]
    found = align_texts(sentences, [line for line in target if line], source_language="en", target_language="th")
    assert [(bead.source_start, bead.source_stop, bead.target_start, bead.target_stop) for bead in found] == [
        (0, 7, 0, 1),
        (7, 8, 1, 2),
    ]


def test_two_lines_of_a_song_are_left_alone(shared: Path) -> None:
    source, target = (
        [line for line in side if line] for side in case(shared, "03-untranslated-absorbed", "a.en.txt", "a.de.txt")
    )
    found = align_texts(source, target, source_language="en", target_language="de")
    assert [(bead.source, bead.target) for bead in found] == [
        *zip(source[:2], target[:2], strict=True),
        (source[2], ""),
        (source[3], ""),
        *zip(source[4:], target[2:], strict=True),
    ]
