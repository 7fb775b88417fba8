"""Documents that other people made: whatever lies on this machine, or in the folder $BITEXT_REAL_DOCUMENTS."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

import pytest
from formats import read

from pipeline.corpus.formats.document import DocumentText
from pipeline.corpus.formats.names import SUFFIXES
from pipeline.corpus.readers import Read

ROOTS = ("/usr/share", "/usr/lib", str(Path(sys.prefix) / "lib"))
NAMES = (
    "docx", "epub", "fb2", "html", "latex", "markdown", "odt", "pdf", "rst", "rtf", "srt", "vtt", "xml",
)  # fmt: skip
"""What files are that are called so; some .org are web sites, and most .ts are programs."""

MOST_BYTES = 300_000
MOST_FILES = 6


@lru_cache(maxsize=1)
def documents() -> dict[str, list[Path]]:
    """Return the files of each format, the larger first, as a first page or a template says little."""
    roots = [root for root in (os.environ.get("BITEXT_REAL_DOCUMENTS", ""), *ROOTS) if root and Path(root).is_dir()]
    suffixes = [suffix for suffix, name in SUFFIXES.items() if name in NAMES]
    names = [part for suffix in suffixes for part in ("-o", "-name", f"*{suffix}")][1:]
    size = ["-size", "+500c", "-size", f"-{MOST_BYTES}c"]
    command = ["find", *roots, "-type", "f", *size, "(", *names, ")", "-printf", "%s %p\\0"]
    listed = subprocess.run(command, capture_output=True, text=True, check=False).stdout.split("\0")
    found: dict[str, list[Path]] = {}
    for line in sorted(filter(None, listed), key=lambda line: (-int(line.split(" ", 1)[0]), line)):
        path = Path(line.split(" ", 1)[1])
        found.setdefault(SUFFIXES[path.suffix], []).append(path)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_real_documents_give_paragraphs_of_words(name: str) -> None:
    paths = documents().get(name, [])
    if not paths:
        pytest.skip(f"no {name} file lies on this machine")
    found = {path: as_advised(path) for path in paths[:MOST_FILES]}
    texts = [one.text for one in found.values() if isinstance(one, DocumentText)]
    assert texts, f"none of them could be read: {found}"
    for text in texts:
        words = "".join(text.split())
        assert sum(map(str.isalpha, words)) >= 0.5 * len(words), text[:300]


def as_advised(path: Path) -> Read:
    """Read a file; where the error names its encoding, with that."""
    found = read(path)
    advice = re.search('encoding = "(.*?)"', str(found)) if isinstance(found, Exception) else None
    return read(path, encoding=advice[1]) if advice else found
