"""Find sentences of a document again after it has changed.

Of the document as it was, only some sentences are known, by position and digest. First those are found that stood there
once, and stand there once: the longest chain of them that runs forward holds (as in Bram Cohen's "patience diff").
Between two of these pins the others are found, repeated sentences among them, by the longest chain that needs no more
sentences to have come or gone than the pins tell of. Where such chains differ, a sentence is not found.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from stages.corrections.fingerprint import Fingerprint

KnownSentence = tuple[int, Fingerprint]
"""A sentence of the document as it was: its position, and what it is known by."""

Pin = tuple[int, int]
"""A position then, and the position now, of a sentence that has been found, or of an end."""

PlacesByDigest = Mapping[str, Sequence[int]]
"""For each digest the positions now, in order."""

MAX_STEPS = 200_000
"""Where so many steps are possible between two pins, nothing tells one from another."""


def find_sentences(
    known: Iterable[KnownSentence], n_then: int, now: Sequence[str], only_unique: bool = False
) -> dict[KnownSentence, int]:
    """Return where known sentences of a document that had `n_then` stand now; those that aren't found are left out.

    now         : the digest of each sentence of the document as it is.
    only_unique : whether to leave out repeated sentences, as where those are not known that stood around them.
    """
    places: dict[str, list[int]] = {}
    for position, digest in enumerate(now):
        places.setdefault(digest, []).append(position)
    there = sorted(one for one in set(known) if one[1].digest in places)
    unique = [one for one in there if not one[1].is_repeated and len(places[one[1].digest]) == 1]
    found = _longest_chain({one: places[one[1].digest][0] for one in unique})
    if only_unique:
        return found
    pins = [(-1, -1), *((one[0], place) for one, place in found.items()), (n_then, len(now))]
    rest = [one for one in there if one not in found]
    return found | _find_between(rest, pins, places)


def _longest_chain(places: Mapping[KnownSentence, int]) -> dict[KnownSentence, int]:
    """Return the longest chain that runs forward then and now; of equally long ones always the same."""
    ordered = sorted(places, key=lambda one: (one[0], -places[one]))  # of two at one position only one can be taken
    ends: list[int] = []  # with which place the best chain of each length ends, and with which sentence
    last: list[KnownSentence] = []
    before: dict[KnownSentence, KnownSentence | None] = {}
    for one in ordered:
        length = bisect_left(ends, places[one])
        before[one] = last[length - 1] if length else None
        ends[length : length + 1] = [places[one]]
        last[length : length + 1] = [one]
    chain: list[KnownSentence] = []
    step = last[-1] if last else None
    while step is not None:
        chain.append(step)
        step = before[step]
    return {one: places[one] for one in reversed(chain)}


def _find_between(
    rest: Sequence[KnownSentence], pins: Sequence[Pin], places: PlacesByDigest
) -> dict[KnownSentence, int]:
    """Return where sentences stand between those that have been found."""
    positions = [position for position, _ in rest]
    found: dict[KnownSentence, int] = {}
    for before, after in pairwise(pins):
        between = rest[bisect_right(positions, before[0]) : bisect_left(positions, after[0])]
        if between:
            found |= _in_every_chain(between, places, before, after)
    return found


def _in_every_chain(
    known: Sequence[KnownSentence], places: PlacesByDigest, before: Pin, after: Pin
) -> dict[KnownSentence, int]:
    """Return where all longest chains between two pins put the same sentence.

    The way of a sentence is how far it has moved. Along a chain ways turn from that of the pin before to that of the
    pin after, and never back: else more sentences would have come, and others gone, than the pins tell of.
    """
    steps: list[tuple[KnownSentence, int]] = []
    for one in known:
        steps += [(one, place) for place in _places_between(one, places, before, after)]
        if len(steps) > MAX_STEPS:
            return {}
    if after[1] - after[0] >= before[1] - before[0]:
        steps.sort(key=lambda step: (step[0][0], -step[1]))
        ways = [place - position for (position, _), place in steps]
    else:  # the text as it was has more sentences here: the two change their parts
        steps.sort(key=lambda step: (step[1], -step[0][0]))
        ways = [position - place for (position, _), place in steps]
    up, down = _chain_lengths(ways), _chain_lengths([-way for way in reversed(ways)])[::-1]
    longest = max(up, default=0)
    best = [index for index in range(len(steps)) if up[index] + down[index] - 1 == longest]
    n_at = Counter(up[index] for index in best)
    return dict(steps[index] for index in best if n_at[up[index]] == 1)


def _places_between(one: KnownSentence, places: PlacesByDigest, before: Pin, after: Pin) -> Sequence[int]:
    """Return where a sentence may stand between two pins."""
    ways = sorted((before[1] - before[0], after[1] - after[0]))
    options = places[one[1].digest]
    lowest, highest = max(before[1] + 1, one[0] + ways[0]), min(after[1] - 1, one[0] + ways[1])
    return options[bisect_left(options, lowest) : bisect_right(options, highest)]


def _chain_lengths(ways: Iterable[int]) -> list[int]:
    """Return how long the longest chain of ways is that doesn't fall and ends with each of them."""
    ends: list[int] = []
    lengths: list[int] = []
    for way in ways:
        length = bisect_right(ends, way)
        ends[length : length + 1] = [way]
        lengths.append(length + 1)
    return lengths
