"""How the time of something grows with what it is given."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable

TIMES = 4
MOST = 6
"""Four times as much may take six times as long."""

LEAST_SECONDS = 0.1
"""What takes less, four times over, tells nothing of how it grows, and does no harm either."""

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
    """Tell whether four times as much takes less than six times as long: the least of what was measured of each."""
    of_few, of_many = [], []
    for _ in range(TRIES):
        of_few.append(seconds(few))
        of_many.append(seconds(many))
        if min(of_many) < max(LEAST_SECONDS, MOST * min(of_few)):
            return True
    return False
