"""Documents that LibreOffice writes, where it is installed, and one that is written by hand."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from formats import headings, paragraphs, problem, read

from pipeline.corpus.formats import pandoc
from pipeline.errors import ConfigError

PAGE = (
    "<html><body><h2>One</h2><p>The lamp is <b>lit</b> at dusk.</p><p>She said that<br>it was cold.</p><h2>Two</h2>"
    "<p>Nobody saw.</p></body></html>"
)
TEXT = ["One", "The lamp is lit at dusk.", "She said that it was cold.", "Two", "Nobody saw."]


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_odt_rtf_doc_and_docx_by_libreoffice_say_the_same(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(PAGE)
    for made, of in (("odt", "a.html"), ("rtf", "a.odt"), ("doc", "a.odt"), ("docx", "a.odt")):
        profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
        command = ["soffice", profile, "--headless", "--convert-to", made, of]
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
        assert paragraphs(tmp_path / f"a.{made}") == TEXT, made
        if made != "rtf":  # RTF has no headings, only letters that look like some
            assert headings(tmp_path / f"a.{made}") == [(2, "One"), (2, "Two")], made


OPENDOCUMENT = (
    '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"'
    ' xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:automatic-styles/>'
    "<office:body><office:text>"
    '<text:h text:outline-level="2">One</text:h><text:p>The lamp<text:note text:note-class="footnote">'
    "<text:note-citation>1</text:note-citation><text:note-body><text:p>A note.</text:p>"
    "</text:note-body></text:note> is <text:span>lit</text:span> at dusk.</text:p>"
    "<text:p>She said that<text:line-break/>it was cold.</text:p>"
    "</office:text></office:body></office:document-content>"
)


def write_odt(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.text")
        archive.writestr("content.xml", OPENDOCUMENT)
        archive.writestr(
            "styles.xml", OPENDOCUMENT[: OPENDOCUMENT.index("<office:body>")] + "</office:document-content>"
        )


@pytest.mark.parametrize("name", ["a.odt", "a.docx", "a"])
def test_an_opendocument_text_is_read_whatever_it_is_called(name: str, tmp_path: Path) -> None:
    write_odt(tmp_path / name)
    assert paragraphs(tmp_path / name) == ["One", "The lamp is lit at dusk.", "She said that it was cold.", "A note."]


def test_without_the_programs_errors_say_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_odt(tmp_path / "a.odt")
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setitem(sys.modules, "pypandoc", None)
    pandoc._pandoc_for.cache_clear()
    with pytest.raises(ConfigError, match=r"the extra that brings it: pip install '\.\[pandoc\]' in /"):
        list(pandoc.read_through_pandoc("odt")((tmp_path / "a.odt").read_bytes(), pandoc.Options()))
    with pytest.raises(ConfigError, match=r"takes LibreOffice \(its command soffice\), which is not installed"):
        list(pandoc.read_doc(b"", pandoc.Options()))
    monkeypatch.undo()
    pandoc._pandoc_for.cache_clear()


def test_where_pandoc_is_too_old_the_packaged_one_is_taken_or_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_odt(tmp_path / "a.odt")
    old = tmp_path / "pandoc"
    old.write_text("#!/bin/sh\necho docx\n")
    old.chmod(0o755)
    monkeypatch.setattr(shutil, "which", lambda name: str(old))
    pandoc._pandoc_for.cache_clear()
    assert paragraphs(tmp_path / "a.odt")[0] == "One"
    monkeypatch.setitem(sys.modules, "pypandoc", None)
    pandoc._pandoc_for.cache_clear()
    with pytest.raises(
        ConfigError, match=r"/pandoc, is too old to read odt; install a newer one \(from pandoc.org\), or"
    ):
        list(pandoc.read_through_pandoc("odt")((tmp_path / "a.odt").read_bytes(), pandoc.Options()))
    monkeypatch.undo()
    pandoc._pandoc_for.cache_clear()


def test_a_document_that_the_programs_can_not_read_fails_by_itself(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.odt", "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.text")
        archive.writestr("content.xml", "<no")
    assert problem(tmp_path / "a.odt").startswith("a.odt can't be read by pandoc: ")
    assert isinstance(read(tmp_path / "b.odt"), Exception)
