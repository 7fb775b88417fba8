"""Batches: what is in them, and that nothing but the time depends on it."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_model import MAX_TOKENS, save_tiny_model

from stages.encode import EncodedTogether, load_encoder
from stages.encode.batched import BatchedModel, can_batch, is_out_of_memory
from stages.encode.batches import cut_batches, read_ahead
from stages.encode.config import EncodeConfig
from stages.encode.precision import LEAST_COSINE, can_quantize, choose_precision, faster_precisions, in_precision
from stages.encode.token_rows import TokenRows

LETTERS = "abcdefghijklmnopqrstuvwxyz"
TEXTS = [LETTERS[first : first + n] for first in range(8) for n in (1, 4, 7, 2, 9, 14)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_model(tmp_path_factory.mktemp("model") / "tiny")


@pytest.fixture
def model(folder: Path) -> Any:
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(folder), device="cpu")


def encode_with(model: Any, max_tokens: int, texts: list[str] = TEXTS) -> np.ndarray:
    batched = BatchedModel(model, prompt="")
    batched._max_tokens = max_tokens
    return batched.encode(texts).vectors


# What is in a batch


@given(st.lists(st.integers(1, 60), max_size=50), st.integers(1, 200))
def test_batches_hold_every_text_once_longest_first_within_the_budget(lengths: list[int], max_tokens: int) -> None:
    batches = list(cut_batches(np.array(lengths, dtype=np.int64), max_tokens))
    rows = [int(row) for batch in batches for row in batch]
    assert rows == sorted(range(len(lengths)), key=lambda row: -lengths[row])
    for batch in batches:
        assert len(batch) == 1 or len(batch) * max(lengths[row] for row in batch) <= max_tokens


def test_a_batch_is_as_full_as_the_budget_allows() -> None:
    assert [batch.tolist() for batch in cut_batches(np.array([5, 9, 5, 5, 2]), 10)] == [[1], [0, 2], [3, 4]]


def test_what_fails_while_reading_ahead_is_raised_in_its_place() -> None:
    def items() -> Iterator[int]:
        yield 1
        yield 2
        raise ValueError("the third")

    seen = []
    with pytest.raises(ValueError, match="the third"):
        for item in read_ahead(items(), 5):
            seen.append(item)  # noqa: PERF402
    assert seen == [1, 2]
    assert list(read_ahead(iter([]), 3)) == []


# What comes out


def test_vectors_are_those_of_the_library(model: Any) -> None:
    np.testing.assert_allclose(encode_with(model, 64), model.encode(TEXTS), atol=1e-6)


@pytest.mark.parametrize("max_tokens", [1, 17, 10_000])
def test_vectors_do_not_depend_on_the_batch(model: Any, max_tokens: int) -> None:
    alone = np.concatenate([encode_with(model, 64, [text]) for text in TEXTS])
    cosines = np.einsum("nd,nd->n", alone, encode_with(model, max_tokens))
    assert cosines.min() > 1 - 1e-5


def test_texts_of_many_windows_come_back_in_their_order(model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = encode_with(model, 64)
    monkeypatch.setattr("stages.encode.batched.WINDOW", 7)
    np.testing.assert_allclose(encode_with(model, 64), expected, atol=1e-6)


def test_each_text_is_tokenised_once_and_truncation_is_the_tokenizers(model: Any) -> None:
    tokenizer, seen = model.tokenizer, []
    encode_batch = tokenizer._tokenizer.encode_batch

    class Counting:
        def __getattr__(self, name: str) -> Any:
            return getattr(inner, name)

        def encode_batch(self, texts: list[str], **options: Any) -> Any:
            seen.extend(texts)
            return encode_batch(texts, **options)

    inner = tokenizer._tokenizer
    tokenizer._tokenizer = Counting()
    encoded = BatchedModel(model, prompt="").encode(TEXTS)
    assert sorted(seen) == sorted(TEXTS)
    assert encoded.is_cut.tolist() == [len(text) + 2 > MAX_TOKENS for text in TEXTS]
    assert encoded.tokens is not None
    assert encoded.tokens.tolist() == [min(len(text) + 2, MAX_TOKENS) for text in TEXTS]


@pytest.mark.parametrize("side", ["right", "left"])
def test_texts_are_padded_as_the_tokenizer_pads_them(model: Any, side: str, monkeypatch: pytest.MonkeyPatch) -> None:
    tokenizer = model.tokenizer
    monkeypatch.setattr(tokenizer, "padding_side", side)
    encodings = tokenizer(TEXTS, truncation="longest_first")
    rows = np.array([5, 0, 7, 12])
    expected = tokenizer.pad({name: [values[row] for row in rows] for name, values in encodings.items()})
    found = TokenRows(tokenizer, encodings).padded(rows)
    assert found.keys() == set(tokenizer.model_input_names) == set(expected)
    for name, values in found.items():
        assert values.tolist() == list(expected[name]), name
    alone = TokenRows(tokenizer, encodings).padded(rows[:1])
    assert alone["attention_mask"].tolist() == [[1] * len(encodings["input_ids"][5])]


def test_a_tokenizer_that_gives_more_is_left_to_the_library(model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert can_batch(model, prompt="")
    monkeypatch.setattr(model.tokenizer, "model_input_names", ["input_ids", "bbox", "attention_mask"])
    assert not can_batch(model, prompt="")


# Memory and other errors


class Forgetful:
    """A model's forward pass on a device that holds few tokens."""

    def __init__(self, model: Any, capacity: int, error: Exception) -> None:
        self.forward, self.capacity, self.error = model.forward, capacity, error
        self.calls: list[int] = []
        model.forward = self

    def __call__(self, features: dict[str, Any], **options: Any) -> Any:
        self.calls.append(features["input_ids"].numel())
        if self.calls[-1] > self.capacity:
            raise self.error
        return self.forward(features, **options)


def out_of_memory() -> Exception:
    import torch

    return torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")


def test_a_batch_that_does_not_fit_is_halved_and_the_size_remembered(model: Any) -> None:
    expected = encode_with(model, 64)
    device = Forgetful(model, capacity=50, error=out_of_memory())
    batched = BatchedModel(model, prompt="")
    np.testing.assert_allclose(batched.encode(TEXTS).vectors, expected, atol=1e-6)
    n_halvings = batched.n_halvings
    assert n_halvings == sum(n_tokens > 50 for n_tokens in device.calls) > 0
    batched.encode(TEXTS)
    assert batched.n_halvings == n_halvings


def test_nothing_of_the_pass_that_failed_is_held_while_memory_is_made(
    model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error holds on to the frames that it went through, and so to all the tensors of the failed pass."""
    made: list[weakref.ref[Any]] = []
    batched = BatchedModel(model, prompt="")
    forward, halve = batched._forward, batched._halve

    def fail_once(features: Any) -> Any:
        if made:
            return forward(features)
        activations = np.ones(3)
        made.append(weakref.ref(activations))
        raise out_of_memory()

    def halve_freed(*given: Any) -> None:
        assert made[0]() is None
        halve(*given)

    monkeypatch.setattr(batched, "_forward", fail_once)
    monkeypatch.setattr(batched, "_halve", halve_freed)
    np.testing.assert_allclose(batched.encode(TEXTS).vectors, encode_with(model, 64), atol=1e-6)
    assert batched.n_halvings == 1


@pytest.mark.parametrize(
    ("message", "is_memory"),
    [
        ("CUDA out of memory. Tried to allocate 2.00 GiB", True),
        ("CUDA error: out of memory", True),
        ("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`", True),
        ("[enforce fail at alloc_cpu.cpp:118] DefaultCPUAllocator: can't allocate memory", True),
        ("CUDA error: an illegal memory access was encountered", False),
        ("CUDA error: unspecified launch failure", False),
        ("", False),
    ],
)
def test_only_what_a_smaller_batch_may_mend_is_taken_for_lack_of_memory(message: str, is_memory: bool) -> None:
    import torch

    kind = torch.OutOfMemoryError if "Tried" in message else RuntimeError
    assert is_out_of_memory(kind(message)) == is_memory


def test_a_device_gets_whole_batches_pinned_and_gives_back_what_is_awaited(
    model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stand-in for a GPU: copies there and back don't block, and nothing is read before the device is done."""
    import torch

    events: list[str] = []
    expected = encode_with(model, 64)

    class Cuda:
        type = "cuda"

    real_to = torch.Tensor.to

    def to(tensor: Any, *given: Any, **options: Any) -> Any:
        if options != {"non_blocking": True}:
            return real_to(tensor, *given, **options)
        events.append("back" if given == ("cpu",) else "there")
        return tensor

    batched = BatchedModel(model, prompt="")
    monkeypatch.setattr(type(model), "device", Cuda())
    monkeypatch.setattr(torch.Tensor, "pin_memory", lambda tensor: events.append("pinned") or tensor)
    monkeypatch.setattr(torch.Tensor, "to", to)
    monkeypatch.setattr(torch.cuda, "synchronize", lambda device: events.append("awaited"))
    np.testing.assert_allclose(batched.encode(TEXTS).vectors, expected, atol=1e-6)
    assert events.count("pinned") == events.count("there") == 3 * events.count("back") > 0
    assert events[-1] == "awaited"


def test_memory_that_holds_not_even_one_text_is_an_error_and_no_endless_loop(model: Any) -> None:
    device = Forgetful(model, capacity=5, error=out_of_memory())
    with pytest.raises(RuntimeError, match="memory does not hold the model and one text of 12 tokens"):
        BatchedModel(model, prompt="").encode(TEXTS)
    assert len(device.calls) < 20


def test_a_gpu_that_is_lost_is_an_error_at_once(model: Any) -> None:
    device = Forgetful(model, capacity=0, error=RuntimeError("CUDA error: unspecified launch failure"))
    with pytest.raises(RuntimeError, match="unspecified launch failure"):
        BatchedModel(model, prompt="").encode(TEXTS)
    assert len(device.calls) == 1


def test_loading_the_first_batch_and_the_rest_are_timed_apart(folder: Path) -> None:
    encoder = load_encoder(EncodeConfig(encoder=str(folder), dtype="float32"))
    assert encoder.timing.load_seconds > 0 == encoder.timing.encode_seconds
    encoder.encode(TEXTS)
    first = encoder.timing
    assert first.encode_seconds > first.first_batch_seconds > 0
    encoder.encode(TEXTS)
    assert encoder.timing.first_batch_seconds == first.first_batch_seconds
    assert encoder.timing.encode_seconds > first.encode_seconds


# Documents together


def test_texts_of_all_documents_are_encoded_once_and_their_tokens_counted_once(folder: Path) -> None:
    encoder = load_encoder(EncodeConfig(encoder=str(folder), dtype="float32"))
    together = EncodedTogether(encoder)
    together.add(["ab", "abc", "ab"])
    together.add(["abc"])
    one, other = together.encode(["abc", "ab"]), together.encode(["ab"])
    assert (one.n_tokens, other.n_tokens) == (5 + 4, 0)
    np.testing.assert_array_equal(one.vectors[1], other.vectors[0])
    np.testing.assert_allclose(one.vectors, encoder.encode(["abc", "ab"]).vectors, atol=1e-6)
    assert together.encode([]).vectors.shape == (0, encoder.dimensions)
    with pytest.raises(KeyError):
        together.encode(["never seen"])


def test_texts_are_encoded_ahead_while_others_are_written(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setattr("stages.encode.shared.TEXTS_AT_ONCE", 5)
    encoder = load_encoder(EncodeConfig(encoder=str(folder), dtype="float32"))
    calls: list[int] = []
    encode, second = encoder.encode, threading.Event()

    def watched(texts: list[str]) -> Any:
        calls.append(len(texts))
        if len(calls) == 2:
            second.set()
        return encode(texts)

    monkeypatch.setattr(encoder, "encode", watched)
    together = EncodedTogether(encoder)
    together.add(TEXTS)
    first = together.encode(TEXTS[:5])
    assert second.wait(60), "the next texts are at work before they are asked for"
    rest = together.encode(TEXTS[5:])
    assert sum(calls) == len(dict.fromkeys(TEXTS))
    assert max(calls) == 5
    vectors = np.concatenate([first.vectors, rest.vectors])
    np.testing.assert_allclose(vectors, encode(TEXTS).vectors, atol=1e-6)


def test_what_breaks_while_encoding_ahead_is_raised_where_it_is_waited_for() -> None:
    class Broken:
        info, dimensions, precision, timing = None, 4, "float32", None

        def encode(self, texts: list[str]) -> Any:
            raise RuntimeError("the GPU is lost")

    together = EncodedTogether(Broken())  # type: ignore[arg-type]
    together.add(["one"])
    with pytest.raises(RuntimeError, match="the GPU is lost"):
        together.encode(["one"])


# Precision


def test_a_precision_that_moves_the_samples_too_far_is_not_chosen(model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stages.encode.precision.faster_precisions", lambda model: ("float16", "bfloat16"))
    assert choose_precision(model)[1] == "float16"
    monkeypatch.setitem(LEAST_COSINE, "float16", 1.1)
    assert choose_precision(model)[1] == "bfloat16"
    monkeypatch.setitem(LEAST_COSINE, "bfloat16", 1.1)
    unchanged, precision = choose_precision(model)
    assert (unchanged is model, precision) == (True, "float32")


def test_a_precision_in_which_the_model_overflows_is_not_chosen(model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stages.encode.precision.faster_precisions", lambda model: ("float16",))

    def overflow(module: Any, inputs: Any, features: dict[str, Any]) -> None:
        features["sentence_embedding"].mul_(1e7)  # float32 holds it, float16 doesn't

    model[2].register_forward_hook(overflow)
    assert choose_precision(model)[1] == "float32"


def test_int8_stays_close_to_float32_and_leaves_the_model_as_it_was(model: Any) -> None:
    if not can_quantize():
        pytest.skip("this CPU has no fast 8-bit products in PyTorch")
    before = model.encode(TEXTS)
    quantized = in_precision(model, "int8")
    cosines = np.einsum("nd,nd->n", before, quantized.encode(TEXTS))
    assert 0.999 < cosines.min() < 1 - 1e-7
    np.testing.assert_array_equal(model.encode(TEXTS), before)
    assert set(faster_precisions(model)) <= {"bfloat16", "int8"}


# Models of other shapes


def test_a_model_that_is_no_transformer_is_left_to_the_library(tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace

    tokenizer = Tokenizer(WordLevel({"[UNK]": 0, "ab": 1, "cd": 2}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    model = SentenceTransformer(modules=[StaticEmbedding(tokenizer, embedding_dim=8)], device="cpu")
    assert not can_batch(model, prompt="")
    model.save(str(tmp_path / "static"))
    encoder = load_encoder(EncodeConfig(encoder=str(tmp_path / "static")))
    expected = model.encode(["ab", "cd ab"], normalize_embeddings=True)
    np.testing.assert_allclose(encoder.encode(["ab", "cd ab"]).vectors, expected, atol=1e-6)


def test_a_model_that_leaves_the_prompt_out_of_its_pooling_is_left_to_the_library(model: Any) -> None:
    assert can_batch(model, prompt="passage: ")
    model[1].include_prompt = False
    assert can_batch(model, prompt="") and not can_batch(model, prompt="passage: ")
