"""Tell whether the results in a folder are those that a run would write again: then they stay as they are.

run.json says what the results were made of, and how their files were left. A file that has been deleted or changed
since, or something else to make them of, and all are written again.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from pipeline.exports.staging import FOLDERS
from pipeline.store.sealed import unseal

RECORD = "run.json"
OURS = re.compile(rf"bitext\..*|report\.(json|md|html)|failures\.(tsv|parquet)|({'|'.join(FOLDERS)})\.tar\.gz")
"""The files of a folder of results, but for run.json and for what people put there."""

PROGRAM = Path(__file__).resolve().parents[2]


class Results(NamedTuple):
    """The results of an earlier run."""

    made_of: str
    """A digest of all that they were made of."""
    n_pairs: int
    """How many pairs they hold."""


def describe_results(folder: Path, results: Results, has_times: bool = True) -> dict[str, Any]:
    """Say of results what `find_results` asks; `has_times` as there."""
    return {**results._asdict(), "files": digest_files(folder, has_times)}


def find_results(folder: Path, has_times: bool = True) -> Results | None:
    """Return the results that an earlier run left in a folder; None where they are not as it left them.

    has_times : whether the times of files are those at which they were written, as on a disk, but not on a Volume.
    """
    with suppress(OSError, ValueError, KeyError, TypeError):
        said = unseal((folder / RECORD).read_text(encoding="utf-8"))["results"]
        if said["files"] == digest_files(folder, has_times):
            return Results(said["made_of"], said["n_pairs"])
    return None


def digest_files(folder: Path, has_times: bool) -> str:
    """Return a digest of the names, sizes and times of the files of results, in any order: there may be millions."""
    digests = (hashlib.sha256(text.encode(errors="surrogateescape")) for text in _states(folder, has_times))
    total = sum(int.from_bytes(digest.digest()[:16]) for digest in digests)
    return f"{total % 2**128:032x}"


def _states(folder: Path, has_times: bool) -> Iterator[str]:
    for place in ("", *FOLDERS):
        with suppress(FileNotFoundError), os.scandir(folder / place) as entries:
            for entry in entries:
                if (place or OURS.fullmatch(entry.name)) and entry.is_file():
                    found = entry.stat()
                    yield f"{place}/{entry.name}\0{found.st_size}\0{found.st_mtime_ns if has_times else ''}"


@cache
def digest_program() -> str:
    """Return a digest of the files of this program, but not of what Python and numba compile beside them."""
    digest = hashlib.sha256()
    for path in sorted(path for room in ("pipeline", "stages") for path in (PROGRAM / room).rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(f"{path.relative_to(PROGRAM).as_posix()}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()
