"""How the time of something grows with what it is given."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable

TIMES = 16
MOST = 40
"""Sixteen times as much may take forty times as long; what grows with the square takes 256 times as long.

The room between the two is for a busy machine, which has been seen to double the processor time of one of them.
"""

LEAST_SECONDS = 0.1
"""What takes less, `TIMES` over, tells nothing of how it grows, and does no harm either."""

TRIES = 3
"""A busy machine is measured again."""


def seconds(do: Callable[[], object]) -> float:
    """Return the processor time that something takes."""
    gc.collect()
    gc.disable()  # how long it takes depends on all that the tests have made
    try:
        started = time.process_time()
        do()
        return time.process_time() - started
    finally:
        gc.enable()


def grows_linearly(few: Callable[[], object], many: Callable[[], object]) -> bool:
    """Tell whether `TIMES` as much takes less than `MOST` times as long, by the least of what was measured of each."""
    of_few, of_many = [], []
    for _ in range(TRIES):
        of_few.append(seconds(few))
        of_many.append(seconds(many))
        if min(of_many) < max(LEAST_SECONDS, MOST * min(of_few)):
            return True
    return False
