"""Formats that are always files of one document pair, each in a folder of its own: beads, subtitles, texts of XCES."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Self

from pipeline.exports.filenames import BEADS, BEADS_SUFFIX, SUBTITLES, XCES, file_name, xces_documents
from pipeline.exports.sinks import name_is_taken
from stages.data import AlignedPair
from stages.export.beads import render_beads
from stages.export.config import Format
from stages.export.subtitles import Kind, Side, has_times, render_subtitles
from stages.export.units import Unit
from stages.export.xces import render_document

PER_PAIR: dict[str, frozenset[Format]] = {
    BEADS: frozenset({"beads"}),
    SUBTITLES: frozenset({"srt", "ass"}),
    XCES: frozenset({"xces"}),
}
"""The folders, and the formats that have files there."""

Files = Iterable[tuple[str, Iterable[str]]]
"""The names of files, and their texts in pieces."""


class PerPairSink:
    """Writes the files of each pair, whatever the units are that the config asks for."""

    def __init__(self, folder: Path, render: Callable[[AlignedPair, Counter[str]], Files]) -> None:
        self.counts: Counter[str] = Counter()
        self._folder = folder
        self._render = render
        folder.mkdir()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is open."""

    def write(self, pair: AlignedPair, units: Sequence[Unit]) -> None:
        """Write the files of a pair."""
        del units
        for name, pieces in self._render(pair, self.counts):
            path = self._folder / name
            try:
                with path.open("x", encoding="utf-8", newline="\n") as file:
                    file.writelines(pieces)
            except FileExistsError:
                raise name_is_taken(path, pair.pair_id) from None


def per_pair_sinks(folder: Path, formats: Sequence[Format], subtitle_times: Side) -> Iterator[PerPairSink]:
    """Give the sinks of those of the formats that are files of one pair."""
    if "beads" in formats:
        yield PerPairSink(folder / BEADS, _beads)
    kinds: list[Kind] = [kind for kind in ("srt", "ass") if kind in formats]
    if kinds:
        yield PerPairSink(folder / SUBTITLES, partial(_subtitles, kinds, subtitle_times))
    if "xces" in formats:
        yield PerPairSink(folder / XCES, _documents)


def _beads(pair: AlignedPair, counts: Counter[str]) -> Files:
    del counts
    yield f"{file_name(pair.pair_id)}{BEADS_SUFFIX}", render_beads(pair)


def _subtitles(kinds: Sequence[Kind], timed_by: Side, pair: AlignedPair, counts: Counter[str]) -> Files:
    if not has_times(pair):
        counts["pairs_without_times"] += 1
        return
    for kind in kinds:
        yield f"{file_name(pair.pair_id)}.{kind}", [render_subtitles(pair, kind, timed_by, counts)]


def _documents(pair: AlignedPair, counts: Counter[str]) -> Files:
    source, target = (Path(name).name for name in xces_documents(pair))
    yield source, render_document(pair.source, pair.source_language, counts)
    yield target, render_document(pair.target, pair.target_language, counts)
