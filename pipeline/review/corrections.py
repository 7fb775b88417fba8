"""Read and write corrections beside the config, a text file for each pair: they are people's work, and no cache.

`books.toml` has `books.corrections/chapter-01.corrections.txt`; what such a file says is in stages/corrections.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from pipeline.config.run_config import RunConfig
from pipeline.errors import ChangedMeanwhile, ConfigError
from pipeline.exports.filenames import file_name
from pipeline.manifest import DocumentPair
from pipeline.progress import units
from pipeline.store.files import TEMPORARY, endless_kind, unwritable, write_text
from stages.corrections import Corrections, Review, parse_reviews
from stages.data import AlignedPair

SUFFIX = ".corrections.txt"

MAX_NAMED = 5
"""How many pairs a note names, and how many corrections of each."""


def corrections_folder(config: RunConfig) -> Path:
    """Return the folder with the corrections of a run's pairs; it need not exist."""
    return config.folder / f"{config.name}.corrections"


def folder_beside(document: Path, output: Path | None) -> Path:
    """Return the folder with the corrections of a pair that has no config: beside its output, or its first document.

    Where only one of the two is there, it is that one, so that corrections hold whatever the output is called.
    """
    folders = [path.parent / f"{path.stem}.corrections" for path in (output, document) if path is not None]
    return next((folder for folder in folders if folder.is_dir()), folders[0])


def corrections_path(folder: Path, pair_id: str) -> Path:
    """Return where the corrections of a pair lie, or will."""
    return folder / f"{file_name(pair_id)}{SUFFIX}"


def list_corrections(folder: Path) -> dict[str, Path]:
    """Return the files of corrections in a folder, by the names of their pairs' files."""
    return {path.name.removesuffix(SUFFIX): path for path in folder.glob(f"*{SUFFIX}")}


def read_all(files: Mapping[str, Path]) -> dict[str, tuple[Review, ...]]:
    """Return what files of corrections say, by their names; raises ConfigError where a file is none, or not whole."""
    said, problems = {}, []
    for name, path in files.items():
        try:
            said[name] = read_reviews(path)
        except ConfigError as error:
            problems.append(str(error))
    if problems:
        raise ConfigError("\n".join(problems))
    return {name: reviews for name, reviews in said.items() if reviews}


def give_reviews(
    found: Sequence[tuple[int, DocumentPair]], files: Mapping[str, Path], others: Iterable[str]
) -> tuple[dict[int, dict[str, tuple[Review, ...]]], set[str]]:
    """Return what files of corrections say, by the number of the shard and the id of the pair; and the strays.

    found : pairs with the numbers of their shards. others : pairs that can't be read, whose files are no strays.
    Raises ConfigError that names every file with a problem.
    """
    reviews: dict[int, dict[str, tuple[Review, ...]]] = {}
    strays = files.keys() - {file_name(name) for name in others} - {file_name(pair.pair_id) for _, pair in found}
    pairs = {file_name(pair.pair_id): (number, pair.pair_id) for number, pair in found}
    for name, said in read_all({name: path for name, path in files.items() if name in pairs}).items():
        number, pair_id = pairs[name]
        reviews.setdefault(number, {})[pair_id] = said
    return reviews, strays


def describe_strays(folder: Path, strays: Iterable[str]) -> list[str]:
    """Name the files of corrections that belong to no pair: nobody reads them."""
    names = sorted(f"{name}{SUFFIX}" for name in strays)
    advice = "if a pair has a new name, rename its file"
    return [f"corrections of no pair of this run in {folder}: {listed(names)}; {advice}"] if names else []


def read_reviews(path: Path) -> tuple[Review, ...]:
    """Read a file of corrections; nothing where there is none. Raises ConfigError that names every bad line."""
    return parse_file(path, text) if (text := read_file(path)) else ()


def parse_file(path: Path, text: str) -> tuple[Review, ...]:
    """Understand what a file of corrections says; raises ConfigError that names every bad line."""
    try:
        return parse_reviews(text)
    except ValueError as error:
        raise ConfigError.from_problems(str(path), str(error).splitlines()) from error


def read_file(path: Path) -> str:
    """Return the text of a file of corrections, empty where there is none; raises ConfigError."""
    try:
        if kind := endless_kind(path):
            raise ConfigError(f"{path} is {kind}, no file of corrections; take it away")
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise ConfigError(f"{path} can't be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8 at byte {error.start:,}; convert it") from error


def version_of(text: str) -> str:
    """Return what tells one state of a file from another."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def read_version(path: Path, version: str) -> str:
    """Return the text of a file of corrections; raises ChangedMeanwhile where it is no longer the one that was read."""
    text = read_file(path)
    if version_of(text) != version:
        raise ChangedMeanwhile(
            f"{path} has been changed by another program since it was read; nothing was written. "
            "Reload the page, and decide again what it doesn't show"
        )
    return text


def write_corrections(path: Path, text: str, version: str) -> str:
    """Replace the file of corrections whose version was read, all at once, and return its new version.

    Without any text the file goes. Raises ChangedMeanwhile where the file is no longer what was read.
    """
    with _alone_in(path.parent):
        read_version(path, version)
        if text:
            write_text(path, text)
        else:
            path.unlink(missing_ok=True)
    return version_of(text)


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Keep other processes from writing corrections into a folder meanwhile; remove what those killed have left.

    The folder itself is locked, so that no file for a lock lies among what people keep.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(folder, error) from error
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    held = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        for left in folder.glob(f"{TEMPORARY}*"):  # whoever wrote them would hold the lock
            left.unlink(missing_ok=True)
        yield
    finally:
        os.close(held)


class CorrectionCounts:
    """Counts what became of the corrections of pairs: what holds as they pass by, and what no longer does."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._placed: list[DocumentPair] = []

    def add(self, pairs: Iterable[DocumentPair]) -> None:
        """Take more pairs, whose corrections have been placed."""
        placed = [pair for pair in pairs if pair.corrections is not None]
        self._placed += placed
        found = [pair.corrections for pair in placed if pair.corrections is not None]
        self.counts["set_aside_corrections"] += sum(corrections.n_set_aside for corrections in found)

    def add_all(self, other: CorrectionCounts) -> None:
        """Add what has become of the corrections of other pairs."""
        self.counts.update(other.counts)
        self._placed += other._placed

    @property
    def notes(self) -> list[str]:
        """Return which corrections were found again, and which are set aside."""
        return describe_changes(self._placed)

    def watch(self, pairs: Iterable[AlignedPair]) -> Iterator[AlignedPair]:
        """Give the pairs as they come."""
        for pair in pairs:
            facts = pair.beads.facts
            self.counts["good_beads"] += int(facts.get("good_beads", 0))
            self.counts["bad_beads"] += int(facts.get("bad_beads", 0))
            yield pair


def describe_changes(pairs: Iterable[DocumentPair]) -> list[str]:
    """Say which corrections of pairs were found again in documents that have changed, and which are set aside."""
    placed = {pair.pair_id: pair.corrections for pair in pairs if pair.corrections is not None}
    moved = [pair_id for pair_id, corrections in placed.items() if corrections.n_moved]
    left = {pair_id: corrections for pair_id, corrections in placed.items() if corrections.set_aside}
    notes = []
    if moved:
        n_moved = units({"corrections": sum(placed[pair_id].n_moved for pair_id in moved)})
        notes.append(f"{n_moved} found again in documents that have changed since: {listed(moved)}")
    if left:
        n_left = units({"corrections": sum(corrections.n_set_aside for corrections in left.values())})
        named = [f"{pair_id} {listed(describe_set_aside(corrections))}" for pair_id, corrections in left.items()]
        notes.append(f"{n_left} set aside, and kept on file: {listed(named, '; ')}")
    return notes


def describe_set_aside(corrections: Corrections, with_comments: bool = False) -> list[str]:
    """Name what is set aside as its file does, perhaps with the beginnings of the sentences, and say why."""
    decisions = [decision for review in corrections.set_aside for decision in review.decisions]
    edits = [edit for review in corrections.set_aside for edit in review.edits]
    named = [
        f"{one.bead} {one.mark}{f': {one.comment}' if with_comments and one.comment else ''} ({one.reason})"
        for one in decisions
    ]
    return [*named, *(f"{edit} changed ({edit.reason})" for edit in edits)]


def listed(names: Sequence[str], comma: str = ", ") -> str:
    """Write the first of some names, and how many there are more."""
    more = f" and {len(names) - MAX_NAMED:,} more" if len(names) > MAX_NAMED else ""
    return comma.join(names[:MAX_NAMED]) + more
