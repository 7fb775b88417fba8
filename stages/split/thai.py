"""Thai, which writes spaces between sentences and no marks: PyThaiNLP's crfcut finds the spaces that end one."""

from __future__ import annotations

import os
import re
from functools import lru_cache
from typing import Any

_ABBREVIATION = re.compile(r"(?<![\u0e00-\u0e7f])(?:[\u0e00-\u0e7f]{1,4}\.)+$")
_MAX_ABBREVIATION_CHARS = 12


def ends_by_pythainlp(paragraph: str, start: int, stop: int) -> list[int]:
    """Return the positions in a part of a paragraph where sentences end; those after abbreviations are none."""
    text = paragraph[start:stop]
    if not text.strip():
        return []
    ends, position = [], 0
    for piece in _crfcut().segment(text):
        position = text.index(piece, position) + len(piece)
        before = text[max(0, position - _MAX_ABBREVIATION_CHARS) : position].rstrip()
        if not _ABBREVIATION.search(before):
            ends.append(start + position)
    return ends


@lru_cache
def _crfcut() -> Any:
    os.environ.setdefault("PYTHAINLP_READ_ONLY", "1")  # else it makes a folder in the user's home
    try:
        from pythainlp.tokenize import crfcut
    except ImportError as error:
        raise RuntimeError(f"Thai needs PyThaiNLP ({error}); pip install '.[local]' in the project's folder") from error
    return crfcut
