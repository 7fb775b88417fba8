"""The `[align]` section."""

from pydantic import Field

from stages.config import Section

VERSION = 1
"""Raise it when the same config aligns the same vectors differently: stored beads are then made anew."""


class AlignConfig(Section):
    """How beads are found."""

    max_bead: int = Field(default=5, ge=2, le=16)
    """Source plus target sentences in a bead; each side is also at most `encode.max_overlap`."""
