"""Documents made by other programs than those that read them: each gives its paragraphs, in order and whole."""

from __future__ import annotations

import gzip
import hashlib
import io
from datetime import timedelta
from pathlib import Path
from xml.etree import ElementTree

import docx
import mkepub
import pyarrow as pa
import pytest
import srt
import webvtt
from formats import headings, paragraphs, problem, read
from in_memory import read_all
from markdown_it import MarkdownIt
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.platypus import Paragraph, SimpleDocTemplate
from translate.storage.tmx import tmxfile

from pipeline.config.run_config import make_config
from pipeline.corpus.formats.document import DocumentText
from pipeline.corpus.readers import read_documents
from pipeline.corpus.sources import find_pairs
from pipeline.errors import ConfigError
from stages.split import split_document
from stages.split.config import SplitConfig
from stages.text import UNIT_MARK

TEXT = ["The Lighthouse", "Ada rowed out & saw “it” <alone>.", "Żółw – größer, naïve. Next day, she left."]


# ---- pages


@pytest.mark.parametrize("encoding", ["utf-8", "cp1250"])
def test_html_gives_its_blocks_in_the_encoding_it_names(encoding: str, tmp_path: Path) -> None:
    body = MarkdownIt().render("# The Lighthouse\n\nŻółw and *Ada*\nrowed out.\n\n- one\n- two\n\n> quoted\n\n    code")
    page = f"<html><head><meta charset='{encoding}'><title>no</title><script>no()</script></head><body>{body}</body>"
    (tmp_path / "a.html").write_text(page, encoding=encoding)
    expected = ["The Lighthouse", "Żółw and Ada rowed out.", "one", "two", "quoted", "code"]
    assert paragraphs(tmp_path / "a.html") == expected


def test_a_break_ends_a_line_and_two_a_paragraph_and_readings_above_words_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "a.htm").write_text("<p>First<br>Second<br><br/>third <ruby>漢<rt>かん</rt></ruby>字</p>tail")
    assert paragraphs(tmp_path / "a.htm") == ["First\nSecond", "third 漢字", "tail"]


def test_markdown_gives_its_paragraphs_without_marks_or_front_matter(tmp_path: Path) -> None:
    text = "---\ntitle: no\n---\n# A *head*\n\nOne [link](http://x.org)\ngoes on. Two &amp; `three`.\n\n"
    text += "| a | b |\n|--|--|\n| c | d |\n"
    (tmp_path / "a.md").write_text(text)
    assert paragraphs(tmp_path / "a.md") == ["A head", "One link goes on. Two & three.", "a", "b", "c", "d"]


def test_with_is_split_each_paragraph_is_a_line(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("One\ngoes on.\n\nTwo.")
    found = read(tmp_path / "a.md", is_split=True)
    assert isinstance(found, DocumentText)
    assert found.text == "One goes on.\nTwo.\n"


@pytest.mark.parametrize("is_split", [False, True])
def test_headings_are_told_with_their_levels_and_nothing_else_is_a_heading(is_split: bool, tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("# One *two*\n\n### Three\nfour\n\n- # \n")
    assert headings(tmp_path / "a.md") == [(1, "One two"), (3, "Three")]
    found = read(tmp_path / "a.md", is_split=is_split)
    assert isinstance(found, DocumentText)
    result = split_document(found.text, "en", SplitConfig(), is_split)
    assert [one[3:5] for one in result.sentences if one.text] == [("One two", 1), ("Three", 3), ("four", 0)]
    assert all(found.text[one.start : one.stop] == one.text for one in result.sentences)
    assert result.facts["headings"] == 2
    (tmp_path / "b.txt").write_text("\x01 no heading")
    assert paragraphs(tmp_path / "b.txt") == [" no heading"]


# ---- books


def test_epub_by_mkepub_gives_its_pages_in_the_order_of_the_spine(tmp_path: Path) -> None:
    book = mkepub.Book("A book")
    first = book.add_page("z first", "<h1>One</h1><p>Caf&eacute; &amp; bar.</p>")
    book.add_page("a nested", "<p>Nested, żółw.</p>", parent=first)
    book.add_page("m last", "<p>Last<br/>Line.</p>")
    book.save(str(tmp_path / "a.epub"))
    book.tempdir.cleanup()
    found = paragraphs(tmp_path / "a.epub")
    assert (1, "One") in headings(tmp_path / "a.epub")
    assert [one for one in found if one in ("One", "Café & bar.", "Nested, żółw.", "Last\nLine.")] == [
        "One", "Café & bar.", "Nested, żółw.", "Last\nLine.",
    ]  # fmt: skip


def test_docx_by_python_docx_gives_headings_lists_tables_and_links(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_heading("Its title", 0)
    document.add_heading("The Lighthouse", 2)
    paragraph = document.add_paragraph("Ada ")
    paragraph.add_run("rowed").bold = True
    paragraph.add_run(" out & saw <it>.")
    document.add_paragraph("an item", style="List Bullet")
    table = document.add_table(rows=1, cols=2)
    table.rows[0].cells[0].text, table.rows[0].cells[1].text = "left", "right"
    document.save(str(tmp_path / "a.docx"))
    expected = ["Its title", "The Lighthouse", "Ada rowed out & saw <it>.", "an item", "left", "right"]
    assert paragraphs(tmp_path / "a.docx") == expected
    assert headings(tmp_path / "a.docx") == [(1, "Its title"), (2, "The Lighthouse")]


def test_pdf_by_reportlab_gives_its_lines_and_is_called_unreliable(tmp_path: Path) -> None:
    style = getSampleStyleSheet()["Normal"]
    text = "Ada rowed out and saw the lighthouse. " * 20
    SimpleDocTemplate(str(tmp_path / "a.pdf")).build([Paragraph("The Lighthouse", style), Paragraph(text, style)])
    found = read(tmp_path / "a.pdf")
    assert isinstance(found, DocumentText)
    assert found.text.split() == ["The", "Lighthouse", *text.split()]
    assert "guess" in found.notes[0]
    for language in ("en", "de"):
        (tmp_path / f"{language}.pdf").write_bytes((tmp_path / "a.pdf").read_bytes())
    config = make_config(
        {"name": "x", "corpus": {"documents": "{language}.pdf", "pairs": ["en-de"]},
         "encode": {"encoder": "use-multilingual"}}, "x.toml", tmp_path,
    )  # fmt: skip
    notes = read_all(config)[0].notes
    assert [note.partition(",")[0] for note in notes] == ["en.pdf: it is PDF", "de.pdf: it is PDF"]


# ---- XML


def test_tei_gives_its_text_without_header_with_notes_after_their_paragraph(tmp_path: Path) -> None:
    tei = ElementTree.Element("TEI", xmlns="http://www.tei-c.org/ns/1.0")
    header = ElementTree.SubElement(tei, "teiHeader")
    ElementTree.SubElement(header, "title").text = "not this"
    chapter = ElementTree.SubElement(ElementTree.SubElement(ElementTree.SubElement(tei, "text"), "body"), "div")
    ElementTree.SubElement(chapter, "head").text = "Chapter\n   One"
    paragraph = ElementTree.SubElement(chapter, "p")
    paragraph.text = "Ada "
    note = ElementTree.SubElement(paragraph, "note")
    ElementTree.SubElement(note, "p").text = "A name."
    note.tail = "saw "
    choice = ElementTree.SubElement(paragraph, "choice")
    ElementTree.SubElement(choice, "sic").text = "teh"
    ElementTree.SubElement(choice, "corr").text = "the"
    choice.tail = " light"
    ElementTree.SubElement(paragraph, "lb", {"break": "no"}).tail = "house & "
    ElementTree.SubElement(paragraph, "hi").text = "left"
    verse = ElementTree.SubElement(chapter, "lg")
    for line in ("First line,", "second line."):
        ElementTree.SubElement(verse, "l").text = line
    ElementTree.ElementTree(tei).write(tmp_path / "a.xml", encoding="utf-16", xml_declaration=True)
    expected = ["Chapter One", "Ada saw the lighthouse & left", "A name.", "First line,", "second line."]
    assert paragraphs(tmp_path / "a.xml") == expected
    assert headings(tmp_path / "a.xml") == [(1, "Chapter One")]


def test_plain_xml_cuts_at_elements_that_have_no_text_beside_them(tmp_path: Path) -> None:
    book = ElementTree.Element("book")
    ElementTree.SubElement(book, "caption").text = "A caption"
    for words in ("one", "two"):
        paragraph = ElementTree.SubElement(book, "para")
        paragraph.text = f"Some {words} "
        ElementTree.SubElement(paragraph, "em").text = "stressed"
    ElementTree.SubElement(ElementTree.SubElement(book, "para"), "em").text = "All stressed"
    ElementTree.ElementTree(book).write(tmp_path / "a.xml")
    assert paragraphs(tmp_path / "a.xml") == ["A caption", "Some one stressed", "Some two stressed", "All stressed"]


def test_the_titles_of_docbook_are_headings(tmp_path: Path) -> None:
    sections = "".join(f"<section><title>S{n}</title><para>Text <em>x</em>.</para></section>" for n in (1, 2))
    (tmp_path / "a.xml").write_text(f"<book><title>B</title><chapter><title>C</title>{sections}</chapter></book>")
    assert headings(tmp_path / "a.xml") == [(1, "B"), (2, "C"), (3, "S1"), (3, "S2")]


# ---- subtitles


def test_srt_by_srt_gives_what_is_said_and_joins_what_runs_on(tmp_path: Path) -> None:
    says = ["<i>We rowed</i>\nout to", "the lighthouse.", "- Who is there?\n- Ada.", "你好\n世界", "And she left"]
    cues = [srt.Subtitle(n, timedelta(seconds=n), timedelta(seconds=n + 1), text) for n, text in enumerate(says, 1)]
    (tmp_path / "a.srt").write_text(srt.compose(cues), encoding="utf-8-sig")
    expected = ["We rowed out to the lighthouse.", "Who is there?", "Ada.", "你好世界", "And she left"]
    assert paragraphs(tmp_path / "a.srt") == expected


def test_vtt_by_webvtt_gives_what_is_said(tmp_path: Path) -> None:
    made = webvtt.WebVTT()
    made.captions.append(webvtt.Caption("00:00:01.000", "00:00:02.000", "<v Ada>Hello &amp; welcome."))
    made.captions.append(webvtt.Caption("00:00:03.000", "00:00:04.000", "Two\nlines."))
    stream = io.StringIO()
    made.write(stream)
    (tmp_path / "a.vtt").write_text(stream.getvalue().replace("WEBVTT\n", "WEBVTT\n\nNOTE not this\n", 1))
    assert paragraphs(tmp_path / "a.vtt") == ["Hello & welcome.", "Two lines."]


# ---- memories


def test_tmx_by_translate_toolkit_is_two_documents(tmp_path: Path) -> None:
    made = tmxfile()
    for source, target in (("One. Two & <b>.", "Eins. Zwei & <b>."), ("Three.", "Drei.")):
        made.addtranslation(source, "en", target, "de")
    (tmp_path / "memory.tmx").write_bytes(bytes(made))
    sides = {"source": "memory.tmx", "target": "memory.tmx", "source_language": "en", "target_language": "de"}
    config = make_config({"name": "x", "corpus": sides, "encode": {"encoder": "use-multilingual"}}, "x", tmp_path)
    (pair,) = find_pairs(config).pairs
    assert (pair.pair_id, pair.source.name, pair.target.name) == ("memory", "memory.tmx#en", "memory.tmx#de")
    found = dict(read_documents([pair.source, pair.target], config.corpus))
    file = hashlib.sha256(bytes(made)).hexdigest()[:16]
    for side, text in (
        (pair.source, f"{UNIT_MARK}One. Two & <b>.\n\n{UNIT_MARK}Three.\n\n"),
        (pair.target, f"{UNIT_MARK}Eins. Zwei & <b>.\n\n{UNIT_MARK}Drei.\n\n"),
    ):
        assert found[side] == DocumentText(text, bilingual_file=file, n_units=2)
    assert problem(tmp_path / "memory.tmx", "fr") == "memory.tmx holds nothing in 'fr'; it has de, en"
    automatic = config.corpus.model_copy(update={"source_language": "auto"})
    with pytest.raises(ConfigError, match="holds several languages; name the two to read"):
        find_pairs(config.model_copy(update={"corpus": automatic}))


def test_tmx_leaves_out_codes_and_finds_a_near_language(tmp_path: Path) -> None:
    units = (
        '<tu><tuv xml:lang="EN-US"><seg>A <bpt i="1">&lt;b></bpt><hi>bold</hi> <ph>{0}</ph>move</seg></tuv></tu>'
        '<tu><tuv lang="en"><seg>Exact</seg></tuv><tuv lang="en-GB"><seg>British</seg></tuv></tu>'
        '<tu><tuv lang="en-GB"><seg>British</seg></tuv><tuv lang="en-US"><seg>American</seg></tuv></tu>'
    )
    text = f'<?xml version="1.0"?><!DOCTYPE tmx SYSTEM "tmx14.dtd"><tmx><body>{units}</body></tmx>'
    (tmp_path / "a.tmx").write_text(text, encoding="utf-16")
    assert paragraphs(tmp_path / "a.tmx", "en") == ["A bold move", "Exact", "British"]
    assert paragraphs(tmp_path / "a.tmx", "en-US") == ["A bold move", "Exact", "American"]


# ---- packed, rows, and names that don't tell


def test_gzip_is_unpacked_and_read_by_the_name_within(tmp_path: Path) -> None:
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(b"One.\n\nTwo."))
    (tmp_path / "a.html.gz").write_bytes(gzip.compress(b"<p>One.<p>Two."))
    assert paragraphs(tmp_path / "a.txt.gz") == paragraphs(tmp_path / "a.html.gz") == ["One.", "Two."]


def test_a_format_can_be_forced(tmp_path: Path) -> None:
    (tmp_path / "page").write_text("<p>One.<p>Two.")
    assert paragraphs(tmp_path / "page", format="html") == ["One.", "Two."]
    (tmp_path / "page.md").write_text("# not *read*")
    assert paragraphs(tmp_path / "page.md", format="text") == ["# not *read*"]


@pytest.mark.parametrize("kind", ["stream", "file"])
def test_both_formats_of_arrow_files_hold_documents_in_rows(kind: str, tmp_path: Path) -> None:
    make = pa.ipc.new_stream if kind == "stream" else pa.ipc.new_file
    for language in ("en", "de"):
        table = pa.table({"id": [1, 2], "other": [0, 0], "text": [f"One {language}.", f"Two {language}."]})
        with make(str(tmp_path / f"{language}.arrow"), table.schema) as writer:
            writer.write_table(table, max_chunksize=1)
    values = {"name": "x", "corpus": {"documents": "{language}.arrow", "pairs": ["en-de"]}}
    config = make_config({**values, "encode": {"encoder": "use-multilingual"}}, "x", tmp_path)
    sources = [pair.source for pair in find_pairs(config).pairs]
    assert [found.text for _, found in read_documents(sources, config.corpus)] == ["One en.", "Two en."]


def test_a_dataset_saved_by_the_datasets_library_is_read_from_its_folder() -> None:
    """The folder was made with `datasets` 5.2.0: Dataset.from_dict({...}).save_to_disk(folder, num_shards=2)."""
    folder = Path(__file__).parent / "golden"
    corpus = {"documents": "dataset-{language}", "pairs": ["en-de"], "id_column": "name"}
    values = {"name": "x", "corpus": corpus, "encode": {"encoder": "use-multilingual"}}
    config = make_config(values, "x", folder)
    pairs = find_pairs(config).pairs
    assert [pair.pair_id for pair in pairs] == ["a.en-de", "b.en-de", "c.en-de"]
    texts = [found.text for _, found in read_documents([pair.source for pair in pairs], config.corpus)]
    assert texts == ["One.", "Two.", "Three."]
