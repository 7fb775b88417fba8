"""The table of pairs that a run leaves: what belongs together, what perhaps does, and what stays alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

Kind = Literal["pair", "perhaps", "alone", "copy"]

PAIRS = "pairs.tsv"
"""What the table is called in the folder of results: to be read, corrected, and named as [corpus] manifest."""

COLUMNS = (
    *("pair_id", "is_pair", "source_path", "target_path", "source_language", "target_language"),
    *("confidence", "score", "second_best", "reason"),
)


def documents_run(name: str) -> str:
    """Name the run that splits and encodes the documents of another, before it is known which belong together."""
    return f"{name}.documents"


class PairRow(NamedTuple):
    """A row of the table.

    kind : "pair"; "perhaps", the best choice for both, which isn't likely enough; "alone", a document beside the one
    that is nearest to it; "copy", a document that says what another of its language says. What isn't there is empty:
    the counterpart of a copy, and of what was compared with nothing.
    """

    kind: Kind
    source_path: str
    target_path: str
    source_language: str
    target_language: str
    reason: str
    confidence: float | None = None
    score: float | None = None
    second_best: float | None = None


class Decision(NamedTuple):
    """What a person says of two documents, which are named by their paths."""

    is_together: bool
    source_path: str
    target_path: str


@dataclass
class FoundPairs:
    """What became of the documents of a run: the rows of the table, pairs first, each kind in the corpus's order."""

    rows: list[PairRow] = field(default_factory=list)
    n_compared: int = 0
    """How many pairs of documents were compared, sentence by sentence, to find this out now."""
    not_encoded: list[str] = field(default_factory=list)
    """Documents that could not be compared."""
    strays: list[str] = field(default_factory=list)
    """What people have decided about documents that are not there, or are no two languages that are paired."""

    def of(self, kind: Kind) -> list[PairRow]:
        """Return the rows of a kind."""
        return [row for row in self.rows if row.kind == kind]


def render_pairs(rows: Sequence[PairRow], place: str = "") -> str:
    """Return the table as TSV, as [corpus] manifest takes it.

    place : put before each path, such as `bucket:`, for a table that lies elsewhere than the documents.
    """
    names = iter(_names(row for row in rows if row.kind == "pair"))
    lines = ["\t".join(COLUMNS)]
    for row in rows:
        is_pair = row.kind == "pair"
        numbers = ("" if number is None else f"{number:.4f}" for number in row[-3:])
        named = (next(names), "yes") if is_pair else ("", "no")
        paths = (place + path if path else "" for path in row[1:3])
        lines.append("\t".join([*named, *paths, *row[3:5], *numbers, row.reason]))
    return "".join(f"{line}\n" for line in lines)


def _names(pairs: Iterable[PairRow]) -> Iterator[str]:
    """Name pairs after their sources; where a source is in several, after its target's language as well."""
    taken: set[str] = set()
    for pair in pairs:
        name = pair.source_path
        if name in taken:
            name = f"{name}.{pair.target_language}"
        taken.add(name)
        yield name
