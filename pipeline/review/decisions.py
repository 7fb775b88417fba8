"""Decisions of people about which documents belong together: a table beside the config, with their other corrections.

`books.toml` has `books.corrections/pairs.tsv`, with columns of a manifest: a row with `is_pair` yes puts two documents
together, one with no keeps them apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pipeline.corpus.paired import Decision
from pipeline.corpus.table import IS_PAIR, is_pair, table_rows
from pipeline.errors import ConfigError, is_printable
from pipeline.review.corrections import read_file, version_of, write_corrections

PAIRS = "pairs.tsv"


def decisions_path(folder: Path) -> Path:
    """Return where the decisions about documents lie, or will, in the folder of a run's corrections."""
    return folder / PAIRS


def read_decisions(folder: Path) -> list[Decision]:
    """Return what people have decided, in the order of the file; raises ConfigError that names every bad line."""
    path = decisions_path(folder)
    if not path.exists():
        return []
    decisions: dict[frozenset[str], tuple[Decision, int]] = {}
    problems = []
    for line, row in table_rows(path):
        try:
            decision = Decision(is_pair(row), row["source_path"], row["target_path"])
            if not all(decision[1:]):
                raise ConfigError("source_path or target_path is empty; name two documents")
            both = frozenset(decision[1:])
            before, first = decisions.setdefault(both, (decision, line))
            if before.is_together != decision.is_together:
                raise ConfigError(f"it says the opposite of line {first}; take out one of them")
        except ConfigError as error:
            problems.append(f"line {line}: {error}")
    if problems:
        raise ConfigError.from_problems(str(path), problems)
    return [decision for decision, _ in decisions.values()]


def decide(folder: Path, source_path: str, target_path: str, is_together: bool | None) -> None:
    """Write down that two documents belong together, or don't; None takes back what was decided about them.

    Putting two together takes back that either belongs to another. Raises ConfigError where the file is none, or a
    name is none; ChangedMeanwhile where another program writes it now.
    """
    for name in (source_path, target_path):
        if not name or not is_printable(name):
            raise ConfigError(f"{name!r} is no name of a document")
    if source_path == target_path:
        raise ConfigError(f"{source_path} can't be its own translation; name two documents")
    path = decisions_path(folder)
    version = version_of(read_file(path))
    new = Decision(bool(is_together), source_path, target_path)
    kept = [one for one in read_decisions(folder) if not _is_replaced(one, new, is_together is True)]
    write_corrections(path, render_decisions([*kept, *([] if is_together is None else [new])]), version)


def _is_replaced(one: Decision, new: Decision, is_together: bool) -> bool:
    shared = {one.source_path, one.target_path} & {new.source_path, new.target_path}
    return len(shared) == 2 or (is_together and one.is_together and bool(shared))


def render_decisions(decisions: Sequence[Decision]) -> str:
    """Return the table of decisions; empty where there are none."""
    if not decisions:
        return ""
    rows = [("yes" if one.is_together else "no", one.source_path, one.target_path) for one in decisions]
    return "".join("\t".join(row) + "\n" for row in ((IS_PAIR, "source_path", "target_path"), *rows))
