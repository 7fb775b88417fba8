"""Overlaps on demand: which overlaps decide between alignments, and alignment with only those encoded.

Most beads are settled by single sentences. A first alignment stands in for larger overlaps with sums of sentence
vectors. Beads within a few nats of its best path survive; where two survivors share a sentence, their overlaps are
contested, and worth encoding. A second alignment, with these encoded, chooses among the survivors.

S source sentences, T target sentences, B bead types, C cells of the band, P surviving beads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from stages.align.band import Band
from stages.align.bitext import Evidence, gather_evidence, is_swapped, make_lattice_of, make_path, without_beads
from stages.align.config import AlignConfig
from stages.align.fixed import Fixed
from stages.align.lattice import TEXT, Lattice, fill_states, find_best_path
from stages.align.lengths import bytes_before
from stages.align.links import Links
from stages.align.positions import Path
from stages.align.standins import fill_missing, has_encoded_overlaps
from stages.align.statistics import centred
from stages.align.weights import ENCODED, SUMMED, changed
from stages.data import Beads, Facts, Overlaps

Stops = Mapping[int, NDArray[np.int32]]
"""For each overlap size from 2 on, the positions where overlaps stop, in order; sizes without any are left out."""


@dataclass(frozen=True)
class Contested:
    """The overlaps that a pair wants encoded."""

    source: Stops
    target: Stops

    @property
    def n_overlaps(self) -> int:
        """How many overlaps there are, of both sides."""
        return sum(len(stops) for side in (self.source, self.target) for stops in side.values())

    def count_beads(self, beads: Beads, source: Overlaps, target: Overlaps) -> int:
        """Count the beads of which a side is contested."""
        is_contested = np.zeros(len(beads), dtype=bool)
        for stops, side, start, stop in (
            (self.source, source, beads.source_start, beads.source_stop),
            (self.target, target, beads.target_start, beads.target_stop),
        ):
            n_before = np.append(0, np.cumsum(side.has_text))
            sizes = n_before[stop] - n_before[start]
            for size, stops_of_size in stops.items():
                is_contested |= (sizes == size) & np.isin(stop, stops_of_size)
        return int(is_contested.sum())


class Survivors(NamedTuple):
    """The beads of the first alignment that may still be right.

    is_alive : bool array of shape (C, B).
    stops    : int64 array of shape (P, 2), the cells that they reach, in the order of rows, columns, types.
    shapes   : int64 array of shape (P, 2), their source and target sentences.
    """

    is_alive: NDArray[np.bool_]
    stops: NDArray[np.int64]
    shapes: NDArray[np.int64]


def find_contested(source: Overlaps, target: Overlaps, config: AlignConfig) -> tuple[Stops, Stops]:
    """Return the contested overlaps of both sides, whose every position holds a sentence; either may be empty.

    Only the vectors of single sentences are looked at.
    """
    if is_swapped(source, target):
        of_target, of_source = find_contested(target, source, config)
        return of_source, of_target
    if not source.sentences or not target.sentences:
        return {}, {}
    evidence = gather_evidence(_singles_of(source), _singles_of(target), config)
    by_sums = make_lattice_of(evidence, config, changed(SUMMED, config.weights.summed))
    survivors = find_survivors(*by_sums, config.contest_margin)
    unsettled = ~_is_settled(survivors, len(source.sentences), len(target.sentences))
    stops, shapes = survivors.stops[unsettled], survivors.shapes[unsettled]
    return (
        _larger_overlaps(stops[:, 0], shapes[:, 0], source.max_overlap),
        _larger_overlaps(stops[:, 1], shapes[:, 1], target.max_overlap),
    )


def align_survivors(
    source: Overlaps, target: Overlaps, config: AlignConfig, fixed: Fixed | None = None
) -> tuple[Path, Links]:
    """Align two documents in the canonical order, choosing among the survivors of an alignment by sums.

    Contested overlaps that were encoded are taken as they are, all others stood in for. Where none was, this is the
    alignment by sums itself.
    """
    if not source.sentences or not target.sentences:
        return without_beads(source, target)
    evidence = gather_evidence(_singles_of(source), _singles_of(target), config, fixed)
    weights = changed(SUMMED, config.weights.summed)
    lattice, band = make_lattice_of(evidence, config, weights)
    facts: Facts = {}
    if has_encoded_overlaps(source.vectors) or has_encoded_overlaps(target.vectors):
        is_alive = find_survivors(lattice, band, config.contest_margin).is_alive
        facts = compare_standins(evidence, source, target)
        weights, evidence = changed(ENCODED, config.weights.encoded), _with_encoded(evidence, source, target)
        lattice, band = make_lattice_of(evidence, config, weights)
        lattice = lattice._replace(score=np.where(is_alive, lattice.score, np.float32(-np.inf)))
    path = make_path(find_best_path(lattice, band), evidence, lattice, band, weights)
    return path._replace(facts=path.facts | facts), evidence.links


def find_survivors(lattice: Lattice, band: Band, margin: float) -> Survivors:
    """Return the beads that a path within `margin` nats of the best one holds."""
    best, _, _ = fill_states(lattice, band)
    opened = np.maximum((best + lattice.moves[4]).max(axis=1), lattice.before)
    way = best_through(opened, best_onward(lattice, band), lattice, band)
    is_alive = way > find_best_path(lattice, band).total - margin
    cells, kinds = np.nonzero(is_alive)
    rows = np.searchsorted(band.offset, cells, side="right") - 1
    stops = np.stack([rows, cells - band.offset[rows] + band.start[rows]], axis=1).astype(np.int64)
    return Survivors(is_alive, stops, lattice.types[kinds])


def compare_standins(evidence: Evidence, source: Overlaps, target: Overlaps) -> Facts:
    """Say how near the sums come to the overlaps of two sentences that were encoded: their number and mean cosine.

    Vectors are centred, as everywhere: what all have in common would make any two of them look alike.
    """
    cosines = []
    for sums, encoded, centre in (
        (evidence.source, source.vectors, evidence.scale.source_centre),
        (evidence.target, target.vectors, evidence.scale.target_centre),
    ):
        if min(len(sums), len(encoded)) > 1:
            rows = np.flatnonzero(encoded[1].any(axis=1))
            pairs = centred(sums[1, rows], centre), centred(encoded[1, rows], centre)
            cosines.append(np.einsum("pd,pd->p", *pairs))
    every = np.concatenate(cosines) if cosines else np.empty(0)
    return {"compared_sums": len(every), "sum_cosine": round(float(every.mean()), 4)} if len(every) else {}


def _singles_of(document: Overlaps) -> Overlaps:
    vectors = np.zeros(document.vectors.shape, np.float32)
    vectors[:1] = document.vectors[:1]
    return Overlaps(document.sentences, vectors)


def _with_encoded(evidence: Evidence, source: Overlaps, target: Overlaps) -> Evidence:
    """Return the evidence with the overlaps that were encoded in place of their sums."""
    filled = (
        fill_missing(side.vectors, len(sums), np.diff(bytes_before(side.sentences)), centre)
        for side, sums, centre in (
            (source, evidence.source, evidence.scale.source_centre),
            (target, evidence.target, evidence.scale.target_centre),
        )
    )
    of_source, of_target = filled
    return evidence._replace(source=of_source, target=of_target)


def _is_settled(survivors: Survivors, n_source: int, n_target: int) -> NDArray[np.bool_]:
    """Return which survivors share no sentence with another: bool array of shape (P,)."""
    settled = np.ones(len(survivors.stops), dtype=bool)
    for side, n_sentences in ((0, n_source), (1, n_target)):
        stops = survivors.stops[:, side]
        starts = stops - survivors.shapes[:, side]
        steps = np.zeros(n_sentences + 1, np.int64)
        np.add.at(steps, starts, 1)
        np.add.at(steps, stops, -1)
        n_shared = np.append(0, np.cumsum(np.cumsum(steps[:-1]) > 1))
        settled &= n_shared[stops] == n_shared[starts]
    return settled


def _larger_overlaps(stops: NDArray[np.int64], sizes: NDArray[np.int64], max_overlap: int) -> Stops:
    found = {size: np.unique(stops[sizes == size]).astype(np.int32) for size in range(2, max_overlap + 1)}
    return {size: of_size for size, of_size in found.items() if len(of_size)}


@njit(cache=True)
def best_onward(lattice, band):  # type: ignore[no-untyped-def]
    """Return the best total from each state of each cell to the end: float64 array of shape (C, 4).

    The twin of `lattice.fill_states`, backwards.
    """
    n_types, n_cells, n_rows = len(lattice.types), band.offset[-1], len(band.start)
    onward = np.full((n_cells, 4), -np.inf, np.float64)
    onward[n_cells - 1] = lattice.stop
    ways, moves = np.empty(5, np.float64), lattice.moves
    for i in range(n_rows - 1, -1, -1):
        for j in range(band.stop[i] - 1, band.start[i] - 1, -1):
            cell = band.offset[i] + j - band.start[i]
            ways[:] = -np.inf
            for kind in range(n_types):
                row, column = i + lattice.types[kind, 0], j + lattice.types[kind, 1]
                if row < n_rows and band.start[row] <= column < band.stop[row]:
                    after = band.offset[row] + column - band.start[row]
                    ways[4] = max(ways[4], onward[after, TEXT] + lattice.score[after, kind])
            if i + 1 < n_rows and j >= band.start[i + 1]:
                below = onward[band.offset[i + 1] + j - band.start[i + 1]]
                ways[0], ways[2] = below[0] + lattice.source_null[i], below[2]
            if j + 1 < band.stop[i]:
                ways[1] = onward[cell + 1, 1] + lattice.target_null[j]
                ways[3] = onward[cell + 1, 3]
            for state in range(4):
                if cell < n_cells - 1:
                    onward[cell, state] = (ways + moves[:, state]).max()
                    if state <= 1:
                        onward[cell, state] = max(onward[cell, state], lattice.after[cell])
    return onward


@njit(cache=True)
def best_through(opened, onward, lattice, band):  # type: ignore[no-untyped-def]
    """Return the total of the best path through each bead: float64 array of shape (C, B).

    opened : float64 array of shape (C,), the best total up to each cell from which a bead begins.
    """
    way = np.full(lattice.score.shape, -np.inf, np.float64)
    for i in range(len(band.start)):
        for j in range(band.start[i], band.stop[i]):
            cell = band.offset[i] + j - band.start[i]
            for kind in range(len(lattice.types)):
                row, column = i - lattice.types[kind, 0], j - lattice.types[kind, 1]
                if row >= 0 and band.start[row] <= column < band.stop[row]:
                    before = opened[band.offset[row] + column - band.start[row]]
                    way[cell, kind] = before + lattice.score[cell, kind] + onward[cell, TEXT]
    return way
