"""No word is lost and none is added: DOCX, books, pages of books, subtitles, and the breaks within lines."""

from __future__ import annotations

import zipfile
from pathlib import Path

import docx
import pytest
from formats import paragraphs, read
from made_files import NAMES, cues, make_epub

from pipeline.corpus.formats.document import DocumentText
from pipeline.corpus.formats.html import join_lines
from pipeline.corpus.formats.pdf_lines import join_pages

SPACES = " ".join(
    f'xmlns:{prefix}="{address}"'
    for prefix, address in {
        "w": "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
        "m": "http://schemas.openxmlformats.org/officeDocument/2006/math",
        "mc": "http://schemas.openxmlformats.org/markup-compatibility/2006",
        "v": "urn:schemas-microsoft-com:vml",
    }.items()
)


def make_docx(path: Path, body: str, **parts: str) -> None:
    """Put WordprocessingML into an empty document of python-docx."""
    docx.Document().save(str(path))
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["word/document.xml"] = f"<w:document {SPACES}><w:body>{body}</w:body></w:document>".encode()
    members |= {f"word/{name}.xml": f"<w:x {SPACES}>{text}</w:x>".encode() for name, text in parts.items()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)


def run(text: str) -> str:
    return f'<w:r><w:t xml:space="preserve">{text}</w:t></w:r>'


def box(text: str) -> str:
    return f"<w:txbxContent><w:p>{run(text)}</w:p></w:txbxContent>"


RUBY = f"<w:r><w:ruby><w:rubyPr/><w:rt>{run('みなと')}</w:rt><w:rubyBase>{run('港')}</w:rubyBase></w:ruby></w:r>"
EQUATION = "<m:oMath><m:r><m:t>E=mc</m:t></m:r></m:oMath>"
BOTH = (
    f"<w:r><mc:AlternateContent><mc:Choice>{{}}</mc:Choice><mc:Fallback><w:pict><v:textbox>{box('In a box.')}"
    "</v:textbox></w:pict></mc:Fallback></mc:AlternateContent></w:r>"
)

DRAWING = f"<w:drawing>{box('In a box.')}</w:drawing>"

WORD = {
    "ruby": (f"{RUBY}{run('は静かだ。')}", ["港は静かだ。"]),
    "a field": (f'{run("On ")}<w:fldSimple w:instr="DATE">{run("1 May")}</w:fldSimple>', ["On 1 May"]),
    "an equation": (f"{EQUATION}{run(' is true.')}", ["E=mc is true."]),
    "an equation of its own": (f"<m:oMathPara>{EQUATION}</m:oMathPara>", ["E=mc"]),
    "a box": (f"{run('Before.')}<w:r>{DRAWING}</w:r>", ["Before.", "In a box."]),
    "a box in two ways": (BOTH.format(DRAWING), ["In a box."]),
    "a box in one way": (
        f"<w:r><mc:AlternateContent><mc:Choice>{DRAWING}</mc:Choice></mc:AlternateContent></w:r>",
        ["In a box."],
    ),
    "text from right to left": (f"<w:bdo>{run('Right')}</w:bdo><w:dir>{run(' left.')}</w:dir>", ["Right left."]),
    "custom XML": (f"<w:customXml><w:customXmlPr/>{run('Custom.')}</w:customXml>", ["Custom."]),
    "a broken line": (f"{run('She said that')}<w:r><w:br/></w:r>{run('it was cold.')}", ["She said that it was cold."]),
}


@pytest.mark.parametrize("what", WORD)
def test_no_word_of_a_word_document_is_lost(what: str, tmp_path: Path) -> None:
    body, expected = WORD[what]
    make_docx(tmp_path / "a.docx", f"<w:p>{body}</w:p>")
    assert paragraphs(tmp_path / "a.docx") == expected
    found = read(tmp_path / "a.docx")
    assert isinstance(found, DocumentText)
    assert found.notes == ()


def test_what_is_left_out_of_a_word_document_is_counted_and_told(tmp_path: Path) -> None:
    hidden = "<w:r><w:rPr><w:vanish/></w:rPr><w:t>one two three</w:t></w:r>"
    unknown = f"<w:unknown>{run('lost words')}</w:unknown>"
    deleted = f"<w:del>{run('gone')}</w:del><w:moveFrom>{run('gone')}</w:moveFrom>"
    body = f"<w:p>{run('Read.')}{hidden}{unknown}{deleted}</w:p>"
    make_docx(tmp_path / "a.docx", body, header1=run("The Book"), comments=run("No, never mind."))
    found = read(tmp_path / "a.docx")
    assert isinstance(found, DocumentText)
    assert found.text == "Read.\n\n"
    assert found.notes == (
        "left out: 3 words of comments, 3 words of hidden text, 2 words of running heads and feet, 9 letters that "
        "stand in tables of contents or in ways that aren't known here",
    )


# ---- breaks within a paragraph

LONG = "Er stand lange am Fenster und sah hinunter"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["She said that", "it was cold."], "She said that it was cold."),
        (["It was cold.", "we left"], "It was cold.\nwe left"),
        (["12 Harbour Street", "London"], "12 Harbour Street\nLondon"),
        (["O sea that I have known,", "And never seen."], "O sea that I have known,\nAnd never seen."),
        (["Er stand lange am Fenster und sah hinunter in die", "Stadt."], f"{LONG} in die Stadt."),
        (["她说", "天很冷。"], "她说天很冷。"),
        (["天很冷。", "她走了。"], "天很冷。\n她走了。"),
        (["قالت إن", "الجو بارد."], "قالت إن الجو بارد."),
        (["one", "", "two"], "one two"),
        ([], ""),
    ],
)
def test_a_break_cuts_no_sentence_in_two_and_keeps_lines_apart(lines: list[str], expected: str) -> None:
    assert join_lines(lines) == expected


# ---- books


def page(body: str) -> str:
    namespaces = 'xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"'
    return f'<?xml version="1.0" encoding="utf-8"?><html {namespaces}><body>{body}</body></html>'


@pytest.mark.parametrize(
    "number",
    [
        '<span epub:type="pagebreak" id="p12" title="12">12</span>',
        '<span role="doc-pagebreak" id="p12">12</span>',
        '<span class="pagenum">[Pg 12]</span>',
        '<a class="x pageno" id="p12">xii</a>',
    ],
)
def test_the_numbers_of_printed_pages_are_no_text_of_a_book(number: str, tmp_path: Path) -> None:
    body = f"<p>The lamp is lit.{number} Nobody saw.{number}The light{number}house.</p>"
    body += "<p>In <i class='pagenum'>no</i> hurry.</p>"
    make_epub(tmp_path / "a.epub", page=page(body))
    assert paragraphs(tmp_path / "a.epub") == ["The lamp is lit. Nobody saw. The lighthouse.", "In no hurry."]


GUIDE = '<guide><reference type="toc" href="c.xhtml"/></guide>'
NAV = '<nav epub:type="landmarks"><ol><li><a epub:type="toc" href="c.xhtml">Contents</a></li></ol></nav>'


@pytest.mark.parametrize("named_by", ["guide", "nav", "nobody"])
def test_a_page_that_a_book_calls_its_contents_is_left_out(named_by: str, tmp_path: Path) -> None:
    contents = page('<h2>Contents</h2><p><a href="t.xhtml">The Quay and the Bell</a></p>')
    with zipfile.ZipFile(tmp_path / "a.epub", "w") as archive:
        archive.writestr("META-INF/container.xml", '<container><rootfile full-path="p.opf"/></container>')
        items = "".join(
            f'<item id="{name}" href="{name}.xhtml" media-type="application/xhtml+xml"'
            f' properties="{"nav" * (name == "n")}"/>'
            for name in "nct"
        )
        guide = GUIDE if named_by == "guide" else ""
        spine = '<spine><itemref idref="c"/><itemref idref="t"/></spine>'
        archive.writestr("p.opf", f"<package><manifest>{items}</manifest>{spine}{guide}</package>")
        archive.writestr("n.xhtml", page(NAV if named_by == "nav" else ""))
        archive.writestr("c.xhtml", contents)
        archive.writestr("t.xhtml", page("<p>The lamp is lit.</p>"))
    found = read(tmp_path / "a.epub")
    assert isinstance(found, DocumentText)
    kept = [] if named_by != "nobody" else ["Contents", "The Quay and the Bell"]
    assert [line.strip("\x01\x02") for line in found.text.split("\n") if line] == [*kept, "The lamp is lit."]
    assert len(found.notes) == (named_by != "nobody")


def test_a_page_with_the_contents_and_the_whole_book_is_read(tmp_path: Path) -> None:
    package = (
        '<package><manifest><item id="a" href="a%20b.xhtml" media-type="application/xhtml+xml"/></manifest>'
        '<spine><itemref idref="a"/></spine><guide><reference type="toc" href="a%20b.xhtml#toc"/></guide></package>'
    )
    make_epub(tmp_path / "a.epub", page=page('<p><a href="#x">One</a></p><p>The lamp is lit at dusk.</p>'))
    with zipfile.ZipFile(tmp_path / "a.epub") as archive:
        members = {name: archive.read(name) for name in archive.namelist()} | {"OPS/p.opf": package.encode()}
    with zipfile.ZipFile(tmp_path / "a.epub", "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    assert paragraphs(tmp_path / "a.epub") == ["One", "The lamp is lit at dusk."]


# ---- pages


def test_running_heads_of_two_pages_are_left_out() -> None:
    body = "some words of {0} that are long\nand the words of {0} go on.\n"
    pages = [f"{head}\n{body.format(name)}" for head, name in zip("AABBCC", NAMES, strict=True)]
    assert join_pages(pages).n_left_out == 6
    assert join_pages(pages).paragraphs[0].startswith("some words of Ada that are long and the words of Ada go on.")
    said = [f"“Yes.”\n{body.format(name)}" for name in NAMES[:2]]
    assert join_pages(said).n_left_out == 0


OCR = (
    "The lamp of {name} is lit, and the light-\nhouse keeper climbs the stairs of {name}.\n\nOn the {n} of May {name} "
    "counted the pota-\ntoes of {name} in the\nfields of Hollin, because there was\n"
    "nothing else to count in all of May for {name}\n\n"
)


def ocr(head: str, between: str) -> str:
    """Return six pages, as OCR leaves them: numbers below, running heads above from the second on."""
    return "".join(f"{head * (n > 11)}{OCR.format(n=n, name=name)}{n}\n{between}" for n, name in enumerate(NAMES, 11))


@pytest.mark.parametrize("between", ["\n", "\f"])
@pytest.mark.parametrize("layout", ["auto", "pages"])
def test_text_of_pages_is_read_as_pdf_is(between: str, layout: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(ocr("THE LAMP OF HOLLIN\n\n", between))
    found = read(tmp_path / "a.txt", layout=layout)
    assert isinstance(found, DocumentText)
    assert "HOLLIN" not in found.text
    lines = [line for line in found.text.split("\n") if line]
    assert lines[0] == "The lamp of Ada is lit, and the lighthouse keeper climbs the stairs of Ada."
    assert lines[1] == (
        "On the 11 of May Ada counted the potatoes of Ada in the fields of Hollin, because there was nothing else to "
        "count in all of May for Ada The lamp of Berta is lit, and the lighthouse keeper climbs the stairs of Berta."
    )
    assert len(lines) == 7
    assert "11 lines that recur at their top or foot were left out, and 12 words joined" in found.notes[0]


def test_text_without_pages_is_left_alone_and_so_is_what_the_config_calls_lines(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(ocr("THE LAMP OF HOLLIN\n\n", "\n"))
    found = read(tmp_path / "a.txt", layout="lines")
    assert isinstance(found, DocumentText)
    assert (found.text.casefold().count("hollin"), found.notes) == (5 + 6, ())
    for text in (
        "One.\n\n1\n\nTwo.\n\n2\n\nThree.\n",
        "Chapter one.\fChapter two.\fChapter three.\fThe end.",
        "1\n2\n",
        "",
    ):
        (tmp_path / "b.txt").write_text(text)
        assert read(tmp_path / "b.txt") == DocumentText(text.replace("\f", " "))


# ---- subtitles

ROLLING = (
    "WEBVTT\nKind: captions\n\n00:00:00.000 --> 00:00:02.000 align:start\n \nthe<00:00:00.500><c> lamp</c>\n\n"
    "00:00:02.000 --> 00:00:02.010\nthe lamp\n \n\n00:00:02.010 --> 00:00:04.000\nthe lamp\n"
    "is<00:00:02.500><c> lit</c>\n\n"
    "00:00:04.000 --> 00:00:04.010\nis lit\n \n\n00:00:04.010 --> 00:00:06.000\nis lit\nat<00:00:04.500><c> dusk</c>\n"
)


def test_captions_that_roll_are_read_once_and_what_is_said_twice_is_said_twice(tmp_path: Path) -> None:
    (tmp_path / "a.vtt").write_text(ROLLING)
    assert paragraphs(tmp_path / "a.vtt") == ["the lamp is lit at dusk"]
    (tmp_path / "a.srt").write_text(cues("the lamp", "the lamp is", "the lamp is lit", "is lit at dusk"))
    assert paragraphs(tmp_path / "a.srt") == ["the lamp is lit at dusk"]
    (tmp_path / "b.srt").write_text(cues("No.", "No.", "Where is he?", "I don't know.", "Who?", "Him.", "Yes."))
    assert paragraphs(tmp_path / "b.srt")[:2] == ["No.", "No."]


def srt(*cues: tuple[str, str, str]) -> str:
    return "".join(f"{n}\n00:00:{a} --> 00:00:{b}\n{text}\n\n" for n, (a, b, text) in enumerate(cues, 1))


@pytest.mark.parametrize("sign", ["{\\an8}HARBOUR OFFICE", "HARBOUR OFFICE", "{\\an8}Harbour office"])
def test_a_sign_that_overlaps_a_speech_stands_apart(sign: str, tmp_path: Path) -> None:
    said = [("01,000", "03,000", "I was looking for the man who"), ("03,000", "05,000", "sold us the boat.")]
    (tmp_path / "a.srt").write_text(srt(said[0], ("02,000", "06,000", sign), said[1]))
    assert paragraphs(tmp_path / "a.srt") == [
        "I was looking for the man who sold us the boat.",
        sign.removeprefix("{\\an8}"),
    ]


def test_a_sign_of_webvtt_and_of_ass_stands_apart(tmp_path: Path) -> None:
    (tmp_path / "a.vtt").write_text(
        "WEBVTT\n\n00:01.000 --> 00:03.000\nI was looking\n\n00:02.000 --> 00:06.000 line:10%\nHarbour\n\n"
        "00:03.000 --> 00:05.000\nfor him.\n"
    )
    assert paragraphs(tmp_path / "a.vtt") == ["I was looking for him.", "Harbour"]
    event = "Dialogue: 0,0:00:0{}.00,0:00:0{}.00,{},,0,0,0,,{}\n"
    events = [event.format(1, 3, "Main", "I was looking"), event.format(2, 6, "Signs", "Harbour")]
    events.append(event.format(3, 5, "Main", "for him."))
    fields = "Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text"
    head = f"[Script Info]\nScriptType: v4.00+\n\n[Events]\nFormat: {fields}\n"
    (tmp_path / "a.ass").write_text(head + "".join(events[::-1]))
    assert paragraphs(tmp_path / "a.ass") == ["I was looking for him.", "Harbour"]


@pytest.mark.parametrize(
    ("cue", "expected"),
    [
        ("- Did you find him? - No.", ["Did you find him?", "No."]),
        ("—¿Lo encontraste? —No.", ["¿Lo encontraste?", "No."]),
        ("Did you find him?\n- No.", ["Did you find him?", "No."]),
        ("- Who?\n- Me.", ["Who?", "Me."]),
        (
            "I asked everyone - the baker,\n- the priest - and nobody knew.",
            ["I asked everyone - the baker, - the priest - and nobody knew."],
        ),
        ("He was late. - he said - and left.", ["He was late. - he said - and left."]),
        ("It cost $5.50 - no? -5 is less.", ["It cost $5.50 - no? -5 is less."]),
    ],
)
def test_dashes_set_off_speakers_and_not_parts_of_a_sentence(cue: str, expected: list[str], tmp_path: Path) -> None:
    (tmp_path / "a.srt").write_text(cues(cue))
    assert paragraphs(tmp_path / "a.srt") == expected


# ---- pages of the web

MENU = "<nav><ul><li><a href='/a'>Products</a></li><li><a href='/b'>Contact us</a></li></ul></nav>"
ARTICLE = (
    "<article><h1>The lamp of Hollin</h1><p>The lamp is lit at dusk, and nobody on the quay was in a hurry to leave "
    "the harbour.<sup><a href='#n' id='r'>1</a></sup></p><h2>The keeper</h2>"
    "<p>The keeper counts the <del>two</del> steps, and is never late.</p></article>"
)
FOOT = "<footer><p>© Hollin Ltd. All rights reserved.</p><a href='/i'>Imprint</a></footer>"


@pytest.mark.parametrize("name", ["a.html", "a.xhtml"])
def test_the_main_text_of_a_page_is_without_menus_and_feet_and_that_is_counted(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(f"<html><body>{MENU}<main>{ARTICLE}</main>{FOOT}</body></html>")
    text = [
        "The lamp of Hollin",
        "The lamp is lit at dusk, and nobody on the quay was in a hurry to leave the harbour.",
        "The keeper",
        "The keeper counts the steps, and is never late.",
    ]
    assert paragraphs(tmp_path / name, main_text=True) == text
    assert paragraphs(tmp_path / name)[0] == "Products"
    found = read(tmp_path / name, main_text=True)
    assert isinstance(found, DocumentText)
    assert found.notes == ("10 of its 44 words were left out: menus, heads, feet and the like",)


def test_a_page_without_main_text_is_read_whole_and_that_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text("<html><body><script>x()</script></body></html>")
    found = read(tmp_path / "a.html", main_text=True)
    assert found == DocumentText("", ("no main text was found on it: it is read whole",))
