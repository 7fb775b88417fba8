"""Find out which documents of a run belong together, from the vectors of their sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from pipeline.manifest import Document, Shard
from pipeline.store.rows import overlap_key, read_vectors
from pipeline.store.run_store import RunStore
from pipeline.tasks.work import Work, documents_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from stages.pairing.match import PairedDocuments
    from stages.pairing.pairing import DocumentSide, Pairing


class FoundPair(NamedTuple):
    """Two documents that belong together, or perhaps do."""

    source: Document
    target: Document
    confidence: float
    score: float
    second_best: float


@dataclass
class FoundPairs:
    """What became of the documents of a run."""

    pairs: list[FoundPair] = field(default_factory=list)
    unsure: list[FoundPair] = field(default_factory=list)
    """The best choice of two documents, which isn't likely enough."""
    alone: list[Document] = field(default_factory=list)
    duplicates: list[tuple[Document, Document]] = field(default_factory=list)
    """Near duplicates in one language: a document, and the one that it says again."""
    n_compared: int = 0
    not_encoded: list[Document] = field(default_factory=list)


def find_pairs_by_content(store: RunStore, shards: Sequence[Shard], languages: Sequence[tuple[str, str]]) -> FoundPairs:
    """Pair the documents of each two languages, in the order of the corpus.

    Raises CorruptFile where a stored file fails its checks.
    """
    from stages.pairing.pairing import pair_documents

    documents = [document for shard in shards for document in documents_of(store, Work(store.config, shard)).values()]
    encoded = store.embeddings.look_up(overlap_key(document, 1) for document in documents)
    found = FoundPairs(not_encoded=[one for one in documents if overlap_key(one, 1) not in encoded])
    by_language: dict[str, list[Document]] = {}
    for document in documents:
        if overlap_key(document, 1) in encoded:
            by_language.setdefault(document.language, []).append(document)
    paired: set[str] = set()
    sides = {language: _side(store, of_language) for language, of_language in by_language.items()}
    for source, target in languages:
        if source in sides and target in sides:
            pairing = pair_documents(sides[source], sides[target], store.config.pairing)
            paired |= _take(found, pairing, by_language[source], by_language[target])
    again = {document.id for document, _ in found.duplicates}
    found.alone = [one for of_all in by_language.values() for one in of_all if one.id not in paired | again]
    return found


def _take(found: FoundPairs, pairing: Pairing, source: list[Document], target: list[Document]) -> set[str]:
    """Add the pairs of two languages to what was found; return the documents that are paired."""

    def named(pair: PairedDocuments) -> FoundPair:
        return FoundPair(source[pair.source], target[pair.target], pair.confidence, pair.score, pair.second)

    pairs = [named(pair) for pair in pairing.pairs]
    found.pairs += pairs
    found.unsure += [named(pair) for pair in pairing.unsure]
    found.n_compared += pairing.n_compared
    paired = {side.id for pair in pairs for side in (pair.source, pair.target)}
    known = {document.id for document, _ in found.duplicates}
    for side, first in zip((source, target), pairing.duplicates, strict=True):
        groups: dict[int, list[Document]] = {}
        for one, of_group in zip(side, first.tolist(), strict=True):
            groups.setdefault(of_group, []).append(one)
        for position, of_group in enumerate(first.tolist()):
            group = groups[of_group]
            if len(group) > 1 and side[position].id not in paired | known:
                chosen = next((one for one in group if one.id in paired), group[0])
                if chosen is not side[position]:
                    found.duplicates.append((side[position], chosen))
    return paired


def _side(store: RunStore, documents: Sequence[Document]) -> DocumentSide:
    """Return the documents of a language with a way to read their sentences."""
    from stages.pairing.pairing import DocumentSide
    from stages.pairing.summary import summarise

    def read(index: int) -> tuple[NDArray[np.floating], NDArray[np.integer]]:
        return _read(store, documents[index])

    return DocumentSide([summarise(*read(index)) for index in range(len(documents))], read)


def _read(store: RunStore, document: Document) -> tuple[NDArray[np.floating], NDArray[np.integer]]:
    """Return the vectors of a document's sentences with text, and their lengths in characters."""
    import numpy as np

    rows = store.sentences.read(document.id)
    n_chars = (rows["stop"].to_numpy() - rows["start"].to_numpy()).astype(np.int64)
    singles = read_vectors(store.embeddings, overlap_key(document, 1)).get(1)
    if singles is None:
        return np.zeros((0, 0)), np.zeros(0, np.int64)
    return singles.vectors, n_chars[singles.stops - 1]
