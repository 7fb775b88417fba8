"""Find out which documents of a run belong together, from the vectors of their sentences."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from pipeline.corpus.groups import group_by
from pipeline.corpus.paired import Decision, FoundPairs, PairRow
from pipeline.errors import ConfigError
from pipeline.manifest import Document, Shard
from pipeline.store.pairing_record import PairingRecord
from pipeline.store.rows import overlap_key
from pipeline.store.run_store import RunStore
from stages.pairing.config import PairingConfig

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from stages.pairing.match import PairedDocuments
    from stages.pairing.pairing import Decided, DocumentSide, Pairing
    from stages.pairing.summary import Summary

MIN_PERHAPS = 0.1
"""A best choice that is less likely than this is none: both documents stay alone."""

NEAR = 0.9
"""A second best score of at least so much of the best one is told as the reason why a pair is unsure."""

MAX_MEMORY_BYTES = 256 << 20
"""Vectors that are compared lie in memory up to this, then in a file that is gone when its process is."""

Languages = Sequence[tuple[str, str]]


def find_pairs_by_content(
    store: RunStore, shards: Sequence[Shard], languages: Languages, decisions: Sequence[Decision] = ()
) -> FoundPairs:
    """Pair the documents of each two languages, in the order of the corpus, and keep a record of it.

    Only what is new since the last record is compared. Raises CorruptFile where a stored file fails its checks.
    """
    record, made_of = PairingRecord(store.folder), digest_pairing(store, shards, languages, decisions)
    found = _Finding(store, record, _read_corpus(store, shards), decisions).carry_out(languages)
    record.write_found(found, made_of)
    return found


def read_found_pairs(
    store: RunStore, shards: Sequence[Shard], languages: Languages, decisions: Sequence[Decision] = ()
) -> FoundPairs | None:
    """Return what was found about these very documents; None where they have not been paired since they changed."""
    return PairingRecord(store.folder).read_found(digest_pairing(store, shards, languages, decisions))


def digest_pairing(
    store: RunStore, shards: Sequence[Shard], languages: Languages, decisions: Sequence[Decision]
) -> str:
    """Return a digest of all that decides which documents belong together."""
    of_shards = [shard.digest for shard in shards]
    return _digest(_settings(store), list(languages), sorted(decisions), of_shards)


def _settings(store: RunStore, is_compared: bool = False) -> list[Any]:
    """Return what decides which pairs are found, or only which documents are compared, and how much they agree."""
    left_out = {"min_confidence"} if is_compared else set[str]()
    return [store.summaries.folder.name, store.config.pairing.model_dump(exclude=left_out)]


def _digest(*parts: Any) -> str:
    return hashlib.sha256(json.dumps(parts).encode(errors="surrogatepass")).hexdigest()[:32]


@dataclass
class _Corpus:
    """The documents of a run: those that can be compared, by their languages, and what of the rest is to be told."""

    by_language: dict[str, list[Document]] = field(default_factory=dict)
    by_path: dict[str, Document] = field(default_factory=dict)
    copies: list[tuple[str, Document]] = field(default_factory=list)
    """Paths of documents with the very text of another, and which that is."""
    not_encoded: list[str] = field(default_factory=list)


def _read_corpus(store: RunStore, shards: Sequence[Shard]) -> _Corpus:
    corpus, found = _Corpus(), dict[str, Document]()
    for shard in shards:
        for document in (listed.pair.source for listed in store.manifest.read(shard)):
            first = found.setdefault(document.id, document)
            corpus.by_path[document.path] = first
            if first.path != document.path:
                corpus.copies.append((document.path, first))
    summarised = store.summaries.look_up(found)
    for document in found.values():
        if document.id in summarised:
            corpus.by_language.setdefault(document.language, []).append(document)
        else:
            corpus.not_encoded.append(document.path)
    return corpus


class _Nearest(NamedTuple):
    """The document that is nearest to one that stays alone."""

    source: Document
    target: Document
    score: float


class _Finding:
    """Pairs the documents of a corpus, two languages at a time."""

    def __init__(self, store: RunStore, record: PairingRecord, corpus: _Corpus, decisions: Sequence[Decision]):
        self._store, self._record, self._corpus, self._decisions = store, record, corpus, decisions
        self._found = FoundPairs(not_encoded=corpus.not_encoded)
        self._paired: set[str] = set()
        self._perhaps: set[str] = set()
        self._copies: dict[str, tuple[str, Document]] = {}
        self._nearest: dict[str, _Nearest] = {}
        self._placed: set[Decision] = set()

    def carry_out(self, languages: Languages) -> FoundPairs:
        """Pair the documents of each two languages; return the rows of the table."""
        of_kind: dict[str, list[PairRow]] = {"pair": [], "perhaps": []}
        for source, target in languages:
            sides = self._corpus.by_language.get(source, []), self._corpus.by_language.get(target, [])
            pairing = self._pair(sides, f"{source}-{target}")
            self._take(pairing, sides, of_kind)
        self._note_strays()
        targets = {target for _, target in languages}
        paired = targets | {source for source, _ in languages}
        alone = [
            row
            for language in self._corpus.by_language
            for row in self._alone(language, language in targets, language in paired)
        ]
        self._found.rows = [*of_kind["pair"], *of_kind["perhaps"], *alone, *self._copied(targets)]
        return self._found

    def _pair(self, documents: tuple[list[Document], list[Document]], name: str) -> Pairing:
        from stages.pairing.pairing import pair_documents

        keys: dict[str, int] = {}
        group_of = group_by(self._store.config.pairing.group)
        groups = [[keys.setdefault(group_of(one), len(keys)) for one in side] for side in documents]
        ids = [one.id for one in documents[0]], [one.id for one in documents[1]]
        known = self._record.settled_of(
            name, _digest(_settings(self._store, is_compared=True)), ids, self._store.config.pairing.min_confidence
        )
        with tempfile.TemporaryDirectory() as folder:
            source, target = (_side(self._store, *side, folder) for side in zip(documents, groups, strict=True))
            pairing = pair_documents(
                source,
                target,
                self._store.config.pairing,
                self._decided(documents),
                known.read(),
                known.write,
            )
        known.write(pairing.settled)
        return pairing

    def _decided(self, documents: tuple[list[Document], list[Document]]) -> Decided:
        """Return what people have decided about the documents of two languages, by their positions."""
        from stages.pairing.pairing import Decided

        places = [{one.id: place for place, one in enumerate(side)} for side in documents]
        said: dict[bool, set[tuple[int, int]]] = {True: set(), False: set()}
        for decision in self._decisions:
            both = [self._corpus.by_path.get(path) for path in (decision.source_path, decision.target_path)]
            for one, other in (both, both[::-1]):
                if one is not None and other is not None and one.id in places[0] and other.id in places[1]:
                    said[decision.is_together].add((places[0][one.id], places[1][other.id]))
                    self._placed.add(decision)
        for side in (0, 1):
            self._check_one_to_one(sorted(sorted(said[True]), key=itemgetter(side)), documents, side)
        return Decided(frozenset(said[True]), frozenset(said[False]))

    @staticmethod
    def _check_one_to_one(
        together: Sequence[tuple[int, int]], documents: tuple[list[Document], list[Document]], side: int
    ) -> None:
        """Raise ConfigError where people have put one document together with two."""
        for before, after in pairwise(together):
            if before[side] == after[side]:
                one = documents[side][before[side]].path
                others = (documents[1 - side][both[1 - side]].path for both in (before, after))
                raise ConfigError(f"{one} is put together with {' and with '.join(others)}; take one of them out")

    def _note_strays(self) -> None:
        for one in self._decisions:
            if one not in self._placed:
                self._found.strays.append(f"{one.source_path} and {one.target_path}")

    def _take(
        self, pairing: Pairing, sides: tuple[list[Document], list[Document]], of_kind: Mapping[str, list[PairRow]]
    ) -> None:
        """Take in what became of two languages."""
        self._found.n_compared += pairing.n_compared
        by_path = self._corpus.by_path
        said = [{by_path[one.source_path].id, by_path[one.target_path].id} for one in self._placed if one.is_together]
        for pair in pairing.pairs:
            one, other = sides[0][pair.source], sides[1][pair.target]
            why = "put together by hand" if {one.id, other.id} in said else "they say the same"
            of_kind["pair"].append(_row("pair", one, other, why, pair))
            self._paired |= {one.id, other.id}
        for pair in (one for one in pairing.unsure if one.confidence >= MIN_PERHAPS):
            one, other = sides[0][pair.source], sides[1][pair.target]
            of_kind["perhaps"].append(_row("perhaps", one, other, _why_unsure(pair), pair))
            self._perhaps |= {one.id, other.id}
        for side, first in zip(sides, pairing.duplicates, strict=True):
            self._note_copies(side, first.tolist())
        for number in (0, 1):
            self._note_nearest(pairing, sides, is_target=number == 1)

    def _note_copies(self, side: Sequence[Document], first: Sequence[int]) -> None:
        groups: dict[int, list[Document]] = {}
        for one, of_group in zip(side, first, strict=True):
            groups.setdefault(of_group, []).append(one)
        for group in groups.values():
            chosen = next((one for one in group if one.id in self._paired), group[0])
            for one in group:
                if one is not chosen and one.id not in self._paired:
                    self._copies.setdefault(one.id, (one.path, chosen))

    def _note_nearest(self, pairing: Pairing, sides: tuple[list[Document], list[Document]], is_target: bool) -> None:
        from stages.pairing.pairing import best_of

        side = sides[1 if is_target else 0]
        for document, best in zip(side, best_of(pairing.candidates, len(side), is_target).tolist(), strict=True):
            if best >= 0:
                i, j, score = (part[best].item() for part in pairing.candidates)
                known = self._nearest.get(document.id)
                if known is None or known.score < score:
                    self._nearest[document.id] = _Nearest(sides[0][i], sides[1][j], score)

    def _alone(self, language: str, is_target: bool, is_paired: bool) -> Iterator[PairRow]:
        """Give the documents of a language that stay alone."""
        for document in self._corpus.by_language[language]:
            if any(document.id in others for others in (self._paired, self._perhaps, self._copies)):
                continue
            near = self._nearest.get(document.id)
            if near is None:
                why = (
                    "there was nothing to compare it with" if is_paired else f"it is in {language}, which isn't paired"
                )
                yield _alone_row(document, is_target, "alone", f"{document.path} stays alone: {why}")
                continue
            other = near.source if near.target.id == document.id else near.target
            why = f"{document.path} stays alone: the other is the nearest"
            why += ", which belongs to another" if other.id in self._paired else ", and not near enough"
            yield PairRow("alone", near.source.path, near.target.path, *_languages(near), why, None, near.score)

    def _copied(self, targets: Collection[str]) -> Iterator[PairRow]:
        """Give the documents that say what another says, exact copies first."""
        for path, first in self._corpus.copies:
            one = Document(first.id, first.language, first.is_split, first.n_chars, path)
            yield _alone_row(one, first.language in targets, "copy", f"the same text as {first.path}")
        for identity, (path, chosen) in self._copies.items():
            if identity not in self._paired:
                one = Document(identity, chosen.language, chosen.is_split, 0, path)
                yield _alone_row(one, chosen.language in targets, "copy", f"says what {chosen.path} says")


def _row(kind: Any, source: Document, target: Document, reason: str, pair: PairedDocuments) -> PairRow:
    languages = source.language, target.language
    return PairRow(kind, source.path, target.path, *languages, reason, pair.confidence, pair.score, pair.second)


def _alone_row(document: Document, is_target: bool, kind: Any, reason: str) -> PairRow:
    paths, languages = (document.path, ""), (document.language, "")
    return PairRow(kind, *(paths[::-1] if is_target else paths), *(languages[::-1] if is_target else languages), reason)


def _languages(near: _Nearest) -> tuple[str, str]:
    return near.source.language, near.target.language


def _why_unsure(pair: PairedDocuments) -> str:
    if pair.confidence >= PairingConfig().min_confidence:
        return "perhaps: less sure than [pairing] min_confidence"
    is_near = pair.second > NEAR * pair.score
    return f"perhaps: {'another is nearly as near' if is_near else 'they agree too little'}"


# ---- the vectors of a side


def _side(store: RunStore, documents: Sequence[Document], group: Sequence[int], folder: str) -> DocumentSide:
    """Return the documents of a language with a way to read their sentences; `folder` is for what memory can't hold."""
    import numpy as np

    from stages.pairing.pairing import DocumentSide
    from stages.pairing.summary import gather

    summaries = gather(_read_summaries(store, documents), len(documents))
    sentences = StoredSentences(store, documents, summaries.weighted.shape[1], folder)
    return DocumentSide(summaries, np.array(group, np.int64), sentences)


def _read_summaries(store: RunStore, documents: Iterable[Document]) -> Iterator[Summary]:
    from stages.pairing.summary import Summary

    for _, rows in store.summaries.read_many(document.id for document in documents):
        weight, n_sentences, n_chars = (rows[name][0].as_py() for name in ("weight", "sentences", "chars"))
        weighted, total = (_flat(rows[name]) for name in ("weighted", "total"))
        yield Summary(weighted, total, weight, n_sentences, n_chars)


def _flat(column: pa.ChunkedArray) -> NDArray[np.float32]:
    flat: NDArray[np.float32] = column.combine_chunks().flatten().to_numpy(zero_copy_only=False)
    return flat


class StoredSentences:
    """The sentence vectors of documents: read from the store in its order, each once, and then at hand in any order."""

    def __init__(self, store: RunStore, documents: Sequence[Document], dimensions: int, folder: str):
        self._store, self._documents = store, documents
        self._dimensions, self._folder = dimensions, folder
        self._there: dict[int, tuple[NDArray[np.floating], NDArray[np.integer]]] = {}
        self._n_bytes = 0

    def prepare(self, documents: NDArray[np.int64]) -> None:
        """Have the vectors of these documents at hand."""
        import numpy as np

        missing = [index for index in documents.tolist() if index not in self._there]
        keys = [overlap_key(self._documents[index], 1) for index in missing]
        places = self._store.embeddings.look_up(keys)
        room = self._room(sum(place.n_rows for place in places.values()))
        spans = self._store.sentences.read_many([self._documents[one].id for one in missing], ("start", "stop"))
        vectors = self._store.embeddings.read_many(keys, ("stop", "vector"))
        start = 0
        for index, (_, sentences), (_, rows) in zip(missing, spans, vectors, strict=True):
            stops = rows["stop"].to_numpy()
            n_chars = (sentences["stop"].to_numpy() - sentences["start"].to_numpy()).astype(np.int64)
            room[start : start + len(stops)] = _flat(rows["vector"]).reshape(len(stops), -1)
            self._there[index] = room[start : start + len(stops)], n_chars[stops - 1]
            start += len(stops)

    def _room(self, n_rows: int) -> NDArray[np.float16]:
        """Return an array of shape (n_rows, D), in memory as far as there is much of it, else in a file."""
        import numpy as np

        shape = (n_rows, self._dimensions)
        self._n_bytes += 2 * n_rows * self._dimensions
        if self._n_bytes <= MAX_MEMORY_BYTES:
            return np.zeros(shape, np.float16)
        with tempfile.TemporaryFile(dir=self._folder) as file:
            return np.memmap(file, np.float16, "w+", shape=shape)

    def read(self, document: int) -> tuple[NDArray[np.floating], NDArray[np.integer]]:
        """Return the vectors of a document's sentences with text, and their lengths in characters."""
        return self._there[document]
