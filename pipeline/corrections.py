"""Where corrections lie: beside the config, as a text file for each pair. They are people's work, and no cache.

`books.toml` has `books.corrections/chapter-01.corrections.txt`; what such a file says is in stages/corrections.py.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from pipeline.config import RunConfig
from pipeline.corpus.manifest import DocumentPair, Manifest
from pipeline.errors import ChangedMeanwhile, ConfigError
from pipeline.exports.filenames import file_name
from pipeline.files import write_text
from stages.corrections import Corrections, parse_corrections
from stages.data import AlignedPair

SUFFIX = ".corrections.txt"

MAX_NAMED = 5
"""How many pairs a note names."""


def corrections_folder(config: RunConfig) -> Path:
    """Return the folder with the corrections of a run's pairs; it need not exist."""
    return config.folder / f"{config.name}.corrections"


def corrections_path(folder: Path, pair_id: str) -> Path:
    """Return where the corrections of a pair lie, or will."""
    return folder / f"{file_name(pair_id)}{SUFFIX}"


def correct_manifest(config: RunConfig, manifest: Manifest) -> Manifest:
    """Return the manifest with what people have decided about its pairs.

    Raises ConfigError that names every file with a problem.
    """
    pairs = tuple(read_all(corrections_folder(config), manifest.pairs))
    return replace(manifest, pairs=pairs)


def read_all(folder: Path, pairs: Iterable[DocumentPair]) -> Iterator[DocumentPair]:
    """Give the pairs, each with its corrections in a folder; raises ConfigError where a file is none, or not whole."""
    names = {path.name for path in folder.glob(f"*{SUFFIX}")}
    problems: list[str] = []
    for pair in pairs:
        path = corrections_path(folder, pair.pair_id)
        try:
            yield replace(pair, corrections=read_corrections(path)) if path.name in names else pair
        except ConfigError as error:
            problems.append(str(error))
    if problems:
        raise ConfigError("\n".join(problems))


def read_corrections(path: Path) -> Corrections | None:
    """Read a file of corrections; None where there is none. Raises ConfigError that names every bad line."""
    try:
        return parse_corrections(read_file(path)) if path.is_file() else None
    except ValueError as error:
        raise ConfigError.from_problems(str(path), str(error).splitlines()) from error


def read_file(path: Path) -> str:
    """Return the text of a file of corrections, empty where there is none; raises ConfigError."""
    try:
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


def write_corrections(path: Path, text: str, version: str) -> str:
    """Replace the file of corrections whose version was read, all at once, and return its new version.

    Without any text the file goes. Raises ChangedMeanwhile where the file is no longer what was read.
    """
    if version_of(read_file(path)) != version:
        raise ChangedMeanwhile(f"{path} has been changed by another program since it was read; nothing was written")
    if text:
        write_text(path, text)
    else:
        path.unlink(missing_ok=True)
    return version_of(text)


class CorrectionCounts:
    """Counts what became of corrections, as pairs pass by."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._outdated: list[str] = []

    def watch(self, pairs: Iterable[AlignedPair]) -> Iterator[AlignedPair]:
        """Give the pairs as they come."""
        for pair in pairs:
            facts = pair.beads.facts
            self.counts["good_beads"] += int(facts.get("good_beads", 0))
            self.counts["bad_beads"] += int(facts.get("bad_beads", 0))
            if "outdated_corrections" in facts:
                self.counts["outdated_corrections"] += int(facts["outdated_corrections"])
                self._outdated.append(pair.pair_id)
            yield pair

    @property
    def notes(self) -> list[str]:
        """Say which pairs have corrections of a text that has changed."""
        if not self._outdated:
            return []
        n_more = len(self._outdated) - MAX_NAMED
        names = ", ".join(self._outdated[:MAX_NAMED]) + (f" and {n_more:,} more" if n_more > 0 else "")
        return [
            f"{self.counts['outdated_corrections']:,} corrections were not applied, because the sentences have changed "
            f"since; they are kept in their files: {names}"
        ]
