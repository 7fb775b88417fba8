"""Find files by patterns such as `books/{language}/*.txt`, and what stands in the place of each `*`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from pipeline.corpus.formats.names import is_dataset
from pipeline.errors import ConfigError

PART = "{part}"
"""Stands for what the files of one document differ in: they are joined, in natural order (2 before 10)."""

WILDCARD = re.compile(r"\*|\{language\}|\{part\}")


class Match(NamedTuple):
    """A file that matches a pattern, with what stands for its `*` and for its {language}."""

    path: Path
    key: str
    language: str
    parts: tuple[Path, ...] = ()
    """All files of the document, where the pattern has a {part}: the path is the first of them."""


def find_files(root: Path, pattern: str) -> Iterator[Match]:
    """Give the files that match a pattern, relative to a folder or absolute, in the order of their names."""
    if Path(pattern).is_absolute():
        root = Path(Path(pattern).anchor)
        pattern = str(Path(pattern).relative_to(root))
    regex = _pattern_regex(pattern)
    matches = _matches(root, pattern, regex)
    yield from (match for _, match in matches) if PART not in pattern else _joined(matches)


def _matches(root: Path, pattern: str, regex: re.Pattern[str]) -> Iterator[tuple[str, Match]]:
    """Give the files that match, each with what stands for its {part}."""
    for path in _glob(root, pattern):
        found = regex.fullmatch(path.relative_to(root).as_posix())
        if found is not None:
            groups = found.groupdict()
            key = "/".join(value for name, value in groups.items() if name not in ("language", "part"))
            match = Match(path, unicodedata.normalize("NFC", key), groups.get("language", ""))
            yield groups.get("part", ""), match


def _joined(matches: Iterable[tuple[str, Match]]) -> Iterator[Match]:
    """Give one match for all files that differ in their part only."""
    import natsort

    of_document: dict[tuple[str, str], list[tuple[str, Match]]] = {}
    for part, match in matches:
        of_document.setdefault((match.key, match.language), []).append((part, match))
    for found in of_document.values():
        ordered = [match for _, match in natsort.natsorted(found, key=lambda one: one[0])]
        yield ordered[0]._replace(parts=tuple(match.path for match in ordered))


def _glob(root: Path, pattern: str) -> list[Path]:
    """Return the files that a pattern may match, in the order of their names; a named file may be hidden, or a pipe."""
    if not WILDCARD.search(pattern):
        path = root / pattern
        return [path] if path.exists() and (not path.is_dir() or is_dataset(path)) else []
    try:
        paths = sorted(root.glob(re.sub(r"[\[?]", r"[\g<0>]", pattern.replace("{language}", "*").replace(PART, "*"))))
    except (ValueError, NotImplementedError) as error:
        raise ConfigError(f"[corpus] pattern {pattern!r} is not valid: {error}") from None
    return [path for path in paths if (path.is_file() or is_dataset(path)) and not path.name.startswith(".")]


def _pattern_regex(pattern: str) -> re.Pattern[str]:
    """Return the regular expression of a pattern; each `*` and `**` is a group of its own, {language} a named one."""
    parts: list[str] = []
    for number, part in enumerate(re.split(r"(\*\*/|\*\*|\*|\{language\}|\{part\})", Path(pattern).as_posix())):
        if part in ("{language}", PART):
            name = part[1:-1]
            parts.append(f"(?P={name})" if f"(?P<{name}>" in "".join(parts) else f"(?P<{name}>[^/]+)")
        elif part == "**/":
            parts.append(f"(?P<star{number}>(?:[^/]+/)*)")
        elif part in ("*", "**"):
            parts.append(f"(?P<star{number}>[^/]*)")
        else:
            parts.append(re.escape(part))
    return re.compile("".join(parts))
