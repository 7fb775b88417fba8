"""Find which beads have the texts of an earlier one, over a whole corpus, in memory that doesn't grow with it.

Each part of an export lists the digests of its beads, DIGEST_BYTES each, in a file; from all these files together it is
found which come again, and each part gets the numbers of its own: which of its beads they are, counted from 0.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Self

from stages.export.selection import DIGEST_BYTES

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DIGESTS = "digests"
REPEATED = "repeated"

DIGESTS_AT_ONCE = 2_000_000
"""How many digests are compared at once; sorting them takes some 60 bytes each."""


class Listed:
    """Lists digests, and finds none repeated."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file = (folder / DIGESTS).open("wb")

    def __call__(self, digest: bytes) -> bool:
        """Add one."""
        self._file.write(digest)
        return False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


class Repeated:
    """Says of digests, asked for in the order in which they were listed, which are repeated."""

    def __init__(self, folder: Path) -> None:
        self._numbers = frozenset(array("q", (folder / REPEATED).read_bytes()))
        self._count = count()

    def __call__(self, _: bytes) -> bool:
        """Say whether the next one is repeated."""
        return next(self._count) in self._numbers


def find_repeated(parts: Sequence[Path]) -> None:
    """Leave in the folder of each part which of its digests have come before, in it or in an earlier part."""
    n_digests = sum((part / DIGESTS).stat().st_size for part in parts) // DIGEST_BYTES
    n_rounds = 1 + n_digests // DIGESTS_AT_ONCE  # digests are spread evenly: each round takes an equal share of them
    for part in parts:
        (part / REPEATED).touch()
    for turn in range(n_rounds):
        _find_in_share(parts, turn, n_rounds)


def _find_in_share(parts: Sequence[Path], turn: int, n_rounds: int) -> None:
    import numpy as np

    shares = list(_shares(parts, turn, n_rounds))
    digests = np.concatenate([digests for _, digests in shares])
    order = np.lexsort((digests[:, 1], digests[:, 0]))  # stable: of equal ones the first stands first
    is_repeated = np.zeros(len(digests), dtype=bool)
    is_repeated[order[1:]] = (digests[order[1:]] == digests[order[:-1]]).all(axis=1)
    start = 0
    for part, (numbers, own) in zip(parts, shares, strict=True):
        with (part / REPEATED).open("ab") as file:
            file.write(numbers[is_repeated[start : start + len(own)]].astype(np.int64).tobytes())
        start += len(own)


def _shares(parts: Sequence[Path], turn: int, n_rounds: int) -> Iterator[tuple[NDArray[np.int64], NDArray[np.uint64]]]:
    """Give the digests of each part whose turn it is, as two numbers each, and which of the part's they are."""
    import numpy as np

    for part in parts:
        digests = np.fromfile(part / DIGESTS, dtype=np.uint64).reshape(-1, 2)
        numbers = np.flatnonzero(digests[:, 0] % n_rounds == turn)
        yield numbers, digests[numbers]
