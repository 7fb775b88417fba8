"""What an encoder is, and the way to get one. N texts, D dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from stages.encode.config import EncodeConfig
from stages.encode.registry import USE_MULTILINGUAL, EncoderInfo, describe


@dataclass(frozen=True)
class EncodedTexts:
    """What an encoder returns.

    vectors  : float32 array of shape (N, D), unit length; a text that a model has no word of may be zero.
    is_cut   : bool array of shape (N,), whether the model takes fewer tokens than the text has.
    n_tokens : tokens really computed, special ones and the prompt included, padding not; None if unknown.
    """

    vectors: NDArray[np.float32]
    is_cut: NDArray[np.bool_]
    n_tokens: int | None

    @property
    def n_cut(self) -> int:
        """How many texts were cut."""
        return int(self.is_cut.sum())


class Encoder(Protocol):
    """Turns texts into vectors of unit length."""

    info: EncoderInfo
    dimensions: int

    def encode(self, texts: Sequence[str]) -> EncodedTexts:
        """Encode texts that are all different: row i belongs to text i."""


def load_encoder(config: EncodeConfig) -> Encoder:
    """Load the encoder of the config; takes a second, or minutes where a model must be downloaded first.

    Raises ValueError if the config names none, RuntimeError with what to do if it can't be had on this machine.
    """
    info = describe(config)
    if info.id == USE_MULTILINGUAL:
        from stages.encode.use_multilingual import UseMultilingual

        return UseMultilingual(config)
    from stages.encode.sentence_transformer import SentenceTransformerEncoder

    return SentenceTransformerEncoder(config)


def unit_rows(vectors: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return float32 rows of unit length; zero rows stay zero, and others than numbers are a ValueError."""
    rows = vectors.astype(np.float32)
    lengths = np.linalg.norm(rows, axis=-1, keepdims=True)
    n_broken = int(np.count_nonzero(~np.isfinite(lengths)))
    if n_broken:
        raise ValueError(
            f"{n_broken} of {lengths.size} vectors are not finite: the model overflowed; "
            'expected finite numbers; set [encode] dtype = "float32" or "bfloat16"'
        )
    rows /= np.where(lengths > 0, lengths, np.float32(1))
    return rows
