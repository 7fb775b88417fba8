"""Bilingual books as EPUB and DOCX: pandoc makes them of the HTML book.

Equal books have equal bytes: no date goes in, and an EPUB is named by what it says.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import tempfile
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pipeline.errors import ConfigError
from stages.export.book import STYLE, TITLE

BookFormat = Literal["epub", "docx"]

TIMEOUT_SECONDS = 600
EARLIEST = "315532800"
"""The first moment that a ZIP archive can name, in 1980, as SOURCE_DATE_EPOCH."""


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


def convert_page(page: Path, path: Path, kind: BookFormat, languages: Sequence[tuple[str, str]]) -> None:
    """Make a book of its page; raises ConfigError where pandoc isn't there, OSError where the book can't be written."""
    name = uuid.UUID(hashlib.sha256(page.read_bytes()).hexdigest()[:32])
    language = languages[0][0] if languages else "und"
    metadata = [f"title={TITLE}", f"lang={language}", f"identifier=urn:uuid:{name}"]
    with tempfile.NamedTemporaryFile("w", suffix=".css", encoding="utf-8") as style:
        style.write(STYLE)
        style.flush()
        options = ["--toc", "--split-level=2", f"--css={style.name}"] if kind == "epub" else []
        result = subprocess.run(
            [
                find_pandoc(),
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
