"""Text that stands untranslated on both sides, letter for letter: it tells nothing of the encoder or the translation.

P beads with text on both sides.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

FEWEST_WORDS = 3
"""A name, a number or a heading of a word or two is often the same in both languages; three words hardly are."""


def is_untranslated(source: str, target: str) -> bool:
    """Return whether a text and its counterpart are the same, and say something."""
    return source == target and sum(any(map(str.isalpha, word)) for word in source.split()) >= FEWEST_WORDS


def untranslated_beads(spans: NDArray[np.int64], source: Sequence[str], target: Sequence[str]) -> NDArray[np.bool_]:
    """Return which beads are the same on both sides: bool array of shape (P,).

    spans : int64 array of shape (P, 4), as in Path.
    """
    texts = ((" ".join(source[i:i_stop]), " ".join(target[j:j_stop])) for i, i_stop, j, j_stop in spans.tolist())
    return np.fromiter((is_untranslated(*both) for both in texts), bool, len(spans))


def untranslated_anchors(
    source_anchors: NDArray[np.int64], target_anchors: NDArray[np.int64], source: Sequence[str], target: Sequence[str]
) -> NDArray[np.bool_]:
    """Return which anchors are the same on both sides: bool array of shape (L,)."""
    places = zip(source_anchors.tolist(), target_anchors.tolist(), strict=True)
    return np.fromiter((is_untranslated(source[i], target[j]) for i, j in places), bool, len(source_anchors))
