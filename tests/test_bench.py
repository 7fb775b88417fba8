"""`bitext bench`: what it measures, in small."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from pipeline.__main__ import main
from pipeline.commands import align_benchmark as alignment
from pipeline.commands import encode_benchmark as benchmark
from stages.align import AlignConfig
from stages.align.anchors.scale import centred, cosines

pytest.importorskip("sentence_transformers")

# ---- encode


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
    assert "3 ways, 2 rounds of 300 tokens: at most about " in shown.stderr
    assert [line for line in shown.stderr.splitlines() if line.startswith("round ")] == [
        f"round {number} of 2: {name}"
        for number in (1, 2)
        for name in ("plain encode", "plain encode, best flags", "ours")
    ]
    cosines = re.findall(r"(?:float32|bfloat16|int8) .* (0\.\d+|1\.\d+) *$", shown.output, re.MULTILINE)
    assert len(cosines) == 3
    assert min(map(float, cosines)) > 0.999
    assert "1,000 in one process, 2,000 in two (2.00 times)" in shown.output
    assert re.search(r"L40S .* estimated +\d+\.\d\d", shown.output)


def test_a_round_takes_a_few_seconds_however_fast_the_machine_is(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def compare(model: object, n_tokens: int, n_rounds: int, tell: object) -> list[benchmark.Speed]:
        asked.append((n_tokens, n_rounds))
        return [benchmark.Speed("plain", "float32", 100.0, 0.5, 1, 0.1, 1.0)]

    make_model = benchmark.make_model
    monkeypatch.setattr(benchmark, "make_model", lambda folder, layers: make_model(folder, 1))
    monkeypatch.setattr(benchmark, "compare", compare)
    monkeypatch.setattr("pipeline.commands.bench.embedded_speed", lambda n_processes: 1000.0)
    for speed in (100.0, 200_000.0):
        monkeypatch.setattr(benchmark, "estimate_speed", lambda model, speed=speed: speed)
        shown = CliRunner().invoke(main, ["bench", "encode"])
        assert "at most about 24 s" in shown.stderr, shown.output
    assert asked == [(400, 2), (800_000, 2)]


# ---- align


def test_made_documents_have_the_beads_and_the_vectors_that_they_say() -> None:
    pair = alignment.make_pair(400)
    n_source, n_target = len(pair.source.sentences), len(pair.target.sentences)
    assert n_source == pytest.approx(400, rel=0.1)
    assert [p for bead in pair.gold for p in bead[0]] == list(range(n_source))
    assert [p for bead in pair.gold for p in bead[1]] == list(range(n_target))
    norms = np.linalg.norm(pair.source.vectors, axis=2)
    assert all(np.allclose(norms[size, size:], 1, atol=1e-5) and not norms[size, :size].any() for size in range(4))
    one_to_one = np.array([bead[0] + bead[1] for bead in pair.gold if len(bead[0]) == len(bead[1]) == 1])
    sides = [centred(side.vectors[0], side.vectors[0].mean(axis=0)) for side in (pair.source, pair.target)]
    matches = cosines(sides[0][one_to_one[:, 0]], sides[1][one_to_one[:, 1]])
    chance = cosines(sides[0][one_to_one[:, 0]], sides[1][np.roll(one_to_one[:, 1], 50)])
    assert np.median(matches) == pytest.approx(0.5, abs=0.05)
    assert np.std(chance) == pytest.approx(0.1, abs=0.03)


def test_overlaps_on_demand_are_aligned_with_what_is_requested_only(monkeypatch: pytest.MonkeyPatch) -> None:
    pair, given = alignment.make_pair(200), []
    align_pair = alignment.align_pair
    monkeypatch.setattr(alignment, "align_pair", lambda *sides, **how: given.extend(sides) or align_pair(*sides, **how))
    alignment.align_on_demand(pair)
    source, target, config = given
    assert config == AlignConfig()
    wanted = alignment.find_requested_overlaps(pair.source, pair.target, config)
    for document, stops in ((source, wanted.source), (target, wanted.target)):
        assert document.vectors[0].any(axis=1).all()
        assert int(document.vectors[1:].any(axis=2).sum()) == sum(map(len, stops.values()))


def test_every_way_of_aligning_is_measured_against_one_search() -> None:
    shown = CliRunner().invoke(main, ["bench", "align", "--sizes", "300"])
    assert shown.exit_code == 0, shown.output
    assert re.search(r"^30\d × \d{3} sentences|^29\d × \d{3} sentences", shown.output, re.MULTILINE)
    assert re.search(r"search for nearest sentences +\d+\.\d\d +1\.00 ", shown.output)
    assert re.search(r"bertalign, all overlaps +\d+\.\d\d +[\d.]+ +1\.00 ", shown.output)
    assert len(re.findall(r"^ +bitext, .* \d+\.\d\d ", shown.output, re.MULTILINE)) == 2
    (share,) = re.findall(r"found (\d+)% or more", shown.output)
    assert int(share) > 85


@pytest.mark.parametrize("sizes", ["", "1000,", "five", "9", "1000;2000", "2000000"])
def test_sizes_that_are_none_are_refused(sizes: str) -> None:
    shown = CliRunner().invoke(main, ["bench", "align", "--sizes", sizes])
    assert shown.exit_code == 2
    assert "write numbers from 10 to 1,000,000: 1000,5000" in shown.stderr
