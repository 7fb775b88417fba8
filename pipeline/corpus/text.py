"""From bytes to the text that is hashed, stored and split: decoded and normalised once, before everything else."""

from __future__ import annotations

import codecs
import re
import unicodedata

from pipeline.errors import ConfigError, DocumentError

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
_NEWLINES = re.compile(r"\r+\n|\r")
_SURROGATES = re.compile("[\ud800-\udfff]")


def decode(data: bytes, encoding: str | None = None) -> str:
    """Decode a document; without an encoding it must be UTF-8, with or without a byte order mark.

    Raises DocumentError, whose text goes on from the document's name ("is not UTF-8 at byte 10,233; …"; bytes count
    from 0), and ConfigError where Python knows no such encoding.
    """
    for beginning, name, advice in FORMATS:
        if beginning.match(data):
            raise DocumentError(f"is {name}, not text; {advice}")
    text = _decode_utf8(data) if encoding is None else _decode_as(data, encoding)
    if "\0" in text:
        position = text.index("\0")
        raise DocumentError(
            f"is not text: character {position:,} is NUL; if it is UTF-16, set [corpus] encoding, else leave it out"
        )
    return text.removeprefix("\ufeff")


def encoding_by_mark(data: bytes) -> str | None:
    """Return the encoding that the byte order mark of a file names: UTF-16, UTF-32, or none."""
    return next((name for mark, name in BOMS if data.startswith(mark)), None)


def _decode_utf8(data: bytes) -> str:
    if name := encoding_by_mark(data):
        raise DocumentError(
            f'is {name.upper()} by its byte order mark, not UTF-8; set [corpus] encoding = "{name}", or convert it'
        )
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DocumentError(f"is not UTF-8 at byte {error.start:,}; set [corpus] encoding, or convert it") from None


def _decode_as(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise DocumentError(
            f"is not {encoding} at byte {error.start:,} ({error.reason}); correct [corpus] encoding, or convert it"
        ) from None
    except (LookupError, ValueError):
        raise ConfigError(
            f'[corpus] encoding = "{encoding}" is not an encoding of text that Python knows; expected a name such as '
            '"cp1252", "gb18030", "shift_jis" or "utf-16"'
        ) from None


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
        text = _NEWLINES.sub("\n", text)
    if _CHANGED.search(text):
        text = text.translate(_TABLE)
    if not text.isascii() and _SURROGATES.search(text):
        text = _SURROGATES.sub("\ufffd", text)
    return unicodedata.normalize("NFC", text)
