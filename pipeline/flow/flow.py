"""The stages in order, and what is missing of each. Knows no place: a backend runs what it asks for."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, get_args

from pipeline import tasks
from pipeline.config.run_config import RunConfig, settle_encoder
from pipeline.corpus.intake import TextKeeper, lies_with_store, read_corpus
from pipeline.corpus.manifest import Document, DocumentPair, Failure, Manifest, build_manifest
from pipeline.errors import CorruptFile, MissingError, StoreError
from pipeline.exports.staging import writing
from pipeline.flow.backend import Backend, Observer
from pipeline.flow.shards import Item, cut_shards, run_shards
from pipeline.progress import units
from pipeline.review.corrections import correct_manifest, describe_strays, place_pairs
from pipeline.store.store import Store
from pipeline.tasks import Exported, Missing, Task
from stages.encode.registry import USE_LANGUAGES, USE_MULTILINGUAL, describe
from stages.text import primary_language

Stage = Literal["split", "encode", "align", "export", "report"]
STAGES: tuple[Stage, ...] = get_args(Stage)
COMPUTING: dict[Stage, Task] = {"split": tasks.split_shard, "encode": tasks.encode_shard, "align": tasks.align_shard}
NEEDS = {"encode": ("split", "sentences"), "align": ("encode", "vectors"), "export": ("align", "beads")}
"""For each stage, the stage before it and what that leaves in the store."""

MAX_PASSES = 6
"""How often damaged files are made again before the disk is blamed; a pair reads four, and tells of one at a time."""


@dataclass
class StageRecord:
    """What a stage of a run did."""

    n_shards: int = 0
    seconds: float = 0.0
    counts: Counter[str] = field(default_factory=Counter)


@dataclass
class Run:
    """A run: what was asked for, and what became of it."""

    config: RunConfig
    stage: Stage | None = None
    """Only this stage, from what the stage before it left."""
    limit: int | None = None
    """Only so many pairs."""
    out: Path = Path("out")
    manifest: Manifest = field(default_factory=lambda: Manifest(()))
    records: dict[str, StageRecord] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    set_aside: list[str] = field(default_factory=list)
    exported: Exported | None = None
    costs: dict[str, Any] | None = None
    """What rented machines have cost: see `costs.costs_of`."""
    is_corrected: bool = True
    """Whether what people have decided about its pairs holds: `bitext align` has no config for that to lie beside."""

    def count_aligned(self) -> Counter[str]:
        """Count the pairs, beads and nulls that this run has aligned, those of pairs that contest nothing as well."""
        aligned, contest = (self.records.get(name, StageRecord()).counts for name in ("align", "contest"))
        return Counter(
            pairs=aligned["pairs"] + contest["pairs_aligned"],
            beads=aligned["beads"] + contest["beads"],
            nulls=aligned["nulls"] + contest["nulls"],
        )

    def wants(self, stage: Stage) -> bool:
        """Say whether a stage was asked for."""
        return self.stage in (None, stage)

    @property
    def exit_status(self) -> int:
        """0: all pairs done; 1: none of them; 3: some documents or pairs failed and are listed."""
        if not self.failures:
            return 0
        return 1 if not self.manifest.pairs or (self.exported and not self.exported.n_pairs) else 3


class Flow:
    """Carries out a run on a backend."""

    def __init__(self, run: Run, backend: Backend, observer: Observer):
        self.run = run
        self.backend = backend
        self.observer = observer

    def carry_out(self, with_exports: bool = True) -> Run:
        """Run the stages that were asked for, from what is there; perhaps only those that compute.

        Raises ConfigError where the corpus is wrong, MissingError where the stage before left nothing to work on, and
        StoreError where the store can't be used. Documents and pairs that fail are listed in the run.
        """
        self.backend.do(Store.sweep)
        self.read_manifest()
        if with_exports and self.run.wants("export"):
            with writing(self.run.out):
                self.run.out.mkdir(parents=True, exist_ok=True)  # better now than when all is done
        for _ in range(MAX_PASSES):
            self.find_missing()  # what is known to be damaged before the first stage is made again by this pass
            n_set_aside = len(self.run.set_aside)
            self.run.failures = list(self.run.manifest.failures)
            for stage in COMPUTING:
                if self.run.wants(stage):
                    self._compute(stage)
                if stage == "encode" and self.run.wants(stage):
                    self._encode_contested()
            if len(self.run.set_aside) == n_set_aside and (not with_exports or self._export()):
                return self.run
            if self.run.stage:
                raise MissingError(f"{self.run.set_aside[-1]}; run without --stage")
            self.run.manifest = self._read_corpus(keep=True)  # texts may be among what was set aside
        raise StoreError(f"{self.run.set_aside[-1]}; this has happened again and again: is the disk sound?")

    def read_manifest(self, keep: bool = True) -> Manifest:
        """Find and hash the documents, and keep the texts that the store doesn't hold, unless this is only a look."""
        with self._record("read") as record:
            self.run.manifest = self._read_corpus(keep)
            chosen = self._choose_encoder()
            record.counts.update(pairs=len(self.run.manifest.pairs), documents=len(self.run.manifest.documents))
        self.run.notes = [*self.run.manifest.notes, *chosen, *_warnings(self.run)]
        for note in self.run.notes:
            self.observer.note(note)
        return self.run.manifest

    def _choose_encoder(self) -> list[str]:
        """Settle which encoder "auto" means for this run, and say so."""
        asked, languages = self.run.config.encode.encoder, self.run.manifest.languages
        self.run.config = settle_encoder(self.run.config, languages)
        encoder = self.run.config.encode.encoder
        if encoder == asked:
            return []
        strange = ", ".join(
            sorted(language for language in languages if primary_language(language) not in USE_LANGUAGES)
        )
        return [f"encoder: {encoder}" + (f", because {USE_MULTILINGUAL} does not know {strange}" if strange else "")]

    def _read_corpus(self, keep: bool) -> Manifest:
        found = self._find_documents(keep)
        return correct_manifest(self.run.config, found) if self.run.is_corrected else found

    def _find_documents(self, keep: bool) -> Manifest:
        config, limit = self.run.config, self.run.limit
        if lies_with_store(config.corpus):
            return self.backend.do(read_corpus, config, limit, keep)
        known = self.backend.do(tasks.known_texts)
        keeper = TextKeeper(known, lambda batch: self.backend.do(tasks.keep_texts, batch) if keep else None)
        manifest = build_manifest(config, keeper, limit)
        keeper.flush()
        return manifest

    def find_missing(self) -> Missing:
        """Ask what each stage has still to do; what lies in damaged files has to be done again."""
        self._place_corrections()
        missing = self.backend.do(tasks.find_missing, self.run.config, self.run.manifest)
        self._set_aside(missing.set_aside)
        return missing

    def _place_corrections(self) -> None:
        """Find out what people have decided about the sentences of pairs, as far as these have been split."""
        pairs = self.run.manifest.pairs
        reviewed = [pair for pair in pairs if pair.reviews]
        if not reviewed:
            return
        try:
            placed = self.backend.do(place_pairs, self.run.config, reviewed)
        except CorruptFile as error:
            self._set_aside([str(error)])  # to be split again, and asked for again
            return
        by_id = {pair.pair_id: pair for pair in placed}
        found = tuple(by_id.get(pair.pair_id, pair) for pair in pairs)
        self.run.manifest = replace(self.run.manifest, pairs=found)

    def _compute(self, stage: Stage) -> None:
        missing = self.find_missing()
        todo: Sequence[Item] = missing.align_now if stage == "align" else getattr(missing, stage)
        ready = self._without_blocked(stage, todo, missing)
        if ready:
            self._work_on(stage, COMPUTING[stage], ready)
        elif not todo and self.run.manifest.pairs:
            is_settled = stage == "align" and self.run.count_aligned()["pairs"]
            why = "left to do" if is_settled else f"to do, {_there(self.run.manifest, stage)}"
            self.observer.note(f"{stage:<7} nothing {why}")
        if stage == "align":
            self._note_provisional()

    def _work_on(self, name: str, task: Task, items: Sequence[Item]) -> None:
        """Run a task on documents or pairs, under the name of a stage or of a step of one."""
        shards = cut_shards(items, self.run.config, self.backend.n_workers, self.backend.min_shard_chars)
        with self._record(name) as record, self.observer.stage(name, len(shards)) as progress:
            outcome = run_shards(self.backend, name, task, self.run.config, shards, progress)
            record.n_shards += len(shards)
            record.counts.update(outcome.counts)
        listed = {(failure.stage, failure.name) for failure in self.run.failures}
        self.run.failures.extend(one for one in outcome.failures if (one.stage, one.name) not in listed)
        self._set_aside(outcome.corrupt)

    def _encode_contested(self) -> None:
        """Find out which overlaps the pairs contest, and encode these: the second round of the encode stage."""
        missing = self.find_missing()
        lacking = {document.id for document in (*missing.split, *missing.encode)}
        pairs = [pair for pair in missing.contest if not lacking.intersection(side.id for side in _sides(pair))]
        if pairs:
            self._work_on("contest", tasks.contest_shard, pairs)
        if documents := self.find_missing().contested:
            self._work_on("encode", tasks.encode_shard, documents)

    def _note_provisional(self) -> None:
        """Say which pairs are waiting for a full run."""
        if n_provisional := len(self.find_missing().provisional):
            pairs = units({"pairs": n_provisional})
            self._note(f"{pairs} with provisional beads: run without --stage to encode what they lack")

    def _note(self, *notes: str) -> None:
        for note in notes:
            if note not in self.run.notes:
                self.run.notes.append(note)
                self.observer.note(note)

    def _without_blocked(self, stage: Stage, todo: Sequence[Item], missing: Missing) -> list[Item]:
        """Leave out, and list, what lacks its input: a document failed on the way, or --stage skips its stage."""
        lacking = {document.id for document in (*missing.split, *(missing.encode if stage == "align" else ()))}
        lacking = lacking if stage in NEEDS else set()
        blocked = {item: names for item in todo if (names := [side for side in _sides(item) if side.id in lacking])}
        reasons = {failure.name: failure.reason for failure in self.run.failures}
        for item, sides in blocked.items():
            if isinstance(item, DocumentPair) or item.path not in reasons:
                reason = "; ".join(reasons.get(side.path) or _lacks(side, stage) for side in sides)
                self.run.failures.append(Failure(stage, _name(item), reason))
        if todo and len(blocked) == len(todo) and self.run.stage:
            before, what = NEEDS[stage]
            raise MissingError(
                f"no {_unit(todo[0])} to {stage} has {what} in the store: run --stage {before} first, or run without "
                "--stage"
            )
        return [item for item in todo if item not in blocked]

    def _export(self) -> bool:
        """Write the exports and gather the report; return False where a stored file turned out to be damaged."""
        if not (self.run.wants("export") or self.run.wants("report")):
            return True
        if self.run.stage:
            self.require_beads()
        self._list_unaligned()
        try:
            with self._record("export") as record:
                folder = self.run.out if self.run.wants("export") else None
                self.run.exported = self.backend.do(tasks.export_run, self.run.config, self.run.manifest, folder)
                record.counts.update(self.run.exported.counts)
                self._note(*self.run.exported.notes)
        except CorruptFile as error:
            self._set_aside([str(error)])
            return False
        return True

    def require_beads(self) -> int:
        """Return how many pairs have no beads in the store; raises MissingError if none has any."""
        missing = self.find_missing().without_beads
        n_missing = sum(pair.key in missing for pair in self.run.manifest.pairs)
        if n_missing == len(self.run.manifest.pairs) and n_missing:
            advice = "run --stage align first, or run without --stage"
            raise MissingError(f"no pair has beads in the store: {advice}")
        return n_missing

    def _list_unaligned(self) -> None:
        """List the pairs without beads that no earlier stage has listed, such as the twin of a pair that failed."""
        missing = self.find_missing().without_beads
        reasons = {failure.name: failure.reason for failure in self.run.failures}
        twins = {pair.key: reasons[pair.pair_id] for pair in self.run.manifest.pairs if pair.pair_id in reasons}
        unknown = "it has no beads in the store; run --stage align first, or run without --stage"
        for pair in self.run.manifest.pairs:
            if pair.key in missing and pair.pair_id not in reasons:
                self.run.failures.append(Failure("export", pair.pair_id, twins.get(pair.key, unknown)))

    def _set_aside(self, corrupt: Sequence[str]) -> None:
        self.run.set_aside.extend(corrupt)
        for text in corrupt:
            self.observer.note(text)

    @contextmanager
    def _record(self, stage: str) -> Iterator[StageRecord]:
        record = self.run.records.setdefault(stage, StageRecord())
        started = time.monotonic()
        try:
            yield record
        finally:
            record.seconds += time.monotonic() - started


def _warnings(run: Run) -> list[str]:
    """Say what is left out, or unused, and which pairs are in a language that the encoder doesn't know."""
    warnings = describe_strays(run.config, run.manifest) if run.is_corrected and not run.limit else []
    if run.manifest.unmatched:
        left_out = units({"documents": len(run.manifest.unmatched)})
        warnings.append(f"{left_out} without a counterpart left out, such as: {run.manifest.unmatched[0]}")
    known = describe(run.config.encode).languages
    if known is None:
        return warnings
    for pair in run.manifest.pairs:
        languages = (pair.source.language, pair.target.language)
        strange = {language for language in languages if primary_language(language) not in known}
        if strange:
            names = ", ".join(sorted(strange))
            warnings.append(f"pair {pair.pair_id}: {run.config.encode.encoder} does not know {names}; expect bad beads")
    return warnings


def _sides(item: Item) -> tuple[Document, ...]:
    return (item,) if isinstance(item, Document) else (item.source, item.target)


def _name(item: Item) -> str:
    return item.path if isinstance(item, Document) else item.pair_id


def _unit(item: Item) -> str:
    return "document" if isinstance(item, Document) else "pair"


def _lacks(side: Document, stage: Stage) -> str:
    before, what = NEEDS[stage]
    return f"{side.path} has no {what} in the store; run --stage {before} first, or run without --stage"


def _there(manifest: Manifest, stage: Stage) -> str:
    there = {"pairs": len(manifest.pairs)} if stage == "align" else {"documents": len(manifest.documents)}
    return f"{units(there)} done before"
