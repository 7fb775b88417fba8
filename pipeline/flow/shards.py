"""Take the shards of a run through the stages that compute, each shard on its own."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import ExitStack

from pipeline.errors import MissingError
from pipeline.flow.backend import Backend
from pipeline.flow.notes import Notes
from pipeline.flow.progress import StagesAtWork
from pipeline.flow.retries import Attempts, Step
from pipeline.flow.run import COMPUTING, Run
from pipeline.flow.schedule import Schedule
from pipeline.manifest import Failure, Shard
from pipeline.progress import units
from pipeline.store.index import UNSAVED_KEYS
from pipeline.tasks import tasks_of
from pipeline.tasks.find import name_of_item
from pipeline.tasks.missing import Completions, read_completions, save_indices, write_completions
from pipeline.tasks.work import Blocked, ComputingStage, Files, Task, Work

NEEDS = {"encode": ("split", "sentences"), "align": ("encode", "vectors"), "export": ("align", "beads")}
"""For each stage, the stage before it and what that leaves in the store."""

UNITS: dict[ComputingStage, str] = {"split": "documents", "encode": "documents", "align": "pairs"}

SAVE_SECONDS = 10.0
"""How often it is written down which shards are done: a run that is killed between looks for the rest itself."""

AHEAD = 2
"""So many parts of shards are given to each worker at once, so that it needn't wait for the next."""


class Pass:
    """Takes every shard through the stages that it has still to go through, each on its own."""

    def __init__(self, run: Run, backend: Backend, notes: Notes):
        self._run, self._backend, self._notes = run, backend, notes
        self._tasks = tasks_of(run.config)
        stages = {task.stage for task in self._tasks}
        wanted: list[ComputingStage] = [stage for stage in COMPUTING if stage in stages and run.wants(stage)]
        done: Completions = backend.do(read_completions, run.config, run.manifest.shards, run.reviews)
        self._schedule = Schedule(run.manifest.shards, self._tasks, wanted, done)
        self._wanted = wanted
        self._blocked: list[tuple[ComputingStage, Blocked]] = []
        self._n_todo: Counter[str] = Counter()
        self._n_provisional = 0
        self._done: dict[str, dict[str, Files]] = {}
        self._unfinished: set[int] = set()
        """Shards of which a step was not done to its end: what comes after has had less to go on, and isn't done."""
        self._saved = time.monotonic()
        self._n_unsaved = 0
        self.n_open = 0
        """Documents and pairs that were not done, whatever the reason."""
        self.has_lost_texts = False

    def carry_out(self) -> Pass:
        """Do what is missing, and list what failed."""
        if any(self._schedule.todo):
            self._work()
        self._list_blocked()
        for stage in self._wanted:
            self._say_nothing_to_do(stage)
        if self._n_provisional:
            pairs = units({"pairs": self._n_provisional})
            self._notes.add(f"{pairs} with provisional beads: run without --stage to encode what they lack")
        return self

    def _work(self) -> None:
        backend, config = self._backend, self._run.config
        n_shards: Counter[str] = Counter()
        n_to_align = 0
        for task, todo in zip(self._tasks, self._schedule.todo, strict=True):
            n_shards[task.label] += len(todo)
            n_to_align += len(todo) if task.machine == "align" else 0
        with ExitStack() as stack:
            stack.enter_context(backend.computing(config))
            at_work = stack.enter_context(StagesAtWork(self._notes.observer, self._run, n_shards))
            if n_to_align:
                backend.expect_to_align(config)
            attempts = Attempts(backend, self._notes.observer.note, self._name_of)
            try:
                while self._start(attempts, at_work) or len(attempts):
                    for step in attempts.finished():
                        self._end(step, at_work)
                    backend.check()
                    if time.monotonic() - self._saved > SAVE_SECONDS:
                        self._save()
                    if self._n_unsaved > UNSAVED_KEYS:
                        self._save_indices()
            except KeyboardInterrupt:
                self._save()  # else the next run would rent machines to find out
                raise
        self._save()
        self._save_indices()

    def _start(self, attempts: Attempts, at_work: StagesAtWork) -> bool:
        """Start as many steps as there are workers for; say whether any was."""
        has_started = False
        while taken := self._take(attempts):
            task, shard = taken
            n_workers = self._backend.n_workers_for(task.machine, self._run.config)
            n_parts = self._schedule.n_parts(task, shard, n_workers, self._backend.min_shard_chars)
            reviews = self._run.reviews.get(shard.number, {})
            work = Work(self._run.config, shard, 0, 1, reviews, self._schedule.files_for(task, shard))
            at_work.begin(task)
            attempts.start(Step(task, work.cut(n_parts)))
            has_started = True
        return has_started

    def _take(self, attempts: Attempts) -> tuple[Task, Shard] | None:
        """Return a step for which there is a worker. Shards are finished first, but for what idle encoders wait for."""
        config, schedule = self._run.config, self._schedule
        is_shared = self._backend.shares_workers(config)
        if is_shared:
            n_free = AHEAD * self._backend.n_workers_for("align", config) - len(attempts)
            return schedule.take(("align", "encode", "split")) if n_free > 0 else None
        n_encoding = attempts.n_at_work(lambda task: task.machine == "encode")
        n_free = AHEAD * self._backend.n_workers_for("encode", config) - n_encoding
        if n_free > 0 and (taken := schedule.take(("encode",))):
            return taken
        order: tuple[ComputingStage, ...] = ("split", "align") if n_free > 0 else ("align", "split")
        for stage in order:
            n_at_work = attempts.n_at_work(lambda task: task.machine != "encode")
            if n_at_work < AHEAD * self._backend.n_workers_for(stage, config) and (taken := schedule.take((stage,))):
                return taken
        return None

    def _end(self, step: Step, at_work: StagesAtWork) -> None:
        """Take in what became of a step, and send its shard on."""
        task, outcome, shard = step.task, step.outcome, step.works[0].shard
        run = self._run
        self._notes.set_aside(outcome.corrupt)
        listed = {(failure.stage, failure.name) for failure in run.failures} if outcome.failures else set()
        run.failures.extend(one for one in outcome.failures if (one.stage, one.name) not in listed)
        self._blocked += [(task.stage, blocked) for blocked in outcome.blocked]
        self._n_todo[task.label] += outcome.n_todo
        self._n_unsaved += outcome.n_todo
        self._n_provisional += outcome.n_provisional
        self.n_open += outcome.n_open
        self.has_lost_texts |= outcome.has_lost_texts
        at_work.end(task, step)
        if outcome.n_open or outcome.corrupt:
            self._unfinished.add(shard.number)
        if shard.number not in self._unfinished:
            self._done.setdefault(task.name, {})[shard.digest] = outcome.files
        self._schedule.over(shard, outcome.files)

    def _save(self) -> None:
        """Write down which steps are done."""
        done, self._done, self._saved = self._done, {}, time.monotonic()
        if done:
            shards = self._run.manifest.shards
            reviews = {shards[number].digest: of for number, of in self._run.reviews.items()}
            self._backend.do(write_completions, self._run.config, done, reviews)

    def _save_indices(self) -> None:
        self._n_unsaved = 0
        self._backend.do(save_indices, self._run.config)

    def _name_of(self, task: Task, work: Work) -> str:
        return self._backend.do(name_of_item, work.config, work.shard, task.unit == "pairs", work.part)

    def _list_blocked(self) -> None:
        """List what lacks its input: a document failed on the way, or --stage skips its stage."""
        run = self._run
        reasons = {failure.name: failure.reason for failure in run.failures}
        for stage, (name, lacking) in self._blocked:
            if stage == "align" or name not in reasons:
                reason = "; ".join(reasons.get(path) or _lacks(path, stage) for path in lacking)
                run.failures.append(Failure(stage, name, reason))
        if run.stage in ("encode", "align"):
            n_blocked = sum(stage == run.stage for stage, _ in self._blocked)
            if n_blocked and n_blocked == self._n_todo[run.stage]:
                before, what = NEEDS[run.stage]
                unit = "pair" if run.stage == "align" else "document"
                raise MissingError(
                    f"no {unit} to {run.stage} has {what} in the store: run --stage {before} first, or run without "
                    "--stage"
                )

    def _say_nothing_to_do(self, stage: ComputingStage) -> None:
        manifest = self._run.manifest
        if self._n_todo[stage] or not manifest.n_pairs:
            return
        n_done = manifest.n_pairs if stage == "align" else manifest.n_documents
        is_settled = stage == "align" and self._run.count_aligned()["pairs"]
        why = "left to do" if is_settled else f"to do, {units({UNITS[stage]: n_done})} done before"
        self._notes.say(f"{stage:<7} nothing {why}")


def _lacks(path: str, stage: ComputingStage) -> str:
    before, what = NEEDS[stage]
    return f"{path} has no {what} in the store; run --stage {before} first, or run without --stage"
