from __future__ import annotations

import re
import textwrap
import time
from pathlib import Path

import pytest
import sentence_splitter
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.corpus.text import normalise
from stages.split import SplitConfig, SplitResult, split_document
from stages.split.boundaries import SENTENCE_SPLITTER_LANGUAGES, find_sentence_ends
from stages.split.paragraphs import is_hard_wrapped

AUTO = SplitConfig()
PROSE = st.text(st.sampled_from("aB1 \n\t.?!…。！？”“«»\"')-—我と\u00a0é;й")) | st.text()


def check_spans(text: str, result: SplitResult) -> None:
    """Sentences are exact, trimmed, in order, and hold every character that is no white space."""
    position = 0
    for sentence in result.sentences:
        assert text[sentence.start : sentence.stop] == sentence.text == sentence.text.strip()
        assert text[position : sentence.start].strip() == ""
        assert sentence.start >= position
        position = sentence.stop
    assert text[position:].strip() == ""
    paragraphs = [sentence.paragraph for sentence in result.sentences]
    assert paragraphs == sorted(paragraphs)
    assert result.facts["sentences"] == len(result.sentences)


def texts(text: str, language: str, config: SplitConfig = AUTO) -> list[str]:
    result = split_document(text, language, config)
    check_spans(text, result)
    return [sentence.text for sentence in result.sentences]


@pytest.mark.parametrize("language", ["en", "el", "zh", "ja", "uk", "th", "und"])
@pytest.mark.parametrize("paragraphs", ["auto", "line", "blank-line"])
@settings(deadline=None)
@given(text=PROSE)
def test_sentences_hold_the_text_exactly_once_and_in_order(text: str, language: str, paragraphs: str) -> None:
    text = normalise(text)
    result = split_document(text, language, SplitConfig(paragraphs=paragraphs))  # type: ignore[arg-type]
    check_spans(text, result)
    assert all(sentence.text for sentence in result.sentences)
    assert result == split_document(text, language, SplitConfig(paragraphs=paragraphs))  # type: ignore[arg-type]


@settings(deadline=None)
@given(text=PROSE)
def test_ready_made_sentences_are_the_lines(text: str) -> None:
    text = normalise(text)
    result = split_document(text, "en", AUTO, is_split=True)
    check_spans(text, result)
    lines = text.removesuffix("\n").split("\n") if text else []
    assert [sentence.text for sentence in result.sentences] == [line.strip() for line in lines]
    assert [sentence.paragraph for sentence in result.sentences] == list(range(len(lines)))


def test_blank_lines_of_ready_made_sentences_are_empty_positions() -> None:
    result = split_document("a b. C.\n\n  \nd\n", "en", AUTO, is_split=True)
    assert [tuple(sentence)[:4] for sentence in result.sentences] == [
        (0, 0, 7, "a b. C."), (1, 8, 8, ""), (2, 9, 9, ""), (3, 12, 13, "d"),
    ]  # fmt: skip
    assert (result.facts["empty_positions"], result.facts["paragraph_mode"]) == (2, "is_split")
    assert len(split_document("a\n\n", "en", AUTO, is_split=True).sentences) == 2


@pytest.mark.parametrize("text", ["", "\n", " \n\n\t\n", "\u00a0", "\u3000\n"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_document_of_blank_lines_has_no_sentences(text: str, language: str) -> None:
    result = split_document(text, language, AUTO)
    assert result.sentences == []
    assert (result.facts["sentences"], result.facts["paragraphs"], result.facts["longest_sentence_chars"]) == (0, 0, 0)


def test_a_document_of_one_line_without_a_newline_is_split() -> None:
    assert texts("One. Two.", "en") == ["One.", "Two."]


def test_facts_say_what_was_found_and_how() -> None:
    result = split_document("One. Two two.\nThree.\n", "en-GB", AUTO)
    assert result.facts == {
        "sentences": 3, "paragraphs": 2, "paragraph_mode": "line", "paragraph_mode_guessed": 1,
        "splitter": "sentence-splitter", "empty_positions": 0, "longest_sentence_chars": 8,
    }  # fmt: skip
    assert [sentence.paragraph for sentence in result.sentences] == [0, 0, 1]


@pytest.mark.parametrize(
    ("language", "splitter"),
    [
        ("de-AT", "sentence-splitter"),
        ("nb", "sentence-splitter"),
        ("zh-Hant", "sentencex"),
        ("ar", "sentencex"),
        ("ko", "sentencex-general"),
        ("und", "sentencex-general"),
        ("tlh", "sentencex-general"),
    ],
)
def test_facts_name_the_splitter(language: str, splitter: str) -> None:
    assert split_document("A. B.", language, AUTO).facts["splitter"] == splitter


def test_the_languages_of_sentence_splitter_are_all_used() -> None:
    prefixes = Path(sentence_splitter.__file__).parent / "non_breaking_prefixes"
    assert {path.stem for path in prefixes.glob("*.txt")} == SENTENCE_SPLITTER_LANGUAGES


@pytest.mark.parametrize(
    ("language", "marked"),
    [
        ("en", 'Mr. Smith  went.|He said: "Go.|Now!"|It costs $3.50.|(Really?)|Yes...|No… |Well.'),
        ("en", "16.1. Upcoming Developments are good.|A. First.|B. Second."),
        ("en", "A.12. Short Course"),
        ("en", "Table 11.2. Of Contents"),
        ("de", "Am 3. Oktober kam Dr. Meier z.\u00a0B. nach Hause.|„Gut!“, sagte er.|»Komm.«|Er kam."),
        ("fr", "«\u00a0Bonjour\u00a0!|Il pleut.\u00a0»|Il partit.|«\u00a0Oui.\u00a0»|M. Dupont vint… |Il rit."),
        ("fr", "Il\u00a0vint.|Elle\u00a0partit.|On\u00a0rit."),
        ("es", "¿Qué?|¡No!|Sr. García vino.|«Sí.»|Fue."),
        ("el", "Τι κάνεις;|Καλά."),
        ("fi", "Hän tuli.|”Hei.”|Hän lähti."),
        ("zh", "“好的！”|他说。|3天后他走了。|iPhone很贵。|他说：“好。|明天见……”|她笑了。|‘嗯。’|是的……也许。"),
        ("zh", "1. 第一条。|2. 第二条。"),
        ("zh", "他走了。……"),
        ("zh-Hant", "她說：「走吧！|我們回家。」|然後走了。"),
        ("ja", "「行こう。」と彼は言った。|「はい！」|彼女は笑った。|え？と思った。|3人いた。"),
        ("ko", "“가자.|지금.”|그가 말했다.|네.|그렇습니다."),
        ("uk", "«Привіт!» сказав він.|Проф. Іваненко прийшов.|«Так.|Я знаю,» сказав він."),
        ("ar", "مرحبا بك.|كيف حالك؟|قال: «نعم.|أنا هنا.»|ثم ذهب."),
        ("hi", "यह एक वाक्य है।|क्या यह है?|“हाँ।|मैं यहाँ हूँ।”|फिर वह चला गया।"),
        ("th", "สวัสดี!|คุณสบายดีไหม?|ดี"),
        ("ka", "გამარჯობა.|როგორ ხარ?|კარგად."),
        ("am", "ሰላም።|እንዴት ነህ?"),
        ("und", "Hello.|World."),
    ],
)  # fmt: skip
def test_sentences_end_where_a_reader_ends_them(language: str, marked: str) -> None:
    """A bar stands for the end of a sentence, and for a space where the language writes one."""
    space = "" if language[:2] in {"zh", "ja"} else " "
    expected = [sentence.strip() for sentence in marked.split("|")]
    assert texts(space.join(expected), language) == expected


@pytest.mark.parametrize("language", ["en", "ru", "zh", "ja", "uk", "th", "und"])
@pytest.mark.parametrize(
    "text",
    [
        "word " * 20_000,
        "a" * 100_000,
        "字" * 100_000,
        "." * 100_000,
        "“" * 100_000,
        '"Go. ' * 20_000,
        "“a。” " * 20_000,
        "a.b@c.de " * 12_000,
        "? " * 50_000,
        "a\u00a0" * 50_000,
    ],
    ids=lambda text: text[:6],
)
def test_a_sentence_of_a_hundred_thousand_characters_takes_seconds(text: str, language: str) -> None:
    begin = time.process_time()
    result = split_document(text, language, AUTO)
    assert time.process_time() - begin < 10  # without windows: minutes to hours
    check_spans(text, result)


def test_what_ends_nowhere_is_one_sentence() -> None:
    assert [len(text) for text in texts("字" * 100_000, "zh")] == [100_000]
    assert [len(text) for text in texts("word " * 20_000, "en")] == [99_999]


@pytest.mark.parametrize(
    ("language", "sentence"), [("en", "We went home again today."), ("zh", "今天我们又回家了。"), ("uk", "Ми пішли.")]
)
def test_a_megabyte_in_one_line_is_split_like_a_short_text(language: str, sentence: str) -> None:
    count = 1_000_000 // len(sentence)
    begin = time.process_time()
    assert texts(("" if language == "zh" else " ").join([sentence] * count), language) == [sentence] * count
    assert time.process_time() - begin < 30


@pytest.mark.parametrize("language", ["en", "de", "zh"])
def test_windows_change_no_boundary(language: str, shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if language == "zh":
        lines = (shared / "gold/mac-dev-zh-en/003.source.txt").read_text(encoding="utf-8").split("\n")
        text = "".join(lines)[:12_000]
    else:
        folder = shared / "corpora/handbook-en-de" / language
        text = " ".join((folder / "sect.apt-get.txt").read_text(encoding="utf-8").split("\n"))
    with_windows = find_sentence_ends(text, language)
    monkeypatch.setattr("stages.split.boundaries.WINDOW_CHARS", len(text))
    monkeypatch.setattr("stages.split.boundaries.WINDOW_WORDS", 100)
    assert find_sentence_ends(text, language) == with_windows
    assert len(with_windows) > 100


def test_a_newline_ends_a_paragraph_or_only_a_line() -> None:
    text = "One goes\non. Two\n\nThree."
    assert texts(text, "en", SplitConfig(paragraphs="line")) == ["One goes", "on.", "Two", "Three."]
    assert texts(text, "en", SplitConfig(paragraphs="blank-line")) == ["One goes\non.", "Two", "Three."]


def test_items_and_indented_lines_begin_a_paragraph_of_wrapped_text() -> None:
    text = textwrap.dedent("""\
        We need this:
        - apples and
          pears
        - milk
        1. first thing
        and more
        * starred
          A new paragraph begins here - and
        - so it seems - goes on.
        12.3. Heading""")
    assert texts(text, "en", SplitConfig(paragraphs="blank-line")) == [
        "We need this:", "- apples and\n  pears", "- milk", "1. first thing\nand more",
        "* starred\n  A new paragraph begins here - and", "- so it seems - goes on.", "12.3. Heading",
    ]  # fmt: skip


def test_words_cut_at_the_end_of_a_line_are_left_and_counted() -> None:
    result = split_document("A hyphen-\nated word.", "en", SplitConfig(paragraphs="blank-line"))
    assert [sentence.text for sentence in result.sentences] == ["A hyphen-\nated word."]
    assert result.facts["hyphenated_lines"] == 1


def wrap(text: str, columns: int = 72) -> str:
    """Wrap each line by itself, a blank line between."""
    return "\n\n".join(textwrap.fill(line, columns, break_on_hyphens=False) for line in text.split("\n") if line)


@pytest.mark.parametrize("book", ["handbook-en-de", "handbook-en-fr", "handbook-en-es"])
def test_a_book_with_a_paragraph_a_line_is_not_taken_for_wrapped(book: str, shared: Path) -> None:
    paths = sorted((shared / "corpora" / book).glob("*/*.txt"))
    assert len(paths) > 200
    assert [path for path in paths if is_hard_wrapped(path.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize("language", ["en", "de", "es"])
def test_a_wrapped_book_is_recognised_and_has_the_same_sentences(language: str, shared: Path) -> None:
    folder = shared / "corpora" / ("handbook-en-es" if language == "es" else "handbook-en-de") / language
    n_same = n_all = 0
    for path in sorted(folder.glob("sect.*.txt"))[::4]:
        text = path.read_text(encoding="utf-8")
        wrapped = wrap(text)
        if len(re.findall(r"[^\n]\n[^\n]", wrapped)) < 5:
            continue
        result = split_document(wrapped, language, AUTO)
        assert result.facts["paragraph_mode"] == "blank-line", path
        plain = {" ".join(sentence.split()) for sentence in texts(text, language)}
        n_same += len(plain & {" ".join(sentence.text.split()) for sentence in result.sentences})
        n_all += len(plain)
    assert n_all > 500
    assert n_same / n_all > 0.998


@pytest.mark.parametrize("columns", [20, 40])
def test_wrapped_chinese_is_recognised(columns: int, shared: Path) -> None:
    lines = (shared / "gold/mac-dev-zh-en/001.source.txt").read_text(encoding="utf-8").split("\n")
    paragraphs = ["".join(lines[start : start + 5]) for start in range(0, len(lines), 5)]
    folded = [re.sub(f"(.{{{columns}}})(?=.)", "\\1\n", paragraph) for paragraph in paragraphs]
    assert is_hard_wrapped("\n\n".join(folded))
    assert not is_hard_wrapped("\n\n".join(paragraphs))
    assert not is_hard_wrapped("\n".join(paragraphs))
    assert not is_hard_wrapped("\n".join(lines))


NOT_WRAPPED = {
    "classical verse": """\
        The morning came across the silent lea
        And touched the tower where the swallows sleep;
        It ran like silver to the waiting sea
        And woke the shepherd and his drowsy sheep.
        A bell began to ring, a window shone,
        The baker put his loaves upon the sill,
        And what the night had lent to us was gone
        Before the cart had climbed beyond the hill.""",
    "free verse": """\
        i walked along the river in the evening light
        and nobody was there to see me go
        the boats were rocking softly on the tide
        a dog barked twice and then was quiet
        i thought of you and of the long white road
        that leads from here to where the mountains are""",
    "dialogue": """\
        “Where are you going?” she asked.
        “Nowhere,” he said.
        “That is not an answer.”
        He shrugged and looked out of the window for a while.
        “It is the only one I have.”
        She laughed.""",
    "list": """\
        things to buy
        apples and pears from the garden
        bread, if there is any left at the baker's
        milk
        two pounds of sugar and some flour for the cake
        candles""",
    "items": """\
        - apples and pears from the garden
        - bread, if there is any left at the baker's
        - milk
        - two pounds of sugar and some flour for the cake""",
    "headings": "\n".join(f"{n}.{m}. Something about Part {n * m}" for n in range(1, 9) for m in range(1, 5)),
    "addresses": "\n".join(f"https://example.org/{'x' * (i * 7 % 40 + 20)}/index.html" for i in range(30)),
    "words": "\n".join(["aardvark", "abacus", "abandon", "abbey", "abbot"] * 5),
    "Thai": """\
        วันนี้เราไปตลาดกันเถอะเพราะว่าไม่มีอะไรกิน
        เขาบอกว่าเขาจะมาถึงตอนเย็นแต่เขาก็ยังไม่มา
        ฉันรอเขาอยู่ที่บ้านตั้งแต่เช้าจนถึงเย็นแล้วก็กลับไปนอน
        วันนี้เราไปตลาดกันเถอะเพราะว่าไม่มีอะไรกิน
        ฉันรอเขาอยู่ที่บ้านตั้งแต่เช้าจนถึงเย็นแล้วก็กลับไปนอน
        เขาบอกว่าเขาจะมาถึงตอนเย็นแต่เขาก็ยังไม่มา""",
    "Japanese dialogue": """\
        「行こう」
        「どこへ？」
        彼は答えなかった。窓の外を見ていた。
        「知らない」
        雨が降り始めた。
        二人は黙って歩き出した。""",
}  # fmt: skip


@pytest.mark.parametrize("kind", NOT_WRAPPED)
def test_lines_that_end_for_a_reason_end_a_paragraph(kind: str) -> None:
    text = textwrap.dedent(NOT_WRAPPED[kind])
    result = split_document(text, "en", AUTO)
    assert result.facts["paragraph_mode"] == "line"
    assert result.facts["paragraphs"] == text.strip().count("\n") + 1


WRAPPED = {
    "mail": """\
        Hi Bob,

        thanks for your mail. I have looked at the problem and I think that we
        should wait until the next release before we change anything here, because
        nobody knows what depends on it.

        Cheers
        Ann""",
    "indented": """\
            It had been raining for three days when the letter came, and for
        three days nobody had left the house but to feed the horses.
            The letter was short. It said what we had all expected, and yet it
        took my uncle a whole evening to read it to the end, and when he had
        finished he put it into the stove.""",
    "narrow": textwrap.fill("Der alte Mann ging langsam die Straße hinunter und grüßte jeden, den er sah. " * 6, 45),
    "Korean": textwrap.fill("배는 새벽이 되기 전에 항구를 떠났고 부두에서 손을 흔드는 사람은 아무도 없었다. " * 12, 38),
}  # fmt: skip


@pytest.mark.parametrize("kind", WRAPPED)
def test_lines_that_end_for_want_of_room_are_joined(kind: str) -> None:
    assert is_hard_wrapped(textwrap.dedent(WRAPPED[kind]))


def test_wide_wrapped_lines_of_a_book_are_known_by_their_fullness(shared: Path) -> None:
    text = (shared / "corpora/handbook-en-de/en/sect.apt-get.txt").read_text(encoding="utf-8")
    for columns in (45, 60, 80, 100, 130):
        assert is_hard_wrapped(wrap(text, columns)), columns
