"""An export in parts: runs of pairs are written side by side, and put together in the order of the corpus.

A part is a folder with what each format makes of its pairs. Formats of text are rendered there, and joined as they are,
with head and foot. What Parquet, XLSX and TMX of several languages need of a pair waits there: their files are no rows
of pairs. Files come out the same, byte for byte, wherever the parts are cut.
"""

from __future__ import annotations

import pickle
import re
import shutil
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, Self

from pipeline.corpus.languages import detect_language
from pipeline.exports.books import convert_page
from pipeline.exports.duplicates import Listed, Repeated
from pipeline.exports.filenames import BY_LANGUAGES, FILE_NAMES, PAIRS, export_name
from pipeline.exports.per_pair import PER_PAIR, PerPairSink, per_pair_sinks
from pipeline.exports.sinks import (
    MosesSink,
    PairsSink,
    Sink,
    moses_files,
    move_files,
    open_file_sink,
    renderer_of,
)
from stages.data import AlignedPair, Sentence
from stages.export.book import Layout
from stages.export.config import ExportConfig, Format
from stages.export.selection import Selection
from stages.export.tei import PAIR_START, TeiRenderer
from stages.export.units import Unit

Languages = tuple[str, str]
"""The source and the target language of pairs."""

File = tuple[Format, Languages | None]
"""A file that all parts have a share in: its format, and the languages of its pairs, if not all are in it."""

TEXT_FORMATS: tuple[Format, ...] = ("tsv", "jsonl", "tmx", "tei", "xces", "xliff", "epub", "docx", "book-html")
"""Formats that are rendered as text pair by pair; of books it is the page that they are made of."""

BYTES_IN_MEMORY = 8_000_000
"""How much waits to be written."""

NUMBER = re.compile(rb"\0(\d+)\0")
"""The number of a pair in a part: see `stages.export.tei.NUMBER`."""


@dataclass(frozen=True)
class Plan:
    """What an export writes.

    languages : the languages of all pairs. folder : where files are made, until all are whole.
    """

    config: ExportConfig
    languages: frozenset[Languages]
    folder: Path

    def part(self, number: int) -> Path:
        """Return the folder of a part."""
        return self.folder / "parts" / f"{number:08}"

    def digests(self, number: int) -> Path:
        """Return the folder of what is known of duplicates in a part."""
        return self.folder / "digests" / f"{number:08}"

    @property
    def formats(self) -> list[Format]:
        """The formats, each once."""
        return list(dict.fromkeys(self.config.formats))

    @property
    def joined_files(self) -> list[File]:
        """The files that all parts have a share in, but for those of Moses."""
        several = sorted(self.languages) if len(self.languages) > 1 else [None]
        is_split = self.config.one_file_per == "document-pair"
        formats = [name for name in self.formats if name in FILE_NAMES and (name == "multi-tmx" or not is_split)]
        joined: list[File] = [(name, one) for name in formats for one in (several if name in BY_LANGUAGES else [None])]
        if "hugging-face" in self.formats:
            joined += [("hugging-face", one) for one in sorted(self.languages)]
        return joined


class Waiting(NamedTuple):
    """What a format needs of a pair that is written when all parts are there; the source only if it joins pairs."""

    pair_id: str
    source_language: str
    target_language: str
    source: Sequence[Sentence]


# ---- writing a part


def list_digests(plan: Plan, number: int, pairs: Iterable[AlignedPair]) -> None:
    """Leave in the folder of a part what `find_repeated` needs: the first round of an export without duplicates."""
    with Listed(plan.digests(number)) as listed:
        selection = Selection(plan.config, detect_language, listed)
        for pair in pairs:
            deque(selection.units(pair, Counter()), maxlen=0)


def write_part(plan: Plan, number: int, pairs: Iterable[AlignedPair]) -> Counter[str]:
    """Write a part, and count what went in and what not. Raises ConfigError for two pairs of one name."""
    counts: Counter[str] = Counter()
    folder = plan.part(number)
    shutil.rmtree(folder, ignore_errors=True)  # a worker that died may have left half of it
    folder.mkdir(parents=True)
    is_listed = plan.digests(number).exists()
    selection = Selection(plan.config, detect_language, Repeated(plan.digests(number)) if is_listed else None)
    with ExitStack() as stack:
        sinks = [stack.enter_context(sink) for sink in _part_sinks(plan, folder)]
        write_pairs(pairs, sinks, selection, plan.languages, counts)
    for sink in sinks:
        counts.update(sink.counts)
    return counts


def write_pairs(
    pairs: Iterable[AlignedPair],
    sinks: Sequence[Sink],
    selection: Selection,
    languages: frozenset[Languages],
    counts: Counter[str],
) -> None:
    """Write pairs into sinks, and count them; raises ValueError for one of other languages."""
    wants_units = not all(isinstance(sink, PerPairSink) for sink in sinks)
    for pair in pairs:
        if (pair.source_language, pair.target_language) not in languages:
            raise ValueError(
                f"pair {pair.pair_id!r} is {pair.source_language}-{pair.target_language}, which language_pairs lacks"
            )
        counts["pairs"] += 1
        counts["beads"] += len(pair.beads)
        selected = list(selection.units(pair, counts)) if wants_units else []
        for sink in sinks:
            sink.write(pair, selected)


def _part_sinks(plan: Plan, folder: Path) -> Iterator[Sink]:
    files = plan.joined_files
    if texts := [file for file in files if file[0] in TEXT_FORMATS]:
        yield TextsSink(folder, texts, plan.languages, plan.config.book_layout)
    if waiting := [file for file in files if file[0] not in TEXT_FORMATS]:
        yield WaitingSink(folder, waiting)
    if plan.config.one_file_per == "document-pair":
        yield PairsSink(folder / PAIRS, plan.formats, plan.config.keep_nulls)
    elif "moses" in plan.formats:
        yield MosesSink(folder, plan.languages, plan.config.keep_nulls)
    yield from per_pair_sinks(folder, plan.formats, plan.config.subtitle_times)


class Appending:
    """Adds to many files of a folder, of which none is kept open: there may be more than a process may open."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._blocks: dict[str, list[bytes]] = {}
        self._n_bytes = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if error[0] is None:
            self._flush()

    def append(self, name: str, block: bytes) -> None:
        """Add to a file."""
        self._blocks.setdefault(name, []).append(block)
        self._n_bytes += len(block)
        if self._n_bytes > BYTES_IN_MEMORY:
            self._flush()

    def _flush(self) -> None:
        for name, blocks in self._blocks.items():
            with (self._folder / name).open("ab") as file:
                file.writelines(blocks)
        self._blocks, self._n_bytes = {}, 0


class TextsSink(Appending):
    """The parts of files of text."""

    def __init__(self, folder: Path, files: Iterable[File], languages: Iterable[Languages], layout: Layout) -> None:
        super().__init__(folder)
        self.counts: Counter[str] = Counter()
        self._renderers = {
            file: TeiRenderer(is_part=True)
            if file[0] == "tei"
            else renderer_of(file[0], _languages_in(file, languages), layout)
            for file in files
        }

    def __exit__(self, *error: object) -> None:
        super().__exit__(*error)
        for renderer in self._renderers.values():
            self.counts.update(renderer.counts)

    def write(self, pair: AlignedPair, units: Sequence[Unit]) -> None:
        """Render a pair for each file that is to hold it."""
        for file, renderer in self._renderers.items():
            if _holds(file, pair):
                self.append(export_name(*file), "".join(renderer.pair(pair, units)).encode())


class WaitingSink(Appending):
    """Keeps what is needed of pairs for files that are written when all parts are there."""

    def __init__(self, folder: Path, files: Iterable[File]) -> None:
        super().__init__(folder)
        self.counts: Counter[str] = Counter()
        self._files = {_waiting_name(file): file for file in files}

    def write(self, pair: AlignedPair, units: Sequence[Unit]) -> None:
        """Keep a pair, once for all files of the same pairs."""
        for name, file in self._files.items():
            if _holds(file, pair):
                source = pair.source if file[0] == "multi-tmx" else ()
                waiting = Waiting(pair.pair_id, pair.source_language, pair.target_language, source)
                self.append(name, pickle.dumps((waiting, units)))


def _languages_in(file: File, languages: Iterable[Languages]) -> frozenset[Languages]:
    """Return the languages of the pairs in a file."""
    return frozenset(languages if file[1] is None else [file[1]])


def _holds(file: File, pair: AlignedPair | Waiting) -> bool:
    return file[1] in (None, (pair.source_language, pair.target_language))


def _waiting_name(file: File) -> str:
    name, languages = file
    return f"waiting.{'with-source' if name == 'multi-tmx' else 'units'}.{'-'.join(languages or ('all',))}"


# ---- putting parts together


def join_file(plan: Plan, n_parts: int, file: File) -> Counter[str]:
    """Write one file from all parts, and count what had to be changed for it."""
    name, path = file[0], plan.folder / export_name(*file)
    if name == "epub" or name == "docx":
        page = path.with_name(f"{path.name}.page")
        _join_texts(plan, n_parts, file, page)
        convert_page(page, path, name, sorted(_languages_in(file, plan.languages)))
        page.unlink()
        return Counter()
    if name in TEXT_FORMATS:
        _join_texts(plan, n_parts, file, path)
        return Counter()
    path.parent.mkdir(exist_ok=True)
    with open_file_sink(name, path, _languages_in(file, plan.languages)) as sink:
        for number in range(n_parts):
            for pair, units in _read_waiting(plan.part(number) / _waiting_name(file)):
                sink.write(pair, units)
    return sink.counts


def _read_waiting(path: Path) -> Iterator[tuple[Any, list[Unit]]]:
    if not path.exists():
        return
    with path.open("rb") as file:
        while file.peek(1):
            yield pickle.load(file)


def _join_texts(plan: Plan, n_parts: int, file: File, path: Path) -> None:
    renderer = renderer_of(file[0], _languages_in(file, plan.languages), plan.config.book_layout)
    parts = [plan.part(number) / export_name(*file) for number in range(n_parts)]
    with path.open("wb") as joined:
        joined.write(renderer.header().encode())
        for part in filter(Path.exists, parts):
            with part.open("rb") as opened:
                if isinstance(renderer, TeiRenderer):
                    renderer.n_pairs += _copy_numbered(opened, joined, renderer.n_pairs)
                else:
                    shutil.copyfileobj(opened, joined)
        joined.write(renderer.footer().encode())


def _copy_numbered(part: BinaryIO, joined: BinaryIO, n_before: int) -> int:
    """Copy a part, its pairs numbered on from those before, and return how many they are."""
    n_pairs = 0
    for line in part:
        n_pairs += line == PAIR_START.encode()
        joined.write(NUMBER.sub(lambda found: b"%d" % (n_before + int(found[1])), line))
    return n_pairs


def join_folders(plan: Plan, n_parts: int) -> Counter[str]:
    """Put together what is a file for each pair, and the two files of each language pair; raises as `write_part`."""
    parts = [plan.part(number) for number in range(n_parts)]
    for folder, formats in PER_PAIR.items():
        if formats.intersection(plan.formats):
            move_files([part / folder for part in parts], plan.folder / folder)
    if plan.config.one_file_per == "document-pair":
        move_files([part / PAIRS for part in parts], plan.folder / PAIRS)
    elif "moses" in plan.formats:
        for name in chain.from_iterable(moses_files(*languages) for languages in plan.languages):
            with (plan.folder / name).open("xb") as joined:
                for part in parts:
                    with (part / name).open("rb") as opened:
                        shutil.copyfileobj(opened, joined)
    return Counter()
