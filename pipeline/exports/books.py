"""Bilingual books as EPUB and DOCX: pandoc makes them of the HTML book.

Equal books have equal bytes: no date goes in, and an EPUB is named by what it says.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import tempfile
import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

from pipeline.errors import ConfigError
from stages.data import AlignedPair
from stages.export.book import STYLE, BookRenderer, Layout

BookFormat = Literal["epub", "book-html", "docx"]

TIMEOUT_SECONDS = 600
EARLIEST = "315532800"
"""The first moment that a ZIP archive can name, in 1980, as SOURCE_DATE_EPOCH."""


def write_book(
    pairs: Iterable[AlignedPair],
    path: Path,
    kind: BookFormat,
    *,
    title: str,
    layout: Layout,
    languages: Sequence[str],
    has_parts: bool,
) -> Counter[str]:
    """Write pairs as a book, in their order, and count what was changed of their texts.

    Raises ConfigError where pandoc isn't there, OSError where the book can't be written.
    """
    renderer = BookRenderer(title, layout, has_parts, has_contents=kind == "book-html")
    if kind == "book-html":
        _write_html(pairs, path, renderer)
        return renderer.counts
    pandoc = find_pandoc()
    with tempfile.TemporaryDirectory(prefix=".book-", dir=path.parent) as folder:
        page = Path(folder) / "book.html"
        _write_html(pairs, page, renderer)
        _convert(pandoc, page, path, kind, title, languages)
    return renderer.counts


def _write_html(pairs: Iterable[AlignedPair], path: Path, renderer: BookRenderer) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(renderer.header())
        for pair in pairs:
            file.writelines(renderer.pair(pair, []))
        file.write(renderer.footer())


def find_pandoc() -> str:
    """Return the path of pandoc: the machine's, or that of its PyPI package; raises ConfigError if there is none."""
    try:
        import pypandoc

        path: str = pypandoc.get_pandoc_path()
    except (ImportError, OSError):
        raise ConfigError(
            "a book as .epub or .docx needs pandoc; from the folder of this project: pip install '.[pandoc]'"
        ) from None
    return path


def _convert(pandoc: str, page: Path, path: Path, kind: str, title: str, languages: Sequence[str]) -> None:
    style = page.with_name("style.css")
    style.write_text(STYLE, encoding="utf-8")
    name = uuid.UUID(hashlib.sha256(page.read_bytes()).hexdigest()[:32])
    metadata = [f"title={title}", f"lang={languages[0] if languages else 'und'}", f"identifier=urn:uuid:{name}"]
    options = ["--toc", "--split-level=2", f"--css={style}"] if kind == "epub" else []
    result = subprocess.run(
        [
            pandoc,
            str(page),
            "--from=html",
            f"--to={'epub3' if kind == 'epub' else 'docx'}",
            f"--output={path}",
            *(f"--metadata={value}" for value in metadata),
            *options,
        ],
        env={**os.environ, "SOURCE_DATE_EPOCH": EARLIEST},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    if result.returncode:
        raise OSError(f"{path}: pandoc couldn't write it: {result.stderr.strip()}")
