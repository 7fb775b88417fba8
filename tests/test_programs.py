"""The programs beside the tests, which measure or make something: none is left behind when what they use is renamed."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
CONTAINER_ONLY = "choose_python"
"""What the containers of the tests run."""

MODULES = sorted(path.stem for path in TESTS.glob("*.py") if not path.stem.startswith(("test_", "conftest")))


@pytest.mark.parametrize("name", [name for name in MODULES if name != CONTAINER_ONLY])
def test_it_can_be_imported(name: str) -> None:
    assert importlib.import_module(name).__doc__


def test_the_table_of_what_is_rented_is_made() -> None:
    command = [sys.executable, TESTS / "rent_table.py", "10", "500"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    rows = [line.split("|")[1:-1] for line in done.stdout.splitlines()[2:]]
    totals = {
        (pairs.strip(), when.strip()): float(dollars.strip(" *"))
        for pairs, when, what, _, _, dollars in rows
        if "all" in what
    }
    assert totals.keys() == {(pairs, when) for pairs in ("10", "500") for when in ("before", "after")}
    assert totals["500", "after"] < totals["500", "before"]
