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
class _Attempt:
    step: Step
    work: Work
    n_deaths: int = 0
    is_single: bool = False


class Attempts:
    """Steps that are at work.

    A part whose worker dies is tried again; if it kills that one too, the items of its shard are tried one by one, so
    that only the one to blame fails. An error that a user can fix, such as a full disk or a missing model, is raised.
    """

    def __init__(self, workers: Workers, note: Callable[[str], None], name_of: Callable[[Task, Work], str]):
        self._workers, self._note, self._name_of = workers, note, name_of
        self._attempts: dict[Future[Outcome], _Attempt] = {}

    def __len__(self) -> int:
        return len(self._attempts)

    def n_at_work(self, is_counted: Callable[[Task], bool]) -> int:
        """Return how many parts of some tasks are at work."""
        return sum(is_counted(attempt.step.task) for attempt in self._attempts.values())

    def start(self, step: Step) -> None:
        """Have all parts of a step worked on."""
        for work in step.works:
            self._try(_Attempt(step, work))

    def finished(self) -> Iterator[Step]:
        """Give the steps that have come to their end by now, after a moment's wait."""
        done, _ = wait(self._attempts, timeout=TICK_SECONDS, return_when=FIRST_COMPLETED)
        for future in done:
            attempt = self._attempts.pop(future)
            attempt.step.n_at_work -= 1
            error = future.exception()
            if isinstance(error, BitextError):
                raise error
            if error is None:
                attempt.step.parts.append(future.result())
                attempt.step.outcome.add(future.result())
            elif isinstance(error, Exception):
                self._after_death(attempt, error)
            else:
                raise error
            if not attempt.step.n_at_work:
                yield attempt.step

    def _try(self, attempt: _Attempt) -> None:
        attempt.step.n_at_work += 1
        self._attempts[self._workers.submit(attempt.step.task, attempt.work)] = attempt

    def _after_death(self, attempt: _Attempt, error: Exception) -> None:
        """Try again what killed its worker, or give it up."""
        task, work = attempt.step.task, attempt.work
        n_deaths, n_items = attempt.n_deaths + 1, task.n_items(work.shard)
        if n_deaths < MAX_DEATHS:
            what = f"its shard of {n_items}" if work.n_parts == 1 else f"a part of its shard of {n_items}"
            self._note(f"{task.label}: {_what_happened(error)}; {what} is tried again")
            self._try(_Attempt(attempt.step, work, n_deaths, attempt.is_single))
        elif n_items > 1 and not attempt.is_single:
            self._note(
                f"{task.label}: {_what_happened(error)} again; the {n_items} items of its shard are tried one by one"
            )
            whole = Work(work.config, work.shard, 0, 1, work.reviews, work.files)
            for single in whole.cut(n_items):
                self._try(_Attempt(attempt.step, single, n_deaths - 1, is_single=True))
        else:
            reason = f"{_what_happened(error)}, {n_deaths} times"
            name = self._name_of(task, work)
            trace = "".join(traceback.format_exception(error))
            attempt.step.outcome.failures.append(Failure(task.stage, name, reason, trace))
            attempt.step.outcome.n_open += 1


def finish_step(
    workers: Workers, step: Step, note: Callable[[str], None], name_of: Callable[[Task, Work], str]
) -> Outcome:
    """Do all parts of one step, and return what became of it."""
    attempts = Attempts(workers, note, name_of)
    attempts.start(step)
    while len(attempts):
        for _ in attempts.finished():
            pass
    return step.outcome


def _what_happened(error: Exception) -> str:
    exit_code = getattr(error, "exitcode", None)
    if exit_code is None:
        return f"a worker failed with {type(error).__name__}: {error}"
    return f"a worker died with exit code {exit_code} (killed, or out of memory?)"
