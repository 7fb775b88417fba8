"""The `[export]` section."""

from typing import Literal

from pydantic import Field

from stages.config import Section

Format = Literal["tsv", "jsonl", "parquet", "moses", "tmx", "beads"]


class ExportConfig(Section):
    """Which files a run writes, and which beads go into them."""

    formats: tuple[Format, ...] = Field(default=("tsv", "beads"), min_length=1)
    """The files to write."""

    min_score: float | None = None
    """Leave out beads whose score is lower. The `beads` format always holds every bead."""

    keep_nulls: bool = False
    """Keep sentences without a translation, with an empty other side. The `beads` format always does."""
