"""Groups of documents, within which their counterparts are sought: by domain, by folder, or by a part of the path."""

from __future__ import annotations

import re
from collections.abc import Callable

from pipeline.corpus.by_name import language_words, parse_name, without_language
from pipeline.manifest import Document

_NAME = r"((?:[\w-]+\.)+[a-z]{2,})"
HOST = re.compile(rf"://{_NAME}|(?:^|[/#]){_NAME}(?=[:/?])", re.IGNORECASE)
"""A host in a path: after a scheme, or a folder that is named like one; the last part of a path is a file."""


def group_by(key: str | None) -> Callable[[Document], str]:
    """Return the function that gives the group of a document: see `[pairing] group`."""
    if key is None:
        return lambda _: ""
    if key == "folder":
        return _folder
    if key == "domain":
        return _domain
    pattern = re.compile(key)
    return lambda document: found[1] or "" if (found := pattern.search(document.path)) else ""


def _folder(document: Document) -> str:
    """Return the folder of a document, without the words of its language."""
    folder = parse_name(f"{document.path.rpartition('/')[0]}/")
    return "/".join(" ".join(segment) for segment in without_language(folder, document.language, at_edges=False))


def _domain(document: Document) -> str:
    """Return the host in the address of a document, without "www" and the words of its language."""
    found = HOST.search(document.path)
    labels = (found[1] or found[2]).lower().split(".") if found else []
    left_out = {"www", *language_words(document.language)}
    return ".".join(label for label in labels[:-1] if label not in left_out) + "".join(f".{top}" for top in labels[-1:])
