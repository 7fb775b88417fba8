"""Corrections as gold: how often the aligner was right where people have judged it.

Only judged beads count, which are no sample of all: whoever corrects looks at the doubtful ones first. What is compared
is what the aligner finds by itself, not what it found around the corrections.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.config import RunConfig
from pipeline.corpus.manifest import DocumentPair
from pipeline.corrections import SUFFIX, read_all
from pipeline.errors import MissingError
from pipeline.flow import Flow
from pipeline.store.rows import read_some_pairs
from pipeline.store.store import Store
from stages.corrections import judged_links

if TYPE_CHECKING:
    from stages.evaluate.scores import Evaluation


def holds_corrections(folder: Path) -> bool:
    """Say whether a folder holds files of corrections."""
    return any(folder.glob(f"*{SUFFIX}"))


def evaluate_corrections(flow: Flow, folder: Path) -> tuple[dict[str, Evaluation], list[str]]:
    """Compare the beads of a run with a folder of corrections; return the result, and what was left out and why.

    Raises ConfigError for files that are no corrections, MissingError where none is about this run.
    """
    corrected = [pair for pair in read_all(folder, flow.run.manifest.pairs) if pair.corrections]
    found, left_out = flow.backend.do(judge_pairs, flow.run.config, corrected)
    if not found:
        reasons = "".join(f"\n  {reason}" for reason in left_out)
        raise MissingError(f"{folder} holds no corrections that this run can be compared with{reasons}")
    return found, left_out


def judge_pairs(
    store: Store, config: RunConfig, pairs: Sequence[DocumentPair]
) -> tuple[dict[str, Evaluation], list[str]]:
    """Compare what the aligner found for pairs with their corrections."""
    from stages.evaluate.links import links_of
    from stages.evaluate.scores import evaluate

    evaluations: dict[str, Evaluation] = {}
    aligned = {pair.pair_id: pair for pair in read_some_pairs(store, config, [pair.uncorrected for pair in pairs])}
    left_out = [f"{pair.pair_id}: it has not been aligned yet" for pair in pairs if pair.pair_id not in aligned]
    for pair in pairs:
        if pair.pair_id not in aligned:
            continue
        found = aligned[pair.pair_id]
        texts = ([sentence.text for sentence in side] for side in (found.source, found.target))
        if corrections := pair.corrections_of(*texts):
            evaluations[pair.pair_id] = evaluate(*judged_links(corrections, links_of(found.beads)))
        else:
            left_out.append(f"{pair.pair_id}: its sentences have changed since it was corrected")
    return evaluations, left_out
