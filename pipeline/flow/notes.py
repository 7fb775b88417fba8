"""Say what there is to say of a run, once, and keep it for the report."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.flow.backend import Observer
from pipeline.flow.run import Run


class Notes:
    """What is said of a run; who follows the run is told."""

    def __init__(self, run: Run, observer: Observer):
        self._run, self.observer = run, observer
        self._said: set[str] = set()

    def add(self, *notes: str) -> None:
        """Say something once, and keep it for the report."""
        for note in notes:
            if note not in self._run.notes:
                self._run.notes.append(note)
                self.observer.note(note)

    def say(self, text: str) -> None:
        """Say something once."""
        if text not in self._said:
            self._said.add(text)
            self.observer.note(text)

    def set_aside(self, corrupt: Sequence[str]) -> None:
        """Remember, and say, which files turned out to be damaged."""
        self._run.set_aside.extend(corrupt)
        for text in corrupt:
            self.observer.note(text)
