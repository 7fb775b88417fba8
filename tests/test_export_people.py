"""Exports for people and their programs: sheets, TEI, memories of several languages; and what filters leave out."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest
from export_pairs import NASTY_TEXTS, any_pair, make_pair
from hypothesis import given, settings
from lxml import etree
from translate.storage.tmx import tmxfile

from pipeline.config.run_config import make_config
from pipeline.corpus.languages import detect_language
from pipeline.errors import ConfigError
from pipeline.exports import xlsx
from pipeline.exports.write import describe_left_out, write_exports, write_file, write_pair
from stages.data import AlignedPair
from stages.export.characters import XML_FORBIDDEN, replace_surrogates
from stages.export.config import ExportConfig
from stages.export.multi_tmx import TranslatedSpan, Translation, merge
from stages.export.render import render
from stages.export.selection import FILTERS, Selection
from stages.text import on_one_line

EVERYTHING = ExportConfig(keep_nulls=True)
XML_ID = "{http://www.w3.org/XML/1998/namespace}id"
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
TEI = "{http://www.tei-c.org/ns/1.0}"


def held(text: str) -> str:
    """What a cell holds of a text in a language with spaces."""
    return XML_FORBIDDEN.sub(
        "", replace_surrogates(on_one_line(text, "en"))[0].replace("\r\n", "\n").replace("\r", "\n")
    )


# ---- sheets


def rows_of(path: Path, sheet: str = "bitext") -> list[tuple[Any, ...]]:
    return list(openpyxl.load_workbook(path)[sheet].iter_rows(values_only=True))


def test_a_sheet_read_by_openpyxl_holds_every_bead(tmp_path: Path) -> None:
    texts = [*NASTY_TEXTS, "=1+1", "+1", "@x", "-1", "007", "1e5", "https://example.org", "TRUE", "{=1}", " around "]
    pair = make_pair(texts, [text[::-1] for text in texts], pair_id="=pair", languages=("ar", "de"))
    write_pair(pair, tmp_path / "a.xlsx")
    head, *rows = rows_of(tmp_path / "a.xlsx")
    assert head == ("source", "target", "type", "similarity", "confidence", "pair_id")
    assert [row[0] for row in rows] == [held(text) for text in texts]
    assert [row[1] for row in rows] == [held(text[::-1]) for text in texts]
    assert {row[2:] for row in rows} == {("1-1", 0.25, 0.5, "=pair")}
    sheet = openpyxl.load_workbook(tmp_path / "a.xlsx")["bitext"]
    assert {cell.data_type for row in sheet.iter_rows(max_col=2) for cell in row} <= {"s", "inlineStr"}
    assert (sheet["A2"].alignment.readingOrder, sheet["B2"].alignment.readingOrder) == (2, 0)
    assert sheet["A2"].alignment.wrap_text
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("A2", f"A1:F{len(texts) + 1}")
    assert sheet.column_dimensions["A"].width > 50


def test_a_row_is_as_high_as_its_longer_text_and_a_sheet_is_printed_a_page_wide(tmp_path: Path) -> None:
    """LibreOffice 7.4 shows one line of a text whose row has no height; without customHeight rows grow with edits."""
    texts = ["short", "word " * 20, "wrapped\nlines", "一" * 60, "x" * 40_000]
    write_pair(make_pair(texts, ["a"] * 4 + ["word " * 50]), tmp_path / "a.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "a.xlsx")["bitext"]
    heights = [sheet.row_dimensions[row].height for row in range(1, len(texts) + 2)]
    assert heights == [None, 15, 30, 15, 45, 409]
    assert b"customHeight" not in zipfile.ZipFile(tmp_path / "a.xlsx").read("xl/worksheets/sheet1.xml")
    assert (sheet.page_setup.orientation, sheet.page_setup.fitToHeight, sheet.print_title_rows) == (
        "landscape",
        0,
        "$1:$1",
    )


def test_what_a_cell_cannot_hold_is_counted(tmp_path: Path) -> None:
    pair = make_pair(["a\x00b", "😀" * 20_000, "c", ""], ["A", "B", "C", "D"])
    pair = replace(pair, beads=replace(pair.beads, confidence=np.array([1, 1, np.nan, 1], dtype=np.float32)))
    counts = write_file([pair], tmp_path / "a.xlsx", EVERYTHING, language_pairs=[("en", "de")])
    rows = rows_of(tmp_path / "a.xlsx")
    assert (counts["xlsx_characters_removed"], counts["xlsx_texts_cut"]) == (1, 1)
    assert rows[1][0] == "ab"
    assert len(rows[2][0].encode("utf-16-le")) // 2 <= xlsx.MAX_UNITS
    assert rows[2][0].endswith("😀 […]")
    assert rows[3][4] is None
    assert not rows[4][0]


def test_what_is_too_much_for_a_sheet_goes_on_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx, "MAX_ROWS", 3)
    write_pair(make_pair(list("abcde"), list("ABCDE")), tmp_path / "a.xlsx")
    assert [row[0] for row in rows_of(tmp_path / "a.xlsx")] == ["source", "a", "b"]
    assert [row[0] for row in rows_of(tmp_path / "a.xlsx", "bitext 2")] == ["source", "c", "d"]
    assert [row[0] for row in rows_of(tmp_path / "a.xlsx", "bitext 3")] == ["source", "e"]


FULL = """
import resource, sys
from pathlib import Path
from export_pairs import make_pair
from pipeline.errors import StoreError
from pipeline.exports.write import write_pair

resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
texts = [f"{number} is a number" * 9 for number in range(2000)]
try:
    write_pair(make_pair(texts, texts), Path(sys.argv[1]))
except StoreError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits the size of files as Linux does")
@pytest.mark.parametrize("limit", [0, 2_000, 100_000])
def test_a_sheet_that_does_not_fit_on_the_disk_is_said_and_leaves_nothing(limit: int, tmp_path: Path) -> None:
    command = [sys.executable, "-c", FULL, str(tmp_path / "a.xlsx"), str(limit)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert "Traceback" not in done.stderr
    assert done.stdout.startswith(f"{tmp_path} can't be written: a file may not be so large here")
    assert list(tmp_path.iterdir()) == []


def test_equal_sheets_are_equal_files_and_an_empty_run_is_an_empty_sheet(tmp_path: Path) -> None:
    for name in ("a.xlsx", "b.xlsx"):
        write_pair(make_pair(["a"], ["b"]), tmp_path / name)
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()
    assert b"2000-01-01" in zipfile.ZipFile(tmp_path / "a.xlsx").read("docProps/core.xml")
    write_file([], tmp_path / "c.xlsx", EVERYTHING, language_pairs=[])
    assert len(rows_of(tmp_path / "c.xlsx")) == 1


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("ar", True),
        ("he", True),
        ("fa-IR", True),
        ("de", False),
        ("az-Arab", True),
        ("ar-Latn", False),
        ("zh-Hant", False),
    ],
)
def test_the_direction_is_that_of_the_language_or_of_the_script_it_names(language: str, expected: bool) -> None:
    assert xlsx.is_right_to_left(language) is expected


# ---- TEI


def beads_of_tei(corpus: Any) -> list[tuple[list[str], list[str]]]:
    """Follow the links of one pair to the texts of the sentences that they point to."""
    ids = {element.get(XML_ID): element for element in corpus.iter() if element.get(XML_ID)}

    def texts(pointer: str) -> list[str]:
        element = ids[pointer.removeprefix("#")]
        if element.tag == f"{TEI}ptr":
            return [text for one in element.get("target").split() for text in texts(one)]
        return ["".join(element.itertext())]

    links = corpus.findall(f"{TEI}standOff/{TEI}linkGrp/{TEI}link")
    return [tuple(texts(end) for end in link.get("target").split()) for link in links]


@settings(max_examples=50)
@given(any_pair())
def test_tei_links_lead_to_the_sentences_of_each_bead(pair: AlignedPair) -> None:
    root = etree.fromstring(render(pair, "tei").encode())
    spans = zip(
        *(
            getattr(pair.beads, name).tolist()
            for name in ("source_start", "source_stop", "target_start", "target_stop")
        ),
        strict=True,
    )

    def kept(sentences: Any) -> list[str]:
        return [XML_FORBIDDEN.sub("", replace_surrogates(sentence.text)[0]) for sentence in sentences]

    expected = [
        (kept(pair.source[a:b]), kept(pair.target[c:d]))
        for a, b, c, d in spans
        if any(one.text for one in pair.source[a:b]) and any(one.text for one in pair.target[c:d])
    ]
    assert beads_of_tei(root.find(f"{TEI}teiCorpus")) == expected
    texts = root.findall(f"{TEI}teiCorpus/{TEI}TEI")
    assert [text.get(XML_LANG) for text in texts] == ["en", "de"]
    assert [["".join(s.itertext()) for s in text.iter(f"{TEI}s")] for text in texts] == [
        kept(pair.source),
        kept(pair.target),
    ]


def test_tei_keeps_paragraphs_confidence_and_order_and_ids_differ_between_pairs(tmp_path: Path) -> None:
    pair = make_pair(["a", "b", "c"], ["A", "B"], [(0, 2, 0, 1), (2, 3, 1, 2)], scores=[0.5, 0.25])
    pair.source[1:] = [one._replace(paragraph=1) for one in pair.source[1:]]
    config = ExportConfig(formats=("tei",), min_score=0.3)
    counts = write_exports([pair, pair], config, tmp_path, language_pairs=[("en", "de")])
    root = etree.parse(tmp_path / "bitext.tei.xml").getroot()
    ids = [element.get(XML_ID) for element in root.iter() if element.get(XML_ID)]
    assert len(set(ids)) == len(ids) == 2 * (5 + 1)
    for corpus in root.findall(f"{TEI}teiCorpus"):
        assert [child.tag.removeprefix(TEI) for child in corpus] == ["teiHeader", "standOff", "TEI", "TEI"]
        assert [link.get("cert") for link in corpus.iter(f"{TEI}link")] == ["0.5000"]
        assert [len(p) for p in corpus.find(f"{TEI}TEI").iter(f"{TEI}body").__next__()] == [1, 2]
    assert counts["low_scores_left_out"] == 2


def test_tei_of_a_run_without_pairs_holds_the_text_that_a_corpus_must_hold(tmp_path: Path) -> None:
    write_file([], tmp_path / "a.xml", ExportConfig(), language_pairs=[])
    root = etree.parse(tmp_path / "a.xml").getroot()
    assert [child.tag.removeprefix(TEI) for child in root] == ["teiHeader", "TEI"]
    assert root.find(f"{TEI}TEI/{TEI}text/{TEI}body/{TEI}p") is not None


# ---- TMX with several languages


def read_units(path: Path) -> list[list[tuple[str, str]]]:
    root = etree.parse(path).getroot()
    return [[(tuv.get(XML_LANG), tuv.findtext("seg")) for tuv in unit.iter("tuv")] for unit in root.iter("tu")]


def test_pairs_of_one_source_become_units_of_several_languages(tmp_path: Path) -> None:
    source = ["One.", "Two.", "Three.", "Four.", "Five."]
    german = make_pair(
        source, ["Eins.", "Zwei-drei.", "Vier."], [(0, 1, 0, 1), (1, 3, 1, 2), (3, 4, 2, 3), (4, 5, 3, 3)]
    )
    other = make_pair(["Alone."], ["Allein."], pair_id="other")
    chinese = make_pair(
        source, ["一。", "二。", "三四。", "五", "。"], [(0, 1, 0, 1), (1, 2, 1, 2), (2, 4, 2, 3), (4, 5, 3, 5)],
        pair_id="zh", languages=("en", "zh"),
    )  # fmt: skip
    config = ExportConfig(formats=("multi-tmx",))
    languages = [("en", "de"), ("en", "zh")]
    counts = write_exports([german, other, chinese], config, tmp_path, language_pairs=languages)
    assert [path.name for path in tmp_path.iterdir()] == ["bitext.multi.tmx"]
    assert read_units(tmp_path / "bitext.multi.tmx") == [
        [("en", "One."), ("de", "Eins."), ("zh", "一。")],
        [("en", "Two. Three. Four."), ("de", "Zwei-drei. Vier."), ("zh", "二。三四。")],
        [("en", "Five."), ("zh", "五。")],
        [("en", "Alone."), ("de", "Allein.")],
    ]
    assert counts["multi_tmx_units"] == 4
    for language, expected in (
        ("de", ["Eins.", "Zwei-drei. Vier.", "Allein."]),
        ("zh", ["一。", "二。三四。", "五。"]),
    ):
        read = tmxfile.parsefile(str(tmp_path / "bitext.multi.tmx"))
        read.setsourcelanguage("en")
        found = [unit.gettarget(language) for unit in read.units]
        assert [str(one) for one in found if one] == expected


def test_a_translation_that_lacks_part_of_a_piece_is_left_out_of_it() -> None:
    whole = Translation("a", "de", [TranslatedSpan(0, 2, "Eins-zwei."), TranslatedSpan(3, 4, "Drei.")])
    part = Translation("b", "fr", [TranslatedSpan(0, 1, "Un."), TranslatedSpan(3, 4, "Trois.")])
    rows = list(merge("en", ["One.", "Two.", "", "Three."], [whole, part]))
    assert [(row.source, [text for _, text in row.targets]) for row in rows] == [
        ("One. Two.", ["Eins-zwei."]),
        ("Three.", ["Drei.", "Trois."]),
    ]


@settings(max_examples=50)
@given(any_pair())
def test_of_one_pair_nothing_is_merged_or_lost(pair: AlignedPair) -> None:
    units = list(Selection(ExportConfig()).units(pair, Counter()))
    pieces = [TranslatedSpan(unit.source_start, unit.source_stop, unit.target) for unit in units]
    sentences = [replace_surrogates(one.text)[0] for one in pair.source]
    rows = list(merge("en", sentences, [Translation("", "de", pieces)]))
    assert [(row.source, row.targets[0][1]) for row in rows] == [(unit.source, unit.target) for unit in units]


# ---- filters


def left_out(pair: AlignedPair, **filters: Any) -> tuple[list[str], dict[str, int]]:
    counts: Counter[str] = Counter()
    kept = [unit.source for unit in Selection(ExportConfig(**filters), detect_language).units(pair, counts)]
    return kept, {name: counts[name] for name in FILTERS if counts[name]}


def test_no_filter_is_on_by_default() -> None:
    pair = make_pair(["same", "same", ""], ["same", "same", "x"], scores=[-1, -1, 0])
    assert left_out(pair) == (["same", "same"], {})


def test_beads_of_low_confidence_or_similarity_are_left_out() -> None:
    pair = make_pair(["a", "b", "c"], ["A", "B", "C"], scores=[0.9, 0.5, 0.1])
    assert left_out(pair, min_confidence=0.5) == (["a", "b"], {"low_confidences_left_out": 1})
    assert left_out(pair, min_similarity=0.25) == (["a", "b"], {"low_similarities_left_out": 1})
    pair = replace(pair, beads=replace(pair.beads, confidence=np.array([np.nan, 1, 0.1], dtype=np.float32)))
    assert left_out(pair, min_confidence=0.5)[0] == ["a", "b"]  # a person's bead has none, and is right


def test_lengths_are_judged_by_what_the_pair_leads_one_to_expect() -> None:
    source = ["Twelve chars"] * 9 + ["Twelve chars"]
    pair = make_pair(source, ["四个字。"] * 9 + ["四" * 20], languages=("en", "zh"))
    kept, counts = left_out(pair, max_length_ratio=2)
    assert (len(kept), counts) == (9, {"odd_lengths_left_out": 1})


def test_identical_sides_and_texts_seen_before_are_left_out_over_pairs() -> None:
    pair = make_pair(["a b", "Foo  BAR", "a b", "a b"], ["A-B", "foo bar", "A-B", "other"])
    assert left_out(pair, drop_identical=True) == (["a b", "a b", "a b"], {"identical_left_out": 1})
    assert left_out(pair, drop_duplicates=True) == (["a b", "Foo  BAR", "a b"], {"duplicates_left_out": 1})
    selection, counts = Selection(ExportConfig(drop_duplicates=True)), Counter[str]()
    assert len(list(selection.units(pair, counts))) == 3
    assert list(selection.units(pair, counts)) == []
    assert counts["duplicates_left_out"] == 5


def test_a_text_in_another_language_is_left_out_if_it_is_long_enough_to_tell() -> None:
    english = "The lighthouse stands on a rock, and nobody remembers who built it there."
    german = "Der Leuchtturm steht auf einem Felsen, und niemand weiß mehr, wer ihn gebaut hat."
    pair = make_pair([english, english, german, "Felsen"], [german, english, german, "Felsen"])
    kept, counts = left_out(pair, drop_wrong_language=True)
    assert (kept, counts) == ([english, "Felsen"], {"wrong_language_left_out": 2})


def test_nulls_pass_all_filters_and_beads_hold_everything(tmp_path: Path) -> None:
    pair = make_pair(["a", "b"], ["A"], [(0, 1, 0, 1), (1, 2, 1, 1)], scores=[0.1, 0.1])
    config = ExportConfig(formats=("tsv", "beads"), keep_nulls=True, min_confidence=0.9, drop_duplicates=True)
    counts = write_exports([pair], config, tmp_path, language_pairs=[("en", "de")])
    assert (counts["beads_exported"], counts["low_confidences_left_out"]) == (1, 1)
    assert len((tmp_path / "beads" / "story.beads.txt").read_text().splitlines()) == 2
    note = "left out of the exports by the filters of [export]: 1 low confidence"
    assert describe_left_out(counts) == [note]
    assert describe_left_out(Counter(nulls_left_out=3)) == []
    assert re.fullmatch("[a-z ]+", FILTERS[0].replace("_", " "))


def test_a_confidence_that_is_not_measured_cannot_be_asked_for(tmp_path: Path) -> None:
    corpus = {"documents": "{language}.txt", "pairs": ["en-de"]}
    values = {
        "name": "x",
        "corpus": corpus,
        "encode": {"encoder": "use-multilingual"},
        "align": {"method": "bertalign"},
    }
    with pytest.raises(ConfigError, match=r"export\.min_confidence: 0\.5 is not valid with the method bertalign"):
        make_config({**values, "export": {"min_confidence": 0.5}}, "x.toml", tmp_path)
