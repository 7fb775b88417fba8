"""The words of a config as options of a command that has none: errors name what the user can type."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from pipeline.errors import BitextError
from pipeline.progress import Progress

_KEY = re.compile(r"(?:\[(?:corpus|encode|split)\] |\b(?:corpus|encode|split)\.)(\w+)(?: = (\"[^\"]*\"|[\w.]+))?")
_SIDED = re.compile(r"(?<![\w-])(source|target)_(language|encoding|column)\b")
_PLACES = {"source": "SOURCE", "target": "TARGET"}


def as_options(message: str, options: frozenset[str]) -> str:
    """Return a message in which keys of a config are the options of that name: `--encoding cp1252`."""

    def option(match: re.Match[str]) -> str:
        key, value = match[1], match[2]
        if key in _PLACES:
            return _PLACES[key]
        if key not in options:
            return match[0]
        name = "--" + key.replace("_", "-")
        return name if value in (None, "true") else f"{name} {value}"

    message = message.replace("[corpus] source and target", "the command line")
    return _SIDED.sub(lambda match: f"--{match[1]}-{match[2]}", _KEY.sub(option, message))


@contextmanager
def spelt_as_options(options: frozenset[str]) -> Iterator[None]:
    """Raise errors in the words of the command line."""
    try:
        yield
    except BitextError as error:
        raise type(error)(as_options(str(error), options)) from error


class OptionsProgress(Progress):
    """Says in the words of the command line what is going on."""

    def __init__(self, options: frozenset[str]):
        super().__init__()
        self.options = options

    def note(self, text: str) -> None:
        """Say something in passing."""
        super().note(as_options(text, self.options))
