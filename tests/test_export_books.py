"""Bilingual books and XLIFF: every sentence is there, what stands alone is marked, and other programs read them."""

from __future__ import annotations

import shutil
import subprocess
import zipfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

import docx
import pytest
from export_pairs import NASTY_TEXTS, any_pair, make_pair
from hypothesis import given
from lxml import etree
from small_corpus import InlineBackend, bitext

from pipeline.errors import ConfigError
from pipeline.exports.parts import join_file, write_part
from pipeline.exports.write import exporting, write_exports, write_pair
from stages.data import AlignedPair, Sentence
from stages.export.blocks import blocks_of
from stages.export.book import BookRenderer, Layout, direction_of
from stages.export.config import ExportConfig
from stages.export.selection import select_units
from stages.export.xliff import NAMESPACE, XliffRenderer

XML = etree.XMLParser(load_dtd=False, no_network=True)


def with_layout(pair: AlignedPair, source: list[tuple[int, int]], target: list[tuple[int, int]]) -> AlignedPair:
    """Give the sentences of a pair their (paragraph, heading level)."""

    def laid_out(sentences: list[Sentence], layout: list[tuple[int, int]]) -> list[Sentence]:
        return [
            sentence._replace(paragraph=paragraph, heading=heading)
            for sentence, (paragraph, heading) in zip(sentences, layout, strict=True)
        ]

    return replace(pair, source=laid_out(list(pair.source), source), target=laid_out(list(pair.target), target))


def story() -> AlignedPair:
    """Two paragraphs under a heading; the second sentence of the first has no translation, nor has the last target."""
    pair = make_pair(
        ["One", "A.", "B.", "C."],
        ["Eins", "a.", "c.", "d."],
        [(0, 1, 0, 1), (1, 2, 1, 2), (2, 3, 2, 2), (3, 4, 2, 3), (4, 4, 3, 4)],
    )
    return with_layout(pair, [(0, 1), (1, 0), (1, 0), (2, 0)], [(0, 1), (1, 0), (1, 0), (2, 0)])


def book_of(pair: AlignedPair, layout: Layout = "beside") -> etree._Element:
    renderer = BookRenderer(layout)
    text = "".join([renderer.header(), *renderer.pair(pair, []), renderer.footer()])
    return etree.fromstring(text.encode(), XML)


def texts_of(root: etree._Element, path: str) -> list[str]:
    return ["".join(node.itertext()) for node in root.iterfind(path, {"h": "http://www.w3.org/1999/xhtml"})]


def test_blocks_follow_the_paragraphs_of_the_source() -> None:
    blocks = [
        (block.level, [piece.text for piece in block.source], [piece.text for piece in block.target])
        for block in blocks_of(story())
    ]
    assert blocks == [(1, ["One"], ["Eins"]), (0, ["A.", "B."], ["a."]), (0, ["C."], ["c."]), (0, [], ["d."])]


def test_what_has_no_translation_is_told_apart() -> None:
    unaligned = [piece.text for block in blocks_of(story()) for piece in (*block.source, *block.target) if not piece[1]]
    assert unaligned == ["B.", "d."]


@given(any_pair())
def test_blocks_hold_every_sentence_once_and_in_order(pair: AlignedPair) -> None:
    blocks = list(blocks_of(pair))
    for side in ("source", "target"):
        found = [piece for block in blocks for piece in getattr(block, side)]
        assert len(found) == sum(bool(sentence.text) for sentence in getattr(pair, side))


@pytest.mark.parametrize("layout", ["beside", "below"])
def test_a_book_holds_both_texts(layout: Layout) -> None:
    root = book_of(story(), layout)
    assert texts_of(root, ".//h:h2/h:span") == ["One", "Eins"]
    assert texts_of(root, ".//h:body//h:p") == ["A. B.", "a.", "C.", "c.", "d."]
    assert texts_of(root, ".//h:span[@class='unaligned']") == ["B.", "d."]
    assert texts_of(root, ".//h:h1") == ["story"]


def test_languages_and_directions_are_marked() -> None:
    root = book_of(make_pair(["مرحبا."], ["Hello."], languages=("ar", "en")))
    cells = [dict(cell.attrib) for cell in root.iter("{http://www.w3.org/1999/xhtml}div")]
    assert [(cell["lang"], cell["dir"]) for cell in cells] == [("ar", "rtl"), ("en", "ltr")]
    assert [direction_of(language) for language in ("he", "fa-IR", "uz-Arab", "zh-Hant", "de")] == [
        "rtl", "rtl", "rtl", "ltr", "ltr",
    ]  # fmt: skip


def test_several_pairs_are_parts_with_their_contents() -> None:
    renderer = BookRenderer("below")
    pair = with_layout(make_pair(["I", "II"], ["1", "2"]), [(0, 1), (1, 1)], [(0, 1), (1, 1)])
    other = replace(pair, pair_id="other")
    text = "".join([renderer.header(), *renderer.pair(pair, []), *renderer.pair(other, []), renderer.footer()])
    root = etree.fromstring(text.encode(), XML)
    assert texts_of(root, ".//h:h1") == ["story", "other"]
    links = [link.get("href", "")[1:] for link in root.iter("{http://www.w3.org/1999/xhtml}a")]
    assert links == [heading.get("id") for heading in root.iter("{http://www.w3.org/1999/xhtml}h2")]
    assert len(set(links)) == 4


@given(any_pair())
def test_a_book_of_any_text_is_well_formed(pair: AlignedPair) -> None:
    for layout in ("beside", "below"):
        assert book_of(pair, layout).tag.endswith("html")


# ---- XLIFF


def xliff_of(pair: AlignedPair, config: ExportConfig | None = None) -> bytes:
    renderer = XliffRenderer((pair.source_language, pair.target_language))
    units = list(select_units(pair, config or ExportConfig(keep_nulls=True), Counter()))
    return "".join([renderer.header(), *renderer.pair(pair, units), renderer.footer()]).encode()


def test_xliff_has_a_unit_for_each_bead_with_a_source() -> None:
    root = etree.fromstring(xliff_of(story()), XML)
    assert dict(root.attrib) == {"version": "2.0", "srcLang": "en", "trgLang": "de"}
    segments = [[node.text for node in segment] for segment in root.iter(f"{{{NAMESPACE}}}segment")]
    assert segments == [["One", "Eins"], ["A.", "a."], ["B."], ["C.", "c."]]


@given(any_pair())
def test_any_text_survives_xliff_but_for_what_xml_cannot_hold(pair: AlignedPair) -> None:
    root = etree.fromstring(xliff_of(pair), XML)
    ids = [unit.get("id") for unit in root.iter(f"{{{NAMESPACE}}}unit")]
    assert len(set(ids)) == len(ids)
    assert all(list(file) for file in root.iter(f"{{{NAMESPACE}}}file"))


def test_nasty_texts_are_read_back_from_every_format() -> None:
    pair = make_pair(NASTY_TEXTS, NASTY_TEXTS)
    assert len(list(etree.fromstring(xliff_of(pair), XML).iter(f"{{{NAMESPACE}}}unit"))) == len(NASTY_TEXTS)
    assert book_of(pair) is not None


# ---- EPUB and DOCX


def write_story(path: Path, layout: Layout = "beside", pair: AlignedPair | None = None) -> None:
    write_pair(pair or story(), path, ExportConfig(book_layout=layout))


@pytest.mark.parametrize("suffix", [".epub", ".docx"])
def test_equal_books_have_equal_bytes(suffix: str, tmp_path: Path) -> None:
    write_story(tmp_path / f"one{suffix}")
    write_story(tmp_path / f"two{suffix}")
    assert (tmp_path / f"one{suffix}").read_bytes() == (tmp_path / f"two{suffix}").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"one{suffix}", f"two{suffix}"]


def test_a_run_writes_its_books_in_parts_as_in_one(tmp_path: Path) -> None:
    pairs = [story(), replace(story(), pair_id="other"), make_pair(NASTY_TEXTS, NASTY_TEXTS, pair_id="nasty")]
    config = ExportConfig(formats=("epub", "docx", "book-html", "xliff"), book_layout="below")
    languages = frozenset([("en", "de")])
    write_exports(pairs, config, tmp_path / "one", language_pairs=languages)
    with exporting(config, languages, tmp_path / "parts") as (plan, _):
        for number, pair in enumerate(pairs):
            write_part(plan, number, [pair])
        for file in plan.joined_files:
            join_file(plan, len(pairs), file)
    names = ["bitext.book.html", "bitext.docx", "bitext.epub", "bitext.xliff"]
    for folder in ("one", "parts"):
        assert sorted(path.name for path in (tmp_path / folder).iterdir()) == names
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "parts" / name).read_bytes()
    root = etree.parse(str(tmp_path / "one" / "bitext.xliff"), XML).getroot()
    assert [file.get("original") for file in root] == ["story", "other", "nasty"]


def test_an_epub_has_chapters_languages_and_a_name_of_its_own(tmp_path: Path) -> None:
    write_story(tmp_path / "book.epub", pair=make_pair(["مرحبا."], ["Hello."], languages=("ar", "en")))
    with zipfile.ZipFile(tmp_path / "book.epub") as book:
        package = book.read("EPUB/content.opf").decode()
        page = book.read("EPUB/text/ch001.xhtml").decode()
    assert '<dc:title id="epub-title-1">Bilingual book</dc:title>' in package
    assert "<dc:language>ar</dc:language>" in package
    assert '<div class="original" lang="ar" dir="rtl">' in page


def test_a_docx_is_read_by_another_program(tmp_path: Path) -> None:
    write_story(tmp_path / "book.docx")
    document = docx.Document(str(tmp_path / "book.docx"))
    rows = [[cell.text for cell in row.cells] for table in document.tables for row in table.rows]
    assert rows == [["A. B.", "a."], ["C.", "c."], ["", "d."]]
    assert [paragraph.text for paragraph in document.paragraphs if paragraph.style.name == "Heading 2"] == ["One\nEins"]


def test_without_pandoc_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> str:
        raise OSError("no pandoc")

    monkeypatch.setattr("pypandoc.get_pandoc_path", missing)
    with pytest.raises(ConfigError, match=r"pip install '\.\[pandoc\]'"):
        write_story(tmp_path / "book.epub")


# ---- books of real texts

EPUBCHECK = Path("/usr/share/java/epubcheck.jar")
"""Where Debian's package epubcheck has it; elsewhere `epubcheck` on the path is taken."""
REAL_TEXTS = {
    "en-de": ("corpora/handbook-en-de/en/apt.txt", "corpora/handbook-en-de/de/apt.txt"),
    "zh-en": ("gold/mac-dev-zh-en/001.source.txt", "gold/mac-dev-zh-en/001.target.txt"),
    "ar-en": ("more-gold/alignar-dev-ar-en/law-001.source.txt", "more-gold/alignar-dev-ar-en/law-001.target.txt"),
}


@pytest.mark.parametrize("languages", REAL_TEXTS)
def test_a_book_of_real_texts_has_no_error_by_epubcheck(
    languages: str, shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ["java", "-jar", str(EPUBCHECK)] if EPUBCHECK.is_file() else ["epubcheck"]
    if shutil.which(command[0]) is None:
        pytest.skip("epubcheck is not here")
    monkeypatch.setattr("pipeline.commands.options.LocalBackend", InlineBackend)
    source, target = languages.split("-")
    sides = [shared / place for place in REAL_TEXTS[languages]]
    named = ("--source-language", source, "--target-language", target)
    book = tmp_path / "book.epub"
    result = bitext("align", *sides, *named, "--store", tmp_path / "store", "-o", book)
    assert result.exit_code == 0, result.output
    checked = subprocess.run([*command, str(book)], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "ERROR" not in checked.stdout + checked.stderr
    assert "WARNING" not in checked.stdout + checked.stderr
