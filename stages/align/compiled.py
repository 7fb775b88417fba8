"""Compile kernels, and keep what is compiled for as long as no kernel changes.

numba keeps a compiled kernel until the file that it stands in changes. A kernel that calls one of another file, or that
takes a tuple defined there, would be used as it was. So the cache has a folder for each state of all of these files.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numba
from numba import njit

__all__ = ["njit"]

ROOM = Path(__file__).parent


def digest_kernels(room: Path = ROOM) -> str:
    """Return what tells one state of all kernels, and of the tuples that they take, from another: 12 characters."""
    texts = (path.read_bytes() for path in sorted(room.rglob("*.py")))
    kernels = [text for text in texts if b"njit" in text or b"NamedTuple" in text]
    return hashlib.sha256(b"\0".join(kernels)).hexdigest()[:12]


numba.config.CACHE_DIR = str(Path(numba.config.CACHE_DIR or ROOM / "__pycache__") / f"kernels-{digest_kernels()}")
