"""The `[report]` section."""

from pydantic import Field

from stages.config import Section

LOW_CONFIDENCE = 0.5
"""A bead below this is as likely wrong as right: it is counted as doubtful, and marked in the page of its pair."""


class ReportConfig(Section):
    """What a run's report holds. Nothing here changes what is aligned."""

    max_megabytes: float = Field(default=8.0, ge=0, le=500)
    """How large the pairs embedded in `report.html` may be together, the most doubtful first; 0 embeds none."""
