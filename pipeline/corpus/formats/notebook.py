"""Jupyter notebooks: the Markdown of their cells; code, its output and raw cells are left out, and counted."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from pipeline.corpus.formats.document import Note, Options, Paragraph
from pipeline.corpus.formats.markdown import read_markdown
from pipeline.errors import DocumentError


def read_notebook(text: str, options: Options) -> Iterator[Paragraph | Note]:
    """Give the paragraphs of a notebook's cells of text."""
    left_out: Counter[str] = Counter()
    for cell in _cells(text):
        source = cell.get("source", "")
        said = "".join(map(str, source)) if isinstance(source, list) else str(source)
        kind = str(cell.get("cell_type"))
        if kind == "heading":  # of the third version of the format
            said, kind = f"{'#' * int(cell.get('level', 1))} {said}", "markdown"
        if kind == "markdown":
            yield from read_markdown(f"\n{said}", options)  # a line at its head is a line, and no front matter
        else:
            left_out[kind] += bool(said.strip() or cell.get("input"))
    if n_code := left_out.pop("code", 0):
        yield Note(f"left out: {n_code:,} {'cells' if n_code > 1 else 'cell'} of code, with output")
    if n_others := left_out.total():
        yield Note(f"left out: {n_others:,} {'cells' if n_others > 1 else 'cell'} neither of text nor of code")


def _cells(text: str) -> list[dict[str, Any]]:
    try:
        book = json.loads(text)
        cells = book["cells"] if "cells" in book else [cell for one in book["worksheets"] for cell in one["cells"]]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise DocumentError(f"is no Jupyter notebook, or a damaged one: {type(error).__name__}: {error}") from None
    if not isinstance(cells, list) or not all(isinstance(cell, dict) for cell in cells):
        raise DocumentError("is no Jupyter notebook: its cells are not a list of cells")
    return cells
