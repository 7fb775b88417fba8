"""Joining sentences: by language, without empty positions, without the line breaks of hard-wrapped text."""

import pytest

from stages.text import join_sentences, running_text


@pytest.mark.parametrize(
    ("language", "joined"),
    [("en", "One. Two."), ("zh-Hant", "One.Two."), ("ja", "One.Two."), ("ko", "One. Two."), ("yue", "One.Two.")],
)
def test_sentences_are_joined_as_their_language_writes_them(language, joined):
    assert join_sentences(["One.", "", "Two."], language) == joined


def test_line_breaks_within_a_sentence_stay():
    assert join_sentences(["A ferry\nthat", "was late."], "en") == "A ferry\nthat was late."


def test_running_text_joins_the_lines_of_hard_wrapped_sentences_in_the_same_way():
    assert running_text(["A ferry that\n  was late.", "We\nleft."], "en") == "A ferry that was late. We left."
    assert running_text(["渡轮晚\n点了。"], "zh") == "渡轮晚点了。"


def test_double_spaces_within_a_line_stay():
    assert join_sentences(["A  ferry."], "en") == "A  ferry."
