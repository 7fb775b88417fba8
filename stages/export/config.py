"""The `[export]` section."""

from typing import Literal

from pydantic import Field

from stages.config import Section

Format = Literal[
    "tsv", "jsonl", "parquet", "sqlite", "hugging-face", "moses", "tmx", "multi-tmx", "tei", "xces", "xliff", "xlsx",
    "sketch-engine", "epub", "docx", "book-html", "srt", "ass", "beads",
]  # fmt: skip


class ExportConfig(Section):
    """Which files a run writes, and which beads go into them."""

    formats: tuple[Format, ...] = Field(default=("tsv", "beads"), min_length=1)
    """The files to write."""

    one_file_per: Literal["language-pair", "document-pair"] = "language-pair"
    """What a file holds: `bitext.tmx`, and where a run has several language pairs `bitext.en-de.tmx` for each; or
    `pairs/<pair_id>.tmx`. `multi-tmx` is always one file, `hugging-face` one for each language pair; `beads`, `srt`,
    `ass` and the documents of `xces` are always files of one document pair."""

    book_layout: Literal["beside", "below"] = "beside"
    """Of `epub`, `docx` and `book-html`: original and translation beside each other, or one below the other."""

    subtitle_times: Literal["source", "target"] = "source"
    """Of `srt` and `ass`: which side's times count; where it has none, the other's do."""

    min_score: float | None = Field(default=None, allow_inf_nan=False)
    """Leave out beads with text on both sides whose score, as written, is lower. `beads` always holds every bead."""

    min_confidence: float | None = Field(default=None, ge=0, le=1)
    """Likewise those of a lower confidence; .5 leaves out what is more likely wrong than right."""

    min_similarity: float | None = Field(default=None, ge=-1, le=1)
    """Likewise those of a lower similarity. What a good one is depends on the encoder and the languages."""

    max_length_ratio: float | None = Field(default=None, gt=1, allow_inf_nan=False)
    """Likewise those of which one side has so many times the characters that the other would lead one to expect, going
    by the pair as a whole (Chinese is a third as long as English)."""

    drop_duplicates: bool = False
    """Likewise those whose two texts have gone out before in this export; it reads the corpus twice."""

    drop_identical: bool = False
    """Likewise those whose two texts are the same but for case and spaces: names, code, what nobody translated."""

    drop_wrong_language: bool = False
    """Likewise those of which one side is plainly in another language than its document; short texts aren't judged."""

    keep_nulls: bool = False
    """Keep sentences without a translation, with an empty other side; no filter asks them. `beads` always does."""
