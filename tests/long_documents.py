"""Measure the reading of a document of 300 pages as DOCX, ODT and PDF: seconds and memory, each in its own process.

    python tests/long_documents.py [PAGES]

The documents are made here: DOCX and ODT by pandoc (extra `pandoc`), PDF by reportlab. A page has 40 lines of 75
characters in six paragraphs; every tenth begins a chapter. Memory is the most that the process, or a program that it
called, has held.
"""

from __future__ import annotations

import multiprocessing
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

WORDS = ("the", "lamp", "keeper", "counted", "every", "step", "and", "nobody", "saw", "a", "ship", "in", "fog", "snow")
FORMATS = ("docx", "odt", "pdf")


def make_paragraphs(n_pages: int) -> list[str]:
    """Return chapters of paragraphs; one that begins with # is a heading."""
    chance = random.Random(1)
    found = []
    for page in range(n_pages):
        if page % 10 == 0:
            found.append(f"# Chapter {page // 10 + 1}")
        for _ in range(6):
            sentences = (" ".join(chance.choices(WORDS, k=14)).capitalize() + "." for _ in range(7))
            found.append(" ".join(sentences))
    return found


def write_pdf(paragraphs: list[str], path: Path) -> None:
    from reportlab.lib.styles import getSampleStyleSheet
    from reportlab.platypus import Paragraph, SimpleDocTemplate

    styles = getSampleStyleSheet()
    story = [Paragraph(text.lstrip("# "), styles["Heading1" if text[0] == "#" else "Normal"]) for text in paragraphs]
    SimpleDocTemplate(str(path)).build(story)


def write(format_name: str, paragraphs: list[str], path: Path) -> None:
    if format_name == "pdf":
        write_pdf(paragraphs, path)
        return
    import pypandoc

    command = [pypandoc.get_pandoc_path(), "--from=markdown", f"--output={path}"]
    subprocess.run(command, input="\n\n".join(paragraphs).encode(), check=True)


def read(path: str) -> tuple[int, float, float, float]:
    """Read a document as a run does; return its characters, wall seconds, processor seconds and megabytes."""
    from pipeline.config.run_config import CorpusConfig
    from pipeline.corpus.readers import Source, read_source

    corpus = CorpusConfig(source="a", target="b", source_language="en", target_language="de")
    started, spent = time.perf_counter(), _processor_seconds()
    found = read_source(Source(Path(path), None, path), corpus)
    used = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return len(found.text), time.perf_counter() - started, _processor_seconds() - spent, max(used) / 1024


def _processor_seconds() -> float:
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(used.ru_utime + used.ru_stime for used in both)


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> None:
    """Print a table."""
    n_pages = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    paragraphs = make_paragraphs(n_pages)
    n_chars = sum(len(text.lstrip("# ")) for text in paragraphs)
    say(f"{n_pages:,} pages, {n_chars:,} characters")
    say("| format | kB | characters read | s | s of processor | MB |\n|---|---:|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as name:
        for format_name in FORMATS:
            path = Path(name) / f"book.{format_name}"
            write(format_name, paragraphs, path)
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                n_read, seconds, of_processor, megabytes = pool.apply(read, (str(path),))
            size = path.stat().st_size // 1024
            say(f"| {format_name} | {size:,} | {n_read:,} | {seconds:.1f} | {of_processor:.1f} | {megabytes:.0f} |")


if __name__ == "__main__":
    main()
