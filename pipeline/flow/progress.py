"""Show and record the progress of stages that work side by side."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from contextlib import AbstractContextManager, suppress
from types import TracebackType
from typing import Self

from pipeline.flow.backend import Observer
from pipeline.flow.retries import Step
from pipeline.flow.run import Run, StageRecord
from pipeline.progress import StageProgress
from pipeline.tasks.work import Task


class StagesAtWork:
    """The stages of a pass: each is followed from the start until its last shard is done."""

    def __init__(self, observer: Observer, run: Run, n_shards: Mapping[str, int]):
        self._observer, self._run = observer, run
        self._left = {label: number for label, number in n_shards.items() if number}
        self._followed: dict[str, AbstractContextManager[StageProgress]] = {}
        self._progress: dict[str, StageProgress] = {}
        self._n_at_work: Counter[str] = Counter()
        self._since: dict[str, float] = {}
        self._records = dict(run.records)

    def __enter__(self) -> Self:
        for label, number in self._left.items():
            self._followed[label] = self._observer.stage(label, number)
            self._progress[label] = self._followed[label].__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for label in list(self._followed):
            with suppress(BaseException):  # the generator of a stage raises again what it is told
                self._followed.pop(label).__exit__(kind, error, trace)

    def begin(self, task: Task) -> None:
        """Hear that a step is worked on."""
        if not self._n_at_work[task.label]:
            self._since[task.label] = time.monotonic()
        self._n_at_work[task.label] += 1

    def end(self, task: Task, step: Step) -> None:
        """Hear that a step has come to its end."""
        label = task.label
        record = self._records.setdefault(label, StageRecord())
        if step.outcome.n_todo:
            self._run.records.setdefault(label, record)
        self._n_at_work[label] -= 1
        now = time.monotonic()
        if not self._n_at_work[label]:
            record.seconds += now - self._since[label]
        record.n_shards += 1
        record.counts.update(step.outcome.counts)
        for part in step.parts:
            self._run.note_span(task, step.works[0].shard.number, part)
        self._progress[label].advance(step.outcome.counts)
        self._left[label] -= 1
        if not self._left[label]:
            self._progress[label].seconds = record.seconds
            self._followed.pop(label).__exit__(None, None, None)
