"""The kinds of machines that are rented, and which of them a stage is done on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, get_args

from pipeline.cloud.prices import PRICES
from pipeline.cloud.speeds import (
    ALIGN_CHARS_PER_SECOND,
    CHARS_PER_SENTENCE,
    CPU_CELLS_PER_SECOND,
    GPU_CELLS_PER_SECOND,
    cells_searched,
)
from pipeline.config.run_config import RunConfig
from pipeline.tasks.work import ComputingStage
from stages.encode.registry import describe

COMPUTING_STAGES: tuple[ComputingStage, ...] = get_args(ComputingStage)

CHEAPEST_GPU = "T4"
"""Which is rented for the align stage where one pays."""


@dataclass(frozen=True)
class Machine:
    """A kind of container: the function of the app that runs on it, and what it is made of."""

    function: str
    cores: int
    memory_gib: int
    gpu: str | None = None

    def dollars_per_second(self, prices: Mapping[Any, float]) -> float:
        """Return its price; "any" GPU is counted as the first that is asked for."""
        table: dict[Any, float] = {**PRICES, **prices}
        gpu = table["L40S" if self.gpu == "any" else self.gpu] if self.gpu else 0.0
        return gpu + self.cores * table["core"] + self.memory_gib * table["memory"]


CLERK_SCALEDOWN_SECONDS = 60
"""How long the clerk waits to be asked more: between the stages of a run, which it is not to be started anew for."""

CLERK = Machine("clerk", cores=2, memory_gib=4)
FETCHER = Machine("fetch_weights", cores=2, memory_gib=8)
COMPILER = Machine("compile_kernels", cores=2, memory_gib=2)


def machine_of(stage: ComputingStage, config: RunConfig, pair_chars: float = 0.0) -> Machine:
    """Return what a stage of a run is done on; `pair_chars` are the characters of both sides of a typical pair."""
    cores = config.compute.cores
    if stage == "split":
        return Machine("split", cores, memory_gib=1 + cores)
    if stage == "encode" and describe(config.encode).wants_gpu:
        return Machine("encode_on_gpu", 4, memory_gib=16, gpu=config.compute.encode_gpu)
    if stage == "encode":
        return Machine("encode_on_cpu", cores, memory_gib=1 + cores)
    on_cpu = Machine("align_on_cpu", cores, memory_gib=2 * cores)
    gpu = config.compute.align_gpu
    on_gpu = replace(on_cpu, function="align_on_gpu", gpu=CHEAPEST_GPU if gpu in ("auto", "none") else gpu)
    if gpu == "auto":
        return on_gpu if gpu_pays(pair_chars, on_cpu, on_gpu, config) else on_cpu
    return on_cpu if gpu == "none" else on_gpu


def gpu_pays(pair_chars: float, on_cpu: Machine, on_gpu: Machine, config: RunConfig) -> bool:
    """Say whether pairs of such length are aligned for less where a GPU searches for their anchors.

    All else takes as long on both machines, and costs more on that with the GPU.
    """
    cells = cells_searched(pair_chars / 2 / CHARS_PER_SENTENCE, config.align.method)
    rest = pair_chars / ALIGN_CHARS_PER_SECOND / on_cpu.cores
    seconds_on_cpu = rest + cells / CPU_CELLS_PER_SECOND / on_cpu.cores
    seconds_on_gpu = rest + cells / GPU_CELLS_PER_SECOND
    prices = config.compute.prices
    return seconds_on_gpu * on_gpu.dollars_per_second(prices) < seconds_on_cpu * on_cpu.dollars_per_second(prices)
