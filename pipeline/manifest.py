"""The words of the manifest: documents, pairs of them, and the shards of a run in which they lie on disk."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import NamedTuple

from pipeline.store.sealed import seal, unseal
from stages.corrections import Corrections, Edit, Review
from stages.data import DocumentPart, TimedText
from stages.text import primary_language

DENSE_LANGUAGES = frozenset(("zh", "ja", "ko", "th", "lo", "km", "my"))
DENSITY = 2.8
"""How many times as many tokens a character makes in these languages, whose writing says more with each."""


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
    times: str = ""
    """When what is said in subtitles: see `pack_times`. Like the path it is no part of who the document is."""
    bilingual_file: str = ""
    """A digest of the file of which it is one language, if that has units: no part of who it is, either."""
    parts: str = ""
    """The files of a document that lies in several: see `pack_parts`. No part of who it is, either."""
    edits: tuple[Edit, ...] = field(default=(), repr=False)
    """What people have changed of its sentences."""
    as_split: Document | None = field(default=None, repr=False)
    """The document before that; None for one that nobody has changed."""

    @property
    def effort(self) -> float:
        """Its size in characters of a language like English."""
        return self.n_chars * (DENSITY if primary_language(self.language) in DENSE_LANGUAGES else 1.0)


@dataclass(frozen=True)
class DocumentPair:
    """A source and a target document, one line of the manifest."""

    pair_id: str
    source: Document
    target: Document
    reviews: tuple[Review, ...] = ()
    """Its corrections, as long as it isn't known where their sentences stand."""
    corrections: Corrections | None = None
    """Its corrections, placed at its sentences as they are."""

    @property
    def as_split(self) -> DocumentPair:
        """The pair as if nobody had decided anything, nor changed its sentences."""
        if not self.is_edited:
            return self.uncorrected
        source, target = (side.as_split or side for side in (self.source, self.target))
        return replace(self.uncorrected, source=source, target=target)

    @property
    def is_edited(self) -> bool:
        """Say whether people have changed its sentences."""
        return bool(self.source.edits or self.target.edits)

    @property
    def shares_units(self) -> bool:
        """Say whether its documents are languages of one bilingual file, whose units no bead should cross."""
        return bool(self.source.bilingual_file) and self.source.bilingual_file == self.target.bilingual_file

    @property
    def key(self) -> str:
        """Return the key of the pair in the store, by all that makes its beads but the config; not by its name."""
        units = ":units" if self.shares_units else ""
        corrections = f":{self.corrections.digest}" if self.corrections else ""
        return f"{self.source.id}:{self.target.id}{units}{corrections}"

    @property
    def uncorrected(self) -> DocumentPair:
        """The pair as if nobody had decided anything."""
        is_corrected = bool(self.reviews) or self.corrections is not None
        return replace(self, reviews=(), corrections=None) if is_corrected else self

    @property
    def n_chars(self) -> int:
        """Return the characters of both documents together."""
        return self.source.n_chars + self.target.n_chars

    @property
    def effort(self) -> float:
        """Its size in characters of a language like English."""
        return self.source.effort + self.target.effort


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


class Origin(NamedTuple):
    """Where a document was read, and in what state its file was: enough to tell whether it has to be read again."""

    file: str
    row: str | None
    declared: str
    """The language that the config says, or "auto", and perhaps the encoding."""
    size: int
    """Bytes; -1 where the file can't be trusted to stay as it is."""
    changed_ns: int
    """Nanoseconds since 1970; for a document in several files, a digest of the states of all."""


class ListedPair(NamedTuple):
    """A pair as a shard of the manifest lists it."""

    pair: DocumentPair
    source_is_here: bool
    """Whether no earlier shard has its source, so that this one has to split and encode it."""
    target_is_here: bool
    source_origin: Origin
    target_origin: Origin


@dataclass(frozen=True)
class Shard:
    """A part of the manifest, as a few numbers: pairs that follow each other, and the documents that come with them."""

    number: int
    digest: str
    """Tells whether its pairs, or documents, have changed."""
    file: str
    """Names its file."""
    n_pairs: int
    n_documents: int
    """Documents that no earlier shard has."""
    n_chars: int
    """Characters of these documents."""
    effort: float
    """The same, in characters of a language like English."""
    pair_chars: int
    """Characters of all pairs, both sides counted."""
    pair_effort: float
    needs: tuple[int, ...] = ()
    """The earlier shards that have documents of it."""


@dataclass(frozen=True)
class Manifest:
    """What a run is about: its shards, in the order of the corpus, and what could not be read."""

    shards: tuple[Shard, ...] = ()
    failures: tuple[Failure, ...] = ()
    notes: tuple[str, ...] = ()
    """What was guessed, such as a detected language, and which documents are empty: the first of these."""
    n_listed: int = 0
    """How many pairs the corpus names, readable or not."""
    unmatched: tuple[str, ...] = ()
    """The first of the documents left out because they have no counterpart, and where it is missing."""
    n_unmatched: int = 0
    languages: dict[tuple[str, str], tuple[str, int]] = field(default_factory=dict)
    """For each two languages the first pair in them, and how many there are."""
    settings: str = ""
    """What of the config decided which document a file is."""
    inputs: str = ""
    """A digest of the corpus' files as they were, and of what the config says of them; empty where it tells nothing."""

    @property
    def n_pairs(self) -> int:
        """Return how many pairs all shards hold."""
        return sum(shard.n_pairs for shard in self.shards)

    @property
    def all_languages(self) -> set[str]:
        """The languages of all pairs."""
        return {language for pair in self.languages for language in pair}

    @property
    def n_documents(self) -> int:
        """Return how many documents all shards hold."""
        return sum(shard.n_documents for shard in self.shards)

    def to_json(self) -> str:
        """Write it down."""
        languages = [[*pair, *first] for pair, first in self.languages.items()]
        return seal(asdict(self) | {"languages": languages})

    @classmethod
    def from_json(cls, text: str) -> Manifest:
        """Read what `to_json` has written; raises ValueError, KeyError or TypeError where it is something else."""
        values = unseal(text)
        values["shards"] = tuple(Shard(**shard | {"needs": tuple(shard["needs"])}) for shard in values["shards"])
        values["failures"] = tuple(Failure(**failure) for failure in values["failures"])
        values["languages"] = {(source, target): (first, n) for source, target, first, n in values["languages"]}
        return cls(**values | {name: tuple(values[name]) for name in ("notes", "unmatched")})


def pack_times(times: Sequence[TimedText]) -> str:
    """Write down when what of a document is said; nothing for a document without times."""
    return json.dumps([number for one in times for number in one], separators=(",", ":")) if times else ""


def unpack_times(packed: str) -> list[TimedText]:
    """Read what `pack_times` has written."""
    numbers = iter(json.loads(packed) if packed else ())
    return [TimedText(*four) for four in zip(numbers, numbers, numbers, numbers, strict=True)]


def pack_parts(parts: Sequence[DocumentPart]) -> str:
    """Write down where the files of a document begin; nothing for a document in one."""
    return json.dumps(parts, separators=(",", ":")) if parts else ""


def unpack_parts(packed: str) -> list[DocumentPart]:
    """Read what `pack_parts` has written."""
    return [DocumentPart(*part) for part in json.loads(packed)] if packed else []


def edit_document(document: Document, edits: Sequence[Edit]) -> Document:
    """Return the document with edits of its sentences: another one, so that what is made of it lies apart."""
    if not edits:
        return document
    changed = json.dumps([document.id, [[edit.start, edit.stop, edit.texts] for edit in edits]])
    identity = hashlib.sha256(changed.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return replace(document, id=identity, edits=tuple(edits), as_split=document)


def document_id(text: str, language: str, is_split: bool) -> str:
    """Return the SHA-256, cut to 128 bits, of a normalised text with its language and whether it is already split.

    Its structure is part of the text: headings and units are marked there (see `stages.text.HEADING_MARKS`).
    """
    head = json.dumps([language, is_split])
    return hashlib.sha256(f"{head}\n{text}".encode()).hexdigest()[:32]
