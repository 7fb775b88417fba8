"""One file with both languages: lines, paragraphs or columns in turn."""

from __future__ import annotations

import pytest

from pipeline.corpus.two_languages import split_languages
from pipeline.errors import DocumentError

ENGLISH = [
    "The old lighthouse stood at the end of the road.",
    "Nobody remembered who had built it, or why.",
    "Yes.",
    "Every evening the keeper climbed the stairs and lit the lamp.",
    "In winter the wind was so strong that the windows broke.",
]
GERMAN = [
    "Der alte Leuchtturm stand am Ende der Straße.",
    "Niemand wusste mehr, wer ihn gebaut hatte, oder warum.",
    "Ja.",
    "Jeden Abend stieg der Wärter die Treppe hinauf und zündete die Lampe an.",
    "Im Winter war der Wind so stark, dass die Fenster zerbrachen.",
]
CHINESE = [
    "老灯塔矗立在路的尽头。",
    "没有人记得是谁建造了它。",
    "是的。",
    "每天晚上看守人都爬上楼梯点亮灯。",
    "冬天的风很大。",
]


def in_turn(source: list[str], target: list[str], separator: str = "\n") -> str:
    return separator.join(line for pair in zip(source, target, strict=True) for line in pair) + "\n"


@pytest.mark.parametrize(("target", "language"), [(GERMAN, "de"), (CHINESE, "zh")])
@pytest.mark.parametrize("separator", ["\n", "\n\n"])
def test_lines_and_paragraphs_in_turn(target: list[str], language: str, separator: str) -> None:
    found = split_languages(in_turn(ENGLISH, target, separator), "book.txt")
    assert found.languages == ("en", language)
    for text, lines in zip(found.texts, (ENGLISH, target), strict=True):
        assert [line for line in text.split("\n") if line] == lines


def test_the_language_that_begins_comes_first() -> None:
    assert split_languages(in_turn(GERMAN, ENGLISH), "book.txt").languages == ("de", "en")


def test_paragraphs_of_several_lines() -> None:
    text = "\n".join([*ENGLISH[:2], "", *GERMAN[:2], "", *ENGLISH[3:], "", *GERMAN[3:]])
    found = split_languages(text, "book.txt")
    assert found.texts[0] == "\n".join([*ENGLISH[:2], "", *ENGLISH[3:], ""])
    assert found.texts[1] == "\n".join([*GERMAN[:2], "", *GERMAN[3:], ""])


def test_one_language_after_the_other() -> None:
    found = split_languages("\n".join([*ENGLISH, *GERMAN]), "book.txt")
    assert found.texts == ("\n".join([*ENGLISH, ""]), "\n".join([*GERMAN, ""]))


def test_columns() -> None:
    text = "".join(f"{one}\t{other}\n" for one, other in zip(GERMAN, ENGLISH, strict=True))
    found = split_languages(text, "book.tsv")
    assert (found.languages, found.layout) == (("de", "en"), "columns")
    assert found.texts == ("\n".join(GERMAN), "\n".join(ENGLISH))


def test_lines_that_say_nothing_follow_the_turn() -> None:
    numbered = [["1."], ENGLISH[:1], ["2."], ENGLISH[1:2]], [["1."], GERMAN[:1], ["2."], GERMAN[1:2]]
    source, target = ([line for part in side for line in part] for side in numbered)
    found = split_languages(in_turn(source, target), "book.txt")
    assert [text.split("\n")[:-1] for text in found.texts] == [source, target]


@pytest.mark.parametrize("text", ["", "\n\n", "1\n2\n", "\n".join(ENGLISH)])
def test_a_text_in_one_language_is_refused(text: str) -> None:
    with pytest.raises(DocumentError, match=r"^book.txt: it isn't in two languages"):
        split_languages(text, "book.txt")


def test_every_line_goes_to_one_side() -> None:
    text = in_turn([*ENGLISH, "***"], [*GERMAN, "17"])
    found = split_languages(text, "book.txt")
    lines = [line for part in found.texts for line in part.split("\n") if line]
    assert sorted(lines) == sorted(line for line in text.split("\n") if line)
