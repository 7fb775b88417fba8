"""Where sentences of a document stand after it has changed.

Of the document as it was, only some sentences are known, by position and digest. First those are found that stood there
once, and stand there once: the longest chain of them that runs forward holds (as in Bram Cohen's "patience diff").
Between two links of that chain the others are found, repeated sentences among them, where it takes no more sentences
that came or went than the links tell of. Where several places are equally good, a sentence is not found.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple


class Fingerprint(NamedTuple):
    """What one sentence is known by.

    digest      : see `digest_sentence`.
    is_repeated : whether it stood there more than once.
    """

    digest: str
    is_repeated: bool = False


Known = tuple[int, Fingerprint]
"""A sentence of the document as it was: its position, and what it is known by."""

Link = tuple[int, int]
"""A position then, and the position now."""

Places = Mapping[str, Sequence[int]]
"""For each digest the positions now, in order."""


def digest_sentence(sentence: str) -> str:
    """Return 8 hexadecimal digits of a sentence; white space doesn't count, so that text can be wrapped anew."""
    return hashlib.sha256("".join(sentence.split()).encode("utf-8", "surrogatepass")).hexdigest()[:8]


def find_sentences(known: Iterable[Known], n_then: int, now: Sequence[str]) -> dict[Known, int]:
    """Return where known sentences of a document that had `n_then` stand now; those that aren't found are left out.

    now : the digest of each sentence of the document as it is.
    """
    places: dict[str, list[int]] = {}
    for position, digest in enumerate(now):
        places.setdefault(digest, []).append(position)
    there = sorted(one for one in set(known) if one[1].digest in places)
    unique = [one for one in there if not one[1].is_repeated and len(places[one[1].digest]) == 1]
    found = _longest_chain({one: places[one[1].digest][0] for one in unique})
    links = [(-1, -1), *((one[0], place) for one, place in found.items()), (n_then, len(now))]
    rest = [one for one in there if one not in found]
    return found | _find_between(rest, links, places)


def _longest_chain(places: Mapping[Known, int]) -> dict[Known, int]:
    """Return the longest chain that runs forward then and now; of equally long ones always the same."""
    ordered = sorted(places, key=lambda one: (one[0], -places[one]))  # of two at one position only one can be taken
    ends: list[int] = []  # with which place the best chain of each length ends, and with which sentence
    last: list[Known] = []
    before: dict[Known, Known | None] = {}
    for one in ordered:
        length = bisect_left(ends, places[one])
        before[one] = last[length - 1] if length else None
        ends[length : length + 1] = [places[one]]
        last[length : length + 1] = [one]
    chain: list[Known] = []
    step = last[-1] if last else None
    while step is not None:
        chain.append(step)
        step = before[step]
    return {one: places[one] for one in reversed(chain)}


def _find_between(rest: Sequence[Known], links: Sequence[Link], places: Places) -> dict[Known, int]:
    """Return where sentences stand between links that are known."""
    mirrored = {digest: [-place for place in reversed(of_digest)] for digest, of_digest in places.items()}
    positions = [position for position, _ in rest]
    found: dict[Known, int] = {}
    for before, after in pairwise(links):
        between = rest[bisect_right(positions, before[0]) : bisect_left(positions, after[0])]
        if not between:
            continue
        forward = _follow(between, places, before, after)
        backwards = [(-position, mark) for position, mark in reversed(between)]
        backward = _follow(backwards, mirrored, (-after[0], -after[1]), (-before[0], -before[1]))
        found |= {(at, mark): place for (at, mark), place in forward.items() if backward.get((-at, mark)) == -place}
    return found


def _follow(known: Iterable[Known], places: Places, before: Link, after: Link) -> dict[Known, int]:
    """Put each sentence as near to the way of the link before as can be; ways turn to that of the link after."""
    place, end = before[1], after[1]
    way, last_way = place - before[0], end - after[0]
    is_rising = last_way >= way
    found: dict[Known, int] = {}
    for position, mark in known:
        options = places[mark.digest]
        lowest = max(place + 1, position + (way if is_rising else last_way))
        highest = min(end - 1, position + (last_way if is_rising else way))
        index = bisect_left(options, lowest) if is_rising else bisect_right(options, highest) - 1
        if 0 <= index < len(options) and lowest <= options[index] <= highest:
            place = options[index]
            way = place - position
            found[position, mark] = place
    return found
