"""What happens inside a rented container: bring the store up to date, run the task, give back what it wrote.

The Volume is the weak point of working on Modal. What can go wrong there, and what is done about it:

- Others see a file only after `commit` here and `reload` there: every task reloads first and commits last, also when
  it fails, so that a damaged file stays set aside.
- `reload` and `commit` fail while a file is open, and the folder looks empty meanwhile: a container works on one input
  at a time, its processes have ended before the next `reload`, the store closes what it reads, and where a library
  takes its time to do so it is waited for.
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
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

from pipeline.cloud import container_facts as machine
from pipeline.config.run_config import RunConfig
from pipeline.errors import BitextError, ConfigError
from pipeline.flow.local import LocalBackend
from pipeline.flow.shards import Item, effort, run_shards
from pipeline.store.store import Store
from pipeline.tasks import Outcome, Shard, Task, align_shard, contest_shard, get_encoder
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
class Work:
    """A shard on its way to a container."""

    index: int
    config: RunConfig
    shard: Shard
    is_contest: bool = False
    """Of a shard of pairs: only find out which overlaps they contest."""


@dataclass(frozen=True)
class Done:
    """What became of a shard, and when it was worked on where: what a bill is reckoned from. Times are Unix times."""

    index: int
    result: Outcome | BitextError
    container: str
    container_started: float
    started: float
    stopped: float
    facts: Facts = field(default_factory=dict)
    """With the first shard of a container: what it is made of, and how long it took to get ready."""
    call: str | None = None
    """What Modal calls the call of which this shard is a part: with it the rest can be cancelled."""


def run_task(volume: Volume, task: Callable[..., Any], arguments: tuple[Any, ...], options: Mapping[str, Any]) -> Any:
    """Run any task on the store. An error that the user can mend is returned: in a log it needs no traceback."""
    with fresh_store(volume) as store:
        try:
            return task(store, *arguments, **options)
        except BitextError as error:
            return error


def run_work(volume: Volume, task: Task, work: Work, n_processes: int = 1) -> Done:
    """Run a task on a shard, in as many processes as asked for.

    An error that the user can mend is returned: there is no use in trying again.
    """
    started = time.time()
    result: Outcome | BitextError
    try:
        with fresh_store(volume) as store:
            if n_processes == 1:
                result = task(store, work.config, work.shard)
            else:
                result = _run_in_processes(task, work, n_processes)
    except BitextError as error:
        result = error
    facts = machine.tell_once()
    return Done(work.index, result, container_name(), STARTED, started, time.time(), facts, call_name())


@contextmanager
def fresh_store(volume: Volume) -> Iterator[Store]:
    """Give the store as of now, and let others see what is written to it."""
    _patiently(volume.reload)
    try:
        yield _store()
    finally:
        _patiently(volume.commit)


def run_align(volume: Volume, cache: Volume, work: Work) -> Done:
    """Align a shard, with kernels that are compiled once and kept for the containers to come."""
    n_kernels = _n_kernels()
    machine.get_ready_to_align(work.config.align)
    if _n_kernels() != n_kernels:
        cache.commit()
    task = contest_shard if work.is_contest else align_shard
    return run_work(volume, task, work, work.config.compute.cores)


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


def call_name() -> str | None:
    """Return what Modal calls the call that this container works on, if it works on one."""
    import modal  # not above: `bitext bench` reads prices, and Modal takes long to import

    return modal.current_function_call_id()


@lru_cache(maxsize=1)
def _store() -> Store:
    """Return the container's store: its indices stay in memory from one task to the next."""
    return Store(STORE)


def _n_kernels() -> int:
    """Count the compiled kernels that are kept."""
    return sum(1 for _ in CACHE.rglob("*.nbc"))


def _run_in_processes(task: Task, work: Work, n_processes: int) -> Outcome:
    """Work on a shard's parts side by side, as on a machine of one's own."""
    parts = deal(work.shard.items, n_processes)
    return run_shards(LocalBackend(STORE, n_processes), task.__name__, task, work.config, parts, _Log())


def deal(items: Sequence[Item], n_parts: int) -> list[Shard]:
    """Deal documents or pairs to so many parts of about the same size; each part will be a file."""
    parts: list[list[Item]] = [[] for _ in range(n_parts)]
    efforts = [0.0] * n_parts
    for item in sorted(items, key=lambda item: -effort(item)):
        least = efforts.index(min(efforts))
        parts[least].append(item)
        efforts[least] += effort(item)
    return [Shard(tuple(part)) for part in parts if part]


class _Log:
    """The progress of a shard within a container: only what goes wrong is worth a line."""

    def advance(self, counts: Mapping[str, int]) -> None:
        """Say nothing: the orchestrator counts."""

    def note(self, text: str) -> None:
        """Print it to the container's log."""
        print(text, flush=True)  # noqa: T201 - a container's log is what it prints
