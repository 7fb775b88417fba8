"""Progress: a bar on a terminal, plain lines in a log, in the field's units."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from pipeline.errors import printable

LOG_SECONDS = 15
"""How often a log gets a line while a stage runs."""

HIDDEN = frozenset(
    (
        *("distinct_texts", "load_ms", "first_batch_ms", "encode_ms"),
        *("provisional_pairs", "provisional_beads"),
    )
)
"""Counts that only the report shows."""


PLURAL = re.compile(r"s(?=( left out| exported| aligned)?$)")
"""The letter that a single one goes without: `1 bead`, `1 pair left out`."""


class StageProgress(Protocol):
    """The progress of one stage."""

    seconds: float | None
    """How long it was at work, where it was not all the time."""

    def advance(self, counts: Mapping[str, int]) -> None:
        """One shard is done."""

    def note(self, text: str) -> None:
        """Say something in passing."""


class Progress:
    """Tells a person what is going on, on stderr."""

    def __init__(self, console: Console | None = None):
        self.console = console or Console(stderr=True, soft_wrap=True, highlight=False)
        self._bars: Bars | None = None
        self._n_bars = 0

    def note(self, text: str) -> None:
        """Say something in passing."""
        self.console.print(printable(text), markup=False)

    @contextmanager
    def stage(self, name: str, n_shards: int) -> Iterator[StageProgress]:
        """Show a stage while it runs, and sum it up when it ends."""
        started = time.monotonic()
        with self._followed(name, n_shards) as stage:
            yield stage
        seconds = time.monotonic() - started if stage.seconds is None else stage.seconds
        if stage.counts:
            self.note(stage_line(name, n_shards, stage.counts, seconds))

    @contextmanager
    def _followed(self, name: str, n_shards: int) -> Iterator[_Counting]:
        """Show a bar, beside those of other stages, or write lines to a log."""
        if not self.console.is_terminal:
            yield _LogStage(self.console, name, n_shards)
            return
        if self._bars is None:
            self._bars = _start_bars(self.console)
        self._n_bars += 1
        stage = _BarStage(self._bars, self.console, name, n_shards)
        try:
            yield stage
        finally:
            self._bars.remove_task(stage.bar)
            self._n_bars -= 1
            if not self._n_bars:
                self._bars.stop()
                self._bars = None


class _Counting:
    def __init__(self, console: Console, name: str, n_shards: int):
        self.console, self.name, self.n_shards = console, name, n_shards
        self.counts: Counter[str] = Counter()
        self.n_done = 0
        self.seconds: float | None = None

    def note(self, text: str) -> None:
        self.console.print(printable(text), markup=False)

    def advance(self, counts: Mapping[str, int]) -> None:
        self.counts.update(counts)
        self.n_done += 1


class _LogStage(_Counting):
    def __init__(self, console: Console, name: str, n_shards: int):
        super().__init__(console, name, n_shards)
        self.last = time.monotonic()

    def advance(self, counts: Mapping[str, int]) -> None:
        super().advance(counts)
        if time.monotonic() - self.last > LOG_SECONDS and self.n_done < self.n_shards:
            self.last = time.monotonic()
            self.console.print(f"{self.name:<7} {self.n_done:,} of {self.n_shards:,} shards, {units(self.counts)}")


def _start_bars(console: Console) -> Bars:
    bars = Bars(
        TextColumn("{task.description:<7}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("shards  {task.fields[units]}"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )
    bars.start()
    return bars


class _BarStage(_Counting):
    def __init__(self, bars: Bars, console: Console, name: str, n_shards: int):
        super().__init__(console, name, n_shards)
        self.bars = bars
        self.bar: TaskID = bars.add_task(name, total=n_shards, units="")

    def advance(self, counts: Mapping[str, int]) -> None:
        super().advance(counts)
        self.bars.update(self.bar, advance=1, units=units(self.counts))


def stage_line(name: str, n_shards: int, counts: Mapping[str, int], seconds: float) -> str:
    """Sum up a stage: `align   40 shards, 1,213 pairs, 88,204 beads, 214 unaligned, 3 min`."""
    shards = f"{n_shards:,} shard{'' if n_shards == 1 else 's'}"
    return f"{name:<7} " + ", ".join(part for part in (shards, units(counts), duration(seconds)) if part)


def units(counts: Mapping[str, int]) -> str:
    """Write counts with their units, without those that are zero."""
    shown = [(name, number) for name, number in counts.items() if number and name not in HIDDEN]
    return ", ".join(f"{number:,} {_unit(name, number)}" for name, number in shown)


def _unit(name: str, number: int) -> str:
    name = name.replace("_", " ").replace("nulls", "unaligned")
    return PLURAL.sub("", name) if number == 1 else name


def duration(seconds: float) -> str:
    """Write a time span as a person says it."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
