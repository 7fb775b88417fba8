"""What is compiled is used again until any kernel changes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from stages.align.compiled import ROOM, digest_kernels
from stages.align.search import lattice

KERNEL = "@njit(cache=True)\ndef twice(pair: Pair) -> int:\n    return 2 * pair.left\n"
TUPLE = "class Pair(NamedTuple):\n    left: int\n"


@pytest.fixture
def room(tmp_path: Path) -> Path:
    for name, text in {"kernel.py": KERNEL, "room/tuple.py": TUPLE, "other.py": "x = 1\n"}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.mark.parametrize(("file", "is_other"), [("kernel.py", True), ("room/tuple.py", True), ("other.py", False)])
def test_a_change_of_a_kernel_or_of_what_it_takes_is_another_state(room: Path, file: str, is_other: bool) -> None:
    before = digest_kernels(room)
    path = room / file
    path.write_text(path.read_text().replace("left", "first").replace("x", "y"))
    assert (digest_kernels(room) != before) is is_other


def test_kernels_are_kept_by_their_state() -> None:
    kernels = [value for value in vars(lattice).values() if hasattr(value, "py_func")]
    assert kernels
    assert {Path(kernel._cache.cache_path).parent.name for kernel in kernels} == {f"kernels-{digest_kernels()}"}


def test_every_kernel_is_compiled_through_it() -> None:
    texts = {path: path.read_text(encoding="utf-8") for path in ROOM.rglob("*.py") if path.name != "compiled.py"}
    assert [path for path, text in texts.items() if re.search(r"^(from|import) numba\b", text, re.M)] == []
