"""Have parts of shards worked on, and try again those whose worker died."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field
from typing import Protocol

from pipeline.errors import BitextError
from pipeline.manifest import Failure
from pipeline.tasks.work import Outcome, Task, Work

MAX_DEATHS = 2
"""How often a part may kill its worker before its items are tried one by one."""

TICK_SECONDS = 1.0
"""How often whoever waits may look around."""


class Workers(Protocol):
    """Who does the work."""

    def submit(self, task: Task, work: Work) -> Future[Outcome]:
        """Have a task done to a part of a shard."""


@dataclass
class Step:
    """A task that is done to a shard, in parts."""

    task: Task
    works: list[Work]
    outcome: Outcome = field(default_factory=Outcome)
    parts: list[Outcome] = field(default_factory=list)
    n_at_work: int = 0


@dataclass(frozen=True)
class _Trial:
    step: Step
    work: Work
    n_deaths: int = 0
    is_single: bool = False


class Trials:
    """Steps that are at work.

    A part whose worker dies is tried again; if it kills that one too, the items of its shard are tried one by one, so
    that only the one to blame fails. An error that a user can fix, such as a full disk or a missing model, is raised.
    """

    def __init__(self, workers: Workers, note: Callable[[str], None], name_of: Callable[[Task, Work], str]):
        self._workers, self._note, self._name_of = workers, note, name_of
        self._trials: dict[Future[Outcome], _Trial] = {}

    def __len__(self) -> int:
        return len(self._trials)

    def n_at_work(self, is_counted: Callable[[Task], bool]) -> int:
        """Return how many parts of some tasks are at work."""
        return sum(is_counted(trial.step.task) for trial in self._trials.values())

    def start(self, step: Step) -> None:
        """Have all parts of a step worked on."""
        for work in step.works:
            self._try(_Trial(step, work))

    def finished(self) -> Iterator[Step]:
        """Give the steps that have come to their end by now, after a moment's wait."""
        done, _ = wait(self._trials, timeout=TICK_SECONDS, return_when=FIRST_COMPLETED)
        for future in done:
            trial = self._trials.pop(future)
            trial.step.n_at_work -= 1
            error = future.exception()
            if isinstance(error, BitextError):
                raise error
            if error is None:
                trial.step.parts.append(future.result())
                trial.step.outcome.add(future.result())
            elif isinstance(error, Exception):
                self._after_death(trial, error)
            else:
                raise error
            if not trial.step.n_at_work:
                yield trial.step

    def _try(self, trial: _Trial) -> None:
        trial.step.n_at_work += 1
        self._trials[self._workers.submit(trial.step.task, trial.work)] = trial

    def _after_death(self, trial: _Trial, error: Exception) -> None:
        """Try again what killed its worker, or give it up."""
        task, work = trial.step.task, trial.work
        n_deaths, n_items = trial.n_deaths + 1, task.n_items(work.shard)
        if n_deaths < MAX_DEATHS:
            what = f"its shard of {n_items}" if work.n_parts == 1 else f"a part of its shard of {n_items}"
            self._note(f"{task.label}: {_what_happened(error)}; {what} is tried again")
            self._try(_Trial(trial.step, work, n_deaths, trial.is_single))
        elif n_items > 1 and not trial.is_single:
            self._note(
                f"{task.label}: {_what_happened(error)} again; the {n_items} items of its shard are tried one by one"
            )
            whole = Work(work.config, work.shard, 0, 1, work.reviews, work.files)
            for single in whole.cut(n_items):
                self._try(_Trial(trial.step, single, n_deaths - 1, is_single=True))
        else:
            reason = f"{_what_happened(error)}, {n_deaths} times"
            name = self._name_of(task, work)
            trace = "".join(traceback.format_exception(error))
            trial.step.outcome.failures.append(Failure(task.stage, name, reason, trace))
            trial.step.outcome.n_open += 1


def finish_step(
    workers: Workers, step: Step, note: Callable[[str], None], name_of: Callable[[Task, Work], str]
) -> Outcome:
    """Do all parts of one step, and return what became of it."""
    trials = Trials(workers, note, name_of)
    trials.start(step)
    while len(trials):
        for _ in trials.finished():
            pass
    return step.outcome


def _what_happened(error: Exception) -> str:
    exit_code = getattr(error, "exitcode", None)
    if exit_code is None:
        return f"a worker failed with {type(error).__name__}: {error}"
    return f"a worker died with exit code {exit_code} (killed, or out of memory?)"
