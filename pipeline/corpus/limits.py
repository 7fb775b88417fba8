"""Limits of memory and processor time for whatever is done in this process: what a bomb may take.

They hold where the system has them: memory on Linux, processor time on Unix. A hit is a MemoryError, or ends the
process.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

STATUS = Path("/proc/self/status")


@contextmanager
def limited(n_megabytes: int, n_seconds: float) -> Iterator[None]:
    """Let the block take so much memory and processor time on top of what the process has taken."""
    try:
        import resource
    except ImportError:  # Windows
        yield
        return
    usage = resource.getrusage(resource.RUSAGE_SELF)
    most = {resource.RLIMIT_CPU: math.ceil(usage.ru_utime + usage.ru_stime + n_seconds)}
    if n_bytes := data_bytes():
        most[resource.RLIMIT_DATA] = n_bytes + (n_megabytes << 20)
    before = {kind: resource.getrlimit(kind) for kind in most}
    for kind, soft in most.items():
        resource.setrlimit(kind, (_least(soft, *before[kind]), before[kind][1]))
    try:
        yield
    finally:
        for kind, limits in before.items():
            resource.setrlimit(kind, limits)


def data_bytes() -> int:
    """Return how much memory this process has reserved for data, as Linux counts it against RLIMIT_DATA; else 0."""
    try:
        lines = STATUS.read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) << 10 for line in lines if line.startswith("VmData:")), 0)


def _least(*limits: int) -> int:
    """Return the strictest of some limits, of which a negative one is none."""
    return min(limit for limit in limits if limit >= 0)
