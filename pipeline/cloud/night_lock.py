"""One night at a time: a lock that counts for as long as its night gives signs of life, and says what it has spent."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import Any, Protocol

BEAT_SECONDS = 30.0
"""How often a night gives a sign of life."""

STALE_SECONDS = 600.0
"""A night that has given none for so long was killed: far longer than a network is away."""


class SharedDict(Protocol):
    """A dictionary that all containers share: a modal.Dict."""

    def put(self, key: str, value: Any, *, skip_if_exists: bool = False) -> bool:
        """Set a key, and say whether it was."""

    def get(self, key: str) -> Any:
        """Return the value of a key, or None."""

    def pop(self, key: str) -> Any:
        """Remove a key."""


@dataclass(frozen=True)
class Sign:
    """A sign of life of a night. Times are Unix times."""

    call: str
    """What Modal calls the call: one whose machine was taken away is begun again under the same name."""
    since: float
    seen: float
    config: str | None = None
    """The config that it is at."""
    dollars: float = 0.0
    """What that config has cost tonight so far."""
    dollars_before: float = 0.0
    """What the configs before it have cost."""


class NightLock:
    """The lock of an app's nights, in a dictionary that all containers share."""

    def __init__(self, shared: SharedDict, key: str, call: str):
        self._shared, self._key, self.call = shared, key, call
        now = time.time()
        self._sign = Sign(call, now, now)
        self.broken_off: Sign | None = None
        """The last sign of a night that was killed, or of this very one before its machine was taken away."""
        self.running: Sign | None = None
        """The last sign of the night that holds the lock."""

    def take(self) -> bool:
        """Take the lock and say whether it was free: then `held` must be entered."""
        if self._shared.put(self._key, asdict(self._sign), skip_if_exists=True):
            return True
        other = _read(self._shared.get(self._key), self._sign)
        if other.call != self._sign.call and time.time() - other.seen < STALE_SECONDS:
            self.running = other
            return False
        self.broken_off = other
        self._shared.put(self._key, asdict(self._sign))
        return True

    @contextmanager
    def held(self, spent: Callable[[], tuple[str | None, float, float]]) -> Iterator[None]:
        """Give signs of life while a night runs, and free the lock in the end.

        `spent` returns the config that the night is at, what it has cost so far, and what those before it have.
        """
        ended = threading.Event()
        beating = threading.Thread(target=self._beat, args=(spent, ended), daemon=True)
        beating.start()
        try:
            yield
        finally:
            ended.set()
            beating.join()
            self._shared.pop(self._key)

    def _beat(self, spent: Callable[[], tuple[str | None, float, float]], ended: threading.Event) -> None:
        while not ended.wait(BEAT_SECONDS):
            config, dollars, dollars_before = spent()
            sign = replace(self._sign, seen=time.time(), config=config, dollars=dollars, dollars_before=dollars_before)
            try:
                self._shared.put(self._key, asdict(sign))
            except Exception as error:  # noqa: BLE001 - whatever the network says, the next sign may get through
                print(f"no sign of life could be given: {error}", flush=True)  # noqa: T201


def _read(found: Mapping[str, Any] | None, default: Sign) -> Sign:
    """Return a sign of life as it was put; that of an older release had only a call and its beginning."""
    if found is None:
        return default
    known = {name: value for name, value in found.items() if name in Sign.__dataclass_fields__}
    return Sign(**{"seen": found.get("since", 0.0), **known})
