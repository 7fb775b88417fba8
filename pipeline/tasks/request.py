"""Find out which overlaps the pairs of a shard request: what the second round of encoding is for."""

from __future__ import annotations

from pipeline.store.requested_overlaps import is_requested, requested_keys
from pipeline.store.rows import bead_keys
from pipeline.store.run_store import RunStore
from pipeline.tasks.align import compile_for, lacking_vectors, pair_files, request_overlaps, write_beads
from pipeline.tasks.work import Outcome, Task, Work, own_pairs


def request_of_pairs(store: RunStore, work: Work, outcome: Outcome) -> None:
    """Find out what pairs request; those that request nothing are thereby aligned."""
    pairs = own_pairs(store, work)
    done = store.requested.look_up(requested_keys(pairs))
    beads = store.beads.look_up(key for pair in pairs for key in bead_keys(pair))
    outcome.note_places("requested", store.requested, done)
    todo = [pair for pair in pairs if not is_requested(pair, done) and pair.key not in beads]
    if todo:
        compile_for(store.config.align)
    lacking = lacking_vectors(store, todo)
    outcome.n_todo = len(todo)
    with pair_files(store, outcome) as writers:
        for pair in todo:
            if pair.pair_id in lacking:
                outcome.n_open += 1  # aligning says why
                continue
            with outcome.isolate("align", pair.pair_id):
                sides = store.read_sides(pair)
                found = request_overlaps(store.config, pair, sides, writers)
                outcome.counts.update(pairs=1, requested_overlaps=found.n_overlaps)
                if found.beads is not None and pair.uncorrected.key not in beads:
                    counts = write_beads(pair.uncorrected, found.beads, sides, writers)
                    outcome.counts.update(pairs_aligned=1, beads=counts["beads"], nulls=counts["nulls"])


REQUEST = Task("request", "request", "encode", "align", "pairs", request_of_pairs)
