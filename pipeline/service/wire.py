"""The models of requests and answers, shared by the service, its clients and the OpenAPI page.

Strict: "5" is no number and 1 is no boolean, so that a slip is refused rather than guessed at.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    field_validator,
    model_validator,
)

from pipeline.corpus.languages import parse_language
from pipeline.errors import ConfigError
from stages.align.config import AlignConfig
from stages.align.scoring.weights import WEIGHT_NAMES
from stages.config import Section

ENGLISH = "The ferry was late. We waited for an hour. Nobody complained."
GERMAN = "Die Fähre hatte Verspätung, und wir warteten eine Stunde. Niemand beschwerte sich."

TOKEN = "BITEXT_API_TOKEN"
"""The environment variable with the bearer token, of the service and of those who ask it."""

STRICT = ConfigDict(strict=True)
Language = Annotated[str, Field(max_length=35, examples=["de"])]


def _shape(value: Any) -> str | None:
    """Tell a text from a list, so that only the problems of the one that is meant are reported."""
    return "text" if isinstance(value, str) else "sentences" if isinstance(value, list) else None


def _text_or_list(expected: str) -> Discriminator:
    return Discriminator(_shape, custom_error_type="text_or_list", custom_error_message=f"it must be {expected}")


def _is_unicode(text: str) -> str:
    """Refuse what JSON can write and UTF-8 can't."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"half of a surrogate pair stands alone at character {error.start:,}") from None
    return text


Unicode = Annotated[str, AfterValidator(_is_unicode)]
FilledText = Annotated[Unicode, Field(min_length=1)]
# A list ends at its first problem: millions of them would take gigabytes.
Text = Annotated[
    Annotated[Unicode, Tag("text")] | Annotated[list[Unicode], Field(fail_fast=True), Tag("sentences")],
    _text_or_list("a text, or a list of sentences"),
]
Input = Annotated[
    Annotated[FilledText, Tag("text")]
    | Annotated[list[FilledText], Field(min_length=1, fail_fast=True), Tag("sentences")],
    _text_or_list("a text or a list of texts; lists of tokens are not taken"),
]

MOST_UNKNOWN = 20
"""Fields that are not known, and are named; a request may have a million of them."""


class Request(Section):
    """What every request has in common."""

    model_config = STRICT

    @model_validator(mode="before")
    @classmethod
    def _has_few_fields(cls, value: Any) -> Any:
        return few_fields(value, len(cls.model_fields))


def few_fields(value: Any, n_known: int) -> Any:
    """Return a JSON value; raises ValueError for an object with far more fields than are known."""
    if isinstance(value, dict) and len(value) > n_known + MOST_UNKNOWN:
        raise ValueError(f"it has {len(value):,} fields, of which {n_known} at most are known")
    return value


class AlignOptions(AlignConfig):
    """The keys of a run's [align] section."""

    model_config = STRICT

    @model_validator(mode="before")
    @classmethod
    def _has_few_fields(cls, value: Any) -> Any:
        weights = value.get("weights") if isinstance(value, dict) else None
        for kind in weights.values() if isinstance(weights, dict) and len(weights) <= MOST_UNKNOWN else (weights,):
            few_fields(kind, len(WEIGHT_NAMES))
        return few_fields(value, len(cls.model_fields))


class AlignRequest(Request):
    """Two texts to align."""

    model_config = STRICT | ConfigDict(
        json_schema_extra={
            "examples": [{"source": ENGLISH, "target": GERMAN, "source_language": "en", "target_language": "de"}]
        }
    )

    source: Text
    """A text, which is split into sentences, or a list of sentences, which is taken as it is."""

    target: Text
    """The same for its translation."""

    source_language: Language | None = None
    """Its language, such as `en`, `pt-BR` or `zh-Hant`; detected if not given."""

    target_language: Language | None = None
    """The language of the target."""

    max_overlap: int = Field(default=4, ge=1, le=16)
    """Sentences that may be joined on one side of a bead."""

    options: AlignOptions = AlignOptions()
    """How beads are found."""

    stream: bool = False
    """Answer with server-sent events: `progress` ones, then one `result` or `error`."""

    @field_validator("source_language", "target_language")
    @classmethod
    def _is_known(cls, language: str | None) -> str | None:
        try:
            return None if language is None else parse_language(language)
        except ConfigError as error:
            raise ValueError(str(error)) from None

    @property
    def n_characters(self) -> int:
        """Count the characters of both texts."""
        return sum(map(count_characters, (self.source, self.target)))


class AlignedBead(BaseModel):
    """Sentences and their translation; one side is empty in a null bead. Spans are half-open, from 0."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    type: str = Field(examples=["2-1"])
    """How many sentences stand on each side."""
    source: str
    target: str
    source_start: int
    source_stop: int
    target_start: int
    target_stop: int
    similarity: float
    """The cosine of the two sides."""
    score: float
    confidence: float | None
    """How likely the bead is right; null with `bertalign`, which has no measure of it."""


class AlignAnswer(BaseModel):
    """The beads of two texts, in order, and the sentences whose positions they count."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    model: str
    source_language: str
    target_language: str
    source_sentences: list[str]
    target_sentences: list[str]
    verdict: str | None = None
    """Whether one text translates the other: `ok`, `partial` or `unrelated`; null where the method can't tell."""
    reason: str | None = None
    quality: float | None = None
    """How much of the texts translates each other, from 0 to 1."""
    beads: list[AlignedBead]


class EmbeddingsRequest(Request):
    """As OpenAI's: https://platform.openai.com/docs/api-reference/embeddings."""

    model_config = STRICT | ConfigDict(
        json_schema_extra={"examples": [{"model": "use-multilingual", "input": ["The ferry was late."]}]}
    )

    model: Unicode
    """A name that /v1/models lists."""

    input: Input
    """A text, or a list of texts, none of them empty."""

    encoding_format: Literal["float", "base64"] = "float"
    """Numbers, or base64 of little-endian float32."""

    dimensions: int | None = Field(default=None, ge=1)
    """Only those that the model has."""

    user: str | None = None
    """Taken for compatibility, and not kept."""

    @property
    def texts(self) -> list[str]:
        """Return the inputs as a list."""
        return [self.input] if isinstance(self.input, str) else self.input


class Embedding(BaseModel):
    """The vector of one text, of unit length."""

    object: Literal["embedding"] = "embedding"
    index: int
    embedding: list[float] | str


class Usage(BaseModel):
    """The tokens that were computed."""

    prompt_tokens: int
    total_tokens: int


class EmbeddingsAnswer(BaseModel):
    """Vectors, in the order of the inputs."""

    object: Literal["list"] = "list"
    data: list[Embedding]
    model: str
    usage: Usage


class Model(BaseModel):
    """An encoder."""

    id: str
    object: Literal["model"] = "model"
    created: int
    owned_by: str


class Models(BaseModel):
    """The encoders of this service: one."""

    object: Literal["list"] = "list"
    data: list[Model]


State = Literal["queued", "running", "done", "failed", "cancelled"]


class Progress(BaseModel):
    """How far an alignment is; characters of overlaps are encoded on top of those of the texts."""

    state: State
    elapsed_seconds: float
    characters: int
    encoded_characters: int


class Job(BaseModel):
    """An alignment that runs by itself. Times are Unix times."""

    id: str
    state: State
    created: float
    finished: float | None = None
    error: str | None = None
    progress: Progress | None = None
    result: AlignAnswer | None = None


class Jobs(BaseModel):
    """The jobs that are kept, without their results."""

    jobs: list[Job]


class Health(BaseModel):
    """Whether requests are answered."""

    status: Literal["ready", "starting", "ending", "failed"]
    model: str
    dimensions: int | None = None
    workers: int | None = None
    """Requests that can be worked on at once."""
    workers_ready: int | None = None
    """Of these now: fewer while a worker that died is replaced."""


def count_characters(text: str | list[str]) -> int:
    """Count the characters of a text, or of all of a list."""
    return len(text) if isinstance(text, str) else sum(map(len, text))
