"""Exports for particular programs: Sketch Engine, OPUS, players of films, the Hugging Face Hub, SQLite, XLIFF."""

from __future__ import annotations

import csv
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import openpyxl
import pysubs2
import pytest
import yaml
from export_pairs import NASTY_TEXTS, any_pair, make_pair, with_times
from hypothesis import given
from lxml import etree
from made_files import cues

from pipeline.config.run_config import make_config
from pipeline.corpus.formats.document import Options
from pipeline.corpus.formats.files import read_file
from pipeline.errors import ConfigError
from pipeline.exports.dataset import describe_making
from pipeline.exports.write import write_exports, write_file, write_pair
from pipeline.manifest import pack_times, unpack_times
from stages.data import AlignedPair, Sentence, TimedText
from stages.export.config import ExportConfig
from stages.export.subtitles import list_events, render_subtitles
from stages.split import split_document
from stages.split.config import SplitConfig

EN_DE = [("en", "de")]
EVERYTHING = ExportConfig(keep_nulls=True)


def story() -> AlignedPair:
    return make_pair(
        ["One.", "Two.", "Three.", "Four."], ["Eins.", "Zwei, drei."], [(0, 1, 0, 1), (1, 3, 1, 2), (3, 4, 2, 2)]
    )


# ---- Sketch Engine


def test_sketch_engine_gets_names_of_languages_and_texts_and_nothing_else(tmp_path: Path) -> None:
    pair = make_pair(["=1+1", "two\nlines"], ["猫", "x"], languages=("en", "zh-Hant"))
    write_pair(pair, tmp_path / "a.sketch-engine.xlsx")
    book = openpyxl.load_workbook(tmp_path / "a.sketch-engine.xlsx")
    (sheet,) = book.worksheets
    assert list(sheet.iter_rows(values_only=True)) == [
        ("English", "Chinese Traditional"),
        ("=1+1", "猫"),
        ("two lines", "x"),
    ]
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == (None, None)


@pytest.mark.parametrize(("languages", "names"), [
    (("en", "en"), ("English", "English 2")),
    (("en-GB", "en-US"), ("en-GB", "en-US")),
    (("gsw", "de"), ("gsw", "German")),
])  # fmt: skip
def test_columns_have_different_names(languages: tuple[str, str], names: tuple[str, str], tmp_path: Path) -> None:
    write_pair(make_pair(["a"], ["b"], languages=languages), tmp_path / "a.sketch-engine.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "a.sketch-engine.xlsx").active
    assert sheet is not None
    assert next(sheet.iter_rows(values_only=True)) == names


def test_a_sheet_of_two_languages_takes_no_third(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="has two languages, and the run has 2 pairs of them"):
        write_file([], tmp_path / "a.sketch-engine.xlsx", EVERYTHING, language_pairs=[("en", "de"), ("en", "fr")])


def has_calc() -> bool:
    program = shutil.which("soffice")
    return program is not None and any(Path(program).resolve().parent.glob("libsc*lo.so"))


@pytest.mark.slow
@pytest.mark.skipif(not has_calc(), reason="LibreOffice Calc is not installed")
@pytest.mark.parametrize("name", ["a.xlsx", "a.sketch-engine.xlsx"])
def test_libreoffice_opens_the_sheets(name: str, tmp_path: Path) -> None:
    write_pair(make_pair(["One, “two”.", "=1+1"], ["猫", "مرحبا"]), tmp_path / name)
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    charset = "csv:Text - txt - csv (StarCalc):44,34,76,1"  # commas, quotes, UTF-8
    command = ["soffice", profile, "--headless", "--convert-to", charset, name]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    with (tmp_path / name.replace(".xlsx", ".csv")).open(encoding="utf-8", newline="") as file:
        rows = [row[:2] for row in csv.reader(file)]
    assert rows[1:] == [["One, “two”.", "猫"], ["=1+1", "مرحبا"]]
    assert rows[0] == (["English", "German"] if "sketch" in name else ["source", "target"])


# ---- OPUS


def read_links(path: Path) -> list[tuple[list[str], list[str]]]:
    """Follow the links of a file to the texts."""
    found = []
    for group in etree.parse(str(path)).getroot():
        texts = []
        for key in ("fromDoc", "toDoc"):
            root = etree.parse(str(path.parent / group.get(key, ""))).getroot()
            texts.append({node.get("id"): node.text for node in root.iter("s")})
        for link in group:
            ends = [names.split() for names in link.get("xtargets", "").split(";")]
            found.append(([texts[0][name] for name in ends[0]], [texts[1][name] for name in ends[1]]))
    return found


def test_xces_links_the_sentences_of_both_documents(tmp_path: Path) -> None:
    pairs = [story(), replace(story(), pair_id="a/b <c>")]
    write_exports(pairs, ExportConfig(formats=("xces",), keep_nulls=True), tmp_path, language_pairs=EN_DE)
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.xml")) == [
        "bitext.xces.xml",
        *(f"xces/{name}.{side}.xml" for name in ("a%2Fb%20%3Cc%3E", "story") for side in ("de", "en")),
    ]
    links = [(["One."], ["Eins."]), (["Two.", "Three."], ["Zwei, drei."]), (["Four."], [])]
    assert read_links(tmp_path / "bitext.xces.xml") == links * 2
    write_exports(pairs[:1], ExportConfig(formats=("xces",)), tmp_path, language_pairs=EN_DE)
    assert read_links(tmp_path / "bitext.xces.xml") == links[:2]
    assert len(list((tmp_path / "xces").iterdir())) == 2, "the documents of another pair stayed"


READ_OPUS = """
import sys
from opustools import OpusRead
folder, *written = sys.argv[1:]
OpusRead(
    directory="made", source="en", target="de", preprocess="raw", alignment_file=f"{folder}/bitext.xces.xml",
    download_dir=folder, write_mode="moses", write=written,
).printPairs()
"""


def read_opus(folder: Path, *written: Path) -> None:
    """Have opus_read turn an export into Moses."""
    subprocess.run([sys.executable, "-c", READ_OPUS, folder, *written], check=True, capture_output=True)


def test_the_tools_of_opus_read_it(tmp_path: Path) -> None:
    pair = make_pair([text for text in NASTY_TEXTS if "<" not in text], ["x"] * len(NASTY_TEXTS))
    write_exports(
        [story(), replace(pair, pair_id="nasty")], ExportConfig(formats=("xces",)), tmp_path, language_pairs=EN_DE
    )
    read_opus(tmp_path, tmp_path / "o.en", tmp_path / "o.de")
    lines = (tmp_path / "o.en").read_text(encoding="utf-8").splitlines()
    assert lines[:2] == ["One.", "Two. Three."]
    assert len((tmp_path / "o.de").read_text(encoding="utf-8").split("\n")) - 1 == 2 + len(pair.source)


@given(any_pair())
def test_any_text_is_well_formed_xces(pair: AlignedPair) -> None:
    from stages.export.xces import render_document

    document = etree.fromstring("".join(render_document(pair.source, "en", Counter())).encode())
    assert len(document.findall("p/s")) == sum(bool(sentence.text) for sentence in pair.source)


# ---- subtitles


def subtitled(text: str) -> tuple[list[Sentence], list[TimedText]]:
    """Read SRT as a run does, and split it; times survive the manifest."""
    found = read_file(text.encode(), Path("a.srt"), None, Options(), is_split=False)
    times = unpack_times(pack_times(found.times))
    assert tuple(times) == found.times
    return split_document(found.text, "en", SplitConfig()).sentences, times


def pair_of(source: str, target: str | None = None) -> AlignedPair:
    """Align sentence i with sentence i; without a target, with a translation of letters."""
    sentences, times = subtitled(source)
    if target is None:
        return replace(make_pair(["a"] * len(sentences), ["a"] * len(sentences)), source=sentences, source_times=times)
    others, other_times = subtitled(target)
    return replace(pair_of(source), target=others, target_times=other_times)


def test_times_are_those_of_the_subtitles_in_which_a_sentence_is_said() -> None:
    pair = pair_of(cues("It was raining when", "we came. Nobody was there.", "We waited for him.", seconds=4))
    events = list_events(pair, "source", Counter())
    assert [" ".join(event.source) for event in events] == [
        "It was raining when we came.", "Nobody was there.", "We waited for him.",
    ]  # fmt: skip
    assert (events[0].start_ms, events[2].start_ms, events[2].stop_ms) == (4000, 12_000, 15_900)
    assert 8000 < events[0].stop_ms <= events[1].start_ms < 10_000 < events[1].stop_ms == 11_900


def test_what_several_say_in_one_subtitle_stays_together() -> None:
    pair = pair_of(cues("- Who is there?\n- Only me.", "One sentence. Two sentences."))
    assert render_subtitles(pair, "srt", "source", Counter()).split("\n\n") == [
        "1\n00:00:01,000 --> 00:00:01,900\n- Who is there?\n- Only me.\n- a\n- a",
        "2\n00:00:02,000 --> 00:00:02,900\nOne sentence. Two sentences.\na a",
        "",
    ]


def test_what_could_not_be_read_in_its_time_is_shown_with_its_neighbour() -> None:
    (event,) = list_events(pair_of(cues("Nobody had lived there", "for years. Yes.", seconds=2)), "source", Counter())
    assert event == (2000, 5900, ("Nobody had lived there for years. Yes.",), ("a a",))


def test_times_are_those_of_the_side_that_is_asked_for() -> None:
    early, late = cues("One.", "Two."), cues("Eins.", "Zwei.").replace("00:00:0", "00:01:0")
    pair = pair_of(early, late)
    assert [event.start_ms for event in list_events(pair, "source", Counter())] == [1000, 2000]
    assert [event.start_ms for event in list_events(pair, "target", Counter())] == [61_000, 62_000]
    only_target = replace(pair, source_times=())
    assert [event.start_ms for event in list_events(only_target, "source", Counter())] == [61_000, 62_000]


def test_a_sentence_without_translation_is_kept_and_one_without_time_is_counted() -> None:
    pair = make_pair(["One.", "Two."], ["Eins.", "Drei."], [(0, 1, 0, 1), (1, 2, 1, 1), (2, 2, 1, 2)])
    counts: Counter[str] = Counter()
    events = list_events(with_times(pair), "source", counts)
    assert [(event.source, event.target) for event in events] == [(("One.",), ("Eins.",)), (("Two.",), ())]
    assert counts["subtitles_untimed_left_out"] == 1


@given(any_pair())
def test_any_subtitles_are_read_by_another_program(pair: AlignedPair) -> None:
    timed = with_times(pair)
    n_events = len(list_events(timed, "source", Counter()))
    for kind in ("srt", "ass"):
        read = pysubs2.SSAFile.from_string(render_subtitles(timed, kind, "source", Counter()), format_=kind)  # type: ignore[arg-type]
        assert len(read) == n_events
    assert all(event.start < event.end for event in read)


def test_ass_has_a_style_for_the_translation_and_no_commands_of_its_text() -> None:
    pair = with_times(make_pair([r"a \N {\b1} b"], ["Eins."]))
    (event,) = pysubs2.SSAFile.from_string(render_subtitles(pair, "ass", "source", Counter()))
    assert (event.start, event.end) == (0, 1000)
    assert event.text == "a \\\u2060N \\{\\\u2060b1\\} b\\N{\\rTranslation}Eins."


def test_without_times_it_says_what_is_needed(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"pair 'story': subtitles need times.*\.srt, \.vtt"):
        write_pair(story(), tmp_path / "a.srt")
    with pytest.raises(ConfigError, match=r"no pair has times.*take srt and ass out of \[export\] formats"):
        write_exports([story()], ExportConfig(formats=("ass",)), tmp_path / "out", language_pairs=EN_DE)
    pairs = [story(), with_times(replace(story(), pair_id="film"))]
    counts = write_exports(pairs, ExportConfig(formats=("srt", "ass")), tmp_path / "out", language_pairs=EN_DE)
    assert sorted(path.name for path in (tmp_path / "out" / "subtitles").iterdir()) == ["film.ass", "film.srt"]
    assert counts["pairs_without_times"] == 1


# ---- the Hugging Face Hub


LOAD = """
import json, sys
from datasets import get_dataset_config_names, load_dataset
names = get_dataset_config_names(sys.argv[1])
rows = {name: load_dataset(sys.argv[1], name, split="train").to_list() for name in names}
print(json.dumps(rows))
"""


def write_dataset(folder: Path) -> None:
    other = make_pair(["One."], ["一。"], languages=("en", "zh-Hant"), pair_id="\ud800")
    config = ExportConfig(formats=("hugging-face",), keep_nulls=True)
    write_exports([story(), other], config, folder, language_pairs=[("en", "de"), ("en", "zh-Hant")])


def test_a_dataset_folder_is_loaded_by_datasets(tmp_path: Path) -> None:
    write_dataset(tmp_path)
    environment = {**os.environ, "HF_HOME": str(tmp_path / "home"), "HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}
    command = [sys.executable, "-c", LOAD, str(tmp_path / "dataset")]
    rows = json.loads(subprocess.run(command, env=environment, capture_output=True, check=True, text=True).stdout)
    assert {name: [row["translation"] for row in found] for name, found in rows.items()} == {
        "en-de": [
            {"en": "One.", "de": "Eins."},
            {"en": "Two. Three.", "de": "Zwei, drei."},
            {"en": "Four.", "de": ""},
        ],
        "en-zh-Hant": [{"en": "One.", "zh-Hant": "一。"}],
    }
    assert rows["en-de"][1]["source_stop"] == 3


def test_its_card_says_languages_sizes_versions_settings_and_leaves_the_licence_open(tmp_path: Path) -> None:
    write_dataset(tmp_path)
    _, front, text = (tmp_path / "dataset" / "README.md").read_text().split("---\n", 2)
    values = yaml.safe_load(front)
    assert (values["language"], values["size_categories"]) == (["de", "en", "zh"], ["n<1K"])
    assert [one["config_name"] for one in values["configs"]] == ["en-de", "en-zh-Hant"]
    assert "license" not in values
    assert "| en-de | 3 |" in text
    (tmp_path / "my-model").mkdir()
    (tmp_path / "my-model" / "modules.json").write_text("[]")
    corpus = {"documents": "{language}/*.txt", "pairs": ["en-de"]}
    values = {"name": "a", "corpus": corpus, "encode": {"encoder": "./my-model"}}
    making = describe_making(make_config(values, where="here", folder=tmp_path))
    assert "- bitext-pipeline " in making
    assert '"encoder": "my-model"' in making
    assert str(tmp_path) not in making


# ---- SQLite


def test_sqlite_has_a_row_for_each_bead_and_equal_exports_are_equal_files(tmp_path: Path) -> None:
    pair = make_pair(["=1", "\ud800 ' \x00"], ["a", "b"], pair_id="it's")
    for name in ("a.sqlite", "b.sqlite"):
        write_pair(pair, tmp_path / name)
    assert (tmp_path / "a.sqlite").read_bytes() == (tmp_path / "b.sqlite").read_bytes()
    database = sqlite3.connect(tmp_path / "a.sqlite")
    rows = database.execute("select source, target, source_stop, pair_id from beads order by source_start").fetchall()
    assert rows == [("=1", "a", 1, "it's"), ("\ufffd ' \x00", "b", 2, "it's")]
    columns = [row[1] for row in database.execute("pragma table_info(beads)")]
    database.close()
    write_pair(pair, tmp_path / "a.tsv")
    assert columns == (tmp_path / "a.tsv").read_text().split("\n")[0].split("\t")


# ---- XLIFF


SCHEMA = Path("/usr/share/php/Symfony/Component/Translation/Resources/schemas/xliff-core-2.0.xsd")
"""The OASIS schema, as the Debian package php-symfony-translation has it."""


@pytest.mark.skipif(not SCHEMA.exists(), reason="the schema of XLIFF (php-symfony-translation) is not installed")
def test_xliff_is_valid_by_the_schema_of_oasis(tmp_path: Path) -> None:
    parser = etree.XMLParser()
    text = SCHEMA.read_bytes()
    schema = etree.fromstring(text, parser)
    for node in schema.iter("{http://www.w3.org/2001/XMLSchema}import"):
        node.set("schemaLocation", (SCHEMA.parent / "xml.xsd").as_uri())
    checked = etree.XMLSchema(schema)
    pairs = [story(), make_pair(NASTY_TEXTS, NASTY_TEXTS, pair_id="\ud800 <&\x00"), make_pair([], [], pair_id="empty")]
    write_file(pairs, tmp_path / "a.xliff", EVERYTHING, language_pairs=EN_DE)
    assert checked.validate(etree.parse(str(tmp_path / "a.xliff"))), checked.error_log
