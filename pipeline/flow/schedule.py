"""Schedule shards: each goes through the stages on its own, and waits only for documents of others."""

from __future__ import annotations

import heapq
import math
from collections.abc import Mapping, Sequence

from pipeline.manifest import Shard
from pipeline.tasks.missing import Completions
from pipeline.tasks.work import ComputingStage, Files, Task


class Schedule:
    """The steps that shards have still to take.

    tasks : all of them, in order. wanted : the stages that were asked for; those of others are passed over.
    A step on pairs waits until the earlier shards that have documents of them have taken all steps on documents.
    """

    def __init__(
        self, shards: Sequence[Shard], tasks: Sequence[Task], wanted: Sequence[ComputingStage], done: Completions
    ):
        self.shards, self.tasks = shards, tasks
        self.files: dict[int, Files] = {}
        """In which files lies what is done of each shard, by table."""
        self._is_wanted = [task.stage in wanted for task in tasks]
        self._n_document_steps = sum(task.unit == "documents" for task in tasks)
        self._done = [done.get(task.name, {}) for task in tasks]
        self._step = dict.fromkeys(range(len(shards)), 0)
        self._waiting: dict[int, list[int]] = {}
        self._ready: dict[str, list[tuple[int, int]]] = {"split": [], "encode": [], "align": []}
        self.n_left = len(shards)
        """Shards that have steps to take."""
        for of_task in self._done:
            for number, files in of_task.items():
                self._learn(number, files)
        self.todo = [
            [shard for shard in shards if self._is_wanted[step] and shard.number not in self._done[step]]
            for step in range(len(tasks))
        ]
        """For each task, the shards that it has to be done to."""
        for shard in shards:
            self._advance(shard.number)

    def take(self, machines: Sequence[ComputingStage]) -> tuple[Task, Shard] | None:
        """Return the first step that is ready for a machine, of the first of these that has one."""
        for machine in machines:
            if self._ready[machine]:
                number, step = heapq.heappop(self._ready[machine])
                return self.tasks[step], self.shards[number]
        return None

    def over(self, shard: Shard, files: Files) -> None:
        """Hear that a shard has taken the step that was taken from here."""
        self._learn(shard.number, files)
        self._step[shard.number] += 1
        self._advance(shard.number)

    def files_for(self, task: Task, shard: Shard) -> Mapping[str, list[str]]:
        """Return in which files lies what a step builds on, by table: also of the shards whose documents it needs."""
        numbers = (shard.number, *(shard.needs if task.unit == "pairs" else ()))
        found: dict[str, dict[str, int]] = {}
        for number in numbers:
            for table, files in self.files.get(number, {}).items():
                found.setdefault(table, {}).update(files)
        return {table: list(files) for table, files in found.items()}

    def n_parts(self, task: Task, shard: Shard, n_workers: int, min_chars: int) -> int:
        """Return into how many parts a step is worth being cut: one, unless there are fewer shards than workers."""
        wanted = math.ceil(n_workers / max(1, self.n_left))
        return max(1, min(wanted, task.n_items(shard), math.ceil(task.effort(shard) / min_chars)))

    def _learn(self, number: int, files: Files) -> None:
        for table, of_table in files.items():
            self.files.setdefault(number, {}).setdefault(table, {}).update(of_table)

    def _advance(self, number: int) -> None:
        """Find the next step of a shard, and whether it is ready for it."""
        step = self._step[number]
        while step < len(self.tasks) and (not self._is_wanted[step] or number in self._done[step]):
            step += 1
        self._step[number] = step
        if step >= self._n_document_steps:
            for waiting in self._waiting.pop(number, ()):
                self._advance(waiting)
        if step == len(self.tasks):
            self.n_left -= 1
            return
        if self.tasks[step].unit == "pairs":
            for needed in self.shards[number].needs:
                if self._step[needed] < self._n_document_steps:
                    self._waiting.setdefault(needed, []).append(number)
                    return
        heapq.heappush(self._ready[self.tasks[step].machine], (number, step))
