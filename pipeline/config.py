"""One TOML file is one run: compose the stages' sections, check them, and derive the addresses of what they make."""

from __future__ import annotations

import difflib
import hashlib
import json
import re
import tomllib
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from pipeline.errors import ConfigError
from pipeline.languages import parse_language
from stages.align.config import VERSION as ALIGN_VERSION
from stages.align.config import AlignConfig
from stages.config import Section
from stages.encode.config import VERSION as ENCODE_VERSION
from stages.encode.config import EncodeConfig
from stages.encode.registry import describe, identity
from stages.export.config import ExportConfig
from stages.split.config import VERSION as SPLIT_VERSION
from stages.split.config import SplitConfig

AUTO = "auto"


class CorpusConfig(Section):
    """Which documents there are, and which of them translate each other."""

    documents: str | None = None
    """A pattern such as `books/{language}/*.txt`: documents with the same `*` translate each other."""

    pairs: tuple[str, ...] = ()
    """With `documents`: the language pairs to align, such as "en-de"; a tag with a hyphen is set off by "/"."""

    source: str | None = None
    """A pattern such as `books/de/*.txt`, with `target`: one pair of languages."""

    target: str | None = None
    """A pattern with as many `*` as `source`."""

    source_language: str | None = None
    """The language of `source`, or "auto"; with `manifest`, of the rows that name none."""

    target_language: str | None = None
    """The language of `target`, or "auto"; with `manifest`, of the rows that name none."""

    manifest: str | None = None
    """A TSV file with a header: pair_id, source_path, target_path, and perhaps source_language, target_language."""

    gold: str | None = None
    """A folder of hand-made beads, `<pair_id>.gold.txt`: a finished run prints how well it did against them."""

    is_split: bool = False
    """Every line is a sentence; blank lines count as (empty) positions."""

    encoding: str | None = None
    """The encoding of text files, such as "cp1252"; without it they must be UTF-8."""

    id_column: str = "id"
    """In .jsonl and .parquet files, which hold a document in each row: the column with its name."""

    text_column: str = "text"
    """In .jsonl and .parquet files: the column with the document's text."""

    min_language_confidence: float = Field(default=0.5, ge=0, le=1)
    """A document whose language is detected with less certainty than this is refused."""

    allow_unmatched: bool = False
    """Leave out documents without a counterpart, and count them, rather than refuse the corpus."""

    @model_validator(mode="after")
    def _one_way_to_find_documents(self) -> CorpusConfig:
        ways = [
            self.documents is not None,
            self.source is not None or self.target is not None,
            self.manifest is not None,
        ]
        if sum(ways) != 1:
            raise ValueError("name the documents in exactly one way: `documents`, `source` and `target`, or `manifest`")
        if self.documents is not None:
            self._check_documents()
        elif self.manifest is None:
            self._check_source_and_target()
        for language in (self.source_language, self.target_language):
            if language not in (None, AUTO):
                parse_language(language or "")
        return self

    def _check_documents(self) -> None:
        if self.documents is not None and "{language}" not in self.documents:
            raise ValueError(f"`documents` is {self.documents!r}; it must hold {{language}} where the language stands")
        if not self.pairs:
            raise ValueError('`documents` needs `pairs`, such as pairs = ["en-de"]')
        for pair in self.pairs:
            split_pair(pair)

    def _check_source_and_target(self) -> None:
        if self.source is None or self.target is None:
            raise ValueError("`source` and `target` come together; one of them is missing")
        for side, language in (("source", self.source_language), ("target", self.target_language)):
            if language is None:
                raise ValueError(f'`{side}_language` is missing; name it, or set it to "auto"')
        if self.source.count("*") != self.target.count("*"):
            raise ValueError(f"`source` and `target` must have as many `*`: {self.source!r}, {self.target!r}")


class ComputeConfig(Section):
    """Where and how fast it runs; never changes the result."""

    workers: int | None = Field(default=None, ge=1)
    """Processes on this machine; all cores without it."""

    shard_chars: int = Field(default=2_000_000, ge=1)
    """Characters of text in a shard, the unit of work and of resuming; small corpora are cut finer for all cores."""


class RunConfig(Section):
    """A run: which documents, and how each stage treats them."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=100)
    """Names the run's folder; letters, digits, dots, hyphens and underscores."""

    corpus: CorpusConfig
    split: SplitConfig = SplitConfig()
    encode: EncodeConfig
    align: AlignConfig = AlignConfig()
    export: ExportConfig = ExportConfig()
    compute: ComputeConfig = ComputeConfig()

    folder: Path = Field(default=Path(), exclude=True)
    """Where the config lies: its paths are relative to this folder."""

    @model_validator(mode="after")
    def _encoder_is_known(self) -> RunConfig:
        describe(self.encode)
        return self

    def resolve(self, path: str) -> Path:
        """Return a path of the config as one that can be opened from anywhere."""
        return self.folder / Path(path).expanduser()


def load_config(path: Path) -> RunConfig:
    """Read and check a config file.

    Raises ConfigError, which names every problem with its key, value and what was expected.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise ConfigError(f"{path}: there is no such file; name a config with --config") from None
    except IsADirectoryError:
        raise ConfigError(f"{path} is a folder; name the .toml file in it") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path} is not TOML: {error}") from None
    return make_config({"name": path.stem, **values}, where=str(path), folder=path.parent.resolve())


def make_config(values: dict[str, Any], where: str, folder: Path) -> RunConfig:
    """Check the values of a config, which `where` names in errors."""
    try:
        return RunConfig.model_validate({**_with_model_path(values, folder), "folder": folder})
    except ValidationError as error:
        raise ConfigError.from_problems(where, [_explain(details) for details in error.errors()]) from None


def _with_model_path(values: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Resolve an encoder that is a folder of a model, relative to the config like every path in it."""
    encode = values.get("encode")
    name = encode.get("encoder") if isinstance(encode, dict) else None
    if not isinstance(encode, dict) or not isinstance(name, str) or not name:
        return values
    path = folder / Path(name).expanduser()
    return {**values, "encode": {**encode, "encoder": str(path)}} if path.is_dir() else values


def split_pair(pair: str) -> tuple[str, str]:
    """Return the two languages of "en-de", or of "pt-BR/zh-Hant" where a tag has a hyphen of its own."""
    separator = "/" if "/" in pair else "-"
    sides = pair.split(separator)
    if len(sides) != 2 or not all(sides):
        raise ValueError(f'{pair!r} is not a pair of languages; write it like "en-de", or "pt-BR/en"')
    source, target = (parse_language(side) for side in sides)
    return source, target


def sentences_address(config: RunConfig) -> str:
    """Return where the sentences of this config lie: by everything that makes them what they are."""
    return _digest("split", SPLIT_VERSION, config.split.model_dump())


def embeddings_address(config: RunConfig) -> str:
    """Return where the vectors lie; `max_overlap` is no part of it, so that a larger one encodes only the new sizes."""
    return _digest("encode", ENCODE_VERSION, identity(config.encode), sentences_address(config))


def beads_address(config: RunConfig) -> str:
    """Return where the beads lie."""
    return _digest(
        "align", ALIGN_VERSION, config.align.model_dump(), config.encode.max_overlap, embeddings_address(config)
    )


def _digest(*parts: Any) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()[:16]


def _explain(details: ErrorDetails) -> str:
    key = ".".join(str(part) for part in details["loc"] if part != "folder")
    kind, value, context = details["type"], details["input"], details.get("ctx", {})
    if kind == "extra_forbidden":
        return f"{key}: unknown key{_nearest(details['loc'])}"
    if kind == "missing":
        return f"{key}: missing; {_describe(details['loc'])}"
    if kind == "value_error":
        return f"{key}: {context['error']}" if key else str(context["error"])
    expected = _EXPECTED.get(kind, lambda _: re.sub(r"^(Input|Value) should ", "it must ", details["msg"]))(context)
    return f"{key}: {value!r} is not valid; {expected}"


_EXPECTED = {
    "greater_than_equal": lambda context: f"it must be at least {context['ge']}",
    "less_than_equal": lambda context: f"it must be at most {context['le']}",
    "literal_error": lambda context: f"it must be {context['expected']}",
    "string_pattern_mismatch": lambda context: f"it must match {context['pattern']}",
}


def _nearest(location: tuple[int | str, ...]) -> str:
    """Suggest the known key that is nearest to an unknown one, in its own section or else in another."""
    known = _known_keys()
    key = ".".join(map(str, location))
    siblings = [name for name in known if name.rpartition(".")[0] == key.rpartition(".")[0]]
    found = difflib.get_close_matches(key, siblings, n=1, cutoff=0.75)
    found = found or [name for name in known if name.rpartition(".")[2] == str(location[-1])]
    if found:
        return f"; did you mean {found[0]}?"
    return f"; known here are {', '.join(name.rpartition('.')[2] for name in siblings)}" if siblings else ""


def _known_keys(model: type[BaseModel] = RunConfig, prefix: str = "") -> list[str]:
    keys = []
    for name, field in model.model_fields.items():
        if not field.exclude:
            keys.append(prefix + name)
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            keys.extend(_known_keys(field.annotation, f"{prefix}{name}."))
    return keys


def _describe(location: tuple[int | str, ...]) -> str:
    """Say what a missing key means, in the words of its own docstring."""
    model: Any = RunConfig
    for part in location[:-1]:
        model = model.model_fields[part].annotation
    field = model.model_fields[location[-1]]
    return field.description or f"the section [{location[-1]}] is required"
