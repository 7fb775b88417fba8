"""Read in processes with limits: a document that takes too much, hangs or crashes its reader is a failure of its own.

A library that meets a bomb may end its process without a word (PDFium does where memory runs out), so none of them
reads in the process that carries out the run. Processes live long, start when they are needed, and are replaced when
they have grown.
"""

from __future__ import annotations

import signal
import traceback
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple, Self

from pipeline.config.corpus_config import CorpusConfig
from pipeline.corpus.limits import data_bytes, limited
from pipeline.errors import DocumentError
from pipeline.workers import Call, RemoteTraceback, Worker, WorkerDied, Workers, available_cores, retire

WALL = 10
"""How many times as long as its processor time a document may take: others may work on the machine."""

WORN = 4
"""A process that keeps more than such a part of what a document may take is replaced: the next ones would add to it."""

ENVIRONMENT = {"ARROW_DEFAULT_MEMORY_POOL": "system"}
"""Arrow's other pools reserve a gigabyte at once, whatever they need."""


class Limits(NamedTuple):
    """What one document may take."""

    n_megabytes: int
    n_seconds: float

    def explain(self, error: BaseException) -> str:
        """Return what became of a document, going on from its name."""
        more = "or take it in another format, or in parts"
        if isinstance(error, TimeoutError) or getattr(error, "exitcode", None) == -getattr(signal, "SIGXCPU", 0):
            return f"takes more than {self.n_seconds:g} s to read; raise [corpus] max_read_seconds, {more}"
        if isinstance(error, MemoryError):
            return (
                f"takes more than {self.n_megabytes:,} MB of memory to read; raise [corpus] max_read_memory_mb, {more}"
            )
        how = _name_exit(getattr(error, "exitcode", None))
        return (
            f"ended the process that read it ({how}): it is broken, or takes more than {self.n_megabytes:,} MB of "
            f"memory; repair it, or raise [corpus] max_read_memory_mb, {more}"
        )


class Reading:
    """Has functions called in processes with limits; as a context it ends them."""

    def __init__(self, corpus: CorpusConfig, n_workers: int | None = None):
        self.n_workers = n_workers or available_cores()
        self._limits = Limits(corpus.max_read_memory_mb, corpus.max_read_seconds)
        self._workers: Workers | None = None
        self._idle: list[Worker] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._idle:
            worker.end()
        self._idle = []
        if self._workers is not None:
            self._workers.close()
            self._workers = None

    def schedule(self, function: Callable[..., Any], *arguments: Any) -> Call:
        """Have a function called in whichever process is free next."""
        if self._workers is None:
            wall = self._limits.n_seconds * WALL
            self._workers = Workers(self.n_workers, 1, max_seconds=wall, environment=ENVIRONMENT)
        return self._workers.schedule(_call, self._limits, function, arguments)

    def result(self, call: Call) -> Any:
        """Wait for what a call returns.

        Raises DocumentError, which goes on from the document's name, with its cause as text; or what the call raised.
        """
        try:
            result = call.result()
        except (WorkerDied, TimeoutError, MemoryError) as error:
            raise DocumentError(self._limits.explain(error)) from None
        if isinstance(result, _Failed):
            raise result.error()
        return result

    def stream(self, function: Callable[..., Iterable[Any]], *arguments: Any) -> Iterator[Any]:
        """Give what a function gives one by one, each within the limits; raises as `result` does."""
        worker = self._idle.pop() if self._idle else Worker(environment=ENVIRONMENT)
        try:
            yield from worker.stream(_stream, self._limits, function, arguments, seconds=self._limits.n_seconds * WALL)
        except (WorkerDied, TimeoutError, MemoryError) as error:
            raise DocumentError(self._limits.explain(error)) from None
        finally:
            self._idle.append(worker)


def _name_exit(exitcode: int | None) -> str:
    if exitcode is None or exitcode >= 0:
        return f"exit code {exitcode}"
    try:
        return signal.Signals(-exitcode).name
    except ValueError:
        return f"signal {-exitcode}"


# ---- within a worker


class _Failed(NamedTuple):
    """A DocumentError on its way: the cause of an error can't travel."""

    reason: str
    cause: str

    def error(self) -> DocumentError:
        error = DocumentError(self.reason)
        error.__cause__ = RemoteTraceback(self.cause) if self.cause else None
        return error


def _call(limits: Limits, function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    before = data_bytes()
    try:
        with limited(*limits):
            return function(*arguments)
    except DocumentError as error:
        return _Failed(str(error), "".join(traceback.format_exception(error.__cause__)) if error.__cause__ else "")
    finally:
        if (data_bytes() - before) >> 20 > limits.n_megabytes / WORN:
            retire()


def _stream(limits: Limits, function: Callable[..., Iterable[Any]], arguments: tuple[Any, ...]) -> Iterator[Any]:
    items = iter(function(*arguments))
    end = object()
    while True:
        with limited(*limits):
            item = next(items, end)
        if item is end:
            return
        yield item
