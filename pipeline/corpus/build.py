"""Build the manifest of a run: read the documents of its corpus, hash them, and cut the pairs into shards.

What is in memory is a shard at a time. Where documents lie, and which have been met before, lies in a database on disk.
"""

from __future__ import annotations

import hashlib
import json
import stat
import time
import traceback
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from itertools import islice
from pathlib import Path
from typing import Protocol

from pipeline.config.corpus_config import AUTO
from pipeline.config.run_config import RunConfig
from pipeline.corpus.formats.document import DocumentText
from pipeline.corpus.found import PairSource
from pipeline.corpus.languages import detect_language
from pipeline.corpus.readers import DocumentReader, Read, Source, split_parts
from pipeline.corpus.scratch import DiskDict
from pipeline.corpus.sources import find_pairs
from pipeline.errors import DocumentError
from pipeline.manifest import (
    Document,
    DocumentPair,
    Failure,
    ListedPair,
    Manifest,
    Origin,
    Shard,
    document_id,
    pack_parts,
    pack_times,
)

MAX_NOTES = 200
"""How many notes about documents are kept; all are counted."""

TOO_FRESH_SECONDS = 2.0
"""A file that has just been written may be written again within the same tick of its clock: it isn't trusted yet."""

FINENESS = 16
"""A shard holds at most such a part of all that lies before it, so that a small corpus is cut finely enough for many
cores, whatever their number, and a large one not too finely."""

BATCH = 256
"""Pairs whose documents are looked up at once."""

MAX_OVER = 4
"""A shard may be so many times as large as it should be where its pairs share documents."""

Side = tuple[Source, str]
"""Where a document lies, and its language as it is declared."""


class Keeper(Protocol):
    """Takes what a manifest is made of, shard by shard."""

    def kept(self, documents: Sequence[Document]) -> set[str]:
        """Return the ids of those documents whose texts are there."""

    def keep(self, pairs: Sequence[ListedPair], texts: Sequence[tuple[Document, str]]) -> tuple[str, str]:
        """Keep a shard with the texts of its documents; return its digest and the name of its file."""


class KnownDocuments(Protocol):
    """Documents that were read before."""

    def find(self, origin: Origin) -> Document | None:
        """Return the document of a file that is in the same state as it was then."""


@dataclass(frozen=True)
class Unread:
    """Why a document can't be had."""

    reason: str


def build_manifest(
    config: RunConfig, keeper: Keeper, limit: int | None = None, known: KnownDocuments | None = None, min_chars: int = 1
) -> Manifest:
    """Find the documents of a corpus, read and hash those that aren't known, and give them to `keeper` in shards.

    `min_chars` : a smaller shard isn't worth starting. Raises ConfigError where the corpus as a whole is wrong. A
    document that can't be read is a failure, and so are the pairs that need it.
    """
    corpus = find_pairs(config)
    with DocumentReader(config.corpus) as reader:
        reading = _Reading(config, reader, keeper, known, corpus.has_repeats)
        cutter = _Cutter(keeper, reading.texts, config.compute.shard_chars, min_chars)
        pairs = islice(corpus.pairs, limit)
        while batch := list(islice(pairs, BATCH)):
            for pair, source, target in reading.pairs(batch):
                cutter.add(pair.pair_id, source, target)
        cutter.cut()
    n_listed = len(corpus.pairs) if limit is None else min(limit, len(corpus.pairs))
    return Manifest(
        shards=tuple(cutter.shards),
        failures=(*(Failure("read", *one) for one in corpus.unreadable), *reading.failures),
        notes=(*corpus.notes, *reading.all_notes()),
        n_listed=n_listed,
        unmatched=tuple(corpus.unmatched),
        n_unmatched=corpus.n_unmatched,
        languages=cutter.languages,
    )


@dataclass(frozen=True)
class _Found:
    """A document of a pair, and where it was read."""

    document: Document
    origin: Origin


class _Reading:
    """Reads the documents of pairs, each once, and holds the texts until their shard is kept."""

    def __init__(
        self, config: RunConfig, reader: DocumentReader, keeper: Keeper, known: KnownDocuments | None, has_repeats: bool
    ):
        self._config, self._reader, self._keeper, self._known = config, reader, keeper, known
        self._read_before = DiskDict() if has_repeats else None
        self._found: dict[Side, _Found | Unread] = {}
        self.texts: dict[str, str] = {}
        self.failures: list[Failure] = []
        self._notes: list[str] = []
        self._n_notes = 0

    def all_notes(self) -> tuple[str, ...]:
        """Return the first notes, and how many there are more."""
        n_more = self._n_notes - len(self._notes)
        return (*self._notes, *([f"… and {n_more:,} more notes on documents"] if n_more else []))

    def pairs(self, batch: Sequence[PairSource]) -> Iterator[tuple[PairSource, _Found, _Found]]:
        """Give the pairs whose documents can be read; texts are read one pair after the other."""
        sides = list(dict.fromkeys(side for pair in batch for side in (pair.source_side, pair.target_side)))
        self._found = {side: found for side in sides if (found := self._remembered(side))}
        origins = {side: _origin_of(*side) for side in sides if side not in self._found}
        self._found |= self._find_known(origins)
        languages: dict[Source, list[str]] = {}
        for source, language in sides:
            if (source, language) not in self._found:
                languages.setdefault(source, []).append(language)
        read = self._reader.read(list(languages))
        for pair in batch:
            for side in (pair.source_side, pair.target_side):
                while side not in self._found:
                    source, text = next(read)
                    for language in languages[source]:
                        self._take(source, language, text, origins[source, language])
            both = self._both(pair)
            if both is not None:
                yield pair, *both

    def _both(self, pair: PairSource) -> tuple[_Found, _Found] | None:
        """Return the documents of a pair, or list why it has none."""
        source, target = self._found[pair.source_side], self._found[pair.target_side]
        if isinstance(source, _Found) and isinstance(target, _Found):
            return source, target
        reasons = dict.fromkeys(one.reason for one in (source, target) if isinstance(one, Unread))
        self.failures.append(Failure("read", pair.pair_id, "; ".join(reasons)))
        return None

    def _remembered(self, side: Side) -> _Found | Unread | None:
        """Return what was read before of a document that is met again."""
        found = self._found.get(side)
        if found is None and self._read_before is not None and (text := self._read_before.get(_name_of(side))):
            values = json.loads(text)
            found = Unread(*values) if len(values) == 1 else _Found(Document(*values[0]), Origin(*values[1]))
        return found

    def _remember(self, side: Side, found: _Found | Unread) -> None:
        self._found[side] = found
        if self._read_before is not None:
            values = [found.reason] if isinstance(found, Unread) else [astuple(found.document), found.origin]
            self._read_before[_name_of(side)] = json.dumps(values)

    def _find_known(self, origins: Mapping[Side, Origin]) -> dict[Side, _Found | Unread]:
        """Return the documents whose files have not changed, if their texts are still there."""
        if self._known is None:
            return {}
        found = {side: document for side, origin in origins.items() if (document := self._known.find(origin))}
        kept = self._keeper.kept(list(found.values())) if found else set()
        return {side: _Found(one, origins[side]) for side, one in found.items() if one.id in kept}

    def _take(self, source: Source, language: str, found: Read, origin: Origin) -> None:
        """Make a document of what was read."""
        try:
            if isinstance(found, DocumentError):
                raise found
            document = self._document(source, self._language(source, language, found.text), found)
        except DocumentError as error:
            trace = "".join(traceback.format_exception(error.__cause__)) if error.__cause__ else ""
            self.failures.append(Failure("read", source.name, str(error), trace))
            self._remember((source, language), Unread(str(error)))
            return
        for note in (*found.notes, *(["it holds no text"] if not found.text.strip() else [])):
            self._note(f"{source.name}: {note}")
        self.texts[document.id] = found.text
        self._remember((source, language), _Found(document, origin))

    def _document(self, source: Source, language: str, found: DocumentText) -> Document:
        is_split, text = self._config.corpus.is_split, found.text
        identity = document_id(text, language, is_split)
        kept = pack_times(found.times), found.bilingual_file, pack_parts(found.parts)
        return Document(identity, language, is_split, len(text), source.name, *kept)

    def _language(self, source: Source, language: str, text: str) -> str:
        if language != AUTO:
            return language
        found = detect_language(text)
        if found.language is None or found.confidence < self._config.corpus.min_language_confidence:
            best = (
                f"the best guess is {found.language}, {found.confidence:.2f}" if found.language else "it has no words"
            )
            advice = "name it: source_language, target_language"
            raise DocumentError(f"{source.name}: its language can't be told ({best}); {advice}")
        self._note(f"{source.name}: detected {found.language} ({found.confidence:.2f})")
        return found.language

    def _note(self, text: str) -> None:
        self._n_notes += 1
        if len(self._notes) < MAX_NOTES:
            self._notes.append(text)


class _Cutter:
    """Cuts pairs into shards as they come, and has each kept when it is full.

    Where a shard ends depends on the names of its pairs, as far as it can: one more pair changes one shard, and not all
    that lie behind it.
    """

    def __init__(self, keeper: Keeper, texts: dict[str, str], max_chars: int, min_chars: int):
        self._keeper, self._texts, self._max_chars, self._min_chars = keeper, texts, max_chars, min_chars
        self._owners = DiskDict()
        self._pairs: list[ListedPair] = []
        self._documents: dict[str, tuple[Document, int]] = {}
        self._effort = self._effort_before = 0.0
        self.shards: list[Shard] = []
        self.languages: dict[tuple[str, str], tuple[str, int]] = {}

    def add(self, pair_id: str, source: _Found, target: _Found) -> None:
        """Add a pair."""
        pair = DocumentPair(pair_id, source.document, target.document)
        if self._pairs and self._is_full(pair):
            self.cut()
        is_here = []
        for document in (pair.source, pair.target):
            if document.id not in self._documents:
                owner = self._owners.get(document.id)
                self._documents[document.id] = document, len(self.shards) if owner is None else owner
                self._effort += document.effort
            is_here.append(self._documents[document.id][1] == len(self.shards))
        self._pairs.append(ListedPair(pair, is_here[0], is_here[1], source.origin, target.origin))
        languages = pair.source.language, pair.target.language
        first, n_pairs = self.languages.get(languages, (pair_id, 0))
        self.languages[languages] = first, n_pairs + 1

    def _is_full(self, pair: DocumentPair) -> bool:
        """Say whether a pair should begin a shard of its own."""
        most = min(self._max_chars, max(self._min_chars, self._effort_before / FINENESS))
        after = self._effort + pair.effort
        if pair.source.id in self._documents or pair.target.id in self._documents:
            return after > MAX_OVER * most
        chance = 4 * pair.effort / most  # of a shard that is half full to end here: most end before they are full
        return after > most or (2 * self._effort > most and zlib.crc32(pair.pair_id.encode()) < chance * 2**32)

    def cut(self) -> None:
        """End the shard."""
        if not self._pairs:
            return
        number = len(self.shards)
        own = [document for document, owner in self._documents.values() if owner == number]
        texts = [(document, self._texts.pop(document.id)) for document in own if document.id in self._texts]
        pairs = [listed.pair for listed in self._pairs]
        digest, file = self._keeper.keep(self._pairs, texts)
        shard = Shard(
            number=number,
            digest=digest,
            file=file,
            n_pairs=len(pairs),
            n_documents=len(own),
            n_chars=sum(document.n_chars for document in own),
            effort=sum(document.effort for document in own),
            pair_chars=sum(pair.n_chars for pair in pairs),
            pair_effort=sum(pair.effort for pair in pairs),
            needs=tuple(sorted({owner for _, owner in self._documents.values() if owner < number})),
        )
        self.shards.append(shard)
        for document in own:
            self._owners[document.id] = number
        self._effort_before += self._effort
        self._pairs, self._documents, self._effort = [], {}, 0.0


def _name_of(side: Side) -> str:
    source, language = side
    return "\0".join((str(source.path), source.row or "", _declared(source, language)))


def _declared(source: Source, language: str) -> str:
    """Return what is said of a file by the side or the row of the manifest that names it."""
    return " ".join(filter(None, [language, *source[3:]]))


def _origin_of(source: Source, language: str) -> Origin:
    """Say in what state a file is before it is read."""
    size, changed_ns = _state_of(split_parts(source)) if source.parts else file_state(source.path)
    return Origin(str(source.path), source.row, _declared(source, language), size, changed_ns)


def _state_of(parts: Sequence[Path]) -> tuple[int, int]:
    """Return the size of all files of a document together, and in place of a time a digest of all their states."""
    states = [file_state(path) for path in parts]
    if any(size < 0 for size, _ in states):
        return -1, 0
    digest = hashlib.blake2b(repr(states).encode(), digest_size=7).digest()
    return sum(size for size, _ in states), int.from_bytes(digest, "big")


def file_state(path: Path) -> tuple[int, int]:
    """Return size and time of change of a file; a size of -1 where it may change without any of these."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return -1, 0  # reading it will say why
    is_sure = stat.S_ISREG(found.st_mode) and time.time() - found.st_mtime > TOO_FRESH_SECONDS
    return (found.st_size if is_sure else -1), found.st_mtime_ns
