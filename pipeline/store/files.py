"""Write files that exist only when they are whole."""

from __future__ import annotations

import errno
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

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


def sweep(folder: Path) -> int:
    """Remove unfinished files that killed processes left anywhere below a folder; return how many."""
    stale = [path for path in folder.rglob(f"{TEMPORARY}*") if _age_seconds(path) > STALE_SECONDS]
    for path in stale:
        path.unlink(missing_ok=True)
    return len(stale)


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
