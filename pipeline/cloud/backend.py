"""Backend: machines rented from Modal. Only addresses and counts travel; texts and vectors stay on the Volume."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

import modal

from pipeline.cloud import app as cloud
from pipeline.cloud import images
from pipeline.cloud.container import Done
from pipeline.cloud.costs import (
    Bill,
    around_seconds,
    bill,
    bill_clerk,
    bill_helper,
    dollars_text,
    n_containers_for,
    scaledown_seconds,
)
from pipeline.cloud.exports import export_to_volume
from pipeline.cloud.machines import COMPILER, FETCHER, Machine, machine_of
from pipeline.cloud.weights import is_fetched
from pipeline.config.run_config import RunConfig
from pipeline.corpus.intake import read_corpus
from pipeline.errors import BitextError, BudgetError
from pipeline.manifest import Manifest
from pipeline.store.run_store import RunStore
from pipeline.tasks.export import Exported, export_run
from pipeline.tasks.look import Looked, Said, look
from pipeline.tasks.missing import ShardReviews
from pipeline.tasks.work import ComputingStage, Outcome, Task, Work
from stages.align.kernel_digest import COMPILED, kernels_folder
from stages.encode.registry import describe

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


MIN_SHARD_CHARS = 200_000
"""A smaller shard isn't worth a call, which brings the Volume up to date before and after it."""


class ModalBackend:
    """Runs tasks in containers of the app, which must be running.

    `max_dollars` is held against what the containers of this run have cost and, of those that are at work, may have.
    What the clerk does, and what compiles the kernels, is counted, but never refused: it costs little, and the clerk
    writes what has been paid for.
    """

    min_shard_chars = MIN_SHARD_CHARS

    def __init__(
        self,
        config: RunConfig,
        note: Callable[[str], None],
        clerk: Callable[[Callable[..., Any], RunConfig, tuple[Any, ...], dict[str, Any]], Any] = cloud.clerk.remote,
        max_dollars: float | None = None,
    ):
        images.require_bucket(config.corpus)
        self._config = config
        self.note = note
        self._clerk = clerk
        self._max_dollars = max_dollars
        self.done: list[tuple[Machine, Done]] = []
        """What each container did."""
        self._is_stopped = False
        self._given_up: list[Bill] = []
        """What containers have cost whose answer nobody waited for."""
        self._compiling: threading.Thread | None = None
        self._first_asked: float | None = None
        self._compile_started: float | None = None
        self._compile_stopped: float | None = None
        self._clerk_seconds = self._fetch_seconds = 0.0
        self.manifest = Manifest()
        self._functions: dict[Machine, Any] = {}
        self._lock = threading.Lock()
        self._at_work: dict[Future[Outcome], tuple[Machine, float]] = {}
        """What each call is done on, and since when."""
        self._calls: dict[Future[Outcome], Any] = {}

    # ---- where the store lies

    def do(
        self,
        job: Callable[Concatenate[RunStore, Parameters], Result],
        config: RunConfig,
        *arguments: Parameters.args,
        **options: Parameters.kwargs,
    ) -> Result:
        """Do something once, where the store lies."""
        return cast(Result, self.ask(job, config, *arguments, **options))

    def ask(self, job: Callable[..., Any], config: RunConfig, *arguments: Any, **options: Any) -> Any:
        """Have the clerk do something; raises the BitextError that it ended with."""
        started = time.time()
        self._first_asked = self._first_asked or started
        try:
            answer = self._clerk(job, config, arguments, options)
        finally:
            self._clerk_seconds += time.time() - started
        if isinstance(answer, BitextError):
            raise answer
        return answer

    def read_corpus(self, config: RunConfig, limit: int | None, is_fresh: bool = False) -> Manifest:
        """Read a corpus that lies on the Volume, or in the bucket."""
        self.manifest = self.do(read_corpus, config, limit, self.min_shard_chars, is_fresh)
        return self.manifest

    def look(self, config: RunConfig, limit: int | None, said: Said) -> Looked:
        """Read a corpus that lies on the Volume, or in the bucket, and count what of it is missing."""
        return self.do(look, config, limit, said, self.min_shard_chars)

    def export(self, config: RunConfig, manifest: Manifest, reviews: ShardReviews, folder: Path | None) -> Exported:
        """Write the exports into the folder of the run in the store, in place of the former ones."""
        if folder is None:
            return self.do(export_run, config, manifest, reviews, None)
        return self.do(export_to_volume, config, manifest, reviews)

    # ---- in containers

    def n_workers_for(self, stage: ComputingStage, config: RunConfig) -> int:
        """Return how many containers a stage may have."""
        return self._n_containers(self._machine_of(stage, config))

    def shares_workers(self, config: RunConfig) -> bool:  # noqa: ARG002 (none does)
        """Say that each stage has containers of its own."""
        return False

    @contextmanager
    def computing(self, config: RunConfig) -> Iterator[None]:  # noqa: ARG002 (all machines are rented when needed)
        """Forget, in the end, what has been given up, but not what it has cost."""
        try:
            yield
        finally:
            self._given_up += self._unanswered()
            self._at_work.clear()

    def expect_to_align(self, config: RunConfig) -> None:
        """Have the kernels compiled meanwhile, unless they are kept from an earlier run; aligning waits for it."""
        if config.align.method != "bertalign" and self._compiling is None:
            self._compiling = threading.Thread(target=self._compile_kernels, daemon=True)
            self._compiling.start()

    def _compile_kernels(self) -> None:
        """Wait until the kernels are compiled."""
        try:
            if not is_compiled():
                self._compile_started = time.time()
                cloud.compile_kernels.remote()
        except Exception as error:  # noqa: BLE001 - whatever it is, a run can do without
            self.note(f"kernels are not compiled ({error}): the first container that aligns does it")
        finally:
            self._compile_stopped = time.time()

    def submit(self, task: Task, work: Work) -> Future[Outcome]:
        """Have a task done to a part of a shard in a container.

        Raises BudgetError where the container may cost more than is left.
        """
        machine = self._machine_of(task.machine, work.config)
        future: Future[Outcome] = Future()
        self._at_work[future] = machine, time.time()
        try:
            self.check()
        except BudgetError:
            del self._at_work[future]
            raise
        threading.Thread(target=self._call, args=(future, machine, task, work), daemon=True).start()
        return future

    def _call(self, future: Future[Outcome], machine: Machine, task: Task, work: Work) -> None:
        """Wait for a container's answer; in a thread that doesn't keep the process from ending."""
        try:
            if self._compiling is not None and machine.function.startswith("align"):
                self._at_work.pop(future, None)  # nothing is at work on it, nor costs anything, meanwhile
                self._compiling.join()
                self._at_work[future] = machine, time.time()
            function = self._function(machine, work.config)
            with self._lock:  # so that no call is begun after all have been ended
                if self._is_stopped:
                    raise CancelledError
                call = self._calls[future] = function.spawn(task.name, work)
            done = call.get()
            self._take(machine, done)
            if isinstance(done.result, BitextError):
                raise done.result
        except BaseException as error:  # noqa: BLE001 - it is raised again where it is waited for
            self._end(future)
            future.set_exception(error)
        else:
            self._end(future)
            future.set_result(done.result)

    def _end(self, future: Future[Outcome]) -> None:
        self._at_work.pop(future, None)
        self._calls.pop(future, None)

    def _function(self, machine: Machine, config: RunConfig) -> Any:
        with self._lock:
            if machine not in self._functions:
                if machine.function == "encode_on_gpu":
                    self._fetch_weights(config)
                self._functions[machine] = _function(machine, config, self._n_containers(machine))
            return self._functions[machine]

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
        self.done.append((machine, done))
        if "WRONG" in str(done.facts.get("faiss")):
            self.note(f"{machine.function}: {done.facts['faiss']}")

    def stop(self) -> None:
        """End the containers that are at work on a run that has been given up.

        A deployed app goes on without whoever called it; what `modal run` has started ends with it.
        """
        with self._lock:
            self._is_stopped = True
            calls = list(self._calls.items())
        for future, call in calls:
            call.cancel(terminate_containers=True)
            self._end(future)

    # ---- what it costs

    def bills(self) -> list[Bill]:
        """Return what each function of the app has cost this run so far, those at work included."""
        return [*self._answered(), *self._given_up, *self._unanswered()]

    def _unanswered(self) -> list[Bill]:
        """Return what containers have cost up to now that are at work and have never answered."""
        now, bills = time.time(), []
        for machine, starts in self._starts().items():
            n_known = len({done.container for known, done in self.done if known == machine})
            silent = sorted(starts)[: max(0, min(len(starts), self._n_containers(machine)) - n_known)]
            seconds = sum(now - start for start in silent)
            dollars = seconds * machine.dollars_per_second(self._config.compute.prices)
            bills += [Bill(machine.function, len(silent), seconds, 0.0, dollars)] if silent else []
        return bills

    def _starts(self) -> dict[Machine, list[float]]:
        """Return since when calls are at work, or about to be, on each kind of machine."""
        starts: dict[Machine, list[float]] = {}
        for machine, started in list(self._at_work.values()):
            starts.setdefault(machine, []).append(started)
        return starts

    def _answered(self) -> list[Bill]:
        bills = bill(list(self.done), self._config)
        if self._fetch_seconds:
            bills.append(bill_helper(FETCHER, self._fetch_seconds, self._config))
        if self._compile_started is not None:
            seconds = (self._compile_stopped or time.time()) - self._compile_started
            bills.append(bill_helper(COMPILER, seconds, self._config))
        if self._first_asked is not None:
            bills.append(bill_clerk(self._first_asked, self._clerk_seconds, self._config))
        return bills

    def dollars(self) -> float:
        """Return what this run has cost so far, but for what is at work."""
        return sum(one.dollars for one in (*self._answered(), *self._given_up))

    def check(self) -> None:
        """Raise BudgetError if what is spent, and what the containers at work may take, is too much."""
        if self._max_dollars is None:
            return
        spent, at_work = self.dollars(), self._dollars_at_work()
        if spent + at_work > self._max_dollars:
            raise BudgetError(
                f"stopped before it costs more than {dollars_text(self._max_dollars)}: {dollars_text(spent)} is spent, "
                f"and the machines that are at work, or would be next, may take {dollars_text(at_work)}. "
                "What is finished is kept; the next run goes on from there"
            )

    def _dollars_at_work(self) -> float:
        """Return what the containers may take that are at work, or about to be."""
        now, dollars = time.time(), 0.0
        for machine, starts in self._starts().items():
            around, most = around_seconds(machine, self._config), self._n_containers(machine)
            seconds = sum(sorted((now - started + around for started in starts), reverse=True)[:most])
            dollars += seconds * machine.dollars_per_second(self._config.compute.prices)
        return dollars

    def _machine_of(self, stage: ComputingStage, config: RunConfig) -> Machine:
        """Return what a stage of this run is done on."""
        pair_chars = sum(shard.pair_chars for shard in self.manifest.shards) / max(1, self.manifest.n_pairs)
        return machine_of(stage, config, pair_chars)

    def _n_containers(self, machine: Machine) -> int:
        """Return how many containers a run may have of a kind, from its start to its end.

        A function with another number is another function to Modal, with cold containers of its own.
        """
        return n_containers_for(sum(shard.effort for shard in self.manifest.shards), machine, self._config)


def is_compiled() -> bool:
    """Say whether the kernels of the align stage are kept, for a kind of machine at least."""
    files = images.list_folder(images.CACHE, f"{images.KERNELS_FOLDER}/{kernels_folder()}")
    return any(PurePosixPath(file.path).name.startswith(COMPILED) for file in files)


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
