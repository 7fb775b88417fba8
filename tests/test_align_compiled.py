"""What is compiled is used again until any kernel changes, and one process of many compiles."""

from __future__ import annotations

import fcntl
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from stages.align.kernel_digest import COMPILED, ROOM, digest_kernels, kernels_folder
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
    assert [path for path, text in texts.items() if re.search(r"from numba\b|numba\.n?jit", text)] == []


def start(program: str, cache: Path, folder: Path = ROOM.parents[1]) -> subprocess.Popen[bytes]:
    """Start a process that keeps its kernels in a folder."""
    environment = os.environ | {"NUMBA_CACHE_DIR": str(cache)}
    return subprocess.Popen([sys.executable, "-c", program], cwd=folder, env=environment)


COMPILE = "from stages.align.kernels import compile_kernels; compile_kernels()"
ALIGN = """
import numpy as np
from stages.align import AlignConfig, align_pair, find_requested_overlaps
from stages.data import Overlaps
def side(n):
    sentences = [f"Sentence {number}, of a text." for number in range(n)]
    return Overlaps(sentences, np.random.default_rng(n).normal(size=(3, n, 32)).astype(np.float32))
both = side(30), side(33)
find_requested_overlaps(*both, AlignConfig())
for on_demand in (False, True):
    align_pair(*both, AlignConfig(), on_demand=on_demand)
"""


def test_what_is_compiled_ahead_is_all_that_an_alignment_runs(tmp_path: Path) -> None:
    def kernels() -> set[Path]:
        return set(tmp_path.rglob("*.nbc"))

    assert start(COMPILE, tmp_path).wait() == 0
    assert any(tmp_path.rglob(f"{COMPILED}*"))
    compiled = kernels()
    assert compiled
    assert start(ALIGN, tmp_path).wait() == 0
    assert kernels() == compiled


def test_others_wait_for_the_process_that_compiles(tmp_path: Path) -> None:
    folder = tmp_path / kernels_folder()
    folder.mkdir()
    held = os.open(folder, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    marker = "from stages.align import kernels as k; print(k.COMPILED + k._digest_machine())"
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}
    name = subprocess.run([sys.executable, "-c", marker], env=environment, cwd=ROOM.parents[1], capture_output=True)
    other = start(COMPILE, tmp_path)
    with pytest.raises(subprocess.TimeoutExpired):
        other.wait(5)
    (folder / name.stdout.decode().strip()).touch()
    os.close(held)
    assert other.wait() == 0
    assert not any(tmp_path.rglob("*.nbc"))


def test_what_could_not_be_compiled_is_not_called_compiled(tmp_path: Path) -> None:
    without = "import sys; sys.executable = '/bin/false'; "
    assert start(without + COMPILE, tmp_path).wait() == 0
    assert any(tmp_path.rglob("*.nbc"))
    assert not any(tmp_path.rglob(f"{COMPILED}*"))


def test_what_is_not_compiled_by_wish_is_not_called_compiled(tmp_path: Path) -> None:
    without = "import os; os.environ['NUMBA_DISABLE_JIT'] = '1'; "
    assert start(without + COMPILE, tmp_path).wait() == 0
    assert not any(tmp_path.rglob("*"))


def test_modules_of_the_user_s_folder_are_not_taken_for_the_program_s(tmp_path: Path) -> None:
    (tmp_path / "stages").mkdir()
    (tmp_path / "stages" / "__init__.py").write_text("raise SystemExit('not mine')")
    program = f"import sys; sys.path = [{str(ROOM.parents[1])!r}, *sys.path[1:]]; {COMPILE}"
    assert start(program, tmp_path / "cache", tmp_path).wait() == 0
    assert any(tmp_path.rglob(f"{COMPILED}*"))


def test_a_folder_that_can_t_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert start(COMPILE, tmp_path / "file").wait() == 0
