"""A service's config: which encoder it keeps warm, what it takes on, and how it is deployed."""

from __future__ import annotations

from pathlib import Path, PurePath

from pydantic import Field, ValidationError, field_validator

from pipeline.config.compute import Gpu
from pipeline.config.explain import explain
from pipeline.config.run_config import read_toml
from pipeline.errors import ConfigError
from stages.config import Section
from stages.encode.config import EncodeConfig
from stages.encode.registry import AUTO, EMBEDDED, NANO_E5, USE_MULTILINGUAL

MINUTE = 60


class LimitsConfig(Section):
    """What a service takes on; whatever is beyond is refused, and the answer says which limit it was."""

    body_bytes: int = Field(default=8_000_000, ge=1000)
    """Bytes of a request."""

    characters: int = Field(default=2_000_000, ge=1)
    """Characters of both texts of an alignment, or of all inputs of a request for embeddings."""

    sentences: int = Field(default=10_000, ge=1)
    """Sentences of both texts of an alignment."""

    inputs: int = Field(default=2048, ge=1)
    """Texts in a request for embeddings."""

    max_overlap: int = Field(default=8, ge=1, le=16)
    """The largest `max_overlap` that a request may ask for."""

    timeout_seconds: float = Field(default=60, gt=0)
    """A request that takes longer, waiting included, is given up."""

    job_minutes: float = Field(default=15, gt=0)
    """The same for jobs and streams, in minutes."""

    upload_seconds: float = Field(default=20, gt=0)
    """How long a client may take to send its request."""

    header_seconds: float = Field(default=10, gt=0)
    """How long a client may take to send the headers of its request."""

    connections: int = Field(default=1000, ge=16)
    """Connections at once, and at most half as many as the system lets the service have files open. Beyond that the
    oldest without a request is closed."""

    alignment_mb: int = Field(default=3500, ge=100)
    """Memory in MB that an alignment may take, as estimated from the numbers of its sentences and its options."""

    queue: int = Field(default=64, ge=0)
    """Requests that may wait beside those that are worked on; the next is told to come again later."""

    jobs: int = Field(default=200, ge=1)
    """Jobs that are kept, finished ones included; the oldest finished ones make room for new ones."""

    keep_minutes: float = Field(default=60, gt=0)
    """How long a finished job can be fetched; then its result is deleted."""

    grace_seconds: float = Field(default=30, ge=0)
    """How long work that has been accepted may go on after the service is told to end."""


class DeployConfig(Section):
    """The service on Modal."""

    gpu: Gpu = "L40S"
    """The GPU; an encoder that wants none rents none."""

    max_containers: int = Field(default=2, ge=1, le=100)
    """Containers at once, at most."""

    scaledown_seconds: int = Field(default=120, ge=2, le=20 * MINUTE)
    """How long a container stays warm without a request; this time is paid for."""

    concurrent: int = Field(default=32, ge=1, le=500)
    """Requests that a container takes at once; their texts are encoded together."""

    cores: float = Field(default=4, ge=1, le=32)
    """CPU cores of a container."""

    memory_snapshot: bool = True
    """Start containers from a picture of their memory after the libraries were loaded."""

    token_secret: str = "bitext-api-token"
    """The name of the Modal Secret with BITEXT_API_TOKEN."""

    hf_secret: str | None = None
    """The name of a Modal Secret with HF_TOKEN, for a private model."""


class ServeConfig(Section):
    """A service: one encoder by one name."""

    name: str = Field(default="embedded", pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")
    """Its name among several: on Modal the app is called bitext-serve-<name>."""

    model: str | None = Field(default=None, min_length=1, max_length=200)
    """What /v1/models calls the encoder; by default as `encode.encoder` does, or the last part of a path."""

    encode: EncodeConfig = EncodeConfig(encoder=USE_MULTILINGUAL)
    """The encoder: as in a run's config."""

    workers: int | None = Field(default=None, ge=1, le=256)
    """Requests worked on at once: processes of an encoder that wants no GPU (by default as many as there are cores), or
    threads that share one that does (by default as many as `deploy.concurrent`)."""

    batch_texts: int = Field(default=512, ge=1)
    """Texts of waiting requests that are encoded together, at most, but for a single request with more."""

    limits: LimitsConfig = LimitsConfig()
    """What it takes on."""

    deploy: DeployConfig = DeployConfig()
    """How it is deployed on Modal."""

    @field_validator("encode")
    @classmethod
    def _encoder_is_one(cls, encode: EncodeConfig) -> EncodeConfig:
        if encode.encoder == AUTO:
            raise ValueError(
                f"encode.encoder: {AUTO!r} is not valid for a service: it keeps one encoder warm, and texts to embed "
                f"name no language. Write {USE_MULTILINGUAL} for its sixteen languages, or {NANO_E5} for about a "
                "hundred; for both, serve two configs with ports of their own"
            )
        return encode

    @property
    def model_name(self) -> str:
        """Return what /v1/models calls the encoder; where it lies on the disk is nobody's business."""
        if self.model is not None:
            return self.model
        name = self.encode.encoder
        return PurePath(name).name if name.startswith(("/", ".", "~")) or "\\" in name else name

    @property
    def wants_gpu(self) -> bool:
        """Say whether the encoder is shared by threads and wants a GPU; a path may exist where it runs only."""
        return self.encode.encoder not in EMBEDDED


def load_serve(path: Path) -> ServeConfig:
    """Read a service's config; raises ConfigError with all that is wrong."""
    try:
        return ServeConfig.model_validate(read_toml(path, advice="name a file like configs/serve/labse.toml"))
    except ValidationError as error:
        raise ConfigError.from_problems(str(path), explain(error, ServeConfig)) from None
