"""What the flow asks of the place where it runs, and of whoever watches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from pipeline.config.run_config import RunConfig
from pipeline.progress import StageProgress
from pipeline.store.store import Store
from pipeline.tasks import Shard, ShardOutcome, Task

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


class Backend(Protocol):
    """Where tasks run: this machine, or rented ones."""

    n_workers: int
    min_shard_chars: int
    """Smaller shards than this aren't worth starting."""

    def do(
        self,
        task: Callable[Concatenate[Store, Parameters], Result],
        *arguments: Parameters.args,
        **options: Parameters.kwargs,
    ) -> Result:
        """Run one task where the store lies."""

    def map(self, task: Task, config: RunConfig, shards: Sequence[Shard]) -> Iterator[ShardOutcome]:
        """Run a task on every shard, many at once, and give each outcome as it comes, or what killed its worker."""


class Observer(Protocol):
    """Who is told what is going on."""

    def note(self, text: str) -> None:
        """Say something in passing."""

    def stage(self, name: str, n_shards: int) -> AbstractContextManager[StageProgress]:
        """Follow a stage."""
