"""`bitext bench encode`: what it measures, in small."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from pipeline.__main__ import main
from stages.encode import benchmark

pytest.importorskip("sentence_transformers")


def test_texts_have_the_lengths_of_real_sentences(tmp_path: Path) -> None:
    texts, n_tokens = benchmark.make_texts(20_000)
    lengths = [len(text.split()) + 2 for text in texts]
    assert sum(lengths) == n_tokens >= 20_000
    np.testing.assert_allclose(np.median(lengths), benchmark.LENGTHS[10], rtol=0.1)
    model = benchmark.make_model(tmp_path, layers=1)
    assert len(model.tokenizer(texts[0])["input_ids"]) == lengths[0]


def test_the_body_has_the_operations_of_its_weights(tmp_path: Path) -> None:
    model = benchmark.make_model(tmp_path, layers=2)
    layers = model[0].model.encoder.layer
    n_weights = sum(weight.numel() for weight in layers.parameters() if weight.ndim == 2)
    assert benchmark.flops_per_token(model, mean_tokens=0) == 2 * n_weights


def test_every_way_encodes_the_same_and_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    make_model = benchmark.make_model
    monkeypatch.setattr(benchmark, "make_model", lambda folder, layers: make_model(folder, 1))
    monkeypatch.setattr("pipeline.commands.bench.embedded_speed", lambda n_processes: 1000.0 * n_processes)
    shown = CliRunner().invoke(main, ["bench", "encode", "--tokens", "300"])
    assert shown.exit_code == 0, shown.output
    cosines = re.findall(r"(?:float32|bfloat16|int8) .* (0\.\d+|1\.\d+) *$", shown.output, re.MULTILINE)
    assert len(cosines) == 3
    assert min(map(float, cosines)) > 0.999
    assert "1,000 in one process, 2,000 in two (2.00 times)" in shown.output
    assert re.search(r"L40S .* reckoned +\d+\.\d\d", shown.output)
