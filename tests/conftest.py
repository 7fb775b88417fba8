"""What tests share."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")  # no test fails because the machine is busy

SHARED = Path(__file__).resolve().parents[2] / "shared"


def pytest_configure() -> None:
    """Let Ctrl-C interrupt, also in a background job or under nohup, where it is ignored, and so by all children."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the files that take minutes first: beside them one more process does all the others."""
    longest = ("test_modal_run", "test_modal_")
    items.sort(key=lambda item: [not item.path.name.startswith(name) for name in longest])


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real bilingual text with answers; a user doesn't have it."""
    if not (SHARED / "gold").is_dir():
        pytest.skip("the evaluation corpora are not here")
    return SHARED
