"""Backend: machines rented from Modal. Only addresses and counts travel; texts and vectors stay on the Volume."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

import modal

from pipeline import tasks
from pipeline.cloud import app as cloud
from pipeline.cloud import images
from pipeline.cloud.container import Done, Work
from pipeline.cloud.costs import (
    Bill,
    around_seconds,
    bill,
    bill_clerk,
    bill_fetcher,
    dollars_text,
    mean_chars,
    n_containers_for,
    scaledown_seconds,
)
from pipeline.cloud.exports import export_to_volume
from pipeline.cloud.machines import ComputingStage, Machine, machine_of
from pipeline.cloud.weights import is_fetched
from pipeline.config.run_config import RunConfig
from pipeline.corpus.manifest import Document, DocumentPair, Manifest
from pipeline.errors import BitextError, BudgetError
from pipeline.flow.shards import effort
from pipeline.store.store import Store
from pipeline.tasks import Exported, Shard, ShardOutcome, Task
from stages.encode.registry import describe

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")
Item = TypeVar("Item")

STAGE_OF: dict[Task, ComputingStage] = {
    tasks.split_shard: "split",
    tasks.encode_shard: "encode",
    tasks.contest_shard: "align",
    tasks.align_shard: "align",
}

MIN_SHARD_CHARS = 200_000
"""A smaller shard isn't worth a call, which brings the Volume up to date before and after it."""

POLL_SECONDS = 1.0
"""How often a stage that is running is held against the budget."""


class ModalBackend:
    """Runs tasks in containers of the app, which must be running.

    `max_dollars` is held against what the containers of this run have cost and, of those that are at work, may have.
    What the clerk does is counted, but never refused: it costs little, and writes what has been paid for.
    """

    min_shard_chars = MIN_SHARD_CHARS

    def __init__(
        self,
        config: RunConfig,
        note: Callable[[str], None],
        clerk: Callable[[Callable[..., Any], tuple[Any, ...], dict[str, Any]], Any] = cloud.clerk.remote,
        max_dollars: float | None = None,
    ):
        images.require_bucket(config.corpus)
        self.n_workers = config.compute.containers
        self._config = config
        self.note = note
        self._clerk = clerk
        self._max_dollars = max_dollars
        self.done: list[tuple[Machine, Done]] = []
        """What each container did."""
        self._first_asked: float | None = None
        self._clerk_seconds = 0.0
        self._fetch_seconds = 0.0
        self._n_rented: dict[Machine, int] = {}
        self._call: str | None = None

    def do(
        self,
        task: Callable[Concatenate[Store, Parameters], Result],
        *arguments: Parameters.args,
        **options: Parameters.kwargs,
    ) -> Result:
        """Run one task where the store lies; exports are left there, in the run's folder."""
        if task is tasks.export_run:
            export: Callable[..., Any] = self.export
            return cast(Result, export(*arguments, **options))
        return cast(Result, self.ask(task, *arguments, **options))

    def export(self, config: RunConfig, manifest: Manifest, folder: Path | None) -> Exported:
        """Write the exports into the folder of the run in the store, in place of the former ones."""
        if folder is None:
            return cast(Exported, self.ask(tasks.export_run, config, manifest, None))
        return cast(Exported, self.ask(export_to_volume, config, manifest))

    def map(self, task: Task, config: RunConfig, shards: Sequence[Shard]) -> Iterator[ShardOutcome]:
        """Run a task on every shard and give each outcome as it comes, or what killed its container.

        Raises BudgetError before the containers cost more than they may.
        """
        items = [item for shard in shards for item in shard.items]
        machine = machine_of(STAGE_OF[task], config, mean_chars(items))
        n_containers = self._n_containers(machine, items)
        works = [
            Work(index, config, shard, is_contest=task is tasks.contest_shard) for index, shard in enumerate(shards)
        ]
        waiting, deaths = dict(enumerate(shards)), []
        n_working = min(n_containers, len(shards))
        around = around_seconds(machine, config)
        if machine.function == "encode_on_gpu":
            self._fetch_weights(config)
        before, started = self.dollars(), time.time()
        self._check_budget(before, n_working * around * _price(machine, config))
        function = _function(machine, config, n_containers)
        for done in _every(POLL_SECONDS, function.map(works, order_outputs=False, return_exceptions=True)):
            if isinstance(done, Done):
                self._take(machine, done)
                yield waiting.pop(done.index), done.result
            elif isinstance(done, Exception):
                deaths.append(done)  # it doesn't say which shard it was: one of those that are left in the end
            seconds = time.time() - started + scaledown_seconds(machine, config)
            self._check_budget(before, n_working * seconds * _price(machine, config))
        self._call = None
        yield from zip(waiting.values(), deaths, strict=True)

    def _n_containers(self, machine: Machine, items: Sequence[Document | DocumentPair]) -> int:
        """Return how many containers a run may have of a kind: as many as when it needed them first.

        A function with another number is another function to Modal, with cold containers of its own.
        """
        if machine not in self._n_rented:
            self._n_rented[machine] = n_containers_for(float(sum(map(effort, items))), machine, self._config)
        return self._n_rented[machine]

    def _fetch_weights(self, config: RunConfig) -> None:
        """Have a machine without a GPU fetch a model of the hub, unless it is there; raises ConfigError."""
        info, secret = describe(config.encode), config.compute.hf_secret
        if info.revision is None or is_fetched(info):
            return
        self.note(f"weights of {info.id} are fetched, once")
        started = time.time()
        function: Any = cloud.fetch_weights
        if secret:
            function = function.with_options(secrets=[modal.Secret.from_name(secret, required_keys=[images.HF_TOKEN])])
        problem = function.remote(config.encode.model_dump_json())
        self._fetch_seconds += time.time() - started
        if problem is not None:
            raise problem

    def _take(self, machine: Machine, done: Done) -> None:
        """Remember what a container did, and say so where faiss is not to be trusted on its GPU."""
        self._call = done.call
        self.done.append((machine, done))
        if "WRONG" in str(done.facts.get("faiss")):
            self.note(f"{machine.function}: {done.facts['faiss']}")

    def stop(self) -> None:
        """End the containers that are at work on a stage that has been given up, if any shard has told of them yet.

        A deployed app goes on without whoever called it; what `modal run` has started ends with it.
        """
        if self._call is not None:
            modal.FunctionCall.from_id(self._call).cancel(terminate_containers=True)
            self._call = None

    def bills(self) -> list[Bill]:
        """Return what each function of the app has cost this run so far."""
        bills = bill(self.done, self._config)
        if self._fetch_seconds:
            bills.append(bill_fetcher(self._fetch_seconds, self._config))
        if self._first_asked is not None:
            bills.append(bill_clerk(self._first_asked, self._clerk_seconds, self._config))
        return bills

    def dollars(self) -> float:
        """Return what this run has cost so far."""
        return sum(one.dollars for one in self.bills())

    def _check_budget(self, spent: float, at_work: float) -> None:
        """Raise BudgetError if what is spent, and what the containers at work may take, is too much."""
        if self._max_dollars is not None and spent + at_work > self._max_dollars:
            raise BudgetError(
                f"stopped before it costs more than {dollars_text(self._max_dollars)}: {dollars_text(spent)} is spent, "
                f"and the machines that are at work, or would be next, may take {dollars_text(at_work)}. "
                "What is finished is kept; the next run goes on from there"
            )

    def ask(self, task: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        """Have the clerk run a task; raises the BitextError that it ended with."""
        started = time.time()
        self._first_asked = self._first_asked or started
        try:
            answer = self._clerk(task, arguments, options)
        finally:
            self._clerk_seconds += time.time() - started
        if isinstance(answer, BitextError):
            raise answer
        return answer


def _function(machine: Machine, config: RunConfig, n_containers: int) -> Any:
    """Return the function of the app that runs on a kind of machine, set up as the config asks."""
    compute = config.compute
    options: dict[str, Any] = {
        "cpu": machine.cores,
        "memory": machine.memory_gib * 1024,
        "max_containers": n_containers,
        "timeout": compute.timeout_minutes * 60,
        "scaledown_window": scaledown_seconds(machine, config),
        "retries": modal.Retries(max_retries=compute.retries, initial_delay=1.0),
    }
    if machine.gpu not in (None, "any"):
        options["gpu"] = machine.gpu
    function: Any = getattr(cloud, machine.function)
    configured = function.with_options(**options)
    if machine.function == "encode_on_gpu":
        return configured(encode_config=config.encode.model_dump_json()).encode
    return configured


def _price(machine: Machine, config: RunConfig) -> float:
    return machine.dollars_per_second(config.compute.prices)


def _every(seconds: float, items: Iterable[Item]) -> Iterator[Item | None]:
    """Give items as they come, and None whenever none has come for so long."""
    arrived: queue.Queue[tuple[str, Any]] = queue.Queue()
    threading.Thread(target=_pump, args=(items, arrived), daemon=True).start()
    while True:
        try:
            kind, item = arrived.get(timeout=seconds)
        except queue.Empty:
            yield None
            continue
        if kind == "error":
            raise item
        if kind == "end":
            return
        yield item


def _pump(items: Iterable[Any], arrived: queue.Queue[tuple[str, Any]]) -> None:
    try:
        for item in items:
            arrived.put(("item", item))
        arrived.put(("end", None))
    except BaseException as error:  # noqa: BLE001 - it is raised again where the items are waited for
        arrived.put(("error", error))
