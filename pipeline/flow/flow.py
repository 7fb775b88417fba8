"""Take a run through its stages, in order. Knows no place: a backend does what it asks for."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from pipeline.config.run_config import settle_encoder
from pipeline.errors import CorruptFile, MissingError, StoreError
from pipeline.exports.filenames import file_name
from pipeline.exports.staging import count_exported, has_exports, writing
from pipeline.exports.unchanged import Results, find_results
from pipeline.flow.backend import Backend, Observer
from pipeline.flow.progress import StagesAtWork
from pipeline.flow.retries import Attempts, Step
from pipeline.flow.run import COMPUTING, Run, StageRecord
from pipeline.flow.schedule import Schedule
from pipeline.manifest import Failure, Manifest, Shard
from pipeline.progress import units
from pipeline.review.corrections import describe_strays, give_reviews, list_corrections, read_all
from pipeline.store.files import sweep_folder
from pipeline.store.index import UNSAVED_KEYS
from pipeline.store.run_store import LATEST, RunStore
from pipeline.tasks import tasks_of
from pipeline.tasks.find import find_places, name_of_item
from pipeline.tasks.look import Looked
from pipeline.tasks.missing import (
    Completions,
    find_unaligned,
    read_completions,
    save_indices,
    write_completions,
)
from pipeline.tasks.work import Blocked, ComputingStage, Files, Task, Work
from stages.encode.registry import USE_LANGUAGES, USE_MULTILINGUAL, describe
from stages.text import primary_language

NEEDS = {"encode": ("split", "sentences"), "align": ("encode", "vectors"), "export": ("align", "beads")}
"""For each stage, the stage before it and what that leaves in the store."""

UNITS: dict[ComputingStage, str] = {"split": "documents", "encode": "documents", "align": "pairs"}

MAX_PASSES = 6
"""How often damaged files are made again before the disk is blamed; a pair reads four, and tells of one at a time."""

SAVE_SECONDS = 10.0
"""How often it is written down which shards are done: a run that is killed between looks for the rest itself."""

AHEAD = 2
"""So many parts of shards are given to each worker at once, so that it needn't wait for the next."""


class Flow:
    """Carries out a run on a backend."""

    def __init__(self, run: Run, backend: Backend, observer: Observer):
        self.run = run
        self.backend = backend
        self.observer = observer
        self._said: set[str] = set()

    def carry_out(self, with_exports: bool = True) -> Run:
        """Run the stages that were asked for, from what is there; perhaps only those that compute.

        Raises ConfigError where the corpus is wrong, MissingError where the stage before left nothing to work on, and
        StoreError where the store can't be used. Documents and pairs that fail are listed in the run.
        """
        run = self.run
        self.backend.do(sweep, run.config)
        self.read_manifest()
        if with_exports and run.wants("export"):
            with writing(run.out):
                run.out.mkdir(parents=True, exist_ok=True)  # better now than when all is done
                sweep_folder(run.out)
        for _ in range(MAX_PASSES):
            n_set_aside = len(run.set_aside)
            run.failures = list(run.manifest.failures)
            this_pass = Pass(self).carry_out()
            if this_pass.has_lost_texts:
                self._read_corpus(is_fresh=True)
                continue
            is_sound = len(run.set_aside) == n_set_aside
            if is_sound and (not with_exports or self._keeps_results() or self._export()):
                return run
            if run.stage and (this_pass.n_open or run.stage not in COMPUTING):
                raise MissingError(f"{run.set_aside[-1]}; run without --stage")
        what = run.set_aside[-1] if run.set_aside else "texts are lost from the store"
        raise StoreError(f"{what}; this has happened again and again: is the disk sound?")

    def read_manifest(self) -> Manifest:
        """Find and hash the documents, and keep the texts that the store doesn't hold."""
        with self.record("read") as record:
            self._read_corpus()
            chosen = self._choose_encoder()
            record.counts.update(pairs=self.run.manifest.n_pairs, documents=self.run.manifest.n_documents)
        self.run.notes = []
        self.note(*self.run.manifest.notes, *chosen, *self._read_corrections(), *_warnings(self.run))
        return self.run.manifest

    def look(self) -> Looked:
        """Read the corpus and count what of it is missing; nothing is kept."""
        run = self.run
        folder = run.corrections_folder
        files = {} if run.config.is_paired_by_content else list_corrections(folder)
        looked = self.backend.look(run.config, run.limit, read_all(files))
        run.manifest = looked.manifest
        chosen = self._choose_encoder()
        known = [*(pair.pair_id for pair in looked.corrected), *(one.name for one in run.manifest.failures)]
        strays = files.keys() - {file_name(name) for name in known}
        of_strays = describe_strays(folder, strays) if not run.limit else ()
        self.note(*run.manifest.notes, *chosen, *of_strays, *_warnings(run))
        return looked

    def _choose_encoder(self) -> list[str]:
        """Settle which encoder "auto" means for this run, and say so."""
        asked, languages = self.run.config.encode.encoder, self.run.manifest.all_languages
        self.run.config = settle_encoder(self.run.config, languages)
        encoder = self.run.config.encode.encoder
        if encoder == asked:
            return []
        strange = sorted(language for language in languages if primary_language(language) not in USE_LANGUAGES)
        if not strange:
            return [f"encoder: {encoder}"]
        faster = ["-".join(pair) for pair in self.run.manifest.languages if not {*pair} & {*strange}]
        advice = f"; {' and '.join(faster)} would be ten times as fast in a run of their own" if faster else ""
        return [f"encoder: {encoder}, because {USE_MULTILINGUAL} does not know {', '.join(strange)}{advice}"]

    def _read_corpus(self, is_fresh: bool = False) -> None:
        self.run.manifest = self.backend.read_corpus(self.run.config, self.run.limit, is_fresh)

    def _read_corrections(self) -> list[str]:
        """Read the corrections of the pairs of this run; return notes about files that belong to none.

        Raises ConfigError that names every file with a problem.
        """
        run = self.run
        folder = run.corrections_folder
        files = {} if run.config.is_paired_by_content else list_corrections(folder)
        if not files:
            return []
        found = self.backend.do(find_places, run.config, run.manifest.shards, set(files))
        self.run.reviews, strays = give_reviews(found, files, [failure.name for failure in run.manifest.failures])
        return describe_strays(folder, strays) if not run.limit else []

    def note(self, *notes: str) -> None:
        """Say something once, and keep it for the report."""
        for note in notes:
            if note not in self.run.notes:
                self.run.notes.append(note)
                self.observer.note(note)

    def say(self, text: str) -> None:
        """Say something once."""
        if text not in self._said:
            self._said.add(text)
            self.observer.note(text)

    def _keeps_results(self) -> bool:
        """Say whether all results of an earlier run stay as they are, because this one would write the same."""
        run = self.run
        if run.stage:
            return False
        run.made_of = run.fingerprint()
        if run.has_done_something():
            return False
        here = find_results(run.out) if run.has_folder else None
        if run.has_folder and (here is None or here.made_of != run.made_of):
            return False
        there = self.backend.do(find_record, run.config)
        if there is None or there.made_of != run.made_of:
            return False
        run.kept = there
        self.note(f"nothing new: the results{f' in {run.out}' if run.has_folder else ''} stay as they are")
        return True

    def _export(self) -> bool:
        """Write the exports and gather the report; return False where a stored file turned out to be damaged."""
        run = self.run
        if not (run.wants("export") or run.wants("report")):
            return True
        if run.stage:
            self.require_beads()
        n_done = run.manifest.n_pairs - self._list_unaligned()
        try:
            with self.record("export") as record:
                folder = run.out if run.wants("export") and not self._keeps_exports(n_done) else None
                run.made_of = run.made_of if folder else ""
                run.exported = self.backend.export(run.config, run.manifest, run.reviews, folder)
                record.counts.update(run.exported.counts)
                self.note(*run.exported.notes)
        except CorruptFile as error:
            self.set_aside([str(error)])
            return False
        return True

    def require_beads(self) -> int:
        """Return how many pairs have no beads in the store; raises MissingError if none has any."""
        n_missing = len(self._find_unaligned())
        if n_missing == self.run.manifest.n_pairs and n_missing:
            advice = "run --stage align first, or run without --stage"
            raise MissingError(f"no pair has beads in the store: {advice}")
        return n_missing

    def _find_unaligned(self) -> list[tuple[str, str]]:
        """Return the ids and keys of the pairs without beads, those that failed as well."""
        run = self.run
        done = self.backend.do(read_completions, run.config, run.manifest.shards, run.reviews)
        aligned = done[tasks_of(run.config)[-1].name]
        left = [shard for shard in run.manifest.shards if shard.number not in aligned]
        return self.backend.do(find_unaligned, run.config, left, run.reviews) if left else []

    def _keeps_exports(self, n_done: int) -> bool:
        """Say whether the exports of an earlier run stay, because there is nothing to put in their place."""
        run = self.run
        n_before = count_exported(run.out)
        if not n_done and run.manifest.n_listed and has_exports(run.out):
            self.note(f"no pair is done: the exports of an earlier run in {run.out} stay as they are")
            return True
        if run.failures and not run.limit and 0 < 2 * n_done < n_before:
            self.note(
                f"the exports hold {n_done:,} pairs, those of the run before held {n_before:,}: see what has failed"
            )
        return False

    def _list_unaligned(self) -> int:
        """List the pairs without beads that no earlier stage has listed, such as the twin of a pair that failed.

        Return how many pairs have none.
        """
        unaligned = self._find_unaligned()
        reasons = {failure.name: failure.reason for failure in self.run.failures}
        twins = {key: reasons[pair_id] for pair_id, key in unaligned if pair_id in reasons}
        unknown = "it has no beads in the store; run --stage align first, or run without --stage"
        for pair_id, key in unaligned:
            if pair_id not in reasons:
                self.run.failures.append(Failure("export", pair_id, twins.get(key, unknown)))
        return len(unaligned)

    def set_aside(self, corrupt: Sequence[str]) -> None:
        """Remember, and say, which files turned out to be damaged."""
        self.run.set_aside.extend(corrupt)
        for text in corrupt:
            self.observer.note(text)

    @contextmanager
    def record(self, name: str) -> Iterator[StageRecord]:
        """Record how long a stage takes."""
        record = self.run.records.setdefault(name, StageRecord())
        started = time.monotonic()
        try:
            yield record
        finally:
            record.seconds += time.monotonic() - started


class Pass:
    """Takes every shard through the stages that it has still to go through, each on its own."""

    def __init__(self, flow: Flow):
        self._flow, self._run, self._backend = flow, flow.run, flow.backend
        run = self._run
        self._tasks = tasks_of(run.config)
        stages = {task.stage for task in self._tasks}
        wanted: list[ComputingStage] = [stage for stage in COMPUTING if stage in stages and run.wants(stage)]
        done: Completions = flow.backend.do(read_completions, run.config, run.manifest.shards, run.reviews)
        self._schedule = Schedule(run.manifest.shards, self._tasks, wanted, done)
        self._wanted = wanted
        self._blocked: list[tuple[ComputingStage, Blocked]] = []
        self._n_todo: Counter[str] = Counter()
        self._n_provisional = 0
        self._done: dict[str, dict[str, Files]] = {}
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
            self._flow.note(f"{pairs} with provisional beads: run without --stage to encode what they lack")
        return self

    def _work(self) -> None:
        backend, config = self._backend, self._run.config
        n_shards: Counter[str] = Counter()
        for task, todo in zip(self._tasks, self._schedule.todo, strict=True):
            n_shards[task.label] += len(todo)
        with ExitStack() as stack:
            stack.enter_context(backend.computing(config))
            at_work = stack.enter_context(StagesAtWork(self._flow.observer, self._run, n_shards))
            attempts = Attempts(backend, self._flow.observer.note, self._name_of)
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
        self._flow.set_aside(outcome.corrupt)
        listed = {(failure.stage, failure.name) for failure in run.failures} if outcome.failures else set()
        run.failures.extend(one for one in outcome.failures if (one.stage, one.name) not in listed)
        self._blocked += [(task.stage, blocked) for blocked in outcome.blocked]
        self._n_todo[task.label] += outcome.n_todo
        self._n_unsaved += outcome.n_todo
        self._n_provisional += outcome.n_provisional
        self.n_open += outcome.n_open
        self.has_lost_texts |= outcome.has_lost_texts
        at_work.end(task, step)
        if not outcome.n_open and not outcome.corrupt:
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
        self._flow.say(f"{stage:<7} nothing {why}")


def sweep(store: RunStore) -> int:
    """Remove unfinished files that killed processes left."""
    return store.store.sweep()


def find_record(store: RunStore) -> Results | None:
    """Return the results that an earlier run left in the store, if all is as it left it."""
    return find_results(store.folder / LATEST, has_times=False)


def _warnings(run: Run) -> list[str]:
    """Say what is left out, and which pairs are in a language that the encoder doesn't know."""
    manifest, warnings = run.manifest, []
    if manifest.n_unmatched:
        left_out = units({"documents": manifest.n_unmatched})
        warnings.append(f"{left_out} without a counterpart left out, such as: {manifest.unmatched[0]}")
    known = describe(run.config.encode).languages
    for languages, (first, n_pairs) in manifest.languages.items():
        strange = {language for language in languages if known and primary_language(language) not in known}
        if strange:
            names = ", ".join(sorted(strange))
            pairs = f"pair {first}" + (f" and {n_pairs - 1:,} more" if n_pairs > 1 else "")
            warnings.append(f"{pairs}: {run.config.encode.encoder} does not know {names}; expect bad beads")
    return warnings


def _lacks(path: str, stage: ComputingStage) -> str:
    before, what = NEEDS[stage]
    return f"{path} has no {what} in the store; run --stage {before} first, or run without --stage"
