"""Reading in processes with limits: what a document takes too much of is its own failure, and no other's."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from formats import SIDES

from pipeline.config.corpus_config import CorpusConfig
from pipeline.corpus.formats.document import DocumentText
from pipeline.corpus.formats.markup import parse_html, parse_xml
from pipeline.corpus.readers import Source, read_documents, read_source
from pipeline.corpus.reading import Reading
from pipeline.errors import ConfigError, DocumentError

CORPUS = CorpusConfig(**SIDES, max_read_memory_mb=200, max_read_seconds=1)


def swell() -> int:
    return len(bytes(range(256)) * (2 << 20))


def spin() -> None:
    while True:
        pass


def crash() -> None:
    os.kill(os.getpid(), signal.SIGABRT)


def leave() -> None:
    os._exit(0)


def refuse() -> None:
    try:
        raise ZeroDivisionError("within a library")
    except ZeroDivisionError as error:
        raise DocumentError("is broken") from error


def misconfigured() -> None:
    raise ConfigError("no library")


def take(n_megabytes: int) -> int:
    return len(b"x" * (n_megabytes << 20))


def parse(function: Callable[[str], object]) -> None:
    """Parse what is small as text and large as a tree."""
    function("<html><body>" + "<p>x</p>" * 1_200_000 + "</body></html>")


def rows(n: int) -> Iterator[int]:
    yield from range(n)
    swell()


@pytest.fixture(scope="module")
def reading() -> Iterator[Reading]:
    with Reading(CORPUS, 1) as reading:
        yield reading


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (swell, "takes more than 200 MB of memory to read; raise [corpus] max_read_memory_mb"),
        (spin, "takes more than 1 s to read; raise [corpus] max_read_seconds"),
        (crash, "ended the process that read it (SIGABRT)"),
        (leave, "ended the process that read it (exit code 0)"),
        (refuse, "is broken"),
    ],
)
def test_what_takes_too_much_fails_with_a_reason_and_the_next_is_read(
    reading: Reading, function: object, reason: str
) -> None:
    with pytest.raises(DocumentError) as failed:
        reading.result(reading.schedule(function))  # type: ignore[arg-type]
    assert str(failed.value).startswith(reason)
    if function is refuse:
        assert "ZeroDivisionError: within a library" in str(failed.value.__cause__)
    assert reading.result(reading.schedule(take, 1)) == 1 << 20


@pytest.mark.parametrize("function", [parse_xml, parse_html])
def test_a_tree_that_memory_does_not_hold_is_called_so(function: Callable[[str], object]) -> None:
    """A page was taken to be empty, and XML for broken: libxml2 says "unknown error"."""
    with (
        Reading(CORPUS.model_copy(update={"max_read_seconds": 60}), 1) as reading,
        pytest.raises(DocumentError, match="takes more than 200 MB of memory to read"),
    ):
        reading.result(reading.schedule(parse, function))


def test_each_document_has_the_whole_of_its_allowance(reading: Reading) -> None:
    for _ in range(5):
        assert reading.result(reading.schedule(take, 150)) == 150 << 20


def test_what_is_wrong_with_the_config_ends_the_run(reading: Reading) -> None:
    with pytest.raises(ConfigError):
        reading.result(reading.schedule(misconfigured))


def test_a_stream_fails_where_it_takes_too_much(reading: Reading) -> None:
    stream = reading.stream(rows, 2)
    assert [next(stream), next(stream)] == [0, 1]
    with pytest.raises(DocumentError, match="takes more than 200 MB"):
        next(stream)
    assert next(reading.stream(rows, 1)) == 0


def test_documents_keep_their_order_whichever_is_read_where(tmp_path: Path) -> None:
    sources = []
    for number in range(12):
        path = tmp_path / (f"{number}.html" if number % 3 == 0 else f"{number}.txt")
        path.write_text("<p>" * 10_000 * (number == 0) + f"Text {number}.")
        sources.append(Source(path, None, path.name))
    found = list(read_documents(sources, CorpusConfig(**SIDES)))
    assert [source for source, _ in found] == sources
    assert all(isinstance(text, DocumentText) and f"Text {n}." in text.text for n, (_, text) in enumerate(found))


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_what_is_no_file_is_not_opened(kind: str, tmp_path: Path) -> None:
    if kind == "pipe":
        os.mkfifo(tmp_path / "a.txt")
    else:
        (tmp_path / "a.txt").symlink_to("/dev/zero")
    started = time.monotonic()
    with pytest.raises(DocumentError, match=f"it is a {kind}, no file"):
        read_source(Source(tmp_path / "a.txt", None, "a.txt"), CORPUS)
    assert time.monotonic() - started < 10
