"""Corrections: the beads of a pair that people have judged, as a text file that they can read, edit and merge.

    source: 42 sentences, 3f2a9c0d11e4b7a5
    target: 43 sentences, 91ab02ce77d0f3b8

    [3, 4]:[5]  good  9c1e77a0 04b7d2f1 e1a2b3c4  # Ada was seventy-one … | Ada war einundsiebzig …
    [7]:[]  good  5d0c1b7e*
    [9]:[9]  bad

    source: 41 sentences, 8d0f32b1c4a97e60
    target: 43 sentences, 91ab02ce77d0f3b8

    source [7]  4b1d9a3c  becomes  ["The lamp was lit.", "Nobody saw it."]

Sentences can be changed, too: the last line splits one in two. Edits number the sentences as the documents were split;
a good or bad bead those of the review that it stands in, as they are edited.

A good bead is right, and stays; `[7]:[]` is good where the sentence has no translation, and bad where it has one. A bad
bead is wrong, whatever is right. All else is the aligner's.

Such a list is a review of two documents in one state, which the digests of all their sentences tell from any other.
Where a document has changed, the decisions are found again one by one, by the digests of their own sentences (`place`,
`decisions`, `sentences`). What isn't found is set aside: it stays in the file, below, as what is left of a review of an
older state, and holds again when its sentences come back.
"""

from __future__ import annotations

from stages.corrections.carry import carry_decisions, carry_span
from stages.corrections.decided import Corrections, make_corrections
from stages.corrections.edit import SIDES, SOURCE, TARGET, Edit
from stages.corrections.edits import (
    Change,
    PlacedEdits,
    add_change,
    edit_sentences,
    edit_texts,
    kept_positions,
    place_edits,
    take_back,
)
from stages.corrections.file import parse_reviews, render_reviews
from stages.corrections.fingerprint import TextDescription, describe_text
from stages.corrections.gold import beads_touching, judged_beads, reviewed_runs
from stages.corrections.notes import rewrite_reviews
from stages.corrections.place import keep_undecided, place_reviews
from stages.corrections.review import BAD, GOOD, Decision, Review, make_review
from stages.corrections.span import BeadSpan, make_bead_span

__all__ = [
    "BAD",
    "GOOD",
    "SIDES",
    "SOURCE",
    "TARGET",
    "BeadSpan",
    "Change",
    "Corrections",
    "Decision",
    "Edit",
    "PlacedEdits",
    "Review",
    "TextDescription",
    "add_change",
    "beads_touching",
    "carry_decisions",
    "carry_span",
    "describe_text",
    "edit_sentences",
    "edit_texts",
    "judged_beads",
    "keep_undecided",
    "kept_positions",
    "make_bead_span",
    "make_corrections",
    "make_review",
    "parse_reviews",
    "place_edits",
    "place_reviews",
    "render_reviews",
    "reviewed_runs",
    "rewrite_reviews",
    "take_back",
]
