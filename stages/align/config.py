"""The `[align]` section."""

from math import isfinite
from typing import Literal

from pydantic import Field, field_validator, model_validator

from stages.align.scoring.weights import WEIGHT_NAMES
from stages.config import Section

VERSION = 13
"""Raise it when the same config aligns the same vectors differently, or when more is stored with beads: those that are
stored are then made anew."""


LARGEST_BEAD = {"bitext": 8, "bertalign": 5}
"""The default of `max_bead`: a third of the beads of literature have 1-3 and more."""


class WeightsConfig(Section):
    """Weights by name; those that are not given are the shipped ones."""

    encoded: dict[str, float] = Field(default_factory=dict)
    """Where larger overlaps are encoded."""

    summed: dict[str, float] = Field(default_factory=dict)
    """Where they are stood in for by sums of sentence vectors: the first alignment, with overlaps on demand."""

    @field_validator("encoded", "summed")
    @classmethod
    def _check_names(cls, weights: dict[str, float]) -> dict[str, float]:
        unknown = sorted(set(weights) - set(WEIGHT_NAMES))
        if unknown:
            raise ValueError(f"no weight is called {', '.join(unknown)}; there are {', '.join(WEIGHT_NAMES)}")
        broken = sorted(name for name, weight in weights.items() if not isfinite(weight))
        if broken:
            raise ValueError(f"weights must be finite numbers; {', '.join(broken)} is not")
        return weights


class AlignConfig(Section):
    """How beads are found."""

    method: Literal["bitext", "bertalign"] = "bitext"
    """`bitext`: beads scored by weighted features, with a confidence each, blocks left out at little cost; or
    `bertalign`: the two-pass method of Liu & Zhu (2022), as the baseline."""

    max_bead: int | None = Field(default=None, ge=2, le=16)
    """Source plus target sentences in a bead: by default 8, or 5 with `bertalign`. Where one side is hardly split,
    `bitext` looks into its lines for sentences (with `encode.overlaps = "on-demand"`), and where they have no marks
    lets one of them stand against more sentences of the other, in proportion."""

    max_side: int | None = Field(default=None, ge=1, le=15)
    """Sentences on one side of a bead at most: by default all but one of `max_bead`. With `bitext`, overlaps that were
    not encoded are stood in for by sums of sentence vectors; `bertalign` has at most `encode.max_overlap`."""

    request_margin: float = Field(default=2.0, gt=0, le=50)
    """With `encode.overlaps = "on-demand"`: overlaps of beads within so many nats of the best alignment are encoded; of
    the nearest ones only, where these would have more than a quarter of the text for each nat."""

    respect_sections: bool = False
    """Never cross a chapter that both documents have, as far as their formats tell chapters. A heading and
    its plain translation are aligned with each other in any case. Both need the method `bitext`."""

    respect_units: bool = True
    """Never cross a unit of a bilingual file of which both documents are a language: a unit of TMX, XLIFF or PO, a row
    of a table. Set it to false where the languages of a file are not in step."""

    top_k: int = Field(default=3, ge=1, le=50)
    """Target sentences nearest to a source sentence that may become its anchor."""

    weights: WeightsConfig = WeightsConfig()
    """What `bitext` weighs its features with: the name of a file that `bitext fit` wrote, or by default what is
    shipped."""

    band_radius: int = Field(default=5, ge=1, le=1000)
    """Sentences searched around the anchors on every side; wider is slower."""

    null_score: float = Field(default=-0.1, ge=-10, le=10)
    """What a sentence without a translation adds to the score of an alignment; lower makes them rarer."""

    min_quality: float | None = Field(default=None, ge=0, le=1)
    """Pairs of a lower quality are left out of the exports, counted and listed; by default none is. Wrong pairs that
    were tried had 0.23 at most, whole true ones 0.32 at least."""

    use_margin: bool = True
    """Subtract from the similarity of a bead what its sides share with the sentences beside it."""

    use_length: bool = True
    """Multiply the score of a bead by how well the lengths of its sides agree: log2(1 + shorter / longer)."""

    @property
    def largest_bead(self) -> int:
        """Return `max_bead`, or what it is by default."""
        return self.max_bead or LARGEST_BEAD[self.method]

    @model_validator(mode="after")
    def _sections_are_known(self) -> "AlignConfig":
        if self.respect_sections and self.method == "bertalign":
            raise ValueError(
                "align.respect_sections: true is not valid with the method bertalign, which knows no headings; "
                "leave it out"
            )
        return self

    @model_validator(mode="after")
    def _quality_is_measured(self) -> "AlignConfig":
        if self.min_quality is not None and self.method == "bertalign":
            raise ValueError(
                f"align.min_quality: {self.min_quality} is not valid with the method bertalign, which measures none; "
                "leave it out"
            )
        return self
