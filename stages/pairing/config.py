"""The `[pairing]` section."""

import re

from pydantic import Field, field_validator

from stages.config import Section

VERSION = 3
"""Raise it when the same vectors give other pairs."""

KEYS = ("domain", "folder")


class PairingConfig(Section):
    """How documents are paired by what they say."""

    n_candidates: int = Field(default=8, ge=1, le=100)
    """How many documents of the other side each document is compared with, sentence by sentence."""

    min_confidence: float = Field(default=0.5, ge=0, le=1)
    """A pair that is less sure than this is left out: its documents stay alone."""

    group: str | None = None
    """Seek counterparts within a group only: of the same "domain" or "folder", the language in it left aside, or of the
    same text that a regular expression with one group finds in the path, such as "crawl/([^/]+)/"."""

    @field_validator("group")
    @classmethod
    def _group_is_known(cls, group: str | None) -> str | None:
        if group is None or group in KEYS:
            return group
        try:
            n_groups = re.compile(group).groups
        except re.error as error:
            raise ValueError(f"{group!r} is no regular expression: {error}") from None
        if n_groups != 1:
            raise ValueError(
                f'{group!r} is not valid; it must be "domain", "folder", or a regular expression with one group, '
                'such as "crawl/([^/]+)/"'
            )
        return group
