"""Work inside a rented container: bring the store up to date, run the task, give back what it wrote.

The Volume is the weak point of working on Modal. What can go wrong there, and what is done about it:

- Others see a file only after `commit` here and `reload` there: every task reloads first and commits last, also when
  it fails, so that a damaged file stays set aside.
- `reload` and `commit` fail while a file is open, and the folder looks empty meanwhile: a container works on one input
  at a time, its processes idle during a `reload`, the store closes what it reads, and where a library takes its time to
  do so it is waited for.
- Of two containers that write the same file the last wins: each writes files of its own, named by what they hold. Only
  the index is shared; it is a shortcut, written by the one clerk, and made again from the footers where it is stale.
- A commit in the background may publish a half-written file: it has a temporary name, and is swept when it is old.
- Many files are slow to list and to fetch: a file holds many documents, beads travel as one archive, and small files
  that many nights leave are put together.
- Many commits at a time are slow: one a shard, not one a document; version 2 of Volumes takes hundreds of writers.
"""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

from pipeline.cloud import container_facts as machine
from pipeline.config.run_config import RunConfig
from pipeline.errors import BitextError, ConfigError
from pipeline.flow.local import LocalBackend
from pipeline.flow.retries import Step, finish_step
from pipeline.store.run_store import RunStore
from pipeline.store.store import Store
from pipeline.tasks import TASKS
from pipeline.tasks.encode import get_encoder
from pipeline.tasks.find import name_of_item
from pipeline.tasks.work import Outcome, Task, Work
from stages.data import Facts
from stages.encode.config import EncodeConfig
from stages.encode.registry import EncoderInfo, describe

STORE = Path("/store")
WEIGHTS = Path("/weights")
CACHE = Path("/cache")

WAITS = (0.1, 0.5, 2.0)
"""Seconds to wait for files to be closed."""

STARTED = time.time() - time.process_time()
"""When this container's Python began, but for the time that it waited for files; its image was loaded before."""


class Volume(Protocol):
    """What is asked of a Modal Volume."""

    def reload(self) -> None:
        """See what others have committed."""

    def commit(self) -> None:
        """Let others see what was written here."""


@dataclass(frozen=True)
class Done:
    """What became of a shard, and when it was worked on where: what a bill is estimated from. Times are Unix times."""

    result: Outcome | BitextError
    container: str
    container_started: float
    started: float
    stopped: float
    facts: Facts = field(default_factory=dict)
    """With the first shard of a container: what it is made of, and how long it took to get ready."""


def run_job(
    volume: Volume, job: Callable[..., Any], config: RunConfig, arguments: tuple[Any, ...], options: Mapping[str, Any]
) -> Any:
    """Do something with the store. An error that the user can fix is returned: in a log it needs no traceback."""
    with fresh_store(volume) as store:
        try:
            return job(RunStore(store, config), *arguments, **options)
        except BitextError as error:
            return error


def run_work(volume: Volume, name: str, work: Work, n_processes: int = 1) -> Done:
    """Do a task to a part of a shard, in as many processes as asked for.

    An error that the user can fix is returned: there is no use in trying again.
    """
    started = time.time()
    result: Outcome | BitextError
    try:
        with fresh_store(volume) as store:
            if n_processes == 1:
                result = TASKS[name](RunStore(store, work.config), work)
            else:
                result = _run_in_processes(TASKS[name], work, n_processes)
    except BitextError as error:
        result = error
    return Done(result, container_name(), STARTED, started, time.time(), machine.tell_once())


@contextmanager
def fresh_store(volume: Volume) -> Iterator[Store]:
    """Give the store as of now, and let others see what is written to it."""
    _patiently(volume.reload)
    try:
        yield _store()
    finally:
        _patiently(volume.commit)


def run_align(volume: Volume, cache: Volume, name: str, work: Work) -> Done:
    """Do a task of the align stage, with kernels that are compiled once and kept for the containers to come."""
    n_kernels = _n_kernels()
    machine.get_ready_to_align(work.config.align)
    if _n_kernels() != n_kernels:
        cache.commit()
    return run_work(volume, name, work, work.config.compute.cores)


def compile_kernels(cache: Volume) -> None:
    """Compile the kernels of the align stage, and keep them for its containers."""
    from stages.align import kernels

    kernels.compile_kernels()
    cache.commit()


def load_encoder(encode_config: str) -> None:
    """Load an encoder before the first shard comes.

    One that can't be had is no error yet: the first shard will say so, where the run can hear it.
    """
    with suppress(ConfigError), machine.timed("encoder_seconds"):
        get_encoder(EncodeConfig.model_validate_json(encode_config))


def fetch_weights(weights: Volume, encode_config: str) -> ConfigError | None:
    """Bring the weights of a model of the hub to their Volume, and see that they can be loaded."""
    config = EncodeConfig.model_validate_json(encode_config)
    try:
        get_encoder(config.model_copy(update={"dtype": "float32"}))  # which precision is best shows on the GPU
    except ConfigError as error:
        return error
    keep_weights(weights, config)
    return None


def keep_weights(weights: Volume, config: EncodeConfig) -> None:
    """Let others see the weights of an encoder that has been loaded, and that they need not be fetched again."""
    marker = _marker(config)
    if not marker.exists():
        marker.parent.mkdir(parents=True, exist_ok=True)
        marker.touch()
        weights.commit()


def stay_offline(config: EncodeConfig) -> None:
    """Use no network for an encoder whose weights are there: to be called before the hub's library is imported."""
    if _marker(config).exists():
        os.environ["HF_HUB_OFFLINE"] = "1"


def _marker(config: EncodeConfig) -> Path:
    return Path(os.environ.get("HF_HOME", WEIGHTS)) / marker_of(describe(config))


def marker_of(info: EncoderInfo) -> str:
    """Return the empty file on the Volume of weights that says that a model has been fetched."""
    return f"loaded/{info.id}@{info.revision}"


def _patiently(synchronise: Callable[[], None]) -> None:
    """Try again while a library still holds a file that it has been told to close; raises what the last try raises."""
    for seconds in WAITS:
        try:
            return synchronise()
        except RuntimeError as error:
            if "open files" not in str(error):
                raise
            gc.collect()
            time.sleep(seconds)
    return synchronise()


def container_name() -> str:
    """Return what Modal calls this container."""
    return os.environ.get("MODAL_TASK_ID", "here")


@lru_cache(maxsize=1)
def _store() -> Store:
    """Return the container's store: its indices stay in memory from one task to the next."""
    return Store(STORE)


def _n_kernels() -> int:
    """Count the compiled kernels that are kept."""
    return sum(1 for _ in CACHE.rglob("*.nbc"))


def _run_in_processes(task: Task, work: Work, n_processes: int) -> Outcome:
    """Work on parts of a shard side by side, as on a machine of one's own; the processes live on for the next."""
    backend = _processes(n_processes)
    n_parts = min(n_processes, max(1, task.n_items(work.shard) // work.n_parts))
    return finish_step(backend, Step(task, work.cut(n_parts)), _print, _name_of)


@lru_cache(maxsize=1)
def _processes(n_processes: int) -> LocalBackend:
    return LocalBackend(STORE, n_processes, is_on_volume=True).__enter__()


def _name_of(task: Task, work: Work) -> str:
    return name_of_item(RunStore(_store(), work.config), work.shard, task.unit == "pairs", work.part)


def _print(text: str) -> None:
    """Print what goes wrong within a container to its log."""
    print(text, flush=True)  # noqa: T201 - a container's log is what it prints
