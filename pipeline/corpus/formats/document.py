"""What a reader is given, and what it gives back."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from pipeline.errors import ConfigError


class Options(NamedTuple):
    """What the config says of a file."""

    encoding: str | None = None
    """Of text files; without it each format has its own way to tell."""
    language: str = ""
    """Which of several to read: a TMX file holds all of its languages."""


class DocumentText(NamedTuple):
    """A document as text, and what people should know of how it was read."""

    text: str
    notes: tuple[str, ...] = ()
    """Go on from the document's name: "it is PDF, …"."""


def join_paragraphs(paragraphs: Iterable[str], is_split: bool) -> str:
    """Return paragraphs as a text: a blank line ends each, or with `is_split`, where lines count, a newline."""
    if is_split:
        return "".join(f"{' '.join(paragraph.split())}\n" for paragraph in paragraphs)
    return "".join(f"{paragraph}\n\n" for paragraph in _with_text(paragraphs))


def load(module: str, what: str) -> Any:
    """Import a library of the extra `formats`; raises ConfigError that names the extra."""
    try:
        return importlib.import_module(module)
    except ImportError:
        library = module.partition(".")[0]
        raise ConfigError(
            f"reading {what} takes the library {library}, which is not installed here; install the extra: "
            "pip install 'bitext-pipeline[formats]'"
        ) from None


def _with_text(paragraphs: Iterable[str]) -> Iterator[str]:
    return (stripped for paragraph in paragraphs if (stripped := paragraph.strip()))
