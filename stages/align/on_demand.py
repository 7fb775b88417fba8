"""Find the overlaps that decide between alignments, and align with only those encoded.

Most beads are settled by single sentences. A first alignment stands in for larger overlaps with sums of sentence
vectors. Beads within a few nats of its best path survive; where two survivors share a sentence, their overlaps are
requested: worth encoding. A second alignment, with these encoded, chooses among the survivors.

Where one side is hardly split, its pieces are requested instead (see `align_by_pieces`).

S source sentences, T target sentences, B bead types, C cells of the band, P surviving beads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stages.align.anchors.lengths import bytes_before
from stages.align.anchors.links import Links
from stages.align.anchors.scale import centred, cosines
from stages.align.band import Band, cells_of
from stages.align.beads import Path
from stages.align.config import AlignConfig
from stages.align.constraints.fixed_beads import FixedBeads
from stages.align.log_linear import (
    Search,
    align_by_sums,
    align_encoded,
    decides_by_overlaps,
    in_own_order,
    is_swapped,
    search_measured,
    search_pair,
    without_beads,
)
from stages.align.pair_measures import PairMeasures, measure_pair, with_overlaps
from stages.align.pieces import affordable_pieces
from stages.align.scoring.sums import sum_vectors
from stages.align.search.lattice import Lattice
from stages.align.search.max_marginals import MaxMarginals, bead_marginals
from stages.data import Beads, Facts, Overlaps
from stages.pieces import PIECES

SHARE_PER_NAT = 0.25
"""Overlaps within a margin of so many nats have at most this share of the text of both documents for each nat: with the
default margin of 2 the encoder is given at most one and a half times the text."""

FEW_BYTES = 4000
"""Overlaps with less text are encoded in any case."""

NARROWER = 0.8
"""A margin is multiplied by it until the overlaps within have few enough bytes."""

NARROWEST = 0.01
"""Below this share of the margin, nothing is encoded."""

Stops = Mapping[int, NDArray[np.int32]]
"""For each overlap size from 2 on, the positions where overlaps stop, in order; sizes without any are left out. Under
the size PIECES stand the numbers of pieces."""


@dataclass(frozen=True)
class RequestedOverlaps:
    """The overlaps that a pair wants encoded.

    beads : where it wants none, its alignment: finding that out has told it. None where headings are to be aligned with
            headings first.
    """

    source: Stops
    target: Stops
    beads: Beads | None = None

    @property
    def n_overlaps(self) -> int:
        """Return how many overlaps there are, of both sides."""
        return sum(len(stops) for side in (self.source, self.target) for stops in side.values())

    def count_beads(self, beads: Beads, source: Overlaps, target: Overlaps) -> int:
        """Count the beads of which a side is one of these overlaps."""
        is_requested = np.zeros(len(beads), dtype=bool)
        for stops, side, start, stop in (
            (self.source, source, beads.source_start, beads.source_stop),
            (self.target, target, beads.target_start, beads.target_stop),
        ):
            n_before = np.append(0, np.cumsum(side.has_text))
            sizes = n_before[stop] - n_before[start]
            for size, stops_of_size in stops.items():
                is_requested |= ~beads.is_null if size == PIECES else (sizes == size) & np.isin(stop, stops_of_size)
        return int(is_requested.sum())

    def keep(self, source: Overlaps, target: Overlaps) -> tuple[Overlaps, Overlaps]:
        """Return two documents as if nothing but their sentences and these overlaps had been encoded."""
        return keep_overlaps(source, self.source), keep_overlaps(target, self.target)


def keep_overlaps(document: Overlaps, stops: Stops) -> Overlaps:
    """Return a document with the vectors of its sentences and of these overlaps only, the others zero."""
    vectors = np.zeros_like(document.vectors)
    vectors[:1] = document.vectors[:1]
    for size, stops_of_size in stops.items():
        if size != PIECES:
            vectors[size - 1, stops_of_size - 1] = document.vectors[size - 1, stops_of_size - 1]
    return replace(document, vectors=vectors, pieces=document.pieces if PIECES in stops else None)


class Survivors(NamedTuple):
    """The beads of the first alignment that may still be right.

    is_alive : bool array of shape (C, B).
    stops    : int64 array of shape (P, 2), the cells that they reach, in the order of rows, columns, types.
    shapes   : int64 array of shape (P, 2), their source and target sentences.
    """

    is_alive: NDArray[np.bool_]
    stops: NDArray[np.int64]
    shapes: NDArray[np.int64]


def find_requested_overlaps(
    source: Overlaps, target: Overlaps, config: AlignConfig, fixed: FixedBeads | None = None
) -> tuple[Stops, Stops, Path | None]:
    """Return the overlaps worth encoding of both sides, whose every position holds a sentence; either may be empty.

    Where there are none, the alignment by sums is the alignment, and returned as well. Only the vectors of single
    sentences are looked at.
    """
    if is_swapped(source, target):
        of_target, of_source, found = _find_ordered(target, source, config, fixed and fixed.mirrored)
    else:
        of_source, of_target, found = _find_ordered(source, target, config, fixed)
    return of_source, of_target, in_own_order(*found, source, target) if found else None


def _find_ordered(
    source: Overlaps, target: Overlaps, config: AlignConfig, fixed: FixedBeads | None
) -> tuple[Stops, Stops, tuple[Path, Links] | None]:
    if not source.sentences or not target.sentences:
        return {}, {}, without_beads(source, target)
    measures = measure_pair(source, target, config, fixed)
    of_source, of_target = _pieces(source, target, measures.links)
    if of_source or of_target:
        return of_source, of_target, None
    measures, search = search_measured(measures, config)
    if measures.links.coarseness == 1:
        of_source, of_target = _affordable(source, target, search, config.request_margin)
    if of_source or of_target:
        return of_source, of_target, None
    return {}, {}, (align_by_sums(search, measures, config), measures.links)


def _pieces(source: Overlaps, target: Overlaps, links: Links) -> tuple[Stops, Stops]:
    """Return the pieces to request of both sides: of the one that is hardly split, if one is."""
    if links.coarseness == 1:
        return {}, {}
    coarse = target if links.grain[0] > 1 else source
    stops = affordable_pieces(coarse, sum(float(bytes_before(side.sentences)[-1]) for side in (source, target)))
    found = {PIECES: stops} if len(stops) else {}
    return ({}, found) if coarse is target else (found, {})


def _affordable(source: Overlaps, target: Overlaps, search: Search, request_margin: float) -> tuple[Stops, Stops]:
    """Return the overlaps to request of both sides; by a narrower margin where they would have too much text."""
    ends = bytes_before(source.sentences), bytes_before(target.sentences)
    most = max(FEW_BYTES, SHARE_PER_NAT * request_margin * float(ends[0][-1] + ends[1][-1]))
    margin = request_margin
    while margin > NARROWEST * request_margin:
        survivors = find_survivors(search.marginals, search.lattice, search.band, margin)
        unsettled = ~_is_settled(survivors, len(source.sentences), len(target.sentences))
        stops, shapes = survivors.stops[unsettled], survivors.shapes[unsettled]
        both = (
            _larger_overlaps(stops[:, 0], shapes[:, 0], source.max_overlap),
            _larger_overlaps(stops[:, 1], shapes[:, 1], target.max_overlap),
        )
        n_bytes = sum(
            float((end[of_size] - end[of_size - size]).sum())
            for end, of_side in zip(ends, both, strict=True)
            for size, of_size in of_side.items()
        )
        if n_bytes <= most:
            return both
        margin *= NARROWER
    return {}, {}  # countless paths are as good as each other: what is encoded decides nothing


def align_survivors(
    source: Overlaps, target: Overlaps, config: AlignConfig, fixed: FixedBeads | None = None
) -> tuple[Path, Links]:
    """Align two documents in the canonical order, choosing among the survivors of an alignment by sums.

    Requested overlaps that were encoded are taken as they are, all others stood in for. Where none was, this is the
    alignment by sums itself.
    """
    if not source.sentences or not target.sentences:
        return without_beads(source, target)
    measures, search = search_pair(source, target, config, fixed)
    if not decides_by_overlaps(measures, source, target):
        return align_by_sums(search, measures, config), measures.links
    is_alive = find_survivors(search.marginals, search.lattice, search.band, config.request_margin).is_alive
    path = align_encoded(search, with_overlaps(measures, source, target), config, is_alive)
    return path._replace(facts=path.facts | compare_sums(measures, source, target)), measures.links


def find_survivors(marginals: MaxMarginals, lattice: Lattice, band: Band, margin: float) -> Survivors:
    """Return the beads that a path within `margin` nats of the best one holds."""
    is_alive = bead_marginals(marginals.bead_forward, marginals.backward, lattice, band) > marginals.total - margin
    cells, kinds = np.nonzero(is_alive)
    stops = np.stack(cells_of(band), axis=1)[cells]
    return Survivors(is_alive, stops, lattice.types[kinds])


def compare_sums(measures: PairMeasures, source: Overlaps, target: Overlaps) -> Facts:
    """Say how near the sums come to the overlaps of two sentences that were encoded: their number and mean cosine.

    Vectors are centred, as everywhere: what all have in common would make any two of them look alike.
    """
    found = []
    for side, encoded, centre in (
        (0, source.vectors, measures.scale.source_centre),
        (1, target.vectors, measures.scale.target_centre),
    ):
        sums = measures.sums[side]
        if min(sums.n_sizes, len(encoded)) > 1:
            rows = np.flatnonzero(encoded[1].any(axis=1))
            pairs = sum_vectors(encoded[0], 2, rows, sums.weights, centre), encoded[1, rows]
            found.append(cosines(*(centred(vectors, centre) for vectors in pairs)))
    every = np.concatenate(found) if found else np.empty(0)
    return {"compared_sums": len(every), "sum_cosine": round(float(every.mean()), 4)} if len(every) else {}


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
