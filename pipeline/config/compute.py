"""The `[compute]` section: where and how fast a run is done. Nothing here changes a result, or is in an address."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from stages.config import Section

Gpu = Literal["T4", "L4", "A10", "L40S", "A100-40GB", "A100-80GB", "H100"]
AlignGpu = Literal["T4", "L4", "A10", "L40S", "A100-40GB", "A100-80GB"]
"""No H100: faiss-gpu-cu12 has no code for it."""

MINUTE = 60


class ComputeConfig(Section):
    """Where and how fast it runs; never changes the result."""

    workers: int | None = Field(default=None, ge=1)
    """Processes on this machine; all cores without it."""

    shard_chars: int = Field(default=2_000_000, ge=1)
    """Characters of text in a shard, the unit of work and of resuming; small corpora are cut finer for all cores."""

    encode_gpu: Gpu | Literal["any"] = "L40S"
    """On Modal: the GPU that encodes, or "any" for the first that is free; an encoder that wants none rents none."""

    hf_secret: str | None = None
    """On Modal: the name of a Secret with HF_TOKEN, with which the weights of a private model are fetched."""

    align_gpu: AlignGpu | Literal["auto", "none"] = "auto"
    """On Modal: the GPU that searches for anchors, rented always. "none" aligns on CPUs; "auto" rents a T4 where pairs
    are so long that it costs less, by the price table: about from 30,000 sentences a side with the method `bertalign`,
    and hardly ever with the default one, which searches long documents by a sample."""

    containers: int = Field(default=8, ge=1, le=500)
    """On Modal: how many containers a stage may have at once."""

    cores: int = Field(default=4, ge=1, le=32)
    """On Modal: cores of a container that splits, aligns, or encodes without a GPU; it runs as many processes."""

    timeout_minutes: int = Field(default=60, ge=1, le=24 * 60)
    """On Modal: a shard that takes longer is stopped and tried again."""

    scaledown_seconds: int = Field(default=10, ge=2, le=20 * MINUTE)
    """On Modal: how long a container waits for more work; this time is paid for."""

    retries: int = Field(default=1, ge=0, le=10)
    """On Modal: how often a shard whose container died is sent to another one before the run looks into it."""

    prices: dict[Gpu | Literal["core", "memory"], Annotated[float, Field(ge=0)]] = Field(default_factory=dict)
    """On Modal: dollars a second of a GPU, a CPU core or a GiB of memory, where yours differ from those in the code."""
