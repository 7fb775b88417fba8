"""The page of a pair holds the same data whatever made it, and a map that is small, cheap and right."""

from __future__ import annotations

import base64
import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from export_pairs import any_pair, make_pair
from hypothesis import given, settings
from made_runs import exported, run_of
from run_configs import config_of
from small_corpus import InlineBackend, bitext, write_corpus

from pipeline.config.run_config import beads_address, load_config
from pipeline.runs.past_run import recorded_config
from pipeline.runs.record import make_report
from pipeline.store.run_store import RunStore
from pipeline.store.sealed import seal
from pipeline.store.store import Store
from stages.data import AlignedPair, Overlaps
from stages.evaluate.reliability import measure_reliability
from stages.report.charts import HEIGHT, histogram, reliability_points, type_shares
from stages.report.dotplot import FULL, MAX_CELLS, map_shape, similarity_map
from stages.report.page_data import pack, pair_data
from stages.report.pages import render_page, render_pair, view_command


def unpack(packed: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(gzip.decompress(base64.b64decode(packed)))
    return data


def overlaps(vectors: np.ndarray, blank: tuple[int, ...] = ()) -> Overlaps:
    vectors = np.asarray(vectors, np.float32)
    vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    vectors[list(blank)] = 0
    texts = ["" if position in blank else f"s{position}" for position in range(len(vectors))]
    return Overlaps(texts, vectors[None].astype(np.float16))


# ---- the similarity map


def test_a_map_of_few_sentences_has_their_cosines_in_percent() -> None:
    chance = np.random.default_rng(0)
    source = chance.normal(size=(30, 64))
    cells = similarity_map(overlaps(source), overlaps(source[::-1]))
    assert cells.shape == (30, 30)
    assert (np.diag(cells[:, ::-1]) == FULL).all()
    assert np.median(cells) < FULL / 10


def test_a_map_of_many_sentences_shows_where_stretches_translate_each_other() -> None:
    vectors = np.random.default_rng(1).normal(size=(1_700, 64))
    target = np.concatenate([vectors[:600], vectors[1_100:]])  # 500 sentences are missing
    cells = similarity_map(overlaps(vectors), overlaps(target))
    assert cells.shape == map_shape(1_700, 1_200) == (MAX_CELLS, MAX_CELLS)
    row_of, column_of = (lambda i: i * MAX_CELLS // 1_700), (lambda j: j * MAX_CELLS // 1_200)
    assert cells[row_of(300), column_of(300)] > 60
    assert cells[row_of(1_500), column_of(1_000)] > 60
    assert cells[row_of(610) : row_of(1_090)].max() < 60  # nothing resembles what is missing


def test_the_map_of_a_swapped_pair_is_turned_over() -> None:
    chance = np.random.default_rng(2)
    one, other = (overlaps(chance.normal(size=(n, 16)), blank=(3,)) for n in (230, 17))
    assert (similarity_map(one, other) == similarity_map(other, one).T).all()


def test_empty_sides_positions_and_single_sentences_have_a_map() -> None:
    none, one = overlaps(np.zeros((0, 4))), overlaps(np.ones((1, 4)))
    assert similarity_map(none, one).shape == (0, 1)
    assert similarity_map(none, none).shape == (0, 0)
    assert similarity_map(one, one).tolist() == [[FULL]]
    blank = overlaps(np.random.default_rng(3).normal(size=(5, 8)), blank=(2,))
    assert not similarity_map(blank, blank)[2].any()


# ---- the data of a page


def test_page_data_says_what_a_pair_is() -> None:
    pair = make_pair(["One.", "Two.", ""], ["Eins und zwei."], [(0, 2, 0, 1), (2, 3, 1, 1)], scores=[0.8, np.nan])
    cells = np.array([[1], [2], [3]], np.uint8)
    data = unpack(pack(pair_data(pair, cells)))
    assert data["source"] == {"language": "en", "sentences": ["One.", "Two.", ""], "paragraphs": [0], "headings": []}
    assert data["bead_columns"][:4] == ["source_start", "source_stop", "target_start", "target_stop"]
    assert data["beads"] == [[0, 2, 0, 1, 0.4, 0.8, 0.8], [2, 3, 1, 1, None, None, None]]
    assert (data["map"]["rows"], data["map"]["columns"]) == (3, 1)
    assert base64.b64decode(data["map"]["cells"]) == bytes([1, 2, 3])
    assert data["measures"]["mean_confidence"] == 0.8
    assert unpack(pack(pair_data(pair, None)))["map"] is None


@settings(max_examples=40, deadline=None)
@given(any_pair())
def test_any_text_can_stand_in_a_page_and_comes_back(pair: AlignedPair) -> None:
    packed = pack(pair_data(pair, None))
    assert packed == pack(pair_data(pair, None))
    wanted = [sentence.text.encode("utf-8", "replace").decode() for sentence in pair.source]
    assert unpack(packed)["source"]["sentences"] == wanted
    html = render_pair(pair.pair_id.encode("utf-8", "replace").decode(), packed)
    assert packed in html


def test_a_page_needs_nothing_from_elsewhere_and_its_title_can_not_break_it() -> None:
    html = render_pair("</title><script>alert(1)</script>", pack(pair_data(make_pair(["a"], ["b"]), None)))
    assert "<script>alert" not in html
    assert "http:" not in html
    assert "https:" not in html
    assert "@import" not in html


# ---- charts


def test_bars_are_as_high_as_the_logarithm_of_what_they_count() -> None:
    chart = histogram([0, 9, 99, 999])
    assert [bar.number for bar in chart.bars] == [0, 9, 99, 999]
    assert [round(bar.height / HEIGHT, 3) for bar in chart.bars] == [0, 0.333, 0.667, 1]
    assert [bar.is_low for bar in chart.bars] == [True, True, False, False]
    assert [number for _, number in chart.lines] == [10, 100]
    assert not any(bar.height for bar in histogram([0, 0]).bars)


def test_rare_types_of_beads_are_shown_together() -> None:
    shown = type_shares({f"1-{n}": 100 - n for n in range(1, 15)})
    assert len(shown) == 11
    assert shown[-1][:2] == ("others", sum(100 - n for n in range(11, 15)))
    assert sum(share for *_, share in shown) == pytest.approx(1)


def test_a_point_of_a_reliability_plot_lies_on_the_diagonal_where_confidence_keeps_its_word() -> None:
    rows = [{"confidence": 0.5, "correct": 0.5, "beads": 4}, {"confidence": 1, "correct": 1, "beads": 0}]
    assert reliability_points(rows) == [(180.0, 75.0, 8.0)]


def test_a_report_of_gold_shows_how_reliable_confidence_is() -> None:
    measured = measure_reliability([(0.55, True), (0.55, False), *[(0.95, True)] * 9])
    report = make_report(run_of(exported=exported(make_pair(["a"], ["b"]))), {}) | {"reliability": measured}
    html = render_page(report, "html")
    assert "of 2 beads with confidence 55.0 %, 50.0 % are right" in html
    assert html.count("<circle") == 2


def test_what_is_typed_to_see_a_pair_is_safe_to_paste() -> None:
    assert view_command("demo", "a b'; rm -rf") == """bitext view demo --pair 'a b'"'"'; rm -rf'"""


# ---- from the store


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("viewed")
    config = write_corpus(folder)
    config.write_text(config.read_text() + "\n[report]\nmax_megabytes = 0.0012\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pipeline.commands.options.LocalBackend", InlineBackend)
        assert bitext("run", "--config", config, "--store", folder / "store", "--out", folder / "out").exit_code == 0
    return folder


def data_in(page: Path) -> dict[str, Any]:
    return unpack(page.read_text(encoding="utf-8").split('id="pair-data">')[1].split("<")[0])


@pytest.mark.parametrize("run", ["run", "run.toml", "out"])
def test_any_pair_of_a_run_can_be_viewed_by_name_config_or_folder(
    done: Path, run: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    named = run if run == "run" else done / run
    result = bitext("view", named, "--pair", "01.en-de", "--store", done / "store")
    page = Path(result.stdout.strip())
    assert opened == [page.as_uri()]
    data = data_in(page)
    assert data["pair_id"] == "01.en-de"
    n_source = len(data["source"]["sentences"])
    assert data["map"]["rows"] == data["beads"][-1][1] == n_source


def test_view_without_a_pair_gives_the_report(done: Path, tmp_path: Path) -> None:
    result = bitext("view", "run", "--no-open", "--store", done / "store", "-o", tmp_path / "r.html")
    assert result.stdout.strip() == str(tmp_path / "r.html")
    assert (tmp_path / "r.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_what_can_not_be_viewed_is_said(done: Path) -> None:
    unknown = bitext("view", "run", "--pair", "01.de-en", "--no-open", "--store", done / "store")
    assert unknown.exit_code == 2
    assert "no pair '01.de-en'; it has 2, such as 01.en-de" in unknown.stderr
    nothing = bitext("view", "nowhere", "--store", done / "store")
    assert nothing.exit_code == 1
    assert "it has run" in nothing.stderr


def test_the_report_embeds_what_fits_and_names_how_to_see_the_rest(done: Path) -> None:
    html = (done / "out" / "report.html").read_text(encoding="utf-8")
    assert html.count('type="text/plain" data-pair=') == 1
    assert html.count("<code>bitext view run --pair") == 1
    assert "1 of 2 pairs can be opened here" in html


def test_maps_lie_with_the_beads(done: Path) -> None:
    store = RunStore(Store(done / "store"), load_config(done / "run.toml"))
    (key,) = [key for key in store.beads.places() if len(key.split(":")) == 2][:1]
    rows = store.beads.read(key)["similarity_map"].to_pylist()
    assert rows[0] is not None
    assert not any(rows[1:])


def test_a_pair_of_documents_becomes_a_page_of_its_own(
    done: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.commands.options.LocalBackend", InlineBackend)
    page = tmp_path / "one.html"
    languages = ("--source-language", "en", "--target-language", "de")
    bitext("align", done / "en/00.txt", done / "de/00.txt", *languages, "--store", done / "store", "-o", page)
    assert data_in(page)["source"]["language"] == "en"


@pytest.mark.parametrize("method", ["bitext", "bertalign"])
def test_a_recorded_config_is_read_back_as_it_was(tmp_path: Path, method: str) -> None:
    config = config_of(align={"method": method})
    recorded = {"config": config.model_dump(mode="json"), "folder": str(config.folder.absolute())}
    (tmp_path / "run.json").write_text(seal(recorded), encoding="utf-8")
    assert beads_address(recorded_config(tmp_path / "run.json")) == beads_address(config)
