"""Every sentence-transformers model: LaBSE, others from the Hugging Face hub, and models in a folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stages.encode.config import EncodeConfig
from stages.encode.encoder import EncodedTexts, unit_rows
from stages.encode.registry import EncoderInfo, describe

BATCH_SIZE = 32
"""Texts in a batch, the library's own default; it sorts by length first."""


class SentenceTransformerEncoder:
    """Encodes with the library's own `encode`, on a GPU if there is one.

    The prompt is the config's; a default prompt that the model brings along is not used.
    """

    def __init__(self, config: EncodeConfig) -> None:
        _check_installed(config.encoder)
        self.info = _find_on_hub(describe(config))
        self._prompt = config.prompt
        self._model = _load(self.info, config.dtype)
        self.dimensions = int(self._model.get_embedding_dimension())

    def encode(self, texts: Sequence[str]) -> EncodedTexts:
        """Encode texts; a longer one than the model takes is cut by the model's own tokenizer, and marked."""
        if not texts:
            return EncodedTexts(np.empty((0, self.dimensions), np.float32), np.zeros(0, dtype=bool), 0)
        vectors = self._model.encode(
            list(texts), prompt=self._prompt, batch_size=BATCH_SIZE, show_progress_bar=False, convert_to_numpy=True
        )
        is_cut, n_tokens = self._measure(texts)
        return EncodedTexts(unit_rows(vectors), is_cut, n_tokens)

    def _measure(self, texts: Sequence[str]) -> tuple[NDArray[np.bool_], int | None]:
        """Return which texts are longer than the model takes, and how many tokens it computes.

        The tokenizer runs a second time, without cutting: a hundredth of the model's own time.
        """
        longest, tokenizer = self._model.max_seq_length, self._model.tokenizer
        if not callable(tokenizer):  # a bag of words, which takes any length
            return np.zeros(len(texts), dtype=bool), None
        prompted = [self._prompt + text for text in texts]
        ids = tokenizer(prompted, truncation=False, add_special_tokens=True, verbose=False)["input_ids"]
        lengths = np.fromiter(map(len, ids), dtype=np.int64, count=len(prompted))
        if longest is None:
            return np.zeros(len(texts), dtype=bool), int(lengths.sum())
        return lengths > longest, int(np.minimum(lengths, longest).sum())


def _check_installed(name: str) -> None:
    try:
        import sentence_transformers  # noqa: F401
        import torch  # noqa: F401
    except ImportError as error:
        raise RuntimeError(
            f"the encoder {name} needs PyTorch and sentence-transformers, which are not installed ({error}); "
            "pip install 'bitext-pipeline[labse]'"
        ) from error


def _find_on_hub(info: EncoderInfo) -> EncoderInfo:
    """Return the description with the commit that the revision names, from the hub or its copy on this machine.

    Asking for modules.json by itself matters: without that file the library would quietly make up a pooling.
    """
    if info.revision is None:
        return info
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HFValidationError, RemoteEntryNotFoundError

    try:
        found = hf_hub_download(info.id, "modules.json", revision=info.revision)
    except RemoteEntryNotFoundError as error:
        raise RuntimeError(
            f"{info.id} (revision {info.revision}) is not a sentence-transformers model: it has no modules.json"
        ) from error
    except (OSError, HFValidationError) as error:
        raise RuntimeError(_not_available(info, error)) from error
    return replace(info, revision=Path(found).parent.name)


def _load(info: EncoderInfo, dtype: str) -> Any:
    import torch
    from sentence_transformers import SentenceTransformer

    _show_downloads_only()
    precision = getattr(torch, dtype)
    try:
        model = SentenceTransformer(info.id, revision=info.revision, model_kwargs={_dtype_name(): precision})
    except (OSError, ValueError) as error:
        raise RuntimeError(_not_available(info, error)) from error
    return model.to(precision).eval()  # modules after the transformer are loaded in float32


def _show_downloads_only() -> None:
    """Leave out the bar of reading weights, which every worker would draw, but not the one of minutes of download."""
    from huggingface_hub.utils.tqdm import are_progress_bars_disabled, enable_progress_bars
    from transformers.utils.logging import disable_progress_bar

    user_wants_none = are_progress_bars_disabled()
    disable_progress_bar()  # of transformers, and of the hub with it
    if not user_wants_none:
        enable_progress_bars()


def _dtype_name() -> str:
    """Return what transformers calls the precision: its release 5 warns about the older name."""
    return "dtype" if int(version("transformers").split(".")[0]) >= 5 else "torch_dtype"


def _not_available(info: EncoderInfo, error: Exception) -> str:
    if info.revision is None:
        return f"the encoder {info.id} can't be loaded: {error}"
    return (
        f"the encoder {info.id} (revision {info.revision}) can't be had from the Hugging Face hub: {error}\n"
        "Check its name and the connection, or download it where there is one (hf download "
        f"{info.id} --revision {info.revision}), or name the folder of a saved model in [encode] encoder"
    )
