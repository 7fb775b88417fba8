"""Fitting weights to gold beads."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from aligned_pairs import with_overlaps
from in_memory import read_all
from small_corpus import bitext, run_inline

from pipeline.cloud.nightly_config import load_nightly
from pipeline.commands.fit import describe
from pipeline.config.run_config import beads_address, load_config, read_weights, weights_file
from pipeline.errors import ConfigError
from pipeline.progress import Progress
from pipeline.review.corrections import corrections_path
from pipeline.store.files import write_text
from pipeline.store.run_store import RunStore
from pipeline.store.store import Store
from stages.align import AlignConfig
from stages.align.config import WeightsConfig
from stages.align.scoring.weights import ENCODED, WEIGHT_NAMES, Weights
from stages.bead_lines import BeadPositions, parse_beads
from stages.corrections import make_bead_span, make_review, render_reviews
from stages.data import Overlaps
from stages.fit import held_out
from stages.fit.fit import Example, Segment, _segment_loss, _with_values, cut_segments, fit_segments
from stages.fit.held_out import JudgedPair, cut_parts, fit_held_out
from stages.fit.lbfgs import minimize_lbfgs

DEMO = Path(__file__).parents[1] / "configs" / "demo.toml"
CONFIG = AlignConfig()
NEVER = ENCODED._replace(skip_enter=-np.inf, skip_edge=-np.inf)


def example(seed: int, n_beads: int = 40) -> Example:
    """Documents of random beads: both sides of a bead share what they say, split differently, and some noise."""
    generator = np.random.default_rng(seed)
    sides: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
    sentences: tuple[list[str], list[str]] = ([], [])
    gold = []
    for _ in range(n_beads):
        shape = [(1, 1), (1, 1), (1, 2), (2, 1), (1, 0)][generator.integers(5)]
        meaning = generator.normal(size=(2, 24))
        gold.append(tuple(tuple(range(len(side), len(side) + size)) for side, size in zip(sides, shape, strict=True)))
        for side, texts, size in zip(sides, sentences, shape, strict=True):
            parts = meaning if size == 2 else [meaning.sum(axis=0)] * size
            side.extend(part + 0.3 * generator.normal(size=24) for part in parts)
            texts.extend("x" * int(generator.integers(28, 34)) * (3 - size) for _ in range(size))
    return Example(*(with_overlaps(texts, np.array(side)) for texts, side in zip(sentences, sides, strict=True)), gold)


def segments_of(*examples: Example) -> list[Segment]:
    return [segment for one in examples for segment in cut_segments(one, CONFIG, "encoded")]


def test_the_gradient_is_that_of_the_loss() -> None:
    (segment, *_) = cut_segments(example(1), CONFIG, "encoded")
    values = np.array(ENCODED.bead + ENCODED.null)
    _, gradient = _segment_loss(segment, NEVER)
    step = 1e-2
    for index in range(len(values)):
        moved = np.zeros(len(values))
        moved[index] = step
        up, down = (_segment_loss(segment, _with_values(NEVER, values + sign * moved))[0] for sign in (1, -1))
        assert gradient[index] == pytest.approx((up - down) / (2 * step), abs=0.02)


def test_a_fit_makes_the_gold_beads_likelier_also_elsewhere() -> None:
    start = Weights(bead=(1.0,) * 2 + (0.0,) * 13, null=(-1.0, 0.0, 0.0, 0.0))
    fit = fit_segments(segments_of(example(1), example(2)), start)
    assert fit.loss < fit.loss_before / 2
    others = segments_of(example(3))
    assert fit_segments(others, fit.weights).loss_before < fit_segments(others, start).loss_before / 2


def test_the_minimum_of_a_bowl_is_found() -> None:
    scales, centre = np.array([1.0, 10.0, 100.0]), np.array([3.0, -2.0, 0.5])

    def bowl(point: np.ndarray) -> tuple[float, np.ndarray]:
        away = point - centre
        return float(scales @ away**2) / 2, scales * away

    assert minimize_lbfgs(bowl, np.zeros(3)) == pytest.approx(centre, abs=1e-3)


# ---- held out


def judged(seed: int, *documents: str) -> JudgedPair:
    made = example(seed)
    return JudgedPair(
        made.source, made.target, [BeadPositions(*bead) for bead in made.gold], documents or (f"a{seed}", f"b{seed}")
    )


def test_no_document_is_in_two_parts_and_every_pair_is_in_one() -> None:
    documents = [("a", "b"), ("c", "d"), ("e", "f"), ("b", "c"), *((f"s{n}", f"t{n}") for n in range(9))]
    parts = cut_parts(documents)
    assert len(parts) == 5
    assert sorted(row for part in parts for row in part) == list(range(len(documents)))
    names = [{name for row in part for name in documents[row]} for part in parts]
    assert sum(map(len, names)) == len(set().union(*names))
    assert any({0, 1, 3} <= set(part) for part in parts)
    assert cut_parts([("a", "b"), ("a", "c")]) == [[0, 1]]


def test_fitted_weights_are_judged_on_pairs_that_they_were_not_fitted_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bad weights are found to be bad, and the fit of the others mends it."""
    bad = CONFIG.model_copy(update={"weights": WeightsConfig(encoded={"null_constant": 30.0})})
    fitted_to = []
    fit = held_out.fit_segments
    monkeypatch.setattr(held_out, "fit_segments", lambda *given: fitted_to.append(len(given[0])) or fit(*given))
    result = fit_held_out([judged(1), judged(2), judged(3)], bad, ("encoded",), on_demand=False)
    assert result.n_parts == result.n_pairs == 3
    assert sorted(fitted_to)[-1] == sum(sorted(fitted_to)[:-1]) / 2
    assert result.before.strict.f1 < 0.2 < 0.6 < result.fitted.strict.f1
    assert result.n_better > result.n_worse
    assert result.chance < 0.001
    assert list(result.weights.model_dump(exclude_defaults=True)) == ["encoded"]


def test_one_pair_alone_is_judged_on_itself_and_this_is_said() -> None:
    result = fit_held_out([judged(1)], CONFIG, ("summed",), on_demand=False)
    assert result.n_parts == 1
    assert "which flatters" in " ".join(describe(result))


def test_gold_beads_that_no_lattice_has_are_left_out_and_counted() -> None:
    pair = judged(1)
    links = [link for link in pair.gold if link.source and link.target]
    first, second = links[10], links[12]
    torn = BeadPositions(first.source + second.source, first.target + second.target)
    kept = [link for link in pair.gold if link not in (first, second)]
    result = fit_held_out([pair._replace(gold=[*kept, torn])], CONFIG, ("summed",), on_demand=False)
    assert (result.n_beads, result.n_left_out) == (len(links) - 2, 1)
    assert "(1 more are too large" in describe(result)[0]


def test_gold_without_a_usable_bead_is_refused() -> None:
    pair = judged(1)._replace(gold=[BeadPositions((0, 5), (1,))])
    with pytest.raises(ValueError, match="none of the 1 gold beads of 1 pairs has at most 8 consecutive sentences"):
        fit_held_out([pair], CONFIG, ("summed",), on_demand=False)


def test_gold_counts_empty_positions_and_the_fit_is_the_same() -> None:
    plain, moved = judged(1), judged(1)
    at = next(link.source[0] for link in plain.gold[5:] if link.source and link.target)  # between two beads
    shift = [BeadPositions(tuple(p + (p >= at) for p in link.source), link.target) for link in moved.gold]
    vectors = np.insert(plain.source.vectors, at, 0.0, axis=1)
    sentences = [*plain.source.sentences[:at], "", *plain.source.sentences[at:]]
    moved = moved._replace(source=Overlaps(sentences, vectors), gold=shift)
    one, other = (fit_held_out([pair], CONFIG, ("encoded",), on_demand=False) for pair in (plain, moved))
    assert one.weights == other.weights
    assert one.fitted.gold_strict == other.fitted.gold_strict


def test_chance_is_the_sign_test() -> None:
    result = fit_held_out([judged(1)], CONFIG, ("summed",), on_demand=False)
    assert replace(result, n_better=0, n_worse=0).chance == 1.0
    assert replace(result, n_better=5, n_worse=0).chance == pytest.approx(2 / 32)
    assert replace(result, n_better=8, n_worse=2).chance == pytest.approx(2 * (1 + 10 + 45) / 1024)


# ---- the command


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store in which the demo has been aligned."""
    folder = tmp_path_factory.mktemp("fit")
    run_inline(DEMO, folder / "store", folder / "out", Progress())
    return folder / "store"


def test_the_command_writes_weights_that_a_config_takes(store: Path, tmp_path: Path) -> None:
    shown = bitext("fit", "--config", DEMO, "--store", store, "-o", tmp_path / "weights.toml")
    assert shown.exit_code == 0
    assert re.search(r"as configured +0\.\d{3} +[01]\.\d{3}\nfitted +0\.\d{3} +[01]\.\d{3}\n", shown.stdout)
    assert "Fitted to" in shown.stdout
    found = read_weights(tmp_path / "weights.toml")
    assert found.encoded.keys() == found.summed.keys() == set(WEIGHT_NAMES)
    config = tmp_path / "run.toml"
    text = DEMO.read_text(encoding="utf-8").replace('"demo/', f'"{DEMO.parent}/demo/')
    config.write_text(text.replace("[align]", '[align]\nweights = "weights.toml"'), encoding="utf-8")
    assert load_config(config).align.weights == found
    assert beads_address(load_config(config)) != beads_address(load_config(DEMO))


def test_the_same_weights_have_the_same_address_wherever_they_lie(tmp_path: Path) -> None:
    text = DEMO.read_text(encoding="utf-8").replace('"demo/', f'"{DEMO.parent}/demo/')
    addresses = []
    for name, weight in (("one.toml", 2.5), ("other.toml", 2.5), ("third.toml", 2.6)):
        (tmp_path / name).write_text(f"[encoded]\nsimilarity = {weight}\n", encoding="utf-8")
        (tmp_path / "run.toml").write_text(text.replace("[align]", f'[align]\nweights = "{name}"'), encoding="utf-8")
        addresses.append(beads_address(load_config(tmp_path / "run.toml")))
    assert addresses[0] == addresses[1] != addresses[2]


def test_weights_of_nightly_runs_lie_where_they_are_sent_from(tmp_path: Path) -> None:
    folder = tmp_path / "nights"
    folder.mkdir()
    (folder / "nightly.toml").write_text('configs = ["run.toml"]\n', encoding="utf-8")
    text = DEMO.read_text(encoding="utf-8").replace('"demo/{', '"volume:demo/{')
    for place, is_refused in (("w.toml", False), ("../w.toml", True)):
        (folder / place).write_text("[encoded]\nsize = -1\n", encoding="utf-8")
        (folder / "run.toml").write_text(text.replace("[align]", f'[align]\nweights = "{place}"'), encoding="utf-8")
        found = weights_file(folder / "run.toml")
        assert found is not None and found.samefile(folder / place)
        if is_refused:
            with pytest.raises(ConfigError, match=r"weights of 'run\.toml', must lie beside or below"):
                load_nightly(folder / "nightly.toml")
        else:
            _, (config,) = load_nightly(folder / "nightly.toml")
            assert config.align.weights.encoded == {"size": -1.0}
    assert weights_file(DEMO) is None


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        (None, r"w\.toml: there is no such file; \[align\] weights names a file that `bitext fit` has written"),
        ("[encoded]\nsimilarty = 1\n", "no weight is called similarty; there are similarity_by_size"),
        ("[encoded]\nsize = nan\n", "weights must be finite numbers; size is not"),
        ('[summed]\nsize = "large"\n', "summed.size: 'large' is not valid; it must be a number"),
        ("size = 1\n", "size: unknown key; known here are encoded, summed"),
    ],
)
def test_a_wrong_table_is_refused_with_its_name(table: str | None, problem: str, tmp_path: Path) -> None:
    if table is not None:
        (tmp_path / "w.toml").write_text(table, encoding="utf-8")
    with pytest.raises(ConfigError, match=problem) as caught:
        read_weights(tmp_path / "w.toml")
    assert str(tmp_path / "w.toml") in str(caught.value)


def write_reviewed(folder: Path, store: Path, n_good: int) -> None:
    """Write corrections of the demo's pairs: of one pair all that its gold says is good, of the other some beads."""
    config = load_config(DEMO)
    folder.mkdir()
    for pair in read_all(config)[1].pairs:
        lines = (DEMO.parent / "demo" / "gold" / f"{pair.pair_id}.gold.txt").read_text(encoding="utf-8").splitlines()
        kept = lines if pair.pair_id.endswith("de") else lines[:n_good]
        links = [link for link in parse_beads(kept) if link.source and link.target]
        nulls = [link for link in parse_beads(kept) if not (link.source and link.target)]
        good = [make_bead_span(a[0], a[-1] + 1, b[0], b[-1] + 1) for a, b in links]
        good += [
            make_bead_span(a[0], a[-1] + 1, 0, 0) if a else make_bead_span(0, 0, b[0], b[-1] + 1) for a, b in nulls
        ]
        texts = [RunStore(Store(store), config).read_sentence_texts(side) for side in (pair.source, pair.target)]
        write_text(corrections_path(folder, pair.pair_id), render_reviews(make_review(good, [], *texts)))


def test_what_has_been_reviewed_is_fitted_to_as_gold(store: Path, tmp_path: Path) -> None:
    write_reviewed(tmp_path / "reviewed", store, n_good=15)
    place = ("--config", DEMO, "--store", store)
    shown = bitext("fit", *place, "--gold", tmp_path / "reviewed", "-o", tmp_path / "reviewed.toml")
    assert shown.exit_code == 0
    assert "left out: lighthouse.en-zh: needs 20 consecutive beads marked good" in shown.stderr
    assert "began as beads of this aligner" in shown.stdout
    (tmp_path / "gold").mkdir()
    shutil.copy(DEMO.parent / "demo" / "gold" / "lighthouse.en-de.gold.txt", tmp_path / "gold")
    by_gold = bitext("fit", *place, "--gold", tmp_path / "gold", "-o", tmp_path / "gold.toml")
    assert shown.stdout.splitlines()[:4] == by_gold.stdout.splitlines()[:4]
    assert read_weights(tmp_path / "reviewed.toml") == read_weights(tmp_path / "gold.toml")


def test_too_little_of_what_has_been_reviewed_is_refused(store: Path, tmp_path: Path) -> None:
    write_reviewed(tmp_path / "reviewed", store, n_good=15)
    (corrections_path(tmp_path / "reviewed", "lighthouse.en-de")).unlink()
    place = ("--config", DEMO, "--store", store)
    shown = bitext("fit", *place, "--gold", tmp_path / "reviewed", "-o", tmp_path / "w.toml")
    assert shown.exit_code == 2
    assert "what has been reviewed has a problem:\n  lighthouse.en-zh: needs 20 consecutive beads" in shown.stderr


def test_beads_of_what_nobody_has_reviewed_count_neither_way() -> None:
    whole = judged(1)
    part = whole._replace(gold=[link for link in whole.gold if link.source and link.source[-1] < 12])
    partial = fit_held_out([part._replace(is_partial=True)], CONFIG, ("summed",), on_demand=False)
    full = fit_held_out([part], CONFIG, ("summed",), on_demand=False)
    assert partial.weights == full.weights
    assert partial.before.predicted < 20 < full.before.predicted
    assert partial.before.gold == full.before.gold


def test_what_cannot_be_fitted_is_said(store: Path, tmp_path: Path) -> None:
    undone = bitext("fit", "--config", DEMO, "--store", tmp_path / "empty", "-o", tmp_path / "w.toml")
    assert (undone.exit_code, "no pair with gold has been aligned" in undone.stderr) == (1, True)
    elsewhere = bitext("fit", "--config", DEMO, "--store", store, "--gold", tmp_path, "-o", tmp_path / "w.toml")
    assert (elsewhere.exit_code, "holds no gold for this run" in elsewhere.stderr) == (2, True)
    config = tmp_path / "run.toml"
    text = DEMO.read_text(encoding="utf-8").replace('"demo/', f'"{DEMO.parent}/demo/')
    config.write_text(text.replace("[align]", '[align]\nmethod = "bertalign"'), encoding="utf-8")
    classic = bitext("fit", "--config", config, "--store", store, "-o", tmp_path / "w.toml")
    assert (classic.exit_code, "has no weights" in classic.stderr) == (2, True)
    assert not (tmp_path / "w.toml").exists()
