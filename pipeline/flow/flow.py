"""Take a run through its stages, in order. Knows no place: a backend does what it asks for."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from pipeline.config.run_config import settle_encoder
from pipeline.errors import CorruptFile, MissingError, StoreError
from pipeline.exports.filenames import file_name
from pipeline.exports.staging import count_exported, has_exports, writing
from pipeline.exports.unchanged import Results, find_results
from pipeline.flow.backend import Backend, Observer
from pipeline.flow.notes import Notes
from pipeline.flow.run import COMPUTING, Run, StageRecord
from pipeline.flow.shards import Pass
from pipeline.manifest import Failure, Manifest
from pipeline.progress import units
from pipeline.review.corrections import describe_strays, give_reviews, list_corrections, read_all
from pipeline.store.files import sweep_folder
from pipeline.store.run_store import LATEST, RunStore
from pipeline.tasks import tasks_of
from pipeline.tasks.find import find_places
from pipeline.tasks.look import Looked
from pipeline.tasks.missing import (
    find_unaligned,
    read_completions,
)
from stages.encode.registry import USE_LANGUAGES, USE_MULTILINGUAL, describe
from stages.text import primary_language

MAX_PASSES = 6
"""How often damaged files are made again before the disk is blamed; a pair reads four, and tells of one at a time."""


class Flow:
    """Carries out a run on a backend."""

    def __init__(self, run: Run, backend: Backend, observer: Observer):
        self.run = run
        self.backend = backend
        self.observer = observer
        self.notes = Notes(run, observer)

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
            this_pass = Pass(run, self.backend, self.notes).carry_out()
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
        self.notes.add(*self.run.manifest.notes, *chosen, *self._read_corrections(), *_warnings(self.run))
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
        self.notes.add(*run.manifest.notes, *chosen, *of_strays, *_warnings(run))
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
        self.notes.add(f"nothing new: the results{f' in {run.out}' if run.has_folder else ''} stay as they are")
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
                self.notes.add(*run.exported.notes)
        except CorruptFile as error:
            self.notes.set_aside([str(error)])
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
            self.notes.add(f"no pair is done: the exports of an earlier run in {run.out} stay as they are")
            return True
        if run.failures and not run.limit and 0 < 2 * n_done < n_before:
            self.notes.add(
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

    @contextmanager
    def record(self, name: str) -> Iterator[StageRecord]:
        """Record how long a stage takes."""
        record = self.run.records.setdefault(name, StageRecord())
        started = time.monotonic()
        try:
            yield record
        finally:
            record.seconds += time.monotonic() - started


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
