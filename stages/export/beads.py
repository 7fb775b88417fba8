"""The `beads` format: `[0, 1]:[0]:0.7312`, source positions, target positions, score, as Vecalign writes them.

Every position of both documents stands in exactly one line; null beads hold one sentence each.
"""

from __future__ import annotations

from collections.abc import Iterator

from stages.bead_lines import list_beads
from stages.data import AlignedPair
from stages.export.units import DECIMALS, rounded


def render_beads(pair: AlignedPair) -> Iterator[str]:
    """Give a line for every bead of a pair, whatever the config leaves out elsewhere."""
    scores = rounded(pair.pair_id, "score", pair.beads.score)
    for bead, source, target in list_beads(pair.beads):
        yield f"{list(source)}:{list(target)}:{scores[bead]:.{DECIMALS}f}\n"
