"""On a real account, only when BITEXT_TEST_MODAL=account says so: ten minutes, and less than a dollar.

What can't be seen on the loopback Modal: real GPUs and images, faiss on a GPU, cold starts, Volumes under real load.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import uuid
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

MOST_SECONDS = {"kernels_seconds": 10.0, "encoder_seconds": 60.0}
"""What compiling and loading may take once kernels and weights lie on their Volumes; the first time it is more."""


def modal(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "modal", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def run(config: Path, out: Path, *options: str) -> dict[str, dict[str, float]]:
    """Run a config, and return what the report says of each function of the app."""
    modal("run", "-m", "pipeline.run", "--config", str(config), "--out", str(out), *options)
    report = json.loads((out / "report.json").read_text())
    return {machine["function"]: machine for machine in report["costs"]["machines"]}


def beads(folder: Path) -> dict[str, list[str]]:
    """Return the spans of every pair, without their scores: these agree to three decimals only."""
    files = sorted((folder / "beads").glob("*.beads.txt"))
    return {path.name: re.findall(r"^(\[.*?\]:\[.*?\])", path.read_text(), re.MULTILINE) for path in files}


def test_every_machine_works_and_faiss_on_its_gpu_agrees_with_numpy() -> None:
    output = modal("run", "-m", "pipeline.smoke")
    assert "all machines work" in output
    assert "faiss searches on the GPU, and agrees with NumPy" in output


def test_kernels_and_weights_are_found_again() -> None:
    output = modal("run", "-m", "pipeline.smoke")
    for name, most in MOST_SECONDS.items():
        seconds = [float(found) for found in re.findall(rf"{name}: ([\d.]+)", output)]
        assert seconds, output
        assert max(seconds) < most, output


def test_labse_runs_on_an_l40s_and_aligning_again_rents_no_encoder(tmp_path: Path) -> None:
    config = new_corpus(tmp_path)
    machines = run(config, tmp_path / "out", "--max-dollars", "1")
    assert machines.keys() - {"compile_kernels"} == {"clerk", "split", "encode_on_gpu", "align_on_cpu"}
    assert len(beads(tmp_path / "out")) == 2
    config.write_text(config.read_text().replace("max_bead = 5", "max_bead = 4"))
    output = modal("run", "-m", "pipeline.run", "--config", str(config), "--stage", "align")
    assert set(re.findall(r"^  (\w+): \d+ container", output, re.MULTILINE)) == {"clerk", "align_on_cpu"}
    assert run(config, tmp_path / "out", "--stage", "export").keys() == {"clerk"}


def new_corpus(folder: Path) -> Path:
    """Copy the corpus of configs/labse-modal.toml, with texts that no Volume has yet, and return its config."""
    shutil.copytree(ROOT / "configs/demo", folder / "demo")
    for path in (folder / "demo").glob("*/*.txt"):
        path.write_text(f"{path.read_text()}\n{uuid.uuid4().hex}.\n")
    shutil.copy(ROOT / "configs/labse-modal.toml", folder)
    return folder / "labse-modal.toml"


def test_the_demo_gives_the_same_beads_as_here(tmp_path: Path) -> None:
    run(ROOT / "configs/demo.toml", tmp_path / "there")
    here = ["--out", str(tmp_path / "here"), "--store", str(tmp_path / "store")]
    result = CliRunner().invoke(main, ["run", "--config", str(ROOT / "configs/demo.toml"), *here])
    assert result.exit_code == 0, result.output
    assert beads(tmp_path / "there") == beads(tmp_path / "here")
    assert len(beads(tmp_path / "here")) == 2
