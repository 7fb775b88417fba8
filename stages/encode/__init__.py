"""Overlaps into vectors. Names are loaded when first used: a config or a description needs no NumPy."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stages.encode.document import EncodedDocument, encode_document, encode_overlaps
    from stages.encode.encoder import Encoder, load_encoder
    from stages.encode.overlaps import EncodedOverlaps, assemble_overlaps

_MODULES = {
    "EncodedDocument": "document",
    "EncodedOverlaps": "overlaps",
    "Encoder": "encoder",
    "assemble_overlaps": "overlaps",
    "encode_document": "document",
    "encode_overlaps": "document",
    "load_encoder": "encoder",
}

__all__ = [
    "EncodedDocument",
    "EncodedOverlaps",
    "Encoder",
    "assemble_overlaps",
    "encode_document",
    "encode_overlaps",
    "load_encoder",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
