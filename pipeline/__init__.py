"""Everything that touches the world: configs, files, the store, processes, Modal.

From Python: `from pipeline import align_texts`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.api import Alignment, Bead, align_texts

__version__ = "0.1.0"
"""Here rather than in the metadata of an installation: rented machines get these sources, and install nothing."""

__all__ = ["Alignment", "Bead", "align_texts"]


def __getattr__(name: str) -> Any:
    """Load the Python interface when it is first asked for: importing the package costs nothing."""
    if name in __all__:
        from pipeline import api

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
