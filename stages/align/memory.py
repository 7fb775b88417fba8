"""Estimate the memory of an alignment before it starts, from the numbers of sentences and the options."""

from __future__ import annotations

from math import ceil, sqrt

from stages.align.band import MAX_GAP_CELLS
from stages.align.beads import bead_types
from stages.align.config import AlignConfig

BYTES_PER_BEAD = 12
"""Of each bead type of each cell: its score in float32, and in the search for overlaps to request a float64 more."""

BYTES_PER_CELL = 250
"""Of each cell: four states forward and backward in float64, back-pointers, what begins and ends there, and copies."""

BYTES_PER_NUMBER = 8
"""Of each number of a vector: float32, and a copy."""


def estimate_bytes(n_source: int, n_target: int, max_overlap: int, n_dimensions: int, config: AlignConfig) -> int:
    """Return how many bytes an alignment takes at most, to within a factor of about two.

    The band is taken to be as wide as its radius lets it be along the diagonal, with gaps between anchors beside it, as
    large as gaps are searched whole; it is never larger than the table.
    """
    side = config.max_side or config.largest_bead - 1
    n_beads = len(bead_types(config.largest_bead, side, side))
    table = (n_source + 1) * (n_target + 1)
    along = max(n_source + 1, n_target + 1) * (2 * config.band_radius + 2)
    n_gaps = ceil(sqrt(table / MAX_GAP_CELLS))  # more of them would be longer than the documents
    cells = min(table, along + n_gaps * MAX_GAP_CELLS)
    vectors = max_overlap * (n_source + n_target) * n_dimensions * BYTES_PER_NUMBER
    return cells * (BYTES_PER_BEAD * n_beads + BYTES_PER_CELL) + vectors
