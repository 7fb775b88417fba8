"""Overlaps: the texts of k consecutive sentences, and their vectors in the shape that the aligner wants.

S sentences, K overlap sizes, D dimensions, N overlaps of one size, U different texts among them.
An overlap is named by its size and its stop: the position of its last sentence, plus one. Positions count empty ones;
an overlap joins sentences with text and skips the empty ones between them, and none ends at an empty one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stages.data import Overlaps
from stages.encode.encoder import unit_rows
from stages.pieces import PIECES, count_pieces, cut_pieces, piece_stops
from stages.text import running_text


class EncodedOverlaps(NamedTuple):
    """The overlaps of one size of a document.

    stops   : int32 array of shape (N,), increasing.
    vectors : float16 array of shape (N, D), unit length as far as float16 can tell.
    """

    stops: NDArray[np.int32]
    vectors: NDArray[np.floating]


@dataclass(frozen=True)
class DistinctTexts:
    """The overlaps of one size of a document, to be encoded.

    stops  : int32 array of shape (N,).
    texts  : U different texts in the order of their first stop.
    text   : int array of shape (N,); overlap n has the text `texts[text[n]]`.
    is_cut : bool array of shape (U,), whether the text is the start of a longer one.
    """

    stops: NDArray[np.int32]
    texts: list[str]
    text: NDArray[np.intp]
    is_cut: NDArray[np.bool_]


def overlap_stops(sentences: Sequence[str], size: int) -> NDArray[np.int32]:
    """Return the stops of all overlaps of a size: int32 array, increasing, empty if there are fewer sentences.

    Under the size PIECES these are the numbers of the pieces of sentences that have several.
    """
    if size == PIECES:
        return piece_stops(sentences)
    if size < 1:
        raise ValueError(f"overlap size {size} is not valid; it must be at least 1")
    return _positions(sentences)[size - 1 :] + np.int32(1)


def list_overlaps(
    sentences: Sequence[str], language: str, size: int, stops: NDArray[np.int32], max_chars: int
) -> DistinctTexts:
    """Join the sentences of the overlaps with these stops, identical texts once, cut to `max_chars` characters."""
    unknown = np.setdiff1d(stops, overlap_stops(sentences, size))
    if len(unknown):
        raise ValueError(f"there are no overlaps of size {size} that stop at {_some(unknown)}")
    rows: dict[str, int] = {}
    cut: set[int] = set()
    text = np.empty(len(stops), dtype=np.intp)
    for n, parts in enumerate(_parts(sentences, size, stops)):
        whole = running_text(parts, language)
        row = rows.setdefault(whole[:max_chars], len(rows))
        text[n] = row
        if len(whole) > max_chars:
            cut.add(row)
    is_cut = np.fromiter((row in cut for row in range(len(rows))), dtype=bool, count=len(rows))
    return DistinctTexts(stops, list(rows), text, is_cut)


def assemble_overlaps(
    sentences: Sequence[str],
    encoded: Mapping[int, tuple[NDArray[np.int32], NDArray[np.floating]]],
    max_overlap: int,
    is_complete: bool = True,
) -> Overlaps:
    """Lay the stored vectors of sizes 1 to `max_overlap` into one float32 array of shape (K, S, D).

    float32, because numba and BLAS compute in it, and normalised again, because float16 moves lengths by up to 0.0005:
    so that a dot product is a cosine. D is 0 if the document has no text. Sizes beyond `max_overlap` are left
    out; a missing, doubled or impossible row is a ValueError: nothing may be aligned on a guess. Unless `is_complete`,
    overlaps of two sentences or more, and pieces, may be missing: their vectors are zero.
    """
    vectors = np.zeros((max_overlap, len(sentences), _dimensions(encoded)), dtype=np.float32)
    for size in range(1, max_overlap + 1):
        expected = overlap_stops(sentences, size)
        stops, rows = encoded.get(size, (np.empty(0, dtype=np.int32), vectors[0, :0]))
        _check_stops(size, stops, expected if is_complete or size == 1 else np.intersect1d(expected, stops))
        if len(stops):
            vectors[size - 1, stops - 1] = unit_rows(rows)
    return Overlaps(sentences, vectors, pieces=_assemble_pieces(sentences, encoded, vectors))


def _assemble_pieces(
    sentences: Sequence[str],
    encoded: Mapping[int, tuple[NDArray[np.int32], NDArray[np.floating]]],
    vectors: NDArray[np.float32],
) -> NDArray[np.float32] | None:
    """Return the vectors of all pieces, those of whole sentences among them; None where none was encoded."""
    if PIECES not in encoded:
        return None
    stops, rows = encoded[PIECES]
    known = piece_stops(sentences)
    _check_stops(PIECES, stops, np.intersect1d(known, stops))
    pieces = np.repeat(vectors[0], count_pieces(sentences), axis=0)
    pieces[known - 1] = 0
    pieces[stops - 1] = unit_rows(rows)
    return pieces


def _parts(sentences: Sequence[str], size: int, stops: NDArray[np.int32]) -> Iterator[Sequence[str]]:
    """Give the sentences of each of some overlaps of a size, or each of some pieces."""
    if size == PIECES:
        pieces = [piece for sentence in sentences for piece in cut_pieces(sentence)]
        yield from ([pieces[stop - 1]] for stop in stops)
        return
    positions = _positions(sentences)
    for last in np.searchsorted(positions, stops - 1):
        yield [sentences[i] for i in positions[last - size + 1 : last + 1]]


def _positions(sentences: Sequence[str]) -> NDArray[np.int32]:
    """Return the positions that hold text."""
    return np.array([i for i, sentence in enumerate(sentences) if sentence], dtype=np.int32)


def _dimensions(encoded: Mapping[int, tuple[NDArray[np.int32], NDArray[np.floating]]]) -> int:
    dimensions = {vectors.shape[1] for stops, vectors in encoded.values() if len(stops)}
    if len(dimensions) > 1:
        raise ValueError(f"vectors have {sorted(dimensions)} dimensions; expected all of one encoder")
    return int(dimensions.pop()) if dimensions else 0


def _check_stops(size: int, stops: NDArray[np.int32], expected: NDArray[np.int32]) -> None:
    if np.array_equal(stops, expected):
        return
    missing, unexpected = np.setdiff1d(expected, stops), np.setdiff1d(stops, expected)
    if len(missing):
        raise ValueError(
            f"vectors of the overlaps of size {size} that stop at {_some(missing)} are missing; encode them"
        )
    if len(unexpected):
        raise ValueError(f"overlaps of size {size} that stop at {_some(unexpected)} are not of this document")
    if len(stops) != len(expected):
        raise ValueError(
            f"{len(stops)} vectors of overlaps of size {size}; expected one for each of {len(expected)} stops"
        )


def _some(stops: NDArray[np.int32]) -> str:
    shown = ", ".join(str(stop) for stop in stops[:5])
    return shown if len(stops) <= 5 else f"{shown} and {len(stops) - 5} more"
