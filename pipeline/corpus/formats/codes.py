"""Text with the codes of another program in it, as TMX and XLIFF have it: what is left without them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from pipeline.corpus.formats.document import WIDE
from pipeline.corpus.formats.markup import local_name

CODES = frozenset({"bpt", "ept", "it", "ph", "ut", "x", "bx", "ex", "sc", "ec"})
"""Elements that hold codes, no text (TMX 1.4b, section 2.4; XLIFF 1.2, section 2.4; XLIFF 2.1, section 4.3)."""

ALONE = frozenset({"it", "ph", "ut", "x"})
"""Codes that stand for something of their own, a picture or the end of a line, and don't begin or end a style."""

_BREAK = re.compile(r"<\s*/?\s*(?:br|p|div|li|tr|td)\b|\\[nt]|[\n\t]|\b(?:lb|pb|break|newline|tab)\b", re.IGNORECASE)
_MARK = re.compile(r"[.!?…:;,]")


class _Code(NamedTuple):
    is_break: bool
    is_alone: bool


def text_without_codes(element: Any) -> str:
    """Return the text of a segment; where codes alone kept two words or sentences apart, a space does."""
    pieces: list[str] = []
    code: _Code | None = None
    for piece in _pieces(element):
        if isinstance(piece, _Code):
            code = piece if code is None else _Code(code.is_break or piece.is_break, code.is_alone or piece.is_alone)
        elif piece:
            if code is not None and pieces and _are_apart(pieces[-1][-1], piece[0], code):
                pieces.append(" ")
            pieces.append(piece)
            code = None
    return " ".join("".join(pieces).split())


def _pieces(element: Any) -> Iterator[str | _Code]:
    yield element.text or ""
    for child in element:
        name = local_name(child)
        if name in CODES:
            said = " ".join([*child.attrib.values(), *child.itertext()])
            yield _Code(_BREAK.search(said) is not None, name in ALONE)
        else:
            yield _Code(False, False)
            yield from _pieces(child)
            yield _Code(False, False)
        yield child.tail or ""


def _are_apart(before: str, after: str, code: _Code) -> bool:
    """Say whether two letters with nothing but codes between them belong to two words."""
    if before.isspace() or after.isspace() or (WIDE.match(before) and WIDE.match(after)):
        return False
    if code.is_break or (_MARK.match(before) and after.isalpha() and not (before == "." and after.islower())):
        return True
    are_letters = before.isalnum() and after.isalnum()
    return are_letters and (code.is_alone or (before.islower() and after.isupper()))
