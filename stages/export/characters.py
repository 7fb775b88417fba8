"""Replace the characters that a format can't hold.

Lone surrogates fit no UTF-8 file: U+FFFD stands for each, in every format, as it does after a lossy decoding.
"""

import re
from hashlib import blake2b
from xml.sax.saxutils import escape as escape_markup

SURROGATE = re.compile("[\ud800-\udfff]")
REPLACEMENT = "\ufffd"

LINE_BREAKERS = "\x7f-\x9f\u2028\u2029"
"""With the C0 controls, everything that some program takes for the end of a line or chokes on."""

TSV_UNSAFE = re.compile(f"[\x00-\x1f\\\\{LINE_BREAKERS}]")
TSV_ESCAPES = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"}
JSON_UNSAFE = re.compile(f"[{LINE_BREAKERS}]")
XML_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Everything outside the `Char` production of XML 1.0 (section 2.2), which no escape can bring in."""

SPACES = re.compile("[\t\n\x0b\x0c\r\x1c-\x1f\x85\u2028\u2029]")
CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f]")


def replace_surrogates(text: str) -> tuple[str, int]:
    """Put U+FFFD for every lone surrogate, and count them."""
    return (text, 0) if text.isascii() else SURROGATE.subn(REPLACEMENT, text)


def escape_tsv(text: str) -> str:
    r"""Write a text as one field of one line: `\t`, `\n`, `\r`, `\\`, and other controls and line ends as `\u2028`."""
    return TSV_UNSAFE.sub(lambda match: TSV_ESCAPES.get(match[0]) or _unicode_escape(match), text)


def escape_json_line(line: str) -> str:
    """Escape in written JSON what JSON allows but readers of lines do not."""
    return JSON_UNSAFE.sub(_unicode_escape, line)


def escape_xml(text: str) -> tuple[str, int]:
    """Write a text as XML 1.0 character data, and count the characters that it can't hold, which are removed."""
    text, n_removed = XML_FORBIDDEN.subn("", text)
    return escape_markup(text, {"\r": "&#13;"}), n_removed


def short_digest(text: str) -> str:
    """Return what names a text where only letters and digits may stand: the same for the same text."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def plain_line(text: str) -> tuple[str, int]:
    """Write a text as one line without escapes: breaks and tabs become spaces, other controls go and are counted."""
    text, n_removed = CONTROLS.subn("", SPACES.sub(" ", text))
    return text.strip(" "), n_removed


def _unicode_escape(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"
