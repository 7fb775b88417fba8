from __future__ import annotations

import random
import re
import sys
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.corpus.text import Decoded, decode, normalise
from pipeline.errors import ConfigError, DocumentError

AWKWARD = st.text(
    st.sampled_from("aé\u0301e\u030a\r\n\t\v\f\x00\x1c\x1f\x85\x9d\u2028\u2029\ufeff\ufffe\ud800\udc00한ᄒ")
).map(str)


@pytest.mark.parametrize(
    ("data", "encoding", "text"),
    [
        (b"caf\xc3\xa9", None, "café"),
        (b"\xef\xbb\xbfcaf\xc3\xa9", None, "café"),
        (b"\xef\xbb\xbfcaf\xc3\xa9", "utf-8", "café"),
        (b"caf\xe9", "cp1252", "café"),
        ("你好".encode("gb18030"), "gb18030", "你好"),
        ("你好".encode("utf-16"), "utf-16", "你好"),
        ("\ufeff你好".encode("utf-16-le"), "utf-16-le", "你好"),
        ("It’s a café.".encode("utf-16"), None, "It’s a café."),
        ("It’s a café.".encode("utf-32"), "cp1251", "It’s a café."),
        (b"\xfe\xff\x00h", None, "h"),
        ("It’s a café.".encode(), "cp1251", "It’s a café."),
        ("日本語".encode("iso2022_jp"), "iso2022_jp", "日本語"),
        ("It’s late.".encode("utf-16-le"), "utf-16-le", "It’s late."),
        (b"", None, ""),
    ],
)
def test_text_is_decoded_without_its_byte_order_mark(data: bytes, encoding: str | None, text: str) -> None:
    assert decode(data, encoding) == Decoded(text)


@pytest.mark.parametrize(
    ("data", "encoding", "message"),
    [
        (bytes(range(128, 256)), None, "is not UTF-8 at byte 0 (the best guess is "),
        (bytes([0x81, 0xFF]), None, "is not UTF-8 at byte 0 ("),
        ("hé".encode("utf-16") + b"x", None, "is not utf-16 at byte 6 (truncated data); correct [corpus] encoding"),
        (b"ab\x00c", None, "is not text: character 2 is NUL"),
        (b"ab\x00c", "latin-1", "is not text: character 2 is NUL"),
        (b"%PDF-1.7\n", None, "is a PDF file, not text; name it .pdf, or save it as plain text in UTF-8"),
        (b"PK\x03\x04rest", None, "is a zip archive"),
        (b"\x81\x81", "cp1252", "is not cp1252 at byte 0 (character maps to <undefined>); correct [corpus] encoding"),
    ],
)
def test_what_is_no_text_is_refused_with_the_place_and_the_remedy(
    data: bytes, encoding: str | None, message: str
) -> None:
    with pytest.raises(DocumentError) as caught:
        decode(data, encoding)
    assert str(caught.value).startswith(message)


GUESSED = {
    "cp1251": "Кафе открылось в полдень — уже поздно.",
    "koi8-r": "Старый паром отходит в полдень, и никто не спешил.",
    "cp1252": "Die alte Fähre legt mittags ab, und niemand hatte es eilig: „Größer“, sagte er.",
    "iso-8859-2": "Stary prom odpływa w południe i nikt na nabrzeżu się nie spieszył.",
    "shift_jis": "古い渡し船は正午に出る。岸壁の誰も急いでいなかった。",
    "gb18030": "旧渡船中午出发，码头上没有人着急。",
    "utf-16-le": "The old ferry leaves at noon, and nobody was in a hurry.",
}


@pytest.mark.parametrize("encoding", GUESSED)
def test_what_is_not_utf8_is_guessed_and_said_to_be(encoding: str) -> None:
    found = decode(GUESSED[encoding].encode(encoding))
    assert found.text == GUESSED[encoding]
    assert re.match(
        r"it is not UTF-8; read as [\w-]+, a guess \(confidence 0\.\d\d\): if letters are wrong, set", found.note
    )
    with pytest.raises(DocumentError, match=r"is not UTF-8 at byte \d+ \(the best guess is"):
        decode(GUESSED[encoding].encode(encoding), min_confidence=1.0)


def test_a_guess_that_is_not_sure_enough_is_refused_with_the_place_and_the_remedy() -> None:
    with pytest.raises(DocumentError, match=r"is not UTF-8 at byte 10,233 .*; set \[corpus\] encoding, or convert it"):
        decode(b"a" * 10_233 + b"\xe9t\xe9", min_confidence=0.9)


def test_one_letter_far_into_a_text_is_guessed_from_what_stands_around_it() -> None:
    text = "The lamp is lit. " * 50_000 + "Die alte Fähre legt mittags ab, und niemand am Kai hatte es eilig."
    assert decode(text.encode("cp1252")).text == text


@pytest.mark.parametrize("encoding", ["utf8-de", "hex", "rot13", "", "a\0b", "undefined"])
def test_an_unknown_encoding_is_an_error_of_the_config(encoding: str) -> None:
    with pytest.raises(ConfigError, match="is not an encoding of text that Python knows; expected a name such as"):
        decode(b"abc", encoding)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\r\nb\rc\nd", "a\nb\nc\nd"),
        ("a\r\r\nb", "a\nb"),
        ("a\n\r\nb", "a\n\nb"),
        ("a\vb\fc\x85d\u2028e\u2029f\x1cg", "a b c d e f g"),
        ("a\tb", "a\tb"),
        ("a\x00b\x07c\x9dd\x7fe", "abcde"),
        ("\ufeffa\ufeffb\uffff", "ab"),
        ("e\u0301", "é"),
        ("e\x00\u0301", "é"),
        ("a\ud800b", "a\ufffdb"),
        ("a\u00a0b\u00adc\u200bd", "a\u00a0b\u00adc\u200bd"),
        ("😀", "😀"),
    ],
)
def test_newlines_controls_and_accents_have_one_form(text: str, expected: str) -> None:
    assert normalise(text) == expected


@settings(deadline=None)
@given(st.text() | AWKWARD)
def test_normalising_twice_changes_nothing(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once
    assert "\r" not in once
    once.encode("utf-8")


def test_every_line_of_a_line_aligned_file_stays_one_line() -> None:
    lines = [f"a{space}b" for space in "\v\f\x1c\x1d\x1e\x1f\x85\u2028\u2029"]
    assert len(normalise("\n".join(lines)).split("\n")) == len(lines)


def test_many_combining_marks_are_put_in_the_order_of_nfc() -> None:
    chance = random.Random(3)
    marks = [chr(code) for code in range(0x300, 0x36F)] + ["\u0bcd", "\u3099", "\u05b0", "a", "\U0001f600", "©"]
    for _ in range(50):
        text = "a" + "".join(chance.choices(marks, k=chance.randrange(25, 90)))
        assert normalise(text) == unicodedata.normalize("NFC", text)


def test_no_combining_mark_is_taken_for_a_letter() -> None:
    """Else a run of marks could hide behind it, and take a time that grows with its square."""
    every = map(chr, range(sys.maxunicode + 1))
    marks = [mark for mark in every if unicodedata.combining(mark)]
    assert len(marks) > 800
    assert not [mark for mark in marks if mark.isalnum() or mark.isspace() or mark == "_"]


def test_newlines_of_a_doubled_conversion_are_one() -> None:
    assert normalise("a\r\r\nb\r\rc\r\nd\re\r") == "a\nb\n\nc\nd\ne\n"
