"""The errors that a person can act on; everything else is a bug and keeps its traceback.

BitextError
├── ConfigError      the command, the config or the manifest is wrong        exit status 2
├── DocumentError    one document can't be read                              recorded; the run goes on
├── MissingError     a stage needs what an earlier stage has not left        exit status 1
├── BudgetError      a run on rented machines has reached --max-dollars
├── ServiceError     a service gives no answer, or another than was asked for
├── StoreError       the store can't be used
│   └── CorruptFile  a stored file fails its checks                          set aside and made again
│       └── Vanished it is gone: the store was pruned meanwhile              made again
└── ChangedMeanwhile a file of corrections is no longer what was read        nothing is written
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_CONTROL = re.compile("[\x01-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""What moves a terminal's cursor, or turns letters around, and halves of characters, which nothing can write. (NUL does
nothing there, and no file can have it in its name.)"""


def is_printable(name: str) -> bool:
    """Say whether a name can be written into files and shown on terminals: in one line, without control characters."""
    return not _CONTROL.search(name) and "\n" not in name and "\t" not in name


def printable(text: str) -> str:
    """Return a text for a terminal, with escapes in place of control characters but newlines and tabs."""
    return _CONTROL.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


class BitextError(Exception):
    """Anything that the user can fix; its text says what is wrong, where, and what to do."""

    exit_status = 1


class ConfigError(BitextError):
    """The command, the config or the list of documents is wrong."""

    exit_status = 2

    @classmethod
    def from_problems(cls, where: str, problems: Sequence[str]) -> ConfigError:
        """Report every problem at once, one to a line."""
        head = f"{where} has {'a problem' if len(problems) == 1 else f'{len(problems)} problems'}:"
        return cls("\n".join([head, *(f"  {problem}" for problem in problems)]))


class DocumentError(BitextError):
    """One document can't be read or decoded."""


class MissingError(BitextError):
    """A stage was asked for, but what it works on isn't there."""


class BudgetError(BitextError):
    """A run on rented machines has reached what it may cost."""


class ServiceError(BitextError):
    """A service that was asked gives no answer."""


class StoreError(BitextError):
    """The store can't be read or written."""


class CorruptFile(StoreError):  # noqa: N818 - the field's word: the file is what is corrupt
    """A stored file failed its checks and was set aside."""


class Vanished(CorruptFile, KeyError):  # noqa: N818 - it says what happened
    """What is asked of the store is not there, or no longer."""

    def __str__(self) -> str:
        """Return the text as it is; a KeyError would quote it."""
        return str(self.args[0])


class ChangedMeanwhile(BitextError):  # noqa: N818 - it says what happened
    """Somebody else has written the file since it was read."""
