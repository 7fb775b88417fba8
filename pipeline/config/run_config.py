"""One TOML file is one run: compose the stages' sections, check them, and derive the addresses of what they make."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError, field_validator, model_validator

from pipeline.config.compute import ComputeConfig
from pipeline.config.corpus_config import CorpusConfig
from pipeline.config.explain import explain
from pipeline.errors import ConfigError, printable
from pipeline.store.files import endless_kind
from stages.align.config import VERSION as ALIGN_VERSION
from stages.align.config import AlignConfig, WeightsConfig
from stages.config import Section
from stages.encode import registry
from stages.encode.config import VERSION as ENCODE_VERSION
from stages.encode.config import EncodeConfig
from stages.encode.model_files import digest_model
from stages.encode.registry import describe, identity, model_folder
from stages.export.config import ExportConfig
from stages.pairing.config import VERSION as PAIRING_VERSION
from stages.pairing.config import PairingConfig
from stages.report.config import ReportConfig
from stages.split.config import KEPT as SPLIT_KEPT
from stages.split.config import VERSION as SPLIT_VERSION
from stages.split.config import SplitConfig

BUCKET = "bucket:"
BUCKET_FOLDER = Path("/bucket")
"""Where a bucket is mounted in the containers: see the README, "A corpus that is already there"."""


class RunConfig(Section):
    """A run: which documents, and how each stage treats them."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=100)
    """Names the run's folder; letters, digits, dots, hyphens and underscores."""

    corpus: CorpusConfig
    split: SplitConfig = SplitConfig()
    encode: EncodeConfig = EncodeConfig()
    align: AlignConfig = AlignConfig()
    export: ExportConfig = ExportConfig()
    report: ReportConfig = ReportConfig()
    pairing: PairingConfig = PairingConfig()
    compute: ComputeConfig = ComputeConfig()

    folder: Path = Field(default=Path(), exclude=True)
    """Where the config lies: its paths are relative to this folder."""

    @field_validator("encode")
    @classmethod
    def _encoder_is_known(cls, encode: EncodeConfig) -> EncodeConfig:
        describe(encode)
        return encode

    @model_validator(mode="after")
    def _method_has_its_overlaps(self) -> RunConfig:
        asked = self.encode.overlaps if "overlaps" in self.encode.model_fields_set else "all"
        if self.align.method == "bertalign" and asked != "all":
            raise ValueError(
                f'encode.overlaps: "{asked}" is not valid with the method bertalign, which knows no stand-ins; '
                'leave it out, or set it to "all"'
            )
        return self

    @model_validator(mode="after")
    def _confidence_is_measured(self) -> RunConfig:
        if self.align.method == "bertalign" and self.export.min_confidence is not None:
            raise ValueError(
                f"export.min_confidence: {self.export.min_confidence} is not valid with the method bertalign, which "
                "measures no confidence; leave it out, or use min_similarity or min_score"
            )
        return self

    @property
    def is_paired_by_content(self) -> bool:
        """Say whether it is found out by what documents say which of them belong together."""
        return self.corpus.pairing == "content" and self.corpus.manifest is None

    def resolve(self, path: str) -> Path:
        """Return a path of the config, or of its manifest, as one that can be opened from anywhere."""
        if path.startswith(BUCKET):
            return BUCKET_FOLDER / path.removeprefix(BUCKET).lstrip("/")
        return self.folder / expand_user(path)


def load_config(path: Path) -> RunConfig:
    """Read and check a config file.

    Raises ConfigError, which names every problem with its key, value and what was expected.
    """
    return make_config({"name": path.stem, **read_toml(path)}, where=str(path), folder=path.parent.resolve())


def read_toml(path: Path, advice: str = "name the config of a run, a .toml file") -> dict[str, Any]:
    """Read a TOML file; raises ConfigError where it isn't one, or can't be read: with advice where there is none."""
    try:
        if kind := endless_kind(path):
            raise ConfigError(f"{path} is {kind}, no file; name the .toml file")
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise ConfigError(f"{path}: there is no such file; {advice}") from None
    except IsADirectoryError:
        raise ConfigError(f"{path} is a folder; name the .toml file in it") from None
    except OSError as error:
        raise ConfigError(f"{path} can't be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8 at byte {error.start:,}, as a TOML file must be; convert it") from None
    except RecursionError:
        raise ConfigError(f"{path} is not TOML that can be read: it is nested too deep") from None
    except ValueError as error:  # not TOML, a number of thousands of digits, a path with a NUL in it
        raise ConfigError(printable(f"{path} is not TOML: {error}")) from None


def make_config(values: dict[str, Any], where: str, folder: Path) -> RunConfig:
    """Check the values of a config, which `where` names in errors."""
    values, problems = _with_weights(_with_model_paths(values, folder), folder)
    try:
        config = RunConfig.model_validate({**values, "folder": folder})
    except ValidationError as error:
        problems += explain(error, RunConfig)
    if problems:
        raise ConfigError.from_problems(where, problems)
    return config


def expand_user(path: str) -> Path:
    """Replace a leading `~` by the home folder; raises ConfigError where there is none."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise ConfigError(f"{path}: there is no such home folder; write the whole path") from None


def _with_model_paths(values: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Resolve models that are folders, relative to the config like every path in it."""
    for section, key in (("encode", "encoder"), ("split", "sat_model")):
        table = values.get(section)
        name = table.get(key) if isinstance(table, dict) else None
        if (
            isinstance(table, dict)
            and isinstance(name, str)
            and name
            and (path := folder / model_folder(name)).is_dir()
        ):
            values = {**values, section: {**table, key: str(path)}}
    return values


def _with_weights(values: dict[str, Any], folder: Path) -> tuple[dict[str, Any], list[str]]:
    """Put weights in place of the name of their file: beads depend on what it says, not on where it lies.

    Where it has none, the problem is returned too, and the values without it: they may have problems of their own.
    """
    align = values.get("align")
    name = align.get("weights") if isinstance(align, dict) else None
    if not isinstance(align, dict) or not isinstance(name, str):
        return values, []
    others = {key: value for key, value in align.items() if key != "weights"}
    try:
        weights = read_weights(folder / expand_user(name))
    except ConfigError as error:
        return {**values, "align": others}, ["align.weights: " + str(error).replace("\n", "\n  ")]
    return {**values, "align": {**others, "weights": weights}}, []


def weights_file(path: Path) -> Path | None:
    """Return the file of weights that a config file names, if it names one."""
    align = read_toml(path).get("align")
    name = align.get("weights") if isinstance(align, dict) else None
    return path.parent / expand_user(name) if isinstance(name, str) else None


def read_weights(path: Path) -> WeightsConfig:
    """Read a file of weights, as `bitext fit` writes it; raises ConfigError that names every problem."""
    tables = read_toml(path, advice="[align] weights names a file that `bitext fit` has written")
    try:
        return WeightsConfig.model_validate(tables)
    except ValidationError as error:
        raise ConfigError.from_problems(str(path), explain(error, WeightsConfig)) from None


def settle_encoder(config: RunConfig, languages: Iterable[str]) -> RunConfig:
    """Return the config with the embedded encoder that "auto" means for these languages; any other as it is."""
    if config.encode.encoder != registry.AUTO:
        return config
    encode = config.encode.model_copy(update={"encoder": registry.choose(languages)})
    return config.model_copy(update={"encode": encode})


def sentences_address(config: RunConfig) -> str:
    """Return where the sentences of this config lie: by everything that makes them what they are, and what is kept."""
    return _digest("sentences", SPLIT_KEPT, _splitting(config))


def _splitting(config: RunConfig) -> str:
    return _digest("split", SPLIT_VERSION, _what_splits(config.split))


def _what_splits(split: SplitConfig) -> dict[str, Any]:
    """Return all that makes sentences differ; a model in a folder is known by its files."""
    if split.splitter == "rules":
        return split.model_dump(exclude={"sat_model"})
    folder = Path(split.sat_model)
    return split.model_dump() | ({"sat_model": digest_model(folder)} if folder.is_dir() else {})


def embeddings_address(config: RunConfig) -> str:
    """Return where the vectors lie; `max_overlap` is no part of it, so that a larger one encodes only the new sizes."""
    return _digest("encode", ENCODE_VERSION, identity(config.encode), _splitting(config))


def summaries_address(config: RunConfig) -> str:
    """Return where lies what is kept of documents to find their counterparts."""
    return _digest("pairing", PAIRING_VERSION, embeddings_address(config))


def beads_address(config: RunConfig) -> str:
    """Return where the beads lie, and what pairs request on the way to them."""
    return _digest(
        "align",
        ALIGN_VERSION,
        config.align.model_dump(exclude={"min_quality"}),
        config.encode.max_overlap,
        which_overlaps(config),
        embeddings_address(config),
    )


def which_overlaps(config: RunConfig) -> str:
    """Return which overlaps are encoded: the method `bertalign` knows no stand-ins, and has all of them."""
    return "all" if config.align.method == "bertalign" else config.encode.overlaps


def _digest(*parts: Any) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()[:16]
