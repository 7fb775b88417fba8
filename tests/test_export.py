"""What the renderers write is read back by other programs, and is what a person expects to read."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest
from export_pairs import NASTY_TEXTS, any_pair, make_pair
from hypothesis import given
from lxml import etree
from translate.storage.tmx import tmxfile

from pipeline.exports.write import write_pair
from stages.bead_lines import parse_beads
from stages.data import AlignedPair
from stages.export.characters import escape_xml
from stages.export.config import ExportConfig
from stages.export.moses import moses_names, render_moses
from stages.export.render import render
from stages.export.selection import select_units
from stages.export.tmx import TmxRenderer
from stages.export.units import Unit
from stages.text import on_one_line

GOLDEN = Path(__file__).parent / "golden"
DTD = etree.DTD(str(GOLDEN / "tmx14.dtd"))
EVERYTHING = ExportConfig(keep_nulls=True)


def units_of(pair: AlignedPair, config: ExportConfig = EVERYTHING) -> list[Unit]:
    return list(select_units(pair, config, Counter()))


def unescape_tsv(text: str) -> str:
    def one(match: re.Match[str]) -> str:
        return {"\\t": "\t", "\\n": "\n", "\\r": "\r", "\\\\": "\\"}.get(match[0]) or chr(int(match[0][2:], 16))

    return re.sub(r"\\(?:[tnr\\]|u[0-9a-f]{4})", one, text)


def xml_text(text: str) -> str:
    """What a segment holds of a text in a language with spaces: one line, of what XML can hold."""
    text = on_one_line(text, "en")
    return "".join(c for c in text if c in "\t\n\r" or (c >= " " and c not in "\ufffe\uffff"))


nasty_pair = make_pair(NASTY_TEXTS, list(reversed(NASTY_TEXTS)), pair_id="a\tb\n<&>\\\x00\ud800")


# --- which beads, and their texts ---


def test_the_sentences_of_a_bead_are_joined_as_their_language_writes_them():
    pair = make_pair(["One.", "Two."], ["一。", "", "二。"], [(0, 2, 0, 3)], languages=("en", "zh"))
    assert [(unit.source, unit.target) for unit in units_of(pair)] == [("One. Two.", "一。二。")]


def test_min_score_judges_beads_as_written_and_nulls_are_left_to_keep_nulls():
    spans = [(0, 1, 0, 1), (1, 2, 1, 2), (2, 3, 2, 3), (3, 4, 3, 3), (4, 4, 3, 4)]
    pair = make_pair(["a", "b", "c", "d"], ["A", "B", "C", "E"], spans, scores=[0.5, 0.49996, 0.4999, -1, -1])
    counts: Counter[str] = Counter()
    kept = [unit.source for unit in select_units(pair, ExportConfig(min_score=0.5), counts)]
    assert kept == ["a", "b"]
    assert (counts["beads_exported"], counts["low_scores_left_out"], counts["nulls_left_out"]) == (2, 1, 2)
    with_nulls = select_units(pair, ExportConfig(min_score=0.5, keep_nulls=True), counts)
    assert [(unit.source, unit.target) for unit in with_nulls] == [("a", "A"), ("b", "B"), ("d", ""), ("", "E")]


def test_a_bead_with_blank_positions_on_one_side_is_a_null_and_one_without_text_is_never_written():
    pair = make_pair(["a", "", "c"], ["", "", "C"])
    counts: Counter[str] = Counter()
    assert [unit.source for unit in select_units(pair, ExportConfig(), counts)] == ["c"]
    assert (counts["nulls_left_out"], counts["blanks_left_out"]) == (1, 1)
    assert [unit.source for unit in select_units(pair, EVERYTHING, counts)] == ["a", "c"]


def test_numbers_have_four_decimals_and_no_minus_zero():
    pair = make_pair(["a"], ["A"], scores=[-0.00001])
    assert math.copysign(1, units_of(pair)[0].score) == 1
    assert "\t0.0000\t0.0000\t" in render(pair, "tsv")
    assert render(pair, "beads") == "[0]:[0]:0.0000\n"
    assert json.loads(render(make_pair(["a"], ["A"], scores=[2 / 3]), "jsonl"))["score"] == 0.6667


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_score_that_is_no_number_is_refused_by_name(value: float):
    pair = make_pair(["a", "b"], ["A", "B"], scores=[0.1, value])
    for name in ("tsv", "jsonl", "tmx", "beads"):
        with pytest.raises(ValueError, match=r"pair 'story': bead 1 has .* finite"):
            render(pair, name)


def test_lone_surrogates_are_replaced_and_counted():
    counts: Counter[str] = Counter()
    unit = next(select_units(make_pair(["a\ud800b\udfff"], ["\udc80"]), ExportConfig(), counts))
    assert (unit.source, unit.target, counts["surrogates_replaced"]) == ("a\ufffdb\ufffd", "\ufffd", 3)


# --- TSV ---


@given(any_pair())
def test_tsv_has_a_line_a_bead_and_gives_the_texts_back(pair: AlignedPair):
    text = render(pair, "tsv", EVERYTHING)
    header, *lines = text.splitlines()  # splits at everything that Python takes for the end of a line
    rows = [dict(zip(header.split("\t"), line.split("\t"), strict=True)) for line in lines]
    read = [(unescape_tsv(row["source"]), unescape_tsv(row["target"]), float(row["score"])) for row in rows]
    sides = (pair.source_language, pair.target_language)
    assert read == [
        (on_one_line(unit.source, sides[0]), on_one_line(unit.target, sides[1]), unit.score) for unit in units_of(pair)
    ]


@pytest.mark.parametrize(("language", "expected"), [("en", "It was late, and cold."), ("zh", "It was late,and cold.")])
def test_a_text_that_was_wrapped_is_a_line_of_tsv(language: str, expected: str):
    text = render(make_pair(["It was late,\n  and cold."], ["x"], languages=(language, "de")), "tsv")
    assert text.split("\n")[1].split("\t")[0] == expected


def test_csv_and_pandas_read_tsv_back():
    text = render(nasty_pair, "tsv")
    expected = [on_one_line(unit.source, nasty_pair.source_language) for unit in units_of(nasty_pair)]
    by_csv = list(csv.DictReader(io.StringIO(text, newline=""), delimiter="\t", quoting=csv.QUOTE_NONE))
    by_pandas = pd.read_csv(io.StringIO(text), sep="\t", quoting=csv.QUOTE_NONE, keep_default_na=False)
    assert [unescape_tsv(row["source"]) for row in by_csv] == expected
    assert [unescape_tsv(source) for source in by_pandas["source"]] == expected
    assert {unescape_tsv(pair_id) for pair_id in by_pandas["pair_id"]} == {"a\tb\n<&>\\\x00\ufffd"}
    assert by_pandas["source_stop"].tolist() == list(range(1, len(NASTY_TEXTS) + 1))


# --- JSON Lines ---


@given(any_pair())
def test_jsonl_has_a_line_a_bead_and_gives_the_beads_back(pair: AlignedPair):
    rows = [json.loads(line) for line in render(pair, "jsonl", EVERYTHING).splitlines()]
    read = [
        Unit(
            row["source_start"],
            row["source_stop"],
            row["target_start"],
            row["target_stop"],
            row["similarity"],
            row["score"],
            row["source"],
            row["target"],
            row["confidence"],
        )
        for row in rows
    ]
    assert read == units_of(pair)
    assert all(list(row) == render(pair, "tsv").split("\n")[0].split("\t") for row in rows)


def test_jsonl_is_readable_by_people_and_by_pandas():
    text = render(make_pair(["Größe\u2028👍"], ["尺寸"]), "jsonl")
    assert '"source": "Größe\\u2028👍", "target": "尺寸"' in text
    assert pd.read_json(io.StringIO(text), lines=True)["source"].tolist() == ["Größe\u2028👍"]


# --- Moses ---


@given(any_pair())
def test_moses_files_stay_in_step(pair: AlignedPair):
    for config in (EVERYTHING, ExportConfig()):
        counts: Counter[str] = Counter()
        units = units_of(pair, config)
        sources, targets = render_moses(units, ("en", "de"), config.keep_nulls, counts)
        n_lines = len(units) - counts["moses_blanks_left_out"]
        assert len(sources.splitlines()) == len(targets.splitlines()) == n_lines
        assert config.keep_nulls or not any(line == "" for line in sources.split("\n")[:-1] + targets.split("\n")[:-1])


def test_moses_turns_breaks_into_spaces_and_drops_control_characters():
    counts: Counter[str] = Counter()
    pair = make_pair(["a\tb\r\nc\u2028d", "\x00\t\x07", "e"], ["x\x00y\x85z ", "lost with it", "f"])
    assert render_moses(units_of(pair), ("en", "de"), False, counts) == ("a b c d\ne\n", "xy z\nf\n")
    wrapped = make_pair(["一句话\n分两行。"], ["One.\nTwo."], languages=("zh", "en"))
    assert render_moses(units_of(wrapped), ("zh", "en"), False, counts) == ("一句话分两行。\n", "One. Two.\n")
    assert counts == {"moses_characters_removed": 3, "moses_blanks_left_out": 1}


def test_moses_files_are_named_by_languages_and_by_sides_where_these_are_equal():
    assert moses_names("en", "zh-Hant") == ("bitext.en-zh-Hant.en", "bitext.en-zh-Hant.zh-Hant")
    assert moses_names("en", "en") == ("bitext.en-en.en.source", "bitext.en-en.en.target")


# --- TMX ---


@given(any_pair())
def test_tmx_is_valid_and_gives_the_texts_back(pair: AlignedPair):
    root = etree.fromstring(render(pair, "tmx", EVERYTHING).encode())
    assert DTD.validate(root), DTD.error_log
    read = [tuple(seg.text or "" for seg in unit.iter("seg")) for unit in root.iter("tu")]
    assert read == [(xml_text(unit.source), xml_text(unit.target)) for unit in units_of(pair)]


def test_the_dtd_of_these_tests_refuses_what_is_not_tmx():
    good = render(make_pair(["a"], ["A"]), "tmx").encode()
    for part in (b' srclang="en"', b' xml:lang="de"', b"<seg>a</seg>", b"<body>"):
        closing = part.replace(b"<", b"</") if part == b"<body>" else b""
        bad = good.replace(part, b"").replace(closing, b"") if closing else good.replace(part, b"")
        assert not DTD.validate(etree.fromstring(bad)), part


def test_translate_toolkit_reads_tmx_back_equal():
    store = tmxfile.parsestring(render(nasty_pair, "tmx").encode(), sourcelanguage="en", targetlanguage="de")
    read = [(unit.source, unit.target) for unit in store.units]
    assert read == [(xml_text(unit.source), xml_text(unit.target)) for unit in units_of(nasty_pair)]


def test_a_segment_is_one_line_as_its_language_writes_it():
    pair = make_pair(["A wrapped\n  sentence."], ["一句话\n分两行。"], languages=("en", "zh"))
    text = render(pair, "tmx")
    assert "<seg>A wrapped sentence.</seg>" in text
    assert "<seg>一句话分两行。</seg>" in text


def test_tmx_counts_the_characters_that_xml_cannot_hold():
    renderer = TmxRenderer([("en", "de")])
    pair = make_pair(["a\x00\x01\ufffe"], ["\t\uffff\x7f\u2028"])
    assert "<seg>a</seg>" in "".join(renderer.pair(pair, units_of(pair)))
    assert renderer.counts["tmx_characters_removed"] == 4


def test_only_what_xml_cannot_hold_is_removed():
    everything = [chr(code) for code in (*range(0xD800), *range(0xE000, 0x10200), *range(0x10FFF0, 0x110000))]
    escaped, n_removed = escape_xml("".join(everything))
    assert etree.fromstring(f"<seg>{escaped}</seg>").text == "\n".join(map(xml_text, "".join(everything).split("\n")))
    assert n_removed == 32 - 3 + 2  # C0 controls but \t, \n and \r; U+FFFE and U+FFFF


def test_tmx_names_the_source_language_of_each_unit_where_a_run_has_several():
    one = TmxRenderer([("en", "de"), ("en", "zh")])
    assert 'srclang="en"' in one.header()
    several = TmxRenderer([("en", "de"), ("fr", "zh-Hant")])
    pair = make_pair(["un"], ["一"], languages=("fr", "zh-Hant"))
    text = several.header() + "".join(several.pair(pair, units_of(pair))) + several.footer()
    root = etree.fromstring(text.encode())
    assert DTD.validate(root)
    assert root.find("header").get("srclang") == "*all*"
    assert root.find("body/tu").get("srclang") == "fr"
    language = "{http://www.w3.org/XML/1998/namespace}lang"
    assert [variant.get(language) for variant in root.iter("tuv")] == ["fr", "zh-Hant"]


# --- beads ---


@given(any_pair())
def test_beads_hold_every_position_once_and_nulls_one_sentence_each(pair: AlignedPair):
    links = parse_beads(render(pair, "beads", ExportConfig(min_score=9)).splitlines())
    assert [position for link in links for position in link.source] == list(range(len(pair.source)))
    assert [position for link in links for position in link.target] == list(range(len(pair.target)))
    assert all(len(link.source + link.target) == 1 for link in links if not (link.source and link.target))


# --- all of them ---


def test_an_empty_alignment_is_an_empty_file_of_each_format():
    empty = make_pair([], [])
    assert render(empty, "jsonl") == render(empty, "beads") == ""
    assert len(render(empty, "tsv").splitlines()) == 1
    assert DTD.validate(etree.fromstring(render(empty, "tmx").encode()))


def test_an_unknown_format_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match="'xlsx' is not a format of one text file; these are: tsv, "):
        render(make_pair([], []), "xlsx")


@pytest.mark.parametrize(("name", "suffix"), [("tsv", ".tsv"), ("jsonl", ".jsonl"), ("tmx", ".tmx"), ("beads", ".txt")])
def test_a_file_holds_what_is_rendered(name: str, suffix: str, tmp_path: Path):
    path = tmp_path / f"out{suffix.upper()}"
    counts = write_pair(nasty_pair, path)
    assert path.read_bytes().decode() == render(nasty_pair, name)
    assert counts["beads"] == len(NASTY_TEXTS)
