"""Measure on gold what alignments get right, what they encode for it, and how far their confidences can be trusted.

    python tests/accuracy.py --shared ../shared --cache /tmp/vectors textberg-de-fr mac-dev-zh-en

Two tables. The first: the classic method with all overlaps, and the default one with all, on demand and none. `encoded`
is bytes of text that the encoder is given per byte of text; `only` are gold beads that this alignment finds and the
classic one does not, and the other way round, with the chance of so uneven counts (exact two-sided sign test).
The second: a set halved in every way, each half aligned with weights fitted to the other half and to all other
sets to fit to, so that no weight has seen a document that it is measured on, but for the weak pull of every fit to
the shipped weights. These have seen textberg-dev-de-fr and mac-dev-zh-en.

With `--edits SEED …` there is one table instead: the sets made freer than they are (`translation_edits.py`), and with
their sides exchanged, aligned with overlaps on demand; with `--free-weights`, a file of `free_weights.py`, by changes
of the weights that were fitted without the set, or, by its `--ceiling`, to the set. `by chance` is the ECE that these
confidences would have on average if they were exactly right: it is as large with few beads. `over` is the mean
confidence less the share that is right.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import combinations
from math import isnan, nan
from pathlib import Path
from typing import NamedTuple

import numpy as np
from free_weights import use_changes
from gold_pairs import ENCODE, LANGUAGES, GoldPair, GoldTexts, gold_pairs, gold_texts, with_overlaps_on_demand
from rich.console import Console
from rich.table import Table
from threadpoolctl import threadpool_limits
from translation_edits import EDITS, edited

from stages.align import AlignConfig, align_pair, find_requested_overlaps
from stages.align.on_demand import RequestedOverlaps
from stages.bead_lines import BeadPositions, positions_of
from stages.encode.document import texts_of_overlaps
from stages.encode.overlaps import overlap_stops
from stages.evaluate.paired import count_found_by_one, sign_test
from stages.evaluate.reliability import judge_beads, measure_reliability
from stages.evaluate.scores import Evaluation, evaluate, sum_evaluations
from stages.fit.held_out import JudgedPair, Stretches, as_config, cut_pair, fit_weights
from stages.pieces import cut_pieces, piece_stops

HELD_OUT = "mac-dev-zh-en"
FITTED_TO = ("textberg-dev-de-fr", "textberg-de-fr", "maligna-pl", "mac-dev-zh-en")
"""But for the set that is held out. The Bible is none of them: its gold is made from verses, not from sentences."""

OVERLAPS = ("all", "on-demand", "none")
FIRST = "set, method, overlaps, P, R, strict F1, lax F1, encoded, ECE, right of surest 80 %, only, chance"
SECOND = "overlaps, ways, strict F1: mean (lowest to highest), ECE, right of surest 80 %"
EDITED = "set, seed, edit, sides, strict F1, lax F1, beads, ECE, by chance, over, encoded"
DRAWS = 50
CLASSIC, DEFAULT = AlignConfig(method="bertalign"), AlignConfig()


class Outcome(NamedTuple):
    """What one way of aligning did with one pair.

    n_encoded, n_text : bytes of what is encoded, identical texts of a size once, and of the text itself.
    """

    found: Sequence[BeadPositions]
    evaluation: Evaluation
    n_encoded: int
    n_text: int


def outcome(pair: GoldPair, config: AlignConfig, overlaps: str) -> Outcome:
    """Align a pair with such overlaps as a run would."""
    wanted = wanted_overlaps(pair, config, overlaps)
    beads = align_pair(*wanted.keep(pair.source, pair.target), config, on_demand=overlaps == "on-demand")
    found = positions_of(beads)
    evaluation = replace(evaluate(found, pair.gold), judged=judge_beads(beads, pair.gold))
    n_text = sum(len(text.encode()) for side in pair[1:3] for text in side.sentences)
    return Outcome(found, evaluation, count_encoded(pair, wanted), n_text)


def wanted_overlaps(pair: GoldPair, config: AlignConfig, overlaps: str) -> RequestedOverlaps:
    """Return the overlaps of two sentences or more that are encoded."""
    if overlaps == "on-demand":
        return find_requested_overlaps(pair.source, pair.target, config)
    sizes = range(2, ENCODE.max_overlap + 1) if overlaps == "all" else ()
    return RequestedOverlaps(*({size: overlap_stops(side.sentences, size) for size in sizes} for side in pair[1:3]))


def count_encoded(pair: GoldPair, wanted: RequestedOverlaps) -> int:
    """Return the bytes of the texts that the encoder is given."""
    languages = LANGUAGES[pair.name.split("/")[0]]
    texts = (
        texts_of_overlaps(side.sentences, language, {1: overlap_stops(side.sentences, 1), **stops}, ENCODE)
        for side, language, stops in zip(pair[1:3], languages, (wanted.source, wanted.target), strict=True)
    )
    return sum(len(text.encode()) for of_side in texts for text in of_side)


# ---- the first table


def measure_set(name: str, pairs: Sequence[GoldPair]) -> Iterator[list[str]]:
    """Yield a row for each way of aligning."""
    classic = [outcome(pair, CLASSIC, "all") for pair in pairs]
    yield [name, "bertalign", "all", *scores(classic), "", ""]
    for overlaps in OVERLAPS:
        outcomes = [outcome(pair, DEFAULT, overlaps) for pair in pairs]
        counts = [
            count_found_by_one(pair.gold, ours.found, theirs.found)
            for pair, ours, theirs in zip(pairs, outcomes, classic, strict=True)
        ]
        n_ours, n_theirs = map(sum, zip(*counts, strict=True))
        yield ["", "bitext", overlaps, *scores(outcomes), f"{n_ours}:{n_theirs}", f"{sign_test(n_ours, n_theirs):.2g}"]


def scores(outcomes: Sequence[Outcome]) -> list[str]:
    total = sum_evaluations(one.evaluation for one in outcomes)
    encoded = sum(one.n_encoded for one in outcomes) / sum(one.n_text for one in outcomes)
    strict = [f"{score:.4f}" for score in total.strict]
    return [
        *strict,
        f"{total.lax.f1:.4f}",
        f"{encoded:.2f}",
        *("" if isnan(figure) else f"{figure:.4f}" for figure in reliability(total)),
    ]


def reliability(total: Evaluation) -> tuple[float, float]:
    """Return the expected calibration error and the precision of the surest 80 %; nan without confidences."""
    measured = measure_reliability(total.judged)
    return (measured["calibration_error"], measured["precision_at_coverage"]) if measured else (nan, nan)


# ---- the second table


def measure_held_out(pairs: Sequence[GoldPair], others: Sequence[GoldPair]) -> Iterator[list[str]]:
    """Yield a row for each kind of overlaps: each figure over all ways of halving the pairs."""
    ways: dict[str, list[Evaluation]] = {overlaps: [] for overlaps in OVERLAPS}
    others_cut, cut = ([stretches_of(pair) for pair in some] for some in (others, pairs))
    guesses = fit_weights(others_cut)
    for half in halves(len(pairs)):
        rest = [row for row in range(len(pairs)) if row not in half]
        outcomes = {overlaps: [] for overlaps in OVERLAPS}
        for seen, unseen in ((half, rest), (rest, half)):
            weights = as_config(fit_weights(others_cut + [cut[row] for row in seen], guesses))
            config = DEFAULT.model_copy(update={"weights": weights})
            for overlaps, found in outcomes.items():
                found += [outcome(pairs[row], config, overlaps).evaluation for row in unseen]
        for overlaps, found in outcomes.items():
            ways[overlaps].append(sum_evaluations(found))
    for overlaps, totals in ways.items():
        figures = ([total.strict.f1, *reliability(total)] for total in totals)
        yield [overlaps, str(len(totals)), *(spread(column) for column in zip(*figures, strict=True))]


def halves(n_pairs: int) -> Iterator[list[int]]:
    """Yield one half of each way of halving some pairs."""
    for half in combinations(range(n_pairs), n_pairs // 2):
        if n_pairs % 2 or 0 in half:
            yield list(half)


def stretches_of(pair: GoldPair) -> Stretches:
    judged = JudgedPair(pair.source, pair.target, pair.gold, (f"{pair.name}.source", f"{pair.name}.target"))
    return cut_pair(judged, DEFAULT, ("encoded", "summed"))


def spread(figures: Sequence[float]) -> str:
    return f"{sum(figures) / len(figures):.4f} ({min(figures):.4f} to {max(figures):.4f})"


# ---- the table of edits


def measure_edits(texts: Sequence[GoldTexts], seed: int, cache: Path) -> Iterator[list[str]]:
    """Yield a row for each edit of a set."""
    for edit in EDITS:
        for is_exchanged in (False, True):
            outcomes = [outcome_on_demand(one, cache) for one in edited(texts, edit, seed, is_exchanged)]
            total = sum_evaluations(one.evaluation for one in outcomes)
            encoded = sum(one.n_encoded for one in outcomes) / sum(one.n_text for one in outcomes)
            figures = [f"{number:.3f}" for number in (total.strict.f1, total.lax.f1)]
            name, sides = texts[0].name.split("/")[0], "exchanged" if is_exchanged else ""
            yield [name, str(seed), edit, sides, *figures, *calibration(total), f"{encoded:.2f}"]


def calibration(total: Evaluation) -> list[str]:
    """Return how many beads were judged, their ECE, what it would be by chance, and how far they are too sure."""
    sure, right = (np.array(column, float) for column in zip(*total.judged, strict=True))
    chance = np.random.default_rng(0)
    drawn = [list(zip(sure, chance.random(len(sure)) < sure, strict=True)) for _ in range(DRAWS)]
    errors = [measure_reliability(judged)["calibration_error"] for judged in (total.judged, *drawn)]
    return [str(len(sure)), f"{errors[0]:.3f}", f"{np.mean(errors[1:]):.3f}", f"{sure.mean() - right.mean():+.3f}"]


def outcome_on_demand(texts: GoldTexts, cache: Path) -> Outcome:
    """Align an edited pair as a run does by default."""
    pair = with_overlaps_on_demand(texts, cache, DEFAULT)
    beads = align_pair(pair.source, pair.target, DEFAULT, on_demand=True)
    found = positions_of(beads)
    evaluation = replace(evaluate(found, pair.gold), judged=judge_beads(beads, pair.gold))
    counts = []
    for side in (pair.source, pair.target):
        for size in range(1, ENCODE.max_overlap + 1):
            stops = np.flatnonzero(side.vectors[size - 1].any(axis=1)) + 1
            counts += [len(" ".join(side.sentences[stop - size : stop]).encode()) for stop in stops]
        if side.pieces is not None:
            pieces = [piece for sentence in side.sentences for piece in cut_pieces(sentence)]
            stops = piece_stops(side.sentences)
            counts += [len(pieces[stop - 1].encode()) for stop in stops if side.pieces[stop - 1].any()]
    return Outcome(found, evaluation, sum(counts), sum(len(t.encode()) for t in (*texts.source, *texts.target)))


# ---- the program


def table_of(title: str, columns: str, rows: Iterable[list[str]]) -> Table:
    table = Table(*columns.split(", "), title=title, title_justify="left")
    for row in rows:
        table.add_row(*row)
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", default=list(LANGUAGES))
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--cache", type=Path, required=True, help="folder for vectors")
    parser.add_argument("--held-out", default=HELD_OUT, help="the set of the second table, if it is among the sets")
    parser.add_argument("--edits", nargs="*", type=int, metavar="SEED", help="measure edited documents instead")
    parser.add_argument("--free-weights", type=Path, help="a file of free_weights.py, for sets that are left out of it")
    options = parser.parse_args()
    console = Console(width=150)

    def read(name: str) -> list[GoldPair]:
        pairs = list(gold_pairs(options.shared, name, options.cache))
        return pairs or parser.error(
            f"{options.shared / 'gold' / name} holds no gold; name another folder with --shared"
        )

    if options.edits is not None:
        known = json.loads(options.free_weights.read_text(encoding="utf-8")) if options.free_weights else {}
        with threadpool_limits(1):
            for name in options.sets:
                use_changes(known.get(name, known.get("all", {})))
                texts = list(gold_texts(options.shared, name))
                rows = (row for seed in options.edits or [0] for row in measure_edits(texts, seed, options.cache))
                console.print(table_of(f"{name}, edited", EDITED, rows))
        return
    with threadpool_limits(1):  # as workers align
        rows = (row for name in options.sets for row in measure_set(name, read(name)))
        console.print(table_of("with the shipped weights", FIRST, rows))
        if options.held_out in options.sets:
            others = [pair for name in FITTED_TO if name != options.held_out for pair in read(name)]
            rows = measure_held_out(read(options.held_out), others)
            console.print(table_of(f"{options.held_out}, with weights that have not seen it", SECOND, rows))


if __name__ == "__main__":
    main()
