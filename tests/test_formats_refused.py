"""What can't or mustn't be read gets an error that says why: broken files, bombs, entities, paths that climb."""

from __future__ import annotations

import gzip
import io
import re
import shutil
import sys
import time
import zipfile
from pathlib import Path

import pyarrow as pa
import pypdf
import pytest
from formats import SIDES, paragraphs, problem, read
from made_files import make_epub

from pipeline.config.corpus_config import CorpusConfig
from pipeline.corpus.formats.document import DocumentText
from pipeline.corpus.readers import Source, read_documents, row_ids
from pipeline.errors import ConfigError

# ---- archives


def test_a_gzip_bomb_is_refused_before_it_fills_memory(tmp_path: Path) -> None:
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(bytes(200 << 20), compresslevel=1))
    assert re.match(
        r"a\.txt\.gz expands from \d+,\d+ to more than [\d,]+ bytes, as no text does", problem(tmp_path / "a.txt.gz")
    )


def test_a_zip_bomb_is_refused_by_what_it_declares_and_by_what_it_holds(tmp_path: Path) -> None:
    make_epub(tmp_path / "a.epub", page=" " * (200 << 20))
    assert "to 209,715,4" in problem(tmp_path / "a.epub")
    data = (tmp_path / "a.epub").read_bytes()
    lie = data.replace((200 << 20).to_bytes(4, "little"), (1000).to_bytes(4, "little"))
    assert lie != data
    (tmp_path / "b.epub").write_bytes(lie)
    assert "OPS/a b.xhtml in it is damaged or encrypted" in problem(tmp_path / "b.epub")


@pytest.mark.parametrize("name", ["../a", "x/../../a", "/etc/a", "C:/a", "x\\..\\..\\a"])
def test_a_name_that_climbs_is_refused(name: str, tmp_path: Path) -> None:
    make_epub(tmp_path / "a.epub", **{name: "x"})
    assert problem(tmp_path / "a.epub") == f"a.epub holds a file named {name!r}, which leads out of it; it is refused"


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.epub", b"text", "a.epub is no zip archive, or a damaged one: File is not a zip file"),
        ("a.docx", b"PK\x03\x04", "a.docx is no zip archive, or a damaged one: File is not a zip file"),
        ("a.txt.gz", b"text", "a.txt.gz is a damaged gzip file: Not a gzipped file (b'te')"),
        (
            "a.txt.gz",
            gzip.compress(b"text", mtime=0)[:-6],
            "a.txt.gz is a damaged gzip file: Compressed file ended before",
        ),
        ("a.pdf", b"text", "a.pdf is no PDF file that can be read: "),
        ("a.xml", b"text", "a.xml is not well-formed XML: Start tag expected"),
        ("a.xml", b"<a><b></a>", "a.xml is not well-formed XML: Opening and ending tag mismatch"),
        ("a.tmx", b"<tmx/>", "a.tmx holds nothing in 'en'; it has no units"),
        ("a.srt", b"Just some text.", "a.srt holds no subtitle that can be read: is it a SRT file?"),
        ("a.html", "<p>Käse".encode("cp1252"), "a.html is not UTF-8 at byte 4 (the best guess is "),
        ("a.html", b"<meta charset='klingon'>\xe9", "a.html says that its encoding is 'klingon', which Python"),
        ("a.html", b"<meta charset='hex'>\xe9", "a.html says that its encoding is 'hex', which Python"),
        (
            "a.xml",
            b"<?xml version='1.0' encoding='undefined'?>\xe9",
            "a.xml says that its encoding is 'undefined', which",
        ),
    ],
)
def test_what_is_no_such_file_says_so(name: str, data: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(data)
    assert problem(tmp_path / name, "en" if name == "a.tmx" else None).startswith(message)


@pytest.mark.parametrize("name", ["a.html", "a.md", "a.srt", "a.vtt", "a.txt"])
def test_an_empty_file_is_an_empty_document(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"")
    found = read(tmp_path / name)
    assert isinstance(found, DocumentText)
    assert found.text.strip() == ""


# ---- books


def test_a_page_that_is_no_xml_is_read_as_html_and_a_name_is_decoded(tmp_path: Path) -> None:
    make_epub(tmp_path / "a.epub", page="<html><body><p>One &nbsp;<br>two.<p>Three</body></html>")
    assert paragraphs(tmp_path / "a.epub") == ["One \xa0 two.", "Three"]


def test_a_page_that_a_book_names_twice_is_read_once(tmp_path: Path) -> None:
    make_epub(tmp_path / "a.epub", idref='a"/><itemref idref="a')
    assert paragraphs(tmp_path / "a.epub") == ["One."]


def test_a_book_that_lacks_what_it_names_or_is_protected_says_so(tmp_path: Path) -> None:
    make_epub(tmp_path / "a.epub", idref="b")
    assert "names in its spine 'b', which is not in its list" in problem(tmp_path / "a.epub")
    with zipfile.ZipFile(tmp_path / "b.epub", "w") as archive:
        archive.writestr("a.txt", "x")
    assert problem(tmp_path / "b.epub").startswith("b.epub lacks META-INF/container.xml")
    encryption = '<encryption><CipherReference URI="OPS/a%20b.xhtml"/></encryption>'
    make_epub(tmp_path / "c.epub", **{"META-INF/encryption.xml": encryption})
    assert "c.epub is protected (OPS/a b.xhtml in it is encrypted)" in problem(tmp_path / "c.epub")


def test_a_word_file_with_a_document_type_is_refused(tmp_path: Path) -> None:
    for encoding in ("utf-8", "utf-16"):
        with zipfile.ZipFile(tmp_path / "a.docx", "w") as archive:
            archive.writestr("word/document.xml", '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'.encode(encoding))
        assert "declares a document type in word/document.xml" in problem(tmp_path / "a.docx")
    with zipfile.ZipFile(tmp_path / "b.docx", "w") as archive:
        archive.writestr("word/document.xml", "<no/>")
    assert problem(tmp_path / "b.docx").startswith("b.docx can't be read as docx: ")


def test_a_pdf_with_a_password_or_without_text_says_so(tmp_path: Path) -> None:
    for name, password in (("a.pdf", "secret"), ("b.pdf", None)):
        writer = pypdf.PdfWriter()
        writer.add_blank_page(100, 100)
        if password:
            writer.encrypt(password, algorithm="RC4-128")
        writer.write(tmp_path / name)
    assert problem(tmp_path / "a.pdf") == "a.pdf is protected by a password; save it without one"
    assert problem(tmp_path / "b.pdf").startswith("b.pdf has no text: its pages seem to be pictures")


# ---- XML


def test_entities_are_not_expanded(tmp_path: Path) -> None:
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    (tmp_path / "a.xml").write_text(f'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY l0 "ha">{laughs}]><a>&l9;</a>')
    started = time.monotonic()
    assert problem(tmp_path / "a.xml").startswith("a.xml declares entities of its own, which are not expanded")
    assert time.monotonic() - started < 20  # for ever without the refusal
    (tmp_path / "secret").write_text("secret")
    for kind in ("SYSTEM", "PUBLIC 'x'"):
        text = f'<!DOCTYPE a [<!ENTITY s {kind} "{(tmp_path / "secret").as_uri()}">]><a>&s;</a>'
        for encoding in ("utf-8", "utf-16"):
            (tmp_path / "b.xml").write_text(text, encoding=encoding)
            assert problem(tmp_path / "b.xml").startswith("b.xml declares entities of its own")


def test_a_document_type_outside_the_file_is_not_fetched(tmp_path: Path) -> None:
    (tmp_path / "a.dtd").write_text('<!ENTITY s "secret">')
    head = f'<!DOCTYPE a SYSTEM "{(tmp_path / "a.dtd").as_uri()}">'
    (tmp_path / "a.xml").write_text(f"{head}<a>Caf&eacute;&#33;</a>")
    assert paragraphs(tmp_path / "a.xml") == ["Café!"]
    (tmp_path / "a.xml").write_text(f"{head}<a>&s;</a>")
    assert problem(tmp_path / "a.xml") == "a.xml uses &s;, which is not expanded; write out what it stands for"


def test_html_that_is_nested_too_deep_is_refused_and_not_cut_short(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text("<div>" * 1_000 + "deep")
    assert paragraphs(tmp_path / "a.html") == ["deep"]
    (tmp_path / "b.html").write_text("<div>" * 100_000 + "deep")
    assert problem(tmp_path / "b.html").startswith("b.html can't be read as HTML to its end: Excessive depth")


# ---- datasets and libraries


def test_a_folder_of_several_datasets_is_refused_and_so_is_a_file_outside(tmp_path: Path) -> None:
    config = CorpusConfig(**SIDES)
    (tmp_path / "several" / "train").mkdir(parents=True)
    (tmp_path / "several" / "dataset_dict.json").write_text("{}")
    (tmp_path / "several" / "train" / "dataset_info.json").write_text("{}")
    with pytest.raises(ConfigError, match=r"several holds several datasets \(train\); name the folder of one"):
        list(row_ids(tmp_path / "several", "several", config))
    made = tmp_path / "made"
    shutil.copytree(Path(__file__).parent / "golden" / "dataset-en", made)
    (made / "state.json").write_text('{"_data_files": [{"filename": "../other.arrow"}]}')
    with pytest.raises(ConfigError, match=r"names '../other.arrow', which is not in its folder"):
        list(row_ids(made, "made", config))
    (made / "state.json").unlink()
    with pytest.raises(ConfigError, match=r"made has no column id; it has name, text\. Name the right ones"):
        list(row_ids(made, "made", config))


def test_a_broken_arrow_file_fails_its_rows(tmp_path: Path) -> None:
    stream = io.BytesIO()
    table = pa.table({"id": ["a"], "text": ["One."]})
    with pa.ipc.new_stream(stream, table.schema) as writer:
        writer.write_table(table)
    (tmp_path / "a.arrow").write_bytes(b"no arrow")
    ((_, found),) = read_documents([Source(tmp_path / "a.arrow", "a", "a.arrow#a")], CorpusConfig(**SIDES))
    assert str(found).startswith("a.arrow is not an Arrow file, or a damaged one")


@pytest.mark.parametrize(("name", "module"), [("a.html", "lxml.etree"), ("a.pdf", "pypdfium2"), ("a.docx", "mammoth")])
def test_a_missing_library_names_the_extra(
    name: str, module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / name).write_bytes(b"<p>x")
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ConfigError, match=r"not installed here; install the extra: pip install '\.\[formats\]' in /"):
        read(tmp_path / name)
