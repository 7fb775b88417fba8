"""Weights of encoders on their Volume: own models, and those of the hub that a machine without a GPU fetches once.

All of it is looked at from outside, before anything is rented.
"""

from __future__ import annotations

import hashlib
from pathlib import PurePosixPath

from modal.types import FileEntry, FileEntryType

from pipeline.cloud import images
from pipeline.cloud.container import marker_of
from pipeline.config.run_config import RunConfig
from pipeline.errors import ConfigError
from stages.encode.config import EncodeConfig
from stages.encode.registry import EncoderInfo, describe, is_on_volume, model_folder
from stages.split.config import SplitConfig


def resolve_encoder(config: RunConfig) -> RunConfig:
    """Return a config for rented machines: an own model's `revision` says what its files on the Volume are.

    Raises ConfigError where the encoder is a folder that rented machines don't have, or the splitter one.
    """
    refuse_sat(config.split)
    refuse_folder_here(config.encode)
    if not is_on_volume(config.encode.encoder):
        return config
    revision = digest_files(find_model(config.encode.encoder))
    return config.model_copy(update={"encode": config.encode.model_copy(update={"revision": revision})})


def refuse_sat(split: SplitConfig) -> None:
    """Raise ConfigError for the neural splitter: machines that split have neither PyTorch nor a GPU."""
    if split.splitter == "sat":
        raise ConfigError(
            '[split] splitter: "sat" works on your own machine only; split there, and rent machines for documents '
            "with a sentence a line ([corpus] is_split = true)"
        )


def refuse_folder_here(encode: EncodeConfig) -> None:
    """Raise ConfigError for a model in a folder of this machine, with the command that takes it along."""
    folder = model_folder(encode.encoder)
    if is_on_volume(encode.encoder) or not folder.is_dir():
        return
    remote = f"models/{folder.name}"
    raise ConfigError(
        f"[encode] encoder: {folder} is a folder of this machine, which rented ones don't have. Upload it once:\n"
        f"  modal volume put {images.WEIGHTS_NAME} {folder} {remote}\n"
        f'and write encoder = "{images.WEIGHTS_FOLDER}/{remote}"'
    )


def find_model(path: str) -> list[FileEntry]:
    """Return the files of an own model on the Volume; raises ConfigError if it isn't there, or is no model."""
    remote = PurePosixPath(path).relative_to(images.WEIGHTS_FOLDER)
    files = [
        entry
        for entry in images.list_folder(images.WEIGHTS, str(remote), recursive=True)
        if entry.type == FileEntryType.FILE
    ]
    if not files:
        raise ConfigError(
            f"[encode] encoder: there is no {remote} on the Volume {images.WEIGHTS_NAME}. Upload it once:\n"
            f"  modal volume put {images.WEIGHTS_NAME} FOLDER {remote}"
        )
    if str(remote / "modules.json") not in {str(PurePosixPath(entry.path)) for entry in files}:
        raise ConfigError(
            f"[encode] encoder: {remote} on the Volume {images.WEIGHTS_NAME} is not a sentence-transformers model: it "
            "has no modules.json; expected a folder written by SentenceTransformer.save"
        )
    return files


def digest_files(files: list[FileEntry]) -> str:
    """Return what tells a model from the one that lay there before: the names, sizes and times of its files."""
    lines = sorted(f"{entry.path}\0{entry.size}\0{entry.mtime}" for entry in files)
    return "volume-" + hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def is_fetched(info: EncoderInfo) -> bool:
    """Say whether a model of the hub lies on the Volume already."""
    marker = PurePosixPath(marker_of(info))
    return any(
        PurePosixPath(entry.path).name == marker.name
        for entry in images.list_folder(images.WEIGHTS, str(marker.parent))
    )


def describe_weights(config: RunConfig) -> str:
    """Say in a line where the weights of an encoder come from; empty for the one that needs none."""
    info = describe(config.encode)
    if not info.wants_gpu:
        return ""
    if is_on_volume(info.id):
        files = find_model(info.id)
        size = sum(entry.size for entry in files) / 1e6
        return f"weights {info.id}: {len(files)} files, {size:,.0f} MB, on the Volume {images.WEIGHTS_NAME}"
    name = f"weights {info.id} (revision {info.revision})"
    if is_fetched(info):
        return f"{name}: on the Volume {images.WEIGHTS_NAME}"
    secret = config.compute.hf_secret
    token = f"with the Secret {secret}" if secret else "a private model needs [compute] hf_secret"
    return f"{name}: fetched first, once, by a machine without a GPU; {token}"
