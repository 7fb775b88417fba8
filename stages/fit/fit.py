"""Fit the weights of the log-linear method to pairs with known beads.

The likelihood of the gold beads among all paths of the band is maximised: it is concave in the weights, so any climb
ends at the same place. Fit on two kinds of text at least, one with and one without untranslated sentences: weights
fitted on one kind lost to the published aligners on others.

F bead features, B bead types, C cells, S source sentences, T target sentences.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stages.align.band import Band, band_around, cells_of, make_band
from stages.align.config import AlignConfig
from stages.align.log_linear import search_pair
from stages.align.pair_measures import PairMeasures, null_features, with_overlaps
from stages.align.scoring.features import collect_features, score_blocks
from stages.align.scoring.similarity import mixed_blocks
from stages.align.scoring.weights import NO_BLOCKS, SHIPPED, Kind, Weights, suited
from stages.align.search.lattice import Lattice, make_lattice
from stages.align.search.max_marginals import bead_marginals
from stages.align.search.posterior import Posterior, null_posterior, sum_paths
from stages.bead_lines import BeadPositions
from stages.data import Overlaps
from stages.fit.lbfgs import minimize_lbfgs

FIT_RADIUS = 10
"""Sentences around the gold beads that may compete with them. With 25 weights move by 0.05 at most, in twice the time;
alignment itself looks at 5."""

ENOUGH = 1e-5
"""A step of the fit that gains a smaller share of the loss is the last."""

LONGEST_NULL_RUN = 5
"""A longer run of untranslated sentences is a foreign block; null beads are not to be learned from it."""

PRIOR_PRECISION = 1.0
"""How strongly weights are drawn to those that the fit starts from, per squared unit."""

NEGLIGIBLE_SHARE = -40.0
"""The logarithm of a share of paths that is taken for none."""


class Example(NamedTuple):
    """A document pair, without empty positions, and its gold beads in order."""

    source: Overlaps
    target: Overlaps
    gold: Sequence[BeadPositions]


class Segment(NamedTuple):
    """A stretch of a pair whose gold path the lattice has, with everything that the likelihood needs.

    features : float32 array of shape (C, B, F); zero where there is no bead.
    is_bead  : bool array of shape (C, B).
    source_null, target_null : float32 arrays of shape (S, 4) and (T, 4).
    gold_bead : float64 array of shape (F,), the features of the gold beads, summed.
    gold_null : float64 array of shape (4,), those of the gold null sentences.
    kind, freedom, is_coarse : what is added to the weights, as of `suited`.
    """

    features: NDArray[np.float32]
    is_bead: NDArray[np.bool_]
    source_null: NDArray[np.float32]
    target_null: NDArray[np.float32]
    types: NDArray[np.int64]
    band: Band
    gold_bead: NDArray[np.float64]
    gold_null: NDArray[np.float64]
    n_beads: int
    kind: Kind
    freedom: float
    is_coarse: bool


class Fit(NamedTuple):
    """Fitted weights, and how likely each gold bead is with them and was before, in nats lost per bead."""

    weights: Weights
    loss: float
    loss_before: float
    n_beads: int


def fit_segments(segments: Sequence[Segment], start: Weights, guess: Weights | None = None) -> Fit:
    """Fit bead and null weights to stretches of gold, of which there must be one at least.

    start : the weights that the fit is drawn to. guess : where to climb from, which changes nothing but the time.
    """
    first = np.array(start.bead + start.null)

    def loss_of(values: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        loss, gradient = _total_loss(segments, values, start)
        drawn = values - first
        return loss + PRIOR_PRECISION / 2 * float(drawn @ drawn), gradient + PRIOR_PRECISION * drawn

    climb_from = guess or start
    fitted = minimize_lbfgs(loss_of, np.array(climb_from.bead + climb_from.null), ENOUGH)
    n_beads = sum(segment.n_beads for segment in segments)
    loss, loss_before = (_total_loss(segments, values, start)[0] / n_beads for values in (fitted, first))
    return Fit(_with_values(start, fitted), loss, loss_before, n_beads)


def _with_values(start: Weights, values: NDArray[np.float64]) -> Weights:
    n_bead = len(start.bead)
    return start._replace(bead=tuple(map(float, values[:n_bead])), null=tuple(map(float, values[n_bead:])))


def cut_segments(example: Example, config: AlignConfig, kind: Kind) -> Iterator[Segment]:
    """Yield the stretches of the pair between gold beads that the lattice lacks."""
    measures, _ = search_pair(example.source, example.target, config)
    measures = with_overlaps(measures, example.source, example.target)
    stretches = list(_stretches(example.gold, measures.types))
    starts = np.array([bead[:2] for stretch in stretches for bead in stretch], np.int64).reshape(-1, 2)
    if not len(starts):
        return
    n_source, n_target = len(example.source.sentences), len(example.target.sentences)
    band = band_around(starts[:, 0], starts[:, 1], n_source, n_target, round(FIT_RADIUS * measures.links.coarseness))
    vectors = measures.source, measures.target, band, measures.scale, measures.sums
    found = score_blocks(mixed_blocks(*vectors), measures.sides, band, measures.types, SHIPPED[kind])
    nulls = null_features(measures, found)
    features = collect_features(mixed_blocks(*vectors), measures.sides, band, measures.types)
    for stretch in stretches:
        yield _cut(stretch, features, nulls, band, measures, kind)


def _stretches(gold: Sequence[BeadPositions], types: NDArray[np.int64]) -> Iterator[list[tuple[int, int, int, int]]]:
    """Yield runs of gold beads (source start, target start, m, n) with nothing but short null runs between them."""
    shapes = {(int(m), int(n)) for m, n in types}
    nulls = [{position for bead in gold if not bead[1 - side] for position in bead[side]} for side in (0, 1)]
    run: list[tuple[int, int, int, int]] = []
    at = (0, 0)
    for source, target in sorted((sorted(a), sorted(b)) for a, b in gold if a and b):
        bead = (source[0], target[0], len(source), len(target))
        is_whole = source[-1] - source[0] < len(source) and target[-1] - target[0] < len(target)
        if not is_whole or bead[2:] not in shapes or bead[0] < at[0] or bead[1] < at[1]:
            continue
        skipped = set(range(at[0], bead[0])), set(range(at[1], bead[1]))
        if not all(part <= known and len(part) <= LONGEST_NULL_RUN for part, known in zip(skipped, nulls, strict=True)):
            if run:
                yield run
            run = []
        run.append(bead)
        at = (bead[0] + bead[2], bead[1] + bead[3])
    if run:
        yield run


def _cut(
    stretch: list[tuple[int, int, int, int]],
    features: NDArray[np.float32],
    nulls: tuple[NDArray[np.float32], NDArray[np.float32]],
    band: Band,
    measures: PairMeasures,
    kind: Kind,
) -> Segment:
    """Return the part of the lattice from the first to the last bead of a stretch."""
    (i_start, j_start, _, _), (i, j, m, n) = stretch[0], stretch[-1]
    i_stop, j_stop = i + m, j + n
    rows = slice(i_start, i_stop + 1)
    start, stop = np.maximum(band.start[rows], j_start), np.minimum(band.stop[rows], j_stop + 1)
    part = make_band(start - j_start, stop - j_start)
    part_i, part_j = cells_of(part)
    cells = band.cells_at(part_i + i_start, part_j + j_start)
    kinds = {(int(m), int(n)): kind for kind, (m, n) in enumerate(measures.types)}
    stops = np.array([(i + m, j + n) for i, j, m, n in stretch], np.int64)
    gold_cells = band.cells_at(*stops.T)
    gold_kinds = [kinds[m, n] for _, _, m, n in stretch]
    source_free, target_free = np.ones(i_stop - i_start, bool), np.ones(j_stop - j_start, bool)
    for i, j, m, n in stretch:
        source_free[i - i_start : i - i_start + m] = target_free[j - j_start : j - j_start + n] = False
    source_null, target_null = nulls[0][i_start:i_stop], nulls[1][j_start:j_stop]
    is_bead = ~np.isnan(features[cells, :, 0])
    return Segment(
        np.where(is_bead[:, :, None], features[cells], np.float32(0)),
        is_bead,
        source_null,
        target_null,
        measures.types,
        part,
        features[gold_cells, gold_kinds].sum(axis=0, dtype=np.float64),
        source_null[source_free].sum(axis=0, dtype=np.float64) + target_null[target_free].sum(axis=0, dtype=np.float64),
        len(stretch),
        kind,
        measures.freedom,
        measures.links.coarseness > 1,
    )


def _total_loss(
    segments: Sequence[Segment], values: NDArray[np.float64], start: Weights
) -> tuple[float, NDArray[np.float64]]:
    """Return the negative log-likelihood of all gold paths, and its gradient."""
    loss, gradient = 0.0, np.zeros(len(values))
    weights = _with_values(start, values)
    for segment in segments:
        segment_loss, segment_gradient = _segment_loss(segment, weights)
        loss, gradient = loss + segment_loss, gradient + segment_gradient
    return loss, gradient


def _segment_loss(segment: Segment, weights: Weights) -> tuple[float, NDArray[np.float64]]:
    weights = suited(weights, segment.kind, segment.freedom, segment.is_coarse)
    bead, null = np.array(weights.bead), np.array(weights.null)
    score = segment.features @ bead.astype(np.float32)
    score[~segment.is_bead] = -np.inf
    nulls = (segment.source_null @ null).astype(np.float32), (segment.target_null @ null).astype(np.float32)
    # Foreign blocks are not part of the fit: no path goes through one.
    lattice = make_lattice(score, segment.types, *nulls, NO_BLOCKS, segment.band)
    posterior = sum_paths(lattice, segment.band)
    shares = all_bead_shares(posterior, lattice, segment.band)
    of_source, of_target = null_posterior(posterior, lattice, segment.band)
    expected_bead = np.tensordot(shares, segment.features, axes=2)
    expected_null = of_source @ segment.source_null + of_target @ segment.target_null
    loss = posterior.total - float(segment.gold_bead @ bead + segment.gold_null @ null)
    return loss, np.concatenate([expected_bead - segment.gold_bead, expected_null - segment.gold_null])


def all_bead_shares(posterior: Posterior, lattice: Lattice, band: Band) -> NDArray[np.float32]:
    """Return the share of paths that hold each bead of each cell: float32 array of shape (C, B)."""
    way = bead_marginals(posterior.bead_forward, posterior.backward, lattice, band) - posterior.total
    shares = np.zeros(way.shape, np.float32)
    counts = way > NEGLIGIBLE_SHARE
    shares[counts] = np.exp(np.minimum(way[counts], 0.0))
    return shares
