"""Estimate the costs of a run on rented machines, and add up what it has cost."""

from __future__ import annotations

import math
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.cloud.container import Done
from pipeline.cloud.machines import (
    CLERK,
    CLERK_SCALEDOWN_SECONDS,
    COMPUTING_STAGES,
    Machine,
    machine_of,
)
from pipeline.cloud.prices import PRICES_DATE
from pipeline.cloud.speeds import (
    ALIGN_CHARS_PER_SECOND,
    CHARS_PER_TOKEN,
    CPU_TOKENS_PER_SECOND,
    GPU_TOKENS_PER_SECOND,
    MIN_SECONDS,
    NANO_TOKENS_PER_SECOND,
    REQUEST_SHARE,
    SPLIT_CHARS_PER_SECOND,
    STARTUP_SECONDS,
    TOKENS_ON_DEMAND,
    key_of,
)
from pipeline.config.run_config import RunConfig, which_overlaps
from pipeline.flow.run import Run
from pipeline.progress import duration
from pipeline.tasks.missing import Missing, Todo
from pipeline.tasks.work import ComputingStage
from stages.encode.registry import NANO_E5, describe

NOTHING: Mapping[str, float] = {}


@dataclass(frozen=True)
class Estimate:
    """What a stage is expected to take. `container_seconds` are those of all containers, start and idle included."""

    stage: str
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


def n_containers_for(text: float, machine: Machine, config: RunConfig) -> int:
    """Return how many containers are worth renting for so many characters of a language like English."""
    return max(1, min(config.compute.containers, math.ceil(text / worthwhile_chars(machine, config))))


def worthwhile_chars(machine: Machine, config: RunConfig) -> float:
    """Return how much text a container is rented for at least: it works as long as it takes to come and go.

    About ten million characters for an L40S, one for an encoder on four cores.
    """
    return around_seconds(machine, config) * chars_per_second(machine, config)


def around_seconds(machine: Machine, config: RunConfig) -> float:
    """Return how long a container is paid for beside its work."""
    return STARTUP_SECONDS[machine.function] + scaledown_seconds(machine, config)


def scaledown_seconds(machine: Machine, config: RunConfig) -> int:
    """Return how long an idle container is kept: on a GPU, with overlaps on demand, as long as a new one takes to come.

    Between the two rounds of encoding it waits while pairs are searched for the overlaps to request.
    """
    seconds = config.compute.scaledown_seconds
    if machine.function == "encode_on_gpu" and which_overlaps(config) == "on-demand":
        return max(seconds, round(STARTUP_SECONDS[machine.function]))
    return seconds


def chars_per_second(machine: Machine, config: RunConfig, speeds: Mapping[str, float] = NOTHING) -> float:
    """Return how fast a container works, in characters of a language like English; `speeds` are measured ones."""
    is_on_demand = which_overlaps(config) == "on-demand"
    if machine.function == "split":
        return SPLIT_CHARS_PER_SECOND * machine.cores
    if machine.function.startswith("align"):
        return ALIGN_CHARS_PER_SECOND * machine.cores / (1 + REQUEST_SHARE * is_on_demand)
    largest = config.encode.max_overlap
    all_places = largest * (largest + 1) / 2  # overlaps that hold a sentence
    places = {"none": 1.0, "on-demand": min(TOKENS_ON_DEMAND, all_places), "all": all_places}[which_overlaps(config)]
    return tokens_per_second(machine, config, speeds) * CHARS_PER_TOKEN / places


def tokens_per_second(machine: Machine, config: RunConfig, speeds: Mapping[str, float] = NOTHING) -> float:
    """Return how fast a container encodes: as measured by a run before, or else as assumed."""
    if machine.gpu is None:
        speed = NANO_TOKENS_PER_SECOND if config.encode.encoder == NANO_E5 else CPU_TOKENS_PER_SECOND
        return speed * machine.cores
    gpu = "L40S" if machine.gpu == "any" else machine.gpu
    return speeds.get(key_of(gpu, describe(config.encode).id), GPU_TOKENS_PER_SECOND[gpu])


def estimate(config: RunConfig, missing: Missing, speeds: Mapping[str, float] = NOTHING) -> list[Estimate]:
    """Estimate what the missing work will take, from counts and from how fast machines are; the clerk comes last."""
    stages = [_estimate_stage(stage, getattr(missing, stage), config, speeds) for stage in COMPUTING_STAGES]
    wall = sum(one.wall_seconds for one in stages)
    seconds = STARTUP_SECONDS[CLERK.function] + wall + CLERK_SCALEDOWN_SECONDS
    price = CLERK.dollars_per_second(config.compute.prices)
    return [*stages, Estimate("clerk", CLERK, 1, 1, wall, seconds, seconds * price)]


def _estimate_stage(stage: ComputingStage, todo: Todo, config: RunConfig, speeds: Mapping[str, float]) -> Estimate:
    machine = machine_of(stage, config, todo.n_chars / max(1, todo.n_items))
    if not todo.n_items:
        return Estimate(stage, machine, 0, 0, 0.0, 0.0, 0.0)
    text = todo.effort if stage == "encode" else float(todo.n_chars)
    n_containers = n_containers_for(text, machine, config)
    work = text / chars_per_second(machine, config, speeds)
    container_seconds = n_containers * around_seconds(machine, config) + work
    price = machine.dollars_per_second(config.compute.prices)
    wall = STARTUP_SECONDS[machine.function] + work / n_containers
    return Estimate(stage, machine, todo.n_items, n_containers, wall, container_seconds, container_seconds * price)


def describe_speed(config: RunConfig, speeds: Mapping[str, float]) -> str:
    """Say how fast the encoder is taken to be, and how that is known; empty for one that wants no GPU."""
    machine = machine_of("encode", config)
    if machine.gpu is None:
        return ""
    gpu = "L40S" if machine.gpu == "any" else machine.gpu
    encoder = describe(config.encode).id
    how = "as the last run measured" if key_of(gpu, encoder) in speeds else "assumed: the first longer run measures it"
    return f"encoding at {tokens_per_second(machine, config, speeds):,.0f} tokens/s on {gpu} ({how})"


def measured_speed(run: Run, bills: Sequence[Bill]) -> tuple[str, float] | None:
    """Return what is worth keeping of how fast a run has encoded on a GPU: under what, and tokens per second."""
    machine = machine_of("encode", run.config)
    seconds = sum(one.busy_seconds for one in bills if one.function == machine.function)
    if machine.gpu in (None, "any") or seconds < MIN_SECONDS:
        return None
    n_tokens = run.count_of("encode", "tokens")
    if not n_tokens:
        return None
    return key_of(str(machine.gpu), describe(run.config.encode).id), round(n_tokens / seconds, 1)


def bill(done: Iterable[tuple[Machine, Done]], config: RunConfig) -> list[Bill]:
    """Add up what containers have cost, as far as it can be seen from outside.

    A container is counted from when its Python began to its last shard, and for the time that it waits for more. The
    seconds in which its image was loaded are not seen, nor a container that died before it gave anything back.
    """
    containers: dict[Machine, dict[str, list[Done]]] = defaultdict(lambda: defaultdict(list))
    for machine, one in done:
        containers[machine][one.container].append(one)
    return [_bill_machine(machine, list(lives.values()), config) for machine, lives in containers.items()]


def bill_clerk(asked: float, busy_seconds: float, config: RunConfig) -> Bill:
    """Return what the clerk costs since it was asked first (a Unix time), and while it waits for more."""
    seconds = time.time() - asked + CLERK_SCALEDOWN_SECONDS
    return Bill(CLERK.function, 1, seconds, busy_seconds, seconds * CLERK.dollars_per_second(config.compute.prices))


def bill_helper(machine: Machine, seconds: float, config: RunConfig) -> Bill:
    """Estimate the cost of a machine that does one thing for a run, as long as it was waited for."""
    return Bill(machine.function, 1, seconds, seconds, seconds * machine.dollars_per_second(config.compute.prices))


def _bill_machine(machine: Machine, lives: Sequence[Sequence[Done]], config: RunConfig) -> Bill:
    alive = sum(max(one.stopped for one in life) - life[0].container_started for life in lives)
    seconds = alive + len(lives) * scaledown_seconds(machine, config)
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
    n_tokens = run.count_of("encode", "tokens") if encoding else 0
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
