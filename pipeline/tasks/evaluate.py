"""Compare the beads of a run with gold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from pipeline.manifest import Shard
from pipeline.store.run_store import RunStore
from pipeline.tasks.find import find_named, gold_of

if TYPE_CHECKING:
    from stages.evaluate.scores import Evaluation


def evaluate_run(
    store: RunStore, shards: Sequence[Shard], gold: Mapping[str, list[str]]
) -> tuple[dict[str, Evaluation], list[str]]:
    """Compare the beads of pairs with the lines of their gold; return the result, and what is wrong with the gold.

    What people have corrected is left out: this tells how good the aligner is.
    """
    from stages.bead_lines import parse_gold, positions_of
    from stages.evaluate.reliability import judge_beads
    from stages.evaluate.scores import evaluate

    judged = {pair.pair_id: pair for pair in find_named(store, shards, gold)}
    evaluations, problems = {}, []
    for pair in store.read_pairs(judged.values()):
        try:
            beads = parse_gold(gold_of(gold, judged[pair.pair_id]), len(pair.source), len(pair.target))
        except ValueError as error:
            problems.append(f"{pair.pair_id}: {error}")
        else:
            found = evaluate(positions_of(pair.beads), beads)
            evaluations[pair.pair_id] = replace(found, judged=judge_beads(pair.beads, beads))
    return evaluations, problems
