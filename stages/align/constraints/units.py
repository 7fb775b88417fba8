"""Keep beads within the units of a bilingual file: units of TMX, XLIFF and PO, rows of a table.

What stands in one unit translates what stands in the same unit of the other language, and nothing else. Between two
units lies a corner (i, j): i source and j target sentences stand before it. Every path passes through it, so a unit
without text on one side leaves the sentences of the other alone.

S source sentences, T target sentences, N corners.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from stages.align.beads import NO_CORNERS, as_beads, lie_between
from stages.align.constraints.fixed_beads import FixedBeads
from stages.data import Overlaps

Units = Sequence[int] | NDArray[np.integer]


def find_corners(source: Units, target: Units) -> NDArray[np.int64]:
    """Return the corners between the units of two documents, which are in order: int64 array of shape (N, 2).

    source, target : the unit of each sentence, S and T of them, in order; nothing for a document without units.
    """
    if not len(source) or not len(target):
        return NO_CORNERS
    sides = np.asarray(source, np.int64), np.asarray(target, np.int64)
    units = np.union1d(*sides)[1:]
    return np.unique(np.stack([np.searchsorted(side, units) for side in sides], axis=1), axis=0).astype(np.int64)


def fix_corners(source: Overlaps, target: Overlaps, fixed: FixedBeads | None = None) -> FixedBeads | None:
    """Fix the corners between the units of two documents, but those that a corrected bead reaches over.

    fixed : the corrections, in positions that all hold text; so are the corners.
    """
    corners = find_corners(*(np.asarray(side.units)[side.has_text[: len(side.units)]] for side in (source, target)))
    if not len(corners):
        return fixed
    fixed = fixed or FixedBeads()
    return fixed._replace(corners=corners[lie_between(as_beads(corners), fixed.beads)])
