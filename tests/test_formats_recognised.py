"""Files are what they begin as, whatever they are called: markup is read as such, or refused, and never as prose."""

from __future__ import annotations

import zipfile
from pathlib import Path

import docx
import pytest
from formats import paragraphs, problem, read

from pipeline.corpus.formats.document import DocumentText
from pipeline.corpus.formats.recognise import markup_note, recognise
from pipeline.errors import DocumentError

ONE, TWO = "The lamp is lit at dusk.", "Nobody saw the ship."

FICTIONBOOK = (
    '<?xml version="1.0" encoding="{}"?>\n<FictionBook xmlns="http://www.gribuser.ru/xml/fictionbook/2.0">'
    "<description><title-info><genre>prose</genre><book-title>No</book-title></title-info></description><body><section>"
    "<title><p>{}</p></title><p>{}</p><p>{}</p></section></body>"
    '<binary id="c.jpg" content-type="image/jpeg">/9j/4AAQSkZJRg==</binary></FictionBook>'
)
SUBSTATION = (
    "[Script Info]\nTitle: no\nScriptType: v4.00+\n\n"
    "[V4+ Styles]\nFormat: Name, Fontname\nStyle: Default,Arial\n\n[Events]\n"
    "Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
    f"Comment: 0,0:00:00.00,0:00:01.00,Default,,0,0,0,,no\n"
    f"Dialogue: 0,0:00:03.00,0:00:05.50,Default,,0,0,0,,{{\\i1}}{ONE}\n"
    f"Dialogue: 0,0:00:06.00,0:00:08.50,Default,,0,0,0,,{{\\pos(1,2)}}{TWO}{{\\i0}}\n"
    "Dialogue: 0,0:00:06.00,0:00:08.50,Default,,0,0,0,,{\\p1}m 0 0 l 100 0{\\p0}\n"
)
TTML = (
    '<?xml version="1.0"?><tt xmlns="http://www.w3.org/ns/ttml"><body><div>'
    f'<p begin="00:00:01.000" end="00:00:02.000">{ONE}</p>'
    f'<p begin="00:00:03.000" end="00:00:04.000">{TWO}</p></div></body></tt>'
)
TEX = (
    "% no\n\\documentclass{article}\n\\begin{document}\n" + ONE + "\n\n\\emph{Nobody} saw the ship.\n\\end{document}\n"
)
RICH_TEXT = r"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0 Arial;}}\f0 The lamp is lit at dusk.\par Nobody saw the ship.\par}"
RESX = (
    '<?xml version="1.0" encoding="utf-8"?><root><resheader name="version"><value>2.0</value></resheader>'
    f'<data name="m0"><value>{ONE}</value><comment>no</comment></data>'
    f'<data name="m1"><value>{TWO}</value></data></root>'
)
PAGE = f"<!DOCTYPE html>\n<!-- no --><html><head><title>no</title></head><body><p>{ONE}</p><p>{TWO}</p></body></html>"

WRITTEN = {
    "a.fb2": FICTIONBOOK.format("utf-8", "", ONE, TWO),
    "a.ass": SUBSTATION,
    "a.ssa": SUBSTATION,
    "a.sub": f"{{1}}{{50}}{ONE}\n{{60}}{{90}}Nobody saw|the ship.\n",
    "a.ttml": TTML,
    "a.rtf": RICH_TEXT,
    "a.tex": TEX,
    "a.rst": f"{ONE}\n\n*Nobody* saw the ship.\n",
    "a.org": f"{ONE}\n\n/Nobody/ saw the ship.\n",
    "a.wiki": f"{ONE}\n\n[[Who|Nobody]] saw the ship.{{{{no}}}}\n",
    "a.adoc": f"{ONE}\n\n_Nobody_ saw the ship.\n",
    "a.textile": f"{ONE}\n\n_Nobody_ saw the ship.\n",
    "a.typ": f"{ONE}\n\n_Nobody_ saw the ship.\n",
    "a.resx": RESX,
    "a.properties": f"# no\na={ONE}\nb = {TWO}\n",
    "a.html": PAGE,
}


@pytest.mark.parametrize("name", WRITTEN)
def test_a_file_is_read_as_what_its_name_says(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(WRITTEN[name], encoding="utf-8")
    assert paragraphs(tmp_path / name) == [ONE, TWO]


@pytest.mark.parametrize("name", ["a.fb2", "a.ass", "a.sub", "a.ttml", "a.rtf", "a.tex", "a.html", "a.resx"])
@pytest.mark.parametrize("called", ["b.txt", "b", "b.unknown"])
def test_a_file_is_read_as_what_it_begins_as_and_that_is_said(name: str, called: str, tmp_path: Path) -> None:
    (tmp_path / called).write_text(WRITTEN[name], encoding="utf-8")
    found = read(tmp_path / called)
    assert isinstance(found, DocumentText)
    assert [one for one in found.text.split("\n") if one] == [ONE, TWO]
    (note,) = found.notes
    assert "and is read as such. If it is text, to take it as it stands, set [corpus] format" in note


def test_the_encoding_that_a_book_names_is_its_encoding(tmp_path: Path) -> None:
    text = FICTIONBOOK.format("windows-1251", "Паром", "Старый паром.", "Никто не спешил.")
    (tmp_path / "a.fb2").write_text(text, encoding="cp1251")
    assert paragraphs(tmp_path / "a.fb2") == ["Паром", "Старый паром.", "Никто не спешил."]


def test_part_of_a_page_is_a_page(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(f"<p class='x'>{ONE}</p>\n<p>{TWO}</p>\n")
    found = read(tmp_path / "a.txt")
    assert isinstance(found, DocumentText)
    assert found.text == f"{ONE}\n\n{TWO}\n\n"


def test_binary_files_are_known_by_their_bytes(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_paragraph(ONE)
    document.save(str(tmp_path / "a.docx"))
    (tmp_path / "a.txt").write_bytes((tmp_path / "a.docx").read_bytes())
    found = read(tmp_path / "a.txt")
    assert isinstance(found, DocumentText)
    assert found.text.strip() == ONE
    assert found.notes[0].startswith("its name says text; it begins as docx does")
    (tmp_path / "a.doc").write_text(RICH_TEXT)  # as many a program calls it
    assert paragraphs(tmp_path / "a.doc") == [ONE, TWO]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (
            "a.json",
            '{"a": "The lamp."}',
            "is JSON, which says nothing of what in it is text; save its texts",
        ),
        ("a.txt", '{\n  "a": "The lamp."\n}\n', "is JSON, which says nothing"),
        ("a", '[{"a": "The lamp."}]', "is JSON, which says nothing"),
        ("a.yaml", "a: The lamp.\n", "is YAML, which says nothing"),
        ("a.txt", '<?xml version="1.0"?><svg><text>The lamp.</text></svg>', "is a drawing (SVG)"),
        ("a.xls", "x", "is an old Excel file; save it as .xlsx"),
        (
            "a.txt",
            '<?xml version="1.0"?><xliff version="1.2"/>',
            "is XLIFF, which holds several languages",
        ),
        ("a.txt", 'msgid "a"\nmsgstr "b"\n', "is PO, which holds several languages: name it .po"),
        ("a.txt", "lit <tag attribute='value'/> lamp <tag attribute='value'/> " * 9, "is markup to "),
        ("a.log", '"a": "The lamp."\n"b": "Lit."\n' * 9, "is markup to "),
    ],
)
def test_what_is_no_document_is_refused_by_name_with_what_to_do(
    name: str, text: str, message: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_text(text)
    assert problem(tmp_path / name).startswith(f"{name} {message}")
    if not name.endswith((".xls",)):
        assert read(tmp_path / name, format="text") == DocumentText(text)


def test_other_archives_are_refused(tmp_path: Path) -> None:
    for kind, message in (("presentation", "holds no text document"), ("text", "can't be read by pandoc")):
        with zipfile.ZipFile(tmp_path / "a.odt", "w") as archive:
            archive.writestr("mimetype", f"application/vnd.oasis.opendocument.{kind}")
        assert message in problem(tmp_path / "a.odt")
    with zipfile.ZipFile(tmp_path / "a.txt", "w") as archive:
        archive.writestr("x", "y")
    assert "is a zip archive" in problem(tmp_path / "a.txt")


def test_text_with_a_little_markup_is_read_and_prose_is_not_suspected() -> None:
    prose = "He said: a & b, 5 < 7, “quoted” sic. See http://example.org/?a=b&c=d; (a) one, two: three.\n" * 50
    assert markup_note(prose) == ""
    assert "4% of it is markup" in markup_note(f"<b>{'The lamp is lit. ' * 14}</b>\n" * 20)
    with pytest.raises(DocumentError, match=r"is markup to \d\d%"):
        markup_note("<a href='x'>lamp</a> lit\n" * 20)


def test_many_comments_at_the_beginning_take_no_time() -> None:
    assert recognise(b"<!-- a -->" * 800 + b"<", ".txt").format == "text"
