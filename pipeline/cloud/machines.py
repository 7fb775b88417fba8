"""The kinds of machines that are rented, and what they cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from pipeline.config.run_config import RunConfig
from stages.encode.registry import describe

ComputingStage = Literal["split", "encode", "align"]
COMPUTING_STAGES: tuple[ComputingStage, ...] = get_args(ComputingStage)

PRICES_DATE = "2026-11"
"""When these prices were looked up: modal.com/pricing. A config overrides them in `[compute] prices`."""

PRICES: Mapping[str, float] = {
    "T4": 0.000164,
    "L4": 0.000222,
    "A10": 0.000306,
    "L40S": 0.000542,
    "A100-40GB": 0.000583,
    "A100-80GB": 0.000694,
    "H100": 0.001097,
    "core": 0.0000131,
    "memory": 0.00000222,
}
"""Dollars a second: of a GPU, of a CPU core, of a GiB of memory."""


@dataclass(frozen=True)
class Machine:
    """A kind of container: the function of the app that runs on it, and what it is made of."""

    function: str
    cores: int
    memory_gib: int
    gpu: str | None = None

    def dollars_per_second(self, prices: Mapping[Any, float]) -> float:
        """Return its price; "any" GPU is reckoned at the first that is asked for."""
        table: dict[Any, float] = {**PRICES, **prices}
        gpu = table["L40S" if self.gpu == "any" else self.gpu] if self.gpu else 0.0
        return gpu + self.cores * table["core"] + self.memory_gib * table["memory"]


CLERK = Machine("clerk", cores=2, memory_gib=4)
FETCHER = Machine("fetch_weights", cores=2, memory_gib=8)


def machine_of(stage: ComputingStage, config: RunConfig) -> Machine:
    """Return what a stage of a run is done on."""
    cores = config.compute.cores
    if stage == "split":
        return Machine("split", cores, memory_gib=1 + cores)
    if stage == "encode" and describe(config.encode).wants_gpu:
        return Machine("encode_on_gpu", 4, memory_gib=16, gpu=config.compute.encode_gpu)
    if stage == "encode":
        return Machine("encode_on_cpu", cores, memory_gib=1 + cores)
    if config.compute.align_gpu == "none":
        return Machine("align_on_cpu", cores, memory_gib=2 * cores)
    return Machine("align_on_gpu", cores, memory_gib=2 * cores, gpu=config.compute.align_gpu)
