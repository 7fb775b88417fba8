"""What a run on rented machines will cost, and what it has cost."""

from __future__ import annotations

import math
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.cloud.container import Done
from pipeline.cloud.machines import CLERK, COMPUTING_STAGES, FETCHER, PRICES_DATE, ComputingStage, Machine, machine_of
from pipeline.config.run_config import RunConfig, which_overlaps
from pipeline.corpus.manifest import Document, DocumentPair
from pipeline.flow.flow import Run
from pipeline.flow.shards import effort
from pipeline.progress import duration
from pipeline.tasks import Missing

CHARS_PER_CONTAINER = 200_000
"""A container is rented for at least so much text: starting one takes longer than working on less."""

CHARS_PER_TOKEN = 4.0
"""Of a language like English; other writings are weighed: see `shards.effort`."""
SPLIT_CHARS_PER_SECOND = 250_000.0
"""On one core; English, measured on a desk machine."""

ALIGN_CHARS_PER_SECOND = 500_000.0
"""On one core, both sides counted: a book of 7,000 sentences a side takes a second or two."""

TOKENS_ON_DEMAND = 1.4
"""Tokens encoded for each token of text with overlaps on demand: at most 1.34 on the gold sets."""

CPU_TOKENS_PER_SECOND = 6_000.0
"""On one core, `use-multilingual`: measured in containers that share their cores; twice as much is possible."""

GPU_TOKENS_PER_SECOND: Mapping[str, float] = {
    "T4": 8_000.0,
    "L4": 15_000.0,
    "A10": 30_000.0,
    "L40S": 60_000.0,
    "A100-40GB": 80_000.0,
    "A100-80GB": 80_000.0,
    "H100": 150_000.0,
}
"""LaBSE's body at about a tenth of what the chip can do in half precision: reckoned, not measured."""

STARTUP_SECONDS: Mapping[str, float] = {
    "split": 5.0,
    "encode_on_cpu": 8.0,
    "encode_on_gpu": 45.0,
    "align_on_cpu": 15.0,
    "align_on_gpu": 20.0,
}
"""From asking for a container to its first shard: loading the image, the libraries and the model. Guesses."""


@dataclass(frozen=True)
class Estimate:
    """What a stage is expected to take. `container_seconds` are those of all containers, start and idle included."""

    stage: ComputingStage
    machine: Machine
    n_items: int
    n_containers: int
    wall_seconds: float
    container_seconds: float
    dollars: float

    def __str__(self) -> str:
        if not self.n_items:
            return f"{self.stage:<7} nothing to do"
        containers = f"{self.n_containers} container{'' if self.n_containers == 1 else 's'}"
        on = f"{containers} with {self.machine.gpu or f'{self.machine.cores} cores'}"
        return f"{self.stage:<7} {on}, about {duration(self.wall_seconds)}, {dollars_text(self.dollars)}"


@dataclass(frozen=True)
class Bill:
    """What a function of the app has cost: containers, the seconds they lived, and those in which they worked.

    `ready_seconds` are those from the start of a container to its first shard: loading libraries and model, compiling.
    """

    function: str
    n_containers: int
    container_seconds: float
    busy_seconds: float
    dollars: float
    ready_seconds: float = 0.0

    def __str__(self) -> str:
        containers = f"{self.n_containers} container{'' if self.n_containers == 1 else 's'}"
        seconds = f"{self.container_seconds:,.0f} s billed, {self.busy_seconds:,.0f} s of them at work"
        seconds += f" and {self.ready_seconds:,.0f} s getting ready" if self.ready_seconds >= 0.5 else ""
        return f"{self.function}: {containers}, {seconds}, {dollars_text(self.dollars)}"


def n_containers_for(items: Iterable[Document | DocumentPair], config: RunConfig) -> int:
    """Return how many containers are worth renting for some documents or pairs."""
    enough = math.ceil(sum(map(effort, items)) / CHARS_PER_CONTAINER)
    return max(1, min(config.compute.containers, enough))


def estimate(config: RunConfig, missing: Missing) -> list[Estimate]:
    """Reckon what the missing work will take, from counts and from how fast machines usually are."""
    return [_estimate_stage(stage, getattr(missing, stage), config) for stage in COMPUTING_STAGES]


def _estimate_stage(stage: ComputingStage, items: Sequence[Document | DocumentPair], config: RunConfig) -> Estimate:
    machine = machine_of(stage, config)
    if not items:
        return Estimate(stage, machine, 0, 0, 0.0, 0.0, 0.0)
    n_containers = n_containers_for(items, config)
    around = STARTUP_SECONDS[machine.function] + config.compute.scaledown_seconds
    work = _work_seconds(stage, items, machine, config)
    container_seconds = n_containers * around + work
    price = machine.dollars_per_second(config.compute.prices)
    wall = STARTUP_SECONDS[machine.function] + work / n_containers
    return Estimate(stage, machine, len(items), n_containers, wall, container_seconds, container_seconds * price)


def _work_seconds(
    stage: ComputingStage, items: Sequence[Document | DocumentPair], machine: Machine, config: RunConfig
) -> float:
    if stage != "encode":
        speed = SPLIT_CHARS_PER_SECOND if stage == "split" else ALIGN_CHARS_PER_SECOND
        return sum(item.n_chars for item in items) / speed / machine.cores
    tokens = sum(map(effort, items)) / CHARS_PER_TOKEN
    largest = config.encode.max_overlap
    all_places = largest * (largest + 1) / 2  # overlaps that hold a sentence
    places = {"none": 1.0, "on-demand": min(TOKENS_ON_DEMAND, all_places), "all": all_places}[which_overlaps(config)]
    if machine.gpu is None:
        return tokens * places / CPU_TOKENS_PER_SECOND / machine.cores
    return tokens * places / GPU_TOKENS_PER_SECOND["L40S" if machine.gpu == "any" else machine.gpu]


def bill(done: Iterable[tuple[Machine, Done]], config: RunConfig) -> list[Bill]:
    """Add up what containers have cost, as far as it can be seen from outside.

    A container is reckoned from when its Python began to its last shard, and for the time that it waits for more. The
    seconds in which its image was loaded are not seen, nor a container that died before it gave anything back.
    """
    containers: dict[Machine, dict[str, list[Done]]] = defaultdict(lambda: defaultdict(list))
    for machine, one in done:
        containers[machine][one.container].append(one)
    return [_bill_machine(machine, list(lives.values()), config) for machine, lives in containers.items()]


def bill_clerk(asked: float, busy_seconds: float, config: RunConfig) -> Bill:
    """Reckon the clerk from when it was asked first (a Unix time) until now."""
    seconds = time.time() - asked
    return Bill(CLERK.function, 1, seconds, busy_seconds, seconds * CLERK.dollars_per_second(config.compute.prices))


def bill_fetcher(seconds: float, config: RunConfig) -> Bill:
    """Reckon the machine that fetches weights, as long as it was waited for."""
    return Bill(FETCHER.function, 1, seconds, seconds, seconds * FETCHER.dollars_per_second(config.compute.prices))


def _bill_machine(machine: Machine, lives: Sequence[Sequence[Done]], config: RunConfig) -> Bill:
    alive = sum(max(one.stopped for one in life) - life[0].container_started for life in lives)
    seconds = alive + len(lives) * config.compute.scaledown_seconds
    busy = sum(one.stopped - one.started for life in lives for one in life)
    ready = sum(life[0].started - life[0].container_started for life in lives)
    price = machine.dollars_per_second(config.compute.prices)
    return Bill(machine.function, len(lives), seconds, busy, seconds * price, ready)


def costs_of(run: Run, bills: Sequence[Bill]) -> dict[str, Any]:
    """Return what a report says of the costs of a run, and of what this run did: the rest was paid for before.

    Speed is None where nothing was encoded, the price of sentence pairs where nothing was aligned.
    """
    total = sum(one.dollars for one in bills)
    encoding = sum(one.busy_seconds for one in bills if one.function.startswith("encode"))
    n_tokens = run.records["encode"].counts["tokens"] if encoding else 0
    aligned = run.count_aligned()
    n_pairs = aligned["beads"] - aligned["nulls"]
    costs = {
        "prices_of": PRICES_DATE,
        "machines": [vars(one) for one in bills],
        "dollars": round(total, 6),
        "tokens_per_second": round(n_tokens / encoding, 1) if encoding else None,
        "sentence_pairs": n_pairs,
        "dollars_per_million_pairs": round(1e6 * total / n_pairs, 2) if n_pairs else None,
    }
    return {**costs, "lines": [_sum_up(costs), *(f"  {one}" for one in bills)]}


def _sum_up(costs: dict[str, Any]) -> str:
    """Write the costs of a run in a line."""
    parts = [f"{dollars_text(costs['dollars'])} at the prices of {costs['prices_of']}"]
    if costs["tokens_per_second"]:
        parts.append(f"{costs['tokens_per_second']:,.0f} tokens per second of encoding")
    if costs["dollars_per_million_pairs"]:
        price = dollars_text(costs["dollars_per_million_pairs"])
        parts.append(f"{price} per million sentence pairs (this run aligned {costs['sentence_pairs']:,})")
    return "cost: " + "; ".join(parts)


def dollars_text(dollars: float) -> str:
    """Write a sum as people read it: $0, $0.0031, $1.24, $310."""
    if dollars < 0.00005:
        return "less than $0.0001" if dollars else "$0"
    digits = 4 if dollars < 0.1 else 2 if dollars < 100 else 0
    return f"${dollars:,.{digits}f}"
