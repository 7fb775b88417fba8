"""What the images install: pinned, as tested, and complete."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from pipeline.cloud import pins

ROOT = Path(__file__).resolve().parents[1]
PINNED = {image: dict(line.split("==") for line in pins.requirements(image)) for image in pins.IMAGES}
NOT_HERE = {"faiss-gpu-cu12", "nvidia-cublas-cu12", "nvidia-cuda-nvrtc-cu12", "nvidia-cuda-runtime-cu12"}
"""Only on machines with a GPU."""

UNLISTED = {"setuptools"}
"""What `pip freeze` leaves out, and so constraints.txt."""


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_pins_are_the_versions_that_the_tests_run_with() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    tested = {normal(name): version for name, version in (line.split("==") for line in lines if "==" in line)}
    for image, packages in PINNED.items():
        for name, version in packages.items():
            if name not in NOT_HERE | UNLISTED:
                assert tested.get(normal(name)) == version, f"{image}: {name}"


def test_every_image_has_what_the_pipeline_itself_needs() -> None:
    """The distribution isn't installed there: what it depends on comes from the pins alone."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = {normal(Requirement(line).name) for line in project["dependencies"]} - {"modal"}
    for image, packages in PINNED.items():
        assert needed <= {normal(name) for name in packages}, image


@pytest.mark.parametrize("image", sorted(PINNED))
def test_what_a_package_needs_is_pinned_as_well(image: str) -> None:
    packages = PINNED[image]
    known = {normal(name) for name in packages}
    for name in packages.keys() - NOT_HERE:
        for line in distribution(name).requires or []:
            needed = Requirement(line)
            if needed.marker is None or needed.marker.evaluate({"extra": ""}):
                assert normal(needed.name) in known or needed.name.startswith(("nvidia", "cuda", "triton")), (
                    f"{name} needs {needed.name}"
                )


@pytest.mark.slow
@pytest.mark.modal
@pytest.mark.parametrize("image", sorted(PINNED))
def test_the_registry_has_what_is_pinned(image: str) -> None:
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--quiet", "--ignore-installed", "--no-deps"]
    done = subprocess.run(
        [*command, *pins.requirements(image)], capture_output=True, text=True, check=False, timeout=300
    )
    if "Temporary failure" in done.stderr or "Connection" in done.stderr:
        pytest.skip("the registry can't be reached")
    assert done.returncode == 0, done.stderr
