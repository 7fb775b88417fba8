"""Define the work of workers: a task, the shard to do it on, and its outcome."""

from __future__ import annotations

import os
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple, TypeVar

from pipeline.config.run_config import RunConfig
from pipeline.errors import BitextError, CorruptFile, StoreError, Vanished
from pipeline.manifest import Document, DocumentPair, Failure, Shard
from pipeline.store.run_store import RunStore
from pipeline.store.shard_file import ShardWriter
from pipeline.store.shelf import Places, Shelf
from stages.corrections import Review

Item = TypeVar("Item", Document, DocumentPair)
Unit = Literal["documents", "pairs"]
ComputingStage = Literal["split", "encode", "align"]

Files = dict[str, dict[str, int]]
"""Files of the store with their sizes, by table."""

Reviews = Mapping[str, tuple[Review, ...]]
"""The corrections of pairs, by pair_id."""


@dataclass(frozen=True)
class Work:
    """A part of a shard, on its way to a worker: all that it needs to find the rest."""

    config: RunConfig
    shard: Shard
    part: int = 0
    n_parts: int = 1
    reviews: Reviews = field(default_factory=dict)
    """The corrections of pairs of this shard."""
    files: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Where what was done of this shard before is known to lie, by table."""

    def cut(self, n_parts: int) -> list[Work]:
        """Cut it further, into so many parts."""
        return [
            replace(self, part=self.part * n_parts + number, n_parts=self.n_parts * n_parts)
            for number in range(n_parts)
        ]


class Blocked(NamedTuple):
    """A document or pair that lacks what an earlier stage should have left."""

    name: str
    lacking: tuple[str, ...]
    """The paths of its documents that lack it."""


@dataclass
class Outcome:
    """What became of a part of a shard."""

    counts: Counter[str] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)
    blocked: list[Blocked] = field(default_factory=list)
    corrupt: list[str] = field(default_factory=list)
    """Files that failed their checks and were set aside: what they held has to be made again."""
    files: Files = field(default_factory=dict)
    """The files in which lies what this part of the shard has, done now or before."""
    n_todo: int = 0
    """Documents or pairs that were not done before."""
    n_open: int = 0
    """Those of them that still aren't done."""
    n_provisional: int = 0
    """Pairs whose beads wait for a full run."""
    has_lost_texts: bool = False
    """Whether texts, or a shard of the manifest, are gone from the store."""
    started: float = 0.0
    stopped: float = 0.0
    """Unix times."""
    worker: str = ""

    def add(self, other: Outcome) -> None:
        """Add up two parts."""
        self.counts.update(other.counts)
        for name in ("failures", "blocked", "corrupt"):
            getattr(self, name).extend(getattr(other, name))
        for table, files in other.files.items():
            self.files.setdefault(table, {}).update(files)
        self.n_todo += other.n_todo
        self.n_open += other.n_open
        self.n_provisional += other.n_provisional
        self.has_lost_texts |= other.has_lost_texts
        self.started = min(filter(None, (self.started, other.started)), default=0.0)
        self.stopped = max(self.stopped, other.stopped)
        self.worker = self.worker or other.worker

    @contextmanager
    def isolate(self, stage: str, name: str) -> Iterator[None]:
        """Keep one bad document or pair from sinking its shard; what raises isn't done."""
        self.n_open += 1
        try:
            yield
        except Vanished as error:
            if not self.corrupt:  # else it went with a damaged file
                self.corrupt.append(str(error))
        except CorruptFile as error:
            self.corrupt.append(str(error))
        except StoreError:
            raise
        except BitextError as error:
            self.failures.append(Failure(stage, name, str(error)))
        except Exception as error:  # noqa: BLE001 - the one that isolates a document; the traceback is kept
            reason = f"{type(error).__name__}: {error}"
            self.failures.append(Failure(stage, name, reason, traceback.format_exc()))
        else:
            self.n_open -= 1

    def note_places(self, table: str, shelf: Shelf, places: Places) -> None:
        """Remember in which files something lies that was done before."""
        self.note_files(table, shelf, {place.file for place in places.values()})

    def note_writer(self, table: str, shelf: Shelf, writer: ShardWriter) -> None:
        """Remember what has been written."""
        if writer.file is not None:
            self.note_files(table, shelf, [writer.file])

    def note_files(self, table: str, shelf: Shelf, names: Iterable[str]) -> None:
        """Remember files of a shelf, with their sizes."""
        found = self.files.setdefault(table, {})
        found.update({name: size for name in names if (size := shelf.size_of(name)) is not None})


@dataclass(frozen=True)
class Task:
    """Something that is done to every shard: a stage, or a step of one."""

    name: str
    label: str
    """What it is called in a report; several tasks may go by one."""
    stage: ComputingStage
    """The stage that it is a part of."""
    machine: ComputingStage
    """The stage on whose machines it is done."""
    unit: Unit
    """What of a shard it is done to."""
    do: Callable[[RunStore, Work, Outcome], None]

    def __call__(self, store: RunStore, work: Work) -> Outcome:
        """Do what is missing of a part of a shard."""
        outcome = Outcome(started=time.time(), worker=str(os.getpid()))
        store.expect(work.files)
        try:
            self.do(store, work, outcome)
        except CorruptFile as error:  # of what is read of all items at once: none of them is done
            outcome.corrupt.append(str(error))
            outcome.n_open += 1
            outcome.has_lost_texts |= not store.manifest.has(work.shard.file)
        outcome.corrupt += store.store.take_set_aside()
        outcome.stopped = time.time()
        return outcome

    def n_items(self, shard: Shard) -> int:
        """Return to how many documents or pairs of a shard it is done."""
        return shard.n_documents if self.unit == "documents" else shard.n_pairs

    def effort(self, shard: Shard) -> float:
        """Return how much text that is, in characters of a language like English."""
        return shard.effort if self.unit == "documents" else shard.pair_effort


def own_documents(store: RunStore, work: Work) -> list[Document]:
    """Return the documents of a part of a shard that no earlier shard has."""
    return deal(list(documents_of(store, work).values()), work.part, work.n_parts)


def documents_of(store: RunStore, work: Work) -> dict[str, Document]:
    """Return the documents of a shard that no earlier shard has, by their ids."""
    documents: dict[str, Document] = {}
    for listed in store.manifest.read(work.shard):
        sides = (listed.pair.source, listed.source_is_here), (listed.pair.target, listed.target_is_here)
        for document, is_here in sides:
            if is_here:
                documents.setdefault(document.id, document)
    return documents


def pairs_of_shard(store: RunStore, shard: Shard, reviews: Reviews) -> list[DocumentPair]:
    """Return the pairs of a shard in the order of the corpus, with the corrections of their sentences.

    Raises CorruptFile where a stored file fails its checks.
    """
    return store.with_reviews([listed.pair for listed in store.manifest.read(shard)], reviews)


def own_pairs(store: RunStore, work: Work) -> list[DocumentPair]:
    """Return the pairs of a part of a shard; of several names for the same two documents, the first.

    One whose sentences people have changed is there twice: the other is as it was split, which tells how good the
    aligner is, and is shown as long as nothing else is aligned.
    """
    listed = [
        version
        for pair in pairs_of_shard(store, work.shard, work.reviews)
        for version in ((pair.as_split, pair) if pair.is_edited else (pair,))
    ]
    pairs = {pair.key: pair for pair in reversed(listed)}
    return deal(list(pairs.values())[::-1], work.part, work.n_parts)


def deal(items: list[Item], part: int, n_parts: int) -> list[Item]:
    """Return one of so many parts, of about the same size, of documents or pairs; in their order."""
    if n_parts == 1:
        return items
    efforts = [0.0] * n_parts
    chosen = []
    for number, item in sorted(enumerate(items), key=lambda one: -one[1].effort):
        least = efforts.index(min(efforts))
        efforts[least] += max(1.0, item.effort)
        if least == part:
            chosen.append(number)
    return [items[number] for number in sorted(chosen)]
