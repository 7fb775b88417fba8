"""Sinks that exports write into: one a format, each in its own files, pair after pair, in constant memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, ExitStack
from itertools import chain
from pathlib import Path
from typing import Any, Protocol, Self

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.errors import ConfigError
from pipeline.exports.books import BookFormat, convert_page, find_pandoc
from pipeline.exports.filenames import MOSES_MARK, PAIR_SUFFIXES, file_name, xces_documents
from pipeline.exports.multi_tmx import MultiTmxSink
from pipeline.exports.sqlite import SqliteSink
from pipeline.exports.xlsx import SketchEngineSink, XlsxSink
from stages.data import AlignedPair
from stages.export.book import Layout
from stages.export.config import Format
from stages.export.moses import moses_names, render_moses, side_names
from stages.export.render import Renderer, make_renderer
from stages.export.units import COLUMNS, Unit, row_of
from stages.export.xces import XcesRenderer

ROWS_IN_MEMORY = 20_000
CHARS_IN_MEMORY = 16_000_000
"""A row group of a Parquet export is full at whichever comes first."""


TWO_LANGUAGES = ("xliff", "sketch-engine", "hugging-face")
"""Formats of which a file has one source and one target language."""


class Sink(AbstractContextManager["Sink"], Protocol):
    """Takes pairs in order, and has written all of them when its block ends."""

    counts: Counter[str]

    def write(self, pair: AlignedPair, units: Sequence[Unit]) -> None:
        """Add a pair, of which the config asks for these units."""


class TextSink:
    """One text file with the pairs of a run."""

    def __init__(self, path: Path, renderer: Renderer) -> None:
        self.counts = renderer.counts
        self._renderer = renderer
        self._file = path.open("w", encoding="utf-8", newline="\n")
        self._file.write(renderer.header())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        with self._file:
            if kind is None:
                self._file.write(self._renderer.footer())

    def write(self, pair: AlignedPair, units: Sequence[Unit]) -> None:
        """Add the units of a pair."""
        self._file.writelines(self._renderer.pair(pair, units))


class MosesSink:
    """Two files for each language pair; none is kept open, as there may be more than a process may open."""

    def __init__(self, folder: Path, language_pairs: Iterable[tuple[str, str]], keep_nulls: bool) -> None:
        self.counts: Counter[str] = Counter()
        self._keep_nulls = keep_nulls
        self._paths = {languages: [folder / name for name in moses_files(*languages)] for languages in language_pairs}
        for path in chain.from_iterable(self._paths.values()):
            path.touch(exist_ok=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is open."""

    def write(self, pair: AlignedPair, units: Sequence[Unit]) -> None:
        """Add the units of a pair to the two files of its languages."""
        languages = (pair.source_language, pair.target_language)
        texts = render_moses(units, languages, self._keep_nulls, self.counts)
        for path, text in zip(self._paths[languages], texts, strict=True):
            with path.open("a", encoding="utf-8", newline="\n") as file:
                file.write(text)


def moses_files(source_language: str, target_language: str) -> list[str]:
    """Return the names of the two files of a language pair."""
    return [file_name(name) for name in moses_names(source_language, target_language)]


class PairsSink:
    """The formats that have one file for a run or for a language pair: here with a file for each document pair."""

    def __init__(self, folder: Path, formats: Iterable[Format], keep_nulls: bool) -> None:
        self.counts: Counter[str] = Counter()
        self._folder = folder
        self._formats = [name for name in formats if name in PAIR_SUFFIXES or name == "moses"]
        self._keep_nulls = keep_nulls
        folder.mkdir()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is open."""

    def write(self, pair: AlignedPair, units: Sequence[Unit]) -> None:
        """Write the files of a pair."""
        name, languages = file_name(pair.pair_id), (pair.source_language, pair.target_language)
        for format_ in self._formats:
            if format_ == "moses":
                self._write_moses(pair.pair_id, languages, units)
                continue
            path = self._folder / f"{name}{PAIR_SUFFIXES[format_]}"
            if path.exists():
                raise name_is_taken(path, pair.pair_id)
            with open_file_sink(format_, path, frozenset([languages])) as sink:
                sink.write(pair, units)
            self.counts.update(sink.counts)

    def _write_moses(self, pair_id: str, languages: tuple[str, str], units: Sequence[Unit]) -> None:
        texts = render_moses(units, languages, self._keep_nulls, self.counts)
        for side, text in zip(side_names(*languages), texts, strict=True):
            path = self._folder / f"{file_name(pair_id)}{MOSES_MARK}{side}"
            try:
                with path.open("x", encoding="utf-8", newline="\n") as file:
                    file.write(text)
            except FileExistsError:
                raise name_is_taken(path, pair_id) from None


def name_is_taken(path: Path, pair_id: str | None = None) -> ConfigError:
    """Say that two pairs have files of one name."""
    whose = "" if pair_id is None else f"pair {pair_id!r}: "
    return ConfigError(
        f"{whose}{path.parent.name}/{path.name} is another pair's already (this folder may not tell A from a); give "
        "each pair a pair_id of its own"
    )


def move_files(folders: Iterable[Path], target: Path) -> None:
    """Bring the files of folders together in one; raises ConfigError where two have one name."""
    target.mkdir()
    for folder in folders:
        for path in folder.iterdir():
            if (target / path.name).exists():
                raise name_is_taken(target / path.name)
            path.rename(target / path.name)


def open_file_sink(name: Format, path: Path, languages: frozenset[tuple[str, str]], layout: Layout = "beside") -> Sink:
    """Open a file of a format that is one file; raises ConfigError for several languages where it holds two."""
    if name in TWO_LANGUAGES and len(languages) > 1:
        raise ConfigError(
            f"{path.name}: a file of the format {name} has two languages, and the run has {len(languages)} pairs of "
            f'them; write one for each, with [export] formats = ["{name}"] in the config'
        )
    if name == "epub" or name == "docx":
        return ConvertedSink(path, name, languages, layout)
    if name == "parquet" or name == "hugging-face":
        return ParquetSink(path, languages, has_translations=name == "hugging-face")
    if name == "sqlite":
        return SqliteSink(path)
    if name == "xlsx":
        return XlsxSink(path)
    if name == "sketch-engine":
        return SketchEngineSink(path, next(iter(languages), ("und", "und")))
    if name == "multi-tmx":
        return MultiTmxSink(path, languages)
    return TextSink(path, renderer_of(name, languages, layout))


def renderer_of(name: Format, languages: Iterable[tuple[str, str]], layout: Layout = "beside") -> Renderer:
    """Return the renderer of a format of text, which knows how files are called."""
    return XcesRenderer(xces_documents) if name == "xces" else make_renderer(name, languages, layout)


class ConvertedSink(TextSink):
    """A book that is made of its page when all pairs are there."""

    def __init__(
        self, path: Path, kind: BookFormat, languages: Iterable[tuple[str, str]], layout: Layout = "beside"
    ) -> None:
        self._path, self._kind, self._languages = path, kind, sorted(languages)
        self._page = path.with_name(f"{path.name}.page")
        find_pandoc()  # better now than when all is written
        super().__init__(self._page, make_renderer(kind, self._languages, layout))

    def __exit__(self, kind: object, *rest: object) -> None:
        super().__exit__(kind, *rest)
        try:
            if kind is None:
                convert_page(self._page, self._path, self._kind, self._languages)
        finally:
            self._page.unlink(missing_ok=True)


class ParquetSink:
    """One Parquet file with the columns of TSV.

    has_translations : in place of the two texts a struct `translation`, with a field for each language, as the
    `datasets` library of Hugging Face has it; where there are several pairs of languages, those of others are null.
    """

    def __init__(self, path: Path, language_pairs: Iterable[tuple[str, str]], has_translations: bool = False) -> None:
        self.counts: Counter[str] = Counter()
        self._has_translations = has_translations
        self._schema = bitext_schema(language_pairs if has_translations else None)
        with ExitStack() as opened:
            # A writer that fails would leave a file of its own open, and so a full disk full.
            file = opened.enter_context(pa.OSFile(str(path), "wb"))
            writer = pq.ParquetWriter(file, self._schema, compression="zstd", write_page_checksum=True)
            self._writer = opened.enter_context(writer)
            self._opened = opened.pop_all()
        self._rows: list[dict[str, Any]] = []
        self._n_chars = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        with self._opened:
            if kind is None:
                self._flush()

    def write(self, pair: AlignedPair, units: Sequence[Unit]) -> None:
        """Add the units of a pair."""
        source_name, target_name = side_names(pair.source_language, pair.target_language)
        for unit in units:
            row = row_of(pair, unit)
            if self._has_translations:
                row["translation"] = {source_name: row.pop("source"), target_name: row.pop("target")}
            self._rows.append(row)
            self._n_chars += len(unit.source) + len(unit.target)
            if len(self._rows) >= ROWS_IN_MEMORY or self._n_chars >= CHARS_IN_MEMORY:
                self._flush()

    def _flush(self) -> None:
        if self._rows:
            self._writer.write_table(pa.Table.from_pylist(self._rows, schema=self._schema))
        self._rows, self._n_chars = [], 0


def bitext_schema(language_pairs: Iterable[tuple[str, str]] | None) -> pa.Schema:
    """Return the columns of a Parquet export; for these languages with a struct of translations, or without."""
    types = {"score": pa.float64(), "similarity": pa.float64(), "confidence": pa.float64()}  # rounded as everywhere
    types |= {name: pa.int32() for name in COLUMNS if name.endswith(("_start", "_stop"))}  # positions of sentences
    columns = [pa.field(name, types.get(name, pa.string()), nullable=name == "confidence") for name in COLUMNS]
    if language_pairs is None:
        return pa.schema(columns)
    names = sorted({name for languages in language_pairs for name in side_names(*languages)})
    struct = pa.struct([(name, pa.string()) for name in names])
    return pa.schema([pa.field("translation", struct, nullable=False), *columns[2:]])
