"""Digest the files of a model's folder, to tell whether it is the model that it was."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

IGNORED_SUFFIXES = frozenset({".h5", ".md", ".msgpack", ".onnx", ".ot"})
"""Documentation, and the same weights for frameworks that are never used here."""


def digest_model(folder: Path) -> str:
    """Return the SHA-256 of a model's folder: names and contents of the files that loading may read, in name order.

    It reads everything (about a second per gigabyte) once per process: a sample would miss a retrained last layer, and
    times of change differ between copies of the same model.
    """
    digest = hashlib.sha256()
    for path in sorted(_model_files(folder)):
        status = path.stat()
        content = _digest_file(str(path), status.st_size, status.st_mtime_ns)
        digest.update(f"{path.relative_to(folder).as_posix()}\0{content}\n".encode())
    return digest.hexdigest()


def _model_files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and not _is_ignored(path.relative_to(folder))]


def _is_ignored(path: Path) -> bool:
    return path.suffix in IGNORED_SUFFIXES or any(part.startswith(".") for part in path.parts)


@lru_cache(maxsize=1024)
def _digest_file(path: str, n_bytes: int, changed_ns: int) -> str:  # noqa: ARG001 (size and time are cache keys)
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
