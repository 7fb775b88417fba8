"""Similarities of overlaps, computed block by block along the band with one matrix product each.

M, N the most source and target sentences in a bead, R rows and W columns of a block, S source sentences, T target
sentences, D dimensions.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stages.align.anchors.scale import Scale, distances
from stages.align.band import Band
from stages.align.beads import MANY_TO_MANY
from stages.align.compiled import njit
from stages.align.scoring.sums import Sums, encoded_rows

BLOCK_ROWS = 32
"""Rows of a block: more make the product faster, and more of it falls outside the band."""

BLOCK_CELLS = 32 * 1024
"""Rows times columns of a block at most (but for one row): bounds its memory, also where the band is very wide."""


FEW = 2
"""So many sentences of one side are compared with all sizes of the other: beads have one, their neighbours two."""


class Block(NamedTuple):
    """The similarities that the cells of some rows of the band need.

    row_start, row_stop : the rows of the table that are scored from this block.
    first_source, first_target : the sentences that index 0 of the block stands for.
    similarity : float32 array of shape (M, R, N, W): `similarity[m - 1, i - first_source, n - 1, j - first_target]` is
                 that of the overlap of m source sentences ending with i and the one of n target sentences ending with
                 j. It reaches over the rows and columns of the band far enough for the neighbours of a bead.
    """

    row_start: int
    row_stop: int
    first_source: int
    first_target: int
    similarity: NDArray[np.float32]


Unit = tuple[np.float32, np.float32]
"""What cosines are multiplied with, and what is then taken off, to make similarities of them."""

Places = tuple[NDArray[np.int64], NDArray[np.int64]]


def _unit_of(scale: Scale) -> Unit:
    return np.float32(scale.stretch), np.float32(scale.stretch * scale.background)


class Centring(NamedTuple):
    """What makes the cosine of the centred overlaps of their product, so that no vector needs to be centred.

    (a - p).(b - q) = a.b - a.q - b.p + p.q. Of each overlap, float32 arrays of shape (M, S):

    along   : its product with the centre of the other side; on the target side less the product of the centres.
    inverse : 1 / its distance from the centre of its own side.
    """

    along: NDArray[np.float32]
    inverse: NDArray[np.float32]

    def part(self, sentences: slice) -> Centring:
        """Return the same of overlaps that end with some of the sentences."""
        return Centring(self.along[:, sentences], self.inverse[:, sentences])


def similarity_blocks(
    source: NDArray[np.floating], target: NDArray[np.floating], band: Band, scale: Scale | None = None
) -> Iterator[Block]:
    """Yield the blocks of the band from the first row to the last.

    source, target : float arrays of shape (M, S, D) and (N, T, D), S and T at least 1.
    scale          : how vectors are centred and similarities stretched; None for the dot products themselves.
    """
    centring = None if scale is None else centre_sides(source, target, scale)
    for row_start, row_stop, rows, columns in _block_ranges(band, len(source), len(target)):
        similarity = _products(source[:, rows], target[:, columns])
        if scale is not None and centring is not None:
            _centre_products(similarity, centring[0].part(rows), centring[1].part(columns))
            similarity *= np.float32(scale.stretch)
            similarity -= np.float32(scale.stretch * scale.background)
        yield Block(row_start, row_stop, rows.start, columns.start, similarity)


def summed_blocks(
    source: NDArray[np.floating], target: NDArray[np.floating], band: Band, scale: Scale, sums: tuple[Sums, Sums]
) -> Iterator[Block]:
    """Yield the blocks of the band with sums of the vectors of sentences in place of all larger overlaps.

    The product of two sums is a sum of products, so that only single sentences are multiplied.

    source, target : float arrays of shape (1, S, D) and (1, T, D), S and T at least 1.
    """
    centring = centre_sides(source, target, scale)
    sizes, unit = [len(side.inverse_norms) for side in sums], _unit_of(scale)
    for row_start, row_stop, rows, columns in _block_ranges(band, *sizes):
        cosines = _products(source[:, rows], target[:, columns])
        _centre_products(cosines, centring[0].part(rows), centring[1].part(columns))
        similarity = _products_of_sums(
            np.ascontiguousarray(cosines[0, :, 0]), sums[0].part(rows), sums[1].part(columns), unit
        )
        yield Block(row_start, row_stop, rows.start, columns.start, similarity)


def mixed_blocks(
    source: NDArray[np.floating], target: NDArray[np.floating], band: Band, scale: Scale, sums: tuple[Sums, Sums]
) -> Iterator[Block]:
    """Yield the blocks of the band with encoded overlaps where there are any, and sums in place of all others.

    Nothing is added up but products: neither the time nor the memory of overlaps that were not encoded is spent.

    source, target : float arrays of shape (K, S, D) and (L, T, D), S and T at least 1; rows of zeros were not encoded.
    """
    centring = centre_sides(source, target, scale)
    sides = [(vectors, encoded_rows(vectors)) for vectors in (source, target)]
    sizes, unit = [side.n_sizes for side in sums], _unit_of(scale)
    for row_start, row_stop, rows, columns in _block_ranges(band, *sizes):
        of_source, of_target = (
            _EncodedPart.of(vectors, is_encoded, part, centre)
            for (vectors, is_encoded), part, centre in zip(sides, (rows, columns), centring, strict=True)
        )
        cosines = of_source.vectors @ of_target.vectors.T
        cosines -= of_source.along[:, None]
        cosines -= of_target.along
        cosines *= of_source.inverse[:, None]
        cosines *= of_target.inverse
        of_sums = sums[0].part(rows), sums[1].part(columns)
        n_rows, n_columns = (len(side.weights) for side in of_sums)
        similarity = _products_of_sums(np.ascontiguousarray(cosines[:n_rows, :n_columns]), *of_sums, unit)
        room = np.empty(max(n_rows, n_columns), np.float32)
        _place_encoded(cosines, of_source[3:], of_target[3:], *of_sums, unit, similarity, room)
        yield Block(row_start, row_stop, rows.start, columns.start, similarity)


class _EncodedPart(NamedTuple):
    """What a block needs of one side: R single sentences, and behind them E encoded overlaps.

    vectors : float32 array of shape (R + E, D). along, inverse : as in Centring, shape (R + E,).
    sizes, lasts : int64 arrays of shape (E,), the place of each encoded overlap: its size less one, its last sentence.
    """

    vectors: NDArray[np.float32]
    along: NDArray[np.float32]
    inverse: NDArray[np.float32]
    sizes: NDArray[np.int64]
    lasts: NDArray[np.int64]

    @classmethod
    def of(
        cls, vectors: NDArray[np.floating], is_encoded: NDArray[np.bool_], part: slice, centring: Centring
    ) -> _EncodedPart:
        sizes, lasts = np.ascontiguousarray(np.nonzero(is_encoded[:, part]))
        here = sizes, lasts + part.start
        return cls(
            np.concatenate([vectors[0, part], vectors[here]]).astype(np.float32, copy=False),
            np.concatenate([centring.along[0, part], centring.along[here]]),
            np.concatenate([centring.inverse[0, part], centring.inverse[here]]),
            sizes,
            lasts,
        )


@njit(cache=True)
def _place_encoded(
    cosines: NDArray[np.float32],
    source: Places,
    target: Places,
    of_source: Sums,
    of_target: Sums,
    unit: Unit,
    similarity: NDArray[np.float32],
    total: NDArray[np.float32],
) -> None:
    """Put the similarities of encoded overlaps in place of those of sums.

    cosines : float32 array of shape (R + E, W + F), of the sentences and, behind them, the encoded overlaps of a block.
    source, target : the places of the E and F encoded overlaps: their sizes less one, and their last sentences.
    similarity : float32 array of shape (M, R, N, W), as of a Block.
    total : room for max(R, W) numbers.
    """
    stretch, shift = unit
    n_rows, n_columns = similarity.shape[1], similarity.shape[3]
    for e in range(len(source[0])):
        total[:n_columns] = 0
        for size in range(_longest(source[0][e], similarity.shape[2])):
            for j in range(size, n_columns):
                total[j] += cosines[n_rows + e, j - size] * of_target.weights[j - size]
            for j in range(n_columns):
                similarity[source[0][e], source[1][e], size, j] = (
                    total[j] * of_target.inverse_norms[size, j] * stretch - shift
                )
    for f in range(len(target[0])):
        total[:n_rows] = 0
        for size in range(_longest(target[0][f], similarity.shape[0])):
            for i in range(size, n_rows):
                total[i] += cosines[i - size, n_columns + f] * of_source.weights[i - size]
            for i in range(n_rows):
                similarity[size, i, target[0][f], target[1][f]] = (
                    total[i] * of_source.inverse_norms[size, i] * stretch - shift
                )
    for e in range(len(source[0])):
        for f in range(len(target[0])):
            similarity[source[0][e], source[1][e], target[0][f], target[1][f]] = (
                cosines[n_rows + e, n_columns + f] * stretch - shift
            )


def centre_sides(source: NDArray[np.floating], target: NDArray[np.floating], scale: Scale) -> tuple[Centring, Centring]:
    """Measure what centring needs to know of every overlap of both sides."""
    p, q = scale.source_centre, scale.target_centre
    return _centre_side(source, p, q, 0.0), _centre_side(target, q, p, float(p @ q))


def _centre_side(
    vectors: NDArray[np.floating], own: NDArray[np.float32], other: NDArray[np.float32], both: float
) -> Centring:
    sizes = [size.astype(np.float32, copy=False) for size in vectors]
    return Centring(
        np.stack([size @ other for size in sizes]) - np.float32(both),
        np.stack([1 / distances(size, own) for size in sizes]),
    )


def _products(source: NDArray[np.floating], target: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return the dot products of all overlaps: shapes (M, R, D) and (N, W, D) give (M, R, N, W)."""
    rows = np.ascontiguousarray(source, np.float32).reshape(-1, source.shape[2])
    columns = np.ascontiguousarray(target, np.float32).reshape(-1, target.shape[2])
    return (rows @ columns.T).reshape(*source.shape[:2], *target.shape[:2])


def _centre_products(similarity: NDArray[np.float32], source: Centring, target: Centring) -> None:
    """Turn products into cosines of centred vectors, in place."""
    similarity -= source.along[:, :, None, None]
    similarity -= target.along
    similarity *= source.inverse[:, :, None, None]
    similarity *= target.inverse


def _products_of_sums(cosines: NDArray[np.float32], source: Sums, target: Sums, unit: Unit) -> NDArray[np.float32]:
    """Return the similarities of sums, shape (M, R, N, W), from the cosines of their sentences, shape (R, W)."""
    sizes = len(source.inverse_norms), len(target.inverse_norms)
    similarity = np.zeros((sizes[0], len(cosines), sizes[1], cosines.shape[1]), np.float32)
    _add_up(cosines, source, target, unit, similarity)
    return similarity


@njit(cache=True)
def _add_up(
    cosines: NDArray[np.float32], source: Sums, target: Sums, unit: Unit, similarity: NDArray[np.float32]
) -> None:
    """Fill in the similarities of sums.

    Sums that would reach over the first row or column are those of the sentences that there are. What no bead and no
    neighbour of a bead is made of stays 0.
    """
    (stretch, shift), (m_sizes, n_rows, n_sizes, n_columns) = unit, similarity.shape
    for m in range(m_sizes):
        for i in range(n_rows):
            for j in range(n_columns):
                similarity[m, i, 0, j] = cosines[i, j] * source.weights[i] * target.weights[j]
                if m > 0 and i > 0:
                    similarity[m, i, 0, j] += similarity[m - 1, i - 1, 0, j]
    for m in range(m_sizes):
        longest = _longest(m, n_sizes)
        for i in range(n_rows):
            for n in range(1, longest):
                similarity[m, i, n, 0] = similarity[m, i, 0, 0]
                for j in range(1, n_columns):
                    similarity[m, i, n, j] = similarity[m, i, 0, j] + similarity[m, i, n - 1, j - 1]
            for n in range(longest):
                for j in range(n_columns):
                    norms = source.inverse_norms[m, i] * target.inverse_norms[n, j]
                    similarity[m, i, n, j] = similarity[m, i, n, j] * norms * stretch - shift


@njit(cache=True)
def _longest(size: int, n_sizes: int) -> int:
    """Return with how many sizes an overlap of size + 1 sentences is compared: one of many only with few."""
    return n_sizes if size < FEW else min(n_sizes, max(FEW, MANY_TO_MANY - size))


def _block_ranges(band: Band, m_sizes: int, n_sizes: int) -> Iterator[tuple[int, int, slice, slice]]:
    """Yield the rows of each block, from and to, and the sentences of both sides that their beads and neighbours hold.

    The bead that reaches cell (i, j) ends with sentences i - 1 and j - 1; its neighbours lie one further on and as
    many back as a bead has sentences.
    """
    for start, stop in _row_ranges(band):
        rows = slice(max(start - 1 - m_sizes, 0), stop + 1)
        columns = slice(max(int(band.start[start]) - 1 - n_sizes, 0), int(band.stop[stop - 1]) + 1)
        yield start, stop, rows, columns


def _row_ranges(band: Band) -> Iterator[tuple[int, int]]:
    start, n_rows = 0, len(band.start)
    while start < n_rows:
        stop = start + 1
        while (
            stop < n_rows
            and stop - start < BLOCK_ROWS
            and (stop + 1 - start) * int(band.stop[stop] - band.start[start]) <= BLOCK_CELLS
        ):
            stop += 1
        yield start, stop
        start = stop
