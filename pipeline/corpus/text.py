"""From bytes to the text that is hashed, stored and split: decoded and normalised once, before everything else."""

from __future__ import annotations

import codecs
import re
import unicodedata
from itertools import groupby
from typing import NamedTuple

from pipeline.errors import ConfigError, DocumentError

MIN_CONFIDENCE = 0.1
"""Below it chardet's guess is refused: of texts of 40 letters it still has nine in ten right there, of longer ones all
but some whose encodings differ in a letter or two."""

SAMPLE_BYTES = 200_000
"""How much of a text is looked at to guess its encoding."""

NEAR = 0.95
"""Guesses that come so near to the best are told apart by what they make of the text."""

SEVEN_BITS = frozenset({"iso2022_jp", "iso2022_jp_1", "iso2022_jp_2", "iso2022_jp_3", "iso2022_kr", "hz", "utf-7"})
"""Encodings that write all letters with bytes of ASCII, so that they look like UTF-8."""

BOMS = (  # UTF-32 first: its little-endian mark begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_OPENDOCUMENT = re.compile(rb"PK\x03\x04.{26}mimetypeapplication/vnd\.oasis\.opendocument", re.DOTALL)
_AS_WORD = "save it as .docx, or as plain text in UTF-8"
FORMATS = (
    (re.compile(b"%PDF-"), "a PDF file", "name it .pdf, or save it as plain text in UTF-8"),
    (_OPENDOCUMENT, "an OpenDocument file (as LibreOffice writes: .odt)", _AS_WORD),
    (
        re.compile(rb"PK\x03\x04"),
        "a zip archive (a .docx or .epub is one)",
        "name it so, or save it as plain text in UTF-8",
    ),
    (re.compile(rb"\x1f\x8b"), "a gzip archive", "name it .gz, or unpack it"),
    (re.compile(rb"\xd0\xcf\x11\xe0"), "an old Microsoft Office file", _AS_WORD),
    (re.compile(rb"{\\rtf"), "an RTF file", _AS_WORD),
)
"""How files begin that people take for text, and what to do with them."""

SPACES = "\v\f\x1c\x1d\x1e\x1f\x85\u2028\u2029"
"""White space that ends no line: see `normalise`."""
KEPT = "\t\n\r"
DROPPED = {chr(code) for code in (*range(0x20), *range(0x7F, 0xA0), 0xFEFF, 0xFFFE, 0xFFFF)} - {*KEPT, *SPACES}

_TABLE = str.maketrans(dict.fromkeys(SPACES, " ") | dict.fromkeys(DROPPED, ""))
_CHANGED = re.compile("[" + "".join(map(re.escape, sorted({*DROPPED, *SPACES}))) + "]")
_NEWLINES = re.compile(r"\r+\n?")
_MARKS = re.compile(r"[^\x00-\x7f\w\s]{31,}")
"""More combining marks in a row than a letter of any language has (UAX #15, section 13, allows 30)."""
_SURROGATES = re.compile("[\ud800-\udfff]")
_MISREAD = re.compile(r"[\x80-\x9f]|(?<=[^\W\d_])[^\w\s'’.,/–—-](?=[^\W\d_])")
"""Signs in the midst of words, and control characters: what a text in another encoding is read as."""


class Decoded(NamedTuple):
    """A document as text, and what people should know of how it was decoded: it goes on from the document's name."""

    text: str
    note: str = ""


def decode(data: bytes, encoding: str | None = None, min_confidence: float = MIN_CONFIDENCE) -> Decoded:
    """Decode a document, and take off its byte order mark.

    What has a mark, or is valid UTF-8, is read as such, whatever the encoding that is named: no other encoding gives
    valid UTF-8 by chance. All else is read in the encoding that is named; without one a guess is made, and told.

    Raises DocumentError, whose text goes on from the document's name ("is not cp1252 at byte 10,233; …"; bytes count
    from 0), and ConfigError where Python knows no such encoding.
    """
    codec = known_encoding(encoding) if encoding is not None else None
    for beginning, name, advice in FORMATS:
        if beginning.match(data):
            raise DocumentError(f"is {name}, not text; {advice}")
    if marked := encoding_by_mark(data):
        decoded = Decoded(_decode_as(data, marked))
    elif is_utf8(data) and not (codec in SEVEN_BITS and data.isascii()):
        decoded = Decoded(data.decode("utf-8-sig"))
    elif encoding is not None:
        decoded = Decoded(_decode_as(data, encoding))
    else:
        decoded = _guess(data, min_confidence)
    if "\0" in decoded.text:
        position = decoded.text.index("\0")
        raise DocumentError(
            f"is not text: character {position:,} is NUL; if it is UTF-16, set [corpus] encoding, else leave it out"
        )
    return decoded._replace(text=decoded.text.removeprefix("\ufeff"))


def encoding_by_mark(data: bytes) -> str | None:
    """Return the encoding that the byte order mark of a file names: UTF-16, UTF-32, or none."""
    return next((name for mark, name in BOMS if data.startswith(mark)), None)


def is_utf8(data: bytes) -> bool:
    """Say whether bytes are text in UTF-8; in UTF-16 without a mark every other one may be NUL."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return b"\0" not in data


def known_encoding(encoding: str) -> str:
    """Return Python's name of an encoding of text; raises ConfigError where it knows none."""
    try:
        name = codecs.lookup(encoding).name
        b"a".decode(name)  # hex, zlib and others that Python knows are no encodings of text
    except UnicodeDecodeError:
        return name  # one byte is too short for it
    except (LookupError, ValueError):
        raise ConfigError(
            f'[corpus] encoding = "{encoding}" is not an encoding of text that Python knows; expected a name such as '
            '"cp1252", "gb18030", "shift_jis" or "utf-16"'
        ) from None
    return name


def _decode_as(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise DocumentError(
            f"is not {encoding} at byte {error.start:,} ({error.reason}); correct [corpus] encoding, or convert it"
        ) from None


def _guess(data: bytes, min_confidence: float) -> Decoded:
    """Decode what is not UTF-8 as chardet takes it; raises DocumentError where it is too little sure."""
    wrong = _first_wrong_byte(data)
    start = max(0, wrong - SAMPLE_BYTES // 2)  # all before the first wrong byte is UTF-8, and mostly ASCII
    found = _candidates(data[start : start + SAMPLE_BYTES])
    near = [one for one in found if one.confidence >= NEAR * found[0].confidence]
    best = min(near, key=lambda one: len(_MISREAD.findall(one.sample)), default=None)
    if best is None and b"\0" in data:
        return Decoded(data.decode("latin-1"))  # `decode` says where there is a NUL
    if best is None or best.confidence < min_confidence:
        guess = (
            f"the best guess is {best.encoding}, confidence {best.confidence:.2f}" if best else "its bytes tell nothing"
        )
        raise DocumentError(f"is not UTF-8 at byte {wrong:,} ({guess}); set [corpus] encoding, or convert it")
    note = (
        f"it is not UTF-8; read as {best.encoding}, a guess (confidence {best.confidence:.2f}): if letters are wrong, "
        "set [corpus] encoding"
    )
    return Decoded(_decode_as(data, best.encoding), note)


class _Candidate(NamedTuple):
    encoding: str
    confidence: float
    sample: str


def _candidates(sample: bytes) -> list[_Candidate]:
    """Return in what chardet says that a text may be written, the likeliest first."""
    import chardet

    eras = chardet.EncodingEra.MODERN_WEB | chardet.EncodingEra.LEGACY_ISO
    found = []
    for one in chardet.detect_all(sample, ignore_threshold=True, encoding_era=eras):
        if one["encoding"] is None:
            continue
        decoder = codecs.getincrementaldecoder(one["encoding"])()  # the sample may end in the midst of a letter
        try:
            found.append(_Candidate(one["encoding"].lower(), one["confidence"], decoder.decode(sample)))
        except UnicodeDecodeError:
            continue
    return found


def _first_wrong_byte(data: bytes) -> int:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start
    return 0


def normalise(text: str) -> str:
    r"""Return the text that spans refer to; applying it twice changes nothing.

    - `\r\n` and `\r` become `\n`, also where a doubled conversion left `\r\r\n`.
    - `\v`, `\f`, U+001C to U+001F, U+0085, U+2028 and U+2029 become a space: editors, `wc -l` and line-aligned corpora
      count none of them as the end of a line, and a ready-made sentence must not become two.
    - Other control characters, U+FEFF (left behind where files were joined) and the non-characters U+FFFE and U+FFFF,
      which XML forbids, are removed. Tabs stay: exports escape them where they must.
    - Lone surrogates, which JSON can smuggle in, become U+FFFD.
    - NFC, last, because what was removed may have stood between a letter and its accent.

    All else stays as it is, no-break spaces, soft hyphens and zero-width spaces too.
    """
    if "\r" in text:
        text = _NEWLINES.sub(_newlines, text)
    if _CHANGED.search(text):
        text = text.translate(_TABLE)
    if not text.isascii() and _SURROGATES.search(text):
        text = _SURROGATES.sub("\ufffd", text)
    if not text.isascii() and _MARKS.search(text):
        text = _MARKS.sub(_in_order, text)
    return unicodedata.normalize("NFC", text)


def _newlines(match: re.Match[str]) -> str:
    return "\n" if match[0].endswith("\n") else "\n" * len(match[0])


def _in_order(match: re.Match[str]) -> str:
    """Put combining marks in the order of NFC, for which Python takes a time that grows with the square of a run."""
    marks = "".join(unicodedata.normalize("NFD", mark) for mark in match[0])
    runs = groupby(marks, key=lambda mark: unicodedata.combining(mark) > 0)
    return "".join("".join(sorted(run, key=unicodedata.combining)) for _, run in runs)
