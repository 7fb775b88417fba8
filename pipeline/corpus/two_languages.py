"""Take a text in two languages apart: lines, paragraphs or columns in turn.

Each line is given to the language that it is in. Where a line is too short to tell, its neighbours do: how often the
language changes from line to line is measured on the lines that are sure (a Viterbi search over two states).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from pipeline.corpus.languages import language_scores
from pipeline.errors import DocumentError

MIN_SHARE = 0.1
"""Of the letters of a text: a language with less is a quotation, not the other half."""

FLOOR = 0.01
"""The least that a detector is believed to say of a language, so that no single line decides against all others."""

SURE = 2.0
"""How much likelier one language must be (as a natural logarithm) for a line to count where changes are measured."""

COLUMN_SHARE = 0.9
"""So many of the lines with text must have two cells for a text to be a table."""


class TwoTexts(NamedTuple):
    """A text taken apart: the language and the text of each part, in the order in which they begin."""

    languages: tuple[str, str]
    texts: tuple[str, str]
    layout: str
    """How the text was laid out: "columns" or "lines"."""


def split_languages(text: str, name: str, languages: tuple[str, str] | None = None) -> TwoTexts:
    """Take a text in two languages apart; they are detected unless they are named.

    Raises DocumentError where it isn't in two languages.
    """
    if (columns := _columns(text)) is not None:
        return _split_columns(columns, name, languages)
    lines = text.split("\n")
    scores = [language_scores(line) for line in lines]
    found = languages or _two_languages(lines, scores, name)
    sides = _assign(lines, scores, found)
    if len(set(sides) - {None}) < 2:
        raise DocumentError(f"{name}: no line of it is in {found[1]}; it can't be taken apart")
    first = next(side for side in sides if side is not None)
    order = (first, 1 - first)
    texts = [_joined(lines, sides, side) for side in order]
    return TwoTexts((found[order[0]], found[order[1]]), (texts[0], texts[1]), "lines")


def _columns(text: str) -> list[tuple[str, str]] | None:
    """Return the cells of a text whose lines are two cells each, set off by a tab; None if it is no such table."""
    rows = [line.split("\t") for line in text.split("\n") if line.strip()]
    pairs = [(row[0], row[1]) for row in rows if len(row) == 2]
    if not rows or len(pairs) < COLUMN_SHARE * len(rows):
        return None
    return [(row[0], row[1] if len(row) > 1 else "") for row in rows]


def _split_columns(rows: list[tuple[str, str]], name: str, languages: tuple[str, str] | None) -> TwoTexts:
    cells = tuple("\n".join(row[side] for row in rows) for side in range(2))
    found = [_main_language(cell) for cell in cells]
    if found[0] == found[1] or None in found:
        raise DocumentError(f"{name}: both of its columns are in {found[0] or 'no language that can be told'}")
    told = (str(found[0]), str(found[1]))
    if languages and {_primary(one) for one in languages} == {_primary(one) for one in told}:
        same_order = _primary(languages[0]) == _primary(told[0])
        told = languages if same_order else (languages[1], languages[0])
    return TwoTexts(told, (cells[0], cells[1]), "columns")


def _primary(language: str) -> str:
    return language.split("-")[0]


def _main_language(text: str) -> str | None:
    votes = _votes(text.split("\n"), None)
    return max(votes, key=lambda language: votes[language]) if votes else None


def _votes(lines: Sequence[str], scores: Sequence[dict[str, float]] | None) -> Counter[str]:
    """Sum what the lines say of each language, weighted by their letters."""
    votes: Counter[str] = Counter()
    for number, line in enumerate(lines):
        n_letters = sum(map(str.isalpha, line))
        for language, score in (scores[number] if scores else language_scores(line)).items():
            votes[language] += score * n_letters  # type: ignore[assignment]
    return votes


def _two_languages(lines: Sequence[str], scores: Sequence[dict[str, float]], name: str) -> tuple[str, str]:
    votes = _votes(lines, scores)
    n_letters = sum(sum(map(str.isalpha, line)) for line in lines)
    (first, _), (second, share) = [*votes.most_common(2), ("", 0), ("", 0)][:2]
    if not second or share < MIN_SHARE * n_letters:
        where = f"nearly all of it is in {first}" if first else "it has no words"
        raise DocumentError(f"{name}: it isn't in two languages: {where}; to align it, name its translation as well")
    return first, second


def _assign(lines: Sequence[str], scores: Sequence[dict[str, float]], languages: tuple[str, str]) -> list[int | None]:
    """Return for each line which of the two languages it is in; None for a blank one."""
    numbers = [number for number, line in enumerate(lines) if line.strip()]
    leads = [_lead(lines[number], scores[number], languages) for number in numbers]
    states = _viterbi(leads, _change_rate(leads))
    sides: list[int | None] = [None] * len(lines)
    for number, state in zip(numbers, states, strict=True):
        sides[number] = state
    return sides


def _lead(line: str, scores: dict[str, float], languages: tuple[str, str]) -> float:
    """Return how much likelier the first language is, as a natural logarithm; 0 for a line without letters."""
    if not any(map(str.isalpha, line)):
        return 0.0
    of = [sum(score for tag, score in scores.items() if _primary(tag) == _primary(one)) for one in languages]
    return math.log(max(of[0], FLOOR) / max(of[1], FLOOR))


def _change_rate(leads: Sequence[float]) -> float:
    """Return how often the language changes from a line to the next, measured where both are sure."""
    pairs = [(one, two) for one, two in pairwise(leads) if min(abs(one), abs(two)) >= SURE]
    changes = sum((one > 0) != (two > 0) for one, two in pairs)
    return min(max((changes + 1) / (len(pairs) + 2), 0.02), 0.98)


def _viterbi(leads: Sequence[float], change_rate: float) -> list[int]:
    """Return the likeliest languages of lines, 0 or 1 each."""
    stay, change = math.log(1 - change_rate), math.log(change_rate)
    best = (0.0, 0.0)
    came_from: list[tuple[int, int]] = []
    for lead in leads:
        steps = [[best[before] + (stay if before == after else change) for before in range(2)] for after in range(2)]
        origin = tuple(int(step[1] > step[0]) for step in steps)
        came_from.append((origin[0], origin[1]))
        best = (steps[0][origin[0]] + lead / 2, steps[1][origin[1]] - lead / 2)
    states = [int(best[1] > best[0])] if leads else []
    for origins in reversed(came_from[1:]):
        states.append(origins[states[-1]])
    return states[::-1]


def _joined(lines: Sequence[str], sides: Sequence[int | None], side: int) -> str:
    """Join the lines of a side; where blank lines lay between two of them, one stays."""
    kept: list[str] = []
    is_after_blank = False
    for line, of in zip(lines, sides, strict=True):
        if of is None:
            is_after_blank = True
        elif of == side:
            if kept and is_after_blank:
                kept.append("")
            kept.append(line)
            is_after_blank = False
    return "\n".join([*kept, ""])
