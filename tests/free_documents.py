"""Made-up documents and translations that leave out, add and run together sentences."""

from __future__ import annotations

import numpy as np
from aligned_pairs import with_overlaps

from stages.bead_lines import BeadPositions
from stages.data import Beads, Overlaps


def free_document(
    seed: int, n_beads: int = 200, left_out: float = 0.0, strays: float = 0.0, joined: int = 1, longer: float = 1.0
) -> tuple[Overlaps, Overlaps, list[BeadPositions]]:
    """A document of 1-1 beads and its translation, of which sentences are left out, added and run together.

    longer : how many source bytes say as much as a target byte.
    """
    generator = np.random.default_rng(seed)
    sides: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
    lengths: tuple[list[int], list[int]] = ([], [])
    beads: list[BeadPositions] = []
    for first in range(0, n_beads, joined):
        group = range(first, min(first + joined, n_beads))
        meanings = generator.normal(size=(len(group), 64))
        sizes = generator.integers(20, 90, len(group))
        start = len(sides[0])
        for meaning, size in zip(meanings, sizes, strict=True):
            sides[0].append(meaning + 0.5 * generator.normal(size=64))
            lengths[0].append(round(size * longer * np.exp(generator.normal(0, 0.1))))
        if generator.random() >= left_out:
            sides[1].append((np.sqrt(sizes)[:, None] * meanings).sum(axis=0) / 8 + 0.5 * generator.normal(size=64))
            lengths[1].append(int(sizes.sum()))
            beads.append(BeadPositions(tuple(range(start, len(sides[0]))), (len(sides[1]) - 1,)))
        if generator.random() < strays:
            side = generator.integers(2)
            sides[side].append(generator.normal(size=64))
            lengths[side].append(int(generator.integers(20, 90)))
    source, target = (
        with_overlaps(["x" * size for size in of_side], np.array(vectors), sizes=4)
        for of_side, vectors in zip(lengths, sides, strict=True)
    )
    return source, target, beads


def n_found(beads: Beads, gold: list[BeadPositions]) -> int:
    spans = zip(beads.source_start, beads.source_stop, beads.target_start, beads.target_stop, strict=True)
    found = {(tuple(range(i, i_stop)), tuple(range(j, j_stop))) for i, i_stop, j, j_stop in spans}
    return len(found & set(map(tuple, gold)))
