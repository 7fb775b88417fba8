"""Corrections as gold: how often the aligner was right where people have judged it.

Only judged beads count, which are no sample of all: whoever corrects looks at the doubtful ones first. What is compared
is what the aligner finds by itself, not what it found around the corrections.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import MissingError
from pipeline.flow.flow import Flow
from pipeline.manifest import DocumentPair
from pipeline.review.corrections import (
    SUFFIX,
    describe_set_aside,
    give_reviews,
    list_corrections,
    listed,
)
from pipeline.store.run_store import RunStore
from pipeline.tasks.find import find_places
from stages.corrections import judged_beads

if TYPE_CHECKING:
    from stages.evaluate.scores import Evaluation


def holds_corrections(folder: Path) -> bool:
    """Say whether a folder holds files of corrections."""
    return any(folder.glob(f"*{SUFFIX}"))


def evaluate_corrections(flow: Flow, folder: Path) -> tuple[dict[str, Evaluation], list[str]]:
    """Compare the beads of a run with a folder of corrections; return the result, and what was left out and why.

    Raises ConfigError for files that are no corrections, MissingError where none is about this run.
    """
    corrected = read_gold(flow, folder)
    found, left_out = flow.backend.do(judge_pairs, flow.run.config, corrected)
    if not found:
        reasons = "".join(f"\n  {reason}" for reason in left_out)
        raise MissingError(f"{folder} holds no corrections that this run can be compared with{reasons}")
    return found, left_out


def read_gold(flow: Flow, folder: Path) -> list[DocumentPair]:
    """Return the pairs that have a file of corrections in a folder, with these alone.

    Raises ConfigError for files that are no corrections, MissingError where none is about a pair of this run.
    """
    files = list_corrections(folder)
    found = flow.backend.do(find_places, flow.run.config, flow.run.manifest.shards, set(files))
    reviews = {name: said for of_shard in give_reviews(found, files, ())[0].values() for name, said in of_shard.items()}
    pairs = [replace(pair, reviews=reviews[pair.pair_id]) for _, pair in found if pair.pair_id in reviews]
    if not pairs:
        raise MissingError(
            f"{folder} holds no corrections of a pair of this run; such a file is named <pair_id>{SUFFIX}"
        )
    return pairs


def judge_pairs(store: RunStore, pairs: Sequence[DocumentPair]) -> tuple[dict[str, Evaluation], list[str]]:
    """Compare what the aligner found for pairs with their corrections."""
    from stages.bead_lines import positions_of
    from stages.evaluate.scores import evaluate

    evaluations: dict[str, Evaluation] = {}
    aligned = {pair.pair_id: pair for pair in store.read_pairs(pair.uncorrected for pair in pairs)}
    left_out = [f"{pair.pair_id}: it has not been aligned yet" for pair in pairs if pair.pair_id not in aligned]
    for pair in store.place([pair for pair in pairs if pair.pair_id in aligned]):
        corrections = pair.corrections
        if corrections:
            beads = positions_of(aligned[pair.pair_id].beads)
            evaluations[pair.pair_id] = evaluate(*judged_beads(corrections, beads))
        if corrections is not None and corrections.set_aside:
            left_out.append(f"{pair.pair_id}: {listed(describe_set_aside(corrections))}")
    return evaluations, left_out
