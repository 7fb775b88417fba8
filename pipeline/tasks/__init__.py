"""One function for each stage: read a shard, call the stage, write a shard, return counts.

They run wherever the store lies, here or on a rented machine. Each imports its stage inside, so that a worker loads
only what it runs, and the machine that orchestrates loads nothing.
"""

from __future__ import annotations

import traceback
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.config.run_config import RunConfig, which_overlaps
from pipeline.corpus.manifest import Document, DocumentPair, Failure, Manifest
from pipeline.errors import BitextError, ConfigError, CorruptFile, StoreError
from pipeline.review.corrections import CorrectionCounts
from pipeline.store import requested_overlaps as contested
from pipeline.store import schema
from pipeline.store.rows import (
    bead_keys,
    beads,
    embeddings,
    overlap_key,
    provisional_key,
    read_overlaps,
    read_sentence_texts,
    read_some_pairs,
    read_text,
    sentence_rows,
    sentences,
    stored_key,
    text_rows,
    texts,
)
from pipeline.store.shard_file import ShardWriter
from pipeline.store.store import Places, Store
from pipeline.tasks.encoding import Wanted, encode_together, timing_counts, write_vectors
from pipeline.tasks.on_demand import Stored, align_on_demand, contest_pair, look_up, write_beads

if TYPE_CHECKING:
    from stages.encode.config import EncodeConfig
    from stages.encode.encoder import Encoder, Timing
    from stages.evaluate.encoder_check import EncoderVerdict
    from stages.evaluate.scores import Evaluation


@dataclass(frozen=True)
class Shard:
    """A group of documents (split, encode) or pairs (align): the unit of work."""

    items: tuple[Document | DocumentPair, ...]

    @property
    def documents(self) -> tuple[Document, ...]:
        """Return its documents; none in a shard of pairs."""
        return tuple(item for item in self.items if isinstance(item, Document))

    @property
    def pairs(self) -> tuple[DocumentPair, ...]:
        """Return its pairs; none in a shard of documents."""
        return tuple(item for item in self.items if isinstance(item, DocumentPair))

    @property
    def n_chars(self) -> int:
        """Return the characters of all of them."""
        return sum(item.n_chars for item in self.items)


@dataclass
class Outcome:
    """What became of a shard."""

    counts: Counter[str] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)
    corrupt: list[str] = field(default_factory=list)
    """Files that failed their checks and were set aside: what they held has to be made again."""

    def add(self, other: Outcome) -> None:
        """Add up two shards."""
        self.counts.update(other.counts)
        self.failures.extend(other.failures)
        self.corrupt.extend(other.corrupt)

    @contextmanager
    def isolate(self, stage: str, name: str) -> Iterator[None]:
        """Keep one bad document or pair from sinking its shard."""
        try:
            yield
        except CorruptFile as error:
            self.corrupt.append(str(error))
        except StoreError:
            raise
        except BitextError as error:
            self.failures.append(Failure(stage, name, str(error)))
        except Exception as error:  # noqa: BLE001 - the one that isolates a document; the traceback is kept
            reason = f"{type(error).__name__}: {error}"
            self.failures.append(Failure(stage, name, reason, traceback.format_exc()))


Task = Callable[[Store, RunConfig, Shard], Outcome]

ShardOutcome = tuple[Shard, Outcome | Exception]
"""A shard with what became of it, or with what killed its worker."""


# ---- the stages


def keep_texts(store: Store, batch: Sequence[tuple[Document, str]]) -> None:
    """Write normalised texts, many to a file."""
    with texts(store).write(schema.TEXTS, compression="zstd") as writer:
        for document, text in batch:
            writer.add(document.id, text_rows(document, text))


def split_shard(store: Store, config: RunConfig, shard: Shard) -> Outcome:
    """Split documents into sentences."""
    from stages.split import split_document

    outcome = Outcome()
    with sentences(store, config).write(schema.SENTENCES, compression="zstd") as writer:
        for document in shard.documents:
            with outcome.isolate("split", document.path):
                text = read_text(store, document)
                result = split_document(text, document.language, config.split, document.is_split)
                writer.add(document.id, sentence_rows(document, result.sentences), result.facts)
                outcome.counts.update(documents=1, sentences=len(result.sentences))
    return outcome


def encode_shard(store: Store, config: RunConfig, shard: Shard) -> Outcome:
    """Turn the overlaps of documents into vectors: those that the config and the pairs want, and the store lacks."""
    outcome = Outcome()
    encoder, before = take_encoder(config.encode)
    work = list(_find_work(store, config, shard, outcome))
    # Not isolated: where a GPU is lost, the shard fails, not each of its documents.
    known = encode_together(encoder, config.encode, work)
    columns = schema.embeddings(encoder.dimensions)
    shelf = embeddings(store, config)
    with shelf.write(columns, compression="none", use_dictionary=["document", "overlap_size"]) as writer:
        for wanted in work:
            with outcome.isolate("encode", wanted.document.path):
                outcome.counts.update(write_vectors(writer, columns, wanted, known, config))
                outcome.counts.update(documents=int(1 in wanted.stops or not wanted.asked))  # not once for each round
    outcome.counts.update(timing_counts(before, encoder.timing))
    return outcome


def _find_work(store: Store, config: RunConfig, shard: Shard, outcome: Outcome) -> Iterator[Wanted]:
    """Give what is to be encoded of each document of a shard."""
    from stages.encode import overlap_stops

    shelf, asked_for = embeddings(store, config), contested.contested(store, config)
    ids = [document.id for document in shard.documents]
    places = shelf.look_up_documents(ids)
    encoded_keys = contested.keys_by_document(places)
    asked_keys = contested.keys_by_document(asked_for.look_up_documents(ids))
    for document in shard.documents:
        with outcome.isolate("encode", document.path):
            lines = read_sentence_texts(store, config, document)
            sizes = missing_sizes(config, places, document)
            asked = contested.find_asked(asked_for, asked_keys.get(document.id, ()), places)
            known = contested.find_known(shelf, encoded_keys.get(document.id, ()), asked)
            stops = {size: overlap_stops(lines, size) for size in sizes} | contested.unknown_stops(asked, known)
            yield Wanted(document, lines, stops, asked, known)


def contest_shard(store: Store, config: RunConfig, shard: Shard) -> Outcome:
    """Find out which overlaps pairs of documents contest: what the second round of encoding is for.

    Pairs that contest nothing are thereby aligned.
    """
    outcome, stored = Outcome(), look_up(store, config, shard.pairs)
    with _pair_files(store, config) as files:
        for pair in shard.pairs:
            with outcome.isolate("align", pair.pair_id):
                outcome.counts.update(contest_pair(store, config, pair, stored, *files))
    return outcome


def align_shard(store: Store, config: RunConfig, shard: Shard) -> Outcome:
    """Align pairs of documents; with overlaps on demand, as far as what they contest is known and encoded."""
    outcome, stored = Outcome(), look_up(store, config, shard.pairs)
    with _pair_files(store, config) as files:
        for pair in shard.pairs:
            with outcome.isolate("align", pair.pair_id):
                if pair.uncorrected.key not in stored.beads:
                    outcome.counts.update(_align(store, config, pair.uncorrected, stored, *files))
                if pair.corrections:  # beside the others, which tell how good the aligner is
                    counts = _align(store, config, pair, stored, *files)
                    outcome.counts.update(corrected_pairs=1, provisional_pairs=counts.get("provisional_pairs", 0))
    return outcome


@contextmanager
def _pair_files(store: Store, config: RunConfig) -> Iterator[tuple[ShardWriter, ShardWriter]]:
    """Open a file for the beads of a shard of pairs, and one for what they contest."""
    with (
        beads(store, config).write(schema.BEADS, compression="zstd") as writer,
        contested.contested(store, config).write(schema.CONTESTED, compression="zstd") as asking,
    ):
        yield writer, asking


def _align(
    store: Store, config: RunConfig, pair: DocumentPair, stored: Stored, writer: ShardWriter, asking: ShardWriter
) -> dict[str, int]:
    from stages.align import align_pair

    which = which_overlaps(config)
    if which == "on-demand":
        return align_on_demand(store, config, pair, stored, writer, asking)
    read = read_overlaps if which == "all" else contested.read_singles
    sides = read(store, config, pair.source), read(store, config, pair.target)
    return write_beads(pair, align_pair(*sides, config.align, corrections=pair.corrections), sides, writer)


def missing_sizes(config: RunConfig, places: Places, document: Document) -> list[int]:
    """Return the overlap sizes of a document that are encoded whole, and have no vectors yet."""
    largest = config.encode.max_overlap if which_overlaps(config) == "all" else 1
    return [size for size in range(1, largest + 1) if overlap_key(document, size) not in places]


# ---- what the orchestrator asks where the store lies


@dataclass(frozen=True)
class Missing:
    """What each stage has still to do for a manifest."""

    split: tuple[Document, ...]
    encode: tuple[Document, ...]
    align: tuple[DocumentPair, ...]
    contest: tuple[DocumentPair, ...] = ()
    """Pairs of which it isn't known what they contest."""
    contested: tuple[Document, ...] = ()
    """Documents of which contested overlaps have no vectors."""
    provisional: frozenset[str] = frozenset()
    """The keys of pairs to align that have provisional beads."""
    superseded: frozenset[str] = frozenset()
    """The keys of pairs to align that have beads from before their corrections."""
    waiting: frozenset[str] = frozenset()
    """Those of them that still lack vectors of contested overlaps."""
    set_aside: tuple[str, ...] = ()
    """Files whose footers have been found damaged since this was last asked."""

    @property
    def align_now(self) -> tuple[DocumentPair, ...]:
        """The pairs that can be aligned further than they are."""
        return tuple(pair for pair in self.align if pair.key not in self.waiting)

    @property
    def without_beads(self) -> set[str]:
        """The keys of pairs that have no beads, not even provisional ones, or from before their corrections."""
        return {pair.key for pair in self.align} - self.provisional - self.superseded


def known_texts(store: Store) -> set[str]:
    """Return the documents whose texts the store holds."""
    return set(texts(store).places())


def find_missing(store: Store, config: RunConfig, manifest: Manifest) -> Missing:
    """Compare a manifest with what is there."""
    documents = manifest.documents
    split, encoded, aligned = sentences(store, config), embeddings(store, config), beads(store, config)
    ids = [document.id for document in documents]
    done_split, done_encode = split.look_up(ids), encoded.look_up_documents(ids)
    done_align = aligned.look_up(key for pair in manifest.pairs for key in bead_keys(pair))
    asked_for = contested.contested(store, config)
    to_align = tuple({pair.key: pair for pair in manifest.pairs if pair.key not in done_align}.values())
    on_demand = which_overlaps(config) == "on-demand"
    done_asking = asked_for.look_up(contested.contested_keys(to_align))
    lacking = {pair.key: contested.lacking_documents(pair, asked_for, done_asking, done_encode) for pair in to_align}
    provisional = frozenset(pair.key for pair in to_align if provisional_key(pair) in done_align)
    superseded = frozenset(pair.key for pair in to_align if pair.corrections and stored_key(pair, done_align))
    for shelf in (texts(store), split, encoded, asked_for, aligned):
        with suppress(StoreError):  # it is only a shortcut, and a full disk will be met with soon enough
            shelf.save_index()
    return Missing(
        split=tuple(document for document in documents if document.id not in done_split),
        encode=tuple(document for document in documents if missing_sizes(config, done_encode, document)),
        align=to_align,
        contest=tuple(pair for pair in to_align if on_demand and not contested.is_contested(pair, done_asking)),
        contested=tuple({side.id: side for sides in lacking.values() for side in sides}.values()),
        provisional=provisional,
        superseded=superseded,
        waiting=frozenset(key for key in provisional if lacking[key]),
        set_aside=tuple(store.take_set_aside()),
    )


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


def export_run(store: Store, config: RunConfig, manifest: Manifest, folder: Path | None) -> Exported:
    """Write the exports of a run into a folder (or nothing, without one), and sum it up.

    Raises CorruptFile where a stored file fails its checks.
    """
    from pipeline.exports.quality import QualityGate
    from pipeline.exports.write import describe_left_out, write_exports
    from pipeline.review.pages import embed_pairs
    from stages.evaluate.encoder_check import EncoderCheck
    from stages.report.summary import CorpusSummary

    summary = CorpusSummary()
    counts: Counter[str] = Counter()
    corrected = CorrectionCounts(manifest.pairs)
    check, gate = EncoderCheck(), QualityGate(config.align.min_quality)
    aligned = check.watch(corrected.watch(read_some_pairs(store, config, manifest.pairs)))
    pairs = gate.watch(summary.watch(aligned))
    if folder is None:
        deque(pairs, maxlen=0)
    else:
        languages = {(pair.source.language, pair.target.language) for pair in manifest.pairs}
        counts = write_exports(pairs, config.export, folder, language_pairs=languages)
    counts.update(corrected.counts + gate.counts)
    pairs_by_id = {pair.pair_id: pair for pair in manifest.pairs}
    pages = embed_pairs(store, config, (pairs_by_id[pair_id] for pair_id in summary.most_doubtful()))
    encoder = check.verdict()
    of_encoder = [encoder.describe(config.encode.encoder)] if encoder else []
    notes = (*of_encoder, *corrected.notes, *gate.notes, *describe_left_out(counts))
    return Exported(summary.totals["pairs"], counts, summary.as_dict(), notes, pages, encoder)


def evaluate_run(
    store: Store, config: RunConfig, manifest: Manifest, gold: dict[str, list[str]]
) -> tuple[dict[str, Evaluation], list[str]]:
    """Compare the beads of pairs with the lines of their gold; return the result, and what is wrong with the gold.

    What people have corrected is left out: this tells how good the aligner is.
    """
    from stages.bead_lines import parse_gold, positions_of
    from stages.evaluate.reliability import judge_beads
    from stages.evaluate.scores import evaluate

    judged = [pair.uncorrected for pair in manifest.pairs if pair.pair_id in gold]
    evaluations, problems = {}, []
    for pair in read_some_pairs(store, config, judged):
        try:
            beads = parse_gold(gold[pair.pair_id], len(pair.source), len(pair.target))
        except ValueError as error:
            problems.append(f"{pair.pair_id}: {error}")
        else:
            found = evaluate(positions_of(pair.beads), beads)
            evaluations[pair.pair_id] = replace(found, judged=judge_beads(pair.beads, beads))
    return evaluations, problems


def take_encoder(config: EncodeConfig) -> tuple[Encoder, Timing | None]:
    """Return the encoder of this process, and its timing up to now; None where it had to be loaded."""
    n_loaded = get_encoder.cache_info().misses
    encoder = get_encoder(config)
    return encoder, encoder.timing if get_encoder.cache_info().misses == n_loaded else None


@lru_cache(maxsize=1)
def get_encoder(config: EncodeConfig) -> Encoder:
    """Load the encoder once for a process; a ConfigError says what is wrong where it can't be had."""
    from stages.encode import load_encoder

    try:
        return load_encoder(config)
    except (RuntimeError, ValueError) as error:
        raise ConfigError(f"[encode] encoder: {error}") from error
