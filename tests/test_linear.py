"""Reading and splitting take time that grows with a text, and no faster (`growth.py`).

What is quadratic takes for ever where somebody means it.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from growth import TIMES, grows_linearly

from pipeline.corpus.formats.document import Options
from pipeline.corpus.formats.files import read_file
from pipeline.errors import DocumentError

N = 2_500
MARKS = "\u0327\u0301\u0316\u0315"
"""Combining marks that normalising puts in another order."""


def cues(n: int, text: str, head: str = "") -> str:
    return head + "".join(f"{k}\n00:00:01,000 --> 00:00:01,500\n{text}\n\n" for k in range(n))


def page(n: int, piece: str, around: str = "<html><body>{}</body></html>") -> str:
    return around.format(piece * n)


TEXTS: dict[str, tuple[str, Callable[[int], str]]] = {
    "carriage returns": ("a.txt", lambda n: "a" + "\r" * 20 * n + "b"),
    "combining marks": ("a.txt", lambda n: "a" + MARKS * n),
    "spaces": ("a.txt", lambda n: "a" + " " * 20 * n + "b"),
    "lines": ("a.txt", lambda n: "A line of text, with words.\n" * n),
    "open tags in plain text": ("a.txt", lambda n: "<a " * n),
    "open notes": ("a.md", lambda n: "[^" * n),
    "notes": ("a.md", lambda n: "Text[^1].\n\n[^1]: A note.\n\n" * (n // 10)),
    "open brackets": ("a.md", lambda n: "[a](" * (n // 10)),
    "Markdown paragraphs": ("a.md", lambda n: "A *paragraph* of text.\n\n" * (n // 4)),
    "front matter": ("a.md", lambda n: "---\n" * n),
    "subtitles": ("a.srt", lambda n: cues(n // 4, "What is said goes on")),
    "dots in a subtitle": ("a.srt", lambda n: cues(1, "." * 10 * n)),
    "quotation marks in a subtitle": ("a.srt", lambda n: cues(1, "." + "'" * 10 * n + "a")),
    "brackets in a subtitle": ("a.srt", lambda n: cues(1, "[" * 10 * n)),
    "spaces in a subtitle": ("a.srt", lambda n: cues(1, "a." + " " * 10 * n + "b")),
    "dashes in a subtitle": ("a.srt", lambda n: cues(1, "Yes. - " * n)),
    "open readings": ("a.vtt", lambda n: cues(1, "<rt>" * n, "WEBVTT\n\n").replace(",", ".")),
    "open times": ("a.vtt", lambda n: cues(1, "<1" * n, "WEBVTT\n\n").replace(",", ".")),
    "blank lines": ("a.vtt", lambda n: cues(1, "a", "WEBVTT\n\n" + "\n \t" * n).replace(",", ".")),
    "HTML paragraphs": ("a.html", lambda n: page(n, "<p>A paragraph.</p>")),
    "HTML attributes": ("a.html", lambda n: "<p " + " ".join(f"a{k}='b'" for k in range(n)) + ">Text</p>"),
    "open HTML elements": ("a.html", lambda n: page(n, "<b>a")),
    "HTML links": ("a.html", lambda n: page(n, "<a href='#a'>1</a> Text ")),
    "styles": ("a.html", lambda n: "<p style='" + "; " * n + "'>Text</p>"),
    "breaks": ("a.html", lambda n: page(n, "a <br> ")),
    "spaces before breaks": ("a.html", lambda n: "<pre>" + " " * 10 * n + "a</pre>"),
    "comments": ("a.html", lambda n: page(n, "<!-- a -->b")),
    "open comments": ("a.html", lambda n: "<!-- " * n),
    "MediaWiki": ("a.xml", lambda n: page(n, "<page><title>A</title><text>Some text.</text></page>", "<m>{}</m>")),
    "flat titles": ("a.xml", lambda n: page(n, "<title>A</title><p>Some text.</p>", "<m>{}</m>")),
    "nested in lines": ("a.xml", lambda n: page(n, "<p>Some <b><i>text</i></b>.</p>", "<m>{}</m>")),
    "empty in lines": ("a.xml", lambda n: "<m><p>a<b>" + "<c/>" * n + "</b>d</p></m>"),
    "references": ("a.xml", lambda n: page(n, "&amp;", "<m>{}</m>")),
    "TEI": ("a.xml", lambda n: page(n, "<div><head>A</head><p>Text <note>b</note></p></div>", "<TEI>{}</TEI>")),
    "TEI choices": ("a.xml", lambda n: page(n, "<choice><sic>a</sic><corr>b</corr></choice>", "<TEI><p>{}</p></TEI>")),
    "TMX": ("a.tmx", lambda n: page(n, "<tu><tuv xml:lang='en'><seg>A</seg></tuv></tu>", "<tmx><body>{}</body></tmx>")),
    "TMX variants": (
        "a.tmx",
        lambda n: page(n, "<tuv xml:lang='en'><seg>A</seg></tuv>", "<tmx><body><tu>{}</tu></body></tmx>"),
    ),
}
"""Texts of so many pieces, by what they are full of, and the name of their file."""


def archive(members: dict[str, str]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
        for name, text in members.items():
            file.writestr(name, text)
    return made.getvalue()


def docx(n: int) -> bytes:
    body = "<w:p><w:r><w:t>A paragraph.</w:t></w:r></w:p>" * (n // 10)
    space = "xmlns:w='http://schemas.openxmlformats.org/wordprocessingml/2006/main'"
    kinds = "xmlns='http://schemas.openxmlformats.org/package/2006/content-types'"
    return archive(
        {
            "[Content_Types].xml": f"<Types {kinds}/>",
            "word/document.xml": f"<w:document {space}><w:body>{body}</w:body></w:document>",
        }
    )


def epub(n: int) -> bytes:
    n = n // 20
    names = [f"p{k}.xhtml" for k in range(n)]
    items = "".join(f"<item id='{name}' href='{name}' media-type='application/xhtml+xml'/>" for name in names)
    spine = "".join(f"<itemref idref='{name}'/>" for name in names)
    container = "<container><rootfiles><rootfile full-path='b.opf'/></rootfiles></container>"
    package = f"<package><manifest>{items}</manifest><spine>{spine}</spine></package>"
    text = "<html xmlns='http://www.w3.org/1999/xhtml'><body><p>Text.</p></body></html>"
    return archive({"META-INF/container.xml": container, "b.opf": package} | dict.fromkeys(names, text))


def pdf(n: int) -> bytes:
    from reportlab.pdfgen.canvas import Canvas

    made = io.BytesIO()
    canvas = Canvas(made)
    for _ in range(n // 100):
        for line in range(10):
            canvas.drawString(50, 700 - 20 * line, "A line of text - with words.")
        canvas.showPage()
    canvas.save()
    return made.getvalue()


ARCHIVES = {"DOCX paragraphs": ("a.docx", docx), "EPUB pages": ("a.epub", epub), "PDF pages": ("a.pdf", pdf)}


def made(case: str, n: int) -> tuple[str, bytes]:
    if case in ARCHIVES:
        name, make = ARCHIVES[case]
        return name, make(n)
    name, write = TEXTS[case]
    return name, write(n).encode()


def reading(name: str, data: bytes) -> Callable[[], None]:
    """Return what reads a document, or refuses it, which it has to do in time as well."""

    def read() -> None:
        with suppress(DocumentError):
            read_file(data, Path(name), None, Options(language="en"), is_split=False)

    return read


@pytest.mark.parametrize("case", [*TEXTS, *ARCHIVES])
def test_reading_takes_no_longer_than_a_text_is_long(case: str) -> None:
    reading(*made(case, 10))()  # libraries are loaded
    assert grows_linearly(reading(*made(case, N)), reading(*made(case, TIMES * N)))
