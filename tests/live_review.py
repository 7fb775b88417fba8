"""A review that is served while a test asks it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.commands.review import make_desk, make_server
from pipeline.review.server import ReviewServer
from pipeline.store.store import Store


@contextmanager
def live_review(folder: Path, config: str) -> Iterator[ReviewServer]:
    """Serve the review of a run whose store and config lie in a folder."""
    with make_server(make_desk(Store(folder / "store"), str(folder / config)), 0) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()
