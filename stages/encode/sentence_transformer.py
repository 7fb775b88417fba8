"""Every sentence-transformers model: LaBSE, others from the Hugging Face hub, and models in a folder."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from stages.encode.batched import BatchedModel, can_batch
from stages.encode.config import EncodeConfig
from stages.encode.encoder import EncodedTexts, Timing, to_unit_length
from stages.encode.precision import Precision, choose_precision, in_precision
from stages.encode.registry import EncoderInfo, describe


class SentenceTransformerEncoder:
    """Encodes in batches of similar length, on a GPU if there is one.

    The prompt is the config's; a default prompt that the model brings along is not used.
    """

    def __init__(self, config: EncodeConfig) -> None:
        _check_installed(config.encoder)
        started = time.monotonic()
        self.info = _find_on_hub(describe(config))
        model, self.precision = _load(self.info, config.dtype)
        self.dimensions = int(model.get_embedding_dimension())
        self._compute = BatchedModel(model, config.prompt) if can_batch(model, config.prompt) else None
        self._model, self._prompt = model, config.prompt
        self._load_seconds, self._encode_seconds = time.monotonic() - started, 0.0

    @property
    def timing(self) -> Timing:
        """Return how long it has taken up to now."""
        if self._compute is None:
            return Timing(self._load_seconds, self._encode_seconds)
        first, n_halvings = self._compute.first_batch_seconds, self._compute.n_halvings
        return Timing(self._load_seconds, self._encode_seconds, first, n_halvings)

    def encode(self, texts: Sequence[str]) -> EncodedTexts:
        """Encode texts; a longer one than the model takes is cut by the model's own tokenizer, and marked."""
        if not texts:
            return EncodedTexts(np.empty((0, self.dimensions), np.float32), np.zeros(0, bool), np.zeros(0, np.int64))
        started = time.monotonic()
        encoded = self._compute.encode(texts) if self._compute is not None else self._encode_plainly(texts)
        self._encode_seconds += time.monotonic() - started
        return encoded

    def _encode_plainly(self, texts: Sequence[str]) -> EncodedTexts:
        """Encode with the library's own method, for models of another shape."""
        vectors = self._model.encode(list(texts), prompt=self._prompt, show_progress_bar=False, convert_to_tensor=True)
        return EncodedTexts(to_unit_length(vectors.float().cpu().numpy()), *self._measure(texts))

    def _measure(self, texts: Sequence[str]) -> tuple[NDArray[np.bool_], NDArray[np.int64] | None]:
        """Return which texts are longer than a model of another shape takes, and the tokens that it computes."""
        longest, tokenizer = self._model.max_seq_length, self._model.tokenizer
        if not callable(tokenizer):  # a bag of words, which takes any length
            return np.zeros(len(texts), dtype=bool), None
        prompted = [self._prompt + text for text in texts]
        ids = tokenizer(prompted, truncation=False, add_special_tokens=True, verbose=False)["input_ids"]
        lengths = np.fromiter(map(len, ids), dtype=np.int64, count=len(prompted))
        if longest is None:
            return np.zeros(len(texts), dtype=bool), lengths
        return lengths > longest, np.minimum(lengths, longest)


def _check_installed(name: str) -> None:
    try:
        import sentence_transformers  # noqa: F401
        import torch  # noqa: F401
    except ImportError as error:
        raise RuntimeError(
            f"the encoder {name} needs PyTorch and sentence-transformers, which are not installed ({error}); "
            "in the project's folder: pip install '.[labse]'"
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


def _load(info: EncoderInfo, dtype: str) -> tuple[Any, Precision]:
    """Return the model, and the precision that it computes in."""
    import torch
    from sentence_transformers import SentenceTransformer

    _show_downloads_only()
    loaded_in = "float32" if dtype in ("auto", "int8") else dtype
    options: dict[str, Any] = {_dtype_name(): getattr(torch, loaded_in)}
    if loaded_in != "float32" and torch.cuda.is_available() and find_spec("flash_attn"):
        options["attn_implementation"] = "flash_attention_2"  # with it the library computes no padding at all
    try:
        model = SentenceTransformer(info.id, revision=info.revision, model_kwargs=options)
    except (OSError, ValueError) as error:
        raise RuntimeError(_not_available(info, error)) from error
    model = model.to(getattr(torch, loaded_in)).eval()  # modules after the transformer are loaded in float32
    if dtype == "auto":
        return choose_precision(model) if can_batch(model, "") else (model, "float32")
    return (in_precision(model, "int8"), "int8") if dtype == "int8" else (model, cast(Precision, dtype))


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
