"""Read documents: files of any format, and rows of files of rows."""

from __future__ import annotations

import hashlib
import os
import reprlib
import stat
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from pipeline.config.corpus_config import CorpusConfig
from pipeline.corpus.formats.archives import MAX_DOCUMENT_BYTES
from pipeline.corpus.formats.document import DocumentText, Options
from pipeline.corpus.formats.files import read_file
from pipeline.corpus.formats.names import PACKED, format_of, has_rows, suffix_of
from pipeline.corpus.formats.recognise import HEAD_BYTES, begins_plain
from pipeline.corpus.reading import Reading
from pipeline.corpus.scratch import Scratch
from pipeline.corpus.text import normalise
from pipeline.errors import ConfigError, DocumentError, is_printable, printable
from pipeline.store.files import endless_kind
from pipeline.workers import Call
from stages.data import DocumentPart
from stages.text import HEADING_MARKS, UNIT_MARK

if TYPE_CHECKING:
    from pipeline.corpus.formats.rows import Rows

HARMLESS_BYTES = 1 << 20
"""A plain text that is no larger is read without a process of its own: it can become 4 MB."""

AHEAD = 4
"""Documents for each process that are read before they are asked for."""

ROWS_AT_ONCE = 256
CHARS_AT_ONCE = 1 << 20
"""Rows come from a process so many at once."""

BYTES_A_CHARACTER = 12
"""What a character may take until its text is in the store."""

MOST_NAMES = 20
MOST_NAME_CHARS = 100
"""What is told of the columns of a row that lacks one."""


class Source(NamedTuple):
    """Where a document lies: a file, or a row of one."""

    path: Path
    row: str | None
    """The id of the row; of a TMX file, the language."""
    name: str
    """As the config would write it: for people."""
    encoding: str | None = None
    """What it is written in, where it isn't UTF-8 and the config or the manifest says so."""
    column: str | None = None
    """Of a table: which column it is, where the config says so."""
    parts: str = ""
    """All files of a document that lies in several, in their order (see `join_parts`); the path is the first."""


def join_parts(paths: Iterable[Path]) -> str:
    """Write the files of a document as one text: a NUL, which is in no name, stands between two."""
    return "\0".join(map(str, paths))


def split_parts(source: Source) -> list[Path]:
    """Return the files of a document that lies in several."""
    return [Path(part) for part in source.parts.split("\0")] if source.parts else []


Read = DocumentText | DocumentError
"""A text, or the reason why it can't be had."""

SourceText = tuple[Source, Read]


class BadRow(NamedTuple):
    """A row that can't be read: where it stands, and why."""

    name: str
    reason: str


END_OF_PART = {True: "\n", False: "\n\n"}
"""After a part of a document in several files, whose every line is a sentence, or not."""

NAMED_HERE = "\0"
"""Where the name of a document belongs in what is wrong with it."""


class DocumentReader:
    """Reads the documents of a corpus; as a context it ends the processes that it reads in.

    Files of many rows are read once, and their rows kept on disk.
    """

    def __init__(self, corpus: CorpusConfig):
        self._corpus = corpus
        self._reading = Reading(corpus)
        self._rows = Scratch("rows (file, row, text, problem, PRIMARY KEY (file, row))")
        self._files: dict[Path, tuple[int, str]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._reading.__exit__()
        self._rows.close()

    def read(self, sources: Iterable[Source]) -> Iterator[SourceText]:
        """Give the text of each source, in order, or why it can't be had; some files are read ahead in processes."""
        ahead: deque[tuple[Source, Call | None]] = deque()
        for source in sources:
            is_here = self._is_row(source) or _is_harmless(source, self._corpus)
            ahead.append((source, None if is_here else self._reading.schedule(read_source, source, self._corpus)))
            while ahead and (len(ahead) > AHEAD * self._reading.n_workers or _is_there(ahead[0][1])):
                yield self._result(*ahead.popleft())
        while ahead:
            yield self._result(*ahead.popleft())

    def _result(self, source: Source, call: Call | None) -> SourceText:
        if self._is_row(source):
            return source, self._read_row(source)
        if call is None:
            return source, read_here(source, self._corpus)
        return source, _named(source, lambda: self._reading.result(call))

    def _is_row(self, source: Source) -> bool:
        return source.row is not None and has_rows(source.path, self._corpus.format)

    def _read_row(self, source: Source) -> Read:
        if source.path not in self._files:
            self._files[source.path] = self._keep_rows(source.path, source.name.partition("#")[0])
        number, problem = self._files[source.path]
        wanted = self._rows.execute("SELECT text, problem FROM rows WHERE file = ? AND row = ?", (number, source.row))
        for text, bad_cell in wanted:
            return DocumentText(text) if bad_cell is None else DocumentError(f"{source.name}: {bad_cell}")
        return DocumentError(problem.replace(NAMED_HERE, source.name))

    def _keep_rows(self, path: Path, name: str) -> tuple[int, str]:
        """Keep all rows of a file on disk; return its number, and what is wrong with a row that it lacks."""
        corpus, number, unreadable = self._corpus, len(self._files), []
        try:
            columns = [corpus.id_column, corpus.text_column]
            for line, row in _rows(path, name, columns, _most_chars(corpus), self._reading):
                if isinstance(row, str):
                    unreadable.append(f"line {line}: {row}")
                else:
                    self._keep_row(number, row)
        except ConfigError as error:
            return number, str(error)
        except DocumentError as error:
            return number, f"{name} {error}"
        why = f" (what can't be read: {'; '.join(unreadable[:3])})" if unreadable else ""
        return number, f"{NAMED_HERE}: no row has this {corpus.id_column}{why}"

    def _keep_row(self, file: int, row: dict[str, Any]) -> None:
        corpus = self._corpus
        text = row.get(corpus.text_column)
        is_text = isinstance(text, str)
        is_long = isinstance(text, _Shown) and text.is_long
        shorter = f"shorter: {_most_chars(corpus):,} at most, or raise [corpus] max_read_memory_mb"
        expected = shorter if is_long else "text"
        problem = None if is_text else _bad_cell(row, "text_column", corpus.text_column, expected)
        row_id = printable(str(row.get(corpus.id_column)))  # a name with a control character is none
        twice = f"more than one row has this {corpus.id_column}; give each its own"
        self._rows.execute(
            "INSERT INTO rows VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET problem = ?",
            (file, row_id, normalise(str(text)) if is_text else None, problem, twice),
        )


def read_documents(sources: Iterable[Source], corpus: CorpusConfig) -> Iterator[SourceText]:
    """Give the text of each source, in order, or why it can't be had."""
    with DocumentReader(corpus) as reader:
        yield from reader.read(sources)


def _is_harmless(source: Source, corpus: CorpusConfig) -> bool:
    """Say whether a file can't take much time or memory to read; so is one that isn't there, or no file."""
    try:
        found = source.path.stat()
    except (OSError, ValueError):
        return True
    if source.parts:
        return False
    if not stat.S_ISREG(found.st_mode):
        return True
    is_small = found.st_size <= HARMLESS_BYTES and source.path.suffix.lower() != PACKED
    return is_small and format_of(source.path, corpus.format) == "text" and _begins_plain(source.path, corpus)


def _begins_plain(path: Path, corpus: CorpusConfig) -> bool:
    if corpus.format is not None:
        return True
    try:
        with path.open("rb") as file:
            return begins_plain(file.read(HEAD_BYTES), suffix_of(path))
    except OSError:
        return True


def _is_there(call: Call | None) -> bool:
    return call is None or call.done()


def read_here(source: Source, corpus: CorpusConfig) -> Read:
    """Read a file in this process, without limits."""
    return _named(source, lambda: read_source(source, corpus))


def _named(source: Source, read: Callable[[], DocumentText]) -> Read:
    try:
        return read()
    except DocumentError as error:
        failure = DocumentError(printable(f"{source.name} {error}"))
        failure.__cause__ = error.__cause__
        return failure


def row_ids(path: Path, name: str, corpus: CorpusConfig) -> Iterator[str | BadRow]:
    """Give the name of the document in each row of a file; raises ConfigError where it isn't such a file at all."""
    with Reading(corpus) as reading:
        try:
            for line, row in _rows(path, name, [corpus.id_column], _most_chars(corpus), reading):
                yield _row_id(f"{name} line {line}", row, corpus)
        except DocumentError as error:
            yield BadRow(name, f"{name} {error}")


def _row_id(name: str, row: dict[str, Any] | str, corpus: CorpusConfig) -> str | BadRow:
    found = row.get(corpus.id_column) if isinstance(row, dict) else None
    if isinstance(found, str | int) and not isinstance(found, bool) and str(found) and is_printable(str(found)):
        return str(found)
    reason = row if isinstance(row, str) else _bad_cell(row, "id_column", corpus.id_column, "text or a number")
    return BadRow(name, f"{name}: {reason}")


def _bad_cell(row: dict[str, Any], key: str, column: str, expected: str) -> str:
    if column not in row:
        has = ", ".join(map(str, row)) or "none"
        return f"there is no column {column!r}; it has {has}. Name the right one in [corpus] {key}"
    cell = row[column]
    shown = cell.shown if isinstance(cell, _Shown) else reprlib.repr(cell)
    return f"column {column!r} is {shown}; it must be {expected}"


def read_source(source: Source, corpus: CorpusConfig) -> DocumentText:
    """Read a document, which may lie in several files; raises DocumentError, which goes on from the document's name."""
    found = _read_parts(source, corpus) if source.parts else _read_file(source, corpus)
    if len(found.text) > (most := _most_chars(corpus)):
        raise DocumentError(
            f"has {len(found.text):,} characters, more than {most:,}; split it, or raise [corpus] max_read_memory_mb"
        )
    return found


def _most_chars(corpus: CorpusConfig) -> int:
    """Return how many characters a document may have."""
    return (corpus.max_read_memory_mb << 20) // BYTES_A_CHARACTER


def _read_parts(source: Source, corpus: CorpusConfig) -> DocumentText:
    """Read a document that lies in several files."""
    texts, notes, files, parts = [], [], [], []
    n_units = n_marks = n_chars = 0
    paths = split_parts(source)
    folder = os.path.commonpath([path.parent for path in paths])
    for path in paths:
        try:
            found = _read_file(source._replace(path=path), corpus)
        except DocumentError as error:
            raise DocumentError(f"can't be read: its part {path.name} {error}") from error.__cause__
        heading = "" if corpus.is_split else f"{HEADING_MARKS[0]}{normalise(path.name)}\n\n"
        text = f"{UNIT_MARK * (n_units - n_marks)}{heading}{found.text.rstrip()}{END_OF_PART[corpus.is_split]}"
        texts.append(text)
        parts.append(DocumentPart(n_chars, normalise(path.relative_to(folder).as_posix())))
        n_chars += len(text)
        files.append(found.bilingual_file)
        n_units, n_marks = n_units + found.n_units, n_marks + text.count(UNIT_MARK)
        notes += [f"{path.name}: {note}" for note in found.notes]
    how = "" if corpus.is_split else ", each marked by its name as a heading"
    joined = f"it is joined from {len(paths):,} files{how}: {_listed(paths)}"
    bilingual_file = hashlib.sha256(" ".join(files).encode()).hexdigest()[:16] if n_units else ""
    return DocumentText("".join(texts), (joined, *notes), (), bilingual_file, n_units, tuple(parts))


def _listed(parts: Sequence[Path]) -> str:
    names = [path.name for path in parts]
    return ", ".join(names if len(names) <= MOST_NAMES else [*names[: MOST_NAMES - 1], "…", names[-1]])


def _read_file(source: Source, corpus: CorpusConfig) -> DocumentText:
    options = Options(
        encoding=source.encoding or corpus.encoding,
        min_confidence=corpus.min_encoding_confidence,
        language=source.row or "",
        layout=corpus.layout,
        main_text=corpus.main_text,
        column=source.column,
    )
    try:
        data = read_whole(source.path)
    except FileNotFoundError:
        raise DocumentError(f"can't be read: there is no file {source.path}") from None
    except (OSError, ValueError) as error:  # ValueError: a name with a NUL in it
        raise DocumentError(f"can't be read: {getattr(error, 'strerror', error)}") from None
    return read_file(data, source.path, corpus.format, options, corpus.is_split)


def read_whole(path: Path) -> bytes:
    """Return the bytes of a file, or of what a shell pipes; raises DocumentError for what is no file, or too large."""
    n_bytes = check_kind(path)
    with path.open("rb") as file:
        data = file.read(MAX_DOCUMENT_BYTES + 1) if n_bytes <= MAX_DOCUMENT_BYTES else b""
    if max(len(data), n_bytes) > MAX_DOCUMENT_BYTES:
        raise DocumentError(f"has {n_bytes or len(data):,} bytes, more than {MAX_DOCUMENT_BYTES:,}: split it")
    return data


def check_kind(path: Path) -> int:
    """Return how many bytes a file has; raises DocumentError for what would never end, or isn't read as a file is."""
    if kind := endless_kind(path):
        raise DocumentError(f"can't be read: it is {kind}, no file; name a file")
    found = path.stat()
    return found.st_size if stat.S_ISREG(found.st_mode) else 0


def _rows(path: Path, name: str, columns: list[str], most_chars: int, reading: Reading) -> Rows:
    """Give the rows of a file as `read_rows` does, from a process with limits; raises DocumentError at one of them."""
    check_kind(path)
    for batch in reading.stream(_row_batches, path, name, columns, most_chars):
        yield from batch


def _row_batches(
    path: Path, name: str, columns: list[str], most_chars: int
) -> Iterator[list[tuple[int, dict[str, Any] | str]]]:
    from pipeline.corpus.formats.rows import read_rows  # Arrow takes half the time that a process takes to start

    batch: list[tuple[int, dict[str, Any] | str]] = []
    n_chars = 0
    for line, row in read_rows(path, name, columns):
        carried = row if isinstance(row, str) else _carried(row, columns, most_chars)
        batch.append((line, carried))
        if isinstance(carried, dict):
            n_chars += sum(len(cell) for cell in carried.values() if isinstance(cell, str))
        if len(batch) >= ROWS_AT_ONCE or n_chars > CHARS_AT_ONCE:
            yield batch
            batch, n_chars = [], 0
    if batch:
        yield batch


class _Shown(NamedTuple):
    """A cell that is neither text nor a number, or too long, as it is shown."""

    shown: str
    is_long: bool = False


def _carried(row: dict[str, Any], columns: list[str], most_chars: int) -> dict[str, Any]:
    """Return what of a row is needed: its cells, or, where it lacks one, the names of those that it has."""
    if not all(column in row for column in columns):
        return dict.fromkeys(name[:MOST_NAME_CHARS] for name in list(row)[:MOST_NAMES]) | {
            column: row[column] for column in columns if column in row
        }
    cells = {column: row[column] for column in columns}
    return {name: _carried_cell(cell, most_chars) for name, cell in cells.items()}


def _carried_cell(cell: Any, most_chars: int) -> str | int | _Shown:
    if isinstance(cell, str) and len(cell) > most_chars:
        return _Shown(f"a text of {len(cell):,} characters", is_long=True)
    return cell if isinstance(cell, str | int) else _Shown(reprlib.repr(cell))
