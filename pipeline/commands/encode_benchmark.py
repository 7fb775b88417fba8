"""Measure how fast encoding is here: a model of LaBSE's shape with random weights, plainly encoded and as we do it.

Weights don't change the speed of a model, and neither does its vocabulary, of which each token reads one row: so a
small vocabulary stands in for LaBSE's 501,153 words, with one word a token.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from stages.encode.batched import BatchedModel
from stages.encode.encoder import to_unit_length
from stages.encode.precision import Precision, choose_precision, faster_precisions, in_precision

LENGTHS = (3, 9, 11, 12, 14, 16, 18, 19, 21, 23, 25, 27, 29, 32, 34, 37, 41, 46, 53, 63, 152)
"""Tokens of a sentence, every twentieth part of 5,400 sentences: yearbooks, novels and a manual in four languages, as
use-multilingual cuts them. On average 29; LaBSE's larger vocabulary makes a few less."""

LAYERS, WIDTH, HEADS, INNER, LONGEST = 12, 768, 12, 3072, 256
"""LaBSE's body is BERT-base; it takes 256 tokens."""

FLOAT32: Precision = "float32"
WORDS = 5_000
WARM_UP_TEXTS = 16
FIRST_TOKENS = 500
LEAST_SECONDS = 0.5
"""How fast a way is, is estimated from a text that takes at least so long."""
PEAK_SHAPES = {"cpu": (1024, WIDTH, INNER), "cuda": (8192, 8192, 8192)}
"""Rows, inputs and outputs of the product whose speed counts as the peak: large enough for the device to show it."""

SEED = 5


@dataclass(frozen=True)
class Speed:
    """How fast one way of encoding was.

    tokens_per_second  : special tokens included, padding not.
    share_of_peak      : of the fastest matrix product of this chip in this precision.
    peak_memory        : bytes; on a GPU what this way took, on a CPU what the process has taken up to then.
    first_batch_seconds : of the batches that warm up, not in the speed.
    cosine             : the smallest with the first way's vectors.
    """

    name: str
    precision: str
    tokens_per_second: float
    share_of_peak: float
    peak_memory: int
    first_batch_seconds: float
    cosine: float


def make_model(folder: Path, layers: int = LAYERS) -> Any:
    """Return a model of LaBSE's modules and shape with random weights, by way of a folder."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Dense, Normalize, Pooling, Transformer
    from transformers import BertConfig, BertModel, BertTokenizerFast
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    torch.manual_seed(SEED)
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    words = [*special, *(f"w{number}" for number in range(WORDS))]
    (folder / "vocab.txt").write_text("\n".join(words) + "\n", encoding="utf-8")
    BertTokenizerFast(str(folder / "vocab.txt"), model_max_length=LONGEST).save_pretrained(folder)
    shape = BertConfig(
        vocab_size=len(words),
        hidden_size=WIDTH,
        num_hidden_layers=layers,
        num_attention_heads=HEADS,
        intermediate_size=INNER,
    )
    BertModel(shape).save_pretrained(folder)
    body = Transformer(str(folder), max_seq_length=LONGEST)
    return SentenceTransformer(modules=[body, Pooling(WIDTH, "cls"), Dense(WIDTH, WIDTH), Normalize()]).eval()


def make_texts(n_tokens: int) -> tuple[list[str], int]:
    """Return different texts of realistic lengths with about so many tokens, and how many they have."""
    generator = np.random.default_rng(SEED)
    shares = np.linspace(0, 1, len(LENGTHS))
    texts, total = [], 0
    while total < n_tokens:
        length = round(float(np.interp(generator.random(), shares, LENGTHS)))
        texts.append(" ".join(f"w{word}" for word in generator.integers(0, WORDS, length - 2)))
        total += length
    return texts, total


def estimate_speed(model: Any) -> float:
    """Return about how many tokens a second are encoded the plain way, which is the slowest."""
    encode = next(_ways(model))[-1]
    n_tokens = FIRST_TOKENS
    while True:
        texts, n_made = make_texts(n_tokens)
        started = time.monotonic()
        encode(texts)
        seconds = time.monotonic() - started
        if seconds >= LEAST_SECONDS:
            return n_made / seconds
        n_tokens *= 4


def compare(model: Any, n_tokens: int, n_rounds: int, tell: Callable[[str], object] = bool) -> Iterator[Speed]:
    """Measure each way of encoding: the library's at its defaults and at its best, and ours; the best of the rounds.

    The rounds of all ways take turns, so that whatever else the machine does disturbs all alike. `tell` is told what
    is measured next.
    """
    texts, n_tokens = make_texts(n_tokens)
    tell("getting ready")
    ways = list(_ways(model))
    runs = [_first_run(encode, texts) for _, _, _, encode in ways]
    for number in range(1, n_rounds + 1):
        for run, (name, _, _, encode) in zip(runs, ways, strict=True):
            tell(f"round {number} of {n_rounds}: {name}")
            run.measure(encode, texts)
    tell("the matrix product of this chip")
    for run, (name, precision, computing, _) in zip(runs, ways, strict=True):
        cosine = np.einsum("nd,nd->n", runs[0].vectors, run.vectors).min()
        share = (
            n_tokens / run.seconds * flops_per_token(model, n_tokens / len(texts)) / matrix_peak(computing, precision)
        )
        yield Speed(name, precision, n_tokens / run.seconds, share, run.memory, run.warm_up, float(cosine))


def _ways(model: Any) -> Iterator[tuple[str, str, Any, Callable[[Sequence[str]], Any]]]:
    """Yield a name, a precision, the model, and how it encodes."""
    yield "plain encode", "float32", model, lambda texts: model.encode(texts, show_progress_bar=False)
    half = next((name for name in faster_precisions(model) if name != "int8"), FLOAT32)
    best = in_precision(model, half)
    size = 64 if model.device.type == "cpu" else 512
    yield (
        "plain encode, best flags",
        half,
        best,
        lambda texts: best.encode(texts, batch_size=size, show_progress_bar=False, convert_to_tensor=True).float(),
    )
    chosen, precision = choose_precision(model)
    ours = BatchedModel(chosen, prompt="")
    yield "ours", precision, chosen, lambda texts: ours.encode(texts).vectors


class _Run:
    def __init__(self) -> None:
        self.vectors = np.empty((0, WIDTH), np.float32)
        self.seconds, self.warm_up, self.memory = float("inf"), 0.0, 0

    def measure(self, encode: Callable[[Sequence[str]], Any], texts: Sequence[str]) -> None:
        _forget_peak()
        started = time.monotonic()
        vectors = encode(texts)
        vectors = vectors.cpu().numpy() if hasattr(vectors, "cpu") else vectors
        self.seconds = min(self.seconds, time.monotonic() - started)
        self.vectors, self.memory = to_unit_length(vectors), peak_memory()


def _first_run(encode: Callable[[Sequence[str]], Any], texts: Sequence[str]) -> _Run:
    run = _Run()
    run.measure(encode, texts[:WARM_UP_TEXTS])
    run.warm_up, run.seconds = run.seconds, float("inf")
    return run


def flops_per_token(model: Any, mean_tokens: float) -> float:
    """Return the operations of a token in the body: four square matrices, two wide ones, and attention, a layer."""
    n_layers = model[0].model.config.num_hidden_layers
    return float(n_layers * (2 * (4 * WIDTH * WIDTH + 2 * WIDTH * INNER) + 4 * mean_tokens * WIDTH))


def matrix_peak(model: Any, precision: str) -> float:
    """Measure the operations a second of a large matrix product on the model's device."""
    import torch

    device = model.device.type
    rows, width, inner = PEAK_SHAPES.get(device, PEAK_SHAPES["cpu"])
    if precision == "int8":
        layer = next(module for module in model[0].modules() if getattr(module, "out_features", 0) == inner)
        inputs = torch.randn(rows, width)
    else:
        dtype = getattr(torch, precision)
        layer = torch.nn.Linear(width, inner, bias=False).to(device, dtype)
        inputs = torch.randn(rows, width, dtype=dtype, device=device)
    seconds = min(_time_product(layer, inputs) for _ in range(5))
    return 2.0 * rows * width * inner / seconds


def _time_product(layer: Any, inputs: Any) -> float:
    import torch

    n_times = 100 if inputs.is_cuda else 3
    with torch.inference_mode():
        layer(inputs)
        if inputs.is_cuda:
            torch.cuda.synchronize()
        started = time.monotonic()
        for _ in range(n_times):
            layer(inputs)
        if inputs.is_cuda:
            torch.cuda.synchronize()
    return (time.monotonic() - started) / n_times


def peak_memory() -> int:
    """Return the bytes that were taken at most: of the GPU, or of this process."""
    import resource

    import torch

    if torch.cuda.is_available():
        return int(torch.cuda.max_memory_allocated())
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _forget_peak() -> None:
    import torch

    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
