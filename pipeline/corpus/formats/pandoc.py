"""ODT, RTF, FB2, LaTeX and others: pandoc turns them into HTML, whose paragraphs are read; DOC through LibreOffice."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path

from pipeline.corpus.formats.archives import Archive
from pipeline.corpus.formats.document import Note, Options, Paragraph
from pipeline.corpus.formats.html import paragraphs_of
from pipeline.corpus.formats.markup import parse_html
from pipeline.corpus.formats.word import read_docx
from pipeline.errors import ConfigError, DocumentError
from pipeline.installing import pip_install

TIMEOUT_SECONDS = 300
"""No document takes longer: a book of 300 pages takes seconds."""

Read = Callable[[bytes, Options], Iterator[Paragraph | Note]]


def read_through_pandoc(format_name: str) -> Read:
    """Return the reader of a format that pandoc knows by this name."""

    def read(data: bytes, options: Options) -> Iterator[Paragraph | Note]:
        del options
        if data.startswith(b"PK\x03\x04"):
            with Archive(data):
                pass  # its names and sizes are harmless
        yield from _paragraphs(data, format_name)

    return read


def read_text_through_pandoc(format_name: str) -> Callable[[str, Options], Iterator[Paragraph | Note]]:
    """Return the reader of a format that is written as text."""

    def read(text: str, options: Options) -> Iterator[Paragraph | Note]:
        del options
        yield from _paragraphs(text.encode(), format_name)

    return read


def read_doc(data: bytes, options: Options) -> Iterator[Paragraph | Note]:
    """Give the paragraphs of an old Word document, which LibreOffice turns into DOCX."""
    office = shutil.which("soffice") or shutil.which("libreoffice")
    if office is None:
        raise ConfigError(
            "reading the DOC of old versions of Word takes LibreOffice (its command soffice), which is not installed "
            "here; install it, or save the document as .docx"
        )
    with tempfile.TemporaryDirectory(prefix="bitext-") as name:
        folder = Path(name)
        (folder / "document.doc").write_bytes(data)
        profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"  # two at once must not share one
        _run([office, profile, "--headless", "--convert-to", "docx", "--outdir", name, "document.doc"], b"", folder)
        made = folder / "document.docx"
        if not made.exists():
            raise DocumentError("can't be read by LibreOffice: is it a Word document, and whole?")
        yield from read_docx(made.read_bytes(), options)


def _paragraphs(data: bytes, format_name: str) -> Iterator[Paragraph | Note]:
    root = parse_html(_to_html(data, format_name))
    if root is not None:
        yield from paragraphs_of(root)


def _to_html(data: bytes, format_name: str) -> str:
    # pandoc keeps the title of a document apart, and writes it only into a page of its own; FB2 has it in its text, too
    page = [] if format_name == "fb2" else ["--standalone"]
    command = [_pandoc_for(format_name), "--sandbox", f"--from={format_name}", "--to=html5", "--wrap=none", *page]
    return _run(command, data).decode()


@lru_cache
def _pandoc_for(format_name: str) -> str:
    """Return the program: that of the machine, or the one that its PyPI package brings; the first that can read it."""
    programs = list(filter(None, (shutil.which("pandoc"), _packaged())))
    if not programs:
        raise ConfigError(
            "reading ODT, RTF, FB2, LaTeX and the like takes pandoc, which is not installed here; install the program "
            f"(as your system does, or from pandoc.org), or the extra that brings it: {pip_install('pandoc')}"
        )
    for program in programs:
        if format_name in _run([program, "--list-input-formats"], b"").decode().split():
            return program
    raise ConfigError(
        f"the pandoc that is installed here, {programs[0]}, is too old to read {format_name}; install a newer one "
        f"(from pandoc.org), or the extra that brings one: {pip_install('pandoc')}"
    )


def _packaged() -> str | None:
    try:
        import pypandoc

        return str(pypandoc.get_pandoc_path())
    except (ImportError, OSError):
        return None


def _run(command: list[str], data: bytes, folder: Path | None = None) -> bytes:
    name = Path(command[0]).stem
    try:
        done = subprocess.run(
            command, input=data, capture_output=True, cwd=folder, timeout=TIMEOUT_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise DocumentError(f"takes {name} longer than {TIMEOUT_SECONDS} seconds; it is refused") from None
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines() or [f"exit status {done.returncode}"]
        raise DocumentError(f"can't be read by {name}: {'; '.join(lines[:3])}")
    return done.stdout
