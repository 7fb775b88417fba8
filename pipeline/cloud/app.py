"""The Modal app: one function or class for each kind of machine, with no logic in it.

What they do stands in `container`, what they are made of in `images`, who drives them in `rented`.
Modal reads the annotations of parameters as they are: no `from __future__ import annotations` here.
"""

from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any

import modal

from pipeline.cloud import container, images
from pipeline.cloud.container import Done
from pipeline.cloud.machines import CLERK, CLERK_SCALEDOWN_SECONDS, COMPILER, FETCHER
from pipeline.config.run_config import RunConfig
from pipeline.errors import ConfigError
from pipeline.tasks.work import Work

app = modal.App("bitext", include_source=False)

HOUR = 3600
Volumes = dict[str | PurePosixPath, modal.Volume | modal.CloudBucketMount]
STORE: Volumes = {images.STORE_FOLDER: images.STORE}
CACHE: Volumes = {images.CACHE_FOLDER: images.CACHE}
BUCKET: Volumes = {images.BUCKET_FOLDER: images.BUCKET} if images.BUCKET else {}
WEIGHTS: Volumes = {images.WEIGHTS_FOLDER: images.WEIGHTS}

ENCODE_GPUS = ["L40S", "A100-40GB", "A100-80GB", "H100"]
"""Whichever of these can be had first, for `encode_gpu = "any"`; a config that names one gets that one."""


@app.function(
    image=images.CLERK,
    volumes=STORE | BUCKET,
    cpu=CLERK.cores,
    memory=CLERK.memory_gib * 1024,
    timeout=6 * HOUR,
    max_containers=1,
    scaledown_window=CLERK_SCALEDOWN_SECONDS,
)
def clerk(job: Callable[..., Any], config: RunConfig, arguments: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """Look into the store, or write something that isn't a shard. There is one clerk, so nobody is in its way."""
    return container.run_job(images.STORE, job, config, arguments, options)


@app.function(image=images.SPLIT, volumes=STORE, timeout=HOUR)
def split(task: str, work: Work) -> Done:
    """Split documents into sentences."""
    return container.run_work(images.STORE, task, work, work.config.compute.cores)


@app.function(image=images.ENCODE_ON_CPU, volumes=STORE, timeout=HOUR)
def encode_on_cpu(task: str, work: Work) -> Done:
    """Encode with an encoder that wants no GPU."""
    return container.run_work(images.STORE, task, work, work.config.compute.cores)


@app.function(
    image=images.FETCH_WEIGHTS,
    volumes=WEIGHTS,
    cpu=FETCHER.cores,
    memory=FETCHER.memory_gib * 1024,
    timeout=HOUR,
    max_containers=1,
)
def fetch_weights(encode_config: str) -> ConfigError | None:
    """Fetch the weights of a model of the hub to their Volume; return what is wrong with it."""
    return container.fetch_weights(images.WEIGHTS, encode_config)


@app.cls(image=images.ENCODE_ON_GPU, volumes=STORE | WEIGHTS, gpu=ENCODE_GPUS, timeout=HOUR)
class encode_on_gpu:  # noqa: N801 - named as the functions are: a kind of machine
    """Encodes on a GPU; the encoder is loaded before the first shard comes."""

    encode_config: str = modal.parameter()

    @modal.enter()
    def load(self) -> None:
        """Load the encoder from the Volume of weights."""
        container.load_encoder(self.encode_config)

    @modal.method()
    def encode(self, task: str, work: Work) -> Done:
        """Encode the documents of a shard."""
        return container.run_work(images.STORE, task, work)


@app.function(image=images.ALIGN_ON_CPU, volumes=STORE | CACHE, timeout=HOUR)
def align_on_cpu(task: str, work: Work) -> Done:
    """Align pairs of documents."""
    return container.run_align(images.STORE, images.CACHE, task, work)


@app.function(
    image=images.ALIGN_ON_CPU,
    volumes=CACHE,
    cpu=COMPILER.cores,
    memory=COMPILER.memory_gib * 1024,
    timeout=HOUR,
    max_containers=1,
)
def compile_kernels() -> None:
    """Compile what aligns while a run does what comes before it: once for each state of the kernels."""
    container.compile_kernels(images.CACHE)


@app.function(image=images.ALIGN_ON_GPU, volumes=STORE | CACHE, gpu="T4", timeout=HOUR)
def align_on_gpu(task: str, work: Work) -> Done:
    """Align pairs of documents, with the search on a GPU and many pairs at once, so that it doesn't idle."""
    return container.run_align(images.STORE, images.CACHE, task, work)
