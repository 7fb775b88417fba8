"""Translations made freer than they are: gold documents whose target leaves out, adds or runs together sentences.

An edit takes texts and gives texts, with the gold that is then right: vectors come afterwards. All chance comes from a
seed, the name of the document and the edit.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence

from gold_pairs import LANGUAGES, GoldTexts

from stages.bead_lines import BeadPositions
from stages.text import running_text

Edit = Callable[[GoldTexts, Sequence[GoldTexts], random.Random], GoldTexts]
"""Makes an edited pair of a pair and the others of its set."""


def is_in_order(texts: GoldTexts) -> bool:
    """Return whether the gold beads of a pair partition both sides in order."""
    return all(
        [position for link in texts.gold for position in link[side]] == list(range(len(texts[side + 1])))
        for side in (0, 1)
    )


def made_ordered(texts: GoldTexts) -> GoldTexts:
    """Return a pair with beads that cross or enclose each other made one, and sentences of no bead null beads."""
    merged: list[list[int]] = []  # source start, source stop, target start, target stop
    for link in sorted(link for link in texts.gold if link.source and link.target):
        span = [min(link.source), max(link.source) + 1, min(link.target), max(link.target) + 1]
        while merged and (span[0] < merged[-1][1] or span[2] < merged[-1][3]):
            last = merged.pop()
            span = [min(span[0], last[0]), max(span[1], last[1]), min(span[2], last[2]), max(span[3], last[3])]
        merged.append(span)
    beads, at = [], (0, 0)
    for i, i_stop, j, j_stop in [*merged, [len(texts.source), len(texts.source), len(texts.target), len(texts.target)]]:
        beads += [(texts.source[at[0] : i], []), ([], texts.target[at[1] : j])]
        beads.append((texts.source[i:i_stop], texts.target[j:j_stop]))
        at = (i_stop, j_stop)
    return laid_out(texts, beads)


def omit(share: float) -> Edit:
    """Leave out the target of so many of the beads: their source sentences become null beads."""

    def edit(texts: GoldTexts, _others: Sequence[GoldTexts], chance: random.Random) -> GoldTexts:
        left = [
            BeadPositions(link.source, () if link.source and link.target and chance.random() < share else link.target)
            for link in texts.gold
        ]
        return laid_out(texts, ((_of(texts.source, link.source), _of(texts.target, link.target)) for link in left))

    return edit


def stray(share: float) -> Edit:
    """Put a sentence of another document after so many of the beads, on one side or the other."""

    def edit(texts: GoldTexts, others: Sequence[GoldTexts], chance: random.Random) -> GoldTexts:
        def beads() -> Iterator[tuple[list[str], list[str]]]:
            for link in texts.gold:
                yield _of(texts.source, link.source), _of(texts.target, link.target)
                if chance.random() < share:
                    side, other = chance.randrange(2), chance.choice(others)
                    sentence = chance.choice(other[side + 1])
                    yield ([sentence], []) if side == 0 else ([], [sentence])

        return laid_out(texts, beads())

    return edit


def unsplit(size: int) -> Edit:
    """Run the target sentences of so many consecutive beads together into one line."""

    def edit(texts: GoldTexts, _others: Sequence[GoldTexts], _chance: random.Random) -> GoldTexts:
        language = LANGUAGES[texts.name.split("/")[0]][1]
        groups = [texts.gold[first : first + size] for first in range(0, len(texts.gold), size)]
        beads = (
            tuple([text for link in group for text in _of(texts[side + 1], link[side])] for side in (0, 1))
            for group in groups
        )
        return laid_out(
            texts, ((source, [running_text(target, language)] if target else []) for source, target in beads)
        )

    return edit


def exchanged(texts: GoldTexts) -> GoldTexts:
    """Return a pair with its sides exchanged."""
    return GoldTexts(
        texts.name,
        texts.target,
        texts.source,
        [BeadPositions(link.target, link.source) for link in texts.gold],
        not texts.is_exchanged,
    )


def laid_out(texts: GoldTexts, beads: Iterable[tuple[Sequence[str], Sequence[str]]]) -> GoldTexts:
    """Return the pair that has these beads; sentences without a counterpart are null beads of their own."""
    sides: tuple[list[str], list[str]] = ([], [])
    gold = []
    for bead in beads:
        spans = [tuple(range(len(side), len(side) + len(part))) for side, part in zip(sides, bead, strict=True)]
        for side, part in zip(sides, bead, strict=True):
            side.extend(part)
        if all(spans):
            gold.append(BeadPositions(*spans))
        else:
            gold += [BeadPositions((position,), ()) for position in spans[0]]
            gold += [BeadPositions((), (position,)) for position in spans[1]]
    return GoldTexts(texts.name, *sides, gold)


def _of(sentences: Sequence[str], positions: Iterable[int]) -> list[str]:
    return [sentences[position] for position in positions]


EDITS: dict[str, Edit | None] = {
    "clean": None,
    **{f"omit {share:.0%}": omit(share) for share in (0.1, 0.3, 0.5, 0.67)},
    **{f"stray {share:.0%}": stray(share) for share in (0.1, 0.3)},
    **{f"unsplit {size}": unsplit(size) for size in (3, 6, 12)},
}


def edited(documents: Sequence[GoldTexts], name: str, seed: int, is_exchanged: bool = False) -> list[GoldTexts]:
    """Return the documents of a set whose beads are in order, all edited in a way.

    Where hardly any are, all are taken, with beads that cross made one: measure those by lax scores.
    """
    in_order = [texts for texts in documents if is_in_order(texts)]
    usable = in_order if len(in_order) > 1 else [made_ordered(texts) for texts in documents]
    found = []
    for texts in usable:
        edit, chance = EDITS[name], random.Random(f"{texts.name} {name} {seed}")
        others = [other for other in usable if other is not texts] or [texts]
        made = edit(texts, others, chance) if edit else texts
        found.append(exchanged(made) if is_exchanged else made)
    return found
