"""Look at two files, two folders or one, and find out how a config would name them as texts and their translations."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from pipeline.config.corpus_config import CorpusConfig
from pipeline.corpus.by_name import name_pair
from pipeline.corpus.formats.names import SEVERAL_LANGUAGES, format_of, has_rows
from pipeline.corpus.languages import detect_language, parse_language
from pipeline.corpus.patterns import WILDCARD
from pipeline.corpus.readers import DocumentReader, Source
from pipeline.errors import ConfigError, DocumentError

TAGGED = re.compile(r"(?P<key>.+)(?P<mark>[._-])(?P<language>[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*)(?P<suffix>\.[^.]+)")
"""A file whose name ends with its language: `book.en.txt`."""

FIRST = "en"
"""The source where there are several languages, and this is one of them."""


class Survey(NamedTuple):
    """How a config names what was found: the name of the run, and the keys of its section [corpus]."""

    name: str
    corpus: dict[str, str | list[str]]


def survey(paths: Sequence[Path], folder: Path) -> Survey:
    """Look at one or two paths for a config that is to lie in a folder; raises ConfigError where they don't suffice."""
    for path in paths:
        if not path.exists():
            raise ConfigError(f"{path}: there is no such file or folder")
        if WILDCARD.search(str(path.absolute())) or "[" in str(path.absolute()):
            raise ConfigError(f"{path}: a config takes * {{ and [ in a path for a pattern; rename it")
    if len(paths) == 1:
        return _one_folder(paths[0], folder)
    source, target = paths
    if source.samefile(target):
        raise ConfigError(f"{source} and {target} are the same; name the texts and their translations")
    if source.is_dir() != target.is_dir():
        raise ConfigError(f"{source} and {target} are a folder and a file; name two folders, or two files")
    return _two_folders(source, target, folder) if source.is_dir() else _two_files(source, target, folder)


def _two_files(source: Path, target: Path, folder: Path) -> Survey:
    for path in (source, target):
        if format_of(path, None) in SEVERAL_LANGUAGES or has_rows(path, None):
            raise ConfigError(f"{path} holds several texts; write a config by hand, see the README on naming documents")
    corpus: dict[str, str | list[str]] = {
        "source": _relative(source, folder),
        "target": _relative(target, folder),
        "source_language": _language_of(source),
        "target_language": _language_of(target),
    }
    return Survey(name_pair(source.stem, target.stem), corpus)


def _two_folders(source: Path, target: Path, folder: Path) -> Survey:
    suffix = _common_suffix([*_files(source), *_files(target)])
    corpus: dict[str, str | list[str]] = {
        "source": f"{_relative(source, folder)}/*{suffix}",
        "target": f"{_relative(target, folder)}/*{suffix}",
        "source_language": _language_of_folder(source),
        "target_language": _language_of_folder(target),
    }
    return Survey(name_pair(source.resolve().name, target.resolve().name), corpus)


def _one_folder(path: Path, folder: Path) -> Survey:
    if not path.is_dir():
        raise ConfigError(f"{path} is a file; name its translation, too, or the folder of all texts")
    languages = {one: language for one in sorted(path.iterdir()) if one.is_dir() and (language := _tag(one.name))}
    if len(set(languages.values())) >= 2:
        suffix = _common_suffix(file for one in languages for file in _files(one))
        pattern = f"{{language}}/*{suffix}"
    else:
        tagged = [found for file in _files(path) if (found := TAGGED.fullmatch(file.name)) and _tag(found["language"])]
        languages = {Path(found[0]): _tag(found["language"]) or "" for found in tagged}
        marks = {(found["mark"], found["suffix"]) for found in tagged}
        if len(set(languages.values())) < 2 or len(marks) != 1:
            raise ConfigError(
                f"{path}: its names don't tell languages; put each language into a folder of its own, such as "
                f"{path.name}/en and {path.name}/de, or name two folders: bitext init FOLDER FOLDER"
            )
        ((mark, suffix),) = marks
        pattern = f"*{mark}{{language}}{suffix}"
    corpus: dict[str, str | list[str]] = {
        "documents": f"{_relative(path, folder)}/{pattern}",
        "pairs": _pairs_of(set(languages.values())),
    }
    return Survey(path.resolve().name, corpus)


def _pairs_of(languages: set[str]) -> list[str]:
    """Pair one language with each other."""
    first, *others = sorted(languages, key=lambda language: (language != FIRST, language))
    return [f"{first}{'/' if '-' in first + other else '-'}{other}" for other in others]


def _tag(name: str) -> str | None:
    try:
        return parse_language(name)
    except ConfigError:
        return None


def _language_of_folder(path: Path) -> str:
    """Return the language that the name of a folder tells, or else its first file."""
    language = _tag(path.resolve().name)
    if language is None:
        first = next(_files(path), None)
        if first is None:
            raise ConfigError(f"{path} holds no file")
        return _language_of(first)
    return language


def _language_of(path: Path) -> str:
    """Return the language that a text is in; raises ConfigError where it can't be told."""
    corpus = CorpusConfig(source=str(path), target=str(path), source_language="auto", target_language="auto")
    ((_, read),) = DocumentReader(corpus).read([Source(path, None, str(path))])
    if isinstance(read, DocumentError):
        raise ConfigError(str(read))
    found = detect_language(read.text)
    if found.language is None or found.confidence < corpus.min_language_confidence:
        raise ConfigError(f"{path}: its language can't be told; is it text?")
    return found.language


def _files(folder: Path) -> Iterator[Path]:
    """Give the files of a folder that are meant to be seen."""
    return (path for path in sorted(folder.iterdir()) if path.is_file() and not path.name.startswith("."))


def _common_suffix(files: Iterable[Path]) -> str:
    suffixes = {path.suffix for path in files}
    return suffixes.pop() if len(suffixes) == 1 else ""


def _relative(path: Path, folder: Path) -> str:
    return Path(os.path.relpath(path.absolute(), folder.absolute())).as_posix()
