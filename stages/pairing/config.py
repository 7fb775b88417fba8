"""The `[pairing]` section."""

from pydantic import Field

from stages.config import Section


class PairingConfig(Section):
    """How documents are paired by what they say."""

    n_candidates: int = Field(default=8, ge=1, le=100)
    """How many documents of the other side each document is compared with, sentence by sentence."""

    min_confidence: float = Field(default=0.5, ge=0, le=1)
    """A pair that is less sure than this is left out: its documents stay alone."""
