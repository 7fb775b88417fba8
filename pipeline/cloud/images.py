"""Define the rented machines: an image for each kind, and the Volumes.

Sources are added last and by name: an edit rebuilds nothing, and nothing else of the user's folder travels.
"""

from __future__ import annotations

import os

import modal
from modal.types import FileEntry

from pipeline.cloud import pins
from pipeline.config.corpus_config import CorpusConfig
from pipeline.config.run_config import BUCKET_FOLDER as MOUNTED_AT
from pipeline.corpus.intake import lies_in_bucket
from pipeline.errors import ConfigError

STORE_FOLDER = "/store"
WEIGHTS_FOLDER = "/weights"
WEIGHTS_NAME = "bitext-weights"
CACHE_FOLDER = "/cache"

BUCKET_FOLDER = str(MOUNTED_AT)
BUCKET_NAME = os.environ.get("BITEXT_MODAL_BUCKET")
"""An S3 bucket with documents, which is mounted for reading; a Modal Secret `bitext-bucket` holds its keys."""

STORE_NAME = os.environ.get("BITEXT_MODAL_STORE", "bitext-store")
"""The Volume with all that is worth keeping; another name keeps another world."""

STORE = modal.Volume.from_name(STORE_NAME, create_if_missing=True, version=2)
WEIGHTS = modal.Volume.from_name(WEIGHTS_NAME, create_if_missing=True, version=2)
CACHE = modal.Volume.from_name("bitext-cache", create_if_missing=True, version=2)

BUCKET = (
    modal.CloudBucketMount(BUCKET_NAME, secret=modal.Secret.from_name("bitext-bucket"), read_only=True)
    if BUCKET_NAME
    else None
)

NAMES = {"BITEXT_MODAL_STORE": STORE_NAME, **({"BITEXT_MODAL_BUCKET": BUCKET_NAME} if BUCKET_NAME else {})}
"""Containers read this file as well, and must come to the same."""

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
"""One thread a process, as on a machine of one's own: the same bytes there and here."""

KERNELS_FOLDER = "numba"
CACHED_KERNELS = {"NUMBA_CACHE_DIR": f"{CACHE_FOLDER}/{KERNELS_FOLDER}"}
"""Compiling takes seconds in every new container otherwise."""

KEPT_WEIGHTS = {"HF_HOME": WEIGHTS_FOLDER, "TOKENIZERS_PARALLELISM": "true"}
HF_TOKEN = "HF_TOKEN"
OFFLINE = {"HF_HUB_OFFLINE": "1"}
"""Weights have been fetched before, and a GPU is not to wait for the hub."""


def list_folder(volume: modal.Volume, path: str, recursive: bool = False) -> list[FileEntry]:
    """Return what lies in a folder of a Volume; nothing where there is none."""
    try:
        return volume.listdir(path, recursive=recursive)
    except (FileNotFoundError, modal.exception.NotFoundError):
        return []


def require_bucket(corpus: CorpusConfig) -> None:
    """Raise ConfigError where a corpus lies in a bucket and none is mounted: better here than in a container."""
    if BUCKET is None and lies_in_bucket(corpus):
        raise ConfigError(
            "[corpus] lies in a bucket (bucket:…), and none is mounted: set BITEXT_MODAL_BUCKET in the "
            "environment to its name, and put its keys into the Modal Secret bitext-bucket"
        )


def _image(name: str, env: dict[str, str]) -> modal.Image:
    return (
        modal.Image.debian_slim(python_version=pins.PYTHON)
        .pip_install(*pins.requirements(name))
        .env(NAMES | env)
        .add_local_python_source("pipeline", "stages", ignore=["**/__pycache__"])  # the templates of reports as well
    )


CLERK = _image("clerk", ONE_THREAD)
SPLIT = _image("split", ONE_THREAD)
ENCODE_ON_CPU = _image("encode_on_cpu", ONE_THREAD)
FETCH_WEIGHTS = _image("encode_on_gpu", KEPT_WEIGHTS)
ENCODE_ON_GPU = _image("encode_on_gpu", KEPT_WEIGHTS | OFFLINE)
ALIGN_ON_CPU = _image("align_on_cpu", ONE_THREAD | CACHED_KERNELS)
ALIGN_ON_GPU = _image("align_on_gpu", ONE_THREAD | CACHED_KERNELS)
SERVE_ON_CPU = _image("serve_on_cpu", ONE_THREAD | CACHED_KERNELS)
SERVE_ON_GPU = _image("serve_on_gpu", KEPT_WEIGHTS | CACHED_KERNELS)
