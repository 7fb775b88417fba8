"""Export what a run has aligned, and sum it up: in parts, side by side, that are put together in the corpus's order."""

from __future__ import annotations

import tempfile
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.config.run_config import RunConfig
from pipeline.errors import CorruptFile
from pipeline.manifest import DocumentPair, Manifest, Shard
from pipeline.review.corrections import CorrectionCounts
from pipeline.store.run_store import RunStore
from pipeline.tasks.find import find_named
from pipeline.tasks.missing import ShardReviews
from pipeline.tasks.work import pairs_of_shard

if TYPE_CHECKING:
    from pipeline.exports.other_languages import OtherLanguages
    from pipeline.exports.parts import File, Plan
    from pipeline.exports.quality import QualityGate
    from stages.data import AlignedPair
    from stages.evaluate.encoder_check import EncoderCheck, EncoderVerdict
    from stages.export.config import Format
    from stages.report.summary import CorpusSummary

PART_PAIRS = 2048
PART_CHARS = 8_000_000
"""A part has at most so many pairs, and characters of both sides, unless a single shard has more."""

Spread = Callable[[Callable[..., Any], Sequence[tuple[Any, ...]]], Iterator[Any]]
"""Calls a function with the store and each of some arguments, side by side; gives what it returns in their order."""


@dataclass(frozen=True)
class Exported:
    """What an export wrote, and the corpus in numbers."""

    n_pairs: int
    counts: Counter[str]
    summary: dict[str, Any]
    notes: tuple[str, ...] = ()
    pages: dict[str, str] = field(default_factory=dict)
    """The packed pages of the pairs that the report embeds, by pair_id."""
    encoder: EncoderVerdict | None = None
    """Whether the encoder is one that the weights fit; None where no pair tells."""


@dataclass
class Tally:
    """What pairs add to a report. Tallies add up, in the order of the corpus."""

    counts: Counter[str]
    corrected: CorrectionCounts
    check: EncoderCheck
    languages: OtherLanguages
    gate: QualityGate
    summary: CorpusSummary

    @classmethod
    def of(cls, config: RunConfig) -> Tally:
        """Begin a tally."""
        from pipeline.exports.other_languages import OtherLanguages
        from pipeline.exports.quality import QualityGate
        from stages.evaluate.encoder_check import EncoderCheck
        from stages.report.summary import CorpusSummary

        gate = QualityGate(config.align.min_quality)
        return cls(Counter(), CorrectionCounts(), EncoderCheck(), OtherLanguages(), gate, CorpusSummary())

    def watch(self, pairs: Iterable[AlignedPair]) -> Iterator[AlignedPair]:
        """Look at pairs as they pass by, and let those through that are good enough."""
        seen = self.languages.watch(self.check.watch(self.corrected.watch(pairs)))
        return self.gate.watch(self.summary.watch(seen))

    def add(self, other: Tally) -> None:
        """Add what comes next in the corpus."""
        self.counts.update(other.counts)
        self.corrected.add_all(other.corrected)
        self.check.add_all(other.check)
        self.languages.add_all(other.languages)
        self.gate.add_all(other.gate)
        self.summary.add_all(other.summary)


def export_run(
    store: RunStore, manifest: Manifest, reviews: ShardReviews, folder: Path | None, spread: Spread | None = None
) -> Exported:
    """Write the exports of a run into a folder (or nothing, without one), and sum it up.

    Raises CorruptFile where a stored file fails its checks.
    """
    from pipeline.exports.write import describe_left_out
    from pipeline.review.pages import embed_pairs

    config = store.config
    tally = write_run(store, manifest, reviews, folder, spread)
    doubtful = tally.summary.most_doubtful()
    by_id = {pair.pair_id: pair for pair in find_named(store, manifest.shards, set(doubtful), reviews)}
    pages = embed_pairs(store, (by_id[pair_id] for pair_id in doubtful))
    encoder = tally.check.verdict()
    of_encoder = [encoder.describe(config.encode.encoder)] if encoder else []
    notes = (
        *of_encoder,
        *tally.corrected.notes,
        *tally.languages.notes,
        *tally.gate.notes,
        *describe_left_out(tally.counts),
    )
    return Exported(tally.summary.totals["pairs"], tally.counts, tally.summary.as_dict(), notes, pages, encoder)


def write_run(
    store: RunStore, manifest: Manifest, reviews: ShardReviews, folder: Path | None, spread: Spread | None = None
) -> Tally:
    """Write the exports of a run in parts, and return what its pairs add up to; raises as `export_run`."""
    from pipeline.exports.dataset import describe_making
    from pipeline.exports.write import exporting, require_times

    config, tally = store.config, Tally.of(store.config)
    parts = cut_parts(manifest.shards)
    spread = spread if spread is not None and len(parts) > 1 else _here(store)
    if folder is None:
        _write_parts(config, parts, reviews, None, tally, spread)
    else:
        about = describe_making(config)
        with exporting(config.export, frozenset(manifest.languages), folder, about) as (plan, counts):
            _write_parts(config, parts, reviews, plan, tally, spread)
            counts.update(_join_parts(plan, len(parts), spread))
            require_times(tally.counts)
        tally.counts.update(counts)
    tally.counts.update(tally.corrected.counts + tally.languages.counts + tally.gate.counts)
    return tally


def write_single_file(store: RunStore, manifest: Manifest, reviews: ShardReviews, path: Path, name: Format) -> Tally:
    """Write all pairs of a run as one file, and return what they add up to; raises as `write_file`."""
    from pipeline.exports.duplicates import Repeated, find_repeated
    from pipeline.exports.parts import Plan, list_digests
    from pipeline.exports.write import write_file

    config, languages, tally = store.config, frozenset(manifest.languages), Tally.of(store.config)
    with tempfile.TemporaryDirectory() as temporary:
        plan, was_seen = Plan(config.export, languages, Path(temporary)), None
        if config.export.drop_duplicates:
            list_digests(plan, 0, Tally.of(config).gate.watch(read_pairs_of_run(store, manifest.shards, reviews)))
            find_repeated([plan.digests(0)])
            was_seen = Repeated(plan.digests(0))
        pairs = tally.watch(read_pairs_of_run(store, manifest.shards, reviews, tally.corrected))
        counts = write_file(pairs, path, config.export, language_pairs=languages, name=name, was_seen=was_seen)
    tally.counts.update(counts + tally.corrected.counts + tally.gate.counts)
    return tally


def read_pairs_of_run(
    store: RunStore, shards: Iterable[Shard], reviews: ShardReviews, corrected: CorrectionCounts | None = None
) -> Iterator[AlignedPair]:
    """Give those pairs of shards that have been aligned, in the order of the corpus, many read at once.

    `corrected` is told of their corrections. Raises CorruptFile where a stored file fails its checks.
    """
    yield from store.read_pairs(_listed_pairs(store, shards, reviews, corrected))
    for said in store.store.take_set_aside():
        raise CorruptFile(said)


def _listed_pairs(
    store: RunStore, shards: Iterable[Shard], reviews: ShardReviews, corrected: CorrectionCounts | None
) -> Iterator[DocumentPair]:
    for shard in shards:
        pairs = pairs_of_shard(store, shard, reviews.get(shard.number, {}))
        if corrected is not None:
            corrected.add(pairs)
        yield from pairs


def cut_parts(shards: Iterable[Shard]) -> list[list[Shard]]:
    """Put shards together to parts, in their order: to look up a few pairs costs nearly what it costs for many."""
    parts: list[list[Shard]] = []
    n_pairs = n_chars = 0
    for shard in shards:
        n_pairs += shard.n_pairs
        n_chars += shard.pair_chars
        if not parts or n_pairs > PART_PAIRS or n_chars > PART_CHARS:
            parts.append([])
            n_pairs, n_chars = shard.n_pairs, shard.pair_chars
        parts[-1].append(shard)
    return parts


def _write_parts(
    config: RunConfig,
    parts: Sequence[Sequence[Shard]],
    reviews: ShardReviews,
    plan: Plan | None,
    tally: Tally,
    spread: Spread,
) -> None:
    own = [{shard.number: reviews[shard.number] for shard in part if shard.number in reviews} for part in parts]
    calls = [(part, own[number], plan, number) for number, part in enumerate(parts)]
    if plan is not None and config.export.drop_duplicates:
        from pipeline.exports.duplicates import find_repeated

        deque(spread(list_part, calls), maxlen=0)
        find_repeated([plan.digests(number) for number in range(len(parts))])
    for of_part in spread(export_part, calls):
        tally.add(of_part)


def _join_parts(plan: Plan, n_parts: int, spread: Spread) -> Counter[str]:
    from pipeline.exports.parts import join_folders

    join_folders(plan, n_parts)
    counts: Counter[str] = Counter()
    for of_file in spread(join_part, [(plan, n_parts, file) for file in plan.joined_files]):
        counts.update(of_file)
    return counts


def export_part(
    store: RunStore, shards: Sequence[Shard], reviews: ShardReviews, plan: Plan | None, number: int
) -> Tally:
    """Write a part of the exports (or nothing, without a plan), and sum its pairs up."""
    from pipeline.exports.parts import write_part

    tally = Tally.of(store.config)
    aligned = tally.watch(read_pairs_of_run(store, shards, reviews, tally.corrected))
    if plan is None:
        deque(aligned, maxlen=0)
    else:
        tally.counts.update(write_part(plan, number, aligned))
    return tally


def list_part(store: RunStore, shards: Sequence[Shard], reviews: ShardReviews, plan: Plan, number: int) -> None:
    """List the digests of what a part would hold: the first round of an export without duplicates."""
    from pipeline.exports.parts import list_digests

    list_digests(plan, number, Tally.of(store.config).gate.watch(read_pairs_of_run(store, shards, reviews)))


def join_part(_: RunStore, plan: Plan, n_parts: int, file: File) -> Counter[str]:
    """Write one file from all parts."""
    from pipeline.exports.parts import join_file

    return join_file(plan, n_parts, file)


def _here(store: RunStore) -> Spread:
    def spread(function: Callable[..., Any], calls: Sequence[tuple[Any, ...]]) -> Iterator[Any]:
        return (function(store, *arguments) for arguments in calls)

    return spread
