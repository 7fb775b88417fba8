"""What tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real bilingual text with answers; a user doesn't have it."""
    if not (SHARED / "gold").is_dir():
        pytest.skip("the evaluation corpora are not here")
    return SHARED
