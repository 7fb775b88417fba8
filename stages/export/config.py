"""The `[export]` section."""

from typing import Literal

from pydantic import Field

from stages.config import Section

Format = Literal["tsv", "jsonl", "parquet", "moses", "tmx", "beads"]


class ExportConfig(Section):
    """Which files a run writes, and which beads go into them."""

    formats: tuple[Format, ...] = Field(default=("tsv", "beads"), min_length=1)
    """The files to write."""

    min_score: float | None = Field(default=None, allow_inf_nan=False)
    """Leave out beads with text on both sides whose score, as written, is lower. `beads` always holds every bead."""

    keep_nulls: bool = False
    """Keep sentences without a translation, with an empty other side, whatever `min_score` is. `beads` always does."""
