"""Fit weights to pairs with gold, and measure them on pairs that they were not fitted to (cross-validation)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from stages.align import AlignConfig, align_pair
from stages.align.config import WeightsConfig
from stages.align.on_demand import keep_overlaps
from stages.align.positions import take_out_empty
from stages.align.scoring.weights import SHIPPED, Kind, Weights, as_table
from stages.bead_lines import BeadPositions, positions_of
from stages.corrections import beads_touching
from stages.data import Overlaps
from stages.evaluate.paired import count_found_by_one, full_beads, sign_test
from stages.evaluate.scores import Evaluation, evaluate
from stages.fit.fit import Example, Segment, cut_segments, fit_segments

Stretches = Mapping[Kind, list[Segment]]
"""The stretches of a pair that each table of weights is fitted to."""

MAX_PARTS = 5
"""Cross-validation in more parts takes longer and tells the same."""

DECIMALS = 3
"""Of a weight: more mean nothing, and what is measured is what is written."""


class JudgedPair(NamedTuple):
    """A pair with its gold. Pairs with a document in common are never fitted to and judged by each other.

    source, target : with the vectors that a run aligns by.
    documents      : what the two documents are known by.
    is_partial     : whether there is gold for some sentences only: beads of others are neither right nor wrong.
    """

    source: Overlaps
    target: Overlaps
    gold: Sequence[BeadPositions]
    documents: tuple[str, str]
    is_partial: bool = False


@dataclass(frozen=True)
class HeldOut:
    """Fitted weights and what they bring.

    weights      : fitted to all pairs.
    n_pairs      : those with gold that can be fitted to.
    n_beads, n_left_out : gold beads that were fitted to, and those that no lattice has.
    n_parts      : of the cross-validation; 1 where the pairs can't be told apart, and there is none.
    before, fitted : strict and lax agreement with the weights of the config, and with fitted ones: those of the other
                   parts, or with one part those fitted to the very same pairs.
    n_better, n_worse : gold beads that only the fitted weights find, and that only the weights of the config find.
    """

    weights: WeightsConfig
    n_pairs: int
    n_beads: int
    n_left_out: int
    n_parts: int
    before: Evaluation
    fitted: Evaluation
    n_better: int
    n_worse: int

    @property
    def chance(self) -> float:
        """Return how likely a difference as large is if neither weights are better: the two-sided sign test."""
        return sign_test(self.n_better, self.n_worse)


def fit_held_out(pairs: Sequence[JudgedPair], config: AlignConfig, kinds: Sequence[Kind], on_demand: bool) -> HeldOut:
    """Fit the tables of weights that these alignments use, and compare them with those of the config.

    Raises ValueError if no gold bead can be fitted to.
    """
    n_gold = sum(len(full_beads(pair.gold)) for pair in pairs)
    cut = [(pair, cut_pair(pair, config, kinds)) for pair in pairs]
    usable = [(pair, found) for pair, found in cut if any(found.values())]
    if not usable:
        raise ValueError(
            f"none of the {n_gold:,} gold beads of {len(pairs):,} pairs has at most {config.largest_bead} consecutive "
            "sentences: there is nothing to fit to; give pairs whose beads fit, or a larger max_bead"
        )
    segments = [found for _, found in usable]
    weights = fit_weights(segments)
    parts = cut_parts([pair.documents for pair, _ in usable])
    results = _Results()
    for part in parts:
        others = [found for row, found in enumerate(segments) if row not in part]
        changed = config.model_copy(update={"weights": as_config(fit_weights(others, weights) if others else weights)})
        for row in part:
            results.add(usable[row][0], *(_align(usable[row][0], one, on_demand) for one in (config, changed)))
    n_beads = sum(max(sum(one.n_beads for one in of_kind) for of_kind in found.values()) for found in segments)
    return HeldOut(as_config(weights), len(usable), n_beads, n_gold - n_beads, len(parts), **vars(results))


@dataclass
class _Results:
    before: Evaluation = field(default_factory=Evaluation)
    fitted: Evaluation = field(default_factory=Evaluation)
    n_better: int = 0
    n_worse: int = 0

    def add(self, pair: JudgedPair, before: list[BeadPositions], fitted: list[BeadPositions]) -> None:
        """Count what two alignments of a pair got right."""
        self.before += evaluate(before, pair.gold)
        self.fitted += evaluate(fitted, pair.gold)
        n_worse, n_better = count_found_by_one(pair.gold, before, fitted)
        self.n_better += n_better
        self.n_worse += n_worse


def cut_parts(documents: Sequence[tuple[str, str]]) -> list[list[int]]:
    """Deal pairs out into at most MAX_PARTS parts, so that no document is in two of them: lists of rows."""
    groups: list[tuple[set[str], list[int]]] = []
    for row, names in enumerate(documents):
        joined = [group for group in groups if group[0] & set(names)]
        groups = [group for group in groups if group not in joined]
        rows = [one for group in joined for one in group[1]]
        groups.append((set(names).union(*(group[0] for group in joined)), [*rows, row]))
    parts = [groups[first::MAX_PARTS] for first in range(min(MAX_PARTS, len(groups)))]
    return [sorted(row for _, rows in part for row in rows) for part in parts]


def cut_pair(pair: JudgedPair, config: AlignConfig, kinds: Sequence[Kind]) -> Stretches:
    """Return what each table of weights is fitted to of a pair: nothing where no gold bead can be fitted to."""
    return {kind: _segments(pair, config, kind) for kind in kinds}


def _segments(pair: JudgedPair, config: AlignConfig, kind: Kind) -> list[Segment]:
    """Return the stretches of a pair to fit one table to; gold counts empty positions, which no lattice has."""
    sides, places = [], []
    for document in (pair.source, pair.target):
        text, positions = take_out_empty(document)
        sides.append(text if kind == "encoded" else keep_overlaps(text, {}))
        places.append({int(position): place for place, position in enumerate(positions)})
    if not all(side.sentences for side in sides):
        return []
    of_source, of_target = places
    gold = [
        BeadPositions(
            tuple(of_source[one] for one in bead.source if one in of_source),
            tuple(of_target[one] for one in bead.target if one in of_target),
        )
        for bead in pair.gold
    ]
    return list(cut_segments(Example(sides[0], sides[1], gold), config, kind))


def fit_weights(pairs: Sequence[Stretches], guesses: Mapping[Kind, Weights] = SHIPPED) -> dict[Kind, Weights]:
    """Return the tables fitted to the stretches of some pairs, climbing from guesses, which change only the time."""
    return {
        kind: fit_segments(
            [segment for found in pairs for segment in found[kind]], SHIPPED[kind], guesses[kind]
        ).weights
        for kind in pairs[0]
    }


def as_config(weights: Mapping[Kind, Weights]) -> WeightsConfig:
    """Return tables of weights as a config has them, rounded."""
    tables = {
        kind: {name: round(weight, DECIMALS) for name, weight in as_table(of_kind).items()}
        for kind, of_kind in weights.items()
    }
    return WeightsConfig.model_validate(tables)


def _align(pair: JudgedPair, config: AlignConfig, on_demand: bool) -> list[BeadPositions]:
    found = positions_of(align_pair(pair.source, pair.target, config, on_demand))
    return beads_touching(found, pair.gold) if pair.is_partial else found
