"""The tokens of many texts, laid end to end, and cut into padded arrays without a loop in Python.

The tokenizer's own `pad` takes longer over a batch than a fast GPU over computing it.

N texts of a batch, W tokens of the longest of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

MASK = "attention_mask"
PAD_ATTRIBUTES = {"input_ids": "pad_token_id", "token_type_ids": "pad_token_type_id"}
"""What a tokenizer may give beside the mask, and where it says what stands in place of a token."""


class TokenRows:
    """What a tokenizer gave for a list of texts.

    lengths : int64 array of shape (texts,), tokens of each.
    """

    def __init__(self, tokenizer: Any, encodings: Mapping[str, Sequence[Sequence[int]]]) -> None:
        ids = encodings["input_ids"]
        self.lengths: NDArray[np.int64] = np.fromiter(map(len, ids), dtype=np.int64, count=len(ids))
        self._starts = np.cumsum(self.lengths) - self.lengths
        total = int(self.lengths.sum())
        self._flat = {
            name: np.fromiter(chain.from_iterable(encodings[name]), dtype=np.int64, count=total)
            for name in PAD_ATTRIBUTES
            if name in encodings
        }
        self._pad_with = {name: getattr(tokenizer, PAD_ATTRIBUTES[name]) or 0 for name in self._flat}
        self._has_mask = MASK in tokenizer.model_input_names
        self._pads_left = tokenizer.padding_side == "left"

    def padded(self, rows: NDArray[np.intp]) -> dict[str, NDArray[np.int64]]:
        """Return some texts as the tokenizer would pad them: by name, int64 arrays of shape (N, W)."""
        lengths = self.lengths[rows, None]
        width = int(lengths.max())
        place = np.arange(width)[None] - (width - lengths if self._pads_left else 0)
        is_token = (place >= 0) & (place < lengths)
        at = np.where(is_token, self._starts[rows, None] + place, 0)
        padded = {name: np.where(is_token, flat[at], self._pad_with[name]) for name, flat in self._flat.items()}
        return {**padded, **({MASK: is_token.astype(np.int64)} if self._has_mask else {})}


def knows_inputs(tokenizer: Any) -> bool:
    """Return whether a tokenizer gives nothing but what is known here."""
    return set(tokenizer.model_input_names) <= {*PAD_ATTRIBUTES, MASK}
