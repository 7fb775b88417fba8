"""Environments with what the images install, and nothing else: no installation of ours, no tool of the tests.

Each group of `pipeline.cloud.pins` is installed once into a folder of its own, named by its digest; the environment of
an image is a Python that sees the folders of its groups and then, as on Modal, what the client itself needs.
Modal's stand-in starts all containers with one program: `choose_python.py` takes the Python of the container's image.
They lie in a folder that git ignores. PyTorch is its CPU build, as $TORCH_OPTIONS says (see README, "Installing").
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shlex
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from pipeline.cloud import pins

ROOT = Path(__file__).resolve().parents[1]
FOLDER = Path(os.environ.get("BITEXT_TEST_IMAGES", ROOT / ".image-environments"))
CHOOSE_PYTHON = FOLDER / "bin" / "python"
CONSTRAINTS = ROOT / "constraints.txt"


def make_environments(images: Iterable[str] = tuple(pins.IMAGES)) -> Path:
    """Make what is missing for some images, and return the program that starts their containers."""
    with _locked():
        for image in images:
            layers = [_layer(group) for group in pins.IMAGES[image]]
            _make_python(pins.requirements(image), [*layers, _client_layer()])
        _make_choice()
    return CHOOSE_PYTHON


def python_of(image: str) -> Path:
    """Return the Python of an image whose environment has been made."""
    return FOLDER / digest(pins.requirements(image)) / "bin" / "python"


def digest(requirements: Iterable[str]) -> str:
    """Name an environment or a layer by what it installs, on this Python."""
    text = "\n".join([sys.version, *sorted(requirements)])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _layer(group: Mapping[str, str]) -> Path:
    """Install a group of pins without what it needs: that must be pinned as well."""
    needed = [f"{name}=={version}" for name, version in group.items()]
    options = shlex.split(os.environ.get("TORCH_OPTIONS", "")) if "torch" in group else []
    return _install("layer-" + digest(needed), ["--no-deps", *options, *sorted(needed)])


def _client_layer() -> Path:
    (client,) = (line for line in CONSTRAINTS.read_text().splitlines() if line.startswith("modal=="))
    return _install("client-" + digest([client]), ["--constraint", str(CONSTRAINTS), client])


def _install(name: str, arguments: list[str]) -> Path:
    folder = FOLDER / name
    if not folder.exists():
        temporary = FOLDER / f"{name}.part"
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target"]
        done = subprocess.run([*command, str(temporary), "--upgrade", *arguments], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        temporary.rename(folder)
    return folder


def _make_python(requirements: list[str], layers: list[Path]) -> None:
    folder = FOLDER / digest(requirements)
    if not (folder / "bin").exists():
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    site = folder / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    (site / "layers.pth").write_text("".join(f"{layer}\n" for layer in layers))


def _make_choice() -> None:
    """Write the program that starts containers; it runs on the Python beneath all environments."""
    CHOOSE_PYTHON.parent.mkdir(exist_ok=True)
    base = Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"
    source = (Path(__file__).parent / "choose_python.py").read_text()
    CHOOSE_PYTHON.write_text(f"#!{base} -IS\n{source}")
    CHOOSE_PYTHON.chmod(0o755)


@contextmanager
def _locked() -> Iterator[None]:
    """Keep other processes of the tests from making the same."""
    FOLDER.mkdir(exist_ok=True)
    with (FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
