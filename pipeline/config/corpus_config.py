"""The section [corpus] of a config: the documents, how they are read, and which of them belong together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field, model_validator

from pipeline.corpus.formats.document import Layout
from pipeline.corpus.formats.names import Format
from pipeline.corpus.languages import parse_language
from pipeline.corpus.text import MIN_CONFIDENCE, known_encoding
from pipeline.errors import ConfigError
from stages.config import Section

AUTO = "auto"


class CorpusConfig(Section):
    """The documents, and which of them are a text and its translation."""

    documents: str | None = None
    """A pattern such as `books/{language}/*.txt`: documents with the same `*` are a text and its translation."""

    pairs: tuple[str, ...] = ()
    """With `documents`: the language pairs to align, such as "en-de"; a tag with a hyphen is set off by "/"."""

    source: str | None = None
    """A pattern such as `books/de/*.txt`, with `target`: one pair of languages."""

    target: str | None = None
    """A pattern with as many `*` as `source`."""

    source_language: str | None = None
    """The language of `source`, or "auto"; with `manifest`, of the rows that name none."""

    target_language: str | None = None
    """The language of `target`, or "auto"; with `manifest`, of the rows that name none."""

    manifest: str | None = None
    """A table (TSV, CSV, XLSX) whose first row names its columns: source_path, target_path, and perhaps pair_id,
    source_language, target_language, source_encoding, target_encoding, and is_pair: yes or no."""

    pairing: Literal["name", "content"] = "name"
    """How it is found out which documents belong together, unless a manifest says so: by their names, or by what they
    say. Then `*` may match anything, and the pairs that were found are listed in `pairs.tsv` of the results."""

    gold: str | None = None
    """A folder of hand-made beads, `<pair_id>.gold.txt`: a finished run prints how well it did against them."""

    is_split: bool = False
    """Every line is a sentence; blank lines count as (empty) positions."""

    format: Format | None = None
    """How files are read whose names don't end with their format: every file of the corpus is then taken for this."""

    encoding: str | None = None
    """The encoding of files that aren't UTF-8, such as "cp1252"; without it what pages and XML say, else a guess."""

    source_encoding: str | None = None
    """The same for one side: of `source`, or of the rows of `manifest` that name none."""

    target_encoding: str | None = None
    """The same for one side: of `target`, or of the rows of `manifest` that name none."""

    min_encoding_confidence: float = Field(default=MIN_CONFIDENCE, ge=0, le=1)
    """A file that isn't UTF-8, and whose encoding is guessed with less certainty than this, is refused."""

    layout: Layout = "auto"
    """Whether plain text is lines, or pages, as OCR and pdftotext leave them: with numbers, running heads and cut
    words, which are taken out as from PDF. "auto" takes it for pages where at least three show that they are."""

    main_text: bool = False
    """Leave out the menus, heads and feet of web pages, and count what was left out."""

    source_column: str | None = None
    """Of a table (CSV, TSV, XLSX): the column with the source's text; else the one that is named after its language."""

    target_column: str | None = None
    """The same for the target; a number counts columns from 1, in a table whose first row is text already."""

    id_column: str = "id"
    """In files with a document in each row (.jsonl, .parquet, .arrow, datasets): the column with its name."""

    text_column: str = "text"
    """In these files: the column with the document's text."""

    min_language_confidence: float = Field(default=0.5, ge=0, le=1)
    """A document whose language is detected with less certainty than this is refused."""

    max_read_memory_mb: int = Field(default=1200, ge=64)
    """Memory in MB that reading one document may take; what takes more is broken, or a bomb, and fails."""

    max_read_seconds: float = Field(default=50, ge=1)
    """Processor time in seconds that reading one document may take."""

    allow_unmatched: bool = False
    """Leave out documents without a counterpart, and count them, rather than refuse the corpus."""

    @model_validator(mode="after")
    def _documents_can_be_found(self) -> CorpusConfig:
        problems = [*self._problems_of_ways(), *self._problems_of_languages(), *self._problems_of_encoding()]
        if problems:
            raise ValueError("\n".join(problems))
        return self

    def _problems_of_ways(self) -> Iterator[str]:
        has_sides = self.source is not None or self.target is not None
        if [self.documents is not None, has_sides, self.manifest is not None].count(True) != 1:
            yield "corpus: name the documents in exactly one way: `documents`, `source` and `target`, or `manifest`"
        elif self.documents is not None:
            yield from self._problems_of_documents(self.documents)
        elif has_sides:
            yield from self._problems_of_sides()

    def _problems_of_documents(self, documents: str) -> Iterator[str]:
        if "{language}" not in documents:
            yield f"corpus.documents: {documents!r} is not valid; it must hold {{language}} where the language stands"
        if not self.pairs:
            yield 'corpus.pairs: missing; name the languages to align, such as pairs = ["en-de"]'
        seen: set[tuple[str, str]] = set()
        for pair in self.pairs:
            try:
                languages = split_pair(pair)
            except (ConfigError, ValueError) as error:
                yield f"corpus.pairs: {error}"
                continue
            if languages in seen or languages[0] == languages[1]:
                why = "stands there twice" if languages in seen else "names the same language twice"
                yield f"corpus.pairs: {pair!r} {why}; leave it out"
            seen.add(languages)

    def _problems_of_sides(self) -> Iterator[str]:
        for side in ("source", "target"):
            if getattr(self, side) is None:
                yield f"corpus.{side}: missing; `source` and `target` come together"
            if getattr(self, f"{side}_language") is None:
                yield f'corpus.{side}_language: missing; name it, or set it to "auto"'
        if self.source and self.target and self.source.count("*") != self.target.count("*"):
            yield f"corpus: `source` and `target` must have as many `*`: {self.source!r}, {self.target!r}"

    def _problems_of_languages(self) -> Iterator[str]:
        for key in ("source_language", "target_language"):
            language = getattr(self, key)
            try:
                if language not in (None, AUTO):
                    parse_language(language)
            except ConfigError as error:
                yield f"corpus.{key}: {error}"

    def _problems_of_encoding(self) -> Iterator[str]:
        for key in ("encoding", "source_encoding", "target_encoding"):
            name = getattr(self, key)
            if name is None:
                continue
            try:
                known_encoding(name)
            except ConfigError as error:
                yield str(error).replace("[corpus] encoding", f"[corpus] {key}")
            if key != "encoding" and self.documents is not None:
                yield f"corpus.{key}: `documents` has no sides; use `encoding`, or name `source` and `target`"


def split_pair(pair: str) -> tuple[str, str]:
    """Return the two languages of "en-de", or of "pt-BR/zh-Hant" where a tag has a hyphen of its own."""
    separator = "/" if "/" in pair else "-"
    sides = pair.split(separator)
    if len(sides) != 2 or not all(sides):
        raise ValueError(f'{pair!r} is not a pair of languages; write it like "en-de", or "pt-BR/en"')
    source, target = (parse_language(side) for side in sides)
    return source, target
