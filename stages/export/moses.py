"""Moses: two files, line i of one translates line i of the other.

The format has no escapes: tabs in a text become spaces, lines are joined as their language joins sentences, other
control characters are removed and counted; spaces at the ends of a line go, too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from stages.export.characters import plain_line
from stages.export.units import Unit
from stages.text import on_one_line


def side_names(source_language: str, target_language: str) -> tuple[str, str]:
    """Name the two sides of a language pair where each needs its own name: by language, if these differ."""
    if source_language == target_language:
        return f"{source_language}.source", f"{target_language}.target"
    return source_language, target_language


def moses_names(source_language: str, target_language: str) -> tuple[str, str]:
    """Name the two files of a language pair: `bitext.en-de.en` and `bitext.en-de.de`."""
    source, target = side_names(source_language, target_language)
    stem = f"bitext.{source_language}-{target_language}"
    return f"{stem}.{source}", f"{stem}.{target}"


def render_moses(
    units: Iterable[Unit], languages: tuple[str, str], keep_nulls: bool, counts: Counter[str]
) -> tuple[str, str]:
    """Return the lines of both files for the units of a pair, always the same number.

    A unit of which nothing is left on one side (it held only spaces and controls) goes the way of nulls.
    """
    sources: list[str] = []
    targets: list[str] = []
    for unit in units:
        source, source_removed = plain_line(on_one_line(unit.source, languages[0]))
        target, target_removed = plain_line(on_one_line(unit.target, languages[1]))
        counts["moses_characters_removed"] += source_removed + target_removed
        if keep_nulls or (source and target):
            sources.append(source + "\n")
            targets.append(target + "\n")
        else:
            counts["moses_blanks_left_out"] += 1
    return "".join(sources), "".join(targets)
