"""Write files that exist only when they are whole."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from pipeline.errors import StoreError

TEMPORARY = ".tmp-"
"""How the name of an unfinished file begins."""

STALE_SECONDS = 24 * 3600
"""An unfinished file that nobody has written to for so long was left behind by a killed process: nothing takes longer
between two writes than to encode a document, and no document takes a day."""


@contextmanager
def unfinished_file(folder: Path) -> Iterator[Path]:
    """Give the path of a temporary file in a folder; what has not been published when the block ends is removed.

    Raises StoreError where the disk is full or the folder can't be written.
    """
    temporary = folder / f"{TEMPORARY}{uuid.uuid4().hex}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield temporary
    except OSError as error:
        raise unwritable(folder, error) from error
    finally:
        with suppress(OSError):  # where there could be no file, there is none
            temporary.unlink()


DESCRIPTORS = Path("/dev/fd")
"""Where a shell puts what it pipes: `bitext align <(zcat book.gz) book.fr.txt`."""

KINDS = (
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISSOCK, "a socket"),
)


def endless_kind(path: Path) -> str | None:
    """Return what a path is that may never end, or isn't read as a file is; None for files, and what a shell pipes."""
    found = path.stat()
    if path.parent == DESCRIPTORS:
        return None
    return next((name for is_kind, name in KINDS if is_kind(found.st_mode)), None)


def publish(temporary: Path, path: Path) -> None:
    """Give a finished file its name, once its bytes are on the disk."""
    with temporary.open("rb") as file:
        os.fsync(file.fileno())
    temporary.replace(path)


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`, and rename it to `path` when the block ends well."""
    with unfinished_file(path.parent) as temporary:
        yield temporary
        publish(temporary, path)


def write_text(path: Path, text: str) -> None:
    """Write a whole UTF-8 file."""
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def has_text(path: Path, text: str) -> bool:
    """Say whether a file is there and holds this text, whatever else may be in it."""
    try:
        return path.read_bytes() == text.encode()
    except OSError:
        return False


def sweep(folder: Path, pattern: str = f"**/{TEMPORARY}*") -> int:
    """Remove unfinished files that killed processes left anywhere below a folder; return how many.

    Where a folder can't be written, they stay.
    """
    stale = [path for path in folder.glob(pattern) if _age_seconds(path) > STALE_SECONDS]
    for path in stale:
        with suppress(OSError):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    return len(stale)


def sweep_folder(folder: Path) -> int:
    """Do the same in a folder itself, such as one with results, that may hold millions of files below."""
    return sweep(folder, f"{TEMPORARY}*")


def try_lock(file: BinaryIO, is_shared: bool = False) -> None:
    """Hold a file until it is closed or the process dies, alone or beside others that share it.

    Raises BlockingIOError where another process holds it, another OSError where the file system knows no locks.
    """
    if sys.platform == "win32":
        raise OSError("no locks here")
    import fcntl

    fcntl.flock(file, (fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)


REASONS = {
    errno.EACCES: "permission denied",
    errno.EDQUOT: "the disk quota is used up; free some space",
    errno.EEXIST: "a file is in the way",
    errno.EFBIG: "a file may not be so large here (see ulimit -f)",
    errno.EISDIR: "a folder has the name of the file",
    errno.ENOENT: "no folder can be made there",
    errno.ENOSPC: "the disk is full; free some space",
    errno.ENOTDIR: "a file is in the way",
    errno.EROFS: "the file system is read-only",
}


def unwritable(folder: Path, error: OSError) -> StoreError:
    """Say why a folder can't be written, and what to do."""
    why = REASONS.get(error.errno or 0, str(error))
    return StoreError(f"{folder} can't be written: {why}; or name another place with --store, --out or -o")


def _age_seconds(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return 0.0
