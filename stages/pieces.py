"""Pieces: what a sentence is cut into that is several, as a line of a file whose every line is taken for a sentence.

The pieces of a document are counted from 1, those of its first sentence first. One that is a whole sentence is known by
that sentence; the others are encoded as overlaps are, under the size PIECES, each named by its number.

S sentences, P pieces.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PIECES = 0
"""In place of an overlap size: pieces of sentences."""

_END = re.compile(r"""(?<![.!?…؟۔।॥])[.!?…؟۔।॥]++["'”’»›)\]]*+\s+|[。！？｡．]+[”’」』）》〉】]*\s*""")
"""Marks that end a sentence in one language or another; those of Chinese and Japanese need no space after them."""

_OPENERS = re.compile(r"""[\s"'“”„‟«»‹›‘’‚‛(\[{¿¡—–-]*""")


def cut_pieces(text: str) -> list[str]:
    """Cut a sentence after the marks that end one, unless a small letter follows; nothing of an empty one.

    It needs no language, and is often wrong at abbreviations: what aligns pieces takes several of them for one sentence
    as well. Where it changes, raise VERSION of `encode` and `align`: stored vectors are known by the numbers of pieces.
    """
    pieces, start = [], 0
    for end in _END.finditer(text):
        opened = _OPENERS.match(text, end.end())
        following = text[opened.end() : opened.end() + 1] if opened else ""
        if following and not following.islower():
            pieces.append(text[start : end.end()].strip())
            start = end.end()
    return [*pieces, text[start:].strip()] if text else []


def count_pieces(sentences: Sequence[str]) -> NDArray[np.int64]:
    """Return how many pieces each sentence has: int64 array of shape (S,)."""
    import numpy as np

    return np.fromiter((len(cut_pieces(text)) for text in sentences), np.int64, len(sentences))


def piece_stops(sentences: Sequence[str]) -> NDArray[np.int32]:
    """Return the numbers of the pieces of sentences that have several: int32 array, in order."""
    import numpy as np

    counts = count_pieces(sentences)
    return (np.flatnonzero(np.repeat(counts > 1, counts)) + 1).astype(np.int32)
