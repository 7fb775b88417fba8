"""Environments with what the images install, and nothing else: no installation of ours, no tool of the tests.

Each group of `pipeline.cloud.pins` is put once into a folder of its own, named by its digest: by links to the files of
what the tests run with, which have the same versions, and by pip what is not installed here. The environment of an
image is a Python that sees the folders of its groups and then, as on Modal, what the client itself needs.
Modal's stand-in starts all containers with one program: `choose_python.py` takes the Python of the container's image.
They lie in a folder that git ignores. PyTorch is its CPU build, as $TORCH_OPTIONS says (see README, "Installing").
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

from pipeline.cloud import pins

ROOT = Path(__file__).resolve().parents[1]
FOLDER = Path(os.environ.get("BITEXT_TEST_IMAGES", ROOT / ".image-environments"))
CHOOSE_PYTHON = FOLDER / "bin" / "python"


def make_environments(images: Iterable[str] = tuple(pins.IMAGES)) -> Path:
    """Make what is missing for some images, and return the program that starts their containers."""
    with _locked():
        for image in images:
            layers = [*map(_layer, pins.IMAGES[image]), _client_layer()]
            _make_python(pins.requirements(image), layers)
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
    return _install("layer-" + digest(f"{name}=={version}" for name, version in group.items()), group)


def _client_layer() -> Path:
    """Install the client and all that it needs, in the versions that the tests run with."""
    needed, waiting = {}, ["modal"]
    while waiting:
        name = waiting.pop()
        needed[name] = metadata.version(name)
        requirements = map(Requirement, metadata.requires(name) or [])
        names = {one.name for one in requirements if one.marker is None or one.marker.evaluate({"extra": ""})}
        waiting += sorted(names - needed.keys())
    return _install("client-" + digest(f"{name}=={version}" for name, version in needed.items()), needed)


def _install(name: str, pinned: Mapping[str, str]) -> Path:
    """Install exactly these into a folder: by links to the files of what is installed here, or else by pip."""
    folder, temporary = FOLDER / name, FOLDER / f"{name}.part"
    if folder.exists():
        return folder
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    elsewhere = [
        f"{package}=={version}" for package, version in pinned.items() if not _link(package, version, temporary)
    ]
    if elsewhere:
        options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--upgrade", "--target", str(temporary)]
        options += shlex.split(os.environ.get("TORCH_OPTIONS", "")) if "torch" in pinned else []
        command = [sys.executable, "-m", "pip", "install", *options, *elsewhere]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    return temporary.rename(folder)


def _link(package: str, version: str, folder: Path) -> bool:
    """Link the files of a package that is installed here in this version; of PyTorch any build will do."""
    try:
        found = metadata.distribution(package)
    except metadata.PackageNotFoundError:
        return False
    if found.version.partition("+")[0] != version or not found.files:
        return False
    for file in found.files:
        if ".." not in file.parts:  # commands, which nothing in a container calls
            target = folder / file
            target.parent.mkdir(parents=True, exist_ok=True)
            _link_or_copy(Path(str(file.locate())), target)
    return True


def _link_or_copy(source: Path, target: Path) -> None:
    if not source.exists():  # compiled by somebody else
        return
    try:
        target.hardlink_to(source)
    except FileExistsError:
        return  # a folder that two packages share
    except OSError:
        shutil.copyfile(source, target)


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
