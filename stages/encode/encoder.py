"""The protocol of encoders, and the vectors that they return. N texts, D dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from stages.encode.registry import EncoderInfo


@dataclass(frozen=True)
class EncodedTexts:
    """What an encoder returns.

    vectors : float32 array of shape (N, D), unit length; a text that a model has no word of may be zero. A row is not
              finite where the model overflowed.
    is_cut  : bool array of shape (N,), whether the model takes fewer tokens than the text has.
    tokens  : int64 array of shape (N,), tokens really computed, special ones and the prompt included, padding not; None
              if unknown.
    """

    vectors: NDArray[np.float32]
    is_cut: NDArray[np.bool_]
    tokens: NDArray[np.int64] | None

    @property
    def n_tokens(self) -> int | None:
        """Return how many tokens were computed."""
        return None if self.tokens is None else int(self.tokens.sum())


@dataclass(frozen=True)
class Timing:
    """Seconds to load, to encode, and of that for the first batch; batches halved because memory didn't hold them."""

    load_seconds: float = 0.0
    encode_seconds: float = 0.0
    first_batch_seconds: float = 0.0
    n_halvings: int = 0


class Encoder(Protocol):
    """Turns texts into vectors of unit length."""

    info: EncoderInfo
    dimensions: int

    @property
    def precision(self) -> str:
        """Return what it computes in."""

    @property
    def timing(self) -> Timing:
        """Return what it did besides encoding steadily, up to now."""

    def encode(self, texts: Sequence[str]) -> EncodedTexts:
        """Encode texts that are all different: row i belongs to text i."""


def unit_rows(vectors: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return float32 rows of unit length; zero rows stay zero, and others than numbers are a ValueError."""
    check_finite(vectors)
    return to_unit_length(vectors)


def to_unit_length(vectors: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return float32 rows of unit length; zero rows stay zero, and rows that are not finite stay so."""
    rows = vectors.astype(np.float32)
    lengths = np.linalg.norm(rows, axis=-1, keepdims=True)
    with np.errstate(invalid="ignore"):
        rows /= np.where(lengths > 0, lengths, np.float32(1))
    return rows


def check_finite(vectors: NDArray[np.floating]) -> None:
    """Raise ValueError where a vector is not all numbers."""
    n_broken = int(np.count_nonzero(~np.isfinite(vectors).all(axis=-1)))
    if n_broken:
        raise ValueError(
            f"{n_broken} of {vectors[..., 0].size} vectors are not finite: the model overflowed; "
            'expected finite numbers; set [encode] dtype = "float32" or "bfloat16"'
        )
