"""Constrain the search to the corrections; nothing in the kernels knows of it.

Beads that can't stand beside a fixed one are taken out of the lattice, and the fixed ones weigh more than anything
else. Where it is wrong that a sentence has no counterpart, all beads that hold it weigh as much: it is left alone only
where the band has none.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stages.align.band import Band, cells_of
from stages.align.constraints.fixed_beads import FixedBeads, stands_beside
from stages.align.search.lattice import Lattice

BONUS = 256.0
"""What a fixed bead adds to the score of a path, in nats: no alternative is worth so much, and a float32 of this size
still tells differences of 0.0001."""


def constrain(lattice: Lattice, band: Band, fixed: FixedBeads) -> Lattice:
    """Return the lattice without the beads that can't stand beside fixed ones.

    Those weigh `BONUS` more, and so do beads for each sentence that they keep from being left alone. Each end that a
    bead crosses makes it weigh `crossing` less; so does a foreign block at the edge that ends within a sentence.
    """
    rows, columns = cells_of(band)
    score = lattice.score.copy()
    for kind, (m, n) in enumerate(lattice.types.tolist()):
        spans = np.stack([rows - m, rows, columns - n, columns], axis=1)
        score[~stands_beside(spans, fixed), kind] = -np.inf
        for wanted, side in ((fixed.source_wanted, 0), (fixed.target_wanted, 2)):
            n_wanted = np.searchsorted(wanted, spans[:, side + 1]) - np.searchsorted(wanted, spans[:, side])
            score[:, kind] += np.float32(BONUS) * n_wanted
        if fixed.crossing:
            score[:, kind] -= np.float32(fixed.crossing) * fixed.n_crossed(spans)
    kinds = {(m, n): kind for kind, (m, n) in enumerate(lattice.types.tolist())}
    for bonus, beads in ((BONUS, fixed.beads.tolist()), (-np.inf, fixed.banned)):
        for source_start, i, target_start, j in beads:
            kind = kinds.get((i - source_start, j - target_start), -1)
            if kind >= 0 and band.start[i] <= j < band.stop[i]:
                score[band.cells_at(i, j), kind] += np.float32(bonus)
    inside = fixed.crossing * fixed.lies_within(np.stack([rows, columns], axis=1))
    return lattice._replace(score=score, before=lattice.before - inside, after=lattice.after - inside)


def without_bonus(score: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the scores of beads that were found in a restricted lattice as they would be in the whole one."""
    n_bonus = np.rint(score / np.float32(BONUS)).clip(min=0)
    return np.asarray(score - BONUS * n_bonus, np.float32)
