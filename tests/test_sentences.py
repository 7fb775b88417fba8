"""Where sentences end: abbreviations, marks of many scripts, texts without marks; and that it takes linear time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import sentence_accuracy
from growth import TIMES, grows_linearly
from sentence_accuracy import by_sentence_splitter, by_sentencex, by_us, read_texts

from stages.split import split_document
from stages.split.abbreviations import _WORDS
from stages.split.config import SplitConfig
from stages.split.full_stops import words_of

AUTO = SplitConfig()


def sentences(text: str, language: str) -> list[str]:
    return [sentence.text for sentence in split_document(text, language, AUTO).sentences]


def test_more_texts_are_cut_as_marked_than_by_either_library() -> None:
    texts = list(read_texts())
    assert len(texts) >= 300
    assert len({text.language for text in texts}) >= 15
    right = [text for text in texts if by_us(text.text, text.language) == text.sentences]
    assert len(right) >= 0.97 * len(texts)
    for library in (by_sentence_splitter, by_sentencex):
        assert sum(library(text.text, text.language) == text.sentences for text in texts) < 0.6 * len(texts)


def test_listed_abbreviations_cut_no_sentence(shared: Path) -> None:
    rows = (shared / "cases/07-abbreviations/list.tsv").read_text(encoding="utf-8").splitlines()
    texts = [row.split("\t") for row in rows]
    assert [text for language, text in texts if sentences(text, language) != [text]] == []


def test_numbers_stay_with_what_they_count(shared: Path) -> None:
    text = (shared / "cases/07-abbreviations/a.de.txt").read_text(encoding="utf-8")
    assert sentences(text, "de") == [
        "Vgl. Abb. 3.", "Er wohnt in der Goethestr. 5.", "Dort ist es laut.", "Die Fa. Müller zahlt.",
    ]  # fmt: skip


def test_the_mark_of_khmer_ends_a_sentence(shared: Path) -> None:
    text = (shared / "cases/08-sentence-marks-of-scripts/a.km.txt").read_text(encoding="utf-8")
    assert len(sentences(text, "km")) == 3


def test_thai_is_split_at_the_spaces_between_sentences(shared: Path) -> None:
    text = (shared / "cases/02-one-side-unsplit/th.th.txt").read_text(encoding="utf-8")
    found = sentences(text, "th")
    assert len(found) >= 8
    assert found[:3] == ["เรือข้ามฟากเก่าออกตอนเที่ยง", "ไม่มีใครบนท่าเรือรีบร้อน", "กัปตันนับผู้โดยสารสองครั้ง"]
    assert split_document(text, "th", AUTO).facts["splitter"] == "pythainlp"


def test_reading_thai_makes_no_folder_in_the_home_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import subprocess
    import sys

    code = "from stages.split import *; split_document('ดี มาก', 'th', SplitConfig())"
    subprocess.run([sys.executable, "-c", code], env={"HOME": str(tmp_path), "PATH": ""}, check=True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("code", _WORDS)
def test_no_word_is_listed_as_two_kinds_of_abbreviation(code: str) -> None:
    words = words_of(code)
    assert not words.inner & words.closing
    assert not words.inner & words.numeric
    assert not any(word.endswith(".") or word != word.lower() for kind in words for word in kind)


PIECES = {
    "spaces": " ", "tabs": "\t", "abbreviations": "Dr. A ", "letters": "a. ", "stops": ". ", "dashes": ". – A ",
    "quotes": '." ', "dandas": "।", "spaced dandas": "। ", "khmer": "។", "shads": "།", "bars": "|", "ellipses": "… ",
    "items": "a) ", "numbers": "1. ", "bare numbers": "1 ", "lines": "\n", "short lines": "a\n", "hyphens": "a-\n",
    "no-break spaces": "\u00a0", "marks": "e\u0301", "headings": "\x01", "quoted stops": "“.” ",
}  # fmt: skip
"""What a text is made of 10,000 and 40,000 times."""

STOPPED = ("abbreviations", "quotes", "spaces", "stops")


def splitting(text: str, language: str) -> Callable[[], object]:
    return lambda: split_document(text, language, AUTO)


@pytest.mark.parametrize(
    ("language", "kind"),
    [*(("uk", kind) for kind in PIECES), *(("de", kind) for kind in STOPPED), *(("zh", kind) for kind in STOPPED)],
)
def test_time_grows_with_the_text_and_not_with_its_square(language: str, kind: str) -> None:
    splitting("A. B.", language)()
    few, many = (splitting("x" + PIECES[kind] * n + "x", language) for n in (2_500, TIMES * 2_500))
    assert grows_linearly(few, many)


def test_time_for_thai_grows_with_the_text() -> None:
    splitting("ฝนตก", "th")()
    assert grows_linearly(splitting("ฝนตก " * 250, "th"), splitting("ฝนตก " * TIMES * 250, "th"))


def test_the_readme_has_the_figures_of_the_program(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["sentence_accuracy"])
    sentence_accuracy.main()
    readme = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
    for row in capsys.readouterr().out.splitlines()[:-1]:
        cells = [row[:24].strip(), *row[24:].split()]
        assert f"| {' | '.join(cells)} |" in readme
