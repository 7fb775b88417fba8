"""What holds of corrections in documents that have changed since."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.corrections import (
    BeadSpan,
    Corrections,
    Review,
    describe_text,
    keep_undecided,
    make_bead_span,
    make_corrections,
    make_review,
    parse_reviews,
    place_reviews,
    render_reviews,
)
from stages.corrections.decisions import ALIKE, CHANGED, DISAGREES, NEIGHBOURS, UNKNOWN
from stages.corrections.fingerprint import Fingerprint, digest_sentence, fingerprint
from stages.corrections.place import CONTRADICTED, MAX_PASSES
from stages.corrections.sentences import KnownSentence, find_sentences

# ---- sentences


def known_of(sentences: Sequence[str], positions: Sequence[int] | None = None) -> list[KnownSentence]:
    marks = fingerprint(sentences)
    return [(position, marks[position]) for position in (range(len(sentences)) if positions is None else positions)]


def find(before: Sequence[str], after: Sequence[str], positions: Sequence[int] | None = None) -> dict[int, int]:
    """Return where the sentences at some positions, or all, stand after a change."""
    now = [digest_sentence(sentence) for sentence in after]
    found = find_sentences(known_of(before, positions), len(before), now)
    return {position: place for (position, _), place in found.items()}


words = st.lists(st.sampled_from("abcdefgh"), max_size=14)
Edits = list[tuple[int, int, int]]
edits = st.lists(st.tuples(st.integers(0, 14), st.integers(0, 3), st.integers(0, 3)), max_size=4)


def edit(sentences: Sequence[str], changes: Sequence[tuple[int, int, int]]) -> tuple[list[str], dict[int, int]]:
    """Replace so many sentences by so many new ones; return the text, and where the old ones stand in it."""
    cells: list[int | str] = list(range(len(sentences)))
    for number, (at, n_removed, n_added) in enumerate(changes):
        start = min(at, len(cells))
        cells[start : start + n_removed] = [f"new {number} {k}" for k in range(n_added)]
    text = [cell if isinstance(cell, str) else sentences[cell] for cell in cells]
    return text, {cell: place for place, cell in enumerate(cells) if isinstance(cell, int)}


@given(words, st.data())
def test_in_a_text_that_is_the_same_every_sentence_stands_where_it_stood(text: list[str], data: st.DataObject) -> None:
    positions = sorted(data.draw(st.sets(st.integers(0, len(text) - 1)))) if text else []
    assert find(text, text, positions) == {position: position for position in positions}


@given(st.integers(0, 14), edits, st.data())
def test_sentences_that_stood_there_once_are_found_wherever_they_have_moved(
    size: int, changes: list[tuple[int, int, int]], data: st.DataObject
) -> None:
    before = [f"old {number}" for number in range(size)]
    after, places = edit(before, changes)
    positions = sorted(data.draw(st.sets(st.integers(0, size - 1)))) if size else []
    assert find(before, after, positions) == {at: places[at] for at in positions if at in places}


@given(words, words)
def test_what_is_found_says_the_same_and_stands_in_the_same_order(before: list[str], after: list[str]) -> None:
    found = find(before, after)
    assert all(before[position] == after[place] for position, place in found.items())
    places = [found[position] for position in sorted(found)]
    assert places == sorted(set(places))


def test_a_repeated_sentence_goes_with_its_neighbours() -> None:
    before = ["a", "Yes.", "b", "Yes.", "c", "Yes.", "d"]
    assert find(before, ["Yes.", "new", *before]) == {at: at + 2 for at in range(7)}
    assert find(before, before[2:], [3, 4, 5]) == {3: 1, 4: 2, 5: 3}
    assert find(before, [*before[:4], "new", *before[4:]], [3, 4, 5]) == {3: 3, 4: 5, 5: 6}


def test_a_sentence_that_may_stand_at_several_places_is_not_found() -> None:
    assert find(["a", "la", "la", "la", "b"], ["a", "la", "la", "b"]) == {0: 0, 4: 3}
    assert find(["a", "x", "la", "la", "b"], ["a", "la", "la", "b"], [0, 2, 3, 4]) == {0: 0, 2: 1, 3: 2, 4: 3}
    before = ["x", "Yes.", "Yes.", "y"]
    assert find(before, before[1:], [1]) == {}  # nothing that is known tells which of the two it is
    assert find(before, before[1:], [1, 3]) == {3: 2}
    assert find(["x", "Yes.", "y", "Yes."], ["Yes.", "y", "Yes."], [1]) == {1: 0}


def test_a_repeated_sentence_that_is_gone_is_not_another_that_is_left() -> None:
    before = ["a", "Yes.", "b", "c", "d", "Yes.", "e"]
    assert find(before, ["a", "b", "c", "d", "Yes.", "e"], [0, 1, 2]) == {0: 0, 2: 1}


@given(st.text("ab", max_size=5), st.text("ab", max_size=6))
def test_repeated_sentences_are_found_where_every_longest_chain_puts_them(before: str, after: str) -> None:
    marks = [(position, Fingerprint(digest_sentence(letter), True)) for position, letter in enumerate(before)]
    found = find_sentences(marks, len(before), [digest_sentence(letter) for letter in after])
    assert {position: place for (position, _), place in found.items()} == naive_find(before, after)


def naive_find(before: str, after: str) -> dict[int, int]:
    """Try every way of putting some letters of a text into another, none of which is known to be the same."""
    longest: list[dict[int, int]] = [{}]
    for size in range(1, min(len(before), len(after)) + 1):
        chains = [
            dict(zip(rows, columns, strict=True))
            for rows in combinations(range(len(before)), size)
            for columns in combinations(range(len(after)), size)
            if all(before[i] == after[j] for i, j in zip(rows, columns, strict=True))
        ]
        longest = [chain for chain in chains if turns_once(chain, len(after) - len(before))] or longest
    return {i: longest[0][i] for i in longest[0] if all(chain.get(i) == longest[0][i] for chain in longest)}


def turns_once(chain: dict[int, int], growth: int) -> bool:
    """Say whether a chain needs no more than so many sentences to have come, or to have gone where it is negative."""
    ways = [0, *(chain[position] - position for position in sorted(chain)), growth]
    return ways == sorted(ways, reverse=growth < 0)


def test_of_two_chapters_that_changed_places_the_longer_one_is_found() -> None:
    assert find(list("abcde"), list("deabc")) == {0: 2, 1: 3, 2: 4}


# ---- decisions

SOURCE = [f"source {number}" for number in range(10)]
TARGET = [f"target {number}" for number in range(10)]
GOOD = [(0, 1, 0, 1), (2, 4, 2, 3), (4, 5, 0, 0), (6, 7, 6, 8), (9, 10, 9, 10)]
BAD = [(2, 3, 2, 3), (8, 9, 8, 9), (0, 0, 5, 6)]


def spans(beads: Sequence[tuple[int, ...]]) -> tuple[BeadSpan, ...]:
    return tuple(make_bead_span(*bead) for bead in beads)


def reviewed(good: Sequence[tuple[int, ...]] = GOOD, bad: Sequence[tuple[int, ...]] = BAD) -> Review:
    return make_review(spans(good), spans(bad), SOURCE, TARGET)


def reasons(corrections: Corrections) -> dict[str, str]:
    left = [decision for review in corrections.set_aside for decision in review.decisions]
    return {f"{decision.bead} {decision.mark}": decision.reason for decision in left}


def changed(text: Sequence[str], position: int) -> list[str]:
    return [*text[:position], f"another {position}", *text[position + 1 :]]


def test_a_review_of_the_same_sentences_is_taken_as_it_stands() -> None:
    placed = place_reviews([reviewed()], SOURCE, TARGET)
    assert placed == make_corrections(spans(GOOD), spans(BAD), describe_text(SOURCE), describe_text(TARGET))
    assert (placed.set_aside, placed.n_moved) == ((), 0)


def test_only_what_is_about_a_changed_sentence_is_set_aside() -> None:
    placed = place_reviews([reviewed()], changed(SOURCE, 3), TARGET)
    assert placed.good == spans([bead for bead in GOOD if bead != (2, 4, 2, 3)])
    assert set(placed.bad) == set(spans([bead for bead in BAD if bead != (0, 0, 5, 6)]))
    # the other sentence may translate [5], which was said not to stand alone
    assert reasons(placed) == {"[2, 3]:[2] good": CHANGED, "[]:[5] bad": NEIGHBOURS}
    assert placed.n_moved == 6


def test_two_documents_that_changed_at_once_are_each_followed() -> None:
    source, target = ["before", *SOURCE], [*TARGET[:3], *TARGET[4:], "after"]
    placed = place_reviews([reviewed()], source, target)
    assert placed.good == spans([(1, 2, 0, 1), (3, 5, 2, 3), (7, 8, 5, 7), (10, 11, 8, 9)])
    assert set(placed.bad) == set(spans([(3, 4, 2, 3), (9, 10, 7, 8)]))
    assert reasons(placed) == {"[4]:[] good": NEIGHBOURS, "[]:[5] bad": NEIGHBOURS}


def test_what_they_are_known_by_depends_only_on_what_they_say_of_the_documents_as_they_are() -> None:
    source = ["before", *SOURCE]
    moved = place_reviews([reviewed()], source, TARGET)
    written = place_reviews([make_review(moved.good, moved.bad, source, TARGET)], source, TARGET)
    assert moved.n_moved
    assert not written.n_moved
    assert moved.digest == written.digest


def test_sentences_wrapped_anew_are_the_same_and_those_split_anew_are_others() -> None:
    wrapped = [sentence.replace(" ", "\n") for sentence in SOURCE]
    assert place_reviews([reviewed()], wrapped, TARGET).good == spans(GOOD)
    split = [*SOURCE[:6], "source", "6", *SOURCE[7:]]
    placed = place_reviews([reviewed()], split, TARGET)
    assert reasons(placed) == {"[6]:[6, 7] good": CHANGED, "[]:[5] bad": NEIGHBOURS}


def test_a_bead_whose_sentences_no_longer_follow_each_other_is_set_aside() -> None:
    between = [*TARGET[:7], "between", *TARGET[7:]]
    assert "[6]:[6, 7] good" in reasons(place_reviews([reviewed()], SOURCE, between))


ALONE = make_bead_span(4, 5, 0, 0)


@pytest.mark.parametrize(
    ("beads", "target", "is_held"),
    [
        ([(2, 4, 2, 3), (6, 7, 6, 8)], TARGET, True),
        ([(2, 4, 2, 3), (6, 7, 6, 8)], [*TARGET, "after"], False),  # nobody knows what 3, 4 and 5 said
        ([(2, 4, 2, 3), (5, 6, 3, 4)], ["before", *TARGET, "after"], True),  # no counterpart has a place
        ([(2, 4, 2, 3), (5, 6, 3, 4)], [*TARGET[:3], "the missing sentence", *TARGET[3:]], False),
        ([(2, 4, 2, 3), (0, 0, 3, 6), (6, 7, 6, 8)], ["before", *TARGET], True),  # 3, 4 and 5 are known to be the same
        ([(2, 4, 2, 3), (0, 0, 3, 6), (6, 7, 6, 8)], [*TARGET[:4], "the missing sentence", *TARGET[5:]], False),
        ([(2, 4, 2, 3), (6, 7, 6, 8)], [*TARGET[:3], *TARGET[4:6], "the missing sentence", *TARGET[6:]], False),
    ],
)
def test_a_sentence_has_no_counterpart_only_where_none_can_have_come(
    beads: list[tuple[int, ...]], target: list[str], is_held: bool
) -> None:
    placed = place_reviews([make_review([*spans(beads), ALONE], [], SOURCE, TARGET)], SOURCE, target)
    assert (ALONE in placed.good) == is_held
    assert (reasons(placed).get("[4]:[] good") == NEIGHBOURS) == (not is_held)


def test_exchanged_sides_are_turned_round() -> None:
    placed = place_reviews([reviewed()], TARGET, ["before", *SOURCE])
    expected = {bead.mirrored for bead in place_reviews([reviewed()], ["before", *SOURCE], TARGET).good}
    assert set(placed.good) == expected


def test_exchanged_sides_are_turned_round_though_some_sentences_are_the_same_in_both_languages() -> None:
    source, target = changed(SOURCE, 9), changed(TARGET, 9)
    review = make_review(spans(GOOD), [], source, target)
    assert set(place_reviews([review], target, source).good) == {bead.mirrored for bead in spans(GOOD)}


def test_a_line_without_digests_goes_by_its_numbers_where_nothing_has_changed() -> None:
    text = render_reviews(reviewed()) + "[5]:[4]  good\n"
    assert (5, 6, 4, 5) in place_reviews(parse_reviews(text), SOURCE, TARGET).good
    placed = place_reviews(parse_reviews(text), changed(SOURCE, 9), TARGET)
    assert reasons(placed) == {
        "[9]:[9] good": CHANGED,
        "[5]:[4] good": UNKNOWN,
        "[]:[5] bad": NEIGHBOURS,
    }


def test_sentences_that_have_others_like_them_are_not_called_changed() -> None:
    source, target = ["a", "la", "la", "la", "b"], ["A", "1", "2", "3", "B"]
    review = make_review(spans([(1, 2, 1, 2), (2, 4, 2, 4)]), [], source, target)
    fewer = ["a", "la", "la", "b"]
    assert reasons(place_reviews([review], fewer, target)) == {"[1]:[1] good": ALIKE, "[2, 3]:[2, 3] good": ALIKE}
    assert reasons(place_reviews([review], fewer, changed(target, 1)))["[1]:[1] good"] == CHANGED
    assert set(reasons(place_reviews([review], ["a", "b"], target)).values()) == {CHANGED}


def test_a_line_whose_digests_contradict_its_numbers_is_set_aside() -> None:
    """Somebody has changed the numbers by hand, or merged a line that was written about another text."""
    text = render_reviews(reviewed()).replace("[9]:[9]  good", "[9]:[8]  good")
    assert reasons(place_reviews(parse_reviews(text), SOURCE, TARGET)) == {"[9]:[8] good": DISAGREES}


def test_two_reviews_of_different_states_hold_together_and_the_first_goes_before() -> None:
    """As where a merge has kept both sides."""
    source = ["before", *SOURCE]
    newer = make_review(spans([(3, 5, 2, 4)]), spans([(1, 2, 0, 1)]), source, TARGET)
    placed = place_reviews(parse_reviews(render_reviews(newer, [reviewed()])), source, TARGET)
    assert placed.good == spans([(3, 5, 2, 4), (5, 6, 0, 0), (7, 8, 6, 8), (10, 11, 9, 10)])
    assert (1, 2, 0, 1) in placed.bad
    assert placed.n_moved == len(placed) - 2
    # [2, 3]:[2] was decided anew; what is right for [0]:[0] wasn't. The second may be only what is left of a review.
    assert reasons(placed) == {"[0]:[0] good": CONTRADICTED, "[]:[5] bad": NEIGHBOURS}


def test_what_was_set_aside_holds_again_when_its_sentences_come_back() -> None:
    source = changed(SOURCE, 3)
    placed = place_reviews([reviewed()], source, TARGET)
    newest = make_review(placed.good, placed.bad, source, TARGET)
    kept = keep_undecided(placed.set_aside, newest, source, TARGET)
    reviews = parse_reviews(render_reviews(newest, kept))
    assert set(reasons(place_reviews(reviews, source, TARGET))) == {"[2, 3]:[2] good", "[]:[5] bad"}
    again = place_reviews(reviews, SOURCE, TARGET)
    assert (again.good, again.set_aside) == (spans(GOOD), ())


def save(placed: Corrections, source: Sequence[str], target: Sequence[str]) -> tuple[Review, ...]:
    """Return what a file says after somebody has decided something, and taken it back."""
    made = make_review(placed.good, placed.bad, source, target)
    return parse_reviews(render_reviews(made, keep_undecided(placed.set_aside, made, source, target)))


def test_what_was_set_aside_is_not_found_where_another_sentence_says_the_same() -> None:
    """The decisions that told the two apart stand elsewhere in the file by then."""
    source, target = ["a", "Yes.", "b", "Yes.", "c"], ["A", "B", "Ja.", "C"]
    review = make_review(spans([(0, 1, 0, 1), (1, 2, 0, 0), (2, 3, 1, 2)]), [], source, target)
    changed = ["a", "b", "Yes.", "c", "new", "newer"]
    placed = place_reviews([review], changed, target)
    assert reasons(placed) == {"[1]:[] good": ALIKE}
    reviews = save(placed, changed, target)
    assert place_reviews(reviews, changed, target) == replace(placed, n_moved=0)
    all_taken_back = save(replace(placed, good=(), bad=()), changed, target)
    assert reasons(place_reviews(all_taken_back, changed, target)) == {"[1]:[] good": ALIKE}
    assert place_reviews(reviews, source, target).good == spans([(0, 1, 0, 1), (1, 2, 0, 0), (2, 3, 1, 2)])


def test_what_was_set_aside_for_a_new_counterpart_stays_so_where_as_many_sentences_go_elsewhere() -> None:
    target = [*TARGET[:4], "the missing sentence", *TARGET[4:8], TARGET[9]]
    placed = place_reviews([reviewed()], SOURCE, target)
    assert reasons(placed)["[4]:[] good"] == NEIGHBOURS
    assert place_reviews(save(placed, SOURCE, target), SOURCE, target) == replace(placed, n_moved=0)


@given(st.lists(st.sampled_from(["Yes.", "b", "c", "d"]), min_size=1, max_size=8), edits, edits)
def test_saving_changes_nothing(text: list[str], of_source: Edits, of_target: Edits) -> None:
    review = make_review(spans([(i, i + 1, i, i + 1) for i in range(0, len(text), 2)]), [], text, text)
    source, target = edit(text, of_source)[0], edit(text, of_target)[0]
    placed = place_reviews([review], source, target)
    reviews = save(placed, source, target)
    again = place_reviews(reviews, source, target)
    assert again == replace(placed, n_moved=again.n_moved)


def test_chapters_that_have_changed_places_in_both_documents_keep_their_decisions() -> None:
    beads = [(i, i + 1, i, i + 1) for i in range(10)]
    review = make_review(spans(beads), [], SOURCE, TARGET)
    source, target = ([*text[6:], *text[:2], *text[2:6]] for text in (SOURCE, TARGET))
    assert place_reviews([review], source, target).good == spans(beads)
    placed = place_reviews([review], source, TARGET)  # in one of the two only: what crosses others is set aside
    assert placed.good == spans([(i + 4, i + 5, i, i + 1) for i in range(6)])
    assert set(reasons(placed).values()) == {CONTRADICTED}


def test_where_every_sentence_has_changed_places_not_all_are_looked_for() -> None:
    text = [f"sentence {number}" for number in range(100)]
    review = make_review(spans([(i, i + 1, i, i + 1) for i in range(100)]), [], text, text)
    assert len(place_reviews([review], text[::-1], text[::-1])) == MAX_PASSES


def test_what_has_been_decided_anew_is_kept_no_longer() -> None:
    source = changed(SOURCE, 3)
    placed = place_reviews([reviewed()], source, TARGET)
    anew = make_bead_span(2, 4, 2, 3), make_bead_span(5, 6, 5, 6)
    newest = make_review([*placed.good, *anew], placed.bad, source, TARGET)
    assert keep_undecided(placed.set_aside, newest, source, TARGET) == []


def test_a_review_of_nothing_that_is_left_is_set_aside_as_it_was_written() -> None:
    text = render_reviews(reviewed()).replace("  # source 0 | target 0", "  # my note")
    (review,) = parse_reviews(text)
    placed = place_reviews([review], ["else"], ["anders"])
    assert (len(placed), placed.n_set_aside) == (0, len(GOOD) + len(BAD))
    kept = render_reviews(make_review([], [], ["else"], ["anders"]), placed.set_aside)
    assert parse_reviews(kept) == (replace(review, is_rest=True),)
    assert "# my note" in kept


# ---- any change


def whole(start: int, places: dict[int, int], size: int) -> range | None:
    """Return where sentences stand, from the definition."""
    first = places.get(start, 0)
    found = [places.get(start + k) for k in range(size)]
    return range(first, first + size) if found == list(range(first, first + size)) else None


@given(edits, edits)
def test_whatever_changes_those_hold_whose_sentences_stand_as_they_stood(
    of_source: list[tuple[int, int, int]], of_target: list[tuple[int, int, int]]
) -> None:
    (source, sources), (target, targets) = edit(SOURCE, of_source), edit(TARGET, of_target)
    placed = place_reviews([reviewed()], source, target)
    for bead, mark in [(one, "good") for one in GOOD] + [(one, "bad") for one in BAD]:
        rows = whole(bead[0], sources, bead[1] - bead[0]), whole(bead[2], targets, bead[3] - bead[2])
        if rows[0] is None or rows[1] is None:
            continue
        now = make_bead_span(rows[0].start, rows[0].stop, rows[1].start, rows[1].stop)
        held = placed.good if mark == "good" else placed.bad
        assert now in held or (now.is_null and NEIGHBOURS in reasons(placed).values())
    n_decisions = len(GOOD) + len(BAD)
    assert len(placed) + placed.n_set_aside <= n_decisions  # what a good bead settles is neither
    for bead in (*placed.good, *placed.bad):
        assert all(source[i].startswith("source") for i in bead.source)
        assert all(target[j].startswith("target") for j in bead.target)


@pytest.mark.parametrize("n_sentences", [0, 1])
def test_documents_of_hardly_any_sentences_have_their_corrections(n_sentences: int) -> None:
    text = ["only"] * n_sentences
    review = make_review(spans([(0, 1, 0, 1)]) if text else [], [], text, text)
    assert len(place_reviews([review], text, text)) == n_sentences
    assert len(place_reviews([review], [], text)) == 0
