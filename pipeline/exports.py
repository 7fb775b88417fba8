"""Write what was aligned as the files people use, each whole or not at all.

Everything is written into a hidden folder inside the output folder, and renamed into place when all of it is there: an
export that is killed leaves the old files as they were, and its hidden folder is removed by the next one.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from pipeline.errors import ConfigError
from pipeline.filenames import file_name
from pipeline.files import STALE_SECONDS, publish, unwritable, whole_file
from pipeline.sinks import BEADS_SUFFIX, BeadsSink, MosesSink, ParquetSink, Sink, TextSink
from stages.data import AlignedPair
from stages.export.config import ExportConfig, Format
from stages.export.render import make_renderer, render
from stages.export.units import select_units

__all__ = ["file_name", "render", "write_exports", "write_file", "write_pair"]

SUFFIXES: dict[str, Format] = {
    ".tsv": "tsv",
    ".jsonl": "jsonl",
    ".parquet": "parquet",
    ".tmx": "tmx",
    ".txt": "beads",
}
"""The format of a single file, by how its name ends."""

BEADS = "beads"
STAGING = ".export-"
LOCK = "lock"

UNLOCKED = "unlocked"

MOSES_NAME = re.compile(r"bitext\.([^.]+-[^.]+)\.([^.]+)(?:\.source|\.target)?")


def write_exports(
    pairs: Iterable[AlignedPair],
    config: ExportConfig,
    folder: Path,
    *,
    language_pairs: Collection[tuple[str, str]],
) -> Counter[str]:
    """Write every format of the config into a folder, in the order of the pairs, and count what went in and what not.

    Pairs are read once, one at a time; `language_pairs` names the (source, target) languages of all of them. What an
    earlier export left here and this one does not write (a format or a pair that is no longer in the config) is removed:
    it would pass for part of this run. Files with other names are left alone.
    Raises ConfigError for two pairs of one name, StoreError where the folder can't be written.
    """
    counts: Counter[str] = Counter()
    languages = sorted(set(language_pairs))
    with _writing(folder), _staging_folder(folder) as staged:
        with ExitStack() as stack:
            formats = dict.fromkeys(config.formats)  # each once
            sinks = [stack.enter_context(_open_sink(name, staged, config, languages)) for name in formats]
            _write_pairs(pairs, config, sinks, languages, counts)
        counts["stale_files_removed"] = _publish(staged, folder)
    return counts


def write_file(
    pairs: Iterable[AlignedPair],
    path: Path,
    config: ExportConfig,
    *,
    language_pairs: Collection[tuple[str, str]],
) -> Counter[str]:
    """Write pairs as one file, in the format that its name ends with; `config.formats` is not asked.

    Raises ConfigError for an unknown suffix, and for more than one pair in a file of beads.
    """
    name = _format_of(path)
    counts: Counter[str] = Counter()
    with whole_file(path) as temporary:
        if name == "beads":
            _write_beads(pairs, temporary, counts)
        else:
            with _open_file_sink(name, temporary, sorted(set(language_pairs))) as sink:
                _write_pairs(pairs, config, [sink], language_pairs, counts)
    return counts


def write_pair(pair: AlignedPair, path: Path, config: ExportConfig | None = None) -> Counter[str]:
    """Write one pair as `.tsv`, `.jsonl`, `.parquet`, `.tmx` or, as beads, `.txt`."""
    languages = [(pair.source_language, pair.target_language)]
    return write_file([pair], path, config or ExportConfig(), language_pairs=languages)


def _format_of(path: Path) -> Format:
    try:
        return SUFFIXES[path.suffix.lower()]
    except KeyError:
        known = ", ".join(f"{suffix} ({name})" for suffix, name in SUFFIXES.items())
        raise ConfigError(f"{path}: no format is known by the suffix {path.suffix!r}; known are {known}") from None


def _write_pairs(
    pairs: Iterable[AlignedPair],
    config: ExportConfig,
    sinks: Sequence[Sink],
    language_pairs: Collection[tuple[str, str]],
    counts: Counter[str],
) -> None:
    for pair in pairs:
        if (pair.source_language, pair.target_language) not in language_pairs:
            raise ValueError(
                f"pair {pair.pair_id!r} is {pair.source_language}-{pair.target_language}, which language_pairs lacks"
            )
        counts["pairs"] += 1
        counts["beads"] += len(pair.beads)
        units = list(select_units(pair, config, counts))
        for sink in sinks:
            sink.write(pair, units)
    for sink in sinks:
        counts.update(sink.counts)


def _write_beads(pairs: Iterable[AlignedPair], path: Path, counts: Counter[str]) -> None:
    for pair in pairs:
        counts["pairs"] += 1
        counts["beads"] += len(pair.beads)
        if counts["pairs"] > 1:
            raise ConfigError(f"a file of beads holds one pair; the second would be {pair.pair_id!r}; write a folder")
        path.write_text(render(pair, "beads"), encoding="utf-8", newline="\n")


def _open_sink(name: Format, folder: Path, config: ExportConfig, languages: Sequence[tuple[str, str]]) -> Sink:
    if name == "moses":
        return MosesSink(folder, languages, config.keep_nulls)
    if name == "beads":
        return BeadsSink(folder / BEADS)
    return _open_file_sink(name, folder / f"bitext.{name}", languages)


def _open_file_sink(name: Format, path: Path, languages: Sequence[tuple[str, str]]) -> Sink:
    if name == "parquet":
        return ParquetSink(path, languages)
    return TextSink(path, make_renderer(name, languages))


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    """Say why a folder can't be written; errors about files elsewhere (the pairs are being read) pass."""
    try:
        yield
    except OSError as error:
        if error.filename is not None and not Path(error.filename).is_relative_to(folder):
            raise
        raise unwritable(folder, error) from error


@contextmanager
def _staging_folder(folder: Path) -> Iterator[Path]:
    """Give a hidden folder inside a folder, gone at the end; those that killed processes left are removed first.

    A lock tells whether the process that made one still lives, so that two exports at once do not harm each other.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for staged in folder.glob(f"{STAGING}*"):
        if _is_abandoned(staged):
            shutil.rmtree(staged, ignore_errors=True)
    staged = Path(tempfile.mkdtemp(prefix=STAGING, dir=folder))
    try:
        with (staged / UNLOCKED).open("wb") as lock:
            with suppress(OSError):  # a file system without locks: its age will tell
                _lock(lock)
            (staged / UNLOCKED).rename(staged / LOCK)
            yield staged
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def _is_abandoned(staged: Path) -> bool:
    try:
        with (staged / LOCK).open("rb+") as lock:
            _lock(lock)
    except BlockingIOError:
        return False
    except OSError:
        return time.time() - _last_change(staged) > STALE_SECONDS
    return True


def _last_change(folder: Path) -> float:
    try:
        return max(path.stat().st_mtime for path in [folder, *folder.iterdir()])
    except OSError:
        return time.time()  # it is being removed


def _lock(file: BinaryIO) -> None:
    """Hold a file until it is closed or the process dies; raises BlockingIOError where another does."""
    if sys.platform == "win32":
        raise OSError("no locks here")
    import fcntl

    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _publish(staged: Path, folder: Path) -> int:
    """Give the finished files their names; remove what earlier exports left and this one did not write, and count it."""
    written = {path.name for path in staged.glob("bitext.*")}
    for name in sorted(written):
        publish(staged / name, folder / name)
    stale = [path for path in folder.glob("bitext.*") if path.name not in written and _is_ours(path.name)]
    for path in stale:
        path.unlink(missing_ok=True)
    return len(stale) + _publish_beads(staged / BEADS, folder / BEADS)


def _publish_beads(staged: Path, folder: Path) -> int:
    """Do the same for the files of beads, of which there may be millions; they are not synced one by one."""
    n_stale = 0
    if folder.is_dir():
        with os.scandir(folder) as entries:
            stale = [entry.name for entry in entries if entry.name.endswith(BEADS_SUFFIX) and _is_gone(staged, entry)]
        for name in stale:
            (folder / name).unlink(missing_ok=True)
        n_stale = len(stale)
    if staged.is_dir():
        folder.mkdir(exist_ok=True)
        while names := _some_names(staged):
            for name in names:
                (staged / name).replace(folder / name)
    elif n_stale and not any(folder.iterdir()):
        folder.rmdir()
    return n_stale


def _is_gone(staged: Path, entry: os.DirEntry[str]) -> bool:
    return entry.is_file() and not (staged / entry.name).exists()


def _some_names(folder: Path) -> list[str]:
    with os.scandir(folder) as entries:
        return [entry.name for entry in islice(entries, 10_000)]


def _is_ours(name: str) -> bool:
    """Say whether a name is one that an export gives to a file of its folder."""
    if name.removeprefix("bitext.") in ("tsv", "jsonl", "parquet", "tmx"):
        return True
    match = MOSES_NAME.fullmatch(name)
    if match is None:
        return False
    languages, language = match.groups()
    return languages.startswith(f"{language}-") or languages.endswith(f"-{language}")
