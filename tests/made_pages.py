"""Pages of pairs, made up, and the browser that opens them."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
from export_pairs import make_pair

from stages.data import AlignedPair
from stages.report.page_data import pack, pair_data
from stages.report.pages import render_pair

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run")


def story() -> AlignedPair:
    """40 sentences, of which the target lacks 12 in the middle; two merged beads and two doubtful ones."""
    source = [f"The {word} number {i}." for i, word in enumerate(["ship", "storm", "letter", "garden"] * 10)]
    target = [f"Das Wort {i}: „Übung“." for i in range(28)]
    spans = [(i, i + 1, i, i + 1) for i in range(14)]
    spans += [(i, i + 1, 14, 14) for i in range(14, 26)]
    spans += [(26, 28, 14, 15), (28, 29, 15, 17)]
    spans += [(i, i + 1, i - 12, i - 11) for i in range(29, 40)]
    scores = [0.2 if number in (5, 30) else 0.95 for number in range(len(spans))]
    return make_pair(source, target, spans, scores=scores, pair_id="sea/story")


def cells_of(pair: AlignedPair) -> np.ndarray:
    """A map with full cells where beads lie."""
    cells = np.zeros((len(pair.source), len(pair.target)), np.uint8)
    beads = pair.beads
    for i, i_stop, j, j_stop in zip(
        beads.source_start, beads.source_stop, beads.target_start, beads.target_stop, strict=True
    ):
        cells[i:i_stop, j:j_stop] = 90
    return cells[:200, :200]


def write_page(folder: Path, pair: AlignedPair) -> Path:
    path = folder / "pair.html"
    path.write_text(render_pair(pair.pair_id, pack(pair_data(pair, cells_of(pair)))), encoding="utf-8")
    return path
