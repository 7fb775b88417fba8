"""What every config section has in common."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A section of a run's config: frozen, and a key that it doesn't know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
