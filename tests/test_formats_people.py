"""What people's programs put into their files beside the text: a translator finds none of it among the sentences."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import docx
import pytest
from docx.enum.style import WD_STYLE_TYPE
from formats import headings, paragraphs, read
from made_files import NAMES, cues
from reportlab.lib.pagesizes import A5
from reportlab.pdfgen.canvas import Canvas

from pipeline.corpus.formats.document import DocumentText
from pipeline.corpus.formats.pdf_lines import join_pages
from stages.data import TimedText

# ---- pages and books

NOTES = {
    "LibreOffice": (
        'A<a class="sdfootnoteanc" name="sdfootnote1anc" href="#sdfootnote1sym"><sup>1</sup></a> b.',
        '<a class="sdfootnotesym" name="sdfootnote1sym" href="#sdfootnote1anc">1</a>The note.',
    ),
    "LibreOffice's books": (
        'A<sup id="calledF1"><a epub:type="noteref" href="#dataF1">1</a></sup> b.',
        '<span><sup><a href="#calledF1">1</a></sup>The note.</span>',
    ),
    "Writer2xhtml": (
        'A<span><a href="#ftn1" id="body_ftn1">1</a></span> b.',
        '<span><a id="ftn1" href="#body_ftn1">1</a></span>The note.',
    ),
    "pandoc": (
        'A<a href="#fn1" class="footnote-ref" id="fnref1" role="doc-noteref"><sup>1</sup></a> b.',
        'The note.<a href="#fnref1" class="footnote-back" role="doc-backlink">↩︎</a>',
    ),
    "MediaWiki": (
        'A<sup class="reference"><a href="#cite_note-1"><span>[</span>1<span>]</span></a></sup> b.',
        '<a href="#cite_ref-1">↑</a> The note.',
    ),
    "a Chinese book": (
        'A<sup><a href="#n1">［1］</a></sup> b<a id="r2" href="#n2">①</a>.',
        '<a id="n1" href="#r1">〔1〕</a>The note.',
    ),
    "a book": (
        'A<a href="notes.xhtml#n1" epub:type="noteref">*</a> b.',
        '<a href="text.xhtml#r1">*</a> The note.',
    ),
}


@pytest.mark.parametrize("maker", NOTES)
def test_the_numbers_of_notes_are_no_text(maker: str, tmp_path: Path) -> None:
    text, note = NOTES[maker]
    (tmp_path / "a.html").write_text(f"<p>{text}</p><p>{note}</p>")
    assert paragraphs(tmp_path / "a.html") == ["A b.", "The note."]


def test_other_links_are_text(tmp_path: Path) -> None:
    links = (
        'See chapter <a href="#c3">3</a> and <a href="#x" id="y">the light</a>.',
        '<a href="https://example.org/">1</a> is a page.',
        '<a href="#x">Ada</a> left, E = mc<sup>2</sup>.',
        '<a id="x">1</a> is no link.',
    )
    (tmp_path / "a.html").write_text("".join(f"<p>{link}</p>" for link in links))
    assert paragraphs(tmp_path / "a.html") == [
        "See chapter 3 and the light.",
        "1 is a page.",
        "Ada left, E = mc2.",
        "1 is no link.",
    ]


def test_what_a_page_hides_or_has_deleted_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(
        '<div title="header"><p>RUNNING HEAD</p></div>before<h1 hidden>no</h1><pre style="display: none">no</pre>'
        '<p>One <del>no</del><ins>two</ins><span style="color:red;display:none">no</span> three<i hidden>no</i>.</p>'
        "<h2>A head<a href='#h'>¶</a></h2><pre>as  it\nis</pre>after"
    )
    assert paragraphs(tmp_path / "a.html") == ["before", "One two three.", "A head", "as it\nis", "after"]
    assert headings(tmp_path / "a.html") == [(2, "A head")]


def test_soft_hyphens_of_pages_are_left_out_and_those_of_texts_are_not(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text("<h1>Light\u00adhouse</h1>A light&shy;house\u00ad.", encoding="utf-8")
    (tmp_path / "a.txt").write_text("A light\u00adhouse.", encoding="utf-8")
    assert paragraphs(tmp_path / "a.html") == ["Lighthouse", "A lighthouse."]
    assert paragraphs(tmp_path / "a.txt") == ["A light\u00adhouse."]


def test_a_table_of_contents_of_a_book_is_left_out_and_the_menu_of_a_page_is_not(tmp_path: Path) -> None:
    contents = '<nav epub:type="toc" id="toc"><h1>The Book</h1><ol><li><a href="a.xhtml">One</a></li></ol></nav>'
    landmarks = '<nav epub:type="landmarks" hidden="hidden"><ol><li>Title Page</li></ol></nav>'
    namespaces = 'xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"'
    page = f"<html {namespaces}><body>{contents}{landmarks}<nav><p>Home</p></nav><p>One.</p></body></html>"
    (tmp_path / "a.xhtml").write_text(page)
    (tmp_path / "b.html").write_text(page)
    assert paragraphs(tmp_path / "a.xhtml") == paragraphs(tmp_path / "b.html") == ["Home", "One."]


def test_word_hides_words_and_lists_its_headings(tmp_path: Path) -> None:
    document = docx.Document()
    for name in ("toc 1", "toc 2"):
        document.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
    document.add_paragraph("Contents", style="TOC Heading")
    document.add_paragraph("One\t1", style="toc 1")
    document.add_paragraph("Two\t2", style="toc 2")
    paragraph = document.add_paragraph("Ada ")
    paragraph.add_run("never ").font.hidden = True
    paragraph.add_run("rowed ").font.hidden = False
    paragraph.add_run("out.")
    document.save(str(tmp_path / "a.docx"))
    assert paragraphs(tmp_path / "a.docx") == ["Ada rowed out."]


def test_markdown_footnotes_are_paragraphs_without_marks(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(
        "A sentence[^1] with `[^a-z]`.[^two]\n\n[^1]: Ibid.\n[^two]:\n    Two\n    lines.\n\nThe end [^3].\n"
    )
    assert paragraphs(tmp_path / "a.md") == ["A sentence with [^a-z].", "Ibid.", "Two\nlines.", "The end [^3]."]


# ---- XML


def test_a_note_or_picture_does_not_cut_a_sentence_of_docbook(tmp_path: Path) -> None:
    picture = "<inlinemediaobject><imageobject><imagedata fileref='a.png'/></imageobject></inlinemediaobject>"
    (tmp_path / "a.xml").write_text(
        "<article><title>T</title><section><title>S</title>"
        f"<para>A note<footnote><para>The note.</para></footnote> in {picture} the middle.</para>"
        "<figure><title>Caption</title><mediaobject/></figure><para>Next.</para></section></article>"
    )
    assert paragraphs(tmp_path / "a.xml") == ["T", "S", "A note in the middle.", "The note.", "Caption", "Next."]
    assert headings(tmp_path / "a.xml") == [(1, "T"), (2, "S")]


def test_a_figure_does_not_cut_a_sentence_of_tei(tmp_path: Path) -> None:
    figure = "<figure><head>Caption</head><graphic url='a.png'/><figDesc>no</figDesc></figure>"
    (tmp_path / "a.xml").write_text(
        '<TEI xmlns="http://www.tei-c.org/ns/1.0"><text><body><div><head>H</head>'
        f"<p>A picture {figure} stands here.</p>{figure}<p>Next.</p></div></body></text></TEI>"
    )
    assert paragraphs(tmp_path / "a.xml") == ["H", "A picture stands here.", "Caption", "Caption", "Next."]


# ---- PDF


def test_pdf_lines_become_paragraphs_without_running_heads_and_hyphens(tmp_path: Path) -> None:
    canvas = Canvas(str(tmp_path / "a.pdf"), pagesize=A5)
    for number, name in enumerate(NAMES[:4], 1):
        lines = [
            "RUNNING HEAD", f"{name} and the well-known keeper of the lighthouse remem-", f"bered {name}, who acknowl-",
            f"edged {name}. This is the well-", f"known end of {name}.", f"Chapter of {name}.", f"– {number} –",
        ]  # fmt: skip
        for y, line in enumerate(lines):
            canvas.drawString(20, 380 - 20 * y, line)
        canvas.showPage()
    canvas.save()
    found = read(tmp_path / "a.pdf")
    assert isinstance(found, DocumentText)
    expected = [
        text
        for name in NAMES[:4]
        for text in (
            f"{name} and the well-known keeper of the lighthouse remembered {name}, who acknowledged {name}. "
            f"This is the well-known end of {name}.",
            f"Chapter of {name}.",
        )
    ]
    assert found.text == "".join(f"{text}\n\n" for text in expected)
    assert "8 lines that recur" in found.notes[0]
    assert "8 words joined" in found.notes[0]


def test_a_sentence_goes_on_over_the_end_of_a_page() -> None:
    pages = [
        f"Head\nsome words of {name} that are long enough\nand go on over {name} to that\n{n}"
        for n, name in enumerate(NAMES)
    ]
    (paragraph,) = join_pages(pages).paragraphs
    assert paragraph.startswith("some words of Ada that are long enough and go on over Ada to that some words of Berta")


def test_a_line_with_the_number_of_its_page_is_left_out_whatever_else_it_says() -> None:
    pages = [
        f"The text of {name}.\n{n + 7} {name}" if n % 2 else f"The text of {name}.\n{name} {n + 7}"
        for n, name in enumerate(NAMES)
    ]
    assert join_pages(pages).paragraphs == [" ".join(f"The text of {name}." for name in NAMES)]
    assert join_pages(pages).n_left_out == len(NAMES)
    assert join_pages(pages[:2]).n_left_out == 0
    assert join_pages([page.replace("7", "3").replace("8", "3") for page in pages]).n_left_out == 0


def test_what_recurs_in_the_midst_of_pages_stays() -> None:
    pages = [f"{n} a\nb{n}x\nc{n}x\nd{n}x\nAgain.\ne{n}x\nf{n}x\ng{n}x\nh{n}x" for n in range(5)]
    assert sum("Again." in paragraph for paragraph in join_pages(pages).paragraphs) == 5


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("die Vor-\nund Nachteile", ["die Vor- und Nachteile"]),
        ("Jean-\nPaul kam", ["Jean-Paul kam"]),
        ("soft\u00ad\nly, softly", ["softly, softly"]),
        ("remem\x02bered", ["remembered"]),
        ("o\ufb03ce, \ufb01nd", ["office, find"]),
        ("von dem man\n12. Oktober", ["von dem man 12. Oktober"]),
        ("A list of many things:\n1. one\n2. two", ["A list of many things:", "1. one", "2. two"]),
        ("A list of many things\n• one\n\uf0b7 two", ["A list of many things", "one", "two"]),
        ("一二三四五六七八九十\n一二三四五六七八九。\n终", ["一二三四五六七八九十一二三四五六七八九。终"]),
        ("一二三四五六七八九\n一二三四。\nsixteen letters or", ["一二三四五六七八九一二三四。", "sixteen letters or"]),
        ("1 Lighthouses . . . . . . . 7\nA lighthouse.", ["A lighthouse."]),
        ("", []),
    ],
)
def test_lines_are_joined_as_their_words_are_written(lines: str, expected: list[str]) -> None:
    assert join_pages([lines]).paragraphs == expected


# ---- subtitles


def test_a_subtitle_without_words_and_positions_and_colours_are_left_out(tmp_path: Path) -> None:
    text = cues('{\\an8}<font color="red">Hello.</font>', "", "<i> </i>", "Bye.").replace(
        ",900\nBye", ",900  X1:1 Y1:2\nBye"
    )
    (tmp_path / "a.srt").write_text(text, newline="\r\n")
    assert paragraphs(tmp_path / "a.srt") == ["Hello.", "Bye."]
    times = (TimedText(0, 6, 1000, 1900), TimedText(7, 11, 4000, 4900))
    assert read(tmp_path / "a.srt", is_split=True) == DocumentText("Hello.\nBye.\n", times=times)


def test_a_sentence_goes_on_in_the_next_subtitle_also_with_a_capital_letter(tmp_path: Path) -> None:
    says = [
        "I was going to tell", "Ada that...", "...she left.", "[MUSIC]", "We met in", "1923.", "- Who?\n- Me.",
        "CHAPTER ONE", "- He said", "No. And", "♪ la la", "The end.",
    ]  # fmt: skip
    (tmp_path / "a.srt").write_text(cues(*says))
    assert paragraphs(tmp_path / "a.srt") == [
        "I was going to tell Ada that... ...she left.", "[MUSIC]", "We met in 1923.", "Who?", "Me.", "CHAPTER ONE",
        "He said No. And", "♪ la la", "The end.",
    ]  # fmt: skip


def test_without_marks_or_after_a_pause_a_capital_letter_begins_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "a.srt").write_text(cues("We rowed", "Ada sang", "and slept"))
    assert paragraphs(tmp_path / "a.srt") == ["We rowed", "Ada sang and slept"]
    (tmp_path / "b.srt").write_text(cues("One.", "We rowed", "Ada sang.", seconds=4).replace(",900", ",000"))
    assert paragraphs(tmp_path / "b.srt") == ["One.", "We rowed Ada sang."]
    (tmp_path / "c.srt").write_text(cues("One.", "We rowed", "Ada sang.", seconds=4).replace("11,900", "09,000"))
    assert paragraphs(tmp_path / "c.srt") == ["One.", "We rowed", "Ada sang."]


def test_subtitles_are_read_by_their_byte_order_mark(tmp_path: Path) -> None:
    for encoding in ("utf-8-sig", "utf-16", "utf-32"):
        (tmp_path / "a.srt").write_text(cues("Żółw."), encoding=encoding)
        assert paragraphs(tmp_path / "a.srt") == ["Żółw."]
    (tmp_path / "a.srt").write_text(cues("Größe."), encoding="cp1252")
    assert paragraphs(tmp_path / "a.srt", encoding="cp1252") == ["Größe."]


def test_webvtt_comments_names_styles_and_times_within_words_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "a.vtt").write_text(
        "WEBVTT - A title\nKind: captions\n\nSTYLE\n::cue { color: red }\n\nintro\n00:01.000 --> 00:02.000 line:0\n"
        "<v Ada>Hello <00:01.500>there.</v>\n\nNOTE\nno\n\nthe second\n00:03.000 --> 00:04.000\n"
        "<ruby>漢<rt>かん</rt></ruby>字&nbsp;<b>x</b>\n"
    )
    assert paragraphs(tmp_path / "a.vtt") == ["Hello there.", "漢字\xa0x"]


# ---- by other people's programs, where they are installed


@pytest.mark.skipif(shutil.which("pandoc") is None, reason="pandoc is not installed")
def test_what_pandoc_makes_of_a_book_is_the_same_in_every_format(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(
        "# One\n\nA sentence[^1] with a *note*.\n\n[^1]: The note. It is short.\n\n## Two\n\n- first\n- second\n\n"
        "| a | b |\n|---|---|\n| c | d |\n\n> quoted\n\nLine\\\nbreak.\n"
    )
    text = ["One", "A sentence with a note.", "Two", "first", "second", "a", "b", "c", "d", "quoted", "Line break."]
    note = "The note. It is short."
    for name, is_at_end in (("epub", True), ("docx", True), ("html", True), ("tei", False), ("docbook5", False)):
        path = tmp_path / f"a.{name if name in ('epub', 'docx', 'html') else 'xml'}"
        command = ["pandoc", "--standalone", "--toc", "--metadata=title:T", "a.md", "-t", name, "-o", path.name]
        subprocess.run(command, cwd=tmp_path, check=True)
        found = [" ".join(one.split()) for one in paragraphs(path) if one != "T"]
        assert found == ([*text, note] if is_at_end else [*text[:2], note, *text[2:]]), name
        assert [heading for heading in headings(path) if heading[1] != "T"][-2:] == [
            (1, "One"),
            (2, "Two"),
        ]
