"""The way in from Python: two texts, or two lists of sentences, become beads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import isnan
from typing import TYPE_CHECKING, Any, NamedTuple

from pipeline.corpus.languages import detect_language, parse_language
from pipeline.corpus.text import normalise
from stages.align import AlignConfig, align_pair
from stages.data import AlignedPair, Beads, Overlaps, Sentence
from stages.encode.config import EncodeConfig
from stages.encode.registry import AUTO, choose
from stages.split.config import SplitConfig
from stages.text import join_sentences

if TYPE_CHECKING:
    import pandas

    from stages.encode.encoder import Encoder

Text = str | Sequence[str]


@dataclass(frozen=True)
class Bead:
    """Source sentences and the target sentences that translate them; one side is empty in a null bead.

    The spans are half-open positions of sentences, from 0; `similarity` is the cosine of the two sides, `confidence`
    how likely the bead is right (None with `method="bertalign"`, which measures none).
    """

    source: str
    target: str
    source_start: int
    source_stop: int
    target_start: int
    target_stop: int
    similarity: float
    score: float
    confidence: float | None

    @property
    def type(self) -> str:
        """Return how many sentences stand on each side, such as "2-1"."""
        return f"{self.source_stop - self.source_start}-{self.target_stop - self.target_start}"

    def __str__(self) -> str:
        return f"{self.type}  {self.source or '—'}  |  {self.target or '—'}"


class Alignment(Sequence[Bead]):
    """The beads of two texts, in order: a sequence that prints itself side by side."""

    def __init__(self, pair: AlignedPair):
        self.pair = pair

    def __len__(self) -> int:
        return len(self.pair.beads)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self._bead(i) for i in range(*index.indices(len(self)))]
        return self._bead(range(len(self))[index])

    def __iter__(self) -> Iterator[Bead]:
        return (self._bead(i) for i in range(len(self)))

    def __repr__(self) -> str:
        n_nulls = int(self.pair.beads.is_null.sum())
        languages = f"{self.pair.source_language}-{self.pair.target_language}"
        return (
            f"<Alignment {languages}: {len(self):,} bead{'' if len(self) == 1 else 's'}, {n_nulls:,} on one side only>"
        )

    def __str__(self) -> str:
        return "\n".join(str(bead) for bead in self)

    @property
    def source_sentences(self) -> list[str]:
        """The sentences of the source, whose positions the beads count."""
        return [sentence.text for sentence in self.pair.source]

    @property
    def target_sentences(self) -> list[str]:
        """The sentences of the target."""
        return [sentence.text for sentence in self.pair.target]

    @property
    def verdict(self) -> str | None:
        """Say whether one text translates the other: "ok", "partial", "unrelated"; None where the method can't tell."""
        return self._told("verdict")

    @property
    def reason(self) -> str | None:
        """The reason of the verdict, in a few words."""
        return self._told("reason")

    @property
    def quality(self) -> float | None:
        """Return how much of the texts translates each other, from 0 to 1; None where the method can't tell."""
        quality = self.pair.beads.facts.get("quality")
        return None if quality is None else float(quality)

    def to_pandas(self) -> pandas.DataFrame:
        """Return a data frame with a row for each bead; needs pandas."""
        import pandas

        return pandas.DataFrame([{"type": bead.type, **vars(bead)} for bead in self])

    def _told(self, name: str) -> str | None:
        value = self.pair.beads.facts.get(name)
        return None if value is None else str(value)

    def _bead(self, index: int) -> Bead:
        beads, pair = self.pair.beads, self.pair
        start, stop = int(beads.source_start[index]), int(beads.source_stop[index])
        target_start, target_stop = int(beads.target_start[index]), int(beads.target_stop[index])
        return Bead(
            source=join_sentences((sentence.text for sentence in pair.source[start:stop]), pair.source_language),
            target=join_sentences(
                (sentence.text for sentence in pair.target[target_start:target_stop]), pair.target_language
            ),
            source_start=start,
            source_stop=stop,
            target_start=target_start,
            target_stop=target_stop,
            similarity=float(beads.similarity[index]),
            score=float(beads.score[index]),
            confidence=None if isnan(beads.confidence[index]) else float(beads.confidence[index]),
        )


def align_texts(
    source: Text,
    target: Text,
    *,
    source_language: str | None = None,
    target_language: str | None = None,
    encoder: str | Encoder = AUTO,
    max_overlap: int = 4,
    **align_options: Any,
) -> Alignment:
    """Align two texts, or two lists of sentences.

    A text is split into sentences; a list is taken as it is, its empty strings being empty positions. Languages that
    are not given are detected. `align_options` are the keys of the config's [align] section, such as `max_bead`.
    Raises ValueError, ConfigError or DocumentError that say what is wrong and what to do.

    >>> from pipeline import align_texts
    >>> for bead in align_texts("It rained. We left.", "Es regnete, und wir gingen.", source_language="en",
    ...                         target_language="de"):
    ...     print(bead)
    2-1  It rained. We left.  |  Es regnete, und wir gingen.
    """
    name = encoder if isinstance(encoder, str) else encoder.info.id
    encode = EncodeConfig(encoder=name, max_overlap=max_overlap)
    align = AlignConfig(**align_options)
    source_side = _prepare(source, source_language, "source")
    target_side = _prepare(target, target_language, "target")
    if encoder == AUTO:
        encoder = choose((source_side.language, target_side.language))
    loaded = _encoder(EncodeConfig(encoder=encoder)) if isinstance(encoder, str) else encoder
    if align.method == "bertalign":
        beads = align_pair(_encode(source_side, loaded, encode), _encode(target_side, loaded, encode), align)
    else:
        beads = _align_on_demand(source_side, target_side, loaded, encode, align)
    return Alignment(
        AlignedPair(
            pair_id="",
            source_language=source_side.language,
            target_language=target_side.language,
            source=source_side.sentences,
            target=target_side.sentences,
            beads=beads,
        )
    )


class _Side(NamedTuple):
    language: str
    sentences: list[Sentence]

    @property
    def lines(self) -> list[str]:
        return [sentence.text for sentence in self.sentences]


def _prepare(text: Text, language: str | None, side: str) -> _Side:
    language = _language(text, language, side)
    return _Side(language, _split(text, language))


def _language(text: Text, language: str | None, side: str) -> str:
    if language is not None:
        return parse_language(language)
    found = detect_language(text if isinstance(text, str) else "\n".join(text))
    if found.language is None:
        raise ValueError(f"the language of the {side} can't be told; give {side}_language")
    return found.language


def _split(text: Text, language: str) -> list[Sentence]:
    from stages.split import split_document

    if isinstance(text, str):
        return list(split_document(normalise(text), language, SplitConfig()).sentences)
    lines = [" ".join(normalise(line).split()) for line in text]
    return list(split_document("\n".join([*lines, ""]), language, SplitConfig(), is_split=True).sentences)


def _encode(side: _Side, encoder: Encoder, config: EncodeConfig) -> Overlaps:
    """Encode every overlap."""
    from stages.encode import assemble_overlaps, encode_document

    sizes = range(1, config.max_overlap + 1)
    encoded = encode_document(side.lines, side.language, sizes, encoder, config)
    return assemble_overlaps(side.lines, encoded.overlaps, config.max_overlap)


def _align_on_demand(source: _Side, target: _Side, encoder: Encoder, encode: EncodeConfig, align: AlignConfig) -> Beads:
    """Encode sentences, and of the larger overlaps those that the alignment turns on."""
    from stages.align import find_requested_overlaps
    from stages.encode import assemble_overlaps, encode_document, encode_overlaps

    sides = (source, target)
    encoded = [dict(encode_document(side.lines, side.language, [1], encoder, encode).overlaps) for side in sides]

    def overlaps(side: int) -> Overlaps:
        return assemble_overlaps(sides[side].lines, encoded[side], encode.max_overlap, is_complete=False)

    requested = find_requested_overlaps(overlaps(0), overlaps(1), align)
    one_by_one = not encoder.info.wants_gpu  # as in a run, so that both give the same beads
    for side, known, stops in zip(sides, encoded, (requested.source, requested.target), strict=True):
        known |= encode_overlaps(side.lines, side.language, stops, encoder, encode, one_by_one).overlaps
    return align_pair(overlaps(0), overlaps(1), align, on_demand=True)


@lru_cache(maxsize=1)
def _encoder(config: EncodeConfig) -> Encoder:
    from stages.encode import load_encoder

    return load_encoder(config)
