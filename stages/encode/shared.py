"""Encode the texts of many documents together: once each, in batches that fill a GPU. N texts, D dimensions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Self

import numpy as np

from stages.encode.encoder import EncodedTexts, Encoder, Timing

TEXTS_AT_ONCE = 16_384
"""Texts that are encoded in one call, so that what has been encoded can be written, and other texts be read, while the
device goes on: a few seconds of work for a GPU, and enough of each length to fill its batches."""


class EncodedTogether:
    """An encoder that encodes in another thread what it is told to, and looks vectors up when it is asked for them.

    The tokens of a text are counted where it is first asked for. As a context it ends the thread.
    """

    def __init__(self, encoder: Encoder) -> None:
        self.info, self.dimensions, self.precision = encoder.info, encoder.dimensions, encoder.precision
        self._encoder = encoder
        self._thread = ThreadPoolExecutor(1)
        self._place: dict[str, tuple[Future[EncodedTexts], int]] = {}
        """The call that encodes a text, and its row there."""
        self._counted: set[str] = set()
        self.failure: Exception | None = None
        """What ended the encoder: no single text is to blame for it."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.shutdown(cancel_futures=True)

    @property
    def timing(self) -> Timing:
        """Return the timing of the encoder that does the work."""
        return self._encoder.timing

    def add(self, texts: Iterable[str]) -> None:
        """Encode texts that will be asked for, but for those that were added before."""
        new = [text for text in dict.fromkeys(texts) if text not in self._place]
        for start in range(0, len(new), TEXTS_AT_ONCE):
            group = new[start : start + TEXTS_AT_ONCE]
            call = self._thread.submit(self._encoder.encode, group)
            self._place.update({text: (call, row) for row, text in enumerate(group)})

    def encode(self, texts: Sequence[str]) -> EncodedTexts:
        """Return the vectors of texts that were added, once they are there; KeyError for any other.

        Raises what the encoder raises.
        """
        places = [self._place[text] for text in texts]
        vectors = np.empty((len(texts), self.dimensions), np.float32)
        is_cut = np.zeros(len(texts), bool)
        tokens: np.ndarray | None = np.zeros(len(texts), np.int64)
        for call in dict.fromkeys(call for call, _ in places):
            part = self._wait_for(call)
            here = np.flatnonzero([one is call for one, _ in places])
            rows = [places[at][1] for at in here]
            vectors[here], is_cut[here] = part.vectors[rows], part.is_cut[rows]
            if part.tokens is None or tokens is None:
                tokens = None
            else:
                tokens[here] = part.tokens[rows]
        if tokens is not None:
            tokens[[text in self._counted for text in texts]] = 0
        self._counted.update(texts)
        return EncodedTexts(vectors, is_cut, tokens)

    def _wait_for(self, call: Future[EncodedTexts]) -> EncodedTexts:
        try:
            return call.result()
        except Exception as error:
            self.failure = error
            raise
