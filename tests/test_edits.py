"""Sentences that people split, join, correct and drop: applied, written, found again, and aligned anew."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_corpus import bitext, run_inline, write_corpus

from pipeline.commands.finish import keep_record
from pipeline.commands.review import make_desk
from pipeline.flow.run import Run
from pipeline.manifest import Document, DocumentPair
from pipeline.progress import Progress
from pipeline.review.corrections import read_file, version_of
from pipeline.review.session import Desk
from pipeline.store.run_store import RunStore, place_on_pair
from pipeline.store.store import Store
from stages.align.constraints.carry import carry_beads
from stages.align.constraints.fixed_beads import settle
from stages.corrections import (
    Edit,
    Review,
    add_change,
    describe_text,
    edit_sentences,
    edit_texts,
    kept_positions,
    make_corrections,
    make_review,
    parse_reviews,
    place_edits,
    render_reviews,
    rewrite_reviews,
    take_back,
)
from stages.data import Beads, Sentence

PAIR = "00.en-de"
WORDS = st.sampled_from(["A.", "B.", "C.", "A.", "one # two", "“D” \u2028 e", "\\"])
TEXTS = st.lists(WORDS, min_size=1, max_size=7)
CHANGES = st.lists(st.tuples(st.integers(0, 6), st.integers(1, 3), st.lists(WORDS, max_size=3)), max_size=4)


def make_edits(texts: Sequence[str], changes: Sequence[tuple[int, int, list[str]]], side: str = "source") -> list[Edit]:
    """Make changes one after the other, each of the text as it is then."""
    edits: list[Edit] = []
    for start, size, new in changes:
        n_now = len(edit_texts(texts, edits))
        if start < n_now:
            edits, _ = add_change(edits, texts, side, start, min(n_now, start + size), new)
    return edits


def review_of(source: Sequence[str], target: Sequence[str], edits: Sequence[Edit]) -> Review:
    return Review(describe_text(source), describe_text(target), (), edits=tuple(edits))


# ---- applying


@given(TEXTS, CHANGES)
def test_changes_one_after_the_other_are_the_edits_together(
    texts: list[str], changes: list[tuple[int, int, list[str]]]
) -> None:
    expected = list(texts)
    for start, size, new in changes:
        if start < len(expected):
            expected[start : start + size] = new
    plain = [" ".join(text.split()) for text in edit_texts(texts, make_edits(texts, changes))]
    assert plain == [" ".join(text.split()) for text in expected]


@given(TEXTS, CHANGES)
def test_edits_are_read_as_they_were_written_and_hold_for_the_same_text(
    texts: list[str], changes: list[tuple[int, int, list[str]]]
) -> None:
    edits = make_edits(texts, changes)
    review = review_of(texts, ["X."], edits)
    edited = edit_texts(texts, edits)
    written = render_reviews(make_review([], [], edited, ["X."]), edited=review)
    reviews = parse_reviews(written) if edits else ()
    placed = place_edits(reviews, texts, ["X."])
    assert list(placed.source) == edits
    assert (placed.target, placed.set_aside, placed.n_moved) == ((), (), 0)
    assert rewrite_reviews(written, make_review([], [], edited, ["X."]), edited=review) == written


@given(st.lists(st.text("abc", min_size=1, max_size=3), min_size=1, max_size=7, unique=True), CHANGES)
def test_edits_of_a_text_that_has_them_are_named_and_change_nothing(
    texts: list[str], changes: list[tuple[int, int, list[str]]]
) -> None:
    """As where the author has made the same changes; none of the new sentences stood there before."""
    edits = make_edits(texts, changes)
    once = edit_texts(texts, edits)
    placed = place_edits([review_of(texts, ["X."], edits)], once, ["X."])
    assert edit_texts(once, placed.source) == once
    assert sum(len(review.edits) for review in placed.set_aside) == len(edits)
    assert all(edit.reason for review in placed.set_aside for edit in review.edits)


@given(TEXTS, CHANGES)
def test_all_edits_taken_back_leave_the_text(texts: list[str], changes: list[tuple[int, int, list[str]]]) -> None:
    edits = make_edits(texts, changes)
    while edits:
        before = edit_texts(texts, edits)
        edits, change = take_back(edits, len(edits) // 2)
        after = edit_texts(texts, edits)
        assert len(after) - len(before) == change.n_texts - (change.stop - change.start)
        assert [*before[: change.start], *after[change.start : change.start + change.n_texts]] == after[
            : change.start + change.n_texts
        ]
        assert before[change.stop :] == after[change.start + change.n_texts :]
    assert edit_texts(texts, edits) == texts


def test_a_split_sentence_keeps_its_place_in_the_text() -> None:
    sentences = [Sentence(0, 0, 2, "A."), Sentence(1, 3, 15, "Bread. Wine.", 2), Sentence(1, 16, 18, "C.")]
    edits = make_edits([one.text for one in sentences], [(1, 1, ["Bread.", "Wine."])])
    assert edit_sentences(sentences, edits)[1:3] == [Sentence(1, 3, 9, "Bread.", 2), Sentence(1, 10, 15, "Wine.", 2)]
    joined = make_edits([one.text for one in sentences], [(1, 2, ["Bread. Wine. C."])])
    assert edit_sentences(sentences, joined)[1:] == [Sentence(1, 3, 18, "Bread. Wine. C.", 2)]
    assert kept_positions(3, joined) == [0, None]


def test_an_edit_goes_where_its_sentence_goes_and_to_the_other_side_with_it() -> None:
    edits = make_edits(["A.", "B.", "C."], [(1, 1, ["b1.", "b2."])])
    reviews = [review_of(["A.", "B.", "C."], ["X."], edits)]
    moved = place_edits(reviews, ["New.", "A.", "B."], ["X."])
    assert (moved.source[0].start, moved.n_moved) == (2, 1)
    mirrored = place_edits(reviews, ["X."], ["A.", "B.", "C."])
    assert (mirrored.source, [edit.start for edit in mirrored.target]) == ((), [1])
    gone = place_edits(reviews, ["A.", "Bee.", "C."], ["X."])
    assert (gone.source, gone.set_aside[0].edits[0].reason) == ((), "its sentences have changed or moved")
    twice = place_edits(reviews, ["B.", "A.", "B."], ["X."])
    assert not twice.source, "nobody knows which of the two is meant"


def test_what_people_write_beside_an_edit_stays() -> None:
    edits = make_edits(["A.", "B."], [(0, 1, ["a."])])
    review, made = review_of(["A.", "B."], ["X."], edits), make_review([], [], ["a.", "B."], ["X."])
    text = (
        render_reviews(made, edited=review)
        .replace("# was: A.", "# a misprint")
        .replace("source [0]", "# why\nsource [0]")
    )
    (read,) = parse_reviews(text)
    placed = place_edits([read], ["A.", "B."], ["X."])
    again = rewrite_reviews(text, made, edited=review_of(["A.", "B."], ["X."], placed.source))
    assert again == text


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("source [0]  becomes  A.", "is not a list of sentences"),
        ('source [0]  becomes  ["", "B."]', "none is empty"),
        ('source [0]  becomes  ["A # B"]', "a # in a text is \\u0023"),
        ('source [4]  becomes  ["A."]', "is outside the document, which had 2 sentences"),
        ('source [0]  becomes  ["A."]\nsource [0, 1]  becomes  []', "is changed in two lines"),
        ('source []  becomes  ["A."]', "a bead needs a sentence"),
        ('source [0]  01234567 01234567  becomes  ["A."]', "has 1 sentences and 2 digests"),
    ],
)
def test_a_bad_line_is_named(line: str, problem: str) -> None:
    head = "source: 2 sentences, 0123456789abcdef\ntarget: 1 sentences, 0123456789abcdef\n\n"
    with pytest.raises(ValueError, match=re.escape(problem)):
        parse_reviews(head + line)


# ---- carried over


@st.composite
def beads_and_edits(draw: st.DrawFn) -> tuple[Beads, int, int, list[Edit], list[Edit]]:
    """Beads of two texts, made from good ones, and changes of both sides."""
    source = [f"s{i}." for i in range(draw(st.integers(1, 6)))]
    target = [f"t{j}." for j in range(draw(st.integers(1, 6)))]
    good, i, j = [], 0, 0
    while i < len(source) and j < len(target):
        m, n = draw(st.integers(1, 2)), draw(st.integers(1, 2))
        if draw(st.booleans()) and i + m <= len(source) and j + n <= len(target):
            good.append((i, i + m, j, j + n))
        i, j = i + m, j + n
    none = np.zeros(0)
    empty = Beads(*(np.zeros(0, np.int32) for _ in range(4)), *(none.astype(np.float32) for _ in range(3)))
    from stages.corrections import make_bead_span

    corrections = make_corrections(
        [make_bead_span(*one) for one in good], [], describe_text(source), describe_text(target)
    )
    beads = settle(empty, corrections, len(source), len(target))
    edits = [make_edits(texts, draw(CHANGES), side) for texts, side in ((source, "source"), (target, "target"))]
    return beads, len(source), len(target), edits[0], edits[1]


@given(beads_and_edits())
@settings(max_examples=200)
def test_carried_beads_hold_every_sentence_once_and_in_order(
    made: tuple[Beads, int, int, list[Edit], list[Edit]],
) -> None:
    beads, n_source, n_target, source, target = made
    carried = carry_beads(beads, source, target, n_source, n_target)
    for side, n_before, edits in (("source", n_source, source), ("target", n_target, target)):
        starts, stops = getattr(carried, f"{side}_start").tolist(), getattr(carried, f"{side}_stop").tolist()
        positions = [at for start, stop in zip(starts, stops, strict=True) for at in range(start, stop)]
        assert positions == list(range(n_before + sum(edit.n_more for edit in edits)))


@given(beads_and_edits())
def test_without_edits_beads_are_carried_over_as_they_are(
    made: tuple[Beads, int, int, list[Edit], list[Edit]],
) -> None:
    beads, n_source, n_target, _, _ = made
    carried = carry_beads(beads, (), (), n_source, n_target)
    for name in ("source_start", "source_stop", "target_start", "target_stop", "confidence", "score"):
        assert np.array_equal(getattr(beads, name), getattr(carried, name), equal_nan=name == "confidence"), name


def test_a_changed_document_is_another_one_but_shards_know_it_by_what_was_read() -> None:
    document = Document("0" * 32, "en", False, 4, "a.txt")
    pair = DocumentPair("p", document, Document("1" * 32, "de", False, 4, "b.txt"))
    edits = make_edits(["A.", "B."], [(0, 1, ["a."])])
    edited = place_on_pair(pair, (review_of(["A.", "B."], ["X."], edits),), ["A.", "B."], ["X."])
    assert edited.source.id != document.id
    assert edited.target == pair.target
    assert edited.as_split == pair
    assert edited.key.split(":")[1] == pair.target.id
    unknown = place_on_pair(pair, (review_of(["A.", "B."], ["X."], edits),), ["C."], ["X."])
    assert (unknown.source, unknown.is_edited) == (document, False)
    assert unknown.corrections is not None
    assert unknown.corrections.n_set_aside == 1


# ---- in a review, an export and a run


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("done")
    write_corpus(folder, n_pairs=2, n_sentences=12)
    run(folder)
    return folder


@pytest.fixture
def folder(done: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(done, tmp_path / "run"))


def run(folder: Path) -> Run:
    done = run_inline(folder / "run.toml", folder / "store", folder / "out", Progress())
    keep_record(RunStore(Store(folder / "store"), done.config), done)
    assert done.exit_status == 0
    return done


def open_desk(folder: Path) -> Desk:
    return make_desk(Store(folder / "store"), str(folder / "run.toml"))


def change(desk: Desk, side: str, start: int, stop: int, *texts: str) -> str:
    version = version_of(read_file(desk.path(0)))
    edit = {"side": side, "start": start, "stop": stop, "texts": list(texts)}
    return desk.edit(0, {"version": version, "edits": [edit]})


def read_texts(folder: Path, language: str) -> list[str]:
    return (folder / "out" / f"bitext.en-de.{language}").read_text(encoding="utf-8").splitlines()


def test_an_edit_is_in_the_next_export_and_aligned_anew_by_the_next_run(folder: Path) -> None:
    desk = open_desk(folder)
    source, target = desk._read_texts(0)
    desk.save(0, {"good": [[0, 1, 0, 1], [4, 5, 4, 5]], "bad": [], "version": version_of("")})
    change(desk, "source", 2, 3, "The first half", "and the second.")
    change(desk, "target", 7, 8, "Ein anderer Satz # zwei.")
    change(desk, "target", 9, 11, f"{target[9]} {target[10]}")
    place = ("--config", folder / "run.toml", "--store", folder / "store")
    assert bitext("export", *place, "--format", "moses", "-o", folder / "out").exit_code == 0
    before = read_texts(folder, "en"), read_texts(folder, "de")
    assert "The first half and the second." in before[0]
    assert "Ein anderer Satz # zwei." in before[1]
    assert not any(source[2] == line for line in before[0])
    done = run(folder)
    assert done.records["edit"].counts["texts"] == 4, "only new sentences are encoded"
    assert done.records["align"].counts["edited_pairs"] == 1
    after = read_texts(folder, "en"), read_texts(folder, "de")
    assert any("The first half" in line for line in after[0])
    assert f"{target[9]} {target[10]}" in "\n".join(after[1])
    beads = (folder / "out" / "beads" / f"{PAIR}.beads.txt").read_text()
    assert "[0]:[0]:" in beads.replace(" ", "")
    assert "[5]:[4]:" in beads.replace(" ", ""), "what was decided goes along"
    again = run(folder)
    assert not again.records.keys() & {"split", "encode", "edit", "request", "align"}
    assert (read_texts(folder, "en"), read_texts(folder, "de")) == after
    bitext("store", "--prune", "--store", folder / "store")
    run(folder)
    assert (read_texts(folder, "en"), read_texts(folder, "de")) == after, "it is the same whatever the store holds"


def test_an_edit_can_be_undone_and_one_of_several_taken_back(folder: Path) -> None:
    desk = open_desk(folder)
    first = change(desk, "source", 0, 1, "One.", "Two.")
    text = read_file(desk.path(0))
    second = change(desk, "source", 5, 6)
    assert desk.undo_edit(0, {"version": second}) == first
    assert read_file(desk.path(0)) == text
    with pytest.raises(ValueError, match="nothing to undo"):
        desk.undo_edit(0, {"version": second})
    change(desk, "source", 5, 6)
    desk.edit(0, {"version": version_of(read_file(desk.path(0))), "restore": ["source", 0]})
    (review,) = [one for one in parse_reviews(read_file(desk.path(0))) if one.edits]
    assert [(edit.start, edit.texts) for edit in review.edits] == [(4, ())]


def test_an_edit_follows_its_sentence_into_a_changed_document_or_is_named(folder: Path) -> None:
    desk = open_desk(folder)
    change(desk, "source", 2, 3, "The first half", "and the second.")
    change(desk, "source", 6, 7, "Something else.")
    path = folder / "en" / "00.txt"
    sentences = desk._read_texts(0)[0]
    text = path.read_text(encoding="utf-8").replace(sentences[5], "This one is new.")
    path.write_text(f"A new beginning. {text}", encoding="utf-8")
    done = run(folder)
    assert any("The first half" in line for line in read_texts(folder, "en"))
    assert not any("Something else." in line for line in read_texts(folder, "en"))
    (note,) = [note for note in done.notes if "set aside" in note]
    assert f"{PAIR} source [5] changed (its sentences have changed or moved)" in note
    status = bitext("status", folder / "run.toml", "--store", folder / "store")
    assert "source [5] changed" in status.output
    desk = open_desk(folder)
    assert "its sentences have changed or moved" in str(desk._place(0, read_file(desk.path(0))).corrections.set_aside)
    change(desk, "target", 0, 1, "Noch ein Satz.")
    assert "source [5]" in read_file(desk.path(0)), "it stays on file"
