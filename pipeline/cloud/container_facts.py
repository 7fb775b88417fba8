"""Tell once, with its first shard, the versions in a rented container and how long it took to get ready."""

from __future__ import annotations

import platform
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

from pipeline.runs.versions import OF_STAGES, installed_versions
from pipeline.tasks.align import compile_for
from stages.align.config import AlignConfig
from stages.data import Facts

_FACTS: Facts = {}
_TOLD: list[str] = []


def tell_once() -> Facts:
    """Return the facts about this container, and nothing when asked again."""
    if _TOLD:
        return {}
    _TOLD.append("told")
    libraries = ", ".join(f"{name} {version}" for name, version in installed_versions(OF_STAGES).items())
    return {"python": platform.python_version(), "gpu": _gpu_name(), "libraries": libraries, **_FACTS}


@contextmanager
def timed(name: str) -> Iterator[None]:
    """Add to the facts how long something took, in seconds."""
    started = time.monotonic()
    try:
        yield
    finally:
        _FACTS[name] = round(time.monotonic() - started, 2)


def get_ready_to_align(config: AlignConfig) -> None:
    """Have the kernels compiled, and see whether faiss is to be trusted on this GPU."""
    _get_ready(config.model_dump_json())


@lru_cache(maxsize=4)
def _get_ready(align_config: str) -> None:
    import numpy as np

    from stages.align import align_pair
    from stages.align.anchors.faiss_index import remember_check
    from stages.data import Overlaps

    _FACTS["faiss"] = remember_check().finding  # first: a search that ends the process must not end this one
    config = AlignConfig.model_validate_json(align_config)
    with timed("kernels_seconds"):
        compile_for(config)
        vectors = np.eye(4, dtype=np.float32)[np.newaxis]
        side = Overlaps(["One.", "Two.", "Three.", "Four."], vectors)
        align_pair(side, side, config)
    print(_FACTS["faiss"], flush=True)  # noqa: T201 - a container's log is what it prints


def _gpu_name() -> str:
    """Return the GPU and its driver, as nvidia-smi says it; "none" without one."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return "none"
    query = [program, "--query-gpu=name,driver_version", "--format=csv,noheader"]
    found = subprocess.run(query, capture_output=True, text=True, timeout=60, check=False)
    return found.stdout.strip() or "none"
