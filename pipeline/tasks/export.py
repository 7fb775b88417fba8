"""Write the exports of a run, and sum it up."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.manifest import Manifest, Shard
from pipeline.review.corrections import CorrectionCounts
from pipeline.store.run_store import RunStore
from pipeline.tasks.find import find_named
from pipeline.tasks.missing import ShardReviews
from pipeline.tasks.work import Reviews, pairs_of_shard

if TYPE_CHECKING:
    from stages.data import AlignedPair
    from stages.evaluate.encoder_check import EncoderVerdict


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


def read_pairs_of_shard(
    store: RunStore, shard: Shard, reviews: Reviews, corrected: CorrectionCounts | None = None
) -> Iterator[AlignedPair]:
    """Give those pairs of a shard that have been aligned, in the order of the corpus.

    `corrected` is told of what people have decided about them. Raises CorruptFile where a stored file fails its checks.
    """
    pairs = pairs_of_shard(store, shard, reviews)
    aligned = store.read_pairs(pairs)
    if corrected is None:
        return aligned
    corrected.add(pairs)
    return corrected.watch(aligned)


def read_pairs_of_run(
    store: RunStore, shards: Sequence[Shard], reviews: ShardReviews, corrected: CorrectionCounts | None = None
) -> Iterator[AlignedPair]:
    """Give those pairs of a run that have been aligned, in the order of the corpus."""
    for shard in shards:
        yield from read_pairs_of_shard(store, shard, reviews.get(shard.number, {}), corrected)


def export_run(store: RunStore, manifest: Manifest, reviews: ShardReviews, folder: Path | None) -> Exported:
    """Write the exports of a run into a folder (or nothing, without one), and sum it up.

    Raises CorruptFile where a stored file fails its checks.
    """
    from pipeline.exports.quality import QualityGate
    from pipeline.exports.write import describe_left_out, write_exports
    from pipeline.review.pages import embed_pairs
    from stages.evaluate.encoder_check import EncoderCheck
    from stages.report.summary import CorpusSummary

    config = store.config
    summary = CorpusSummary()
    counts: Counter[str] = Counter()
    corrected = CorrectionCounts()
    check, gate = EncoderCheck(), QualityGate(config.align.min_quality)
    aligned = check.watch(read_pairs_of_run(store, manifest.shards, reviews, corrected))
    pairs = gate.watch(summary.watch(aligned))
    if folder is None:
        deque(pairs, maxlen=0)
    else:
        counts = write_exports(pairs, config.export, folder, language_pairs=manifest.languages)
    counts.update(corrected.counts + gate.counts)
    doubtful = summary.most_doubtful()
    found = find_named(store, manifest.shards, set(doubtful), reviews)
    by_id = {pair.pair_id: pair for pair in found}
    pages = embed_pairs(store, (by_id[pair_id] for pair_id in doubtful))
    encoder = check.verdict()
    of_encoder = [encoder.describe(config.encode.encoder)] if encoder else []
    notes = (*of_encoder, *corrected.notes, *gate.notes, *describe_left_out(counts))
    return Exported(summary.totals["pairs"], counts, summary.as_dict(), notes, pages, encoder)
