"""The weights of the log-linear score, and where they came from.

A bead with text on both sides scores `bead . features`, a sentence left out `null . features`; a foreign block pays for
its ends, and a little is given for each of its sentences.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

BEAD_FEATURES = (
    "similarity_by_size",
    "similarity",
    "extension",
    "contraction",
    "size",
    "is_many_to_many",
    "length_deviation",
    "length_ratio",
    "exclamations",
    "quotes",
    "numbers",
    "commas",
    "final_mark",
    "final_quote",
    "lower_start",
)
"""In the order of the weights; `features.py` says what each is."""

NULL_FEATURES = ("null_constant", "null_log_length", "null_best_similarity", "null_missing")
"""What a sentence without a translation is judged by, in the order of the weights."""


class Weights(NamedTuple):
    """What a path of beads, null beads and foreign blocks is worth, in nats.

    bead, null : a weight for each of BEAD_FEATURES and NULL_FEATURES.
    skip_enter, skip_leave : added where a foreign block begins after a bead, and where a bead follows it.
    skip_edge  : added instead at the start and the end of the documents.
    skip_sentence : added for each sentence of a foreign block.

    The four for foreign blocks were chosen by cutting and pasting the development pairs (tests/robustness.py): beads of
    strangers score up to 0.7 a sentence, beads of translations 1 and more.
    """

    bead: tuple[float, ...]
    null: tuple[float, ...]
    skip_enter: float = -8.0
    skip_leave: float = -8.0
    skip_edge: float = -2.0
    skip_sentence: float = 0.75


# From earlier experiments, not printed by `fit.py`: fitted on textberg-dev-de-fr and mac-dev-zh-en (one document and
# six), each with the vectors of USE and of e5, and rounded by hand. `fit.py` on the same pairs gives other numbers
# (likelier there by a tenth, since marks are weighed by trust now) that align within noise of these.
ENCODED = Weights(
    bead=(4.0, 3.0, -4.5, 1.6, -0.7, -0.6, 0.5, 2.25, 0.6, 0.7, 0.7, 0.9, 1.1, 1.8, 1.6),
    null=(-3.5, -1.0, 1.0, 1.0),
)
"""For overlaps that were encoded."""

SUMMED = Weights(
    bead=(4.0, 4.0, -3.0, 2.5, -0.6, -0.9, 0.7, 2.25, 0.7, 0.7, 0.9, 1.0, 1.2, 1.8, 1.8),
    null=(-3.25, -0.8, 0.9, 1.0),
)
"""For overlaps that are stood in for by sums of sentence vectors."""

Kind = Literal["encoded", "summed"]
"""A table of weights: of alignments with encoded overlaps, or with sums in their place."""

SHIPPED: dict[Kind, Weights] = {"encoded": ENCODED, "summed": SUMMED}

FREER: dict[Kind, Weights] = {
    "encoded": Weights(
        bead=(0.62, 2.84, -0.99, 1.33, 0.86, -0.44, -0.07, 0.5, 0.43, 0.11, 0.06, 0.93, -0.49, -0.31, 2.75),
        null=(3.73, 0.74, -3.08, 0.08),
    ),
    "summed": Weights(
        bead=(1.73, 3.54, -1.08, 2.59, 1.36, -0.39, -0.23, 1.28, 0.82, 0.16, 0.24, 0.97, -0.14, -0.42, 2.69),
        null=(3.64, 0.46, -2.47, 0.11),
    ),
}
"""What is added for translations that leave out or add sentences here and there, in proportion to how free they are.

By `fit.py`, on gold documents edited so (tests/translation_edits.py: omit 30 and 67 %, stray 10 and 30 %, seed 1) of
maligna-pl, alignar-dev-ar-en, textberg-dev-de-fr and mac-dev-zh-en, with the vectors of USE, less the shipped weights.
Nulls are cheaper, and what is missing from similarity tells more. They were fitted before the unit of length
of free translations was sought (`length_unit.py`). tests/free_weights.py gives other numbers since; those for encoded
overlaps align sets that were left out no better."""

COARSER = Weights(
    bead=(5.01, 3.90, -2.20, 0.66, 1.33, -0.37, 0.24, -0.01, 0.16, 0.76, 2.76, 0.48, 0.47, 3.12, 0.21),
    null=(-2.10, 0.52, -0.52, -0.00),
)
"""What is added where one side is hardly split, whose pairs are aligned by sums: fitted in the same way to documents of
which every three and every six sentences are run together. Similarity tells more of larger beads. tests/free_weights.py
gives other numbers now, most of them smaller."""

NO_BLOCKS = Weights((), (), skip_enter=float("-inf"), skip_edge=float("-inf"))
"""For lattices in which no path leaves out a foreign block."""

SKIP_NAMES = ("skip_enter", "skip_leave", "skip_edge", "skip_sentence")

WEIGHT_NAMES = BEAD_FEATURES + NULL_FEATURES + SKIP_NAMES


def suited(weights: Weights, kind: Kind, freedom: float, is_coarse: bool) -> Weights:
    """Return the weights for a translation that is so free, from 0 to 1, or of which one side is hardly split."""
    changes, share = (COARSER, 1.0) if is_coarse else (FREER[kind], freedom)
    bead, null = (
        tuple(weight + share * change for weight, change in zip(of_kind, of_changes, strict=True))
        for of_kind, of_changes in zip(weights[:2], changes[:2], strict=True)
    )
    return weights._replace(bead=bead, null=null)


def as_table(weights: Weights) -> dict[str, float]:
    """Return the weights by name, as a config has them."""
    return dict(zip(WEIGHT_NAMES, weights.bead + weights.null + weights[2:], strict=True))


def changed(weights: Weights, changes: Mapping[str, float]) -> Weights:
    """Return the weights with some of them, by name, replaced."""
    values = tuple((as_table(weights) | dict(changes))[name] for name in WEIGHT_NAMES)
    n_bead, n_null = len(BEAD_FEATURES), len(NULL_FEATURES)
    return Weights(values[:n_bead], values[n_bead : n_bead + n_null], *values[n_bead + n_null :])
