"""Fit the weights of alignment to gold, from the vectors that a run has left in the store: nothing is encoded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from pipeline.config.run_config import RunConfig, which_overlaps
from pipeline.errors import ConfigError, MissingError
from pipeline.manifest import DocumentPair, Shard
from pipeline.store.run_store import RunStore
from pipeline.tasks.find import find_named, gold_of

if TYPE_CHECKING:
    from stages.align.scoring.weights import Kind
    from stages.data import Overlaps
    from stages.fit.held_out import HeldOut, JudgedPair

KINDS: dict[str, tuple[Kind, ...]] = {"all": ("encoded",), "on-demand": ("summed", "encoded"), "none": ("summed",)}
"""Which tables of weights alignments use, by `encode.overlaps`."""

MIN_REVIEWED = 20
"""How many beads in a row must be marked good: who judges so many in a row hasn't picked only the doubtful ones."""

NOTHING_ALIGNED = "no pair with gold has been aligned: do the run first, with bitext run"


def fit_run(store: RunStore, shards: Sequence[Shard], gold: Mapping[str, Sequence[str]]) -> HeldOut:
    """Fit to the pairs that have gold, by pair_id the lines of its file, and have been aligned.

    Raises MissingError if no pair of them has been aligned, ConfigError where the gold is no gold, or none of it can be
    fitted to.
    """
    from stages.bead_lines import parse_gold
    from stages.fit.held_out import JudgedPair

    judged, problems = [], []
    for pair, source, target in _read_aligned(store, find_named(store, shards, gold)):
        try:
            beads = parse_gold(gold_of(gold, pair), len(source.sentences), len(target.sentences))
        except ValueError as error:
            problems.append(f"{pair.pair_id}: {error}")
        else:
            judged.append(JudgedPair(source, target, beads, (pair.source.id, pair.target.id)))
    if problems:
        raise ConfigError.from_problems("the gold", problems)
    if not judged:
        raise MissingError(NOTHING_ALIGNED)
    return _fit(judged, store.config)


def fit_reviewed(store: RunStore, pairs: Sequence[DocumentPair]) -> tuple[HeldOut, list[str]]:
    """Fit to what people have reviewed; return also which of the pairs were left out, and why.

    Only stretches count that have been gone through bead by bead. Raises MissingError if no pair has been aligned,
    ConfigError if none has such a stretch, or none of it can be fitted to.
    """
    from stages.corrections import reviewed_runs
    from stages.fit.held_out import JudgedPair

    judged, left_out = [], []
    aligned = {pair.pair_id: (source, target) for pair, source, target in _read_aligned(store, pairs)}
    for pair in store.place([pair for pair in pairs if pair.pair_id in aligned]):
        beads = reviewed_runs(pair.corrections, MIN_REVIEWED) if pair.corrections else []
        if beads:
            documents = pair.source.id, pair.target.id
            judged.append(JudgedPair(*aligned[pair.pair_id], beads, documents, is_partial=True))
        else:
            left_out.append(f"{pair.pair_id}: needs {MIN_REVIEWED} consecutive beads marked good")
    if not aligned:
        raise MissingError(NOTHING_ALIGNED)
    if not judged:
        raise ConfigError.from_problems("what has been reviewed", left_out)
    return _fit(judged, store.config), left_out


def _fit(judged: Sequence[JudgedPair], config: RunConfig) -> HeldOut:
    from threadpoolctl import threadpool_limits

    from stages.fit.held_out import fit_held_out

    which = which_overlaps(config)
    try:
        with threadpool_limits(1):  # as workers align, and faster: the matrices are small
            return fit_held_out(judged, config.align, KINDS[which], which == "on-demand")
    except ValueError as error:
        raise ConfigError(str(error)) from error


def _read_aligned(store: RunStore, pairs: Iterable[DocumentPair]) -> Iterator[tuple[DocumentPair, Overlaps, Overlaps]]:
    """Give the pairs that have been aligned for good, with the vectors that they were aligned by."""
    pairs, which = list(pairs), which_overlaps(store.config)
    done = store.beads.look_up(pair.uncorrected.key for pair in pairs)
    for pair in pairs:
        if pair.uncorrected.key not in done:
            continue
        requested = store.read_requested(pair) if which == "on-demand" else None
        yield pair, *(store.read_all_overlaps(pair) if which == "all" else store.read_sides(pair, requested))
