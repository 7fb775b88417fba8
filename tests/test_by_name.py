"""Pairing by name: how people name a text and its translation, and which pairs are right."""

from __future__ import annotations

import random

import pytest

from pipeline.corpus.by_name import language_of_name, match_names, parse_name

HABITS: list[tuple[str, list[str], list[str], list[tuple[int, int]]]] = [
    # languages, source names, target names, pairs as positions
    ("en-de", ["book.txt"], ["book.txt"], [(0, 0)]),
    ("en-de", ["book.txt"], ["book.epub"], [(0, 0)]),
    ("en-de", ["Book.TXT"], ["book.txt"], [(0, 0)]),
    ("en-de", ["book.txt.gz"], ["book.txt"], [(0, 0)]),
    ("en-de", ["book.en.txt"], ["book.de.txt"], [(0, 0)]),
    ("en-de", ["book.en.txt", "film.en.srt"], ["film.de.srt", "book.de.txt"], [(0, 1), (1, 0)]),
    ("en-de", ["book-en.txt"], ["book-de.txt"], [(0, 0)]),
    ("en-de", ["book_EN.txt"], ["book_DE.txt"], [(0, 0)]),
    ("en-de", ["en_book.txt"], ["de_book.txt"], [(0, 0)]),
    ("en-de", ["en-book.txt", "en-film.txt"], ["de-book.txt", "de-film.txt"], [(0, 0), (1, 1)]),
    ("en-de", ["EN book.txt"], ["DE book.txt"], [(0, 0)]),
    ("en-de", ["book (English).txt"], ["book (German).txt"], [(0, 0)]),
    ("en-de", ["book [en].txt"], ["book [de].txt"], [(0, 0)]),
    ("en-de", ["book.eng.txt"], ["book.deu.txt"], [(0, 0)]),
    ("en-de", ["book.eng.txt"], ["book.ger.txt"], [(0, 0)]),
    ("en-fr", ["book_english.txt"], ["book_français.txt"], [(0, 0)]),
    ("en-pt-BR", ["manual_en-US.docx"], ["manual_pt-BR.docx"], [(0, 0)]),
    ("en-pt-BR", ["manual.en_GB.po"], ["manual.pt_BR.po"], [(0, 0)]),
    ("en-zh", ["manual.en.md"], ["manual.zh-CN.md"], [(0, 0)]),
    ("en-zh", ["manual.en.md"], ["manual.zh-Hans.md"], [(0, 0)]),
    ("en-zh", ["book_en.txt"], ["book_cn.txt"], [(0, 0)]),
    ("en-ja", ["book.en.txt"], ["book.jp.txt"], [(0, 0)]),
    ("en-de", ["BookEN.txt"], ["BookDE.txt"], [(0, 0)]),
    ("en-de", ["en/book.txt"], ["de/book.txt"], [(0, 0)]),
    ("en-de", ["english/book.txt", "english/film.txt"], ["german/film.txt", "german/book.txt"], [(0, 1), (1, 0)]),
    ("en-de", ["docs/en/a/x.html", "docs/en/b/x.html"], ["docs/de/a/x.html", "docs/de/b/x.html"], [(0, 0), (1, 1)]),
    ("en-de", ["https://example.com/en/about"], ["https://example.com/de/about"], [(0, 0)]),
    ("en-de", ["example.com/about?lang=en"], ["example.com/about?lang=de"], [(0, 0)]),
    ("en-de", ["example.com/about"], ["example.com/about?lang=de"], [(0, 0)]),
    ("en-de", ["example.com/p?id=7&hl=en", "example.com/p?id=8&hl=en"], ["example.com/p?id=8&hl=de"], [(1, 0)]),
    ("en-de", ["www.example.com/about"], ["de.example.com/about"], [(0, 0)]),
    ("en-de", ["01 Pride.txt", "02 Emma.txt"], ["01 Stolz.txt", "02 Emma neu.txt"], [(0, 0), (1, 1)]),
    ("en-de", ["1 Pride.txt", "10 Emma.txt"], ["01 Stolz.txt", "10 Die Heirat.txt"], [(0, 0), (1, 1)]),
    ("en-de", ["chapter_1.txt", "chapter_2.txt"], ["kapitel_02.txt", "kapitel_01.txt"], [(0, 1), (1, 0)]),
    ("en-de", ["ch1.txt", "ch2.txt", "ch10.txt"], ["kap1.txt", "kap2.txt", "kap10.txt"], [(0, 0), (1, 1), (2, 2)]),
    ("en-de", ["Chapter IV.txt", "Chapter IX.txt"], ["Kapitel 4.txt", "Kapitel 9.txt"], [(0, 0), (1, 1)]),
    ("en-de", ["Tolstoy - War and Peace.epub"], ["Tolstoy - Krieg und Frieden.epub"], [(0, 0)]),
    (
        "en-de",
        ["Austen - Emma.txt", "Dickens - Hard Times.txt"],
        ["Dickens - Harte Zeiten.txt", "Austen - Emma (Roman).txt"],
        [(0, 1), (1, 0)],
    ),
    ("en-de", ["S01E01.en.srt", "S01E02.en.srt"], ["S01E02.de.srt", "S01E01.de.srt"], [(0, 1), (1, 0)]),
    (
        "en-de",
        ["Show.S01E01.720p.srt", "Show.S01E02.1080p.srt"],
        ["Serie S01E01.srt", "Serie S01E02.srt"],
        [],  # the numbers differ: nothing is guessed from some of them in the middle
    ),
    ("en-de", ["report-2019.txt", "report-2020.txt"], ["bericht-2020.txt", "bericht-2019.txt"], [(0, 1), (1, 0)]),
    ("en-de", ["32016R0679_EN.html"], ["32016R0679_DE.html"], [(0, 0)]),
    ("fr-de", ["lettre 3 (fr).txt", "lettre 4 (fr).txt"], ["brief 3 (de).txt"], [(0, 0)]),
    ("ru-en", ["война и мир.txt"], ["war and peace.txt"], []),
    ("ru-en", ["01. война и мир.txt", "02. идиот.txt"], ["1. war.txt", "2. idiot.txt"], [(0, 0), (1, 1)]),
    ("zh-en", ["第1章.txt", "第2章.txt"], ["Chapter 2.txt", "Chapter 1.txt"], [(0, 1), (1, 0)]),
    ("en-fr", ["café.txt"], ["cafe\u0301.txt"], [(0, 0)]),
    ("de-en", ["de la terre.txt", "x.txt"], ["y.txt", "de la terre.txt"], [(0, 1)]),
    ("en-de", ["a.txt"], ["b.txt"], []),
]


def names_of(languages: str) -> tuple[str, str]:
    source, _, target = languages.partition("-")
    return source, target


@pytest.mark.parametrize(("languages", "source", "target", "pairs"), HABITS, ids=[habit[1][0] for habit in HABITS])
def test_habits(languages: str, source: list[str], target: list[str], pairs: list[tuple[int, int]]) -> None:
    match = match_names(source, target, *names_of(languages))
    assert [pair[:2] for pair in match.pairs] == [(source[i], target[j]) for i, j in pairs]
    assert match.ambiguous == []


def test_there_are_at_least_forty_habits() -> None:
    assert len(HABITS) >= 40


@pytest.mark.parametrize(("languages", "source", "target", "pairs"), HABITS, ids=[habit[1][0] for habit in HABITS])
def test_sides_can_be_exchanged(languages: str, source: list[str], target: list[str], pairs: object) -> None:
    there = match_names(source, target, *names_of(languages))
    back = match_names(target, source, *reversed(names_of(languages)))
    assert {pair[:2] for pair in there.pairs} == {(pair.target, pair.source) for pair in back.pairs}


def test_every_name_is_accounted_for_once() -> None:
    words = ["01", "02", "1", "en", "de", "book", "film", "x", "I", "V", "Austen", "2019"]
    random.seed(7)
    for _ in range(300):
        source, target = (
            sorted({" ".join(random.choices(words, k=random.randint(1, 3))) for _ in range(6)}) for _ in range(2)
        )
        match = match_names(source, target, "en", "de")
        for position, side, alone in ((0, source, match.source_alone), (1, target, match.target_alone)):
            paired = [pair[position] for pair in match.pairs]
            unsure = [name for group in match.ambiguous for name in group[position]]
            assert sorted([*paired, *unsure, *alone]) == side


def test_what_two_could_be_is_listed_not_guessed() -> None:
    match = match_names(["book.en.txt", "book.en.html"], ["book.de.txt"], "en", "de")
    assert match.pairs == []
    assert match.ambiguous == [(("book.en.txt", "book.en.html"), ("book.de.txt",))]


def test_the_reason_is_told() -> None:
    (pair,) = match_names(["01 Pride.txt"], ["01 Stolz.txt"], "en", "de").pairs
    assert pair.reason == "the same numbers"


@pytest.mark.parametrize(
    ("name", "language"),
    [
        ("book.en.txt", "en"),
        ("german/01.txt", "de"),
        ("x/en/de/about", None),
        ("about", None),
        ("Book (English).txt", "en"),
        ("p?lang=de", "de"),
    ],
)
def test_the_language_of_a_name(name: str, language: str | None) -> None:
    assert language_of_name(name, ["en", "de"]) == language


def test_a_name_taken_apart() -> None:
    assert parse_name("Docs/BookEN 007.txt.gz").segments == (("docs",), ("book", "en", "7"))
