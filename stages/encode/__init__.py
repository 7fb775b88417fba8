"""Encode: turn overlaps into vectors. Names are loaded when first used: a config or a description needs no NumPy."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stages.encode.document import EncodedDocument, encode_document, encode_overlaps, texts_of_overlaps
    from stages.encode.encoder import Encoder
    from stages.encode.load import load_encoder
    from stages.encode.overlaps import EncodedOverlaps, assemble_overlaps, overlap_stops
    from stages.encode.shared import EncodedTogether

_MODULES = {
    "EncodedDocument": "document",
    "EncodedOverlaps": "overlaps",
    "EncodedTogether": "shared",
    "Encoder": "encoder",
    "assemble_overlaps": "overlaps",
    "encode_document": "document",
    "encode_overlaps": "document",
    "load_encoder": "load",
    "overlap_stops": "overlaps",
    "texts_of_overlaps": "document",
}

__all__ = [
    "EncodedDocument",
    "EncodedOverlaps",
    "EncodedTogether",
    "Encoder",
    "assemble_overlaps",
    "encode_document",
    "encode_overlaps",
    "load_encoder",
    "overlap_stops",
    "texts_of_overlaps",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    return found
