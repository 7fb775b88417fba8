"""The scripts of the pages without a browser: what they compute, by Node's own test runner (see tests/page)."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent / "page"
NODE = shutil.which("node")


@pytest.mark.skipif(NODE is None, reason="there is no Node here")
def test_what_the_scripts_compute() -> None:
    done = subprocess.run([str(NODE), "--test"], cwd=FOLDER, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:]
    passed = re.search(r"^(?:#|ℹ) pass (\d+)$", done.stdout, re.MULTILINE)
    assert passed is not None, done.stdout[-1000:]
    assert int(passed[1]) >= 18


def test_every_script_of_a_page_is_type_checked() -> None:
    scripts = sorted((Path(__file__).parents[1] / "stages" / "report" / "page").glob("*.js"))
    assert len(scripts) >= 10
    assert [path.name for path in scripts if not path.read_text("utf-8").startswith("// @ts-check\n")] == []
