"""Replace the files of an export folder all at once, when the new ones are whole.

Everything is written into a hidden folder inside the output folder and renamed into place at the end: an export that
is killed leaves the old files as they were, and its hidden folder is removed by the next one. (One that is killed while
it renames leaves some new files beside old ones, each of them whole.)
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path

from pipeline.exports.filenames import (
    BEADS,
    BEADS_SUFFIX,
    BY_LANGUAGES,
    DATASET,
    FILE_NAMES,
    MOSES_MARK,
    PAIR_SUFFIXES,
    PAIRS,
    SUBTITLES,
    XCES,
)
from pipeline.store.files import STALE_SECONDS, publish, try_lock, unwritable

STAGING = ".export-"
LOCK = "lock"
UNLOCKED = "unlocked"

TAG = r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*"
ENDINGS = "|".join(re.escape(FILE_NAMES[name].removeprefix("bitext.")) for name in BY_LANGUAGES)
LANGUAGES_NAME = re.compile(rf"bitext\.{TAG}-{TAG}\.(?:{ENDINGS})")
"""The file of a language pair."""

MOSES_NAME = re.compile(r"bitext\.([^.]+-[^.]+)\.([^.]+)(?:\.source|\.target)?")


FOLDERS = {
    BEADS: re.compile(f"{re.escape(BEADS_SUFFIX)}$"),
    SUBTITLES: re.compile(r"\.(?:srt|ass)$"),
    XCES: re.compile(r"\.xml$"),
    DATASET: re.compile(rf"^(?:README\.md|{TAG}-{TAG}\.parquet)$"),
    PAIRS: re.compile(rf"(?:{'|'.join(map(re.escape, PAIR_SUFFIXES.values()))}|{re.escape(MOSES_MARK)}[^.]+(\.\w+)?)$"),
}
"""The folders of exports, and how the names of their files end."""


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Say why a folder can't be written; errors about files elsewhere (the pairs are being read) pass."""
    try:
        yield
    except OSError as error:
        if error.filename is not None and not _is_around(Path(error.filename).absolute(), folder.absolute()):
            raise
        raise unwritable(folder, error) from error


def _is_around(path: Path, folder: Path) -> bool:
    return path.is_relative_to(folder) or folder.is_relative_to(path)


@contextmanager
def staging_folder(folder: Path) -> Iterator[Path]:
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
                try_lock(lock)
            (staged / UNLOCKED).rename(staged / LOCK)
            yield staged
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def _is_abandoned(staged: Path) -> bool:
    try:
        with (staged / LOCK).open("rb+") as lock:
            try_lock(lock)
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


def has_exports(folder: Path) -> bool:
    """Say whether an earlier export has left files in a folder."""
    if any(_is_ours(path.name) for path in folder.glob("bitext.*")):
        return True
    return any(
        is_ours.search(path.name) is not None for name, is_ours in FOLDERS.items() for path in (folder / name).glob("*")
    )


def list_exports(folder: Path) -> list[str]:
    """Name what an export has left in a folder: its files, and its folders of files of single pairs."""
    files = sorted(path.name for path in folder.glob("bitext.*") if _is_ours(path.name))
    return [*files, *(f"{name}/" for name in sorted(FOLDERS) if (folder / name).is_dir())]


def count_exported(folder: Path) -> int:
    """Return how many pairs the report of an earlier run in a folder tells of; 0 without one."""
    try:
        return int(json.loads((folder / "report.json").read_text(encoding="utf-8"))["corpus"]["pairs"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0


def publish_exports(staged: Path, folder: Path) -> int:
    """Give finished files their names; remove what earlier exports left and this one did not write, and count it."""
    written = {path.name for path in staged.glob("bitext.*")}
    for name in sorted(written):
        publish(staged / name, folder / name)
    stale = [path for path in folder.glob("bitext.*") if path.name not in written and _is_ours(path.name)]
    for path in stale:
        path.unlink(missing_ok=True)
    return len(stale) + sum(_publish_folder(staged / name, folder / name, endings) for name, endings in FOLDERS.items())


def _publish_folder(staged: Path, folder: Path, is_ours: re.Pattern[str]) -> int:
    """Do the same for the files of single pairs, of which there may be millions; they are not synced one by one."""
    n_stale = 0
    if folder.is_dir():
        with os.scandir(folder) as entries:
            stale = [entry.name for entry in entries if is_ours.search(entry.name) and _is_gone(staged, entry)]
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
    if name in FILE_NAMES.values() or LANGUAGES_NAME.fullmatch(name):
        return True
    match = MOSES_NAME.fullmatch(name)
    if match is None:
        return False
    languages, language = match.groups()
    return languages.startswith(f"{language}-") or languages.endswith(f"-{language}")
