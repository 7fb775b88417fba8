"""The pairs on a person's desk: what is shown of each, and how what they decide is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from pipeline.config import RunConfig
from pipeline.corpus.manifest import DocumentPair
from pipeline.corrections import (
    corrections_folder,
    corrections_path,
    read_corrections,
    read_file,
    version_of,
    write_corrections,
)
from pipeline.errors import ConfigError
from pipeline.files import write_text
from pipeline.store.rows import beads, read_map, read_pair, stored_key
from pipeline.store.store import Store
from stages.corrections import (
    BAD,
    GOOD,
    Corrections,
    Span,
    describe_text,
    make_corrections,
    make_span,
    render_corrections,
)

if TYPE_CHECKING:
    from stages.data import AlignedPair

SCRIPTS, STYLES = ("corrections.js", "review.js"), ("review.css",)
"""What the page of a pair has in a review, beside what it has everywhere."""

OUTDATED = ".outdated.txt"
"""How the names of files end that are kept although they are about other sentences."""

MARK = "mark"
"""The column of the page's beads that says what people think of them."""


@dataclass(frozen=True)
class Listed:
    """A pair in the list of all."""

    number: int
    pair_id: str
    facts: Mapping[str, Any]
    n_good: int
    n_bad: int
    problem: str = ""
    """What is wrong with its file of corrections."""

    @property
    def quality(self) -> float:
        """What pairs are listed by, the most doubtful first; a method that has no measure of it gives none."""
        return float(self.facts.get("quality", 1.0))


class Desk:
    """The pairs of a run that have been aligned. Several threads may ask it at once."""

    def __init__(self, store: Store, config: RunConfig, pairs: Sequence[DocumentPair]):
        done = beads(store, config).places()
        self.config = config
        self.pairs = [pair for pair in pairs if stored_key(pair, done)]
        self._store = store
        self._folder = corrections_folder(config)
        self._lock = Lock()  # the store's shelves are not made for threads

    def number_of(self, pair_id: str) -> int:
        """Return the number of a pair; raises ConfigError where this run has aligned no such pair."""
        for number, pair in enumerate(self.pairs):
            if pair.pair_id == pair_id:
                return number
        raise ConfigError(f"run {self.config.name} has aligned no pair {pair_id!r}; leave out --pair for a list of all")

    def path(self, number: int) -> Path:
        """Return where the corrections of a pair lie."""
        return corrections_path(self._folder, self.pairs[number].pair_id)

    def listed(self) -> list[Listed]:
        """Return all pairs, the most doubtful first."""
        with self._lock:
            places = beads(self._store, self.config).places()
            found = [places[stored_key(pair, places) or pair.key].facts for pair in self.pairs]
        rows = [self._list(number, facts) for number, facts in enumerate(found)]
        return sorted(rows, key=lambda row: (row.quality, row.number))

    def page(self, number: int) -> str:
        """Return the page of a pair; raises ConfigError where its file of corrections is not one."""
        from stages.report.page_data import pack, pair_data
        from stages.report.pages import render_pair

        with self._lock:
            text = read_file(self.path(number))
            corrections = read_corrections(self.path(number))
            pair = replace(self.pairs[number], corrections=corrections)
            aligned = read_pair(self._store, self.config, self._as_shown(pair))
            data = pair_data(aligned, read_map(self._store, self.config, pair))
        usable = corrections if corrections and corrections.fit(*_texts(aligned)) else None
        _add_marks(data, usable)
        shown = {make_span(*row[:4]) for row in data["beads"]}
        data["review"] = {
            "version": version_of(text),
            "file": str(self.path(number)),
            "rejected": [list(bead) for bead in (usable.bad if usable else ()) if bead not in shown],
            "outdated": len(corrections) if corrections and not usable else 0,
        }
        return render_pair(pair.pair_id, pack(data), SCRIPTS, STYLES)

    def save(self, number: int, decided: Mapping[str, Any]) -> str:
        """Write what was decided about a pair and return the new version of the file.

        decided : `good` and `bad`, lists of four numbers each, and the `version` of the file that the page has read.
        Raises ValueError where that is not what it is, ChangedMeanwhile where the file is another one by now.
        """
        good, bad = (_read_beads(decided.get(mark)) for mark in (GOOD, BAD))
        with self._lock:
            pair = self.pairs[number]
            source, target = _texts(read_pair(self._store, self.config, pair.uncorrected))
            made = make_corrections(good, bad, describe_text(source), describe_text(target))
            head = f"{pair.pair_id}: {pair.source.path} | {pair.target.path}"
            text = render_corrections(made, source, target, " ".join(head.split())) if made else ""
            self._keep_outdated(number, made)
            return write_corrections(self.path(number), text, str(decided.get("version")))

    def _keep_outdated(self, number: int, made: Corrections) -> None:
        """Keep what was decided about sentences that have changed since, under another name."""
        path = self.path(number)
        before = read_corrections(path)
        if before and (before.source, before.target) != (made.source, made.target):
            write_text(path.with_name(f"{path.stem}.{before.digest}{OUTDATED}"), read_file(path))

    def _list(self, number: int, facts: Mapping[str, Any]) -> Listed:
        pair_id = self.pairs[number].pair_id
        try:
            found = read_corrections(self.path(number))
        except ConfigError as error:
            return Listed(number, pair_id, facts, 0, 0, str(error))
        return Listed(number, pair_id, facts, len(found.good) if found else 0, len(found.bad) if found else 0)

    def _as_shown(self, pair: DocumentPair) -> DocumentPair:
        """Return the pair such that bad beads are shown as long as the aligner hasn't found better ones."""
        is_aligned_anew = pair.key in beads(self._store, self.config).places()
        if is_aligned_anew or pair.corrections is None:
            return pair
        return replace(pair, corrections=replace(pair.corrections, bad=()))


def _texts(pair: AlignedPair) -> tuple[list[str], list[str]]:
    return [sentence.text for sentence in pair.source], [sentence.text for sentence in pair.target]


def _add_marks(data: dict[str, Any], corrections: Corrections | None) -> None:
    """Add a column with what people think of each bead: good, bad, or nothing."""
    good, bad = (set(corrections.good), set(corrections.bad)) if corrections else (set(), set())
    nulls = {(side, position) for bead in good if bead.is_null for side, position in _positions(bead)}
    data["bead_columns"].append(MARK)
    for row in data["beads"]:
        bead = make_span(*row[:4])
        is_good = bead in good or (bead.is_null and nulls.issuperset(_positions(bead)))
        row.append(GOOD if is_good else BAD if bead in bad else None)


def _positions(bead: Span) -> list[tuple[str, int]]:
    return [*(("source", i) for i in bead.source), *(("target", j) for j in bead.target)]


def _read_beads(rows: object) -> list[Span]:
    if not isinstance(rows, list):
        raise ValueError("good and bad must be lists of beads")
    made = []
    for row in rows:
        if not isinstance(row, list) or len(row) != 4 or not all(type(number) is int for number in row):
            raise ValueError(f"{str(row)[:60]} is not a bead; one is four numbers")
        made.append(make_span(*row))
    return made
