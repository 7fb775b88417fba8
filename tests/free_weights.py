"""Fit what the weights gain for free translations and hardly split sides: to edited gold, each set left out once.

    python tests/free_weights.py --shared ../shared --cache /tmp/vectors -o /tmp/free_weights.json

The file has, under the name of each set, the changes fitted to the other sets, by which `tests/accuracy.py` measures
the set, and under `all` those fitted to all, which are shipped (FREER and COARSER of stages/align/scoring/weights.py).
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from gold_pairs import GoldPair, gold_texts, with_overlaps_on_demand
from translation_edits import edited

from stages.align import AlignConfig
from stages.align.scoring.weights import FREER, SHIPPED, Kind, Weights
from stages.fit.fit import Segment, fit_segments
from stages.fit.held_out import JudgedPair, cut_pair

SETS = ("maligna-pl", "alignar-dev-ar-en", "textberg-dev-de-fr", "mac-dev-zh-en")
FREE, COARSE = ("omit 30%", "omit 67%", "stray 10%", "stray 30%"), ("unsplit 3", "unsplit 6")
SEED = 1

TABLES: dict[str, tuple[Kind, tuple[str, ...]]] = {
    "encoded": ("encoded", FREE),
    "summed": ("summed", FREE),
    "coarse": ("summed", COARSE),
}
"""The tables of changes: which weights they are added to, and the edits that they are fitted to."""


def segments_of(pair: GoldPair, kind: Kind) -> list[Segment]:
    """Return what weights are fitted to of a pair; they are fitted whole, not as changes."""
    judged = JudgedPair(pair.source, pair.target, pair.gold, (f"{pair.name}.source", f"{pair.name}.target"))
    return [part._replace(freedom=0.0, is_coarse=False) for part in cut_pair(judged, AlignConfig(), (kind,))[kind]]


def fitted_changes(kind: Kind, segments: list[Segment]) -> list[list[float]]:
    fitted, shipped = fit_segments(segments, SHIPPED[kind]).weights, SHIPPED[kind]
    return [np.round(np.subtract(fitted[part], shipped[part]), 2).tolist() for part in (0, 1)]


def use_changes(tables: Mapping[str, list[list[float]]]) -> None:
    """Let alignments go by other changes than those that are shipped."""
    import stages.align.scoring.weights as weights

    for name, (bead, null) in tables.items():
        changes = Weights(tuple(bead), tuple(null))
        if name == "coarse":
            weights.COARSER = changes
        else:
            FREER[name] = changes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--cache", type=Path, required=True, help="folder for vectors")
    parser.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args()
    found: dict[str, dict[str, list[list[float]]]] = {name: {} for name in (*SETS, "all")}
    for table, (kind, edits) in TABLES.items():
        segments = {
            name: [
                part
                for edit in edits
                for texts in edited(list(gold_texts(options.shared, name)), edit, SEED)
                for part in segments_of(with_overlaps_on_demand(texts, options.cache, AlignConfig()), kind)
            ]
            for name in SETS
        }
        for left_out in found:
            others = [part for name in SETS if name != left_out for part in segments[name]]
            found[left_out][table] = fitted_changes(kind, others)
            print(table, left_out, found[left_out][table], flush=True)  # noqa: T201
    options.output.write_text(json.dumps(found, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
