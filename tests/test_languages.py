from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.corpus.languages import Detected, detect_language, other_language, parse_language
from pipeline.errors import ConfigError

TEXTS = {
    "en": "The ship left the harbour before dawn, and nobody on the quay waved to it.",
    "de": "Das Schiff verließ den Hafen vor der Dämmerung, und niemand winkte ihm nach.",
    "fr": "Le navire quitta le port avant l’aube, et personne sur le quai ne lui fit signe.",
    "es": "El barco salió del puerto antes del amanecer y nadie lo despidió desde el muelle.",
    "ru": "Корабль вышел из гавани до рассвета, и никто на пристани не помахал ему.",
    "zh": "天亮之前，船就离开了港口，码头上没有人向它挥手。",
    "ja": "夜明け前に船は港を出たが、岸壁で手を振る者はいなかった。",
    "ko": "배는 새벽이 되기 전에 항구를 떠났고 부두에서 손을 흔드는 사람은 없었다.",
    "ar": "غادرت السفينة الميناء قبل الفجر ولم يلوح لها أحد من الرصيف.",
    "hi": "जहाज भोर से पहले बंदरगाह से निकल गया और किसी ने हाथ नहीं हिलाया।",
    "is": "Skipið fór úr höfn fyrir dögun og enginn á bryggjunni veifaði því.",
}


@pytest.mark.parametrize(
    ("written", "standard"),
    [
        ("de", "de"),
        ("DE", "de"),
        (" de ", "de"),
        ("deu", "de"),
        ("ger", "de"),
        ("de-DE", "de-DE"),
        ("zh-Hant", "zh-Hant"),
        ("zh_CN", "zh-CN"),
        ("pt_BR", "pt-BR"),
        ("cmn", "zh"),
        ("cmn-Hant", "zh-Hant"),
        ("chi", "zh"),
        ("iw", "he"),
        ("arb", "ar"),
        ("yue", "yue"),
        ("und", "und"),
    ],
)
def test_tags_get_their_standard_form(written: str, standard: str) -> None:
    assert parse_language(written) == standard
    assert parse_language(standard) == standard


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("german", "; did you mean 'de'?"),
        ("Portugese", "; did you mean 'pt'?"),
        ("English (US)", "; did you mean 'en'?"),
        ("français", "; did you mean 'fr'?"),
        ("jp", "; did you mean 'ja'?"),
        ("cn", "; did you mean 'zh'?"),
        ("xx", ""),
        ("junk", ""),
        ("", ""),
        ("de-", ""),
        ("*", ""),
    ],
)
def test_what_is_no_tag_is_refused_with_the_nearest(written: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_language(written)
    assert str(caught.value) == (
        f"{written!r} is not a language tag; expected one such as 'de', 'pt-BR' or 'zh-Hant'{hint}"
    )


@pytest.mark.parametrize(("language", "text"), TEXTS.items())
def test_the_language_of_a_sentence_is_told(language: str, text: str) -> None:
    found = detect_language(text)
    assert found.language == language
    assert 0.6 < found.confidence <= 1.0
    assert detect_language(text) == found


@pytest.mark.parametrize("text", ["", " \n", "1984 … 12:30 — !?", "***"])
def test_a_text_without_letters_has_no_language(text: str) -> None:
    assert detect_language(text) == Detected(None, 0.0)


def test_neither_a_long_beginning_nor_a_long_end_decides() -> None:
    english, german = TEXTS["en"] + "\n", TEXTS["de"] + "\n"
    found = detect_language(english * 30 + german * 300 + english * 30)
    assert found.language == "de"
    assert 0.7 < found.confidence < 0.95


def test_half_and_half_is_not_sure() -> None:
    assert detect_language((TEXTS["en"] + "\n") * 200 + (TEXTS["de"] + "\n") * 200).confidence < 0.65


def test_chinese_without_kana_is_not_taken_for_japanese() -> None:
    assert detect_language("東京都庁舎建設計画").language != "ja"


def test_every_document_of_a_book_is_told(shared: Path) -> None:
    for language in ("en", "de"):
        paths = sorted((shared / "corpora/handbook-en-de" / language).glob("*.txt"))[::6]
        texts = [path.read_text(encoding="utf-8") for path in paths]
        found = [detect_language(text).language for text in texts if len(text) > 2000]
        assert len(found) > 3
        assert set(found) == {language}


def test_detection_needs_neither_numpy_nor_the_network() -> None:
    program = f"""
import socket, sys
sys.modules["numpy"] = None
def refuse(*args, **kwargs): raise OSError("no network in this test")
socket.socket.connect = refuse
from pipeline.corpus.languages import detect_language
print(detect_language({TEXTS["fr"]!r}).language)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout == "fr\n", done.stderr


@pytest.mark.parametrize("language", TEXTS)
def test_a_text_is_told_to_be_in_another_language_only_where_that_is_plain(language: str) -> None:
    text = 10 * TEXTS[language]
    assert other_language(text, language) is None
    assert other_language(text, "sw") == language


def test_relatives_few_letters_and_unknown_languages_are_taken_on_trust() -> None:
    german = 3 * TEXTS["de"]
    assert other_language(german, "nds") is None
    assert other_language("Das Schiff verließ den Hafen.", "ja") is None
    assert other_language("", "ja") is None
    assert other_language("\n".join([10 * TEXTS["de"], 10 * TEXTS["en"]]), "en") is None
    norwegian = "Skipet forlot havnen før daggry, og ingen på kaien vinket til det. " * 5
    assert other_language(norwegian, "da") is None
