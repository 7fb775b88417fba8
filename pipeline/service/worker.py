"""Compute what a request asks: in a process of its own, or in one of the threads that share an encoder."""

from __future__ import annotations

import base64
from collections.abc import Callable, MutableSequence, Sequence
from typing import NamedTuple

from pydantic_core import to_json

from pipeline.api import Alignment, align_texts
from pipeline.corpus.languages import detect_language
from pipeline.corpus.text import normalise
from pipeline.errors import BitextError
from pipeline.service.batching import encode_distinct, take_rows
from pipeline.service.config import LimitsConfig
from pipeline.service.problems import Refused
from pipeline.service.wire import ENGLISH, GERMAN, AlignAnswer, AlignedBead, AlignRequest
from stages.align.kernels import compile_kernels
from stages.encode.encoder import EncodedTexts, Encoder, Timing, check_finite
from stages.split import split_document
from stages.split.config import SplitConfig

FEWEST_CHARACTERS = 2
"""Of a sentence and what parts it from the next: so a short text need not be split to see that it is within limits."""

MEASURED_PART = 2000
"""Characters that tell the language of a text, before its sentences are counted."""


class Embedded(NamedTuple):
    """The vectors of a request as JSON, a list of OpenAI's `embedding` objects; and how many tokens were computed."""

    data: bytes
    n_tokens: int


class Worker:
    """Aligns and encodes with one encoder; `progress[slot]` is how many characters a request has had encoded."""

    def __init__(self, encoder: Encoder, progress: MutableSequence[int]):
        self._encoder, self._progress = encoder, progress

    def warm_up(self) -> None:
        """Load and compile all that a first request would wait for."""
        compile_kernels()
        for method in ("bitext", "bertalign"):
            align_texts(ENGLISH, GERMAN, encoder=self._encoder, method=method)

    def check(self, slot: int) -> int:
        """Compute a vector, and return how many dimensions it has."""
        del slot
        vectors = self._encoder.encode([ENGLISH]).vectors
        check_finite(vectors)
        return int(vectors.shape[1])

    def align(self, slot: int, request: AlignRequest, limits: LimitsConfig, model: str) -> bytes:
        """Align two texts; the answer is JSON. Raises Refused where the texts are to blame."""
        try:
            _check_size(request, limits, self._encoder.dimensions)
            alignment = align_texts(
                request.source,
                request.target,
                source_language=request.source_language,
                target_language=request.target_language,
                encoder=_Watched(self._encoder, lambda count: self._advance(slot, count)),
                max_overlap=request.max_overlap,
                **request.options.model_dump(exclude_unset=True),
            )
        except (BitextError, ValueError) as error:
            raise _refused(error) from error
        return to_json(answer(alignment, model))

    def embed(self, slot: int, requests: Sequence[tuple[Sequence[str], str]]) -> list[Embedded]:
        """Encode the texts of some requests, each a list and its encoding format.

        An encoder that wants no GPU takes each request by itself: so vectors depend on the request alone, to the bit.
        """
        del slot
        if not self._encoder.info.wants_gpu:
            return [_embedded(encode_distinct(self._encoder, texts), form) for texts, form in requests]
        together = encode_distinct(self._encoder, [text for texts, _ in requests for text in texts])
        return list(_parted(together, requests))

    def _advance(self, slot: int, n_characters: int) -> None:
        self._progress[slot] += n_characters


class _Watched:
    """An encoder whose work is watched."""

    def __init__(self, encoder: Encoder, advance: Callable[[int], None]):
        self.info, self.dimensions, self.precision = encoder.info, encoder.dimensions, encoder.precision
        self._encoder, self._advance = encoder, advance

    @property
    def timing(self) -> Timing:
        return self._encoder.timing

    def encode(self, texts: Sequence[str]) -> EncodedTexts:
        encoded = self._encoder.encode(texts)
        self._advance(sum(map(len, texts)))
        return encoded


def answer(alignment: Alignment, model: str) -> AlignAnswer:
    """Return an alignment as it is sent."""
    names = AlignedBead.model_fields
    return AlignAnswer(
        model=model,
        source_language=alignment.pair.source_language,
        target_language=alignment.pair.target_language,
        source_sentences=alignment.source_sentences,
        target_sentences=alignment.target_sentences,
        verdict=alignment.verdict,
        reason=alignment.reason,
        quality=alignment.quality,
        beads=[AlignedBead(**{name: getattr(bead, name) for name in names}) for bead in alignment],
    )


def _check_size(request: AlignRequest, limits: LimitsConfig, n_dimensions: int) -> None:
    """Refuse, before anything is encoded, texts of too many sentences, and options that take too much memory."""
    sides = (request.source, request.source_language), (request.target, request.target_language)
    counts = [len(text) // FEWEST_CHARACTERS + 1 if isinstance(text, str) else len(text) for text, _ in sides]
    if _problem(counts, request, limits, n_dimensions):  # the counts are the most that there may be
        counts = [_count_sentences(text, language) for text, language in sides]
        if problem := _problem(counts, request, limits, n_dimensions):
            raise problem


def _problem(counts: Sequence[int], request: AlignRequest, limits: LimitsConfig, n_dimensions: int) -> Refused | None:
    from stages.align.memory import estimate_bytes

    if sum(counts) > limits.sentences:
        most = f"at most {limits.sentences:,} are taken"
        return Refused("source", f"with the target it has {sum(counts):,} sentences; {most}", 413)
    n_source, n_target = counts
    n_megabytes = estimate_bytes(n_source, n_target, request.max_overlap, n_dimensions, request.options) >> 20
    if n_megabytes <= limits.alignment_mb:
        return None
    return Refused(
        "options",
        f"with {n_source:,} and {n_target:,} sentences an alignment may take {n_megabytes:,} MB of memory, more than "
        f"alignment_mb = {limits.alignment_mb:,} allows; lower band_radius, max_bead or max_overlap, or send less",
        413,
    )


def _count_sentences(text: str | list[str], language: str | None) -> int:
    if not isinstance(text, str):
        return len(text)
    known = language or detect_language(text[:MEASURED_PART]).language or "en"
    return len(split_document(normalise(text), known, SplitConfig()).sentences)


def _refused(error: Exception) -> Refused:
    """Say which field an error of the library is about."""
    if isinstance(error, Refused):
        return error
    text = str(error)
    named = [field for field in ("source_language", "target_language") if field in text]
    return Refused(named[0] if named else "body", text)


def _parted(encoded: EncodedTexts, requests: Sequence[tuple[Sequence[str], str]]) -> list[Embedded]:
    parts, start = [], 0
    for texts, form in requests:
        parts.append(_embedded(take_rows(encoded, slice(start, start + len(texts))), form))
        start += len(texts)
    return parts


def _embedded(encoded: EncodedTexts, form: str) -> Embedded:
    check_finite(encoded.vectors)
    vectors = encoded.vectors.astype("<f4")
    rows = [base64.b64encode(row.tobytes()).decode("ascii") if form == "base64" else row.tolist() for row in vectors]
    data = [{"object": "embedding", "index": index, "embedding": row} for index, row in enumerate(rows)]
    return Embedded(to_json(data), encoded.n_tokens or 0)
