"""Looking at processes from outside."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path


def is_running(pid: int) -> bool:
    """Say whether a process lives; one that is dead but that nobody has asked about doesn't."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


def children_of(pid: int) -> list[int]:
    """Return the processes that a process has started, theirs included."""
    parents: dict[int, int] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue  # it has ended meanwhile
    found = [child for child, parent in parents.items() if parent == pid]
    return found + [grandchild for child in found for grandchild in children_of(child)]


def command_of(pid: int) -> str:
    """Return the command line of a process; it is empty when it has ended meanwhile."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace")
    return ""


def wait_until(happens: Callable[[], bool], seconds: float) -> bool:
    """Wait until something is the case, and say whether it has been in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if happens():
            return True
        time.sleep(0.02)
    return happens()


def all_gone(pids: Iterable[int]) -> bool:
    return not any(is_running(pid) for pid in pids)
