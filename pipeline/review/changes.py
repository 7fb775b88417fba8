"""Understand how the sentences of a pair are to be changed: as the page of a review asks for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from pipeline.corpus.text import normalise
from stages.corrections import SIDES, Change, Edit, add_change, take_back

MAX_TEXT_CHARS = 100_000
"""Of a sentence that somebody writes."""

ChangeEdits = Callable[[Sequence[Edit], Sequence[str]], tuple[list[Edit], Change | None]]
"""Make of the edits of a side, and its sentences as they were split, other edits, and say what that changes."""


def read_changes(wanted: Mapping[str, Any]) -> list[tuple[str, ChangeEdits]]:
    """Return which sides are to be changed, and how; raises ValueError."""
    if "restore" in wanted:
        return [_read_restored(wanted["restore"])]
    edits = wanted.get("edits")
    if not isinstance(edits, list) or not edits:
        raise ValueError("edits must be a list of changes")
    return [_read_edit(edit) for edit in edits]


def _read_restored(value: object) -> tuple[str, ChangeEdits]:
    match value:
        case [str(side), int(index)] if side in SIDES:
            return side, partial(_restore, index=index)
    raise ValueError("restore must be a side and the number of an edit")


def _restore(edits: Sequence[Edit], _: Sequence[str], index: int) -> tuple[list[Edit], Change | None]:
    if not 0 <= index < len(edits):
        raise ValueError(f"there is no edit {index}")
    return take_back(edits, index)


def _read_edit(value: object) -> tuple[str, ChangeEdits]:
    match value:
        case {"side": str(side), "start": int(start), "stop": int(stop), "texts": list(texts)} if side in SIDES:
            if all(isinstance(text, str) and len(text) <= MAX_TEXT_CHARS for text in texts):
                plain = [" ".join(normalise(text).split()) for text in texts]
                new = [text for text in plain if text]
                return side, partial(add_change, side=side, start=start, stop=stop, new=new)
    raise ValueError(f"{str(value)[:60]} is no edit; one has a side, start, stop and texts")
