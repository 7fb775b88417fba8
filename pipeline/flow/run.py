"""A run: what was asked for, and what became of it."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from pipeline.config.run_config import RunConfig
from pipeline.corpus.paired import FoundPairs
from pipeline.exports.filenames import GOLD_SUFFIX
from pipeline.exports.unchanged import Results, digest_program
from pipeline.manifest import Failure, Manifest
from pipeline.review.corrections import corrections_folder
from pipeline.tasks.export import Exported
from pipeline.tasks.work import Outcome, Reviews, Task

Stage = Literal["split", "encode", "align", "export", "report"]
STAGES: tuple[Stage, ...] = get_args(Stage)
COMPUTING: tuple[Literal["split", "encode", "align"], ...] = ("split", "encode", "align")


@dataclass
class StageRecord:
    """What a stage of a run did, or a step of one."""

    n_shards: int = 0
    seconds: float = 0.0
    """While it was at work, perhaps beside others."""
    counts: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Span:
    """When a part of a shard was worked on, in seconds from the start of the run, and by which worker."""

    task: str
    shard: int
    start: float
    stop: float
    worker: str


@dataclass
class Run:
    """A run: what was asked for, and what became of it."""

    config: RunConfig
    stage: Stage | None = None
    """Only this stage, from what the stage before it left."""
    limit: int | None = None
    """Only so many pairs."""
    out: Path = Path("out")
    manifest: Manifest = field(default_factory=Manifest)
    reviews: Mapping[int, Reviews] = field(default_factory=dict)
    """The corrections of pairs, by the numbers of their shards."""
    records: dict[str, StageRecord] = field(default_factory=dict)
    timeline: list[Span] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    set_aside: list[str] = field(default_factory=list)
    exported: Exported | None = None
    costs: dict[str, Any] | None = None
    """What rented machines have cost: see `costs.costs_of`."""
    corrections: Path | None = None
    """The folder with the corrections of its pairs, where it doesn't lie beside the config."""
    has_folder: bool = True
    """False where its results stay in the store, as those of a night do."""
    made_of: str = ""
    """What its results are made of, as `fingerprint` says; empty where they are not all that they should be."""
    kept: Results | None = None
    """The results of an earlier run, which stay as they are because this one would write the same."""
    pairing: FoundPairs | None = None
    """What became of its documents, where these were paired by what they say."""
    started: float = field(default_factory=time.time)

    @property
    def corrections_folder(self) -> Path:
        """The folder with the corrections of its pairs; it need not exist."""
        return self.corrections or corrections_folder(self.config)

    def count_aligned(self) -> Counter[str]:
        """Count the pairs, beads and nulls that this run has aligned, those of pairs that request nothing as well."""
        aligned, request = (self.records.get(name, StageRecord()).counts for name in ("align", "request"))
        return Counter(
            pairs=aligned["pairs"] + request["pairs_aligned"],
            beads=aligned["beads"] + request["beads"],
            nulls=aligned["nulls"] + request["nulls"],
        )

    def count_of(self, stage: str, name: str) -> int:
        """Return a count of what a stage has done; 0 for one that only looked, and found nothing to do."""
        return self.records.get(stage, StageRecord()).counts[name]

    def fingerprint(self) -> str:
        """Return what tells all that the results are made of, this program as well, from that of another time."""
        manifest = self.manifest
        parts = [
            digest_program(),
            self.config.model_dump_json(exclude={"compute"}),
            [shard.digest for shard in manifest.shards],
            (manifest.n_listed, manifest.n_unmatched, manifest.unmatched),
            sorted(self.reviews.items()),
            sorted(map(str, self.failures)),
            sorted(set(self.notes) - set(manifest.notes)),
            self._gold(),
            self.pairing and self.pairing.rows,
        ]
        return hashlib.sha256(repr(parts).encode(errors="surrogatepass")).hexdigest()

    def _gold(self) -> list[tuple[str, bytes]]:
        """Return the files of gold that the report compares with."""
        gold = self.config.corpus.gold
        paths = sorted(self.config.resolve(gold).glob(f"*{GOLD_SUFFIX}")) if gold else ()
        return [(path.name, path.read_bytes()) for path in paths]

    def has_done_something(self) -> bool:
        """Say whether a stage has done anything to documents or pairs."""
        counts = [record.counts for name, record in self.records.items() if name != "read"]
        return bool(self.set_aside) or any(one["documents"] or one["pairs"] for one in counts)

    def wants(self, stage: Stage) -> bool:
        """Say whether a stage was asked for."""
        return self.stage in (None, stage)

    def note_span(self, task: Task, shard: int, outcome: Outcome) -> None:
        """Remember when a part of a shard was worked on."""
        start, stop = (round(moment - self.started, 3) for moment in (outcome.started, outcome.stopped))
        self.timeline.append(Span(task.name, shard, start, stop, outcome.worker))

    @property
    def exit_status(self) -> int:
        """0: all pairs done; 1: none of them; 3: some documents or pairs failed and are listed."""
        if not self.failures:
            return 0
        results = self.exported or self.kept
        return 1 if not self.manifest.n_pairs or (results and not results.n_pairs) else 3
