"""The manifest: the documents and pairs of a run; found, read, hashed."""

from __future__ import annotations

import hashlib
import json
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Protocol

from pipeline.config.run_config import AUTO, RunConfig
from pipeline.corpus.formats.document import DocumentText
from pipeline.corpus.languages import detect_language
from pipeline.corpus.readers import Source, read_documents
from pipeline.corpus.sources import PairSource, find_pairs
from pipeline.errors import DocumentError
from stages.corrections import Corrections, Review


@dataclass(frozen=True)
class Document:
    """One text in one language."""

    id: str
    """Who it is: see `document_id`. Equal documents under two paths are one document."""
    language: str
    is_split: bool
    n_chars: int
    path: str
    """Where it was found: for people, and no part of who it is."""


@dataclass(frozen=True)
class DocumentPair:
    """A source and a target document, one line of the manifest."""

    pair_id: str
    source: Document
    target: Document
    reviews: tuple[Review, ...] = ()
    """What people have decided about it, as long as it isn't known where the sentences stand that they meant."""
    corrections: Corrections | None = None
    """What they have decided about its sentences as they are."""

    @property
    def key(self) -> str:
        """What the store knows the pair by: its documents, and what was decided; names live in the manifest only."""
        key = f"{self.source.id}:{self.target.id}"
        return f"{key}:{self.corrections.digest}" if self.corrections else key

    @property
    def uncorrected(self) -> DocumentPair:
        """The pair as if nobody had decided anything."""
        is_corrected = bool(self.reviews) or self.corrections is not None
        return replace(self, reviews=(), corrections=None) if is_corrected else self

    @property
    def n_chars(self) -> int:
        """Return the characters of both documents together."""
        return self.source.n_chars + self.target.n_chars


@dataclass(frozen=True)
class Failure:
    """A document or pair that a stage could not do."""

    stage: str
    name: str
    reason: str
    traceback: str = ""

    def __str__(self) -> str:
        """Say what failed where and why; many reasons begin with the name."""
        return f"failed in {self.stage}: {'' if self.reason.startswith(self.name) else self.name + ': '}{self.reason}"


@dataclass(frozen=True)
class Manifest:
    """What a run is about: pairs in the order of the corpus, and what could not be read."""

    pairs: tuple[DocumentPair, ...]
    failures: tuple[Failure, ...] = ()
    notes: tuple[str, ...] = ()
    """What was guessed, such as a detected language, and which documents are empty."""
    n_listed: int = 0
    """How many pairs the corpus names, readable or not."""
    unmatched: tuple[str, ...] = ()
    """Documents left out because they have no counterpart, and where it is missing."""

    @property
    def documents(self) -> list[Document]:
        """Every document once, in the order of the pairs."""
        return list({side.id: side for pair in self.pairs for side in (pair.source, pair.target)}.values())

    @property
    def languages(self) -> set[str]:
        """The languages of all pairs."""
        return {side.language for pair in self.pairs for side in (pair.source, pair.target)}


Keep = Callable[[Document, str], None]
"""Called with each document and its normalised text, so that the text can be stored."""


class Known(Protocol):
    """Documents that need not be read again."""

    def find(self, source: Source, language: str) -> Document | None:
        """Return the document of a source that hasn't changed."""

    def remember(self, source: Source, language: str, document: Document) -> None:
        """Note which document a source held."""


def document_id(text: str, language: str, is_split: bool) -> str:
    """Return the SHA-256, cut to 128 bits, of a normalised text with its language and whether it is already split.

    Its structure is part of the text: headings are marked there (see `stages.text.HEADING_MARKS`).
    """
    head = json.dumps([language, is_split])
    return hashlib.sha256(f"{head}\n{text}".encode()).hexdigest()[:32]


def build_manifest(config: RunConfig, keep: Keep, limit: int | None = None, known: Known | None = None) -> Manifest:
    """Find the documents of a corpus, read and hash those that aren't known, and give each text to `keep`.

    Raises ConfigError where the corpus as a whole is wrong. A document that can't be read is a failure, and so are the
    pairs that need it.
    """
    corpus = find_pairs(config)
    listed = corpus.pairs[:limit]
    reader = _Reader(config, keep, known)
    reader.read_all(listed)
    pairs = [pair for source in listed if (pair := reader.pair(source)) is not None]
    unreadable = [Failure("read", where, reason) for where, reason in corpus.unreadable]
    return Manifest(
        pairs=tuple(pairs),
        failures=(*unreadable, *reader.failures),
        notes=tuple(reader.notes),
        n_listed=len(listed),
        unmatched=tuple(corpus.unmatched),
    )


@dataclass
class _Reader:
    config: RunConfig
    keep: Keep
    known: Known | None
    documents: dict[tuple[Source, str], Document] = field(default_factory=dict)
    reasons: dict[tuple[Source, str], str] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def read_all(self, pairs: Iterable[PairSource]) -> None:
        sides = [side for pair in pairs for side in (pair.source_side, pair.target_side)]
        languages: dict[Source, list[str]] = {}
        for source, language in dict.fromkeys(sides):
            document = self.known.find(source, language) if self.known else None
            if document is not None:
                self.documents[source, language] = document
            else:
                languages.setdefault(source, []).append(language)
        for source, found in read_documents(list(languages), self.config.corpus):
            for language in languages[source]:
                self._read(source, language, found)

    def _read(self, source: Source, language: str, found: DocumentText | DocumentError) -> None:
        try:
            if isinstance(found, DocumentError):
                raise found
            document = self._document(source, self._language(source, language, found.text), found.text)
        except DocumentError as error:
            self.reasons[source, language] = str(error)
            trace = "".join(traceback.format_exception(error.__cause__)) if error.__cause__ else ""
            self.failures.append(Failure("read", source.name, str(error), trace))
        else:
            self.notes.extend(f"{source.name}: {note}" for note in found.notes)
            self.documents[source, language] = document
            if not found.text.strip():
                self.notes.append(f"{source.name}: it holds no text")
            self.keep(document, found.text)
            if self.known:
                self.known.remember(source, language, document)

    def _document(self, source: Source, language: str, text: str) -> Document:
        is_split = self.config.corpus.is_split
        return Document(document_id(text, language, is_split), language, is_split, len(text), source.name)

    def _language(self, source: Source, language: str, text: str) -> str:
        if language != AUTO:
            return language
        found = detect_language(text)
        if found.language is None or found.confidence < self.config.corpus.min_language_confidence:
            best = (
                f"the best guess is {found.language}, {found.confidence:.2f}" if found.language else "it has no words"
            )
            advice = "name it: source_language, target_language"
            raise DocumentError(f"{source.name}: its language can't be told ({best}); {advice}")
        self.notes.append(f"{source.name}: detected {found.language} ({found.confidence:.2f})")
        return found.language

    def pair(self, pair: PairSource) -> DocumentPair | None:
        sides = (pair.source_side, pair.target_side)
        missing = [side for side in sides if side in self.reasons]
        if missing:
            reason = "; ".join(self.reasons[side] for side in missing)
            self.failures.append(Failure("read", pair.pair_id, reason))
            return None
        source, target = (self.documents[side] for side in sides)
        return DocumentPair(pair.pair_id, source, target)
