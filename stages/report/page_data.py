"""The data that the page of a pair is drawn from: one JSON object, compressed and written into the page.

    pair_id          string
    source, target   {language: "de",
                      sentences: ["…", …],          an empty string is an empty position
                      paragraphs: [0, 7, …],        the positions at which paragraphs begin
                      headings: [[0, 1], …]}        the positions of headings, each with its level
    bead_columns     ["source_start", "source_stop", "target_start", "target_stop", "similarity", "score",
                      "confidence"]; spans are half-open and count from 0. More columns may follow, such as a mark
    beads            [[0, 1, 0, 1, 0.81, 5.2, 0.99], …] in order, every position in exactly one; null is no measure
    map              {rows: 200, columns: 180, cells: base64 of rows × columns bytes, row by row, from 0 to 100}; null
                     without one. Row r stands for the source sentences r * S // rows up to (r + 1) * S // rows
    facts            what the align stage said: verdict, reason, quality, anchors …
    measures         the numbers that head the page, as in the report: see `summary.measures`

In the page the object becomes `window.bitext.page` (see page/pair.js), whose `beads` are objects by these columns.
"""

from __future__ import annotations

import base64
import gzip
import json
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stages.data import BEAD_ARRAYS, AlignedPair, Sentence
from stages.report.summary import summarise_pair

SPANS = 4
"""The first columns of beads are spans; the others are measures."""

DIGITS = 4
"""Of measures; more only make a page larger."""


def pair_data(pair: AlignedPair, cells: NDArray[np.uint8] | None) -> dict[str, Any]:
    """Return the object that the page of a pair is drawn from; `cells` is its similarity map."""
    return {
        "pair_id": pair.pair_id,
        "source": _side(pair.source, pair.source_language),
        "target": _side(pair.target, pair.target_language),
        "bead_columns": list(BEAD_ARRAYS),
        "beads": _beads(pair),
        "map": None if cells is None else _map(cells),
        "facts": dict(pair.beads.facts),
        "measures": summarise_pair(pair).measures,
    }


def pack(data: dict[str, Any]) -> str:
    """Compress the data of a page to text that can stand anywhere in HTML: the same data, the same text."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return base64.b64encode(gzip.compress(text.encode("utf-8", "replace"), 9, mtime=0)).decode()


def _side(sentences: Sequence[Sentence], language: str) -> dict[str, Any]:
    numbers = [sentence.paragraph for sentence in sentences]
    starts = [i for i, number in enumerate(numbers) if i == 0 or number != numbers[i - 1]]
    headings = [[i, sentence.heading] for i, sentence in enumerate(sentences) if sentence.heading]
    texts = [sentence.text for sentence in sentences]
    return {"language": language, "sentences": texts, "paragraphs": starts, "headings": headings}


def _beads(pair: AlignedPair) -> list[list[float | None]]:
    columns = [getattr(pair.beads, name).tolist() for name in BEAD_ARRAYS]
    measured = [[_rounded(value) for value in column] for column in columns[SPANS:]]
    return [list(bead) for bead in zip(*columns[:SPANS], *measured, strict=True)]


def _rounded(value: float) -> float | None:
    return round(value, DIGITS) if math.isfinite(value) else None


def _map(cells: NDArray[np.uint8]) -> dict[str, Any]:
    rows, columns = cells.shape
    return {"rows": rows, "columns": columns, "cells": base64.b64encode(cells.tobytes()).decode()}
