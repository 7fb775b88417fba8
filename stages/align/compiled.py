"""Compile kernels, and keep what is compiled for as long as no kernel changes.

numba keeps a compiled kernel until the file that it stands in changes. A kernel that calls one of another file, or that
takes a tuple defined there, would be used as it was. So the cache has a folder for each state of all of these files.

Compiling takes far longer than running, and is what a first run waits for. So a kernel makes no array and calls nothing
of NumPy that works on arrays: it fills what it is given. A constant that is passed to a kernel, as in `f(x, 0)`, makes
one more kernel: numba takes it for a type.
"""

from __future__ import annotations

from pathlib import Path

import numba
from numba import njit

from stages.align.kernel_digest import ROOM, kernels_folder

__all__ = ["njit"]

numba.config.CACHE_DIR = str(Path(numba.config.CACHE_DIR or ROOM / "__pycache__") / kernels_folder())
