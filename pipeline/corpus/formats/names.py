"""Which format a file has, by how its name ends."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

Format = Literal["text", "html", "epub", "docx", "pdf", "markdown", "xml", "srt", "vtt", "tmx"]
"""Formats of files that are a document each (TMX: one in each language)."""

SUFFIXES: dict[str, Format] = {
    ".html": "html",
    ".htm": "html",
    ".xhtml": "xml",
    ".epub": "epub",
    ".docx": "docx",
    ".pdf": "pdf",
    ".md": "markdown",
    ".markdown": "markdown",
    ".xml": "xml",
    ".tei": "xml",
    ".srt": "srt",
    ".vtt": "vtt",
    ".tmx": "tmx",
}
"""All others are plain text."""

PACKED = ".gz"

ROW_SUFFIXES = frozenset({".jsonl", ".parquet", ".arrow"})
"""Files that hold a document in each row."""

DATASET_FILES = ("dataset_info.json", "dataset_dict.json")
"""What the `datasets` library of Hugging Face leaves in a folder that it saves a dataset, or several, to."""


def format_of(path: Path, forced: Format | None) -> Format:
    """Return the format of a file: the one that the config forces, else by its name, without `.gz`."""
    suffix = Path(path.stem).suffix if path.suffix.lower() == PACKED else path.suffix
    return forced or SUFFIXES.get(suffix.lower(), "text")


def has_rows(path: Path, forced: Format | None) -> bool:
    """Say whether a file, or the folder of a dataset, holds a document in each row."""
    return forced is None and (path.suffix.lower() in ROW_SUFFIXES or is_dataset(path))


def is_dataset(path: Path) -> bool:
    """Say whether a folder is a dataset of Hugging Face."""
    return path.is_dir() and any((path / name).is_file() for name in DATASET_FILES)
