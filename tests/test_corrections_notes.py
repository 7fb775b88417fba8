"""What people write into a file of corrections is in it after the program has written it anew."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from stages.corrections import (
    keep_undecided,
    make_bead_span,
    make_review,
    parse_reviews,
    place_reviews,
    render_reviews,
    rewrite_reviews,
)

SOURCE = [f"source {number}" for number in range(6)]
TARGET = [f"target {number}" for number in range(6)]
HEAD = "pair: a.txt | b.txt"


def written(numbers: Sequence[int] = (0, 2, 4)) -> str:
    beads = [make_bead_span(i, i + 1, i, i + 1) for i in numbers]
    return render_reviews(make_review(beads, [], SOURCE, TARGET), head=HEAD)


def save(text: str, source: Sequence[str] = SOURCE, added: Sequence[int] = (), removed: Sequence[int] = ()) -> str:
    """Write a file anew as a review does, after 1-1 beads have been called good, or that was taken back."""
    placed = place_reviews(parse_reviews(text) if text else (), source, TARGET)
    beads = [bead for bead in placed.good if bead[0] not in removed] + [
        make_bead_span(i, i + 1, i, i + 1) for i in added
    ]
    made = make_review(beads, placed.bad, source, TARGET)
    return rewrite_reviews(text, made, keep_undecided(placed.set_aside, made, source, TARGET), HEAD)


def noted(text: str, note: str, before: str) -> str:
    """Put a line of comments before the line that begins so."""
    assert text.count(f"\n{before}") == 1
    return text.replace(f"\n{before}", f"\n{note}\n{before}")


def follows(text: str, note: str) -> str:
    """Return how the line behind a comment begins, which stands there once."""
    lines = text.splitlines()
    assert lines.count(note) == 1
    return " ".join(lines[lines.index(note) + 1].split()[:2])


def test_a_line_that_says_the_same_stays_word_for_word() -> None:
    text = written().replace("# source 2 | target 2", "# asked Anna:  it is # 2")
    assert save(text) == text
    assert "# asked Anna:  it is # 2\n" in save(text, added=[3])


def test_the_comment_stays_where_the_numbers_have_changed_or_the_digests_were_left_out() -> None:
    text = written().replace("# source 2 | target 2", "# asked Anna") + "[ 5 ]: [5] good # mine\n"
    by_hand = save(text)
    assert "  # mine\n" in by_hand
    moved = save(by_hand, ["before", *SOURCE])
    lines = [
        line.partition("  good")[0] + line.partition("  # ")[2] for line in moved.splitlines() if "]  good" in line
    ]
    assert lines == ["[1]:[0]source 0 | target 0", "[3]:[2]asked Anna", "[5]:[4]source 4 | target 4", "[6]:[5]mine"]


def test_a_comment_of_a_line_without_digests_is_not_given_to_other_sentences() -> None:
    text = "\n".join([*written([0]).splitlines(), "[2]:[2]  good # mine", ""])
    other = save(text, ["before", *SOURCE[:5]], added=[])
    assert other.count("# mine") == 1
    assert "[2]:[2]  good # mine" in other.splitlines()  # set aside as it was


def test_lines_of_comments_stay_before_the_line_that_followed_them() -> None:
    text = noted(noted(noted(written(), "# second", "[2]"), "# first", "source:"), "# third", "[4]") + "# last\n"
    assert save(text) == text
    more = save(text, added=[1, 5])
    assert [follows(more, note) for note in ("# first", "# second", "# third", "# last")] == [
        "source: 6", "[2]:[2] good", "[4]:[4] good", "[5]:[5] good",
    ]  # fmt: skip
    fewer = save(text, removed=[2, 4])
    assert fewer.endswith("# second\n# third\n# last\n")
    moved = save(text, ["before", *SOURCE])
    assert [follows(moved, note) for note in ("# second", "# third")] == ["[3]:[2] good", "[5]:[4] good"]


def test_comments_go_with_what_is_set_aside() -> None:
    source = [*SOURCE[:2], "another", *SOURCE[3:]]
    text = save(noted(written(), "# mine", "[2]") + "# last\n", source)
    assert follows(text, "# mine") == "[2]:[2] good"
    assert text.index("# last") < text.index("# Set aside") < text.index("# mine")
    assert save(text, source) == text
    assert save(noted(text, "# of the old", "source: 6 sentences, " + describe(SOURCE)), source).count("# of the") == 1


def describe(sentences: Sequence[str]) -> str:
    return make_review([], [], sentences, []).source.digest


def test_what_the_program_writes_is_nobodys_comment() -> None:
    text = written().replace(HEAD, "pair: old/a.txt | b.txt")
    assert save(text) == written()
    assert save(text, removed=[0, 2, 4]) == ""


def test_a_file_with_comments_stays_though_nothing_is_decided() -> None:
    text = save(noted(written(), "# mine", "[2]"), removed=[0, 2, 4])
    assert text.endswith("\n# mine\n")
    assert parse_reviews(text) == ()
    assert save(text) == text
    assert follows(save(text, added=[0]), "# mine") == "[0]:[0] good"


numbers = st.lists(st.integers(0, 5), unique=True, max_size=3)
changes = st.lists(st.tuples(numbers, st.sampled_from([SOURCE, ["before", *SOURCE], SOURCE[1:]])), max_size=3)


@given(st.lists(st.integers(0, 9), unique=True, max_size=4), changes)
def test_no_comment_is_lost_or_doubled(places: list[int], steps: list[tuple[list[int], list[str]]]) -> None:
    lines = written().splitlines()
    for number in places:
        lines.insert(number % (len(lines) + 1), f"# mine {number}")
    text = "\n".join(lines) + "\n"
    for removed, source in steps:
        text = save(text, source, removed=removed)
        assert save(text, source) == text
        assert sorted(line for line in text.splitlines() if line.startswith("# mine")) == sorted(
            f"# mine {number}" for number in places
        )
