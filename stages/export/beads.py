"""The `beads` format: `[0, 1]:[0]:0.7312`, source positions, target positions, score, as Vecalign writes them.

Every position of both documents stands in exactly one line; null beads hold one sentence each.
"""

from __future__ import annotations

from collections.abc import Iterator

from stages.data import AlignedPair, Beads
from stages.export.units import DECIMALS, rounded

Positions = tuple[int, ...]


def list_beads(beads: Beads) -> Iterator[tuple[int, Positions, Positions]]:
    """Give each bead's index and its positions; a null bead of several sentences is given one sentence at a time."""
    spans = zip(
        beads.source_start.tolist(),
        beads.source_stop.tolist(),
        beads.target_start.tolist(),
        beads.target_stop.tolist(),
        strict=True,
    )
    for bead, (source_start, source_stop, target_start, target_stop) in enumerate(spans):
        source = tuple(range(source_start, source_stop))
        target = tuple(range(target_start, target_stop))
        if source and target:
            yield bead, source, target
        else:
            yield from ((bead, (position,), ()) for position in source)
            yield from ((bead, (), (position,)) for position in target)


def render_beads(pair: AlignedPair) -> Iterator[str]:
    """Give a line for every bead of a pair, whatever the config leaves out elsewhere."""
    scores = rounded(pair.pair_id, "score", pair.beads.score)
    for bead, source, target in list_beads(pair.beads):
        yield f"{list(source)}:{list(target)}:{scores[bead]:.{DECIMALS}f}\n"
