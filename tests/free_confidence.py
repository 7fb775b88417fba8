"""Fit how sure beads of free translations are: to edited gold, each set left out once.

    python tests/free_confidence.py --shared ../shared --cache /tmp/vectors

SHARPER and LARGER of stages/align/search/posterior.py are the pair of numbers on a grid by which it is likeliest that
those beads are right which are. A row tells the numbers fitted to all sets but one, and the mean loss of the beads of
that set, in nats: as the weights say, with these numbers, and with the shipped ones. Which beads are found doesn't
depend on them.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

import numpy as np
from free_weights import SETS
from gold_pairs import GoldTexts, gold_texts, with_overlaps_on_demand
from threadpoolctl import threadpool_limits
from translation_edits import EDITS, edited

from stages.align import AlignConfig, align_pair, log_linear
from stages.align.band import Band
from stages.align.search import posterior
from stages.align.search.lattice import BestPath, Lattice
from stages.evaluate.reliability import judge_beads

ORDERED = [name for name in SETS if not name.startswith("textberg")]
"""The gold of Text+Berg has beads that cross: no alignment can find them, however sure it is of what it finds."""

FREE = [name for name in EDITS if name.startswith(("omit", "stray"))]

SHARPER_GRID = (0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3)
LARGER_GRID = (0.0, -0.1, -0.2, -0.3, -0.4, -0.5, -0.6, -0.7, -0.8, -0.9, -1.0, -1.2)
SURE = 1 - 1e-4
"""More sure than that is not told apart."""


class Judged(NamedTuple):
    """The paths of a free translation, and which beads of the best one are right: bool array of shape (P,)."""

    lattice: Lattice
    band: Band
    best: BestPath
    freedom: float
    is_right: np.ndarray


def judge(texts: GoldTexts, cache: Path) -> Judged | None:
    """Align a pair as a run does by default, and judge its beads; None for one that is not free."""
    pair = with_overlaps_on_demand(texts, cache, AlignConfig())
    with patch.object(log_linear, "make_path", wraps=log_linear.make_path) as made:
        beads = align_pair(pair.source, pair.target, AlignConfig(), on_demand=True)
    if not made.call_args or not (measures := made.call_args.args[2]).freedom:
        return None
    lattice, search, _, _, best = made.call_args.args
    is_right = np.array([right for _, right in judge_beads(beads, pair.gold)], bool)
    return Judged(lattice, search.near, best, measures.freedom, is_right)


def mean_loss(judged: Iterable[Judged], sharper: float, larger: float) -> float:
    """Return how unlikely it is that those beads are right which are, in nats a bead."""
    losses = []
    with patch.multiple(posterior, SHARPER=sharper, LARGER=larger):
        for lattice, band, best, freedom, is_right in judged:
            weighed = posterior.confidence_lattice(lattice, freedom)
            sums = posterior.sum_paths(weighed, band)
            sure = posterior.bead_posterior(sums, weighed, band, best.stops, best.kinds).clip(1 - SURE, SURE)
            losses.append(-np.log(np.where(is_right, sure, 1 - sure)))
    return float(np.concatenate(losses).mean())


def losses_of(judged: Sequence[Judged]) -> np.ndarray:
    """Return the loss with each pair of numbers: float array of the shape of the grid."""
    return np.array([[mean_loss(judged, sharper, larger) for larger in LARGER_GRID] for sharper in SHARPER_GRID])


def fit_without(losses: Mapping[str, np.ndarray], left_out: str | None) -> tuple[int, int]:
    """Return the place in the grid of the least mean loss of all sets but one; None for all of them."""
    mean = np.mean([loss for name, loss in losses.items() if name != left_out], axis=0)
    row, column = np.unravel_index(int(mean.argmin()), mean.shape)
    return int(row), int(column)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", default=ORDERED, help="two at least")
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--cache", type=Path, required=True, help="folder for vectors")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3], help="of the edits")
    options = parser.parse_args()
    losses, shipped = {}, {}
    with threadpool_limits(1):
        for name in options.sets:
            documents = list(gold_texts(options.shared, name))
            made = (texts for edit in FREE for seed in options.seeds for texts in edited(documents, edit, seed))
            judged = [found for texts in made if (found := judge(texts, options.cache))]
            losses[name] = losses_of(judged)
            shipped[name] = mean_loss(judged, posterior.SHARPER, posterior.LARGER)
    for name in options.sets:
        row, column = fit_without(losses, name)
        figures = losses[name][0, 0], losses[name][row, column], shipped[name]
        told = " -> ".join(f"{figure:.4f}" for figure in figures)
        print(f"without {name}: {SHARPER_GRID[row]} {LARGER_GRID[column]}; its loss {told}")  # noqa: T201
    row, column = fit_without(losses, None)
    print(f"all: {SHARPER_GRID[row]} {LARGER_GRID[column]}")  # noqa: T201


if __name__ == "__main__":
    main()
