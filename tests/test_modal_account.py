"""On a real account, only when BITEXT_TEST_MODAL=account says so: it costs a few cents.

What can't be seen on the loopback Modal: real GPUs and images, faiss on a GPU, cold starts, Volumes under real load.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from pipeline.__main__ import main

ROOT = Path(__file__).resolve().parents[1]

pytestmark = [
    pytest.mark.modal,
    pytest.mark.gpu,
    pytest.mark.slow,
    pytest.mark.skipif(os.environ.get("BITEXT_TEST_MODAL") != "account", reason="BITEXT_TEST_MODAL=account isn't set"),
]


def modal(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "modal", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def beads(folder: Path) -> dict[str, list[str]]:
    """Return the spans of every pair, without their scores: these agree to three decimals only."""
    files = sorted((folder / "beads").glob("*.beads.txt"))
    return {path.name: re.findall(r"^(\[.*?\]:\[.*?\])", path.read_text(), re.MULTILINE) for path in files}


def test_every_machine_works_and_faiss_on_its_gpu_agrees_with_numpy() -> None:
    output = modal("run", "-m", "pipeline.smoke")
    assert "all machines work" in output
    assert "faiss searches on the GPU, and agrees with NumPy" in output


def test_the_demo_gives_the_same_beads_as_here(tmp_path: Path) -> None:
    modal("run", "-m", "pipeline.run", "--config", "configs/demo.toml", "--out", str(tmp_path / "there"))
    here = ["--out", str(tmp_path / "here"), "--store", str(tmp_path / "store")]
    result = CliRunner().invoke(main, ["run", "--config", str(ROOT / "configs/demo.toml"), *here])
    assert result.exit_code == 0, result.output
    assert beads(tmp_path / "there") == beads(tmp_path / "here")
    assert len(beads(tmp_path / "here")) == 2
