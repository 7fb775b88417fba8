"""An encoder that many threads share: what they ask for at the same time is encoded in one batch. N texts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from threading import Thread

import numpy as np

from stages.encode.encoder import EncodedTexts, Encoder, Timing


@dataclass(frozen=True)
class _Asked:
    texts: Sequence[str]
    answer: Future[EncodedTexts] = field(default_factory=Future)


class BatchingEncoder:
    """Gathers whatever waits while a batch is computed into the next one: alone, nobody waits for company.

    `observe` is told how many texts each batch had.
    """

    def __init__(self, encoder: Encoder, batch_texts: int, observe: Callable[[int], None] = lambda _: None):
        self.info, self.dimensions, self.precision = encoder.info, encoder.dimensions, encoder.precision
        self._encoder, self._batch_texts, self._observe = encoder, batch_texts, observe
        self._queue: SimpleQueue[_Asked | None] = SimpleQueue()
        self._left_over: _Asked | None = None
        self._thread = Thread(target=self._work, name="batches", daemon=True)
        self._thread.start()

    @property
    def timing(self) -> Timing:
        """Return the timing of the encoder that does the work."""
        return self._encoder.timing

    def encode(self, texts: Sequence[str]) -> EncodedTexts:
        """Encode texts together with those of other threads; raises what the encoder raises."""
        asked = _Asked(texts)
        self._queue.put(asked)
        return asked.answer.result()

    def close(self) -> None:
        """End the thread, once what waits is done."""
        self._queue.put(None)
        self._thread.join()

    def _work(self) -> None:
        while (first := self._left_over or self._queue.get()) is not None:
            self._left_over = None
            batch, is_last = self._gather(first)
            self._answer(batch)
            if is_last:
                return

    def _gather(self, first: _Asked) -> tuple[list[_Asked], bool]:
        """Take what waits, up to a full batch; and say whether it was the last."""
        batch, n_texts = [first], len(first.texts)
        while n_texts < self._batch_texts:
            try:
                asked = self._queue.get_nowait()
            except Empty:
                break
            if asked is None:
                return batch, True
            if n_texts + len(asked.texts) > self._batch_texts:
                self._left_over = asked
                break
            batch.append(asked)
            n_texts += len(asked.texts)
        self._observe(n_texts)
        return batch, False

    def _answer(self, batch: list[_Asked]) -> None:
        try:
            encoded = encode_distinct(self._encoder, [text for asked in batch for text in asked.texts])
        except Exception as error:  # noqa: BLE001 - whoever asked is told; one bad request must not sink the others
            if len(batch) == 1:
                batch[0].answer.set_exception(error)
                return
            for asked in batch:
                self._answer([asked])
            return
        start = 0
        for asked in batch:
            rows = slice(start, start + len(asked.texts))
            asked.answer.set_result(take_rows(encoded, rows))
            start = rows.stop


def encode_distinct(encoder: Encoder, texts: Sequence[str]) -> EncodedTexts:
    """Encode each distinct text once, and give every text its vector."""
    row = {text: index for index, text in enumerate(dict.fromkeys(texts))}
    encoded = encoder.encode(list(row))
    if len(row) == len(texts):
        return encoded
    return take_rows(encoded, np.array([row[text] for text in texts], dtype=np.intp))


def take_rows(encoded: EncodedTexts, rows: slice | np.typing.NDArray[np.intp]) -> EncodedTexts:
    """Return some rows."""
    tokens = None if encoded.tokens is None else encoded.tokens[rows]
    return EncodedTexts(encoded.vectors[rows], encoded.is_cut[rows], tokens)
