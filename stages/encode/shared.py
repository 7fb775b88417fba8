"""Encode the texts of many documents together: once each, in batches that fill a GPU. N texts, D dimensions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from stages.encode.encoder import EncodedTexts, Encoder, Timing


class EncodedTogether:
    """An encoder that has already encoded what it will be asked for: it only looks vectors up.

    The tokens of a text are counted where it is first asked for.
    """

    def __init__(self, encoder: Encoder, texts: Iterable[str]) -> None:
        self.info, self.dimensions, self.precision = encoder.info, encoder.dimensions, encoder.precision
        self._row = {text: row for row, text in enumerate(dict.fromkeys(texts))}
        self._encoded = encoder.encode(list(self._row))
        self._is_counted = np.zeros(len(self._row), dtype=bool)
        self._encoder = encoder

    @property
    def timing(self) -> Timing:
        """Return the timing of the encoder that did the work."""
        return self._encoder.timing

    def encode(self, texts: Sequence[str]) -> EncodedTexts:
        """Return the vectors of texts that were given at the start; KeyError for any other."""
        rows = np.array([self._row[text] for text in texts], dtype=np.intp)
        tokens = self._encoded.tokens
        if tokens is not None:
            tokens = np.where(self._is_counted[rows], 0, tokens[rows])
            self._is_counted[rows] = True
        return EncodedTexts(self._encoded.vectors[rows], self._encoded.is_cut[rows], tokens)
