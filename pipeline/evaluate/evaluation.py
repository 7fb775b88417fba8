"""Compare files of beads with gold files: two files, or two folders."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from pipeline.errors import ConfigError, MissingError
from pipeline.exports.filenames import BEADS_SUFFIX, GOLD_SUFFIX, file_name
from stages.bead_lines import BeadPositions, parse_beads, parse_gold
from stages.evaluate.scores import Evaluation, evaluate, sum_evaluations


class FileEvaluation(NamedTuple):
    """How well files of beads agree with gold.

    documents : by name, in the order of their names.
    unjudged  : how many files of beads have no gold, which is no error: few people have gold for all they align.
    """

    documents: dict[str, Evaluation]
    unjudged: int = 0

    @property
    def total(self) -> Evaluation:
        """Sum the counts of all documents."""
        return sum_evaluations(self.documents.values())


def evaluate_files(predicted: Path, gold: Path) -> FileEvaluation:
    """Evaluate one file against one, or a folder of `<name>.beads.txt` against a folder of `<name>.gold.txt`.

    Raises MissingError for gold without beads, ConfigError for files that are no beads, and for gold that points
    outside the document where its size is known: where the beads hold every sentence, as ours do.
    """
    if predicted.is_dir() and gold.is_dir():
        return _evaluate_folders(predicted, gold)
    if predicted.is_dir() or gold.is_dir():
        raise ConfigError(f"{predicted} and {gold} must be two files or two folders")
    return FileEvaluation({_stem(gold): _evaluate_file(predicted, gold)})


def find_gold(folder: Path, pair_id: str) -> Path | None:
    """Return the gold file of a pair, named by `file_name(pair_id)` or by the id as it is; None if there is none."""
    for name in dict.fromkeys([file_name(pair_id), pair_id]):
        path = folder / f"{name}{GOLD_SUFFIX}"
        if path.parent == folder and path.is_file():
            return path
    return None


def read_beads(path: Path) -> list[BeadPositions]:
    """Read a file of beads or gold; raises ConfigError that names every bad line, MissingError if it isn't there."""
    try:
        return parse_beads(read_lines(path))
    except ValueError as error:
        raise ConfigError.from_problems(str(path), str(error).splitlines()) from error


def read_lines(path: Path) -> list[str]:
    """Return the lines of a file of beads; raises MissingError or ConfigError where it can't be read."""
    try:
        return path.read_text(encoding="utf-8-sig").split("\n")
    except OSError as error:
        raise MissingError(f"{path} can't be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8 at byte {error.start:,}; a file of beads holds only ASCII") from error


def read_gold(path: Path, n_source: int, n_target: int) -> list[BeadPositions]:
    """Read the gold of two documents of so many sentences; raises ConfigError also where it points outside them."""
    try:
        return parse_gold(read_lines(path), n_source, n_target)
    except ValueError as error:
        raise ConfigError.from_problems(str(path), str(error).splitlines()) from error


def _evaluate_folders(predicted: Path, gold: Path) -> FileEvaluation:
    gold_paths = sorted(gold.glob(f"*{GOLD_SUFFIX}"))
    if not gold_paths:
        raise MissingError(f"{gold} holds no gold; expected files <pair_id>{GOLD_SUFFIX} with lines like [0, 1]:[0]")
    beads_paths = {path: _find_beads(predicted, _stem(path)) for path in gold_paths}
    missing = [path.name for path, beads_path in beads_paths.items() if beads_path is None]
    if missing:
        names = ", ".join(missing[:5]) + (", ..." if len(missing) > 5 else "")
        raise MissingError(
            f"{predicted} has no beads for {len(missing)} of {len(gold_paths)} gold files: {names}; "
            f"<pair_id>{GOLD_SUFFIX} is compared with <pair_id>{BEADS_SUFFIX}"
        )
    documents = {_stem(path): _evaluate_file(beads, path) for path, beads in beads_paths.items() if beads is not None}
    return FileEvaluation(documents, sum(1 for _ in predicted.glob(f"*{BEADS_SUFFIX}")) - len(documents))


def _find_beads(folder: Path, stem: str) -> Path | None:
    """Find the beads for a gold file that is named by a file name or, as people do, by the pair id."""
    paths = (folder / f"{name}{BEADS_SUFFIX}" for name in dict.fromkeys([stem, file_name(stem)]))
    return next((path for path in paths if path.is_file()), None)


def _evaluate_file(predicted: Path, gold: Path) -> Evaluation:
    beads = read_beads(predicted)
    sizes = _sizes(beads)
    return evaluate(beads, read_beads(gold) if sizes is None else read_gold(gold, *sizes))


def _sizes(beads: list[BeadPositions]) -> tuple[int, int] | None:
    """Return how many sentences both sides have, if the beads hold each of them; None if that can't be known."""
    sources = {position for bead in beads for position in bead.source}
    targets = {position for bead in beads for position in bead.target}
    n_source, n_target = len(sources), len(targets)
    is_whole = bool(beads) and sources == set(range(n_source)) and targets == set(range(n_target))
    return (n_source, n_target) if is_whole and n_source and n_target else None


def _stem(path: Path) -> str:
    return path.name.removesuffix(GOLD_SUFFIX)
