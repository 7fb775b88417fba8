"""Tables and files of localisation are two documents each: their rows and units, in the order of the file."""

from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd
import pytest
import xlsxwriter
from formats import paragraphs, problem, read

from pipeline.config.run_config import make_config
from pipeline.corpus.formats.document import DocumentText
from pipeline.corpus.formats.tables import tags_of
from pipeline.corpus.readers import read_documents
from pipeline.corpus.sources import find_pairs
from pipeline.errors import ConfigError
from stages.text import UNIT_MARK

ROWS = [
    ("The lamp is lit, at last.", "Die Lampe brennt, endlich."),
    ('She said "no".', "Sie sagte „nein“."),
    ("One", ""),
]
ENGLISH, GERMAN = (list(filter(None, side)) for side in zip(*ROWS, strict=True))


def both(folder: Path, name: str, **corpus: str) -> list[list[str]]:
    """Return both sides of a file, as a run reads it."""
    sides = {"source": name, "target": name, "source_language": "en", "target_language": "de", **corpus}
    config = make_config({"name": "x", "corpus": sides, "encode": {"encoder": "use-multilingual"}}, "x.toml", folder)
    (pair,) = find_pairs(config).pairs
    found = dict(read_documents([pair.source, pair.target], config.corpus))
    texts = found[pair.source], found[pair.target]
    assert isinstance(texts[0], DocumentText), texts
    assert isinstance(texts[1], DocumentText), texts
    assert texts[0].bilingual_file == texts[1].bilingual_file != ""
    return [text.text.replace(UNIT_MARK, "").removesuffix("\n\n").split("\n\n") for text in texts]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("header", [("id", "en", "de"), ("n", "English", "Deutsch"), ("x", "text_en", "text_de-DE")])
def test_csv_is_two_documents(delimiter: str, header: tuple[str, ...], tmp_path: Path) -> None:
    with (tmp_path / "a.csv").open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows([header, *((n, *row) for n, row in enumerate(ROWS))])
    assert both(tmp_path, "a.csv") == [ENGLISH, GERMAN]


def test_tsv_by_pandas_with_and_without_quotes_is_two_documents(tmp_path: Path) -> None:
    frame = pd.DataFrame(ROWS, columns=["en", "de"])
    frame.to_csv(tmp_path / "a.tsv", sep="\t", index=False)
    assert both(tmp_path, "a.tsv") == [ENGLISH, GERMAN]
    (tmp_path / "b.tsv").write_text('en\tde\nHe said "no" and "yes\tEr sagte "nein" und "ja\n')
    assert both(tmp_path, "b.tsv") == [['He said "no" and "yes'], ['Er sagte "nein" und "ja']]


def test_xlsx_by_xlsxwriter_is_two_documents_and_other_sheets_are_named(tmp_path: Path) -> None:
    with xlsxwriter.Workbook(tmp_path / "a.xlsx") as book:
        sheet = book.add_worksheet("Texts")
        for row, cells in enumerate([("", ""), ("EN", "de-AT"), *ROWS, (7, None)]):
            sheet.write_row(row, 0, cells)
        book.add_worksheet("Notes").write(0, 0, "no")
    assert both(tmp_path, "a.xlsx") == [[*ENGLISH, "7"], GERMAN]
    found = read(tmp_path / "a.xlsx", "en")
    assert isinstance(found, DocumentText)
    assert found.notes == ("only its first sheet, 'Texts', is read, not 'Notes'",)


def test_columns_can_be_named_or_counted(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("Original,Translation\nOne,Eins\n")
    assert both(tmp_path, "a.csv", source_column="Original", target_column="Translation") == [["One"], ["Eins"]]
    assert both(tmp_path, "a.csv", source_column="1", target_column="2") == [
        ["Original", "One"],
        ["Translation", "Eins"],
    ]
    (tmp_path / "pairs.tsv").write_text("pair_id\tsource_path\ttarget_path\nx\ta.csv\ta.csv\n")
    corpus = {"manifest": "pairs.tsv", "source_language": "en", "target_language": "de", "source_column": "Original"}
    config = make_config({"name": "x", "corpus": corpus, "encode": {"encoder": "use-multilingual"}}, "x", tmp_path)
    (pair,) = find_pairs(config).pairs
    assert (pair.source.row, pair.source.column, pair.target.column) == ("en", "Original", None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "Original,Translation\nOne,Eins\n",
            "a.csv has no column that is named 'en'; it has 'Original', 'Translation'. Name",
        ),
        (
            "en-US,en-GB,de\na,b,c\n",
            "a.csv has several columns in 'en': 'en-US', 'en-GB'. Name the columns: [corpus] source",
        ),
    ],
)
def test_a_table_without_the_column_says_which_it_has(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(text)
    assert (
        problem(tmp_path / "a.csv", "en").startswith(message)
        if message
        else paragraphs(tmp_path / "a.csv", "en") == [""]
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("de", {"de"}),
        ("German", {"de"}),
        ("Deutsch (DE)", {"de"}),
        ("text_pt-BR", {"pt"}),
        ("Kommentar", set()),
    ],
)
def test_columns_are_named_after_languages_in_many_ways(name: str, expected: set[str]) -> None:
    assert expected <= tags_of(name)
    assert bool(expected) == bool(tags_of(name))


def test_a_table_needs_the_languages_and_so_does_a_po_file(tmp_path: Path) -> None:
    for name in ("a.csv", "a.po", "a.xlf"):
        (tmp_path / name).write_text("en,de\n")
        with pytest.raises(ConfigError, match="holds several languages; name the two to read"):
            both(tmp_path, name, source_language="auto")


# ---- localisation

PO = (
    'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset={}\\n"\n{}\n'
    '#: a.c:1\nmsgid "The keeper counts the steps."\nmsgstr "Der Wärter zählt die Stufen."\n\n'
    '#, fuzzy\nmsgid "Nobody saw the ship on that day."\nmsgstr "falsch"\n\n'
    'msgid "one step"\nmsgid_plural "{{}} steps"\nmsgstr[0] "eine Stufe"\nmsgstr[1] "{{}} Stufen"\n\n'
    'msgctxt "menu"\nmsgid ""\n"The lamp "\n"is lit."\nmsgstr "Die Lampe brennt."\n\n#~ msgid "gone"\n#~ msgstr "weg"\n'
)
SAID = [
    ["The keeper counts the steps.", "Nobody saw the ship on that day.", "one step", "{} steps", "The lamp is lit."],
    ["Der Wärter zählt die Stufen.", "eine Stufe", "{} Stufen", "Die Lampe brennt."],
]


@pytest.mark.parametrize("encoding", ["UTF-8", "ISO-8859-1"])
@pytest.mark.parametrize("header", ['"Language: de\\n"\n', '"X-Source-Language: en\\n"\n"Language: de_DE\\n"\n', ""])
def test_po_is_two_documents(encoding: str, header: str, tmp_path: Path) -> None:
    (tmp_path / "a.po").write_text(PO.format(encoding, header).replace("{{}}", "{}"), encoding=encoding)
    assert both(tmp_path, "a.po") == SAID
    found = read(tmp_path / "a.po", "de")
    assert isinstance(found, DocumentText)
    assert "1 of its 4 units have no translation, or one that is marked as fuzzy" in found.notes
    assert problem(tmp_path / "a.po", "fr").startswith("a.po holds nothing in 'fr'; it has en and de")


XLIFF = (
    '<?xml version="1.0" encoding="UTF-8"?><xliff version="1.2" xmlns="urn:oasis:names:tc:xliff:document:1.2">'
    '<file original="a.docx" source-language="en-GB" target-language="de" datatype="plaintext"><body>'
    '<trans-unit id="0"><source>Turn it <g id="1">on</g>.<x id="2"/>Then <bpt id="3">&lt;b></bpt>wait'
    '<ept id="3">&lt;/b></ept>.</source><target>Einschalten.<x id="2"/>Dann warten.</target></trans-unit>'
    '<group><trans-unit id="1"><source>Two</source></trans-unit></group></body></file></xliff>'
)
XLIFF_2 = (
    '<xliff version="2.0" xmlns="urn:oasis:names:tc:xliff:document:2.0" srcLang="en" trgLang="de">'
    '<file id="a"><unit id="1">'
    "<segment><source>One <pc id='1'>lamp</pc>.</source><target>Eine Lampe.</target></segment>"
    "<segment><source>Two.</source><target>Zwei.</target></segment></unit></file></xliff>"
)
TS = (
    '<?xml version="1.0" encoding="utf-8"?><!DOCTYPE TS><TS version="2.1" language="de_DE" sourcelanguage="en">'
    "<context>"
    "<name>No</name><message><source>Open</source><translation>Öffnen</translation></message>"
    '<message><source>Close</source><translation type="unfinished"></translation></message></context></TS>'
)


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("a.xlf", XLIFF, [["Turn it on. Then wait.", "Two"], ["Einschalten. Dann warten."]]),
        ("a.sdlxliff", XLIFF_2, [["One lamp.", "Two."], ["Eine Lampe.", "Zwei."]]),
        ("a.ts", TS, [["Open", "Close"], ["Öffnen"]]),
    ],
)
def test_xliff_and_ts_are_two_documents(name: str, text: str, expected: list[list[str]], tmp_path: Path) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert both(tmp_path, name) == expected


def test_xliff_expands_no_entities(tmp_path: Path) -> None:
    (tmp_path / "a.xlf").write_text(XLIFF.replace("<xliff", '<!DOCTYPE x [<!ENTITY a "b">]><xliff', 1))
    assert "declares entities of its own" in problem(tmp_path / "a.xlf", "en")


@pytest.mark.parametrize(
    ("segment", "expected"),
    [
        ("Turn it on.<ph>{1}</ph>Then wait.", "Turn it on. Then wait."),
        ("one<ph>&lt;br/&gt;</ph>two", "one two"),
        ("one<it pos='begin'>x</it>two", "one two"),
        ("un<bpt i='1'>&lt;b></bpt>happy<ept i='1'>&lt;/b></ept>", "unhappy"),
        ("Click<bpt i='1'>&lt;b></bpt>OK<ept i='1'>&lt;/b></ept>", "Click OK"),
        ("Is it?<hi>Yes</hi>,it is", "Is it? Yes,it is"),
        ("3<ph/>.5 and example.<bpt i='1'/>org", "3.5 and example.org"),
        ("你好<ph>x</ph>世界", "你好世界"),
        ("a <ph>x</ph> b", "a b"),
    ],
)
def test_codes_of_a_memory_glue_no_words(segment: str, expected: str, tmp_path: Path) -> None:
    unit = f'<tu><tuv xml:lang="en"><seg>{segment}</seg></tuv></tu>'
    (tmp_path / "a.tmx").write_text(f"<tmx><body>{unit}</body></tmx>")
    assert paragraphs(tmp_path / "a.tmx", "en") == [expected]
