"""Choose the precision that a model computes in: the fastest of this machine that changes vectors little.

Half precision is several times as fast as float32 where the chip has instructions for it, and slower where it has not.
int8 was 1.8 to 2.4 times as fast on a CPU without any for it (`bitext bench encode`, least cosine .9991).
Whether a model stands it is not known before it has been tried: some overflow in float16.
"""

from __future__ import annotations

import copy
import warnings
from importlib.util import find_spec
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from stages.encode.encoder import to_unit_length

Precision = Literal["float32", "float16", "bfloat16", "int8"]

LEAST_COSINE = {"float16": 0.9995, "bfloat16": 0.9995, "int8": 0.999}
"""How near the vectors of the samples must stay to those in float32 for "auto" to choose a precision."""

SAMPLES = (
    "Yes.",
    "Chapter Four",
    "He closed the door behind him and listened for a while to the rain.",
    "Der Zug nach Chur fährt um 7.45 Uhr von Gleis 3, sofern nichts dazwischenkommt; «sonst», sagte sie, «zu Fuß».",
    "On ne sait jamais, dit-elle, ce que l'hiver apportera.",
    "他把信折好，放进口袋里，什么也没有说。",
    "Доклад состоит из 12 разделов и 3 приложений.",
    "http://example.org/a?b=1 -- 10,000 (42 %) [see Table 2.1]",
    "The committee, which had met on Tuesday to consider the proposals of the three working groups, agreed that none "
    "of them could be carried out before the end of the year, and that a fourth group should therefore be asked to "
    "look into the costs of each, the time that it would take, and the people who would have to be found for it.",
)
"""Texts of several scripts and lengths: what is chosen depends on the model and the chip, never on the corpus."""


def choose_precision(model: Any) -> tuple[Any, Precision]:
    """Return the model in the fastest precision of its device that keeps the vectors of the samples, and its name.

    The model must be in float32; it is returned unchanged where nothing else is faster, or near enough.
    """
    exact = None
    for precision in faster_precisions(model):
        exact = _sample_vectors(model) if exact is None else exact
        candidate = in_precision(model, precision)
        if _least_cosine(exact, _sample_vectors(candidate)) >= LEAST_COSINE[precision]:
            return candidate, precision
    return model, "float32"


def faster_precisions(model: Any) -> tuple[Precision, ...]:
    """Return what the device of a model computes faster than float32, the first choice first."""
    import torch

    if model.device.type == "cuda":
        # float16 has three bits more than bfloat16 and is as fast, so it is tried first.
        major, _ = torch.cuda.get_device_capability(model.device)
        return ("float16", "bfloat16") if major >= 8 else ("float16",) if major == 7 else ()
    if model.device.type != "cpu":
        return ()
    fast_bfloat16 = any(
        getattr(torch.cpu, name, lambda: False)() for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    )
    return (*(("bfloat16",) if fast_bfloat16 else ()), *(("int8",) if can_quantize() else ()))


def can_quantize() -> bool:
    """Return whether PyTorch multiplies 8-bit matrices on this CPU faster than float32 ones: on x86 it does."""
    import torch

    return "x86" in torch.backends.quantized.supported_engines and bool(find_spec("torch.ao.quantization"))


def in_precision(model: Any, precision: Precision) -> Any:
    """Return a copy of a float32 model that computes in a precision; int8 needs a CPU."""
    import torch

    if precision == "int8":
        return _quantized(model)
    return copy.deepcopy(model).to(getattr(torch, precision))


def _quantized(model: Any) -> Any:
    """Return a copy whose first module, the transformer, multiplies in 8 bits; the others are small, and left alone.

    Each row of a weight matrix has a scale of its own: with one for a whole matrix cosines fall below .999.
    """
    import torch
    from torch.ao.quantization import per_channel_dynamic_qconfig, quantize_dynamic

    if model.device.type != "cpu" or not can_quantize():
        raise RuntimeError(
            f'[encode] dtype = "int8" needs an x86 CPU; this model is on {model.device.type}: '
            'choose "auto", "float16" or "bfloat16"'
        )
    torch.backends.quantized.engine = "x86"
    quantized = copy.deepcopy(model)
    with warnings.catch_warnings():
        # PyTorch announces that a release to come drops this; `can_quantize` asks whether it is there.
        warnings.simplefilter("ignore")
        quantize_dynamic(quantized[0], {torch.nn.Linear: per_channel_dynamic_qconfig}, inplace=True)
    return quantized


def _sample_vectors(model: Any) -> NDArray[np.float32]:
    vectors = model.encode(list(SAMPLES), prompt="", show_progress_bar=False, convert_to_tensor=True)
    rows: NDArray[np.float32] = vectors.float().cpu().numpy()
    return to_unit_length(rows)


def _least_cosine(exact: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Return the smallest cosine of the same text in two precisions; 0 where one is not finite."""
    cosines = np.einsum("nd,nd->n", exact, other)
    return float(np.nan_to_num(cosines, nan=0.0, posinf=0.0, neginf=0.0).min())
