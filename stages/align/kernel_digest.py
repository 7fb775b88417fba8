"""Tell one state of all kernels from another; needs no numba."""

from __future__ import annotations

import hashlib
from pathlib import Path

ROOM = Path(__file__).parent

COMPILED = "compiled-"
"""How the names of empty files in the folder of kernels begin that say that all are compiled, for a kind of machine."""


def digest_kernels(room: Path = ROOM) -> str:
    """Return what tells one state of all kernels from another, of the tuples that they take, and of what compiles them.

    It has 12 characters.
    """
    texts = (path.read_bytes() for path in sorted(room.rglob("*.py")))
    kernels = [text for text in texts if b"njit" in text or b"NamedTuple" in text or b"compile_kernels" in text]
    return hashlib.sha256(b"\0".join(kernels)).hexdigest()[:12]


def kernels_folder(room: Path = ROOM) -> str:
    """Return the name of the folder, in that of numba's cache, that what is compiled of this state is kept in."""
    return f"kernels-{digest_kernels(room)}"
