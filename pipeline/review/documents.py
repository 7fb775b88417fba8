"""Let a person decide which documents of a run belong together: what was found, and what they have said of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

from pipeline.corpus.paired import Decision, FoundPairs, Kind, PairRow
from pipeline.errors import ConfigError
from pipeline.review.decisions import decide, decisions_path, read_decisions

MAX_LISTED = 1000
"""How many rows of each kind a page lists; all are in the table of pairs."""

SECTIONS: tuple[tuple[Kind, str], ...] = (
    ("perhaps", "Perhaps pairs"),
    ("alone", "Alone, beside what is nearest"),
    ("pair", "Pairs, the least sure first"),
    ("copy", "Copies"),
)
ANSWERS: Mapping[Any, bool | None] = {"together": True, "apart": False, None: None}


class Shown(NamedTuple):
    """A row as it is shown: what was found, and what a person has said of the two documents."""

    row: PairRow
    answer: str


class DocumentDesk:
    """What was found about the documents of a run. Several threads may ask it at once."""

    def __init__(self, found: FoundPairs, folder: Path):
        """Take what was found, and the folder where corrections are kept."""
        self.folder = folder
        self._found = found
        self._paths = {path for row in found.rows for path in row[1:3] if path}
        self._lock = Lock()

    @property
    def file(self) -> Path:
        """Return where what is decided lies, or will."""
        return decisions_path(self.folder)

    def numbers(self) -> dict[str, int]:
        """Return how many rows there are of each kind."""
        return {kind: len(self._found.of(kind)) for kind, _ in SECTIONS}

    def page(self) -> dict[str, Any]:
        """Return what the page shows; raises ConfigError where the file of decisions is not one."""
        with self._lock:
            said = {frozenset(one[1:]): one for one in read_decisions(self.folder)}
        sections = []
        for kind, title in SECTIONS:
            rows = self._found.of(kind)
            if kind == "pair":
                rows.sort(key=lambda row: row.confidence or 0.0)
            shown = [Shown(row, _word(said.pop(frozenset(row[1:3]), None))) for row in rows[:MAX_LISTED]]
            sections.append({"title": title, "number": len(rows), "rows": shown})
        others = [Shown(PairRow("pair", *one[1:], "", "", ""), _word(one)) for one in said.values()]
        sections.insert(0, {"title": "Said by hand, for the next run", "number": len(others), "rows": others})
        return {"sections": sections, "paths": sorted(self._paths), "file": str(self.file)}

    def save(self, decided: Mapping[str, Any]) -> str:
        """Write down what was decided about two documents; return in which file.

        decided : `source` and `target`, their paths, and `answer`: "together", "apart" or none. Raises ValueError where
        that is not what it is, ConfigError where the run has no such document.
        """
        source, target, answer = (decided.get(name) for name in ("source", "target", "answer"))
        if not isinstance(source, str) or not isinstance(target, str) or answer not in ANSWERS:
            raise ValueError('what was decided must be a source, a target, and an answer: "together" or "apart"')
        for path in (source, target):
            if path not in self._paths:
                raise ConfigError(f"this run has no document {path!r}")
        with self._lock:
            decide(self.folder, source, target, ANSWERS[answer])
        return str(self.file)


def _word(decision: Decision | None) -> str:
    return "" if decision is None else "together" if decision.is_together else "apart"
