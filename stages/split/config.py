"""The `[split]` section."""

from typing import Literal

from stages.config import Section

VERSION = 3
"""Raise it when the same config splits the same text differently: stored sentences, and their vectors, are then made
anew."""

KEPT = 2
"""Raise it when more is kept with the same sentences: they are then split anew, and their vectors stay."""


class SplitConfig(Section):
    """How documents are cut into paragraphs and sentences."""

    paragraphs: Literal["auto", "line", "blank-line"] = "auto"
    """Where a paragraph ends: at every newline, at blank lines (hard-wrapped text), or as the text looks."""

    splitter: Literal["rules", "sat"] = "rules"
    """What finds sentences in a paragraph: rules and lists of words made for each language, or SaT, a neural model that
    needs no punctuation (extra `sat`)."""

    sat_model: str = "sat-3l-sm"
    """Of SaT: a model by its name on the Hugging Face hub (segment-any-text/...), or the folder of one."""
