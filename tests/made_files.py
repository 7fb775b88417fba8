"""Files of several formats, made up."""

from __future__ import annotations

import zipfile
from pathlib import Path

NAMES = ["Ada", "Berta", "Clara", "Dora", "Emma", "Frieda"]


def cues(*texts: str, seconds: float = 1.0) -> str:
    """Return an SRT file of subtitles that follow each other at once."""

    def time(at: float) -> str:
        return f"00:00:{int(at):02},{int(at * 1000) % 1000:03}"

    return "".join(
        f"{n}\n{time(n * seconds)} --> {time((n + 1) * seconds - 0.1)}\n{text}\n\n" for n, text in enumerate(texts, 1)
    )


CONTAINER = '<container><rootfiles><rootfile full-path="OPS/p.opf"/></rootfiles></container>'
PACKAGE = (
    '<package><manifest><item id="a" href="a%20b.xhtml" media-type="application/xhtml+xml"/></manifest>'
    '<spine><itemref idref="{}"/></spine></package>'
)


def make_epub(path: Path, idref: str = "a", page: str = "<html><body><p>One.</p></body></html>", **more: str) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("META-INF/container.xml", CONTAINER)
        archive.writestr("OPS/p.opf", PACKAGE.format(idref))
        archive.writestr("OPS/a b.xhtml", page)
        for name, text in more.items():
            archive.writestr(name, text)
