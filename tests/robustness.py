"""Measure what missing, added, doubled and foreign text does to alignments; made from gold by cutting and pasting.

    python tests/robustness.py --shared ../shared --cache /tmp/vectors textberg-de-fr mac-dev-zh-en

Overlaps that cross a seam are stood in for by sums, for every method alike. Translations made freer
(`translation_edits.py`) are encoded and aligned on demand, as a run does.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from accuracy import outcome_on_demand
from gold_pairs import LANGUAGES, GoldPair, encoded, gold_pairs, gold_texts, read_lines
from naive import fill_missing
from translation_edits import EDITS, edited

from stages.align import AlignConfig, align_pair
from stages.align.anchors.lengths import bytes_before
from stages.align.anchors.scale import centre_of
from stages.bead_lines import BeadPositions, positions_of
from stages.data import Beads, Overlaps
from stages.evaluate.scores import evaluate, sum_evaluations

FOREIGN = {"de": "handbook-en-de", "fr": "handbook-en-fr", "en": "handbook-en-de"}
"""Where unrelated text in a language comes from; Chinese comes from whichever Chinese gold set it is not for."""

N_FOREIGN = 1000


class Case(NamedTuple):
    """A pair made for a purpose.

    doubled : the target sentences from the second of these positions on repeat those from the first on; aligning with
              either copy is right.
    """

    name: str
    source: Overlaps
    target: Overlaps
    gold: Sequence[BeadPositions]
    doubled: tuple[int, int] | None = None


Piece = tuple[Overlaps, int, int]
"""Sentences start to stop of a document."""


def paste(pieces: Sequence[Piece]) -> Overlaps:
    """Put pieces together; no overlap crosses a seam but as a sum."""
    sentences, vectors = [], []
    for document, start, stop in pieces:
        part = document.vectors[:, start:stop].copy()
        for size in range(2, len(part) + 1):
            part[size - 1, : size - 1] = 0
        sentences += document.sentences[start:stop]
        vectors.append(part)
    whole = np.concatenate(vectors, axis=1)
    lengths = np.diff(bytes_before(sentences))
    return Overlaps(sentences, fill_missing(whole, len(whole), lengths, centre_of(whole[0])).astype(np.float32))


def moved(gold: Sequence[BeadPositions], side: int, pieces: Sequence[Piece], original: Overlaps) -> list[BeadPositions]:
    """Return the gold beads after a side was pasted from pieces; sentences without a partner become null beads."""
    place, at = {}, 0
    for document, start, stop in pieces:
        if document is original:
            place.update({position: at + position - start for position in range(start, stop)})
        at += stop - start
    beads, used = [], set()
    for link in gold:
        kept = tuple(place[position] for position in link[side] if position in place)
        used.update(kept)
        other = link[1 - side]
        if kept and other:
            beads.append((kept, other))
        else:
            beads += [((position,), ()) for position in kept] + [((), (position,)) for position in other]
    beads += [((position,), ()) for position in range(at) if position not in used]
    return [BeadPositions(a, b) if side == 0 else BeadPositions(b, a) for a, b in beads]


def edit(case: str, pair: GoldPair, source: Sequence[Piece] | None, target: Sequence[Piece] | None) -> Case:
    """Return the pair with one or both sides pasted anew."""
    gold = list(pair.gold)
    new = []
    for side, (document, pieces) in enumerate(((pair.source, source), (pair.target, target))):
        if pieces is None:
            new.append(document)
        else:
            new.append(paste(pieces))
            gold = moved(gold, side, pieces, document)
    return Case(case, *new, gold)


def joined(pairs: Sequence[GoldPair]) -> GoldPair:
    """Return all pairs of a set as one."""
    gold, at = [], [0, 0]
    for pair in pairs:
        gold += [BeadPositions(*(tuple(p + at[side] for p in link[side]) for side in (0, 1))) for link in pair.gold]
        at = [at[0] + len(pair.source.sentences), at[1] + len(pair.target.sentences)]
    sides = (paste([(pair[side], 0, len(pair[side].sentences)) for pair in pairs]) for side in (1, 2))
    return GoldPair(pairs[0].name.split("/")[0], *sides, gold)


def boundary(pair: GoldPair, share: float) -> tuple[int, int]:
    """Return a place between two beads, about so far into the pair."""
    full = [link for link in pair.gold if link.source and link.target]
    link = full[int(share * len(full))]
    return min(link.source), min(link.target)


def cases(pair: GoldPair, foreign: tuple[Overlaps, Overlaps]) -> Iterator[Case]:
    """Yield every case."""
    source, target = pair.source, pair.target
    n, t = len(source.sentences), len(target.sentences)
    i, j = boundary(pair, 0.5)
    yield Case("clean", source, target, pair.gold)
    yield edit("foreword of the source", pair, [(foreign[0], 0, N_FOREIGN), (source, 0, n)], None)
    yield edit("index of the target", pair, None, [(target, 0, t), (foreign[1], 0, N_FOREIGN)])
    yield edit("foreign block in the target", pair, None, [(target, 0, j), (foreign[1], 0, N_FOREIGN), (target, j, t)])
    stop = boundary(pair, 0.75)[1]
    yield edit("a quarter of the target missing", pair, None, [(target, 0, j), (target, stop, t)])
    yield edit(
        "unrelated blocks on both sides",
        pair,
        [(source, 0, i), (foreign[0], 0, 500), (source, i, n)],
        [(target, 0, j), (foreign[1], 0, 500), (target, j, t)],
    )
    yield eight_edits(pair, foreign[0])
    swapped = [BeadPositions(link.target, link.source) for link in pair.gold]
    yield Case("sides exchanged", target, source, swapped)
    yield doubled_chapter(pair)
    yield refrains(pair)


def eight_edits(pair: GoldPair, foreign: Overlaps) -> Case:
    """Insert fifty sentences into the source and delete thirty from the target, eight times each."""
    source, target, at, kept = [], [], 0, 0
    for k in range(8):
        i, _ = boundary(pair, (k + 0.5) / 8)
        source += [(pair.source, at, i), (foreign, 50 * k, 50 * k + 50)]
        at = i
        _, j = boundary(pair, (k + 0.95) / 8)
        n_deleted = min(30, (j - kept) // 2)
        target.append((pair.target, kept, j - n_deleted))
        kept = j
    source.append((pair.source, at, len(pair.source.sentences)))
    target.append((pair.target, kept, len(pair.target.sentences)))
    return edit("eight insertions, eight deletions", pair, source, target)


def doubled_chapter(pair: GoldPair) -> Case:
    """Let a tenth of the target stand twice in a row; either copy is right."""
    (_, j), (_, k) = boundary(pair, 0.4), boundary(pair, 0.5)
    t = len(pair.target.sentences)
    target = paste([(pair.target, 0, k), (pair.target, j, k), (pair.target, k, t)])
    return Case("a chapter twice", pair.source, target, pair.gold, (j, k))


def refrains(pair: GoldPair) -> Case:
    """Put the same pair of sentences after every tenth bead."""
    full = [link for link in pair.gold if len(link.source) == len(link.target) == 1]
    refrain = max(full, key=lambda link: len(pair.source.sentences[link.source[0]]) < 60)
    r, s = refrain.source[0], refrain.target[0]
    source, target, links, at = [], [], [], (0, 0)
    for n_before, k in enumerate(range(10, len(full), 10)):
        i, j = full[k].source[0], full[k].target[0]
        source += [(pair.source, at[0], i), (single(pair.source, r), 0, 1)]
        target += [(pair.target, at[1], j), (single(pair.target, s), 0, 1)]
        links.append((i + n_before, j + n_before))
        at = (i, j)
    source.append((pair.source, at[0], len(pair.source.sentences)))
    target.append((pair.target, at[1], len(pair.target.sentences)))
    case = edit("refrains", pair, source, target)
    known = {(link.source, link.target) for link in case.gold}
    alone = {bead for i, j in links for bead in (((i,), ()), ((), (j,)))}
    return case._replace(
        gold=[BeadPositions(*bead) for bead in known - alone] + [BeadPositions((i,), (j,)) for i, j in links]
    )


def single(document: Overlaps, position: int) -> Overlaps:
    vectors = np.zeros_like(document.vectors[:, :1])
    vectors[0, 0] = document.vectors[0, position]
    return Overlaps([document.sentences[position]], vectors)


def scores(beads: Beads, case: Case) -> tuple[float, float]:
    """Return strict and lax F1; what lies in a second copy counts where it stands in the first."""
    found = positions_of(beads)
    if case.doubled is not None:
        first, second = case.doubled
        folded = [
            BeadPositions(link.source, tuple(p - (second - first) if p >= second else p for p in link.target))
            for link in found
        ]
        used = {position for link in folded if link.source for position in link.target}
        found = [link for link in folded if link.source or link.target[0] not in used]
    result = evaluate(found, case.gold)
    return result.strict.f1, result.lax.f1


def foreign_text(shared: Path, gold_set: str, language: str, cache: Path, from_end: bool) -> Overlaps:
    """Return unrelated sentences; those of one side from the start of a book, of the other from its end."""
    if language != "zh":
        paths = sorted((shared / "corpora" / FOREIGN[language] / language).glob("*.txt"))
    elif gold_set == "bible-en-zh":
        paths = sorted((shared / "gold" / "mac-dev-zh-en").glob("*.source.txt"))
    else:
        paths = [shared / "gold" / "bible-en-zh" / "001.target.txt"]
    lines = [line for path in paths for line in read_lines(path) if 10 < len(line) < 300]
    return encoded(lines[-N_FOREIGN:] if from_end else lines[:N_FOREIGN], language, cache)


def lopsided(pair: GoldPair) -> Iterator[tuple[str, Overlaps, Overlaps, set[tuple[int, int]]]]:
    """Yield pairs with one side hundreds of times longer: what it says on the few sentences is known."""
    full = [link for link in pair.gold if len(link.source) == len(link.target) == 1]
    k = next(
        k for k in range(len(full) // 3, len(full)) if full[k + 2].source[0] - full[k].source[0] == 2
        and full[k + 2].target[0] - full[k].target[0] == 2
    )  # fmt: skip
    for name, size, n in (("1 x 701", 1, 701), ("3 x 3003", 3, 3003)):
        links = full[k : k + size]
        few = paste([(pair.source, links[0].source[0], links[-1].source[0] + 1)])
        n = min(n, len(pair.target.sentences))
        first = max(0, min(links[0].target[0] - n // 2, len(pair.target.sentences) - n))
        many = paste([(pair.target, first, first + n)])
        yield name, few, many, {(index, link.target[0] - first) for index, link in enumerate(links)}


METHODS: dict[str, Callable[[Overlaps, Overlaps], Beads]] = {
    method: lambda source, target, method=method: align_pair(source, target, AlignConfig(method=method))
    for method in ("bertalign", "bitext")
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", default=["textberg-de-fr", "mac-dev-zh-en"])
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--cache", type=Path, required=True, help="folder for vectors")
    parser.add_argument("--methods", nargs="+", default=list(METHODS))
    parser.add_argument("--seed", type=int, default=0, help="of the edits that make translations freer")
    options = parser.parse_args()
    for gold_set in options.sets:
        documents = list(gold_texts(options.shared, gold_set))
        pair = joined(list(gold_pairs(options.shared, gold_set, options.cache)))
        foreign = tuple(
            foreign_text(options.shared, gold_set, language, options.cache, from_end)
            for from_end, language in enumerate(LANGUAGES[gold_set])
        )
        print(f"{gold_set}: {len(pair.source.sentences)} x {len(pair.target.sentences)}; strict F1 (lax)")  # noqa: T201
        for case in cases(pair, foreign):
            cells = []
            for method in options.methods:
                beads = METHODS[method](case.source, case.target)
                strict, lax = scores(beads, case)
                cells.append(f"{method} {strict:.3f} ({lax:.3f}) {beads.facts.get('verdict', '')}")
            print(f"  {case.name:36s} {'   '.join(cells)}", flush=True)  # noqa: T201
        for name, few, many, expected in lopsided(pair):
            cells = []
            for method in options.methods:
                beads = METHODS[method](few, many)
                found = {
                    (link.source[0], link.target[0]) for link in positions_of(beads) if link.source and link.target
                }
                cells.append(f"{method} {len(found & expected)} of {len(expected)} found, {len(found)} beads")
            print(f"  {name:36s} {'   '.join(cells)}", flush=True)  # noqa: T201
        for edit in EDITS:
            made = edited(documents, edit, options.seed)
            total = sum_evaluations(outcome_on_demand(texts, options.cache).evaluation for texts in made)
            print(f"  {edit:36s} bitext {total.strict.f1:.3f} ({total.lax.f1:.3f}), on demand", flush=True)  # noqa: T201
        cells = []
        for method in options.methods:
            beads = METHODS[method](pair.source, foreign[1])
            cells.append(f"{method} {int((~beads.is_null).sum())} beads {beads.facts.get('verdict', '')}")
        print(f"  {'the wrong document':36s} {'   '.join(cells)}", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
