"""Fit what the weights gain for free translations and hardly split sides: to edited gold, each set left out once.

    python tests/free_weights.py --shared ../shared --cache /tmp/vectors -o /tmp/free_weights.json

The file has, under the name of each set, the changes fitted to the other sets, by which `tests/accuracy.py` measures
the set, and under `all` those fitted to all, which are shipped (FREER and COARSER of stages/align/scoring/weights.py).

With `--ceiling`, the changes under the name of a set are fitted to that very set, and `all` is left out: what the
features can reach at most. Measure them on the same documents, by the same seed:

    python tests/free_weights.py --cache /tmp/vectors --ceiling --seed 0 -o /tmp/ceiling.json maligna-pl
    python tests/accuracy.py --cache /tmp/vectors --edits 0 --free-weights /tmp/ceiling.json maligna-pl
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from gold_pairs import GoldPair, gold_texts, with_overlaps_on_demand
from threadpoolctl import threadpool_limits
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


def changes(fitted: Weights, shipped: Weights) -> list[list[float]]:
    return [np.round(np.subtract(fitted[part], shipped[part]), 2).tolist() for part in (0, 1)]


def fit_each(
    segments: Mapping[str, list[Segment]], kind: Kind, is_ceiling: bool
) -> Iterator[tuple[str, list[list[float]]]]:
    """Yield the changes fitted to all sets and to all but each; or those fitted to each, for a ceiling.

    Fits without a set climb from that to all sets, which is near: it takes half the time and changes nothing.
    """
    if is_ceiling:
        for name, parts in segments.items():
            yield name, changes(fit_segments(parts, SHIPPED[kind]).weights, SHIPPED[kind])
        return
    every = fit_segments([part for parts in segments.values() for part in parts], SHIPPED[kind]).weights
    yield "all", changes(every, SHIPPED[kind])
    for left_out in segments:
        others = [part for name, parts in segments.items() if name != left_out for part in parts]
        if others:
            yield left_out, changes(fit_segments(others, SHIPPED[kind], every).weights, SHIPPED[kind])


def use_changes(tables: Mapping[str, list[list[float]]]) -> None:
    """Let alignments go by other changes than those that are shipped."""
    import stages.align.scoring.weights as weights

    for name, (bead, null) in tables.items():
        table = Weights(tuple(bead), tuple(null))
        if name == "coarse":
            weights.COARSER = table
        else:
            FREER[name] = table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", default=list(SETS))
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--cache", type=Path, required=True, help="folder for vectors")
    parser.add_argument("--seed", type=int, default=SEED, help="of the edits")
    parser.add_argument("--tables", nargs="+", choices=list(TABLES), default=list(TABLES))
    parser.add_argument("--ceiling", action="store_true", help="fit to each set what it is then measured by")
    parser.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args()
    found: dict[str, dict[str, list[list[float]]]] = {}
    with threadpool_limits(1):
        for table in options.tables:
            kind, edits = TABLES[table]
            segments = {
                name: [
                    part
                    for edit in edits
                    for texts in edited(list(gold_texts(options.shared, name)), edit, options.seed)
                    for part in segments_of(with_overlaps_on_demand(texts, options.cache, AlignConfig()), kind)
                ]
                for name in options.sets
            }
            for name, fitted in fit_each(segments, kind, options.ceiling):
                found.setdefault(name, {})[table] = fitted
                print(f"{time.process_time():.0f} s", table, name, fitted, flush=True)  # noqa: T201
                options.output.write_text(json.dumps(found, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
