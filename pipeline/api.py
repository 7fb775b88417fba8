"""The way in from Python: two texts, or two lists of sentences, become beads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from pipeline.languages import detect_language, parse_language
from pipeline.text import normalise
from stages.align import AlignConfig, align_pair
from stages.data import AlignedPair, Overlaps, Sentence
from stages.encode.config import EncodeConfig
from stages.split.config import SplitConfig
from stages.text import join_sentences

if TYPE_CHECKING:
    import pandas

    from stages.encode.encoder import Encoder

Text = str | Sequence[str]


@dataclass(frozen=True)
class Bead:
    """Source and target sentences that translate each other; one side is empty in a null bead.

    The spans are half-open positions of sentences, from 0; `similarity` is the cosine of the two sides.
    """

    source: str
    target: str
    source_start: int
    source_stop: int
    target_start: int
    target_stop: int
    similarity: float
    score: float

    @property
    def type(self) -> str:
        """How many sentences stand on each side, such as "2-1"."""
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
        return f"<Alignment {languages}: {len(self):,} beads, {n_nulls:,} on one side only>"

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

    def to_pandas(self) -> pandas.DataFrame:
        """Return a data frame with a row for each bead; needs pandas."""
        import pandas

        return pandas.DataFrame([{"type": bead.type, **vars(bead)} for bead in self])

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
        )


def align_texts(
    source: Text,
    target: Text,
    *,
    source_language: str | None = None,
    target_language: str | None = None,
    encoder: str = "use-multilingual",
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
    encode = EncodeConfig(encoder=encoder, max_overlap=max_overlap)
    align = AlignConfig(**align_options)
    source_side = _prepare(source, source_language, encode, "source")
    target_side = _prepare(target, target_language, encode, "target")
    beads = align_pair(source_side.overlaps, target_side.overlaps, align)
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
    overlaps: Overlaps


def _prepare(text: Text, language: str | None, config: EncodeConfig, side: str) -> _Side:
    language = _language(text, language, side)
    sentences = _split(text, language)
    return _Side(language, sentences, _encode(sentences, language, config))


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


def _encode(sentences: Sequence[Sentence], language: str, config: EncodeConfig) -> Overlaps:
    from stages.encode import assemble_overlaps, encode_document

    lines = [sentence.text for sentence in sentences]
    encoded = encode_document(lines, language, range(1, config.max_overlap + 1), _encoder(config), config)
    return assemble_overlaps(lines, encoded.overlaps, config.max_overlap)


@lru_cache(maxsize=1)
def _encoder(config: EncodeConfig) -> Encoder:
    from stages.encode import load_encoder

    return load_encoder(config)
