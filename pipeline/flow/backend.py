"""The protocols between the flow, the place where it runs, and whoever watches."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from pipeline.config.run_config import RunConfig
from pipeline.manifest import Manifest
from pipeline.progress import StageProgress
from pipeline.store.run_store import RunStore
from pipeline.tasks.export import Exported
from pipeline.tasks.look import Looked, Said
from pipeline.tasks.missing import ShardReviews
from pipeline.tasks.work import ComputingStage, Outcome, Task, Work

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


class Backend(Protocol):
    """Where tasks run: this machine, or rented ones."""

    min_shard_chars: int
    """Smaller shards than this aren't worth starting."""

    def do(
        self,
        job: Callable[Concatenate[RunStore, Parameters], Result],
        config: RunConfig,
        *arguments: Parameters.args,
        **options: Parameters.kwargs,
    ) -> Result:
        """Do something once, where the store lies."""

    def read_corpus(self, config: RunConfig, limit: int | None, is_fresh: bool = False) -> Manifest:
        """Read a corpus, and keep its manifest and its texts in the store; see `intake.read_corpus`."""

    def look(self, config: RunConfig, limit: int | None, said: Said) -> Looked:
        """Read a corpus, keep nothing, and count what of it is missing."""

    def export(self, config: RunConfig, manifest: Manifest, reviews: ShardReviews, folder: Path | None) -> Exported:
        """Write the exports of a run into a folder here, or none, and sum it up."""

    def computing(self, config: RunConfig) -> AbstractContextManager[None]:
        """Have workers at hand, and end in the end what is still at work."""

    def n_workers_for(self, stage: ComputingStage, config: RunConfig) -> int:
        """Return how many parts of shards a stage works on at once."""

    def shares_workers(self, config: RunConfig) -> bool:
        """Say whether the encode stage has the same workers as the others."""

    def submit(self, task: Task, work: Work) -> Future[Outcome]:
        """Have a task done to a part of a shard; the future raises what killed its worker."""

    def expect_to_align(self, config: RunConfig) -> None:
        """Get ready for the align stage while shards go through others, where that takes long."""

    def check(self) -> None:
        """Raise BudgetError before the workers cost more than they may; asked about once a second."""


class Observer(Protocol):
    """Who is told what is going on."""

    def note(self, text: str) -> None:
        """Say something in passing."""

    def stage(self, name: str, n_shards: int) -> AbstractContextManager[StageProgress]:
        """Follow a stage, perhaps beside others."""
