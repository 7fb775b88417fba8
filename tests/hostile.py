"""Bombs, broken, huge and deep files of every input format, each in a corpus with three good pairs.

    python tests/hostile.py                     all of them, with time and memory of each run
    python tests/hostile.py "PDF: forms" DOCX   those whose names begin so
    python tests/hostile.py --short             a few, as CI does

Each run must end within 60 s of processor time and 1.5 GB over what the good documents take, list the hostile document
as a failure or align it, and give the exports of the good pairs as they are without it.
"""

from __future__ import annotations

import argparse
import gzip
import io
import os
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from processes import children_of
from small_corpus import write_corpus

N_GOOD = 3
MOST_SECONDS, MOST_MEGABYTES = 60.0, 1500.0
TOTAL = 4_000_000_000
"""Bytes that no process of a run may have as address space: so no bomb takes the machine down, whatever is wrong."""

CONFIG = """
[corpus]
manifest = "pairs.tsv"
[encode]
encoder = "use-multilingual"
[export]
formats = ["tsv", "beads"]
"""
HEADER = "pair_id\tsource_path\ttarget_path\tsource_language\ttarget_language\n"


def zipped(members: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return made.getvalue()


def docx(body: bytes) -> bytes:
    space = b"xmlns:w='http://schemas.openxmlformats.org/wordprocessingml/2006/main'"
    kinds = b"<Types xmlns='http://schemas.openxmlformats.org/package/2006/content-types'/>"
    whole = b"<w:document %s><w:body>%s</w:body></w:document>" % (space, body)
    return zipped({"[Content_Types].xml": kinds, "word/document.xml": whole})


def epub(page: bytes) -> bytes:
    package = (
        b"<package><manifest><item id='a' href='a.xhtml' media-type='application/xhtml+xml'/></manifest>"
        b"<spine><itemref idref='a'/></spine></package>"
    )
    container = b"<container><rootfiles><rootfile full-path='b.opf'/></rootfiles></container>"
    html = b"<html xmlns='http://www.w3.org/1999/xhtml'><body>%s</body></html>" % page
    return zipped({"META-INF/container.xml": container, "b.opf": package, "a.xhtml": html})


def odt(body: bytes) -> bytes:
    names = "urn:oasis:names:tc:opendocument:xmlns:{}:1.0"
    spaces = " ".join(f'xmlns:{name}="{names.format(name)}"' for name in ("office", "text"))
    whole = f"<office:document-content {spaces}><office:body><office:text>".encode() + body
    kind = b"application/vnd.oasis.opendocument.text"
    return zipped({"mimetype": kind, "content.xml": whole + b"</office:text></office:body></office:document-content>"})


def pdf(objects: list[bytes]) -> bytes:
    """Return a PDF file of these objects, of which the first is its catalogue."""
    made, offsets = b"%PDF-1.7\n", []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(made))
        made += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    tail = b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(made))
    return made + head + table + tail


def pdf_page(content: bytes, more: list[bytes], resources: bytes = b"<<>>", options: bytes = b"") -> bytes:
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R/Resources %s>>" % resources
    stream = b"<</Length %d%s>>stream\n%s\nendstream" % (len(content), options, content)
    return pdf([b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>", page, stream, *more])


def pdf_forms() -> bytes:
    """Draw a form that draws the next one ten times, eight deep: a hundred million letters."""
    forms = []
    for depth in range(8):
        drawn = b"/F Do " * 10 if depth < 7 else b"BT /T 10 Tf (abcdefghij) Tj ET"
        inner = b"<</XObject<</F %d 0 R>>/Font<</T 13 0 R>>>>" % (6 + depth)
        forms.append(
            b"<</Type/XObject/Subtype/Form/BBox[0 0 600 800]/Resources %s/Length %d>>stream\n%s\nendstream"
            % (inner, len(drawn), drawn)
        )
    font = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"
    return pdf_page(b"/F Do", [*forms, font], b"<</XObject<</F 5 0 R>>>>")


def pdf_spaces() -> bytes:
    """Hold a content stream of 600 MB of spaces, packed twice."""
    packer, packed = zlib.compressobj(9), b""
    for _ in range(600):
        packed += packer.compress(b" " * (1 << 20))
    twice = zlib.compress(packed + packer.flush(), 9)
    return pdf_page(twice, [], options=b"/Filter[/FlateDecode/FlateDecode]")


def parquet(id_bytes: int, n_rows: int) -> bytes:
    """Hold one id of so many bytes for every row, once, by way of a dictionary."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    ids = pa.DictionaryArray.from_arrays(pa.array([0] * n_rows, pa.int32()), pa.array(["x" * id_bytes]))
    made = io.BytesIO()
    pq.write_table(pa.table({"id": ids, "text": pa.array(["a"] * n_rows)}), made, compression="zstd")
    return made.getvalue()


def arrow() -> bytes:
    import pyarrow as pa

    made = io.BytesIO()
    table = pa.table({"id": ["1"], "text": ["x" * 400_000_000]})
    with pa.ipc.new_stream(made, table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_table(table)
    return made.getvalue()


def xlsx() -> bytes:
    cells = b"<c t='inlineStr'><is><t>a</t></is></c>" * 2
    rows = b"<row>%s</row>" % cells * 700_000
    space = b"xmlns='http://schemas.openxmlformats.org/spreadsheetml/2006/main'"
    office = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = b"http://schemas.openxmlformats.org/package/2006"
    return zipped(
        {
            "[Content_Types].xml": b"<Types xmlns='%s/content-types'><Override PartName='/xl/workbook.xml' ContentType="
            b"'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml'/></Types>" % package,
            "_rels/.rels": b"<Relationships xmlns='%s/relationships'><Relationship Id='a' Type='%s/officeDocument' "
            b"Target='xl/workbook.xml'/></Relationships>" % (package, office),
            "xl/workbook.xml": b"<workbook %s xmlns:r='%s'><sheets><sheet name='a' sheetId='1' r:id='a'/></sheets>"
            b"</workbook>" % (space, office),
            "xl/_rels/workbook.xml.rels": b"<Relationships xmlns='%s/relationships'><Relationship Id='a' "
            b"Type='%s/worksheet' Target='worksheets/a.xml'/></Relationships>" % (package, office),
            "xl/worksheets/a.xml": b"<worksheet %s><sheetData>%s</sheetData></worksheet>" % (space, rows),
        }
    )


P60 = b"<p>" * 20_000_000
WP60 = b"<w:p/>" * 10_000_000
DEEP = 200_000
PDF_LOOP = b"<</Type/Pages/Kids[2 0 R]>>"
ROW = b'{"id":"1","text":'
SRT = b"1\n00:00:01,000 --> 00:00:02,000\n"


class Case(NamedTuple):
    """A hostile file."""

    name: str
    file: str
    make: Callable[[], bytes]
    row: str = ""
    """The id of its row, of a file of rows."""


CASES = [
    Case("text: 300 kB of spaces", "a.txt", lambda: b"a" + b" " * 300_000 + b"b"),
    Case("text: 300 kB of carriage returns", "a.txt", lambda: b"a" + b"\r" * 300_000 + b"b"),
    Case("text: 300,000 combining marks", "a.txt", lambda: ("a" + "\u0327\u0301" * 150_000).encode()),
    Case("text: 400 MB", "a.txt", lambda: b"A line of text.\n" * 25_000_000),
    Case("text: gzip of 1 GB", "a.txt.gz", lambda: gzip.compress(b" " * (1 << 30), 6)),
    Case("text: broken gzip", "a.txt.gz", lambda: gzip.compress(b"Text. " * 1000)[:-20]),
    Case("HTML: gzip of 60 MB of elements", "a.html.gz", lambda: gzip.compress(P60)),
    Case("HTML: 60 MB of elements", "a.html", lambda: P60),
    Case("HTML: deep", "a.html", lambda: b"<div>" * DEEP),
    Case("HTML: 300,000 attributes", "a.html", lambda: b"<p " + b" ".join(b"a%d=''" % k for k in range(300_000))),
    Case("HTML: broken", "a.html", lambda: bytes(range(256)) * 400),
    Case("EPUB: 60 MB of elements", "a.epub", lambda: epub(P60)),
    Case("EPUB: deep", "a.epub", lambda: epub(b"<div>" * DEEP)),
    Case("EPUB: broken", "a.epub", lambda: epub(b"<p>Text.</p>" * 100)[:-100]),
    Case("DOCX: 60 MB of paragraphs", "a.docx", lambda: docx(WP60)),
    Case("DOCX: deep", "a.docx", lambda: docx(b"<w:r>" * DEEP + b"</w:r>" * DEEP)),
    Case("DOCX: broken", "a.docx", lambda: docx(b"<w:p/>" * 100)[:-100]),
    Case("ODT: 60 MB of paragraphs", "a.odt", lambda: odt(b"<text:p/>" * 7_000_000)),
    Case("ODT: broken", "a.odt", lambda: odt(b"<text:p/>")[:-30]),
    Case("RTF: deep", "a.rtf", lambda: b"{\\rtf1 " + b"{" * DEEP),
    Case("FB2: deep", "a.fb2", lambda: b"<FictionBook><body>" + b"<section>" * DEEP),
    Case("LaTeX: macros", "a.tex", lambda: b"\\documentclass{a}\\def\\a{\\a\\a}\\begin{document}\\a\\end{document}"),
    Case("PDF: forms", "a.pdf", pdf_forms),
    Case("PDF: 600 MB of spaces", "a.pdf", pdf_spaces),
    Case("PDF: broken", "a.pdf", lambda: pdf_forms()[:400]),
    Case("PDF: a loop of pages", "a.pdf", lambda: pdf([b"<</Type/Catalog/Pages 2 0 R>>", PDF_LOOP])),
    Case("Markdown: 300,000 open notes", "a.md", lambda: b"[^" * 150_000),
    Case("Markdown: deep", "a.md", lambda: b">" * 100_000 + b"a"),
    Case("XML: 60 MB of elements", "a.xml", lambda: b"<a>" + b"<b/>" * 15_000_000 + b"</a>"),
    Case("XML: deep", "a.xml", lambda: b"<a>" * DEEP + b"</a>" * DEEP),
    Case("XML: entities", "a.xml", lambda: b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'),
    Case("XML: 40,000 titles", "a.xml", lambda: b"<m>" + b"<page><title>A</title></page>" * 40_000 + b"</m>"),
    Case("TEI: deep", "a.xml", lambda: b"<TEI><text>" + b"<div>" * DEEP),
    Case("SRT: 3 MB of dots", "a.srt", lambda: SRT + b"." * 3_000_000),
    Case("SRT: broken", "a.srt", lambda: SRT[:20] * 1000),
    Case("VTT: 100,000 readings", "a.vtt", lambda: b"WEBVTT\n\n" + SRT.replace(b",", b".") + b"<rt>" * 100_000),
    Case("TMX: deep", "a.tmx", lambda: b"<tmx><body><tu><tuv xml:lang='en'><seg>" + b"<hi>" * DEEP),
    Case("TMX: 60 MB of units", "a.tmx", lambda: b"<tmx><body>" + b"<tu/>" * 12_000_000 + b"</body></tmx>"),
    Case("CSV: one cell of 100 MB", "a.csv", lambda: b"en,de\n" + b"a" * 100_000_000 + b",b\n"),
    Case("XLSX: 700,000 rows", "a.xlsx", xlsx),
    Case("JSONL: deep", "a.jsonl", lambda: ROW + b"[" * 1_000_000 + b"\n", "1"),
    Case("JSONL: one row of 100 MB of lists", "a.jsonl", lambda: ROW + b"[" + b"{}," * 33_000_000 + b"1]}\n", "1"),
    Case("Parquet: an id of 8 MB for a thousand rows", "a.parquet", lambda: parquet(8_000_000, 1000), "1"),
    Case("Parquet: broken", "a.parquet", lambda: parquet(10, 10)[:-20], "1"),
    Case("Arrow: a text of 400 MB", "a.arrow", arrow, "1"),
    Case("Arrow: broken", "a.arrow", lambda: b"ARROW1\0\0" + bytes(range(256)) * 40, "1"),
]  # fmt: skip

SHORT = ("PDF: forms", "DOCX: deep", "HTML: 300,000 attributes", "Parquet: broken", "text: broken gzip")


class Result(NamedTuple):
    """What a run came to."""

    status: int
    seconds: float
    """Of processor time, its processes' included."""
    megabytes: float
    """The most that all of its processes held at once."""
    exports: dict[str, bytes]
    reason: str


def run(folder: Path, case: Case | None) -> Result:
    """Align three good pairs, and a hostile document with a good one."""
    write_corpus(folder, N_GOOD, n_sentences=6, config=CONFIG)
    rows = [f"good-{n}\ten/{n:02}.txt\tde/{n:02}.txt\ten\tde\n" for n in range(N_GOOD)]
    if case is not None:
        (folder / case.file).write_bytes(case.make())
        name = f"{case.file}#{case.row}" if case.row else case.file
        rows.insert(1, f"hostile\t{name}\tde/00.txt\ten\tde\n")
    (folder / "pairs.tsv").write_text(HEADER + "".join(rows))
    command = [sys.executable, "-m", "pipeline", "run", "--config", str(folder / "run.toml")]
    places = ["--store", str(folder / "store"), "--out", str(folder / "out")]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([*command, *places], stdout=log, stderr=log, preexec_fn=guard)
        most = watch(process)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Result(process.returncode, seconds, most, exports_of(folder), reason_of(folder))


def guard() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (TOTAL, TOTAL))


def watch(process: subprocess.Popen[bytes]) -> float:
    """Wait for a run, and return the most MB that its processes held at once."""
    most = 0.0
    while process.poll() is None:
        most = max(most, sum(map(megabytes, [process.pid, *children_of(process.pid)])))
        time.sleep(0.05)
    return most


def megabytes(pid: int) -> float:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    except OSError:
        return 0.0


def exports_of(folder: Path) -> dict[str, bytes]:
    """Return what was exported of the good pairs."""
    beads = {path.name: path.read_bytes() for path in sorted((folder / "out" / "beads").glob("good-*"))}
    table = folder / "out" / "bitext.tsv"
    lines = table.read_bytes().splitlines(keepends=True) if table.exists() else []
    return beads | {"bitext.tsv": b"".join(line for line in lines if not line.startswith(b"hostile"))}


def reason_of(folder: Path) -> str:
    lines = (folder / "log").read_text(errors="replace").splitlines()
    return next((line.strip() for line in lines if "failed in" in line), lines[-1] if lines else "")


def check(case: Case, result: Result, good: Result) -> list[str]:
    """Return what is wrong with a run."""
    problems = []
    if result.status not in (0, 3):
        problems.append(f"exit status {result.status}")
    if result.exports != good.exports:
        problems.append("the exports of the good pairs are others")
    if result.seconds > good.seconds + MOST_SECONDS:
        problems.append(f"{result.seconds - good.seconds:.0f} s more")
    if result.megabytes > good.megabytes + MOST_MEGABYTES:
        problems.append(f"{result.megabytes - good.megabytes:.0f} MB more")
    return problems


def results(cases: list[Case]) -> Iterator[tuple[Case | None, Result, list[str]]]:
    """Give each case with what came of it, the good documents alone first."""
    with tempfile.TemporaryDirectory() as folder:
        good = run(Path(folder), None)
    yield None, good, [] if good.status == 0 else ["the good documents alone fail"]
    for case in cases:
        with tempfile.TemporaryDirectory() as folder:
            result = run(Path(folder), case)
        yield case, result, check(case, result, good)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--short", action="store_true")
    options = parser.parse_args()
    wanted = tuple(options.names) or (SHORT if options.short else ("",))
    is_wrong = False
    for case, result, problems in results([case for case in CASES if case.name.startswith(wanted)]):
        is_wrong = is_wrong or bool(problems)
        name = case.name if case else "the good documents alone"
        told = f"{name:45s} {result.seconds:6.1f} s {result.megabytes:6.0f} MB  status {result.status}"
        print(told, "; ".join(problems) or "ok", "|", result.reason[:150], flush=True)  # noqa: T201
    sys.exit(is_wrong)


if __name__ == "__main__":
    main()
