"""Zip and gzip archives from anywhere: no member that climbs, and none that grows without end."""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from typing import Self

from pipeline.errors import DocumentError

MAX_DOCUMENT_BYTES = 1 << 30
"""A larger file is refused: nobody's document is a gigabyte of text, and positions are 32 bits wide."""

MAX_RATIO = 100
"""Text shrinks to a fifth, markup to a twentieth; a bomb to a thousandth."""

FREE_BYTES = 64 << 20
"""Up to here any ratio is let pass; how much memory may become of it is the limit of the worker that reads it."""

MAX_MEMBERS = 100_000

Damaged = (zipfile.BadZipFile, EOFError, OSError, zlib.error, NotImplementedError, RuntimeError)
"""What the standard library raises over archives that are broken, encrypted or packed in a strange way."""


def gunzip(data: bytes) -> bytes:
    """Expand a gzip file; raises DocumentError where it is damaged, or larger than any document."""
    most = _most_bytes(len(data))
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
            expanded = file.read(most + 1)
    except Damaged as error:
        raise DocumentError(f"is a damaged gzip file: {error}") from None
    if len(expanded) > most:
        raise DocumentError(f"expands from {len(data):,} to more than {most:,} bytes, as no text does; it is refused")
    return expanded


class Archive:
    """A zip archive whose names and sizes have been found harmless."""

    def __init__(self, data: bytes):
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except Damaged as error:
            raise DocumentError(f"is no zip archive, or a damaged one: {error}") from None
        self.names = frozenset(self._zip.namelist())
        _check_names(self._zip.infolist())
        # zipfile reads no more of a member than it declares.
        n_bytes, most = sum(member.file_size for member in self._zip.infolist()), _most_bytes(len(data))
        if n_bytes > most:
            raise DocumentError(
                f"expands from {len(data):,} to {n_bytes:,} bytes, more than such a document holds ({most:,}); refused"
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    def read(self, name: str) -> bytes:
        """Return a member; raises DocumentError where it is missing, damaged or encrypted."""
        if name not in self.names:
            raise DocumentError(f"lacks {name}, which a file of its kind must hold: is it whole?")
        try:
            return self._zip.read(name)
        except Damaged as error:
            raise DocumentError(f"can't be read: {name} in it is damaged or encrypted: {error}") from None


def _check_names(members: list[zipfile.ZipInfo]) -> None:
    if len(members) > MAX_MEMBERS:
        raise DocumentError(f"holds {len(members):,} files, more than {MAX_MEMBERS:,}; it is refused")
    for member in members:
        name = member.filename.replace("\\", "/")
        if name.startswith("/") or ":" in name.partition("/")[0] or ".." in name.split("/"):
            raise DocumentError(f"holds a file named {member.filename!r}, which leads out of it; it is refused")


def _most_bytes(n_packed: int) -> int:
    return min(MAX_DOCUMENT_BYTES, max(FREE_BYTES, MAX_RATIO * n_packed))
