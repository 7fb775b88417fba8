"""End a command with a message and an exit status, here and on Modal alike."""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable
from functools import wraps
from io import TextIOWrapper
from typing import ParamSpec

import click

from pipeline.errors import BitextError, printable
from pipeline.store.files import REASONS

Parameters = ParamSpec("Parameters")

DISK_IS_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
INTERRUPTED = 130
"""The exit status of a command that Ctrl-C ended, as shells have it."""


def reported(command: Callable[Parameters, int | None]) -> Callable[Parameters, None]:
    """Turn errors that a user can fix into a message and an exit status; bugs keep their traceback."""

    @wraps(command)
    def wrapped(*arguments: Parameters.args, **options: Parameters.kwargs) -> None:
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, TextIOWrapper):  # a terminal that has no Chinese shows codes instead
                stream.reconfigure(errors="backslashreplace")
        try:
            sys.exit(command(*arguments, **options))
        except BitextError as error:
            click.echo(printable(f"bitext: {error}"), err=True)
            sys.exit(error.exit_status)
        except OSError as error:
            if error.errno not in DISK_IS_FULL:
                raise
            click.echo(f"bitext: the results can't be written: {REASONS[error.errno]}", err=True)
            sys.exit(BitextError.exit_status)
        except KeyboardInterrupt:
            click.echo("bitext: interrupted; what is finished is kept. The same command goes on from there", err=True)
            sys.exit(INTERRUPTED)

    return wrapped
