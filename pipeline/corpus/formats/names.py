"""Tell the format of a file by the end of its name."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

Format = Literal[
    "text", "html", "epub", "docx", "pdf", "markdown", "xml", "srt", "vtt", "ass", "microdvd", "ttml", "tmx",
    "odt", "rtf", "fb2", "latex", "rst", "org", "mediawiki", "textile", "asciidoc", "typst", "pptx", "ipynb", "doc",
    "csv", "tsv", "xlsx", "xliff", "po", "ts", "resx", "properties",
]  # fmt: skip
"""Formats of files that are a document each; those of `SEVERAL_LANGUAGES`: one in each language."""

SEVERAL_LANGUAGES: frozenset[Format] = frozenset({"tmx", "csv", "tsv", "xlsx", "xliff", "po", "ts"})

SUFFIXES: dict[str, Format] = {
    ".txt": "text", ".text": "text",
    ".html": "html", ".htm": "html", ".xhtml": "xml", ".epub": "epub", ".docx": "docx", ".docm": "docx", ".pdf": "pdf",
    ".md": "markdown", ".markdown": "markdown", ".xml": "xml", ".tei": "xml", ".dbk": "xml",
    ".srt": "srt", ".vtt": "vtt", ".ass": "ass", ".ssa": "ass", ".sub": "microdvd", ".ttml": "ttml", ".dfxp": "ttml",
    ".tmx": "tmx", ".xlf": "xliff", ".xliff": "xliff", ".sdlxliff": "xliff", ".mqxliff": "xliff", ".mxliff": "xliff",
    ".po": "po", ".pot": "po", ".ts": "ts", ".resx": "resx", ".resw": "resx", ".properties": "properties",
    ".csv": "csv", ".tsv": "tsv", ".tab": "tsv", ".xlsx": "xlsx", ".xlsm": "xlsx",
    ".odt": "odt", ".ott": "odt", ".rtf": "rtf", ".fb2": "fb2", ".doc": "doc", ".pptx": "pptx",
    ".tex": "latex", ".latex": "latex", ".rst": "rst", ".org": "org", ".wiki": "mediawiki", ".mediawiki": "mediawiki",
    ".textile": "textile", ".adoc": "asciidoc", ".asciidoc": "asciidoc", ".typ": "typst", ".ipynb": "ipynb",
}  # fmt: skip
"""All others are plain text, unless they begin as something else: see `recognise`."""

PACKED = ".gz"

ROW_SUFFIXES = frozenset({".jsonl", ".parquet", ".arrow"})
"""Files that hold a document in each row."""

DATASET_FILES = ("dataset_info.json", "dataset_dict.json")
"""What the `datasets` library of Hugging Face leaves in a folder that it saves a dataset, or several, to."""


def format_of(path: Path, forced: Format | None) -> Format:
    """Return the format of a file: the one that the config forces, else by its name, without `.gz`."""
    return forced or SUFFIXES.get(suffix_of(path), "text")


def suffix_of(path: Path) -> str:
    """Return how the name of a file ends, without `.gz`, in small letters."""
    return (Path(path.stem).suffix if path.suffix.lower() == PACKED else path.suffix).lower()


def has_rows(path: Path, forced: Format | None) -> bool:
    """Say whether a file, or the folder of a dataset, holds a document in each row."""
    return forced is None and (path.suffix.lower() in ROW_SUFFIXES or is_dataset(path))


def is_dataset(path: Path) -> bool:
    """Say whether a folder is a dataset of Hugging Face."""
    return path.is_dir() and any((path / name).is_file() for name in DATASET_FILES)
