"""Encode the texts of many documents together: once each, in batches that fill a GPU. N texts, D dimensions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from stages.encode.batches import read_ahead
from stages.encode.encoder import EncodedTexts, Encoder, Timing

TEXTS_AT_ONCE = 16_384
"""Texts that are encoded in one call, so that what has been encoded can be written while the device goes on: a few
seconds of work for a GPU, and enough of each length to fill its batches."""

AHEAD = 2
"""Calls that are made before their vectors are asked for."""


class EncodedTogether:
    """An encoder that encodes ahead what it will be asked for, in another thread, and looks vectors up.

    It is best asked in the order of the texts. The tokens of a text are counted where it is first asked for.
    """

    def __init__(self, encoder: Encoder, texts: Iterable[str]) -> None:
        self.info, self.dimensions, self.precision = encoder.info, encoder.dimensions, encoder.precision
        distinct = dict.fromkeys(texts)
        self._row = {text: row for row, text in enumerate(distinct)}
        waiting = iter(distinct)
        groups = iter(lambda: list(islice(waiting, TEXTS_AT_ONCE)), [])
        self._coming = read_ahead(map(encoder.encode, groups), AHEAD)
        self._n_encoded = 0
        self._vectors = np.empty((len(distinct), self.dimensions), np.float32)
        self._is_cut = np.zeros(len(distinct), dtype=bool)
        self._tokens: NDArray[np.int64] | None = np.zeros(len(distinct), dtype=np.int64)
        self._is_counted = np.zeros(len(distinct), dtype=bool)
        self._encoder = encoder
        self.failure: Exception | None = None
        """What ended the encoder: no single text is to blame for it."""

    @property
    def timing(self) -> Timing:
        """Return the timing of the encoder that does the work."""
        return self._encoder.timing

    def wait_for(self, texts: Iterable[str]) -> None:
        """Wait until texts are encoded; raises what the encoder raises."""
        last = max((self._row[text] for text in texts), default=-1)
        while self._n_encoded <= last:
            try:
                part = next(self._coming)
            except Exception as error:
                self.failure = error
                raise
            rows = slice(self._n_encoded, self._n_encoded + len(part.vectors))
            self._vectors[rows], self._is_cut[rows] = part.vectors, part.is_cut
            if part.tokens is None or self._tokens is None:
                self._tokens = None
            else:
                self._tokens[rows] = part.tokens
            self._n_encoded = rows.stop

    def encode(self, texts: Sequence[str]) -> EncodedTexts:
        """Return the vectors of texts that were given at the start; KeyError for any other."""
        self.wait_for(texts)
        rows = np.array([self._row[text] for text in texts], dtype=np.intp)
        tokens = self._tokens
        if tokens is not None:
            tokens = np.where(self._is_counted[rows], 0, tokens[rows])
            self._is_counted[rows] = True
        return EncodedTexts(self._vectors[rows], self._is_cut[rows], tokens)
