"""Everything that touches the world: configs, files, the store, processes, Modal.

From Python: `from pipeline import align_texts`.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.api import Alignment, Bead, align_texts

_STAGES = find_spec("stages")
if _STAGES is None or _STAGES.origin is None or Path(_STAGES.origin).parents[1] != Path(__file__).parents[1]:
    where = "nowhere" if _STAGES is None else _STAGES.origin or list(_STAGES.submodule_search_locations or ())
    raise ImportError(
        f"the package stages of bitext-pipeline is hidden: Python finds another one ({where}). "
        "Run this from a folder that has no folder stages/ or pipeline/ of its own"
    )

__version__ = "0.1.0"
"""Here rather than in the metadata of an installation: rented machines get these sources, and install nothing."""

__all__ = ["Alignment", "Bead", "align_texts"]


def __getattr__(name: str) -> Any:
    """Load the Python interface when it is first asked for: importing the package costs nothing."""
    if name in __all__:
        from pipeline import api

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
