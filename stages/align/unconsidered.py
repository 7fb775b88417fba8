"""Find the stretches of a pair for which no bead was considered that could hold them: nobody knows what is right there.

A line that holds a dozen sentences has no translation among beads of eight. That it is left alone is no finding.

P beads with text on both sides.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stages.align.anchors.lengths import Lengths

MOST_SURE = 0.5
"""The largest confidence of what was found in such a stretch."""

MAX_LENGTH_RATIO = 2.0
"""Where one side of a stretch is so much longer than the other, a part of it has no translation, in whatever beads."""


def unconsidered_stretches(
    spans: NDArray[np.int64], types: NDArray[np.int64], lengths: Lengths
) -> list[tuple[slice, slice, slice]]:
    """Return the source sentences, the target sentences and the beads of each such stretch.

    It lies between beads that are smaller than the largest ones, has text on both sides that is about as long, and more
    sentences on one side than the largest beads hold for those of the other.

    spans : int64 array of shape (P, 4), as in Path. types : as of `bead_types`.
    """
    largest = types.max(axis=0)
    shapes = np.stack([spans[:, 1] - spans[:, 0], spans[:, 3] - spans[:, 2]], axis=1)
    smaller = np.flatnonzero(~((shapes == largest) & (largest > 1)).any(axis=1))
    starts = np.concatenate([[[0, 0]], spans[smaller][:, [1, 3]]])
    stops = np.concatenate([spans[smaller][:, [0, 2]], [[len(lengths.source) - 1, len(lengths.target) - 1]]])
    counts = stops - starts
    long = [side[stops[:, at]] - side[starts[:, at]] for at, side in enumerate(lengths)]
    is_too_many = (counts > largest * counts[:, ::-1]).any(axis=1) & (counts > 0).all(axis=1)
    is_as_long = np.maximum(*long) <= MAX_LENGTH_RATIO * np.minimum(*long)
    first, last = np.append(0, smaller + 1), np.append(smaller, len(spans))
    return [
        (slice(*ends[0]), slice(*ends[1]), slice(int(first[at]), int(last[at])))
        for at in np.flatnonzero(is_too_many & is_as_long)
        for ends in [np.stack([starts[at], stops[at]], axis=1).tolist()]
    ]
