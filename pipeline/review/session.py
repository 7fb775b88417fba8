"""The pairs on a person's desk: what is shown of each, and how what they decide is kept."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

from pipeline.errors import ConfigError, MissingError
from pipeline.exports.filenames import file_name
from pipeline.exports.write import write_pair
from pipeline.manifest import DocumentPair
from pipeline.review.changes import read_changes
from pipeline.review.corrections import (
    corrections_folder,
    corrections_path,
    describe_set_aside,
    parse_file,
    read_file,
    read_version,
    version_of,
    write_corrections,
)
from pipeline.review.documents import DocumentDesk
from pipeline.store.rows import bead_keys, stored_key
from pipeline.store.run_store import RunStore, place_on_pair
from stages.corrections import (
    BAD,
    GOOD,
    SIDES,
    SOURCE,
    TARGET,
    BeadSpan,
    Corrections,
    Edit,
    Review,
    carry_decisions,
    describe_text,
    edit_texts,
    keep_undecided,
    make_bead_span,
    make_review,
    rewrite_reviews,
)

SCRIPTS, STYLES = ("corrections.js", "segments.js", "review.js"), ("review.css",)
"""What the page of a pair has in a review, beside what it has everywhere."""

EXPORTS, SUBTITLES = ("tmx", "xliff", "xlsx", "tsv", "jsonl", "epub", "docx"), ("srt", "ass")
"""How the files end that a pair's page offers."""

MARK = "mark"
"""The column of the page's beads that says what people think of them."""

MAX_READ = 64
"""Of how many pairs the sentences are kept: of those that were asked for last."""

Texts = tuple[list[str], list[str]]
"""The sentences of a pair's two documents."""


class Placed(NamedTuple):
    """A pair with what its file of corrections says of it.

    version : of the file. pair : with its edits and corrections. texts : its sentences with their edits.
    """

    version: str
    pair: DocumentPair
    texts: Texts

    @property
    def corrections(self) -> Corrections:
        """Return what is decided about its beads."""
        assert self.pair.corrections is not None
        return self.pair.corrections

    def edits(self, side: str) -> tuple[Edit, ...]:
        """Return what is changed of a side."""
        return self.pair.source.edits if side == SOURCE else self.pair.target.edits


@dataclass(frozen=True)
class Listed:
    """A pair in the list of all."""

    number: int
    pair_id: str
    facts: Mapping[str, Any]
    n_good: int = 0
    n_bad: int = 0
    n_set_aside: int = 0
    problem: str = ""
    """What is wrong with its file of corrections, or with the store."""

    @property
    def quality(self) -> float:
        """Return what pairs are listed by, the most doubtful first; a method that has no measure of it gives none."""
        return float(self.facts.get("quality", 1.0))


class Desk:
    """The pairs of a run that have been aligned. Several threads may ask it at once."""

    def __init__(self, store: RunStore, pairs: Sequence[DocumentPair], folder: Path | None = None):
        """Take the pairs of a run; their corrections lie in a folder, or beside the config."""
        done = store.beads.look_up(key for pair in pairs for key in bead_keys(pair))
        self.config = config = store.config
        self.pairs = [pair.uncorrected for pair in pairs if stored_key(pair, done)]
        self._store = store
        self.folder = folder or corrections_folder(config)
        self._lock = Lock()  # the store's shelves are not made for threads
        self._texts: dict[int, Texts] = {}
        self._placed: dict[int, Placed] = {}
        self._undo: dict[int, list[tuple[str, str]]] = {}
        self.documents: DocumentDesk | None = None
        """Which documents belong together, where that was found out by what they say."""

    def number_of(self, pair_id: str) -> int:
        """Return the number of a pair; raises ConfigError where this run has aligned no such pair."""
        for number, pair in enumerate(self.pairs):
            if pair.pair_id == pair_id:
                return number
        raise ConfigError(f"run {self.config.name} has aligned no pair {pair_id!r}; leave out --pair for a list of all")

    def path(self, number: int) -> Path:
        """Return where the corrections of a pair lie."""
        return corrections_path(self.folder, self.pairs[number].pair_id)

    def listed(self) -> list[Listed]:
        """Return all pairs, the most doubtful first."""
        with self._lock:
            rows = [self._list(number) for number in range(len(self.pairs))]
        return sorted(rows, key=lambda row: (row.quality, row.number))

    def page(self, number: int) -> str:
        """Return the page of a pair.

        Raises ConfigError where its file of corrections is not one, MissingError where the store has lost the pair.
        """
        from stages.report.page_data import pack, pair_data
        from stages.report.pages import render_pair

        with self._lock:
            text = read_file(self.path(number))
            placed = self._place(number, text)
            pair, corrections = placed.pair, placed.corrections
            with self._explained(number):
                aligned = self._store.read_pair(self._as_shown(pair))
                similarity_map = self._store.read_map(pair)
        data = pair_data(aligned, similarity_map)
        _add_marks(data, corrections)
        shown = {make_bead_span(*row[:4]) for row in data["beads"]}
        data["review"] = {
            "version": version_of(text),
            "file": str(self.path(number)),
            "rejected": [list(bead) for bead in corrections.bad if bead not in shown],
            "set_aside": describe_set_aside(corrections, with_comments=True),
            "edits": self._describe_edits(number, placed),
            "exports": [*EXPORTS, *(SUBTITLES if pair.source.times or pair.target.times else ())],
            "n_pairs": len(self.pairs),
            "undoable": placed.version in (after for after, _ in (self._undo.get(number) or [])[-1:]),
        }
        return render_pair(pair.pair_id, pack(data), SCRIPTS, STYLES)

    def next_pair(self, number: int) -> int | None:
        """Return the pair that follows another in the list of all; None after the last."""
        numbers = [row.number for row in self.listed()]
        return next(iter(numbers[numbers.index(number) + 1 :]), None)

    def export(self, number: int, suffix: str) -> tuple[str, bytes]:
        """Return a pair, with all that is decided, as a file: its name and what is in it.

        Raises ConfigError where no format is known by the suffix, and as `page` does.
        """
        with self._lock, tempfile.TemporaryDirectory(prefix="bitext-") as temporary:
            placed = self._place(number, read_file(self.path(number)))
            with self._explained(number):
                aligned = self._store.read_pair(placed.pair)
            path = Path(temporary) / f"{file_name(placed.pair.pair_id)}.{suffix}"
            write_pair(aligned, path, self.config.export)
            return path.name, path.read_bytes()

    def save(self, number: int, decided: Mapping[str, Any]) -> str:
        """Write what was decided about a pair and return the new version of the file.

        decided : `good` and `bad`, lists of four numbers each, and the `version` of the file that the page has read.
        Raises ValueError where that is not what it is, ChangedMeanwhile where the file is another one by now. The store
        isn't needed for a pair whose page has been shown.
        """
        path, version = self.path(number), str(decided.get("version"))
        with self._lock:
            self._read_texts(number)
            before = read_file(path)
            placed = self._place(number, before)
            good, bad = (_read_beads(decided.get(mark), *map(len, placed.texts)) for mark in (GOOD, BAD))
            made = make_review(good, bad, *placed.texts)
            read_version(path, version)
            return self._write(number, before, placed, made)

    def edit(self, number: int, wanted: Mapping[str, Any]) -> str:
        """Change sentences of a pair, and return the new version of its file; what was decided goes along.

        wanted : `edits`, each with a `side`, the span `start`, `stop` of the sentences as they are, and the `texts` to
        stand there; or `restore`, a side and the number of an edit of it; and the `version` of the file.
        Raises as `save` does.
        """
        with self._lock:
            before = read_version(self.path(number), str(wanted.get("version")))
            placed, as_split = self._place(number, before), self._read_texts(number)
            good, bad = list(placed.corrections.good), list(placed.corrections.bad)
            edits = {side: placed.edits(side) for side in SIDES}
            for side, make in read_changes(wanted):
                changed, change = make(edits[side], as_split[SIDES.index(side)])
                edits[side] = tuple(changed)
                if change is not None:
                    good, bad = carry_decisions(good, bad, side, change)
            placed = placed._replace(texts=self._edited_texts(number, edits))
            after = self._write(number, before, placed, make_review(good, bad, *placed.texts), edits)
            self._undo.setdefault(number, []).append((after, before))
            return after

    def undo_edit(self, number: int, wanted: Mapping[str, Any]) -> str:
        """Take the last edit of a pair in this review back, and return the new version of the file.

        Raises ValueError where there is none, or something was decided after it; ChangedMeanwhile as `save` does.
        """
        with self._lock:
            version, undo = str(wanted.get("version")), self._undo.get(number) or []
            if not undo or undo[-1][0] != version:
                raise ValueError("nothing to undo")
            after = write_corrections(self.path(number), undo[-1][1], version)
            undo.pop()
            return after

    def _write(
        self,
        number: int,
        before: str,
        placed: Placed,
        made: Review,
        edits: Mapping[str, Sequence[Edit]] | None = None,
    ) -> str:
        """Write the file of a pair, which was `before`, with a new review, and edits as they are or new ones."""
        pair = self.pairs[number]
        of_sides = [edits[side] if edits else placed.edits(side) for side in SIDES]
        source, target = map(describe_text, self._read_texts(number))
        edited = Review(source, target, (), edits=(*of_sides[0], *of_sides[1]))
        kept = keep_undecided(placed.corrections.set_aside, made, *placed.texts)
        head = " ".join(f"{pair.pair_id}: {pair.source.path} | {pair.target.path}".split())
        text = rewrite_reviews(before, made, kept, head, edited)
        return write_corrections(self.path(number), text, version_of(before))

    def _edited_texts(self, number: int, edits: Mapping[str, Sequence[Edit]]) -> Texts:
        source, target = self._read_texts(number)
        return edit_texts(source, edits[SOURCE]), edit_texts(target, edits[TARGET])

    def _describe_edits(self, number: int, placed: Placed) -> list[dict[str, Any]]:
        """Return for each edit where its sentences stand, and what stood there before."""
        described = []
        for side, as_split in zip(SIDES, self._read_texts(number), strict=True):
            shift = 0
            for index, edit in enumerate(placed.edits(side)):
                was, start = as_split[edit.start : edit.stop], edit.start + shift
                described.append({"side": side, "index": index, "start": start, "was": was, "now": list(edit.texts)})
                shift += edit.n_more
        return described

    def _list(self, number: int) -> Listed:
        pair, corrections, problem = self.pairs[number], None, ""
        try:
            if text := read_file(self.path(number)):
                pair = self._place(number, text).pair
                corrections = pair.corrections
        except (ConfigError, MissingError) as error:
            problem = str(error)
        shelf = self._store.beads
        key = stored_key(pair, shelf.look_up(bead_keys(pair)))
        facts = shelf.facts(key) if key else {}
        problem = problem or ("" if key else self._explain_loss(number))
        if corrections is None:
            return Listed(number, pair.pair_id, facts, problem=problem)
        counts = len(corrections.good), len(corrections.bad), corrections.n_set_aside
        return Listed(number, pair.pair_id, facts, *counts, problem)

    def _place(self, number: int, text: str) -> Placed:
        """Return what a file of corrections says of the pair as it has been split."""
        version = version_of(text)
        known = self._placed.get(number)
        if known is None or known.version != version:
            reviews = parse_file(self.path(number), text) if text else ()
            pair = place_on_pair(self.pairs[number], reviews, *self._read_texts(number))
            texts = self._edited_texts(number, {SOURCE: pair.source.edits, TARGET: pair.target.edits})
            known = self._placed[number] = Placed(version, pair, texts)
        return known

    def _read_texts(self, number: int) -> Texts:
        """Return the sentences of a pair; those read last are kept, so that decisions can be saved in any case."""
        pair = self.pairs[number]
        texts = self._texts.pop(number, None)
        if texts is None:
            with self._explained(number):
                source = self._store.read_sentence_texts(pair.source)
                target = self._store.read_sentence_texts(pair.target)
            texts = source, target
        self._texts[number] = texts
        if len(self._texts) > MAX_READ:
            del self._texts[next(iter(self._texts))]
        return texts

    @contextmanager
    def _explained(self, number: int) -> Iterator[None]:
        """Say what to do where the store no longer has what it had."""
        try:
            yield
        except KeyError:
            raise MissingError(self._explain_loss(number)) from None

    def _explain_loss(self, number: int) -> str:
        return (
            f"the store no longer has pair {self.pairs[number].pair_id}: it has been pruned since the review began. "
            "Nothing that was decided is lost; do bitext run again, and reload this page"
        )

    def _as_shown(self, pair: DocumentPair) -> DocumentPair:
        """Return the pair such that bad beads are shown as long as the aligner hasn't found better ones."""
        is_aligned_anew = bool(self._store.beads.look_up([pair.key]))
        if is_aligned_anew or pair.corrections is None:
            return pair
        return replace(pair, corrections=replace(pair.corrections, bad=()))


def _add_marks(data: dict[str, Any], corrections: Corrections) -> None:
    """Add a column with what people think of each bead: good, bad, or nothing."""
    good, bad = set(corrections.good), set(corrections.bad)
    nulls = {(side, position) for bead in good if bead.is_null for side, position in _positions(bead)}
    data["bead_columns"].append(MARK)
    for row in data["beads"]:
        bead = make_bead_span(*row[:4])
        is_good = bead in good or (bead.is_null and nulls.issuperset(_positions(bead)))
        row.append(GOOD if is_good else BAD if bead in bad else None)


def _positions(bead: BeadSpan) -> list[tuple[str, int]]:
    return [*(("source", i) for i in bead.source), *(("target", j) for j in bead.target)]


def _read_beads(rows: object, n_source: int, n_target: int) -> list[BeadSpan]:
    if not isinstance(rows, list):
        raise ValueError("good and bad must be lists of beads")
    made = []
    for row in rows:
        if not isinstance(row, list) or len(row) != 4 or not all(type(number) is int for number in row):
            raise ValueError(f"{str(row)[:60]} is not a bead; one is four numbers")
        bead = make_bead_span(*row)
        if bead.source_stop > n_source or bead.target_stop > n_target:
            raise ValueError(f"{row} is no bead of {n_source:,} and {n_target:,} sentences")
        made.append(bead)
    return made
