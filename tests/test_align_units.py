"""Beads stay within the units of a bilingual file: units of TMX and XLIFF, rows of a table."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np
import pytest
from aligned_pairs import CONFIG, configs, document, spans_of, with_overlaps
from hypothesis import given
from hypothesis import strategies as st
from small_corpus import run_inline

from pipeline.progress import Progress
from stages.align import AlignConfig, align_pair, find_requested_overlaps
from stages.align.constraints.units import find_corners
from stages.corrections import Corrections, describe_text, make_bead_span, make_corrections
from stages.data import Beads, Overlaps

MODES = {"on demand": True, "all at once": False}


def crosses_a_unit(span: tuple[int, int, int, int], source: Sequence[int], target: Sequence[int]) -> bool:
    """Say whether a bead holds sentences of two units."""
    return len({*source[span[0] : span[1]], *target[span[2] : span[3]]}) > 1


def assert_within_units(beads: Beads, source: Sequence[int], target: Sequence[int]) -> None:
    """Every position lies in exactly one bead, in order; no bead holds two units; all corners are passed through."""
    i = j = 0
    met = {(0, 0)}
    for span in spans_of(beads):
        assert (span[0], span[2]) == (i, j)
        assert not crosses_a_unit(span, source, target)
        i, j = span[1], span[3]
        met.add((i, j))
    assert (i, j) == (len(source), len(target))
    assert {tuple(corner) for corner in find_corners(source, target).tolist()} <= met


def with_units(side: Overlaps, sizes: Sequence[int]) -> Overlaps:
    """Deal the sentences of a document out to units, as many to each as is said, and the rest to the last."""
    numbers = [number for number, size in enumerate(sizes, start=1) for _ in range(size)]
    n_sentences = len(side.sentences)
    return replace(side, units=(numbers + [len(sizes)] * n_sentences)[:n_sentences])


def mirrored(spans: Sequence[tuple[int, ...]]) -> set[tuple[int, ...]]:
    """Beads with text on both sides, their sides exchanged: the order of null beads isn't the same."""
    return {(*span[2:], *span[:2]) for span in spans if span[0] < span[1] and span[2] < span[3]}


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=12),
    st.integers(-2, 2),
    st.sets(st.integers(0, 11)),
    st.integers(0, 99),
    configs,
    st.sampled_from(sorted(MODES)),
)
def test_no_bead_crosses_a_unit_and_mirror_images_hold(
    sizes: list[tuple[int, int]], shift: int, empty: set[int], seed: int, config: AlignConfig, mode: str
) -> None:
    n_source, n_target = (sum(side) for side in zip(*sizes, strict=True))
    whole = document(40, seed)
    sides = []
    for n, start, of_units in ((n_source, 4, [m for m, _ in sizes]), (n_target, 4 + shift, [n for _, n in sizes])):
        rows = [index % 40 for index in range(start, start + n)]
        texts = ["" if place in empty else whole.sentences[row] for place, row in enumerate(rows)]
        sides.append(with_units(with_overlaps(texts, whole.vectors[0][rows].reshape(n, 16)), of_units))
    source, target = sides
    on_demand = MODES[mode] and config.method == "bitext"
    there = align_pair(source, target, config, on_demand)
    assert_within_units(there, source.units, target.units)
    back = align_pair(target, source, config, on_demand)
    assert_within_units(back, target.units, source.units)
    if config.method == "bitext":
        assert mirrored(spans_of(there)) == {span for span in spans_of(back) if span[0] < span[1] and span[2] < span[3]}
        wanted = find_requested_overlaps(source, target, config)
        if wanted.beads is not None:
            assert_within_units(wanted.beads, source.units, target.units)


@given(st.lists(st.integers(1, 5), max_size=9).map(sorted), st.lists(st.integers(1, 5), max_size=9).map(sorted))
def test_corners_are_as_their_definition_says(source: list[int], target: list[int]) -> None:
    borders = [
        (sum(unit < later for unit in source), sum(unit < later for unit in target))
        for later in sorted({*source, *target})[1:]
    ]
    expected = sorted(set(borders)) if source and target else []
    assert [tuple(corner) for corner in find_corners(source, target).tolist()] == expected


def test_thousands_of_units_without_an_anchor_are_searched_whole() -> None:
    # Random vectors of both sides: there are hardly any anchors, and a gap so wide is searched along its diagonal.
    generator = np.random.default_rng(3)
    sizes = [(1, 1) if number % 4 else (0, 5) for number in range(1500)]
    n_source, n_target = (sum(side) for side in zip(*sizes, strict=True))
    target = document(n_target, 1)
    places = np.flatnonzero([m for m, n in sizes for _ in range(n)])
    noisy = target.vectors[0][places] + generator.normal(size=(n_source, 16)) * 0.05
    noisy[100:1000] = generator.normal(size=(900, 16))
    source = with_overlaps(["x" * 20] * n_source, noisy)
    source, target = (with_units(one, [size[at] for size in sizes]) for at, one in enumerate((source, target)))
    beads = align_pair(source, target, CONFIG)
    assert_within_units(beads, source.units, target.units)
    found = {(span[0], span[2]) for span in spans_of(beads) if span[1] - span[0] == span[3] - span[2] == 1}
    right = list(enumerate(places.tolist()))
    assert {*right[:90], *right[1010:]} <= found


def test_a_bead_that_people_have_made_may_cross_a_unit() -> None:
    source = target = replace(document(12), units=[1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4])
    beads = align_pair(source, target, CONFIG, corrections=corrections_of(source, (2, 4, 2, 3)))
    spans = spans_of(beads)
    assert (2, 4, 2, 3) in spans
    assert [span for span in spans if crosses_a_unit(span, source.units, target.units)] == [(2, 4, 2, 3)]


def corrections_of(side: Overlaps, good: tuple[int, int, int, int]) -> Corrections:
    text = describe_text(side.sentences)
    return make_corrections([make_bead_span(*good)], [], text, text)


def test_units_that_are_not_in_step_can_be_left_out_of_account() -> None:
    side = document(12)
    source, target = with_units(side, [3, 3, 3, 3]), with_units(side, [1, 3, 3, 5])
    free = AlignConfig(respect_units=False)
    assert spans_of(align_pair(source, target, free)) == [(i, i + 1, i, i + 1) for i in range(12)]
    assert_within_units(align_pair(source, target, CONFIG), source.units, target.units)


# ---- from a file to beads

UNITS = [
    ("The lamp is lit. Nobody saw the ship.", "Die Lampe brennt."),
    ("The old keeper waited.", "Niemand hat das Schiff gesehen. Der alte Wärter wartete."),
    ("", "Das Meer war ruhig."),
    ("The sea was calm.", ""),
    ("He counted the steps. There were forty.", "Er zählte die Stufen. Es waren vierzig."),
]
"""An aligner that knows no units finds the ship and the sea on both sides, and so crosses units twice."""


def write_csv(path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("en", "de"), *UNITS])


def write_tmx(path: Path) -> None:
    def variant(language: str, text: str) -> str:
        return f'<tuv xml:lang="{language}"><seg>{escape(text)}</seg></tuv>' if text else ""

    units = "".join(f"<tu>{variant('en', english)}{variant('de', german)}</tu>" for english, german in UNITS)
    path.write_text(f'<?xml version="1.0"?><tmx version="1.4"><header/><body>{units}</body></tmx>', encoding="utf-8")


def write_xliff(path: Path) -> None:
    units = "".join(
        f'<trans-unit id="{number}"><source>{english}</source>{target}</trans-unit>'
        for number, (english, german) in enumerate(UNITS)
        for target in [f"<target>{german}</target>" if german else ""]
    )
    head = '<file original="a" source-language="en" target-language="de" datatype="plaintext"><body>'
    path.write_text(
        f'<xliff version="1.2" xmlns="urn:oasis:names:tc:xliff:document:1.2">{head}{units}</body></file></xliff>',
        encoding="utf-8",
    )


WRITERS: dict[str, Callable[[Path], None]] = {"a.csv": write_csv, "a.tmx": write_tmx, "a.xlf": write_xliff}


def beads_of(folder: Path, source: str, target: str, align: str = "", encode: str = "") -> set[tuple[str, str]]:
    """Align two files, or twice the same one; return the beads as their texts, null beads too."""
    (folder / "x.toml").write_text(
        f'[corpus]\nsource = "{source}"\ntarget = "{target}"\nsource_language = "en"\ntarget_language = "de"\n'
        f'[encode]\nencoder = "use-multilingual"\n{encode}\n[align]\n{align}\n'
        '[export]\nformats = ["jsonl"]\nkeep_nulls = true\n',
        encoding="utf-8",
    )
    run_inline(folder / "x.toml", folder / "store", folder / "out", Progress())
    lines = (folder / "out" / "bitext.jsonl").read_text(encoding="utf-8").splitlines()
    return {(row["source"], row["target"]) for row in map(json.loads, lines)}


WITHIN = {
    ("The old keeper waited.", "Der alte Wärter wartete."),
    ("", "Niemand hat das Schiff gesehen."),
    ("", "Das Meer war ruhig."),
    ("The sea was calm.", ""),
    ("He counted the steps.", "Er zählte die Stufen."),
    ("There were forty.", "Es waren vierzig."),
}
ACROSS = {("Nobody saw the ship.", "Niemand hat das Schiff gesehen."), ("The sea was calm.", "Das Meer war ruhig.")}


@pytest.mark.parametrize("encode", ["", 'overlaps = "all"'], ids=["on demand", "all at once"])
@pytest.mark.parametrize("name", WRITERS)
def test_beads_stay_within_the_units_of_a_file(name: str, encode: str, tmp_path: Path) -> None:
    WRITERS[name](tmp_path / name)
    found = beads_of(tmp_path, name, name, encode=encode)
    assert found >= WITHIN
    assert not found & ACROSS
    assert beads_of(tmp_path, name, name, "respect_units = false", encode) >= ACROSS
    assert beads_of(tmp_path, name, name, encode=encode) == found


def test_bertalign_stays_within_units_too(tmp_path: Path) -> None:
    write_tmx(tmp_path / "a.tmx")
    assert not beads_of(tmp_path, "a.tmx", "a.tmx", 'method = "bertalign"') & ACROSS
    assert beads_of(tmp_path, "a.tmx", "a.tmx", 'method = "bertalign"\nrespect_units = false') >= ACROSS


def test_rows_of_two_tables_are_not_the_same_units(tmp_path: Path) -> None:
    write_csv(tmp_path / "a.csv")
    (tmp_path / "b.csv").write_text((tmp_path / "a.csv").read_text(encoding="utf-8") + "One.,Eins.\n", encoding="utf-8")
    assert beads_of(tmp_path, "a.csv", "b.csv") >= ACROSS


def test_files_of_a_document_in_many_files_keep_their_units(tmp_path: Path) -> None:
    for number in (1, 2):
        write_tmx(tmp_path / f"part {number}.tmx")
    found = beads_of(tmp_path, "part {part}.tmx", "part {part}.tmx")
    assert found >= WITHIN
    assert not found & ACROSS
